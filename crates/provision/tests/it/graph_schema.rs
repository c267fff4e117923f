//! Graph's synchronization schema, there and back.

use provision::expression::{functions, parse};
use provision::graph_schema::{
    AttributeMappingSource, Rules, SynchronizationSchema, from_graph, function_schemas, operator_schemas,
    parse_expression, source_of, text_of, to_graph,
};
use provision::mapping::{AttributeMapping, FlowType, MappingSource};
use provision::scope::{Clause, ScopeFilter, ScopeOperator};
use provision::target_schema::{TargetAttribute, TargetType};
use serde_json::{Value as Json, json};

fn rich() -> Rules {
    let mut rules = Rules::default();
    let users = &mut rules.mappings[0];
    users.actions.delete = false;
    users.attributes[3] = AttributeMapping {
        default_value: Some("Staff".into()),
        flow: FlowType::ObjectAddOnly,
        flow_null: true,
        ..AttributeMapping::new("title", MappingSource::Constant("a \"quoted\" \\ one".into()))
    };
    users.attributes.push(AttributeMapping::new("nickName", MappingSource::None));
    users
        .attributes
        .push(AttributeMapping::expression("locale", "IIF([country]=\"IE\", \"en-IE\",\n \"en\")"));
    users.scope.filters.push(ScopeFilter {
        name: "Cork staff".into(),
        clauses: vec![
            Clause { attribute: "city".into(), operator: ScopeOperator::Equals, value: "Cork".into() },
            Clause { attribute: "mail".into(), operator: ScopeOperator::IsNotNull, value: String::new() },
        ],
    });
    rules.targets[0].add(TargetAttribute::new("urn:x:Acme:2.0:User:badge", TargetType::Integer)).unwrap();
    rules
}

#[test]
fn rules_go_to_graph_and_come_back() {
    for rules in [Rules::default(), rich()] {
        let schema = to_graph(&rules, "job", "1");
        let text = serde_json::to_string(&schema).unwrap();
        let read: SynchronizationSchema = serde_json::from_str(&text).unwrap();
        assert_eq!(read, schema);
        assert_eq!(from_graph(&read).unwrap(), rules);
    }
}

#[test]
fn the_document_has_graphs_shape() {
    let json = serde_json::to_value(to_graph(&rich(), "job", "1")).unwrap();
    let rule = &json["synchronizationRules"][0];
    assert_eq!(rule["name"], "USER_TO_USER");
    assert_eq!(rule["targetDirectoryName"], "customappsso");
    let object = &rule["objectMappings"][0];
    assert_eq!(object["flowTypes"], "Add, Update");
    assert_eq!(object["sourceObjectName"], "User");
    assert_eq!(
        object["scope"]["groups"][0]["clauses"][0],
        json!({ "sourceOperandName": "city", "operatorName": "EQUALS", "targetOperand": { "values": ["Cork"] } })
    );
    let active = &object["attributeMappings"][1];
    assert_eq!(active["targetAttributeName"], "active");
    assert_eq!(active["source"]["type"], "Function");
    assert_eq!(active["source"]["name"], "Switch");
    let keys: Vec<&str> = active["source"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["source", "key1", "value1", "key2", "value2"]);
    assert_eq!(object["attributeMappings"][0]["source"]["expression"], "[userPrincipalName]");
    assert_eq!(object["attributeMappings"][0]["matchingPriority"], 1);
    let manager = json["directories"][0]["objects"][0]["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["name"] == "manager")
        .unwrap();
    assert_eq!(manager["type"], "Reference");
    assert_eq!(manager["referencedObjects"][0]["referencedObjectName"], "User");
    assert_eq!(manager["multivalued"], false);
}

#[test]
fn what_is_unknown_survives() {
    let text =
        r#"{"id":"a","@odata.context":"x","synchronizationRules":[{"name":"r","containerFilter":null}]}"#;
    let schema: SynchronizationSchema = serde_json::from_str(text).unwrap();
    let back = serde_json::to_value(schema).unwrap();
    assert_eq!(back["@odata.context"], "x");
    assert!(back["synchronizationRules"][0].get("containerFilter").is_some());
}

#[test]
fn what_cannot_be_done_is_refused() {
    let refused = |change: fn(&mut Json), expect: &str| {
        let mut json = serde_json::to_value(to_graph(&rich(), "job", "1")).unwrap();
        change(&mut json);
        let error = from_graph(&serde_json::from_value(json).unwrap()).unwrap_err();
        assert!(error.contains(expect), "{error}");
    };
    refused(|j| j["synchronizationRules"] = json!([]), "no object mapping");
    refused(
        |j| j["synchronizationRules"][0]["objectMappings"][0]["flowTypes"] = json!("Add, Purge"),
        "Purge",
    );
    refused(
        |j| j["synchronizationRules"][0]["objectMappings"][0]["sourceObjectName"] = json!("Device"),
        "Device",
    );
    refused(
        |j| {
            j["synchronizationRules"][0]["objectMappings"][0]["scope"]["groups"][0]["clauses"][0]["operatorName"] =
                json!("LIKE")
        },
        "no filter operator \"LIKE\"",
    );
    refused(
        |j| j["synchronizationRules"][1]["objectMappings"][0]["sourceObjectName"] = json!("User"),
        "more than one",
    );
    refused(|j| j["directories"][1]["objects"][0]["attributes"][0]["anchor"] = json!(false), "primary key");
}

#[test]
fn a_tree_without_text_is_written_out() {
    let strip = |source: &mut AttributeMappingSource| {
        fn all(source: &mut AttributeMappingSource) {
            source.expression = None;
            source.parameters.iter_mut().filter_map(|p| p.value.as_mut()).for_each(all);
        }
        all(source);
    };
    for expression in [
        "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")",
        "Join(\" \", [givenName], [surname])",
        "Replace([mail], , \"@.*\", , \"\", , )",
        "Append(ToLower([a], ), \"x\\\"y\")",
        "Now()",
        "[mail]",
    ] {
        let mut source = source_of(&parse(expression).unwrap());
        strip(&mut source);
        let written = text_of(&source).unwrap();
        assert_eq!(parse(&written).unwrap(), parse(expression).unwrap(), "{written}");
    }
    let unknown =
        AttributeMappingSource { kind: "Function".into(), name: Some("Frob".into()), ..Default::default() };
    assert!(text_of(&unknown).is_err());
    let odd = AttributeMappingSource { kind: "Query".into(), ..Default::default() };
    assert!(text_of(&odd).is_err());
}

