//! Notification e-mail: a job has been put into quarantine, or given up after 28 days of it; why, and what to do.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use directory::Actor;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::{AuditEntry, TenantId};

use crate::cycle_schedule::ScheduleState;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::limits;
use crate::mail::{Letter, Unsent};
use crate::provisioning::Provisioning;
use crate::quarantine::Quarantine;

/// Waits before another attempt, when the mail server may take it later.
const AGAIN: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(120)];

/// What became of the last notification of a job, since this server was started; the audit log has all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    pub at: Timestamp,
    pub recipient: String,
    /// Why it was not sent; `None`: the mail server has taken it.
    pub failure: Option<String>,
}

/// The last notice of each job, in memory.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<HashMap<(TenantId, String), Notice>>);

impl Notices {
    pub(crate) fn get(&self, tenant: &TenantId, application: &str) -> Option<Notice> {
        let notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.get(&(tenant.clone(), application.to_owned())).cloned()
    }

    fn put(&self, tenant: &TenantId, application: &str, notice: Notice) {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() >= limits::NOTICES {
            notices.clear();
        }
        notices.insert((tenant.clone(), application.to_owned()), notice);
    }
}

/// What a letter tells of.
struct News<'a> {
    application: &'a str,
    tenant: &'a str,
    quarantine: &'a Quarantine,
    /// No further attempt is made.
    given_up: bool,
    /// The console's page.
    link: &'a str,
}

impl News<'_> {
    fn what(&self) -> &'static str {
        match self.given_up {
            true => "has been given up: it was in quarantine for 28 days, and no further attempt is made",
            false => "has been put into quarantine",
        }
    }

    fn next(&self) -> String {
        match self.given_up {
            true => "none, until somebody chooses Restart provisioning".to_owned(),
            false => self.quarantine.next_attempt.to_string(),
        }
    }
}

impl Provisioning {
    /// Tell who is to be told that a job was put into quarantine, that the reason is another one, or that it was given up.
    /// Returns at once: the mail is sent meanwhile, and what became of it is in the audit log and in the job's status.
    pub(crate) async fn notify_quarantine(&self, tenant: &TenantId, job: &Job, quarantine: &Quarantine) {
        let application = job.application.clone();
        let given_up = job.schedule == ScheduleState::Disabled;
        tracing::warn!(%tenant, %application, reason = ?quarantine.reason, given_up, "a job is in quarantine");
        let notification = &job.config.notification;
        let Some(recipient) = notification.recipient.clone().filter(|_| notification.enabled) else { return };
        let names = self.names(tenant, &application).await;
        let (title, tenant_name) = match names {
            Ok(names) => names,
            Err(error) => {
                tracing::error!(%error, %tenant, %application, "no notification was sent");
                return;
            }
        };
        let link =
            format!("{}/t/{tenant}/apps/{application}/provisioning", self.directory().public_url().as_str());
        let news = News { application: &title, tenant: &tenant_name, quarantine, given_up, link: &link };
        let letter = compose(&news);
        let (provisioning, tenant) = (self.clone(), tenant.clone());
        tokio::spawn(async move {
            let sent = provisioning.send(&tenant, &application, &recipient, &letter).await;
            provisioning.note(&tenant, &application, &title, recipient, sent.err()).await;
        });
    }

    /// Of the application and of its tenant.
    async fn names(&self, tenant: &TenantId, application: &str) -> Result<(String, String)> {
        let title = self.application(tenant, application).await?.name;
        Ok((title, self.directory().tenant(tenant).await?.name))
    }

    /// Several attempts, if the mail server may take it later; meanwhile the job's status says why it waits.
    ///
    /// # Errors
    /// Why it was not sent.
    async fn send(
        &self,
        tenant: &TenantId,
        application: &str,
        recipient: &str,
        letter: &Letter,
    ) -> Result<(), String> {
        let Some(mailer) = &self.0.options.mail else {
            return Err("this server has no mail server; its operator sets one with --smtp-url".to_owned());
        };
        let unique = self.directory().random().resource_id(self.now());
        let mut waits = AGAIN.into_iter();
        loop {
            let sent = mailer.send(recipient, letter, self.now(), &unique).await;
            let Err(Unsent { why, again }) = sent else { return Ok(()) };
            let Some(wait) = waits.next().filter(|_| again) else { return Err(why) };
            tracing::warn!(%tenant, application, why, "a notification is not sent yet; trying again");
            let failure = Some(format!("{why}; trying again in {} s", wait.as_secs()));
            let notice = Notice { at: self.now(), recipient: recipient.to_owned(), failure };
            self.0.notices.put(tenant, application, notice);
            tokio::time::sleep(wait).await;
        }
    }

