//! One cause is no wall of red: each case judges by itself, and refers to the one that shows the cause.

use validator::{Report, Verdict, VerdictKind};

use crate::broken::{Fault, serve};
use crate::support::{options, run};

async fn report(fault: Option<Fault>, only: &[&str]) -> Report {
    let mut options = options(&serve(fault).await);
    options.only = only.iter().map(ToString::to_string).collect();
    run(options).await.unwrap()
}

fn cases(report: &Report) -> Vec<(&str, VerdictKind, Option<&str>)> {
    let of = report.results.iter().filter(|r| r.check == "attribute-case");
    of.map(|r| {
        let same_as = match &r.verdict {
            Verdict::Deviation(found) => found.same_as.as_deref(),
            _ => None,
        };
        (r.id.as_str(), r.verdict.kind(), same_as)
    })
    .collect()
}

const BOTH: &[&str] = &["attribute-case", "filter-eq-case"];

#[tokio::test]
async fn the_check_of_user_names_explains_the_attributes() {
    let report = report(Some(Fault::EverythingCaseExact), BOTH).await;
    let cases = cases(&report);
    let red: Vec<_> = cases.iter().filter(|(_, kind, _)| *kind == VerdictKind::Deviation).collect();
    assert!(red.len() > 3, "{cases:?}");
    assert!(red.iter().all(|(.., same_as)| *same_as == Some("filter-eq-case")), "{red:?}");
    assert!(
        cases.iter().all(|(_, kind, _)| *kind != VerdictKind::CouldNotJudge),
        "each is judged: {cases:?}"
    );
    let causes: Vec<&str> = report.causes().map(|r| r.id.as_str()).collect();
    assert_eq!(causes, ["filter-eq-case"]);
    assert_eq!(report.explained_by("filter-eq-case").count(), red.len());
    assert!(report.summary().contains("(1 cause)"), "{}", report.summary());
}

#[tokio::test]
async fn without_it_the_first_attribute_explains_the_others() {
    for only in [BOTH, &["attribute-case"]] {
        let report = report(Some(Fault::OnlyUserNameFolded), only).await;
        let cases = cases(&report);
        let mut red = cases.iter().filter(|(_, kind, _)| *kind == VerdictKind::Deviation);
        let (first, _, alone) = red.next().unwrap();
        assert_eq!((*first, *alone), (cases[0].0, None));
        assert!(red.clone().count() > 2 && red.all(|(.., same_as)| same_as == &Some(*first)), "{cases:?}");
        assert_eq!(report.causes().count(), 1);
    }
}

/// The controls: a cause of its own is shown by itself, and nothing is explained where nothing deviates.
#[tokio::test]
async fn what_is_right_is_not_explained_away() {
    let report = report(Some(Fault::UserNameCaseExact), BOTH).await;
    assert!(cases(&report).iter().all(|(_, kind, _)| *kind == VerdictKind::Pass), "{:?}", cases(&report));
    assert_eq!(report.causes().count(), 1);

    // The prerequisite is each attribute's own.
    let one = self::report(Some(Fault::TitleDropped), BOTH).await;
    let other: Vec<_> = cases(&one).into_iter().filter(|(_, kind, _)| *kind != VerdictKind::Pass).collect();
    assert_eq!(other, [("attribute-case:User.title", VerdictKind::CouldNotJudge, None)]);
}
