//! A commit that fails, and nobody knows what of it is on disk: the process ends rather than guess, and a restart reads what
//! is really there.

use std::os::unix::process::ExitStatusExt as _;

use crate::client::user;
use crate::server::Server;

/// Between one and two MiB, as the shell counts; the write-ahead log grows past it before it is folded into the database.
const BLOCKS: u32 = 2_048;
const SIGABRT: i32 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_ends_the_process_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start_in(&data, &[]);
    let tenant = server.tenant("T");
    server.signal("TERM");
    server.wait();

    let mut server = Server::start_on_failing_disk(&data, BLOCKS);
    let base = format!("{}/scim/v2/{}", server.url, tenant.id);
    let client = crate::client::Client::new(&base, &tenant.client.key);
    let mut acknowledged = Vec::new();
    let unanswered = loop {
        let name = format!("user-{}@example.com", acknowledged.len());
        match client.try_send("POST", "/Users", &[], Some(&user(&name))).await {
            Ok(reply) if reply.status == 201 => acknowledged.push(name),
            Ok(reply) => {
                panic!("nothing is answered by a process that must end: {} {}", reply.status, reply.text)
            }
            Err(_) => break name,
        }
        assert!(acknowledged.len() < 20_000, "the disk did not fail");
    };
    let status = server.wait();
    assert_eq!(status.signal(), Some(SIGABRT), "{status}: {}", server.log());
    assert!(server.log().contains("a commit failed; ending the process"), "{}", server.log());
    assert!(!acknowledged.is_empty(), "some commits went well before");

    let server = Server::start_in(&data, &[]);
    let base = format!("{}/scim/v2/{}", server.url, tenant.id);
    let client = crate::client::Client::new(&base, &tenant.client.key);
    for name in &acknowledged {
        let path = format!("/Users?filter={}", crate::client::encode(&format!("userName eq \"{name}\"")));
        assert_eq!(client.get(&path).await.expect(200)["totalResults"], 1, "{name} was acknowledged");
    }
    let all = client.get("/Users?count=0").await.expect(200)["totalResults"].as_u64().unwrap();
    let known = acknowledged.len() as u64;
    assert!(
        all == known || all == known + 1,
        "{all} users; {known} acknowledged and {unanswered} unanswered"
    );
    client.post("/Users", &user("afterwards@example.com")).await.expect(201);
}
