//! One object brought about: made if it is not there, changed if it differs, left alone if not.

use directory::{Caller, Context, Directory, Precondition, TenantId};
use scim::check::{Purpose, check};
use scim::patch::{self, PatchRequest};
use scim::{Resource, urn};
use serde_json::{Value, json};

use super::attribute::word;
use super::{Fault, Record, Setting};

/// Where an import goes.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) directory: Directory,
    pub(crate) tenant: TenantId,
    pub(crate) caller: Caller,
    /// Nothing is written.
    pub(crate) is_preview: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Created,
    Updated,
    Unchanged,
}

impl Place {
    pub(super) fn context(&self) -> Context {
        Context::new(self.tenant.clone(), self.caller.clone())
    }

    pub(super) async fn find(&self, record: &Record) -> Result<Option<String>, Fault> {
        self.directory
            .source_find(&self.tenant, record.kind, record.id.as_deref(), record.name.as_deref())
            .await
            .map_err(|error| fault(record, record.name_label(), &error))
    }

    /// # Errors
    /// Why not, with the attribute that is to blame.
    pub(crate) async fn upsert(&self, record: &Record) -> Result<Done, Fault> {
        match self.find(record).await? {
            Some(id) => self.update(record, &id).await,
            None => match self.create(record).await {
                // Somebody else made it between the look and the create.
                Err(fault) => match self.find(record).await? {
                    Some(id) => self.update(record, &id).await,
                    None => Err(fault),
                },
                done => done,
            },
        }
    }

    async fn create(&self, record: &Record) -> Result<Done, Fault> {
        let mut settings = record.settings.clone();
        settings.extend(foreign_id(record, &Resource::new()));
        let resource_type = directory::scim_type(record.kind);
        let mut empty = Resource::new();
        empty.insert("schemas".to_owned(), json!([resource_type.schema.id]));
        let body = applied(record, &empty, &settings)?;
        if self.is_preview {
            check(body, resource_type, Purpose::Create)
                .map_err(|error| refused(record, record.name_label(), &error))?;
            return Ok(Done::Created);
        }
        match self.directory.create(self.context(), record.kind, body).await {
            Ok(written) if written.created => Ok(Done::Created),
            Ok(_) => Ok(Done::Updated),
            Err(error) => Err(fault(record, record.name_label(), &error)),
        }
    }

    async fn update(&self, record: &Record, id: &str) -> Result<Done, Fault> {
        let read = self.directory.source_object(&self.tenant, record.kind, id).await;
        let current = read.map_err(|error| fault(record, "", &error))?.resource;
        let mut settings = record.settings.clone();
        if record.id.as_deref() != Some(id) {
            settings.extend(foreign_id(record, &current));
        }
        if settings.is_empty() {
            return Ok(Done::Unchanged);
        }
        let after = applied(record, &current, &settings)?;
        if same(&current, &after) {
            return Ok(Done::Unchanged);
        }
        if self.is_preview {
            return Ok(Done::Updated);
        }
        let request = request(&settings).map_err(|error| refused(record, "", &error))?;
        let written =
            self.directory.patch(self.context(), record.kind, id, request, Precondition::None).await;
        match written {
            Ok(written) if written.changed => Ok(Done::Updated),
            Ok(_) => Ok(Done::Unchanged),
            Err(error) => Err(fault(record, record.name_label(), &error)),
        }
    }
}

/// `meta` and the order of names make no difference.
fn same(before: &Resource, after: &Resource) -> bool {
    let body = |resource: &Resource| {
        let mut body = resource.clone();
        body.shift_remove("meta");
        body.shift_remove("schemas");
        body
    };
    body(before) == body(after)
}

/// The id that another directory gave the object is what it is found by when it comes again under another name, and what
/// references by id mean.
fn foreign_id(record: &Record, current: &Resource) -> Option<Setting> {
    let id = record.id.as_deref()?;
    let has_one = current.contains_key("externalId") || record.sets("externalId");
    (!has_one).then(|| Setting {
        label: "id".to_owned(),
        path: "externalId".to_owned(),
        value: Some(id.into()),
    })
}

pub(super) fn request(settings: &[Setting]) -> scim::Result<PatchRequest> {
    let operations: Vec<Value> = settings.iter().map(Setting::operation).collect();
    patch::parse(json!({ "schemas": [urn::PATCH_OP], "Operations": operations }))
}

/// What `current` becomes. Of what is refused, the attribute to blame is the first that is refused alone.
fn applied(record: &Record, current: &Resource, settings: &[Setting]) -> Result<Resource, Fault> {
    let apply = |settings: &[Setting]| {
        if settings.is_empty() {
            return Ok(current.clone());
        }
        let request = request(settings)?;
        Ok(patch::apply(current, &request, directory::scim_type(record.kind))?.resource)
    };
    apply(settings).map_err(|error: scim::Error| {
        let alone = settings
            .iter()
            .find_map(|setting| Some((setting.label.as_str(), apply(std::slice::from_ref(setting)).err()?)));
        match alone {
            Some((label, error)) => refused(record, label, &error),
            None => refused(record, "", &error),
        }
    })
}

fn refused(record: &Record, attribute: &str, error: &scim::Error) -> Fault {
    let detail = error.detail.strip_prefix("Operations[0]: ").unwrap_or(&error.detail);
    Fault::new(record.line, attribute, detail, "correct the value, or leave it out")
}

pub(super) fn fault(record: &Record, attribute: &str, error: &directory::Error) -> Fault {
    match error {
        directory::Error::Scim(error) if error.scim_type == scim::ScimType::Uniqueness => Fault::new(
            record.line,
            attribute,
            error.detail.clone(),
            format!("give the {} another name, or correct the id in the file", word(record.kind)),
        ),
        directory::Error::Scim(error) => refused(record, attribute, error),
        directory::Error::NotFound { kind, .. } => Fault::new(
            record.line,
            "",
            format!("the {} was deleted meanwhile", word(*kind)),
            "run the import again",
        ),
        directory::Error::Busy => {
            Fault::new(record.line, "", error.to_string(), "run the import again with --resume")
        }
        other => {
            Fault::new(record.line, "", other.to_string(), "run the import again; --log debug says more")
        }
    }
}
