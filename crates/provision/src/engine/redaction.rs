//! What mappings mark as `Redact` is not in the logs: neither in values nor in requests and answers.

use scim_client::Exchange;
use serde_json::{Map, Value as Json};

use crate::mapping::{Flow, Mapper, TargetObject};
use crate::target_path::TargetPath;
use crate::value::Value;

const SHOWN: &str = "[Redact]";
/// A shorter text is hidden where it is a whole value only: inside others it says nothing.
const TELLING_CHARS: usize = 4;

/// What is not to be shown of one object.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    paths: Vec<TargetPath>,
    texts: Vec<String>,
}

impl Hidden {
    /// `at_target` is the object there, whose values are hidden too.
    pub(crate) fn of(mapper: &Mapper, wanted: &TargetObject, at_target: Option<&scim::Resource>) -> Self {
        let mut hidden = Self::default();
        for value in wanted.values.iter().filter(|value| value.explanation.redacted) {
            let Some(rule) = mapper.find(&value.target) else { continue };
            if let Flow::Set(json) = &value.flow {
                hidden.add(&Value::from_json(json));
            }
            hidden.add(&value.explanation.result);
            if let Some(json) = at_target.and_then(|resource| rule.path.read(resource)) {
                hidden.add(&Value::from_json(&json));
            }
            hidden.paths.push(rule.path.clone());
        }
        // A text that contains another one goes first.
        hidden.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        hidden.texts.dedup();
        hidden
    }

    fn add(&mut self, value: &Value) {
        self.texts.extend(value.texts().iter().filter(|text| !text.is_empty()).cloned());
    }

    fn is_nothing(&self) -> bool {
        self.paths.is_empty()
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let telling = self.texts.iter().filter(|hidden| hidden.chars().count() >= TELLING_CHARS);
        telling.fold(text.to_owned(), |text, hidden| text.replace(hidden.as_str(), SHOWN))
    }

    pub(crate) fn exchange(&self, exchange: &mut Exchange) {
        if self.is_nothing() {
            return;
        }
        exchange.url = self.url(&exchange.url);
        for body in [&mut exchange.request_body, &mut exchange.response_body].into_iter().flatten() {
            *body = match serde_json::from_str::<Json>(body) {
                Ok(mut json) => {
                    self.json(&mut json);
                    json.to_string()
                }
                Err(_) => self.text(body),
            };
        }
    }

    /// In a query, texts are encoded.
    fn url(&self, url: &str) -> String {
        let mut shown = self.text(url);
        for text in self.texts.iter().filter(|text| text.chars().count() >= TELLING_CHARS) {
            let pair = [(String::new(), text.clone())];
            for spaces in [scim_client::target::Spaces::Plus, scim_client::target::Spaces::Percent] {
                let encoded = scim_client::target::encode_query(&pair, spaces);
                shown = shown.replace(encoded.trim_start_matches('='), SHOWN);
            }
        }
        shown
    }

    fn json(&self, json: &mut Json) {
        if let Json::Object(body) = json {
            self.resource(body);
            for list in ["Resources", "Operations"] {
                for element in body.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten() {
                    let Json::Object(element) = element else { continue };
                    self.resource(element);
                    self.operation(element);
                }
            }
        }
        self.scalars(json);
    }

    fn resource(&self, resource: &mut Map<String, Json>) {
        for path in &self.paths {
            if path.read(resource).is_some() {
                path.write(resource, SHOWN.into());
            }
        }
    }

    /// One of a PATCH (RFC 7644 §3.5.2); Entra's without a path have flat keys.
    fn operation(&self, operation: &mut Map<String, Json>) {
        let hides = |name: &str| self.paths.iter().any(|path| path.as_str().eq_ignore_ascii_case(name));
        if operation.get("path").and_then(Json::as_str).is_some_and(hides) {
            operation.insert("value".into(), SHOWN.into());
        }
        if let Some(Json::Object(values)) = operation.get_mut("value") {
            values.iter_mut().filter(|(key, _)| hides(key)).for_each(|(_, value)| *value = SHOWN.into());
            self.resource(values);
        }
    }

    fn scalars(&self, json: &mut Json) {
        match json {
            Json::String(text) if self.texts.contains(text) => *text = SHOWN.into(),
            Json::String(text) => *text = self.text(text),
            Json::Array(elements) => elements.iter_mut().for_each(|element| self.scalars(element)),
            Json::Object(object) => object.values_mut().for_each(|value| self.scalars(value)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

/// How each value came about, as a log may show it.
pub(crate) fn shown(wanted: &TargetObject) -> TargetObject {
    let mut wanted = wanted.clone();
    for value in wanted.values.iter_mut().filter(|value| value.explanation.redacted) {
        if let Flow::Set(json) = &mut value.flow {
            *json = SHOWN.into();
        }
        let explanation = &mut value.explanation;
        let others = explanation.source.iter_mut().map(|(_, value)| value);
        for value in others.chain([&mut explanation.result]).filter(|value| !value.is_empty()) {
            *value = Value::text(SHOWN);
        }
        explanation.candidates.iter_mut().for_each(|candidate| SHOWN.clone_into(candidate));
    }
    wanted
}
