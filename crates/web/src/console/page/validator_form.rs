//! Begin a run: on another's endpoint, with what is typed, or on the tenant's own with one click.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use validator::Profile;
use validator::scim_client::Secret;

use crate::console::answer::{self, Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::field::{self, Field};
use crate::console::component::shell::Page;
use crate::console::component::{button, time};
use crate::console::menu::Section;
use crate::console::visit::{Desk, sentence};
use crate::validation::reach::{self, Reach};
use crate::validation::run::{self, Ask, Refused, Whose};
use crate::validation::runs::{AT_ONCE, Full};

const PROFILES: [(&str, &str); 4] = [
    ("all", "All: the RFCs, Microsoft Entra ID and Okta"),
    ("entra", "Microsoft Entra ID"),
    ("okta", "Okta"),
    ("rfc", "The RFCs alone"),
];
/// Characters of a token at most.
const TOKEN_MAX: usize = 16_000;

/// What is wrong with the form.
#[derive(Default)]
struct Wrong {
    target: Option<String>,
    token: Option<String>,
    profile: Option<String>,
    seed: Option<String>,
    /// What is not about one field.
    whole: Option<String>,
}

impl Wrong {
    fn any(&self) -> bool {
        [&self.target, &self.token, &self.profile, &self.seed, &self.whole].iter().any(|text| text.is_some())
    }
}

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    Ok(form(&desk, &Wrong::default()))
}

/// What was typed is kept, the token excepted: it is never sent back.
fn form(desk: &Desk, wrong: &Wrong) -> Response {
    let typed = |name: &str, usual: &str| desk.form.given(name).unwrap_or(usual).to_owned();
    let (profile, seed) = (typed("profile", "all"), typed("seed", "1"));
    let token_hint = if wrong.any() {
        "Not kept since you sent the form; type it again. It is not stored and in no report."
    } else {
        "Sent as a bearer token. It is not stored and in no report."
    };
    let body = html! {
        form.form method="post" action=(desk.url("validator/new")) {
            (field::csrf(desk.csrf()))
            @if let Some(text) = &wrong.whole { (banner::text(Tone::Bad, text)) }
            (Field::new("target", "Target URL", desk.form.text("target")).kind("url").required().error(wrong.target.as_deref()).autofocus()
                .hint("The SCIM Base URL, such as https://scim.example.com/v2.").input())
            (Field::new("token", "Token", "").kind("password").autocomplete("new-password").error(wrong.token.as_deref())
                .hint(token_hint).input())
            (Field::new("profile", "Profile", &profile).error(wrong.profile.as_deref()).select(&PROFILES))
            (Field::new("seed", "Seed", &seed).error(wrong.seed.as_deref())
                .hint("The same seed sends the same values.").input())
            (field::check("keep", "yes", "Keep what the run creates", Some("Otherwise it is deleted at the end, also when the run is stopped."), desk.form.has("keep")))
            (field::check("yes", "yes", "Run on a target with more than 200 users", Some("A run only deletes what it created; still, a scratch tenant is the better place."), desk.form.has("yes")))
            (does())
            div.end { (button::submit("Run the validator")) (button::cancel(&desk.url("validator"))) }
        }
    };
    let status = if wrong.any() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Page::new(Section::Validator, "Run the validator")
        .under("Validator", desk.url("validator"))
        .status(status)
        .send(desk, &body)
}

fn does() -> Markup {
    banner::banner(
        Tone::Info,
        &html! {
            "The run creates users and groups at the target, changes them, and deletes what it created, nothing else. "
            "It sends at most 50 requests a second and is stopped after 15 minutes."
        },
    )
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    let mut wrong = Wrong::default();
    let reach = match desk.form.given("target") {
        None => {
            wrong.target = Some("Type the URL of a SCIM endpoint.".to_owned());
            None
        }
        Some(url) => reach::typed(&desk.app, url).map_err(|why| wrong.target = Some(sentence(&why))).ok(),
    };
    let token = token(&desk).map_err(|why| wrong.token = Some(why)).ok();
    let profile = Profile::parse(&typed_profile(&desk));
    if profile.is_none() {
        wrong.profile = Some("Choose one of the profiles.".to_owned());
    }
    let seed = desk.form.given("seed").map_or(Ok(1), str::parse::<u32>);
    if seed.is_err() {
        wrong.seed = Some(format!("Type a whole number from 0 to {}.", time::number(u64::from(u32::MAX))));
    }
    let (Some(reach), Some(token), Some(profile), Ok(seed)) = (reach, token, profile, seed) else {
        return Ok(form(&desk, &wrong));
    };
    let (keep, yes) = (desk.form.has("keep"), desk.form.has("yes"));
    let ask = Ask { reach, whose: Whose::Other(token), profile, seed: u64::from(seed), keep, yes };
    match begin(&desk, ask).await? {
        Ok(response) => Ok(response),
        Err(why) => Ok(form(&desk, &Wrong { whole: Some(why), ..Wrong::default() })),
    }
}

