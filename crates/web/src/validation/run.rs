//! One run from its beginning to its report. It belongs to the server, not to a request: leaving the page does not end it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use directory::{Caller, Context, Error, KeyScope, NewKey};
use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use validator::scim_client::{Credentials, Secret};
use validator::{Options, Profile, Report};

use super::live::{Live, Phase, Plan};
use super::reach::Reach;
use super::report;
use super::runs::Full;
use crate::App;

/// After this a run is stopped; what it created is cleaned up.
const TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// For the clean-up of a stopped run; after it the run is given up.
const CLEAN_UP_MAX: Duration = Duration::from_secs(5 * 60);
/// Life of the key for a run on the tenant's own endpoint; it is revoked when the run ends.
const KEY_HOURS: i64 = 1;
/// Requests a second, so that nobody's server is a burden to somebody else's.
const RATE: u32 = 50;
/// Checks at once.
const CONCURRENCY: usize = 4;
/// Events on the way from the run to its watchers.
const EVENTS: usize = 256;

/// What is asked for.
pub(crate) struct Ask {
    pub(crate) reach: Reach,
    pub(crate) whose: Whose,
    pub(crate) profile: Profile,
    pub(crate) seed: u64,
    pub(crate) keep: bool,
    /// Run though there are many users.
    pub(crate) yes: bool,
}

/// Whose endpoint it is.
pub(crate) enum Whose {
    /// Another's; the token was typed and is nowhere but here.
    Other(Option<Secret>),
    /// The tenant's own; a key is made for the run.
    Own,
}

/// Why a run does not begin.
pub(crate) enum Refused {
    Full(Full),
    Directory(Error),
}

/// Begin a run; gives its id.
pub(crate) async fn start(app: &App, cx: Context, ask: Ask) -> Result<String, Refused> {
    let (tenant, caller) = (cx.tenant.clone(), cx.caller());
    let now = app.directory.now();
    let plan = Plan {
        target: ask.reach.shown.clone(),
        origin: ask.reach.origin.clone(),
        profile: ask.profile.as_str(),
        seed: ask.seed,
        keep: ask.keep,
        own: matches!(ask.whose, Whose::Own),
        by: caller.actor.to_string(),
    };
    let live = Arc::new(Live::new(app.directory.random().resource_id(now), tenant, plan, now));
    app.runs.admit(&live).map_err(Refused::Full)?;
    let told = app.directory.validation_started(cx, &live.id, &live.plan.origin, live.plan.profile).await;
    if let Err(error) = told {
        app.runs.forget(&live);
        return Err(Refused::Directory(error));
    }
    let id = live.id.clone();
    tokio::spawn(carry_out(app.clone(), live, caller, ask));
    Ok(id)
}

async fn carry_out(app: App, live: Arc<Live>, caller: Caller, ask: Ask) {
    let cx = || Context::new(live.tenant.clone(), caller.clone());
    let mut key = None;
    let token = match &ask.whose {
        Whose::Other(token) => Ok(token.clone()),
        Whose::Own => own_key(&app, cx()).await.map(|(id, token)| {
            key = Some(id);
            Some(token)
        }),
    };
    let outcome = match token {
        Err(error) => Err(error.to_string()),
        Ok(token) => {
            let limit = rate(&app, &live).await;
            let work = tokio::spawn(judge(live.clone(), options(&live, ask, token.clone(), limit)));
            match work.await {
                Ok(report) => report.map(|report| (report, token)),
                Err(error) => {
                    tracing::error!(%error, run = live.id, "a run of the validator broke off");
                    Err(format!(
                        "the run broke off through a fault of this server; its log has run {}",
                        live.id
                    ))
                }
            }
        }
    };
    if let Some(key) = key
        && let Err(error) = app.directory.revoke_key(cx(), &key).await
    {
        tracing::warn!(%error, key, "the key of a run of the validator was not revoked; it ends within the hour");
    }
    let phase = match outcome {
        Ok((report, token)) => keep(&app, &live, cx(), report, token).await,
        Err(why) => fail(&app, &live, cx(), why).await,
    };
    live.end(phase);
}

async fn own_key(app: &App, cx: Context) -> directory::Result<(String, Secret)> {
    let expires = app.directory.now().checked_add(SignedDuration::from_hours(KEY_HOURS)).ok();
    let key = NewKey { name: "Validator run".to_owned(), scopes: vec![KeyScope::Scim2], expires };
    let (row, shown) = app.directory.create_key(cx, key).await?;
    Ok((row.id, Secret::new(shown)))
}

/// Requests a second. The tenant's own limit is not to be what is found, and half of it is left to its clients.
async fn rate(app: &App, live: &Live) -> Option<u32> {
    if !live.plan.own {
        return Some(RATE);
    }
    let set = app.directory.settings(&live.tenant).await.ok().and_then(|settings| settings.rate_limit);
    let limit = set.unwrap_or(app.options.rate_limit);
    (limit > 0).then(|| (limit / 2).max(1))
}

fn options(live: &Live, ask: Ask, token: Option<Secret>, rps: Option<u32>) -> Options {
    let credentials = token.map_or(Credentials::None, Credentials::Bearer);
    Options {
        profile: ask.profile,
        seed: ask.seed,
        keep: ask.keep,
        yes: ask.yes || live.plan.own,
        concurrency: CONCURRENCY,
        rps,
        cancel: live.cancel.clone(),
        ..Options::new(ask.reach.url, credentials, ask.reach.transport)
    }
}

/// Run the checks and tell who watches; a run that takes too long is stopped, one that does not stop is given up.
async fn judge(live: Arc<Live>, options: Options) -> Result<Report, String> {
    let (sender, mut events) = mpsc::channel(EVENTS);
    let mut run = Box::pin(validator::run(options, sender));
    let stop = Instant::now() + TIME_MAX;
    let mut late = pin!(sleep_until(stop));
    let mut give_up = pin!(async {
        live.cancel.cancelled().await;
        tokio::time::sleep(CLEAN_UP_MAX).await;
    });
    let report = loop {
        tokio::select! {
            report = &mut run => break report,
            Some(event) = events.recv() => live.note(event),
            () = &mut late, if !live.cancel.is_cancelled() => live.cancel.cancel(),
            () = &mut give_up => return Err("it was stopped and did not end: the target did not answer the clean-up".to_owned()),
        }
    };
    while let Ok(event) = events.try_recv() {
        live.note(event);
    }
    report.map_err(|refusal| refusal.to_string())
}

async fn keep(app: &App, live: &Live, cx: Context, report: Report, token: Option<Secret>) -> Phase {
    let row = report::row(live, &report);
    let written =
        tokio::task::spawn_blocking(move || report::documents(report, token.as_ref().map(Secret::expose)));
    let documents = match written.await {
        Ok(documents) => documents,
        Err(error) => {
            tracing::error!(%error, run = live.id, "a report of the validator was not written");
            return fail(app, live, cx, "the report could not be written".to_owned()).await;
        }
    };
    match app.directory.validation_finished(cx, &live.plan.origin, row, documents).await {
        Ok(()) => Phase::Kept,
        Err(error) => {
            tracing::error!(%error, run = live.id, "a report of the validator was not kept");
            Phase::Failed(format!("the report could not be kept: {error}"))
        }
    }
}

async fn fail(app: &App, live: &Live, cx: Context, why: String) -> Phase {
    if let Err(error) = app.directory.validation_failed(cx, &live.id, &live.plan.origin, &why).await {
        tracing::warn!(%error, run = live.id, "the end of a run of the validator is not in the audit log");
    }
    Phase::Failed(why)
}
