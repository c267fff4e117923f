//! Each way in which a connection fails has a name, a cause and a hint.

use provision::connection::{Authentication, Connection};
use provision::graph_schema::Rules;
use provision::test_connection::{INCOMPATIBLE, TestReport, UNUSABLE};
use provision::{Options, Secret};

use super::target::{Reply, Target, empty_list, error, scim};
use super::{House, TOKEN, refusal, token};

impl House {
    async fn test(&self, url: &str) -> TestReport {
        let connection = Connection::new(url);
        self.provisioning.test_connection(&self.tenant, None, &connection, token()).await.unwrap()
    }
}

/// Whatever fails says why and what to do, lets nothing be saved, and does not show the secret.
fn assert_failed(report: &TestReport, cause: &str, words: &str) {
    let about = format!("{cause}: {report:?}");
    assert!(!report.ok && report.ticket.is_none(), "{about}");
    assert_eq!(report.cause.as_deref(), Some(cause), "{about}");
    let failed = report.checks.iter().find(|check| !check.ok).unwrap();
    assert!(failed.message.contains(words), "{about}");
    assert!(
        failed.message.ends_with('.') && failed.hint.as_ref().is_some_and(|hint| hint.ends_with('.')),
        "{about}"
    );
    assert!(!serde_json::to_string(report).unwrap().contains(TOKEN));
}

fn named<'a>(report: &'a TestReport, name: &str) -> &'a provision::test_connection::Check {
    report.checks.iter().find(|check| check.name == name).unwrap()
}

