//! Jobs, credentials, schema, on-demand runs, links and logs; the target of these tests is nowhere.

use http::Method;
use serde_json::{Value, json};

use super::{Answered, NOBODY, Stage};

#[tokio::test]
async fn a_job_is_there_from_the_beginning() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let root = format!("/servicePrincipals/{application}/synchronization");
    for under in [root.clone(), format!("/applications/{application}/synchronization")] {
        let templates = stage.get(&format!("{under}/templates")).await.json_of(200);
        assert_eq!(templates["value"][0]["id"], "scim");
        assert_eq!(
            stage.get(&format!("{under}/templates/scim")).await.json_of(200)["applicationId"],
            application
        );
        let schema = stage.get(&format!("{under}/templates/scim/schema")).await.json_of(200);
        assert_eq!(schema["synchronizationRules"].as_array().unwrap().len(), 2);
        stage.get(&format!("{under}/templates/x")).await.refused(404, "Request_ResourceNotFound");
    }
    let made = stage.post(&format!("{root}/jobs"), json!({ "templateId": "scim" })).await.json_of(201);
    assert_eq!(made["schedule"], json!({ "expiration": null, "interval": "PT40M", "state": "Disabled" }));
    assert_eq!(
        (&made["status"]["code"], &made["status"]["quarantine"]),
        (&json!("NotConfigured"), &Value::Null)
    );
    assert_eq!(made["status"]["steadyStateFirstAchievedTime"], "0001-01-01T00:00:00Z");
    stage
        .post(&format!("{root}/jobs"), json!({ "templateId": "x" }))
        .await
        .refused(400, "Request_BadRequest");
    let job = stage.job(&application).await;
    assert_eq!(stage.get(&job).await.json_of(200), made);
    stage.get(&format!("{root}/jobs/scim.x.{NOBODY}")).await.refused(404, "Request_ResourceNotFound");
    // Nothing is configured, so nothing can run; stopping what stands still is harmless.
    for verb in ["start", "restart"] {
        stage.post(&format!("{job}/{verb}"), Value::Null).await.refused(409, "Request_Conflict");
    }
    assert_eq!(stage.post(&format!("{job}/pause"), Value::Null).await.status, 204);
    let scope = json!({ "criteria": { "resetScope": "Watermark, Nonsense" } });
    let told = stage.post(&format!("{job}/restart"), scope).await.refused(400, "Request_BadRequest");
    assert!(told.contains("Nonsense"), "{told}");
    assert_eq!(stage.send(Method::DELETE, &job, Value::Null).await.status, 204);
    assert_eq!(stage.get(&job).await.json_of(200)["status"]["code"], "NotConfigured");
}

