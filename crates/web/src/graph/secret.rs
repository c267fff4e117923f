//! Credentials: tested, kept, and never shown.

use http::StatusCode;
use provision::TestTicket;
use provision::reconfiguration::{Change, NewConnection};
use provision::test_connection::TestReport;
use serde_json::Value;

use super::credential::{Credentials, keys};
use super::exchange::{Answer, Call};
use super::reply::{Failure, Reply};

/// The names of what is set.
pub(crate) async fn list(call: Call) -> Answer {
    let application = call.application().await?;
    let provisioning = &call.app.provisioning;
    let job = provisioning.job(call.tenant(), &application.id).await.map_err(|error| call.refused(error))?;
    let secrets = provisioning.secret_state(call.tenant(), &application.id).await;
    let secrets = secrets.map_err(|error| call.refused(error))?;
    let names: Vec<&str> = secrets.iter().map(|(name, _)| name.as_str()).collect();
    Ok(Reply::list(keys(&job, &names)))
}

/// What works is kept: the connection is tested first, and nothing changes if it fails. Keys that are not sent stay.
pub(crate) async fn put(mut call: Call) -> Answer {
    let application = call.application().await?;
    let provisioning = call.app.provisioning.clone();
    let body = call.object()?;
    let given = Credentials::read(body.get("value"))?;
    let refused = |error| Failure::of_provisioning(error, &call.arrival.request_id);
    let job = provisioning.job(call.tenant(), &application.id).await.map_err(refused)?;
    let config = given.settings(&job.config)?;
    let connection = match given.connection(job.config.connection.as_ref())? {
        None => None,
        Some((connection, secret)) => {
            let report = provisioning.test_connection(
                call.tenant(),
                Some(&application.id),
                &connection,
                secret.clone(),
            );
            let tested = passed(report.await.map_err(refused)?)?;
            Some(NewConnection { connection, secret, tested })
        }
    };
    let change = Change { connection, config: Some(config), runs: None };
    let done = provisioning.reconfigure(call.context(), &application.id, job.epoch, change).await;
    done.map(|_| Reply::done()).map_err(refused)
}

/// Whether a token can be had with what was sent, on top of what is stored. None is shown, and nothing is kept.
pub(crate) async fn acquire_token(call: Call) -> Answer {
    let application = call.application().await?;
    let provisioning = &call.app.provisioning;
    let given = Credentials::read(call.body.get("credentials"))?;
    let job = provisioning.job(call.tenant(), &application.id).await.map_err(|error| call.refused(error))?;
    let stored = job.config.connection.as_ref();
    let (connection, secret) = match (given.connection(stored)?, stored) {
        (Some(given), _) => given,
        (None, Some(stored)) => (stored.clone(), None),
        (None, None) => return Err(Failure::bad("there are no saved credentials; send credentials")),
    };
    let done = provisioning.test_token(call.tenant(), &application.id, &connection, secret).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

pub(crate) async fn validate(call: Call) -> Answer {
    let application = call.application().await?;
    validate_for(call, &application.id).await
}

pub(crate) async fn validate_job(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    validate_for(call, &application.id).await
}

async fn validate_for(mut call: Call, application: &str) -> Answer {
    let body = call.object()?;
    let provisioning = &call.app.provisioning;
    let saved = match body.get("useSavedCredentials") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(saved)) => *saved,
        Some(_) => return Err(Failure::bad("useSavedCredentials is true or false")),
    };
    let given = Credentials::read(body.get("credentials"))?;
    let job = provisioning.job(call.tenant(), application).await.map_err(|error| call.refused(error))?;
    given.settings(&job.config)?;
    let stored = job.config.connection.as_ref();
    let (connection, secret) = match (given.connection(stored)?, saved, stored) {
        (Some(given), false, _) => given,
        (None, true, Some(stored)) => (stored.clone(), None),
        (Some(_), true, _) => {
            return Err(Failure::bad("send credentials, or set useSavedCredentials, not both"));
        }
        (None, true, None) => return Err(Failure::bad("there are no saved credentials; send credentials")),
        (None, false, _) => return Err(Failure::bad("send credentials, or set useSavedCredentials")),
    };
    let report = provisioning.test_connection(call.tenant(), Some(application), &connection, secret).await;
    passed(report.map_err(|error| call.refused(error))?)?;
    Ok(Reply::done())
}

/// Why it failed, under the name of its cause.
fn passed(report: TestReport) -> Result<TestTicket, Failure> {
    match report.ticket.clone().filter(|_| report.ok) {
        Some(ticket) => Ok(ticket),
        None => {
            let cause = report.cause.clone().unwrap_or_else(|| "CredentialValidationFailed".to_owned());
            let why = report.sentence().unwrap_or_else(|| "the connection cannot be used".to_owned());
            Err(Failure::coded(StatusCode::BAD_REQUEST, cause, why))
        }
    }
}
