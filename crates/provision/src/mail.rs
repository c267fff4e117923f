//! Notification e-mail.

/// An address to send to: plain (`name@host`), without display name, quotes or comments, so that nothing can hide in it.
///
/// # Errors
/// Why it cannot be used.
pub fn check_address(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("\"{}\" is no e-mail address: {why}", shown(text)));
    let Some((local, host)) = text.rsplit_once('@') else { return wrong("it has no @") };
    if text.len() > 254 || local.len() > 64 {
        return wrong("it is too long");
    }
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.is_empty() || !local.chars().all(atom) || has_empty_part(local) {
        return wrong("before the @ only letters, digits and signs such as . _ + - are accepted");
    }
    let labels = host.split('.').collect::<Vec<_>>();
    let label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if labels.len() < 2 || !labels.iter().all(label) {
        return wrong("after the @ a host name is expected, as in example.com");
    }
    Ok(())
}

fn has_empty_part(local: &str) -> bool {
    local.split('.').any(str::is_empty)
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

impl crate::Provisioning {
    /// Tell whoever is to know that a job was put aside. The server's log is told always.
    pub(crate) async fn notify_quarantine(
        &self,
        tenant: &store::TenantId,
        job: &crate::job::Job,
        quarantine: &crate::quarantine::Quarantine,
    ) {
        tracing::warn!(%tenant, application = job.application, reason = ?quarantine.reason, "a job was put into quarantine");
    }
}
