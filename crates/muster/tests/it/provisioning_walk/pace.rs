//! A target that asks for patience (item 34).

use std::time::Duration;

use serde_json::json;

use super::cast::{APP, Walk};
use super::mirror;
use crate::client::{id_of, user};

/// People of the crew; `MUSTER_CREW` says otherwise. The item speaks of 1,000, who take a quarter of an hour.
const CREW: usize = 100;
/// Requests a second at the provider: 180 a minute, which is less than the 200 that the item speaks of.
const RATE: &str = "3";

fn crew() -> usize {
    std::env::var("MUSTER_CREW").map_or(CREW, |text| text.parse().unwrap())
}

/// Answers 429 of this server so far.
async fn throttled(walk: &Walk) -> u64 {
    let text =
        reqwest::get(format!("{}/metrics", walk.stage.server.url)).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with("muster_rate_limited_total ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

pub(super) async fn of_the_target_is_kept_and_nobody_is_lost(walk: &Walk) {
    let company = &walk.company.client;
    let mut members = Vec::new();
    let crew = crew();
    for number in 0..crew {
        let mut person = user(&format!("crew{number:03}@contoso.example"));
        person[scim::urn::DIRECTORY_USER] = json!({ "mailNickname": format!("crew-{number}") });
        person["name"] = json!({ "givenName": "Crew", "familyName": number.to_string() });
        members.push(json!({ "value": id_of(&company.post("/Users", &person).await.expect(201)) }));
    }
    let body = json!({ "schemas": [scim::urn::GROUP], "displayName": "Whole Crew", "members": members });
    company.post("/Groups", &body).await.expect(201);
    walk.assign(&["Whole Crew"]).await;
    walk.limit(RATE).await;
    let before = throttled(walk).await;
    // A search and a creation each, then the members of the group; twice as long as they take at this pace, and a minute.
    let patience = Duration::from_secs(60 + 2 * crew as u64);
    let cycle = walk.cycle_within(patience, async || walk.start().await).await;
    assert_eq!(cycle["outcome"], "completed", "{cycle:#}");
    // Who was throttled last is made last, and comes into the group behind that, in the same cycle.
    walk.until_within(patience, "nothing held for later", async || {
        let status = walk.status();
        status["held"]["objects"] == 0 && status["running"] == false
    })
    .await;
    walk.stop().await;
    assert!(throttled(walk).await > before, "the limit was met, or this proves nothing");
    walk.limit("0").await;
    mirror::must_agree(walk, "after a cycle at the target's pace").await;
    let found =
        walk.provider.client.get("/Users?filter=userName%20sw%20%22crew%22&count=0").await.expect(200);
    assert_eq!(found["totalResults"], crew, "nobody is lost");
    // Who had to wait more than twice is told in the log, with that reason and no other.
    let failures = walk.command(&["logs", APP, "--status", "failure", "--text", "crew"]);
    for failure in failures.as_array().into_iter().flatten() {
        assert_eq!(failure["code"], "TooManyRequests", "{failure:#}");
    }
}
