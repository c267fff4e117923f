//! Whatever a page offers can be done: from the first page on, every link and form that somebody of a role is shown answers
//! other than "forbidden".

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use directory::{KeyScope, Kind, NewKey, Precondition};
use http::{Method, StatusCode};
use provision::roles::RoleForm;

use super::Browser;
use super::provisioning::Ground;

/// A tenant with something of everything, so that pages offer what they can.
async fn furnished() -> Ground {
    let ground = Ground::configured().await;
    let house = &ground.house;
    let ada = ground.person("ada@contoso.example", "Ada", "Lovelace").await;
    let gone = ground.person("bob@contoso.example", "Bob", "Bell").await;
    let (group, old) = (house.group("Rail", &[&ada]).await, house.group("Steam", &[]).await);
    for (kind, id) in [(Kind::User, &gone), (Kind::Group, &old)] {
        house.directory.delete(house.cx(), kind, id, Precondition::None).await.unwrap();
    }
    let key = NewKey { name: "Entra".into(), scopes: vec![KeyScope::Scim2], expires: None };
    house.directory.create_key(house.cx(), key).await.unwrap();
    ground.assign(Kind::User, &ada).await;
    ground.assign(Kind::Group, &group).await;
    let role = RoleForm {
        display_name: "Editor".into(),
        value: "edit".into(),
        enabled: true,
        ..RoleForm::default()
    };
    house.app.provisioning.create_role(house.cx(), &ground.application.id, role).await.unwrap();
    let browser = house.signed_in("app-admin").await;
    browser.post(&ground.page("/on-demand"), &[("kind", "users"), ("object", &ada)]).await;
    house.app.provisioning.plan(house.cx(), &ground.application.id, true, &|_, _| ()).await.unwrap();
    house.directory.flush().await.unwrap();
    ground
}

/// The attributes of a tag.
fn attributes(tag: &str) -> BTreeMap<&str, String> {
    let mut found = BTreeMap::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let name = before.rsplit(|c: char| c.is_whitespace()).next().unwrap();
        let (value, next) = after.split_once('"').unwrap();
        found.insert(name, value.replace("&amp;", "&").replace("&quot;", "\"").replace("&lt;", "<"));
        rest = next;
    }
    found
}

/// Method and address of all that a page offers.
fn offers(page: &str) -> Vec<(Method, String)> {
    let mut list = Vec::new();
    let mut form = None;
    for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.split_whitespace().next().unwrap_or_default();
        let of = attributes(tag);
        if name == "form" {
            form = of.get("method").cloned();
        }
        let post = form.as_deref() == Some("post");
        for (attribute, value) in of {
            let method = match attribute {
                "href" | "hx-get" | "data-from" => Method::GET,
                "hx-post" => Method::POST,
                "action" | "formaction" if post => Method::POST,
                "action" | "formaction" => Method::GET,
                _ => continue,
            };
            list.push((method, value));
        }
    }
    list
}

/// One look at each address; of queries only those that choose what a page shows. Gives what forms send to.
async fn walk(browser: &Browser<'_>, role: &str, start: &str) -> (usize, BTreeSet<String>) {
    let mut known = BTreeSet::new();
    let mut waiting = VecDeque::from([(start.to_owned(), "the beginning".to_owned())]);
    let mut posts = BTreeSet::new();
    while let Some((path, from)) = waiting.pop_front() {
        let got = browser.get(&path).await;
        assert_ne!(got.status, StatusCode::FORBIDDEN, "{role}: {from} offers {path}, which is refused");
        if !got.header("content-type").starts_with("text/html") {
            continue;
        }
        for (method, to) in offers(&got.text) {
            let bare = to.split(['?', '#']).next().unwrap_or_default();
            if !bare.starts_with("/t/") {
                continue;
            }
            if method == Method::POST {
                posts.insert(bare.to_owned());
                continue;
            }
            let kept = ["tab=", "kind=", "object="].iter().any(|name| to.contains(name));
            if known.insert(if kept { to.clone() } else { bare.to_owned() }) {
                waiting.push_back((to, path.clone()));
            }
        }
    }
    (known.len(), posts)
}

/// A form that is sent without what it asks for: refused for that, not for who sends it.
async fn send(browser: &Browser<'_>, role: &str, posts: &BTreeSet<String>) {
    let last = |path: &&String| ["/delete", "/purge", "/sessions"].iter().any(|end| path.ends_with(end));
    let (last, first): (Vec<_>, Vec<_>) = posts.iter().partition(last);
    for path in first.into_iter().chain(last) {
        // Operators would take their own roles away.
        if path.contains("/config/operators/") {
            continue;
        }
        let got = browser.post(path, &[]).await;
        assert_ne!(got.status, StatusCode::FORBIDDEN, "{role} is offered {path}, which is refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_offered_that_is_refused() {
    // A page more or less is no fault; far fewer would be a walk that did not get far.
    for (role, pages, forms) in
        [("reader", 45, 2), ("app-admin", 75, 20), ("tenant-admin", 85, 28), ("global", 90, 30)]
    {
        let ground = furnished().await;
        let browser = ground.house.signed_in(role).await;
        let (seen, posts) = walk(&browser, role, &format!("/t/{}", ground.house.contoso)).await;
        assert!(
            seen >= pages && posts.len() >= forms,
            "{role}: {seen} pages, {} forms: {posts:#?}",
            posts.len()
        );
        send(&browser, role, &posts).await;
    }
}

/// The check finds what it is for.
#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_is_refused_is_noticed() {
    let ground = furnished().await;
    let reader = ground.house.signed_in("reader").await;
    assert_eq!(reader.get(&ground.page("/on-demand")).await.status, StatusCode::FORBIDDEN);
    let page = "<form method=\"post\" action=\"/t/1/x?a=1&amp;b=2\"><a class=\"button\" href=\"/t/1/y\">";
    let found = offers(page);
    assert_eq!(found, [(Method::POST, "/t/1/x?a=1&b=2".to_owned()), (Method::GET, "/t/1/y".to_owned())]);
}