/// What a target answers at a path.
type Rule = fn(&str) -> Reply;

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_fail() {
    let table: Vec<(Rule, &str, &str)> = vec![
        (
            |_| error("401 Unauthorized", "who are you"),
            "Unauthorized",
            "401 Unauthorized. It says: \"who are you\"",
        ),
        (|_| error("403 Forbidden", "not you"), "Forbidden", "403"),
        (|_| Reply::Answer("404 Not Found", "text/plain", "nothing here".into()), "NotFound", "404"),
        // A SCIM endpoint that has 404 for "nobody": its discovery gives it away …
        (
            |path| match path {
                "/scim/ServiceProviderConfig" => scim("200 OK", r#"{"patch":{"supported":true}}"#),
                _ => error("404 Not Found", "no such user"),
            },
            INCOMPATIBLE,
            "200 with an empty list is expected",
        ),
        (
            |_| Reply::Answer("200 OK", "text/html", "<!doctype html><title>Sign in</title>".into()),
            "NotScim",
            "a web page",
        ),
        (|_| Reply::Answer("200 OK", "text/plain", "hello".into()), "NotScim", "content of type text/plain"),
        (|_| scim("200 OK", r#"{"users":[]}"#), "BadResponse", "not a ListResponse"),
        (|_| scim("200 OK", r#"{"totalResults":"#), "BadResponse", "cannot be used"),
        (|_| error("429 Too Many Requests", "slow down"), "TooManyRequests", "limits the rate"),
        (|_| error("500 Internal Server Error", "oh no"), "ServerError", "500"),
        (|_| error("400 Bad Request", "filter?"), "Rejected", "400"),
        (|_| Reply::Answer("302 Found", "text/plain", String::new()), "Redirected", "302"),
        (|_| Reply::Close, "ConnectionReset", "closed the connection"),
        // Users pass, groups do not.
        (
            |path| if path == "/scim/Users" { empty_list() } else { error("403 Forbidden", "users only") },
            "Forbidden",
            "users only",
        ),
    ];
    let house = House::new().await;
    for (rule, cause, words) in table {
        let target = Target::start(rule).await;
        assert_failed(&house.test(&target.url()).await, cause, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_says_nothing() {
    let house = House::impatient().await;
    let target = Target::start(|_| Reply::Silence).await;
    assert_failed(&house.test(&target.url()).await, "ResponseTimeout", "did not answer in time");
}

/// … or, where there is no discovery, a list of anybody does; what it says is not kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_404_for_nobody_is_told_from_a_wrong_path() {
    let house = House::new().await;
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let target = Target::start(move |path| match path {
        "/scim/Users" if asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0 => {
            scim("200 OK", r#"{"totalResults":1,"Resources":[{"id":"1","userName":"kim@personal.example"}]}"#)
        }
        _ => error("404 Not Found", "no such user"),
    })
    .await;
    let report = house.test(&target.url()).await;
    assert_failed(&report, INCOMPATIBLE, "empty list");
    assert!(!serde_json::to_string(&report).unwrap().contains("kim@personal.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_that_do_not_lead_there() {
    let house = House::new().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = Target::good().await;
    let table = [
        (format!("http://{nobody}/scim"), "ConnectionRefused", "refused the connection"),
        ("https://no-such-host.invalid/scim".to_owned(), "NameNotResolved", "could not be resolved"),
        (format!("https://{}/scim", plain.address), "NotTls", "does not speak TLS"),
        ("https://10.1.2.3/scim".to_owned(), UNUSABLE, "10.1.2.3"),
        ("http://192.0.2.7/scim".to_owned(), UNUSABLE, "Tenant URL"),
        ("ftp://files.example/".to_owned(), UNUSABLE, "https://"),
        ("https://user:word@scim.example/".to_owned(), UNUSABLE, "user name"),
        ("not a url".to_owned(), UNUSABLE, "cannot be read"),
        (String::new(), UNUSABLE, "enter the SCIM Base URL"),
    ];
    for (url, cause, words) in table {
        assert_failed(&house.test(&url).await, cause, words);
    }
    // Nothing was said in the clear to a host outside the allowed networks, nor to anybody without TLS.
    assert!(plain.heads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_is_nothing_special_unless_allowed() {
    let house = House::with(Options::default()).await;
    let target = Target::good().await;
    for url in [target.url(), target.url().replace("http:", "https:"), "https://[::1]/scim".into()] {
        let report = house.test(&url).await;
        assert_failed(&report, UNUSABLE, "Tenant URL");
    }
    assert!(target.heads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for() {
    let house = House::new().await;
    let address = tls_server().await;
    let report = house.test(&format!("https://{address}/scim")).await;
    assert_failed(&report, "CertificateUntrusted", "not signed by an authority");
}

async fn tls_server() -> std::net::SocketAddr {
    use rustls_pki_types::PrivateKeyDer;
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(stream).await.map(drop) });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_asks_what_entra_asks() {
    let house = House::new().await;
    let target = Target::start(|path| match path {
        "/scim/Users" | "/scim/Groups" => empty_list(),
        "/scim/ServiceProviderConfig" => scim("200 OK", r#"{"patch":{"supported":true}}"#),
        _ => error("404 Not Found", "not here"),
    })
    .await;
    // With or without a slash at its end, and with one of Entra's flags.
    for url in [target.url(), format!("{}/", target.url()), format!("{}?aadOptscim062020", target.url())] {
        let before = target.heads().len();
        let report = house.test(&url).await;
        assert!(report.ok && report.ticket.is_some() && report.cause.is_none(), "{report:?}");
        assert_eq!((report.groups_supported, report.filters_honoured), (Some(true), Some(true)));
        assert!(report.checks.iter().all(|check| check.ok && !check.warning && check.exchange.is_some()));
        let heads = target.heads().split_off(before);
        assert!(
            heads[0].starts_with("GET /scim/Users?") && heads[0].contains("filter=userName+eq+%22"),
            "{}",
            heads[0]
        );
        assert!(heads[0].contains(&format!("authorization: Bearer {TOKEN}\r\n")));
        assert!(
            heads[1].contains("excludedAttributes=members") && heads[1].contains("filter=displayName+eq+%22"),
            "{}",
            heads[1]
        );
        assert!(heads.iter().all(|head| head.contains("aadOptscim062020") == url.contains("aadOpt")));
        assert!(!serde_json::to_string(&report).unwrap().contains(TOKEN));
    }
    assert!(named(&house.test(&target.url()).await, "schemas").message.contains("not needed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_a_warning() {
    let house = House::new().await;
    let no_groups = |path: &str| match path {
        "/scim/Users" => empty_list(),
        _ => error("404 Not Found", "no groups"),
    };
    let report = house.test(&Target::start(no_groups).await.url()).await;
    assert!(report.ok && report.ticket.is_some());
    assert_eq!(report.groups_supported, Some(false));
    let groups = named(&report, "groups");
    assert!(groups.ok && groups.warning && groups.hint.is_some());

    let somebody = r#"{"totalResults":1,"Resources":[{"id":"1","userName":"kim"}]}"#;
    let report = house.test(&Target::start(move |_| scim("200 OK", somebody)).await.url()).await;
    assert!(report.ok && named(&report, "users").warning);
    assert_eq!(report.filters_honoured, Some(false));
    assert!(named(&report, "users").message.contains("ignores filters"));

    let odd = r#"{"totalResults":7,"Resources":[]}"#;
    let report = house.test(&Target::start(move |_| scim("200 OK", odd)).await.url()).await;
    assert!(report.ok && named(&report, "users").warning);
    assert_eq!(report.filters_honoured, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_say_what_is_asked() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.app("Zava").await;
    let mut rules = Rules::default();
    let job = house.provisioning.job(&house.tenant, &app).await.unwrap();
    let users = &mut rules.mappings[0];
    let index = |users: &provision::mapping::ObjectMapping, name: &str| {
        users.attributes.iter().position(|mapping| mapping.target == name).unwrap()
    };
    let (name, external) = (index(users, "userName"), index(users, "externalId"));
    users.attributes[name].matching_priority = 0;
    users.attributes[external].matching_priority = 1;
    rules.mappings[1].enabled = false;
    house.provisioning.set_rules(house.cx(), &app, job.epoch, rules).await.unwrap();
    let connection = Connection::new(target.url());
    let test = house.provisioning.test_connection(&house.tenant, Some(&app), &connection, token());
    let report = test.await.unwrap();
    assert!(report.ok && report.groups_supported.is_none());
    assert!(target.heads()[0].contains("filter=externalId+eq+%22"), "{}", target.heads()[0]);
    assert!(!target.heads().iter().any(|head| head.contains("/Groups")));
    let nobody = house.provisioning.test_connection(&house.tenant, Some("nope"), &connection, token()).await;
    assert_eq!(refusal(nobody).0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_secret_goes_nowhere_else() {
    let house = House::new().await;
    let (target, thief) = (Target::good().await, Target::good().await);
    let app = house.connected("Zava", &target).await;
    let test = |connection: Connection, secret: Option<Secret>| {
        let (house, app) = (&house, &app);
        async move {
            house.provisioning.test_connection(&house.tenant, Some(app), &connection, secret).await.unwrap()
        }
    };
    let heads = target.heads().len();
    assert!(test(Connection::new(target.url()), None).await.ok);
    assert!(target.heads()[heads].contains(TOKEN), "the stored one is sent where it was sent before");
    let report = test(Connection::new(thief.url()), None).await;
    assert_failed(&report, UNUSABLE, "belongs to another server or method");
    let basic = Authentication::Basic { user: "kim".into() };
    let other_method = Connection { authentication: basic, ..Connection::new(target.url()) };
    assert_failed(&test(other_method.clone(), None).await, UNUSABLE, "belongs to another");
    assert!(thief.heads().is_empty());
    // Given anew it may go there.
    assert!(test(Connection::new(thief.url()), Some(Secret::new("new"))).await.ok);
    assert!(test(other_method, Some(Secret::new("new"))).await.ok);
    assert!(target.heads().last().unwrap().contains("authorization: Basic "));
    assert_failed(&test(Connection::new(target.url()), Some(Secret::new(" "))).await, UNUSABLE, "secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_is_asked_first_and_named_when_it_fails() {
    let house = House::new().await;
    let oauth = |target: &Target| Connection {
        authentication: Authentication::ClientCredentials {
            token_url: format!("http://{}/token", target.address),
            client_id: "muster".into(),
            scope: None,
            in_body: false,
        },
        ..Connection::new(target.url())
    };
    let good = Target::start(|path| match path {
        "/token" => Reply::Answer(
            "200 OK",
            "application/json",
            r#"{"access_token":"bought-token-0123456789","token_type":"Bearer"}"#.into(),
        ),
        "/scim/Users" | "/scim/Groups" => empty_list(),
        _ => error("404 Not Found", "no such thing"),
    })
    .await;
    let report =
        house.provisioning.test_connection(&house.tenant, None, &oauth(&good), token()).await.unwrap();
    assert!(report.ok, "{report:?}");
    let heads = good.heads();
    assert!(
        heads[0].starts_with("POST /token ")
            && heads[1].contains("authorization: Bearer bought-token-0123456789\r\n"),
        "{heads:?}"
    );
    let shown = serde_json::to_string(&report).unwrap();
    assert!(
        !shown.contains(TOKEN) && !shown.contains("bought-token"),
        "neither the secret nor the token it bought"
    );
    let refusing = Target::start(|path| match path {
        "/token" => {
            Reply::Answer("401 Unauthorized", "application/json", r#"{"error":"invalid_client"}"#.into())
        }
        _ => empty_list(),
    })
    .await;
    let report =
        house.provisioning.test_connection(&house.tenant, None, &oauth(&refusing), token()).await.unwrap();
    assert_failed(&report, "Unauthorized", "The token endpoint answered 401");
    assert!(report.sentence().unwrap().contains("client secret"), "{report:?}");
}
