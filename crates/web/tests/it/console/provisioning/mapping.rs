//! The mapping editor: nothing changes until Save, and what cannot work is not saved.

use http::StatusCode;
use provision::alias::ObjectKind;
use provision::graph_schema::Rules;
use provision::mapping::{MappingSource, ObjectMapping};

use super::super::{Browser, Got};
use super::Ground;

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

struct Editor<'a> {
    ground: &'a Ground,
    browser: &'a Browser<'a>,
    draft: String,
}

impl<'a> Editor<'a> {
    async fn open(ground: &'a Ground, browser: &'a Browser<'a>) -> Self {
        let got = browser.get(&ground.page("/mapping/users")).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text);
        Self { ground, browser, draft: unescaped(&got.field("draft")) }
    }

    /// Press a button on a screen; the draft of the answer is kept.
    async fn press(&mut self, screen: &str, act: &str, fields: &[(&str, &str)]) -> Got {
        let mut all = vec![("draft", self.draft.as_str()), ("screen", screen), ("act", act)];
        if screen == "mapping" {
            all.extend([("create", "yes"), ("update", "yes"), ("delete", "yes")]);
        }
        all.extend_from_slice(fields);
        let got = self.browser.post(&self.ground.page("/mapping/users"), &all).await;
        if got.text.contains("name=\"draft\"") {
            self.draft = unescaped(&got.field("draft"));
        }
        got
    }

    async fn save(&mut self) -> Got {
        let asked = self.press("mapping", "save", &[]).await;
        assert!(asked.text.contains("Save changes?"), "{}", asked.text);
        self.press("question", "save", &[]).await
    }
}

fn users(rules: &Rules) -> &ObjectMapping {
    rules.mappings.iter().find(|mapping| mapping.kind == ObjectKind::User).unwrap()
}

