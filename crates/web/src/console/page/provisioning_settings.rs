//! What is typed into the provisioning properties, and what it means.

use jiff::SignedDuration;
use provision::cycle_schedule::Interval;
use provision::job::{JobConfig, Notification};
use provision::plan::WithoutSoftDelete;
use provision::scope::SyncScope;
use sha2::{Digest as _, Sha256};

use crate::console::fields::Fields;
use crate::console::visit::sentence;

pub(super) const UNITS: [(&str, &str); 3] =
    [("seconds", "Seconds"), ("minutes", "Minutes"), ("hours", "Hours")];

/// Fields and what is wrong with them; `form` is the whole.
#[derive(Debug, Default)]
pub(super) struct Wrong(Vec<(&'static str, String)>);

impl Wrong {
    pub(super) fn whole(why: &str) -> Self {
        Self(vec![("form", why.to_owned())])
    }

    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, why)| why.as_str())
    }

    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// What the service has refused, beside its field.
    pub(super) fn of_service(error: &provision::Error, why: String) -> Self {
        let field = match error {
            provision::Error::Invalid { field: "notificationEmail", .. } => "recipient",
            provision::Error::Invalid { field: "deletionPercent", .. } => "percent",
            _ => "form",
        };
        Self(vec![(field, why)])
    }

    fn add(&mut self, field: &'static str, why: impl Into<String>) {
        self.0.push((field, why.into()));
    }
}

/// Tells whether somebody else has changed the properties meanwhile; starting and stopping is no such change.
pub(super) fn base(config: &JobConfig) -> String {
    let config = JobConfig { connection: None, ..config.clone() };
    let text = serde_json::to_string(&config).unwrap_or_default();
    Sha256::digest(text).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// The fields as text, from the configuration or as they were typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) notify: bool,
    pub(super) recipient: String,
    pub(super) guard: bool,
    pub(super) count: String,
    pub(super) percent: String,
    pub(super) percent_from: String,
    pub(super) scope: String,
    pub(super) interval: String,
    pub(super) unit: String,
    pub(super) push: bool,
    pub(super) skip_leaving: bool,
    pub(super) delete_leaving: bool,
    pub(super) by_email: bool,
    pub(super) recreate: bool,
}

impl Typed {
    pub(super) fn of(config: &JobConfig) -> Self {
        let seconds = config.interval.duration().as_secs();
        let (interval, unit) = match seconds {
            s if s % 3_600 == 0 => (s / 3_600, "hours"),
            s if s % 60 == 0 => (s / 60, "minutes"),
            s => (s, "seconds"),
        };
        Self {
            notify: config.notification.enabled,
            recipient: config.notification.recipient.clone().unwrap_or_default(),
            guard: config.guard.enabled,
            count: config.guard.count.to_string(),
            percent: config.guard.percent.map(|percent| percent.to_string()).unwrap_or_default(),
            percent_from: config.guard.percent_from.to_string(),
            scope: if config.scope == SyncScope::All { "all" } else { "assigned" }.to_owned(),
            interval: interval.to_string(),
            unit: unit.to_owned(),
            push: config.push,
            skip_leaving: config.settings.skip_out_of_scope_deletions,
            delete_leaving: config.settings.without_soft_delete == WithoutSoftDelete::Delete,
            by_email: config.settings.adopt_by_email,
            recreate: config.settings.recreate_missing,
        }
    }

    pub(super) fn interval_words(&self) -> String {
        let unit = if self.interval == "1" { self.unit.trim_end_matches('s') } else { &self.unit };
        format!("{} {unit}", self.interval)
    }

