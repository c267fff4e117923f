//! A directory to test on.

use std::sync::Arc;

use directory::{
    Actor, Answer, Caller, Context, Directory, Error, FixedClock, Kind, Precondition, PublicUrl, Random,
    Result, Scope, Secret, TenantId, Written,
};
use scim::Resource;
use scim::message::SearchRequest;
use scim::projection::Projection;
use serde_json::{Value, json};
use store::{Options, Store};

pub(crate) struct House {
    pub(crate) directory: Directory,
    pub(crate) store: Store,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) tenant: TenantId,
}

pub(crate) const USER: &str = scim::urn::USER;
pub(crate) const GROUP: &str = scim::urn::GROUP;
pub(crate) const ENTERPRISE: &str = scim::urn::ENTERPRISE_USER;

pub(crate) async fn house() -> House {
    seeded(7).await
}

pub(crate) async fn seeded(seed: u64) -> House {
    let clock = Arc::new(FixedClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
    let store =
        Store::open(cluster::scratch().map_or_else(Options::memory, |url| Options::at(&url).unwrap()))
            .unwrap();
    let url = PublicUrl::parse("https://muster.example").unwrap();
    let random = Random::seeded(seed);
    let directory = Directory::new(store.clone(), clock.clone(), random, &Secret::new([7; 32]), url);
    directory.key_cache().set_enabled(true);
    let tenant = directory.create_tenant(caller(), "Fabrikam").await.unwrap().id;
    House { directory, store, clock, tenant }
}

pub(crate) fn caller() -> Caller {
    Caller {
        actor: Actor::Cli { user: "root".into() },
        request_id: "r-1".into(),
        address: "192.0.2.1".parse().ok(),
    }
}

impl House {
    pub(crate) fn cx(&self) -> Context {
        Context::new(self.tenant.clone(), caller())
    }

    pub(crate) async fn create(&self, kind: Kind, body: Value) -> Result<Written> {
        self.directory.create(self.cx(), kind, object(body)).await
    }

    pub(crate) async fn user(&self, name: &str) -> String {
        self.create(Kind::User, json!({ "schemas": [USER], "userName": name })).await.unwrap().id
    }

    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        self.create(Kind::Group, body).await.unwrap().id
    }

    pub(crate) async fn patch(&self, kind: Kind, id: &str, operations: Value) -> Result<Written> {
        self.patch_if(kind, id, operations, Precondition::None).await
    }

    pub(crate) async fn patch_if(
        &self,
        kind: Kind,
        id: &str,
        operations: Value,
        if_match: Precondition,
    ) -> Result<Written> {
        let request =
            scim::patch::parse(json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations }))?;
        self.directory.patch(self.cx(), kind, id, request, if_match).await
    }

    pub(crate) async fn replace(&self, kind: Kind, id: &str, body: Value) -> Result<Written> {
        self.directory.replace(self.cx(), kind, id, object(body), Precondition::None).await
    }

    pub(crate) async fn delete(&self, kind: Kind, id: &str) -> Result<()> {
        self.directory.delete(self.cx(), kind, id, Precondition::None).await
    }

    pub(crate) async fn get(&self, kind: Kind, id: &str) -> Result<Value> {
        let found = self.directory.get(&self.tenant, kind, id, &Projection::Default).await?;
        let shown = Value::Object(found.resource);
        let (all, always) = (Projection::Default, Precondition::None);
        let text = self.directory.get_text(&self.tenant, kind, id, &all, always, |text| text).await?;
        assert_eq!(std::str::from_utf8(&text.text).unwrap(), shown.to_string());
        assert_eq!(text.version, found.version);
        Ok(shown)
    }

    /// The ids in the `members` that GET shows.
    pub(crate) async fn members(&self, group: &str) -> Vec<String> {
        let group = self.get(Kind::Group, group).await.unwrap();
        values(&group["members"])
    }

    pub(crate) async fn search(&self, scope: Scope, request: SearchRequest) -> Result<Answer> {
        let answer = self.directory.query(&self.tenant, scope, request.clone()).await;
        let text = self.directory.query_text(&self.tenant, scope, request, |text| text).await;
        match (&answer, text) {
            (Ok(answer), Ok(text)) => {
                let shown = answer.list.clone().into_body().to_string();
                assert_eq!(std::str::from_utf8(&text.text).unwrap(), shown);
                assert_eq!(text.quirks, answer.quirks);
            }
            (answer, text) => assert_eq!(answer.as_ref().err(), text.as_ref().err()),
        }
        answer
    }

    /// The ids that a filter finds, with a total that agrees.
    pub(crate) async fn find(&self, scope: Scope, filter: &str) -> Result<Vec<String>> {
        let request =
            SearchRequest { filter: Some(filter.into()), count: Some(1_000), ..SearchRequest::default() };
        let list = self.search(scope, request).await?.list;
        let ids = ids(&list.resources);
        assert_eq!(list.total_results, ids.len() as u64, "{filter}");
        Ok(ids)
    }

    /// The database as it is; equal before and after whatever was refused.
    pub(crate) async fn dump(&self) -> String {
        self.store.dump().await.unwrap()
    }
}

pub(crate) fn object(value: Value) -> Resource {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

pub(crate) fn ids(resources: &[Resource]) -> Vec<String> {
    resources.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn values(list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| item["value"].as_str().unwrap().to_owned()).collect()
}

/// Status and, for a refusal, its `scimType`.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> (u16, &'static str) {
    match outcome {
        Ok(done) => panic!("not refused: {done:?}"),
        Err(Error::Scim(error)) => (error.status(), error.scim_type.as_str()),
        Err(error) => (error.status(), ""),
    }
}