    async fn note(
        &self,
        tenant: &TenantId,
        application: &str,
        title: &str,
        recipient: String,
        failure: Option<String>,
    ) {
        let now = self.now();
        match &failure {
            None => tracing::info!(%tenant, application, "notification sent"),
            Some(why) => tracing::error!(%tenant, application, why, "a notification was not sent"),
        }
        let detail = json!({ "application": application, "recipient": recipient, "sent": failure.is_none(), "why": failure });
        self.0.notices.put(tenant, application, Notice { at: now, recipient, failure });
        let entry = AuditEntry {
            at: now,
            actor: Actor::System.to_string(),
            action: "job.notify".to_owned(),
            resource: None,
            name: Some(title.to_owned()),
            detail,
            request_id: self.directory().request_id(),
            address: None,
        };
        let store = self.0.store.tenant(tenant);
        let written = store.write(move |write| {
            write.append_audit(entry)?;
            Ok::<_, Error>(())
        });
        if let Err(error) = written.await {
            tracing::error!(%error, %tenant, application, "a notification is missing in the audit log");
        }
    }
}

fn compose(news: &News<'_>) -> Letter {
    let News { application, tenant, quarantine, given_up, link } = news;
    let reason = quarantine.reason;
    let message: String = quarantine.message.chars().take(limits::NOTICE_CHARS).collect();
    let (what, next) = (news.what(), news.next());
    let text = format!(
        "Provisioning of {application} ({tenant}) {what}.\n\n\
         What happened: {message}\n\
         Reason: {reason:?}\n\
         What to do: {}\n\n\
         Since: {}\n\
         Next attempt by itself: {next}\n\n\
         {link}\n\n\
         You get this because notification e-mails are turned on for this application.\n",
        reason.advice(),
        quarantine.current_began,
    );
    let html = format!(
        "<!doctype html><html><body style=\"font-family:sans-serif\">\
         <p>Provisioning of <b>{}</b> ({}) {what}.</p>\
         <table cellpadding=\"4\"><tr><td>What happened</td><td>{}</td></tr>\
         <tr><td>Reason</td><td>{reason:?}</td></tr><tr><td>What to do</td><td>{}</td></tr>\
         <tr><td>Since</td><td>{}</td></tr><tr><td>Next attempt by itself</td><td>{next}</td></tr></table>\
         <p><a href=\"{}\">Open provisioning of {}</a></p>\
         <p><small>You get this because notification e-mails are turned on for this application.</small></p>\
         </body></html>",
        escaped(application),
        escaped(tenant),
        escaped(&message),
        escaped(reason.advice()),
        quarantine.current_began,
        escaped(link),
        escaped(application),
    );
    let state = if *given_up { "has been given up" } else { "is in quarantine" };
    Letter { subject: format!("Provisioning of {application} {state} ({tenant})"), text, html }
}

/// Names and the target's words are other people's text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quarantine::QuarantineReason;

    #[test]
    fn a_letter_says_all_and_runs_nothing() {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        let quarantine = Quarantine::begin(
            QuarantineReason::EncounteredQuarantineException,
            "The target answered 401. It says: \"<script>alert(1)</script>\".",
            at,
        );
        let link = "https://muster.example/t/1/apps/2/provisioning";
        let (application, tenant) = ("R&D <tools>", "Contoso");
        let news = News { application, tenant, quarantine: &quarantine, given_up: false, link };
        let Letter { subject, text, html } = compose(&news);
        assert_eq!(subject, "Provisioning of R&D <tools> is in quarantine (Contoso)");
        for part in [
            "R&D <tools> (Contoso)",
            "answered 401",
            "EncounteredQuarantineException",
            "run Test Connection",
            "2026-03-01T18:00:00Z",
            link,
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            html.contains("R&amp;D &lt;tools&gt;") && html.contains("&lt;script&gt;") && html.contains(link)
        );
        assert!(!html.contains("<script>"));
        let Letter { subject, text, html } = compose(&News { given_up: true, ..news });
        assert_eq!(subject, "Provisioning of R&D <tools> has been given up (Contoso)");
        assert!(text.contains("28 days") && html.contains("28 days"), "{text}");
        assert!(!text.contains("2026-03-01T18:00:00Z"), "no attempt follows: {text}");
    }
}