#[tokio::test]
async fn credentials_are_read_tested_and_never_shown() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let root = format!("/servicePrincipals/{application}/synchronization");
    let job = stage.job(&application).await;
    let pair = |key: &str, value: &str| json!({ "key": key, "value": value });
    // Nobody listens there any more.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere =
        json!([pair("BaseAddress", &format!("http://{address}/scim")), pair("SecretToken", "s3cret")]);
    let before = stage.house.store.dump().await.unwrap();
    for path in [format!("{root}/jobs/validateCredentials"), format!("{job}/validateCredentials")] {
        let body = json!({ "templateId": "scim", "useSavedCredentials": false, "credentials": nowhere });
        let got = stage.post(&path, body).await;
        assert!(!got.text.contains("s3cret"), "{}", got.text);
        got.refused(400, "ConnectionRefused");
        for body in [
            json!({}),
            json!({ "useSavedCredentials": true }),
            json!({ "useSavedCredentials": "true", "credentials": nowhere }),
            json!({ "credentials": [pair("SecretToken", "x")] }),
            json!({ "credentials": [pair("Domain", "x")] }),
            json!({ "credentials": "x" }),
            json!({ "credentials": [pair("BaseAddress", "x"), pair("baseaddress", "x")] }),
        ] {
            stage.post(&path, body).await.refused(400, "Request_BadRequest");
        }
    }
    let secrets = format!("{root}/secrets");
    let got = stage.send(Method::PUT, &secrets, json!({ "value": nowhere })).await;
    got.refused(400, "ConnectionRefused");
    for value in [
        json!([pair("SyncAll", "yes")]),
        json!([pair("SyncNotificationSettings", "{")]),
        json!([pair("SyncNotificationSettings", "{\"Enabled\":true}")]),
        json!([pair("SyncNotificationSettings", "{\"Colour\":1}")]),
        json!([pair("SecretToken", "a"), pair("Password", "b"), pair("BaseAddress", "https://a.example")]),
    ] {
        stage.send(Method::PUT, &secrets, json!({ "value": value })).await.refused(400, "Request_BadRequest");
    }
    assert_eq!(stage.house.store.dump().await.unwrap(), before, "a refusal changes nothing");
    let settings = json!([
        pair("SyncAll", "True"),
        pair("SkipOutOfScopeDeletions", "true"),
        pair(
            "SyncNotificationSettings",
            "{\"Enabled\":false,\"DeleteThresholdEnabled\":true,\"DeleteThresholdValue\":7,\"HumanResourcesLookaheadQueryEnabled\":false}"
        ),
    ]);
    let got = stage.send(Method::PUT, &secrets, json!({ "value": settings })).await;
    assert_eq!(got.status, 204, "{}", got.text);
    let job = stage.get(&job).await.json_of(200);
    assert_eq!(job["synchronizationJobSettings"][0]["value"], "7", "{job}");
    let keys = stage.get(&secrets).await.json_of(200);
    assert!(keys["value"].as_array().unwrap().iter().all(|pair| pair["value"].is_null()), "{keys}");
}

#[tokio::test]
async fn a_schema_goes_there_and_back() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let job = stage.job(&application).await;
    let path = format!("{job}/schema");
    let fresh = stage.get(&path).await.json_of(200);
    let mut changed = fresh.clone();
    changed["synchronizationRules"][0]["objectMappings"][0]["name"] = json!("People");
    changed["synchronizationRules"][1]["objectMappings"][0]["flowTypes"] = json!("Add");
    changed["@odata.context"] = json!("x");
    assert_eq!(stage.send(Method::PUT, &path, changed.clone()).await.status, 204);
    // As an SDK writes it back: without what it does not know.
    for rule in changed["synchronizationRules"].as_array_mut().unwrap() {
        rule["objectMappings"][0].as_object_mut().unwrap().remove("flowTypes");
    }
    assert_eq!(stage.send(Method::PATCH, &path, changed).await.status, 204);
    let now = stage.get(&path).await.json_of(200);
    assert_eq!(now["synchronizationRules"][0]["objectMappings"][0]["name"], "People");
    assert_eq!(now["synchronizationRules"][1]["objectMappings"][0]["flowTypes"], "Add");
    assert_eq!(now["directories"], fresh["directories"]);
    for body in [json!({ "synchronizationRules": [] }), json!({ "synchronizationRules": 1 })] {
        stage.send(Method::PUT, &path, body).await.refused(400, "Request_BadRequest");
    }
    assert_eq!(stage.send(Method::DELETE, &path, Value::Null).await.status, 204);
    let reset = stage.get(&path).await.json_of(200);
    assert_eq!(reset["synchronizationRules"], fresh["synchronizationRules"]);

    for brackets in ["", "()"] {
        let functions = stage.get(&format!("{path}/functions{brackets}")).await.json_of(200);
        assert!(functions["value"].as_array().unwrap().iter().any(|f| f["name"] == "Switch"));
        let operators = stage.get(&format!("{path}/filterOperators{brackets}")).await.json_of(200);
        assert!(operators["value"].as_array().unwrap().iter().any(|f| f["name"] == "EQUALS"), "{operators}");
    }
    let given =
        json!({ "definition": { "name": "User" }, "properties": [{ "key": "givenName", "value": "Nadia" }] });
    let body = json!({ "expression": "Append([givenName], \"-x\")", "testInputObject": given });
    let parsed = stage.post(&format!("{path}/parseExpression"), body).await.json_of(200);
    assert_eq!(parsed["evaluationResult"], json!(["Nadia-x"]), "{parsed}");
    let parsed =
        stage.post(&format!("{path}/parseExpression"), json!({ "expression": "Nope(" })).await.json_of(200);
    assert_eq!(parsed["parsingSucceeded"], false);
    stage.post(&format!("{path}/parseExpression"), json!({})).await.refused(400, "Request_BadRequest");
}