fn typed_profile(desk: &Desk) -> String {
    desk.form.given("profile").unwrap_or("all").to_owned()
}

fn token(desk: &Desk) -> Result<Option<Secret>, String> {
    let Some(token) = desk.form.given("token") else { return Ok(None) };
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    if token.len() > TOKEN_MAX {
        return Err("This is too long for a token.".to_owned());
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("A token has no spaces, line breaks or letters outside ASCII.".to_owned());
    }
    Ok(Some(Secret::new(token)))
}

/// Begin it and go to its page, or say why it does not begin.
async fn begin(desk: &Desk, ask: Ask) -> Result<Result<Response, String>, Failure> {
    match run::start(&desk.app, desk.context(), ask).await {
        Ok(id) => Ok(Ok(answer::redirect(&desk.url(&format!("validator/{id}"))))),
        Err(Refused::Directory(error)) => Err(error.into()),
        Err(Refused::Full(Full::Tenant(_))) => {
            Ok(Err("A run of this tenant is under way. Wait for its end, or stop it.".to_owned()))
        }
        Err(Refused::Full(Full::Stopping)) => {
            Ok(Err("This server is about to stop, and begins no run any more. Try again when it is back."
                .to_owned()))
        }
        Err(Refused::Full(Full::Server)) => Ok(Err(format!(
            "{AT_ONCE} runs are under way on this server, as many as it does at once. Try again in a few minutes."
        ))),
    }
}

pub(crate) async fn new_own(desk: Arc<Desk>) -> Answer {
    question(&desk, None).await
}

/// What the run will do here, in numbers, before it does.
async fn question(desk: &Desk, refused: Option<String>) -> Answer {
    let counts = desk.app.directory.statistics(&desk.tenant.id).await?;
    let back = desk.url("validator");
    let users = time::counted(counts.users, "user", "users");
    let groups = time::counted(counts.groups, "group", "groups");
    let ask = Confirm {
        title: "Validate this tenant's endpoint?",
        content: html! {
            @if let Some(why) = &refused { (banner::text(Tone::Bad, why)) }
            p { "All checks run against " code.break { (desk.app.directory.scim_base(&desk.tenant.id)) } "." }
            ul {
                li { "1 API key with scope SCIM2 is created for the run and revoked at its end, or after an hour." }
                li { "Some hundred users and groups with made-up names are created, changed and deleted. The " (users) " and " (groups) " that are here stay as they are." }
                li { "The deleted users stay under Deleted users until they are purged, and every request is in the request log." }
            }
            p.soft { "It takes less than a minute. You may leave the page, and stop the run at any time." }
        },
        action: &desk.url("validator/own/new"),
        csrf: desk.csrf(),
        verb: "Run the validator",
        back: &back,
        danger: false,
    };
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let page =
        Page::new(Section::Validator, "This tenant's endpoint").under("Validator", &*back).status(status);
    Ok(page.send_question(desk, &confirm(&ask)))
}

pub(crate) async fn create_own(desk: Arc<Desk>) -> Answer {
    let reach: Result<Reach, String> = reach::own(&desk.app, &desk.tenant.id);
    let reach = match reach {
        Ok(reach) => reach,
        Err(why) => return question(&desk, Some(sentence(&why))).await,
    };
    let ask = Ask { reach, whose: Whose::Own, profile: Profile::All, seed: 1, keep: false, yes: true };
    match begin(&desk, ask).await? {
        Ok(response) => Ok(response),
        Err(why) => question(&desk, Some(why)).await,
    }
}
