//! Settings: interval, push, notification e-mail, accidental-deletions prevention, name.

use std::process::ExitCode;

use provision::application::Details;
use provision::cycle_schedule::Interval;
use provision::job::JobConfig;
use serde_json::json;

use crate::cli::app::{Bound, Set};
use crate::output::{Failure, Output, Result};

use super::{Found, refused};

pub(super) async fn set(found: &Found<'_>, asked: &Set, output: Output) -> Result<ExitCode> {
    let provisioning = &found.house.provisioning;
    let job = provisioning.job(&found.tenant, found.id()).await.map_err(refused)?;
    let config = changed(job.config.clone(), asked)?;
    let details = asked
        .description
        .as_ref()
        .map(|text| Details { description: text.clone(), ..found.application.details.clone() });
    let renames = asked.name.is_some() || details.is_some();
    if config == job.config && !renames {
        return Err(
            Failure::usage("nothing was named that should change").hint("as in --interval 5m --push on")
        );
    }
    let mut application = found.application.clone();
    if renames {
        let name = asked.name.as_deref().unwrap_or(found.name());
        let details = details.unwrap_or_else(|| application.details.clone());
        let updated = provisioning.update_application(found.context(), found.id(), name, details).await;
        application = updated.map_err(refused)?;
    }
    let set = provisioning.set_config(found.context(), found.id(), job.epoch, config).await;
    let config = set.map_err(refused)?.config;
    let document = json!({
        "id": application.id,
        "name": application.name,
        "description": application.details.description,
        "config": config,
    });
    output.answer(&document, || format!("{} is saved", application.name));
    Ok(ExitCode::SUCCESS)
}

fn changed(mut config: JobConfig, asked: &Set) -> Result<JobConfig> {
    if let Some(span) = asked.interval {
        let interval = Interval::new(span.0);
        config.interval = interval.map_err(|why| Failure::usage(why).hint("as in --interval 40m"))?;
    }
    config.push = asked.push.map_or(config.push, |switch| switch.is_on());
    match asked.notify.as_deref() {
        None => {}
        Some("off") => config.notification.enabled = false,
        Some(address) => {
            config.notification.enabled = true;
            config.notification.recipient = Some(address.to_owned());
        }
    }
    match asked.threshold {
        None => {}
        Some(Bound(None)) => config.guard.enabled = false,
        Some(Bound(Some(count))) => {
            config.guard.enabled = true;
            config.guard.count = count;
        }
    }
    if let Some(Bound(percent)) = asked.threshold_percent {
        let percent = percent.map(u8::try_from).transpose();
        config.guard.percent = percent
            .map_err(|_| Failure::usage("a percentage is 0 to 100").hint("as in --threshold-percent 20"))?;
    }
    let settings = &mut config.settings;
    for (value, asked) in [
        (&mut settings.skip_out_of_scope_deletions, asked.skip_out_of_scope_deletions),
        (&mut settings.adopt_by_email, asked.adopt_by_email),
        (&mut settings.recreate_missing, asked.recreate_missing),
    ] {
        *value = asked.map_or(*value, |switch| switch.is_on());
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command, app::App};

    fn set(arguments: &[&str]) -> Result<JobConfig> {
        let line = [&["muster", "app", "set", "A", "--tenant", "T"][..], arguments].concat();
        let Ok(Cli { command: Command::App(app), .. }) = Cli::try_parse_from(line) else {
            panic!("{arguments:?}")
        };
        let App::Set(asked) = *app else { panic!("{arguments:?}") };
        changed(JobConfig::default(), &asked)
    }

    #[test]
    fn what_is_not_given_stays() {
        assert_eq!(set(&[]).unwrap(), JobConfig::default());
        let config =
            set(&["--interval", "10m", "--push", "on", "--threshold", "7", "--notify", "a@b.example"])
                .unwrap();
        assert_eq!(config.interval.to_string(), "PT10M");
        assert!(config.push && config.notification.enabled && config.guard.enabled);
        assert_eq!((config.guard.count, config.guard.percent), (7, Some(20)));
        assert_eq!(set(&["--threshold-percent", "off"]).unwrap().guard.percent, None);
        assert!(!set(&["--threshold", "off"]).unwrap().guard.enabled);
        assert!(set(&["--interval", "1w"]).unwrap_err().usage);
        assert!(set(&["--threshold-percent", "300"]).unwrap_err().usage);
    }
}
