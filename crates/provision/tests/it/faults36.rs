//! The 36 ways in which a target goes wrong, each with its class and where that is proved. What can happen in the middle of a
//! cycle happens here; what another test proves is named, and the name is held to exist.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use directory::Kind;
use provision::job::CycleOutcome;
use scim_client::{FailureKind as F, Phase, TlsProblem};

use crate::target::fault::{Fault, Verb, What};
use crate::walk::Stage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Held, and tried again.
    Retry,
    /// It may have been carried out: looked up before it is sent again.
    LookUp,
    /// Linked only to what is ours by the matching attributes, else a conflict.
    Adopt,
    /// The job stops at once, until somebody acts.
    Quarantine,
    /// What was deleted there is reported, or made again where that is wanted.
    Recreate,
    /// The answer is not taken: nothing is decided by it, and memory is bounded.
    Refuse,
    /// It costs nothing but is borne.
    Bear,
}

impl Class {
    fn words(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::LookUp => "look up before retry",
            Self::Adopt => "adopt only what is ours, else conflict",
            Self::Quarantine => "quarantine now",
            Self::Recreate => "recreate by policy",
            Self::Refuse => "refuse",
            Self::Bear => "bear",
        }
    }
}

/// Number, what goes wrong, class, what happens to a creation in the middle of a cycle, and the tests of other files.
type Row = (u32, &'static str, Class, Option<What>, &'static [(&'static str, &'static str)]);

const WIRE: &str = "scim-client/tests/it/faults.rs";
const HOSTILE: &str = "scim-client/tests/it/hostile.rs";
const TLS: &str = "scim-client/tests/it/tls.rs";
const RETRY_AFTER: (&str, &str) = ("scim-client/tests/it/retry.rs", "every_form_of_retry_after_is_read");
const THROTTLING: (&str, &str) = (WIRE, "throttling_in_every_form");
const WALK: &str = "provision/tests/it/walk/faults.rs";
const LOST: &str = "provision/tests/it/walk/lost.rs";

fn refuse(kind: F, status: u16) -> Option<What> {
    Some(What::Refuse(kind, (status > 0).then_some(status)))
}

fn apply(kind: F, status: u16) -> Option<What> {
    Some(What::ApplyThen(kind, (status > 0).then_some(status)))
}

fn transport() -> Vec<Row> {
    use Class::{LookUp, Quarantine, Retry};
    const UNREACHABLE: (&str, &str) = (
        "provision/tests/it/cycle.rs",
        "a_target_that_cannot_be_reached_is_tried_again_before_it_is_put_aside",
    );
    const CERTIFICATES: &[(&str, &str)] = &[(TLS, "only_a_trusted_current_certificate_of_that_name_will_do")];
    const RESETS: (&str, &str) = (WIRE, "reset_before_and_after_the_request_was_applied");
    const FOUND_AGAIN: (&str, &str) = (LOST, "a_creation_that_was_carried_out_is_found_again");
    vec![
        (
            1,
            "connection refused; quarantine after three cycles",
            Retry,
            refuse(F::Refused, 0),
            &[(WIRE, "refused"), UNREACHABLE],
        ),
        (2, "no such name", Retry, refuse(F::Dns("no such host".into()), 0), &[(WIRE, "no_such_name")]),
        (
            3,
            "connecting into nothing",
            Retry,
            refuse(F::Timeout(Phase::Connect), 0),
            &[(WIRE, "connecting_into_nothing")],
        ),
        (4, "certificate expired", Quarantine, refuse(F::Tls(TlsProblem::Expired), 0), CERTIFICATES),
        (
            5,
            "certificate of another name",
            Quarantine,
            refuse(F::Tls(TlsProblem::WrongName), 0),
            CERTIFICATES,
        ),
        (6, "reset before the request was read", Retry, refuse(F::Reset(Phase::Head), 0), &[RESETS]),
        (7, "reset after it was applied", LookUp, apply(F::Reset(Phase::Head), 0), &[RESETS, FOUND_AGAIN]),
        (
            8,
            "timeout after it was applied",
            LookUp,
            apply(F::Timeout(Phase::Head), 0),
            &[(WIRE, "silence_after_the_request"), FOUND_AGAIN],
        ),
        (
            9,
            "500, not applied",
            Retry,
            refuse(F::ServerError { retry_after: None }, 500),
            &[
                (WIRE, "server_errors"),
                (LOST, "a_creation_that_was_not_carried_out_is_sent_again_but_not_at_once"),
            ],
        ),
        (
            10,
            "500 after it was applied",
            LookUp,
            apply(F::ServerError { retry_after: None }, 500),
            &[FOUND_AGAIN],
        ),
        (
            11,
            "body cut off",
            Retry,
            apply(F::Reset(Phase::Body), 201),
            &[(WIRE, "truncated_body"), (WIRE, "truncated_without_a_length")],
        ),
        (
            12,
            "body in drips",
            Retry,
            apply(F::Timeout(Phase::Body), 201),
            &[(WIRE, "a_body_that_stops_dripping")],
        ),
    ]
}