#[test]
fn functions_and_operators_are_listed() {
    let listed = function_schemas();
    assert_eq!(listed.len(), functions().count());
    let join = listed.iter().find(|f| f["name"] == "Join").unwrap();
    assert_eq!(
        join["parameters"][1],
        json!({ "name": "source", "required": true, "allowMultipleOccurrences": true, "type": "String" })
    );
    assert_eq!(operator_schemas().len(), ScopeOperator::all().count());
}

#[test]
fn expressions_are_tried_on_given_values() {
    let nadia = crate::world::nadia();
    let attributes = provision::alias::SourceAttributes(provision::alias::ObjectKind::User);
    let ask = |expression: &str| {
        let request = json!({
            "expression": expression,
            "testInputObject": {
                "definition": { "name": "User", "attributes": [{ "name": "shoeSize" }] },
                "properties": [{ "key": "givenName", "value": "Nadja" }, { "key": "hats", "value": ["a", "b"] }]
            }
        });
        parse_expression(&request, &attributes, Some(&nadia), crate::world::now(), 1)
    };
    let answer = ask("Append([givenName], \"-x\")");
    assert_eq!(answer["parsingSucceeded"], true);
    assert_eq!(answer["evaluationSucceeded"], true);
    assert_eq!(answer["evaluationResult"], json!(["Nadja-x"]));
    assert_eq!(answer["parsedExpression"]["name"], "Append");
    assert_eq!(answer["error"], Json::Null);
    assert_eq!(ask("Join(\"+\", [hats], [surname], [shoeSize])")["evaluationResult"], json!(["a+b+Okafor"]));
    let wrong = ask("Append([givenName]");
    assert_eq!((&wrong["parsingSucceeded"], &wrong["evaluationSucceeded"]), (&json!(false), &json!(false)));
    assert!(wrong["error"]["message"].as_str().unwrap().starts_with("line 1, column 19"));
    assert_eq!(ask("Append([gloveSize], \"\")")["parsingSucceeded"], false);
    let failing = ask("Error(\"no\")");
    assert_eq!(
        (&failing["parsingSucceeded"], &failing["evaluationSucceeded"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        parse_expression(&json!(7), &attributes, None, crate::world::now(), 1)["parsingSucceeded"],
        false
    );
}
