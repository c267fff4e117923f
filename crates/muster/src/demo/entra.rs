//! What Entra ID itself sends to a new application, from the first connection test to the last deletion, word by word in
//! both of its dialects.

mod cast;
mod groups;
mod read_back;
mod users;

use serde_json::{Value, json};

use super::book::{Book, Tally};
use super::client::{Client, Outcome};
use super::report::Step;
use crate::output::{Failure, Result};
use crate::progress;

use cast::Cast;

/// Send everything, check everything.
pub(super) async fn rehearse(base: &str, key: &str, count: u32) -> Result<Vec<Step>> {
    let bar = progress::bar(u64::from(count) * 6 + 400);
    let client = Client::new(base, key, bar.clone()).map_err(Failure::new)?;
    let mut cast = Cast::new(count);
    let mut book = Book::new(client.clone(), bar);
    let (c, cast) = (&client, &mut cast);
    book.write("Test connection", test_connection(c)).await;
    book.write("Match and create users", users::create(c, cast)).await;
    book.write("Match users again, in capitals", users::match_again(c, cast)).await;
    book.write("Set managers", users::set_managers(c, cast)).await;
    book.write("Rename users", users::rename(c, cast)).await;
    book.write("Change e-mail, add a mobile", users::change_contact(c, cast)).await;
    book.write("Disable users (soft delete)", users::disable(c, cast)).await;
    book.write("Enable some again", users::enable(c, cast)).await;
    book.write("Match and create groups", groups::create(c, cast)).await;
    book.write("Add members in batches", groups::add_members(c, cast)).await;
    book.write("Ask who is a member", groups::ask_membership(c, cast)).await;
    book.write("Remove members", groups::remove_members(c, cast)).await;
    book.write("Rename groups", groups::rename(c, cast)).await;
    book.write("Delete a group", groups::delete(c, cast)).await;
    book.write("Delete users for good", users::delete(c, cast)).await;
    book.write("Read all users back, by pages", read_back::users(c, cast)).await;
    book.write("Read all groups back", read_back::groups(c, cast)).await;
    Ok(book.close())
}

/// Test Connection, the first look at the schema, and a wrong key, which must not be taken.
async fn test_connection(client: &Client) -> Tally {
    let probes: [Outcome; 6] = [
        probe(client, "/Users?filter=userName+eq+\"5e2c9b7a-8d0f-4d29-9f0e-1c0b5a1d7f33\"").await,
        probe(client, "/Groups?excludedAttributes=members&filter=displayName+eq+\"5e2c9b7a-8d0f\"").await,
        schemas(client).await,
        says(client, "/ServiceProviderConfig", "/patch/supported", &json!(true)).await,
        says(client, "/ResourceTypes", "/totalResults", &json!(2)).await,
        wrong_key(client).await,
    ];
    let problems: Vec<_> = probes.iter().filter_map(|probe| probe.clone().err()).collect();
    Tally::new("answers as documented", probes.len(), probes.len() - problems.len(), problems)
}

async fn probe(client: &Client, path: &str) -> Outcome {
    client.get(path).await?.expect_list(0).map(|_| ())
}

async fn says(client: &Client, path: &str, pointer: &str, expected: &Value) -> Outcome {
    let body = client.get(path).await?.expect(&[200])?;
    super::client::holds(&body, pointer, expected)
}

async fn schemas(client: &Client) -> Outcome {
    let body = client.get("/Schemas").await?.expect(&[200])?;
    let listed: Vec<_> =
        body["Resources"].as_array().into_iter().flatten().filter_map(|s| s["id"].as_str()).collect();
    for urn in [scim::urn::USER, scim::urn::ENTERPRISE_USER, scim::urn::GROUP] {
        if !listed.contains(&urn) {
            return Err(format!("/Schemas does not list {urn}"));
        }
    }
    Ok(())
}

async fn wrong_key(client: &Client) -> Outcome {
    client.with_key("mst_wrong").get("/Users?count=1").await?.expect(&[401]).map(|_| ())
}
