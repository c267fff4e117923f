//! A run against the server of the tests.

use scim_client::{AddressPolicy, Credentials, Transport};
use tokio::sync::mpsc;
use validator::{Options, Refusal, Report};

use crate::broken::{Fault, TOKEN, serve};

pub(crate) fn options(target: &str) -> Options {
    let transport = Transport::new(AddressPolicy::loopback(), || jiff::Timestamp::UNIX_EPOCH, || 0.5);
    let mut options = Options::new(target, Credentials::Bearer(TOKEN.into()), transport);
    options.seed = 7;
    options.large_group = 40;
    options
}

/// The report, with nobody listening to the events.
pub(crate) async fn run(options: Options) -> Result<Report, Refusal> {
    let (events, _) = mpsc::channel(1);
    validator::run(options, events).await
}

pub(crate) async fn against(fault: Option<Fault>) -> Report {
    let target = serve(fault).await;
    run(options(&target)).await.unwrap()
}
