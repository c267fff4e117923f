//! `muster import`: fixtures of each form, hostile files, and imports that are cut off.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, encode};
use crate::server::{Ran, Server, Tenant, muster, program};

/// A folder with a tenant to fill and room for files.
struct House {
    folder: TempDir,
    tenant: String,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tenant = muster(&folder.path().join("data"), &["tenant", "create", "T", "--json"]).json();
        Self { tenant: tenant["id"].as_str().unwrap().to_owned(), folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data, so that what is kept beside it goes with the folder.
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn fixture(&self, name: &str) -> PathBuf {
        self.file(name, std::fs::read(fixture(name)).unwrap())
    }

    fn import(&self, file: &Path, more: &[&str]) -> Ran {
        let file = file.to_str().unwrap();
        muster(&self.data(), &[&["import", "--tenant", "T", file, "--json"], more].concat())
    }

    fn count(&self) -> (u64, u64) {
        let shown = muster(&self.data(), &["tenant", "show", &self.tenant, "--json"]).json();
        (shown["users"].as_u64().unwrap(), shown["groups"].as_u64().unwrap())
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/import").join(name)
}

/// The document of a run that ended with this code.
#[track_caller]
fn told(ran: &Ran, code: i32) -> Value {
    assert_eq!(ran.code, code, "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// `[create, update, unchanged, invalid]`
fn counts(document: &Value, kind: &str) -> [u64; 4] {
    ["create", "update", "unchanged", "invalid"].map(|name| document[kind][name].as_u64().unwrap())
}

#[test]
fn each_form_is_previewed_imported_and_imported_again() {
    for (name, users, groups, managers, members) in [
        ("users.csv", 4, 0, 3, 0),
        ("entra-download.csv", 2, 0, 0, 0),
        ("graph.ndjson", 2, 1, 1, 2),
        ("scim.ndjson", 2, 1, 1, 2),
    ] {
        let house = House::new();
        let file = house.fixture(name);
        let preview = told(&house.import(&file, &["--preview"]), 0);
        assert_eq!((preview["preview"].as_bool(), house.count()), (Some(true), (0, 0)), "{name}");
        let first = told(&house.import(&file, &[]), 0);
        for document in [&preview, &first] {
            assert_eq!(counts(document, "users"), [users, 0, 0, 0], "{name}");
            assert_eq!(counts(document, "groups"), [groups, 0, 0, 0], "{name}");
            assert_eq!(document["references"], json!({ "managers": managers, "members": members }), "{name}");
        }
        assert_eq!(house.count(), (users, groups), "{name}");
        let again = told(&house.import(&file, &[]), 0);
        assert_eq!(counts(&again, "users"), [0, 0, users, 0], "{name}: nothing is made twice");
        assert_eq!(counts(&again, "groups"), [0, 0, groups, 0], "{name}");
        assert_eq!(again["references"], json!({ "managers": 0, "members": 0 }), "{name}");
        assert!(!house.folder.path().join(format!("{name}.muster-import")).exists(), "{name}");
    }
}

async fn user(client: &Client, name: &str) -> Value {
    let filter = encode(&format!("userName eq \"{name}\""));
    let list = client.get(&format!("/Users?filter={filter}")).await.expect(200);
    assert_eq!(list["totalResults"], 1, "{name}");
    list["Resources"][0].clone()
}

fn import(server: &Server, tenant: &Tenant, file: &Path) -> Value {
    told(&server.muster(&["import", "--tenant", &tenant.id, file.to_str().unwrap(), "--json"]), 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_says_is_there_beside_a_running_server() {
    let server = Server::start(&[]);
    let tenant = server.tenant("Fabrikam");
    let client = &tenant.client;
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        let path = folder.path().join(name);
        std::fs::copy(fixture(name), &path).unwrap();
        path
    };
    import(&server, &tenant, &copy("users.csv"));
    let groups = import(&server, &tenant, &copy("groups.csv"));
    assert_eq!(counts(&groups, "groups"), [2, 0, 1, 0], "one group stands on two lines");
    assert_eq!(groups["references"]["members"], 5);

    let nadia = user(client, "nadia.okafor@fabrikam.example").await;
    let yuki = user(client, "yuki.sato@fabrikam.example").await;
    let ravi = user(client, "ravi.patel@fabrikam.example").await;
    assert_eq!(nadia["emails"], json!([{ "type": "work", "value": "nadia.okafor@fabrikam.example" }]));
    assert_eq!(
        nadia[scim::urn::DIRECTORY_USER],
        json!({
            "employeeHireDate": "2019-05-01T00:00:00Z",
            "extensionAttribute1": "7",
            "otherMails": "nadia@home.example;n.okafor@old.example",
        })
    );
    assert_eq!((&yuki["title"], &yuki["active"]), (&json!("Engineer\n(part time)"), &json!(false)));
    assert_eq!(yuki["displayName"], "Sato, Yuki");
    assert_eq!(yuki[scim::urn::ENTERPRISE_USER]["manager"]["value"], nadia["id"], "whatever the case");
    assert_eq!(ravi["title"], "=HYPERLINK(\"http://x.example\")", "a formula is a text");
    let names = |user: &Value| {
        let groups = user["groups"].as_array().unwrap();
        groups.iter().map(|group| group["display"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&nadia), ["Engineering", "Everybody"]);
    assert_eq!(names(&yuki), ["Engineering"]);

    // Of another tenant nothing is known, and nothing is there.
    let other = server.tenant("Other");
    assert_eq!(other.client.get("/Users?count=0").await.expect(200)["totalResults"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_there_is_changed_and_not_made_twice() {
    let server = Server::start(&[]);
    let tenant = server.tenant("Fabrikam");
    let client = &tenant.client;
    let folder = tempfile::tempdir().unwrap();
    let lines = |name: &str, lines: &[Value]| {
        let path = folder.path().join(name);
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        std::fs::write(&path, text.join("\n")).unwrap();
        path
    };
    let id = client.create_user("ada@x.example").await;
    let file = lines(
        "a.ndjson",
        &[
            json!({ "userPrincipalName": "ADA@x.example", "jobTitle": "Countess", "city": "London" }),
            json!({ "id": "foreign-1", "userPrincipalName": "bo@x.example", "manager": { "id": id } }),
        ],
    );
    assert_eq!(counts(&import(&server, &tenant, &file), "users"), [1, 1, 0, 0]);
    let ada = user(client, "ada@x.example").await;
    assert_eq!((&ada["id"], &ada["title"]), (&json!(id), &json!("Countess")));
    assert_eq!(ada["displayName"], "ada@x.example", "what the file does not name stays");
    let bo = user(client, "bo@x.example").await;
    assert_eq!(bo["externalId"], "foreign-1", "the id of another directory is kept");

    // Found by our id, by the other directory's id under a new name; null takes away.
    let file = lines(
        "b.ndjson",
        &[
            json!({ "id": id, "userPrincipalName": "ada.lovelace@x.example", "city": null }),
            json!({ "id": "foreign-1", "userPrincipalName": "bob@x.example", "manager": null }),
        ],
    );
    assert_eq!(counts(&import(&server, &tenant, &file), "users"), [0, 2, 0, 0]);
    let ada = user(client, "ada.lovelace@x.example").await;
    assert_eq!((&ada["id"], ada.get("addresses")), (&json!(id), None));
    let bob = user(client, "bob@x.example").await;
    assert_eq!((&bob["id"], bob.get(scim::urn::ENTERPRISE_USER)), (&bo["id"], None));

    // An empty cell of a CSV file says nothing.
    let file = folder.path().join("c.csv");
    std::fs::write(
        &file,
        "userPrincipalName,jobTitle,department\nbob@x.example,,Sea\nada.lovelace@x.example,,\n",
    )
    .unwrap();
    assert_eq!(counts(&import(&server, &tenant, &file), "users"), [0, 1, 1, 0]);
    assert_eq!(user(client, "ada.lovelace@x.example").await["title"], "Countess");
}

#[test]
fn what_cannot_be_imported_is_told_and_the_rest_is_imported() {
    let house = House::new();
    let mut bytes =
        b"\xef\xbb\xbfuserPrincipalName,accountEnabled,employeeHireDate,manager,jobTitle\n".to_vec();
    bytes.extend(b"good@x,True,2026-03-01,,\"two\nlines\"\n");
    bytes.extend(b"flag@x,perhaps,,,\n");
    bytes.extend(b"date@x,,soon,,\n");
    bytes.extend(b"ragged@x,True\n");
    bytes.extend(b"\xff\xfe@x,True,,,\n");
    bytes.extend([b"long@x,True,,,".as_slice(), &vec![b'x'; 1024 * 1024], b"\n"].concat());
    bytes.extend(b",True,,,nobody\n");
    bytes.extend(b"orphan@x,True,,ghost@x,\n\n");
    bytes.extend(b"last@x,,,good@x,=1+1\n");
    bytes.extend(b"open@x,,,,\"never closed\n");
    let file = house.file("hostile.csv", bytes);
    let expect = [
        (4, "accountEnabled", "true or false"),
        (5, "employeeHireDate", "no date"),
        (6, "", "2 cells, where the header has 5"),
        (7, "", "not UTF-8 at byte 1"),
        (8, "", "longer than 1 MiB"),
        (9, "userName", "userName is required"),
        (10, "manager", "ghost@x"),
        (13, "", "is not closed"),
    ];
    for more in [&["--preview"][..], &[], &[]] {
        let document = told(&house.import(&file, more), 1);
        let errors = document["errors"].as_array().unwrap();
        assert_eq!(document["errors_total"], expect.len(), "{document:#}");
        for (error, (line, attribute, text)) in errors.iter().zip(expect) {
            assert_eq!(
                (error["line"].as_u64(), error["attribute"].as_str()),
                (Some(line), Some(attribute)),
                "{error}"
            );
            assert!(error["error"].as_str().unwrap().contains(text), "{error}");
            assert!(!error["hint"].as_str().unwrap().is_empty(), "{error}");
        }
        assert_eq!(document["users"]["invalid"], 7);
    }
    assert_eq!(house.count(), (3, 0), "good, orphan and last");
    let shown = muster(&house.data(), &["import", "--tenant", "T", file.to_str().unwrap()]);
    assert!(shown.stdout.contains("line 10: manager: no user has the id or name \"ghost@x\""), "{shown:?}");
}

#[test]
fn what_is_no_import_is_refused_before_anything_is_written() {
    let house = House::new();
    let check = |file: &Path, more: &[&str], expect: &str| {
        let ran = house.import(file, more);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(expect) && ran.stderr.contains("hint: "), "{ran:?}");
    };
    check(Path::new("nothing.csv"), &[], "nothing.csv");
    check(house.folder.path(), &[], "is no file");
    check(&house.file("empty.csv", ""), &[], "has no header");
    check(&house.file("utf16.csv", b"\xff\xfeu\0s\0"), &[], "UTF-16");
    check(&house.file("array.json", "[{\"userName\":\"a\"}]"), &[], "one JSON array");
    check(&house.file("a.csv", "userPrincipalName,departement\na@x,Sea\n"), &[], "is department meant?");
    check(&house.file("b.csv", "userPrincipalName,mail,MAIL\n"), &[], "are the same attribute");
    check(&house.file("c.csv", "city\nCork\n"), &[], "neither users nor groups");
    let both = house.import(&house.file("d.csv", "userName\na\n"), &["--resume", "--preview"]);
    assert_eq!(both.code, 2, "{both:?}");
    let file = house.file("e.csv", "userName\na\n");
    let ran = muster(&house.data(), &["import", "--tenant", "Nobody", file.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(house.count(), (0, 0));
}

/// Users with a manager each, and a group of them all on many lines.
fn large(people: usize) -> (String, String) {
    let mut users = "userPrincipalName,displayName,jobTitle,manager\n".to_owned();
    let mut groups = "displayName,members\n".to_owned();
    for number in 0..people {
        let manager = (number * 7 + 1) % people;
        writeln!(users, "p{number}@x.example,Person {number},Title {},p{manager}@x.example", number % 9)
            .unwrap();
        writeln!(groups, "Group {},p{number}@x.example", number % 5).unwrap();
    }
    (users, groups)
}

/// Killed at whatever moment and begun again, with and without --resume, it ends in the same state.
#[test]
fn an_import_that_is_killed_goes_on() {
    const PEOPLE: usize = 3_000;
    let house = House::new();
    let (users, _) = large(PEOPLE);
    let file = house.file("users.csv", users);
    let note = house.folder.path().join("users.csv.muster-import");
    let mut resumed = 0;
    for round in 0..4 {
        let mut command = program();
        command.args(["import", "--tenant", "T", file.to_str().unwrap(), "--data"]).arg(house.data());
        if round % 2 == 1 {
            command.arg("--resume");
        }
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let noted = std::fs::read(&note).ok();
        // Until it has come further than before, or is done.
        while child.try_wait().unwrap().is_none() && std::fs::read(&note).ok() == noted {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        child.wait().unwrap();
        resumed += u64::from(note.exists());
    }
    assert!(resumed > 0, "it was never cut off");
    let last = told(&house.import(&file, &["--resume"]), 0);
    assert!(!note.exists());
    assert_eq!(counts(&last, "users")[3], 0, "{last:#}");
    assert_eq!(house.count(), (PEOPLE as u64, 0));
    let again = told(&house.import(&file, &[]), 0);
    assert_eq!(counts(&again, "users"), [0, 0, PEOPLE as u64, 0]);
    assert_eq!(again["references"]["managers"], 0, "every manager is set");
}

#[test]
fn going_on_needs_the_same_file() {
    let house = House::new();
    let (users, groups) = large(200);
    let file = house.file("users.csv", users);
    let note = house.folder.path().join("users.csv.muster-import");
    told(&house.import(&file, &["--resume"]), 0);
    std::fs::write(&note, "{").unwrap();
    assert_eq!(house.import(&file, &["--resume"]).code, 2, "a note that cannot be read");
    let other = json!({ "tenant": house.tenant, "print": "0", "step": "objects", "line": 5, "tally": {
        "users": { "create": 0, "update": 0, "unchanged": 0, "invalid": 0 },
        "groups": { "create": 0, "update": 0, "unchanged": 0, "invalid": 0 },
        "unreadable": 0, "managers": 0, "members": 0, "faults": [], "faults_total": 0, "ignored": [],
    } });
    std::fs::write(&note, other.to_string()).unwrap();
    let ran = house.import(&file, &["--resume"]);
    assert!(ran.code == 2 && ran.stderr.contains("the file has changed"), "{ran:?}");
    told(&house.import(&file, &[]), 0);
    let file = house.file("groups.csv", groups);
    let document = told(&house.import(&file, &[]), 0);
    assert_eq!(document["references"]["members"], 200);
    assert_eq!(counts(&document, "groups")[0], 5);
}