fn status() -> Vec<Row> {
    use Class::{Adopt, Quarantine, Recreate, Retry};
    let minute = Some(Duration::from_secs(60));
    let unavailable = || refuse(F::ServerError { retry_after: minute }, 503);
    let limited = |retry_after| refuse(F::RateLimited { retry_after }, 429);
    const LOOKED_FOR: (&str, &str) = (WALK, "what_is_said_to_be_there_is_looked_for");
    vec![
        (13, "503, Retry-After in seconds", Retry, unavailable(), &[THROTTLING, RETRY_AFTER]),
        (14, "503, Retry-After as a date", Retry, unavailable(), &[RETRY_AFTER]),
        (15, "429 alone", Retry, limited(None), &[THROTTLING]),
        (
            16,
            "429, Retry-After of a year",
            Retry,
            limited(Some(Duration::from_secs(86_400))),
            &[RETRY_AFTER, (WIRE, "a_long_pause_is_told_to_the_next_request")],
        ),
        (17, "429, Retry-After that is none", Retry, limited(None), &[RETRY_AFTER]),
        (18, "401 in the middle of a cycle", Quarantine, refuse(F::Unauthorized, 401), &[(WIRE, "refusals")]),
        (19, "403", Quarantine, refuse(F::Forbidden, 403), &[(WIRE, "refusals")]),
        (
            20,
            "404 to a PATCH: deleted there",
            Recreate,
            None,
            &[(WALK, "what_was_deleted_at_the_target_is_reported_or_made_again")],
        ),
        (
            21,
            "409 to a creation, and it is found",
            Adopt,
            None,
            &[
                (WALK, "what_was_made_in_between_is_adopted"),
                ("provision/tests/it/walk/life.rs", "an_account_that_is_there_is_adopted"),
            ],
        ),
        (22, "409 to a creation, and nothing is found", Adopt, None, &[LOOKED_FOR]),
        (
            23,
            "409 without scimType",
            Adopt,
            None,
            &[LOOKED_FOR, (WIRE, "conflicts_with_and_without_scim_type")],
        ),
        (
            24,
            "412",
            Retry,
            refuse(F::PreconditionFailed, 412),
            &[(WALK, "each_failure_has_its_code_and_its_class_and_passes")],
        ),
    ]
}

fn content() -> Vec<Row> {
    use Class::{Adopt, Bear, LookUp, Quarantine, Refuse};
    let login = || refuse(F::NotScim("a web page".into()), 200);
    let elsewhere = || refuse(F::Redirect { location: None }, 307);
    vec![
        (
            25,
            "201 without an id",
            LookUp,
            apply(F::Malformed("no id".into()), 201),
            &[(HOSTILE, "ids_are_judged"), (LOST, "an_answer_with_an_id_alone_is_looked_behind")],
        ),
        (
            26,
            "201 with another user's id or name",
            Adopt,
            None,
            &[
                (LOST, "an_answer_about_somebody_else_links_nobody_else"),
                (HOSTILE, "an_answer_about_somebody_else_is_refused"),
                (LOST, "an_answer_with_the_id_of_a_strangers_account_is_looked_behind_when_it_is_odd"),
            ],
        ),
        (27, "200 with a login page", Quarantine, login(), &[(WIRE, "a_login_page_is_not_scim")]),
        (28, "redirect to another host", Quarantine, elsewhere(), &[(WIRE, "redirects_are_never_followed")]),
        (
            29,
            "filter ignored, everyone is returned",
            Adopt,
            None,
            &[(WALK, "a_target_that_ignores_filters_is_looked_through")],
        ),
        (
            30,
            "pages that repeat, miscount or never end",
            Refuse,
            None,
            &[
                (WALK, "pages_that_cannot_be_looked_through_are_refused"),
                ("scim-client/tests/it/paging.rs", "repeating_and_endless_lists_are_refused"),
            ],
        ),
        (
            31,
            "JSON too deep or too large",
            Refuse,
            refuse(F::TooLarge { limit: 9 }, 200),
            &[(HOSTILE, "answers_have_a_size"), (HOSTILE, "deep_and_broken_json_is_refused")],
        ),
        (32, "compressed bomb", Refuse, None, &[(HOSTILE, "nothing_is_decompressed")]),
        (
            33,
            "not visible for some seconds after it was written",
            LookUp,
            None,
            &[(LOST, "a_target_that_shows_late_gets_no_second_account")],
        ),
        (
            34,
            "userName in other letters, attributes dropped",
            Bear,
            None,
            &[(WALK, "names_in_other_letters_and_forgotten_attributes_make_no_loop")],
        ),
        (
            35,
            "PATCH is 501: PUT, and what is not mapped stays",
            Bear,
            None,
            &[
                (WALK, "without_patch_the_whole_is_put_and_nothing_unmapped_goes"),
                ("provision/tests/it/walk/groups.rs", "without_patch_members_that_nobody_here_knows_stay"),
            ],
        ),
        (
            36,
            "ServiceProviderConfig missing, wrong or lying",
            Bear,
            None,
            &[("scim-client/tests/it/verbs.rs", "capabilities_are_known_or_unknown_never_guessed")],
        ),
    ]
}