fn row_of(mapping: &ObjectMapping, target: &str) -> usize {
    mapping.attributes.iter().position(|row| row.target == target).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_row_is_gone_with_save_and_back_with_discard() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let list = browser.get(&ground.page("/mapping")).await;
    for words in ["Provision Microsoft Entra ID Users", "Provision Microsoft Entra ID Groups"] {
        assert!(list.text.contains(words), "{words}");
    }
    let before = ground.rules().await;
    let row = row_of(users(&before), "title");
    let mut editor = Editor::open(&ground, &browser).await;
    let got = editor.press("mapping", &format!("remove-{row}"), &[]).await;
    assert!(got.text.contains("not saved yet") && got.text.contains("title removed"), "{}", got.text);
    assert_eq!(ground.rules().await, before, "nothing changes until Save");
    let discarded = browser.get(&ground.page("/mapping/users")).await;
    assert!(!discarded.text.contains("not saved yet") && discarded.text.contains("<code>title</code>"));

    let got = editor.save().await;
    assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text);
    assert!(users(&ground.rules().await).find("title").is_none());
    let reader = ground.house.signed_in("reader").await;
    let got = reader.get(&ground.page("/mapping/users")).await;
    assert!(!got.text.contains("value=\"save\"") && got.text.contains("user<wbr>Principal<wbr>Name"));
    assert_eq!(reader.post(&ground.page("/mapping/users"), &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matching_attribute_stays() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let before = ground.rules().await;
    let row = row_of(users(&before), "userName");
    let mut editor = Editor::open(&ground, &browser).await;
    let got = editor.press("mapping", &format!("remove-{row}"), &[]).await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    assert!(got.text.contains("is the matching attribute"), "{}", got.text);
    let index = row.to_string();
    let fields = [
        ("index", &*index),
        ("source", "direct"),
        ("attribute", "userPrincipalName"),
        ("target", "userName"),
        ("matching", "no"),
        ("precedence", "1"),
        ("flow", "always"),
    ];
    let got = editor.press("row", "ok", &fields).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("only matching attribute"), "{}", got.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_edited_with_its_expression_tried_first() {
    let ground = Ground::new().await;
    ground.person("ada@contoso.example", "Ada", "Lovelace").await;
    let browser = ground.house.signed_in("app-admin").await;
    let row = row_of(users(&ground.rules().await), "displayName");
    let mut editor = Editor::open(&ground, &browser).await;
    let got = editor.press("mapping", &format!("edit-{row}"), &[]).await;
    assert!(got.text.contains("<h1>Edit attribute</h1>"), "{}", got.text);
    let index = row.to_string();
    let fields = |expression: &'static str| {
        vec![
            ("index", index.as_str()),
            ("source", "expression"),
            ("expression", expression),
            ("target", "displayName"),
            ("default", "Nobody"),
            ("matching", "no"),
            ("precedence", "1"),
            ("flow", "creation"),
            ("nulls", "yes"),
        ]
    };
    let good = "Join(\", \", ToUpper([surname]), [givenName])";
    let got = editor.press("row", "preview", &fields(good)).await;
    assert!(got.text.contains("LOVELACE, Ada"), "{}", got.text);
    let got = editor.press("row", "ok", &fields("Joyn([surname])")).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("did you mean Join"), "{}", got.text);
    let got = editor.press("row", "ok", &fields(good)).await;
    assert!(got.text.contains("displayName changed"), "{}", got.text);
    assert_eq!(editor.save().await.status, StatusCode::SEE_OTHER);
    let rules = ground.rules().await;
    let saved = users(&rules).find("displayName").unwrap();
    assert_eq!(saved.source, MappingSource::Expression(good.to_owned()));
    assert_eq!((saved.default_value.as_deref(), saved.flow_null), (Some("Nobody"), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_attribute_is_added_and_mapped() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let mut editor = Editor::open(&ground, &browser).await;
    let name = "urn:ietf:params:scim:schemas:extension:Badge:2.0:User:number";
    let got = editor.press("attributes", "add", &[("new-name", "not a path["), ("new-type", "String")]).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert_eq!(got.field("new-name"), "not a path[");
    editor
        .press("attributes", "add", &[("new-name", name), ("new-type", "Integer"), ("new-exact", "yes")])
        .await;
    let fields = [
        ("source", "constant"),
        ("constant", "7"),
        ("target", name),
        ("matching", "no"),
        ("precedence", "1"),
        ("flow", "always"),
    ];
    let got = editor.press("row", "ok", &fields).await;
    assert!(got.text.contains("Badge:2.0:User:number added"), "{}", got.text);
    assert_eq!(editor.save().await.status, StatusCode::SEE_OTHER);
    let rules = ground.rules().await;
    let attribute = rules.target(ObjectKind::User).unwrap().find(name).unwrap();
    assert!(attribute.custom && attribute.case_exact);
    assert_eq!(browser.post(&ground.page("/mapping/restore"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ground.rules().await, Rules::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn scoping_filters_are_part_of_the_mapping() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let mut editor = Editor::open(&ground, &browser).await;
    let got = editor.press("scope", "filter", &[]).await;
    assert!(got.text.contains("name=\"attribute-0-0\"") && got.text.contains("REGEX MATCH"), "{}", got.text);
    let got = editor
        .press("scope", "ok", &[("name-0", "Lawyers"), ("attribute-0-0", ""), ("operator-0-0", "EQUALS")])
        .await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("a clause without a source attribute"), "{}", got.text);
    let clause = |operator: &'static str, value: &'static str| {
        [
            ("name-0", "Lawyers"),
            ("attribute-0-0", "department"),
            ("operator-0-0", operator),
            ("value-0-0", value),
        ]
    };
    let got = editor.press("scope", "ok", &clause("REGEX MATCH", "(")).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST, "{}", got.text);
    assert!(got.text.contains("Lawyers"));
    editor.press("scope", "ok", &clause("EQUALS", "Legal")).await;
    assert!(users(&ground.rules().await).scope.filters.is_empty(), "not before Save");
    assert_eq!(editor.save().await.status, StatusCode::SEE_OTHER);
    let shown = browser.get(&ground.page("/scope")).await;
    for words in ["Lawyers", "department", "EQUALS", "Legal", "All records"] {
        assert!(shown.text.contains(words), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_saved_is_not_overwritten() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let row = row_of(users(&ground.rules().await), "title");
    let mut mine = Editor::open(&ground, &browser).await;
    let mut theirs = Editor::open(&ground, &browser).await;
    theirs.press("mapping", &format!("remove-{row}"), &[]).await;
    assert_eq!(theirs.save().await.status, StatusCode::SEE_OTHER);
    let saved = ground.rules().await;
    mine.press("mapping", &format!("remove-{}", row + 1), &[]).await;
    let got = mine.save().await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    assert!(got.text.contains("Somebody else has saved"), "{}", got.text);
    assert_eq!(ground.rules().await, saved);
    for draft in ["", "{}", "null"] {
        let got = browser.post(&ground.page("/mapping/users"), &[("draft", draft), ("act", "save")]).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{draft}");
    }
    assert_eq!(browser.get(&ground.page("/mapping/robots")).await.status, StatusCode::NOT_FOUND);
}
