//! Query options that an endpoint has not are refused by name, everywhere.

use http::Method;
use serde_json::Value;
use web::inventory;

use super::{Answered, Stage};

#[tokio::test]
async fn no_option_is_silently_ignored() {
    let stage = Stage::new().await;
    let reads = inventory().iter().filter(|r| r.path.starts_with("/graph/") && r.method == Method::GET);
    for route in reads {
        for option in ["$expand=x", "$search=x", "api-version=1", "filter=x"] {
            let path = format!("{}?{option}", route.path.strip_prefix("/graph/").unwrap());
            let path = path.replace(['{', '}'], "");
            let told = stage.ask(&stage.key, Method::GET, &path, Value::Null).await;
            let told = told.refused(400, "Request_BadRequest");
            assert!(told.contains(option.split('=').next().unwrap()), "{path}: {told}");
        }
    }
    for query in ["$top=1&$top=2", "$top=x", "$count=yes", "$filter=%"] {
        stage.get(&format!("/servicePrincipals?{query}")).await.refused(400, "Request_BadRequest");
    }
}