fn rows() -> Vec<Row> {
    [transport(), status(), content()].concat()
}

/// The second of three creations meets the fault, once.
#[tokio::test]
async fn each_in_the_middle_of_a_cycle() {
    for (number, what, class, fault, _) in rows() {
        let Some(fault) = fault else { continue };
        let name = format!("{number}: {what}");
        let stage = Stage::new().await;
        let bystander =
            stage.target.seed(Kind::User, serde_json::json!({ "userName": "by@stander.example" }));
        for login in ["ada", "bea", "cem"] {
            stage.user(login).await;
        }
        stage.start().await;
        stage.target.fail(Fault::once(&[Verb::Create], fault).after(1));
        let outcome = stage.cycle().await;
        let job = stage.job().await;
        if class == Class::Quarantine {
            assert_eq!(outcome, CycleOutcome::Quarantined, "{name}");
            assert!(job.state.quarantine.is_some(), "{name}");
            stage.wait(100);
            stage.restart("").await;
        } else {
            assert_eq!(outcome, CycleOutcome::Completed, "{name}");
            assert!(job.state.quarantine.is_none(), "{name}");
            assert_eq!(stage.waiting().await, 1, "one is held, the others are done: {name}");
        }
        // A pause that the target asked for is kept; then all is well.
        stage.wait(2 * 86_400);
        assert_eq!(stage.cycle().await, CycleOutcome::Completed, "{name}");
        for login in ["ada", "bea", "cem"] {
            let user_name = format!("{login}@fabrikam.example");
            assert_eq!(stage.target.having(Kind::User, "userName", &user_name).len(), 1, "{name}: {login}");
        }
        if class == Class::LookUp {
            assert_eq!(stage.target.count(Verb::Create), 3, "what was carried out is not sent again: {name}");
        }
        assert!(stage.target.done().iter().all(|done| done.id != bystander), "{name}");
        assert_eq!(stage.waiting().await, 0, "{name}");
    }
}

#[test]
fn all_36_are_named_and_what_they_refer_to_is_there() {
    let rows = rows();
    let numbers: Vec<u32> = rows.iter().map(|row| row.0).collect();
    assert_eq!(numbers, (1..=36).collect::<Vec<_>>());
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut table = String::from("| # | what the target does | class | tests |\n|---|---|---|---|\n");
    for (number, what, class, fault, tests) in &rows {
        let mut names = Vec::new();
        if fault.is_some() {
            names.push("`faults36`".to_owned());
        }
        for (file, test) in *tests {
            let text = std::fs::read_to_string(crates.join(file)).unwrap();
            assert!(text.contains(&format!("fn {test}(")), "{number}: {file} has no {test}");
            names.push(format!("`{test}`"));
        }
        assert!(!names.is_empty(), "{number}");
        writeln!(table, "| {number} | {what} | {} | {} |", class.words(), names.join(", ")).unwrap();
    }
    let guide = crates.join("../docs/guide/provisioning-targets.md");
    let text = std::fs::read_to_string(guide).unwrap();
    assert!(text.contains(&table), "docs/guide/provisioning-targets.md should have this table:\n{table}");
}