    pub(super) fn read(form: &Fields) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            notify: form.has("notify"),
            recipient: text("recipient"),
            guard: form.has("guard"),
            count: text("count"),
            percent: text("percent"),
            percent_from: text("percent_from"),
            scope: text("scope"),
            interval: text("interval"),
            unit: text("unit"),
            push: form.has("push"),
            skip_leaving: form.has("skip_leaving"),
            delete_leaving: form.has("delete_leaving"),
            by_email: form.has("by_email"),
            recreate: form.has("recreate"),
        }
    }

    /// The configuration with this in it.
    ///
    /// # Errors
    /// The fields that cannot be used. The service looks at the rest.
    pub(super) fn config(&self, now: &JobConfig) -> Result<JobConfig, Wrong> {
        let mut wrong = Wrong::default();
        let mut config = now.clone();
        if self.notify && self.recipient.is_empty() {
            wrong.add("recipient", "Type the address that notifications go to, or turn them off.");
        }
        config.notification = Notification {
            enabled: self.notify,
            recipient: Some(self.recipient.clone()).filter(|address| !address.is_empty()),
        };
        config.guard.enabled = self.guard;
        match self.count.parse() {
            Ok(count) => config.guard.count = count,
            Err(_) => wrong.add("count", "Type a whole number."),
        }
        match (self.percent.is_empty(), self.percent.parse::<u8>()) {
            (true, _) => config.guard.percent = None,
            (false, Ok(percent @ 0..=100)) => config.guard.percent = Some(percent),
            _ => wrong.add("percent", "Type a whole number from 0 to 100, or nothing."),
        }
        match self.percent_from.parse() {
            Ok(count) => config.guard.percent_from = count,
            Err(_) => wrong.add("percent_from", "Type a whole number."),
        }
        match self.duration() {
            Ok(interval) => config.interval = interval,
            Err(why) => wrong.add("interval", why),
        }
        config.scope = if self.scope == "all" { SyncScope::All } else { SyncScope::Assigned };
        config.push = self.push;
        config.settings.skip_out_of_scope_deletions = self.skip_leaving;
        config.settings.without_soft_delete =
            if self.delete_leaving { WithoutSoftDelete::Delete } else { WithoutSoftDelete::LeaveAlone };
        config.settings.adopt_by_email = self.by_email;
        config.settings.recreate_missing = self.recreate;
        if wrong.any() { Err(wrong) } else { Ok(config) }
    }

    fn duration(&self) -> Result<Interval, String> {
        let amount = self.interval.parse::<u32>().map_err(|_| "Type a whole number.".to_owned())?;
        let unit = match self.unit.as_str() {
            "hours" => 3_600,
            "minutes" => 60,
            _ => 1,
        };
        let duration = SignedDuration::from_secs(i64::from(amount) * unit);
        Interval::new(duration).map_err(|_| sentence("an interval is from 10 seconds to 24 hours."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_survives_the_form() {
        let now = JobConfig::default();
        assert_eq!(Typed::of(&now).config(&now).unwrap(), now);
        assert_eq!(Typed::of(&now).interval_words(), "40 minutes");
    }

    #[test]
    fn what_cannot_be_used_marks_its_field() {
        let now = JobConfig::default();
        let usual = Typed::of(&now);
        let check = |typed: Typed, field: &str| {
            let wrong = typed.config(&now).unwrap_err();
            assert!(wrong.of(field).is_some(), "{field}: {wrong:?}");
        };
        check(Typed { notify: true, ..usual.clone() }, "recipient");
        check(Typed { count: "-1".to_owned(), ..usual.clone() }, "count");
        check(Typed { percent: "101".to_owned(), ..usual.clone() }, "percent");
        check(Typed { interval: "9".to_owned(), unit: "seconds".to_owned(), ..usual.clone() }, "interval");
        check(Typed { interval: "25".to_owned(), unit: "hours".to_owned(), ..usual.clone() }, "interval");
        check(Typed { interval: "4294967296".to_owned(), ..usual }, "interval");
    }

    #[test]
    fn the_connection_is_no_part_of_the_properties() {
        let now = JobConfig::default();
        let connected = JobConfig {
            connection: Some(provision::connection::Connection::new("https://a.example")),
            ..now.clone()
        };
        assert_eq!(base(&now), base(&connected));
        assert_ne!(base(&now), base(&JobConfig { push: !now.push, ..now.clone() }));
    }
}
