//! Bulk: one operation after the other.

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::fault::Fault;
use super::server::{Answer, App, BULK_BYTES, BULK_MAX, Call};
use super::store::endpoint;

impl App {
    pub(crate) async fn bulk(&self, call: &Call) -> Result<Answer, Answer> {
        if call.body.len() > BULK_BYTES && !self.is(Fault::BulkSizeUnlimited) {
            return Err(Answer::error(413, None, "too large"));
        }
        let body = self.parse(call)?;
        let operations = body["Operations"].as_array().cloned().unwrap_or_default();
        if operations.len() > BULK_MAX && !self.is(Fault::BulkUnlimited) {
            return Err(Answer::error(413, None, "too many operations"));
        }
        let limit = body["failOnErrors"].as_u64().filter(|_| !self.is(Fault::FailOnErrorsIgnored));
        let (mut done, mut errors, mut ids) = (Vec::new(), 0, Vec::<(String, String)>::new());
        for operation in operations {
            let (result, status) = Box::pin(self.bulk_one(&operation, &mut ids)).await;
            done.push(result);
            errors += u64::from(status >= 400);
            if errors > 0 && (self.is(Fault::BulkStopsAtFirst) || limit.is_some_and(|limit| errors >= limit))
            {
                break;
            }
        }
        Ok(Answer::ok(
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": done }),
        ))
    }

    async fn bulk_one(&self, operation: &Value, ids: &mut Vec<(String, String)>) -> (Value, u16) {
        let mut data = operation["data"].to_string();
        if !self.is(Fault::BulkIdsUnresolved) {
            for (name, id) in ids.iter() {
                data = data.replace(&format!("\"bulkId:{name}\""), &format!("\"{id}\""));
            }
        }
        let data: Value = serde_json::from_str(&data).unwrap();
        let path: Vec<String> = operation["path"]
            .as_str()
            .unwrap_or_default()
            .split('/')
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect();
        let group = path.first().is_some_and(|p| p == "Groups");
        let call = Call {
            method: Method::POST,
            path: path.clone(),
            parameters: Vec::new(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        };
        let id = path.get(1).cloned().unwrap_or_default();
        let outcome = match operation["method"].as_str().unwrap_or_default() {
            "POST" => self.create(&call, group, data).await,
            "PUT" => self.replace(&call, group, &id, data),
            "PATCH" => self.patch(&call, group, &id, data).await,
            _ => self.delete(&call, group, &id),
        };
        let answer = outcome.unwrap_or_else(|refusal| refusal);
        let status = if self.is(Fault::BulkStatusNumber) {
            answer.status.into()
        } else {
            Value::from(answer.status.to_string())
        };
        let mut result = json!({ "method": operation["method"], "status": status });
        if let Some(name) = operation["bulkId"].as_str() {
            result["bulkId"] = name.into();
            if let Some(id) = answer.body.as_ref().and_then(|b| b["id"].as_str()) {
                ids.push((name.to_owned(), id.to_owned()));
            }
        }
        let id = answer.body.as_ref().and_then(|b| b["id"].as_str()).unwrap_or(&id).to_owned();
        if answer.status < 400 {
            result["location"] = format!("{}{}/{id}", self.base, endpoint(group)).into();
        } else {
            result["response"] = answer.body.unwrap_or_default();
        }
        (result, answer.status)
    }
}
