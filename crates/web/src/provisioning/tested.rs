//! Secrets that a test has passed with, for a quarter of an hour: a page never holds a secret, and without script it is sent
//! anew between Test Connection and Create.

use std::collections::HashMap;

use directory::TenantId;
use jiff::Timestamp;
use parking_lot::Mutex;
use provision::Secret;
use provision::connection::Connection;
use provision::test_ticket::{LIFETIME, TestTicket};

/// Secrets kept at the same time; the oldest goes first.
const KEPT: usize = 200;

struct Kept {
    owner: Owner,
    connection: Connection,
    secret: Secret,
    until: Timestamp,
}

/// Whose test it was: nobody else is given the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) tenant: TenantId,
    pub(crate) application: String,
    pub(crate) operator: String,
}

#[derive(Default)]
pub(crate) struct Tested(Mutex<HashMap<String, Kept>>);

impl std::fmt::Debug for Tested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tested")
    }
}

impl Tested {
    pub(crate) fn keep(
        &self,
        owner: Owner,
        ticket: &TestTicket,
        connection: Connection,
        secret: Secret,
        now: Timestamp,
    ) {
        let mut kept = self.0.lock();
        kept.retain(|_, kept| kept.until > now);
        while kept.len() >= KEPT {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.until).map(|(ticket, _)| ticket.clone());
            let Some(oldest) = oldest else { break };
            kept.remove(&oldest);
        }
        let until = now.checked_add(LIFETIME).unwrap_or(now);
        kept.insert(ticket.as_str().to_owned(), Kept { owner, connection, secret, until });
    }

    /// The secret that the ticket was given for, if the connection is still the tested one.
    pub(crate) fn secret(
        &self,
        owner: &Owner,
        ticket: &TestTicket,
        connection: &Connection,
        now: Timestamp,
    ) -> Option<Secret> {
        let kept = self.0.lock();
        let found = kept.get(ticket.as_str())?;
        let same = found.connection.tenant_url == connection.tenant_url
            && found.connection.authentication == connection.authentication;
        (found.owner == *owner && same && found.until > now).then(|| found.secret.clone())
    }

    pub(crate) fn forget(&self, ticket: &TestTicket) {
        self.0.lock().remove(ticket.as_str());
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn owner(operator: &str) -> Owner {
        let tenant = TenantId::parse("0198c0de-0000-7000-8000-000000000000").unwrap();
        Owner { tenant, application: "a".to_owned(), operator: operator.to_owned() }
    }

    #[test]
    fn a_secret_is_given_to_its_owner_for_the_tested_connection_and_for_a_time() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let tested = Tested::default();
        let (here, there) =
            (Connection::new("https://a.example/scim"), Connection::new("https://b.example/scim"));
        let ticket = TestTicket::from("1.x".to_owned());
        tested.keep(owner("mira"), &ticket, here.clone(), Secret::new("s3cret"), now);
        let ask = |who: &str, ticket: &TestTicket, connection: &Connection, at: Timestamp| {
            tested.secret(&owner(who), ticket, connection, at).is_some()
        };
        assert!(ask("mira", &ticket, &here, now));
        assert!(!ask("noor", &ticket, &here, now), "another operator");
        assert!(!ask("mira", &ticket, &there, now), "another target");
        assert!(!ask("mira", &TestTicket::none(), &here, now), "no ticket");
        assert!(!ask("mira", &ticket, &here, now + LIFETIME), "too late");
        tested.forget(&ticket);
        assert!(!ask("mira", &ticket, &here, now));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let tested = Tested::default();
        let here = Connection::new("https://a.example/scim");
        let ticket = |index: usize| TestTicket::from(format!("{index}.x"));
        for index in 0..=KEPT {
            let at = now + SignedDuration::from_millis(i64::try_from(index).unwrap());
            tested.keep(owner("mira"), &ticket(index), here.clone(), Secret::new("s"), at);
        }
        assert!(tested.secret(&owner("mira"), &ticket(0), &here, now).is_none());
        assert!(tested.secret(&owner("mira"), &ticket(KEPT), &here, now).is_some());
    }
}
