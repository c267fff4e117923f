//! A run against a server of your own: `TARGET=https://… TOKEN=… cargo test -p validator --test it field -- --ignored --nocapture`.

use scim_client::Credentials;
use validator::VerdictKind;
use validator::report::Format;

use crate::support::{options, run};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: TARGET and TOKEN"]
async fn field() {
    let mut options = options(&std::env::var("TARGET").unwrap());
    options.auth = Credentials::Bearer(std::env::var("TOKEN").unwrap_or_default().into());
    options.large_group = 5000;
    options.yes = true;
    let report = run(options).await.unwrap();
    if let Ok(folder) = std::env::var("REPORTS") {
        for format in Format::ALL {
            std::fs::write(format!("{folder}/report.{}", format.as_str()), format.write(&report)).unwrap();
        }
    }
    for result in &report.results {
        if matches!(result.verdict.kind(), VerdictKind::Deviation | VerdictKind::CouldNotJudge) {
            println!(
                "{} [{}] {}: {}",
                result.id,
                result.level,
                result.verdict.kind().words(),
                result.verdict.reason()
            );
        }
    }
    println!("{} in {} ms, {} requests", report.summary(), report.duration_ms, report.requests);
}