#[tokio::test]
async fn on_demand_takes_one_rule_and_one_subject() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let job = stage.job(&application).await;
    let rule =
        stage.get(&format!("{job}/schema")).await.json_of(200)["synchronizationRules"][0]["id"].clone();
    let user = stage.user("ada@contoso.example", json!({})).await;
    let run = async |parameters: Value| {
        stage.post(&format!("{job}/provisionOnDemand"), json!({ "parameters": parameters })).await
    };
    let subject = |kind: &str| json!({ "objectId": user, "objectTypeName": kind });
    for parameters in [
        json!([]),
        json!([{ "ruleId": rule, "subjects": [] }]),
        json!([{ "ruleId": rule, "subjects": [subject("User"), subject("User")] }]),
        json!([{ "ruleId": "x", "subjects": [subject("User")] }]),
        json!([{ "ruleId": rule, "subjects": [subject("Group")] }]),
        json!([{ "ruleId": rule, "subjects": [subject("Device")] }]),
        json!([{ "ruleId": rule, "subjects": [{ "objectTypeName": "User" }] }]),
        json!([{ "ruleId": rule, "subjects": [{ "objectId": user, "objectTypeName": "User", "links": { "owners": [1] } }] }]),
    ] {
        run(parameters).await.refused(400, "Request_BadRequest");
    }
    // Without a connection nothing can run.
    let got = run(json!([{ "ruleId": rule, "subjects": [subject("User")] }])).await;
    assert!((400..500).contains(&got.status.as_u16()), "{}", got.text);
}

#[tokio::test]
async fn links_are_a_matter_of_beta() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let job = stage.job(&application).await;
    let beta = async |method: Method, rest: &str| {
        stage.ask(&stage.key, method, &format!("beta{job}/{rest}"), Value::Null).await
    };
    beta(Method::GET, "objectConnections('x')").await.refused(404, "Request_ResourceNotFound");
    beta(Method::GET, "objectConnections(%27x%27)").await.refused(404, "Request_ResourceNotFound");
    beta(Method::GET, "objectConnections").await.refused(400, "Request_BadRequest");
    assert_eq!(beta(Method::DELETE, "objectConnections('x')").await.status, 204);
    let path = format!("{job}/objectConnections('x')");
    stage.get(&path).await.refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn logs_are_filtered_by_what_is_known() {
    let stage = Stage::new().await;
    let empty = stage.get("/auditLogs/provisioning?$filter=jobId eq 'x' and contains(sourceIdentity/displayName,'a')&$top=5").await;
    assert_eq!(empty.json_of(200), json!({ "value": [] }));
    stage.get("/auditLogs/provisioning?$orderby=activityDateTime desc").await.json_of(200);
    for query in [
        "$filter=colour eq 'red'",
        "$filter=jobId eq 'a' or jobId eq 'b'",
        "$filter=jobId",
        "$orderby=jobId",
        "$top=0",
        "$top=1000",
        "$skiptoken=x",
        "$expand=x",
        "top=1",
    ] {
        stage.get(&format!("/auditLogs/provisioning?{query}")).await.refused(400, "Request_BadRequest");
    }
    for entry in ["1", "x"] {
        stage.get(&format!("/auditLogs/provisioning/{entry}")).await.refused(404, "Request_ResourceNotFound");
    }
}
