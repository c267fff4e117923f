//! Notification e-mail, against a server that speaks SMTP.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use provision::Options;
use provision::cycle_schedule::ScheduleState;
use provision::job::{JobConfig, JobStatus, Notification};
use provision::mail::{MailServer, Mailer};
use provision::notification::Notice;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::House;
use super::target::{Target, empty_list, error};

/// Takes every mail, or refuses each recipient.
struct Catcher {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Catcher {
    async fn start(takes: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (lines, mails) = (Arc::default(), Arc::default());
        let catcher = Self { port, lines: Arc::clone(&lines), mails: Arc::clone(&mails) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, takes, Arc::clone(&lines), Arc::clone(&mails)));
            }
        });
        catcher
    }

    fn mailer(&self, query: &str) -> Mailer {
        let server = MailServer::parse(&format!("smtp://127.0.0.1:{}{query}", self.port)).unwrap();
        Mailer::new(&server, "muster@contoso.example").unwrap()
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

async fn converse(
    stream: TcpStream,
    takes: bool,
    lines: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read).lines();
    write.write_all(b"220 catcher\r\n").await.ok()?;
    let mut mail: Option<String> = None;
    while let Some(line) = read.next_line().await.ok()? {
        if let Some(text) = &mut mail {
            if line != "." {
                text.push_str(&format!("{line}\n"));
                continue;
            }
            mails.lock().unwrap().extend(mail.take());
            write.write_all(b"250 taken\r\n").await.ok()?;
            continue;
        }
        lines.lock().unwrap().push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => b"250-catcher\r\n250 8BITMIME\r\n",
            "RCPT" if !takes => b"550 nobody here by that name\r\n",
            "DATA" => {
                mail = Some(String::new());
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        write.write_all(reply).await.ok()?;
    }
    Some(())
}

/// An application of this server that notifies, or not; its target takes the connection test and then refuses the token.
async fn quarantined(mail: Option<Mailer>, enabled: bool) -> (House, String) {
    let networks = vec!["127.0.0.0/8".parse().unwrap()];
    let house = House::with(Options { networks, mail, ..Options::default() }).await;
    let closed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let open = Arc::clone(&closed);
    let target = Target::start(move |path| match path {
        _ if open.load(std::sync::atomic::Ordering::SeqCst) => {
            error("401 Unauthorized", "the key was revoked")
        }
        "/scim/Users" | "/scim/Groups" => empty_list(),
        _ => error("404 Not Found", "no such thing"),
    })
    .await;
    let app = house.connected("Visual Passcodes & <more>", &target).await;
    let epoch = house.provisioning.job(&house.tenant, &app).await.unwrap().epoch;
    let notification = Notification { enabled, recipient: Some("ops@contoso.example".into()) };
    let config = JobConfig { notification, ..JobConfig::default() };
    house.provisioning.set_config(house.cx(), &app, epoch, config).await.unwrap();
    closed.store(true, std::sync::atomic::Ordering::SeqCst);
    house.provisioning.start(house.cx(), &app).await.unwrap();
    let (halt, halted) = tokio::sync::watch::channel(false);
    let worker = tokio::spawn(house.provisioning.clone().work(halted));
    until(|| async {
        let job = house.provisioning.job(&house.tenant, &app).await.unwrap();
        (job.status() == JobStatus::Quarantine && !job.running).then_some(())
    })
    .await;
    halt.send_replace(true);
    worker.await.unwrap();
    (house, app)
}

/// Waits as long as it takes; a test that hangs is killed by whoever runs it.
async fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    loop {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn notice(house: &House, app: &str) -> Notice {
    until(|| async { house.provisioning.status(&house.tenant, app).await.unwrap().notice }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_told_by_mail() {
    let catcher = Catcher::start(true).await;
    let (house, app) = quarantined(Some(catcher.mailer("?tls=none")), true).await;
    assert_eq!(notice(&house, &app).await.failure, None);
    let mails = catcher.mails();
    assert_eq!(mails.len(), 1);
    // Long lines of headers and bodies are folded on the way.
    let mail = mails[0].replace("=\n", "").replace("\n ", " ");
    for part in [
        "To: ops@contoso.example",
        "From: Muster <muster@contoso.example>",
        "Subject: Provisioning of Visual Passcodes & <more> is in quarantine (Contoso)",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "Visual Passcodes & <more> (Contoso)",
        "Visual Passcodes &amp; &lt;more&gt;",
        "EncounteredQuarantineException",
        "the key was revoked",
        "Restart provisioning",
        &format!("https://muster.example/t/{}/apps/{app}/provisioning", house.tenant),
    ] {
        assert!(mail.contains(part), "{part}\n{mail}");
    }
    assert!(!mail.contains(super::TOKEN));
    let lines = catcher.lines.lock().unwrap().join("\n");
    assert!(
        lines.contains("MAIL FROM:<muster@contoso.example>")
            && lines.contains("RCPT TO:<ops@contoso.example>"),
        "{lines}"
    );
    let told =
        until(|| async { house.audit().await.into_iter().find(|row| row.action == "job.notify") }).await;
    assert_eq!((&told.detail["sent"], told.actor.as_str()), (&true.into(), "system"));
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_job_is_given_up_after_28_days_is_told_by_mail() {
    let catcher = Catcher::start(true).await;
    let (house, app) = quarantined(Some(catcher.mailer("?tls=none")), true).await;
    notice(&house, &app).await;
    let mut days = 0;
    let job = loop {
        house.clock.advance(jiff::SignedDuration::from_hours(24));
        days += 1;
        let (_never, stop) = tokio::sync::watch::channel(false);
        house.provisioning.run_job(&house.tenant, &app, "test", stop).await.unwrap();
        let job = house.provisioning.job(&house.tenant, &app).await.unwrap();
        if job.schedule != ScheduleState::Active {
            break job;
        }
        // The same reason day after day is told once.
        assert!(days < 40 && catcher.mails().len() == 1, "day {days}");
    };
    assert_eq!((job.schedule, job.next, days), (ScheduleState::Disabled, None, 28));
    let mail =
        until(|| async { catcher.mails().get(1).cloned() }).await.replace("=\n", "").replace("\n ", " ");
    for part in [
        "Subject: Provisioning of Visual Passcodes & <more> has been given up (Contoso)",
        "in quarantine for 28 days",
        "none, until somebody chooses Restart provisioning",
    ] {
        assert!(mail.contains(part), "{part}\n{mail}");
    }
    // Nothing runs any more, and nothing more is told.
    house.clock.advance(jiff::SignedDuration::from_hours(24 * 40));
    let (_never, stop) = tokio::sync::watch::channel(false);
    let ran = house.provisioning.run_job(&house.tenant, &app, "test", stop).await.unwrap();
    assert_eq!(ran, provision::Ran::Cycle(provision::job::CycleOutcome::Interrupted));
    until(|| async {
        let told = house.audit().await.iter().filter(|row| row.action == "job.notify").count();
        (told == 2).then_some(())
    })
    .await;
    assert_eq!(catcher.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_when_notifications_are_off() {
    let catcher = Catcher::start(true).await;
    let (house, app) = quarantined(Some(catcher.mailer("?tls=none")), false).await;
    assert_eq!(house.provisioning.status(&house.tenant, &app).await.unwrap().notice, None);
    assert!(catcher.lines.lock().unwrap().is_empty(), "the mail server was not even spoken to");
    assert!(house.audit().await.iter().all(|row| row.action != "job.notify"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_is_said() {
    let catcher = Catcher::start(false).await;
    let no_tls = Catcher::start(true).await;
    for (mailer, why) in [
        (Some(catcher.mailer("?tls=none")), "nobody here by that name"),
        // Without STARTTLS nothing is said of anybody.
        (Some(no_tls.mailer("")), "STARTTLS"),
        (None, "no mail server"),
    ] {
        let (house, app) = quarantined(mailer, true).await;
        let failure = notice(&house, &app).await.failure.unwrap();
        assert!(failure.contains(why), "{failure}");
        let told =
            until(|| async { house.audit().await.into_iter().find(|row| row.action == "job.notify") }).await;
        assert_eq!(
            (&told.detail["sent"], told.detail["why"].as_str()),
            (&false.into(), Some(failure.as_str()))
        );
    }
    assert!(catcher.mails().is_empty() && no_tls.mails().is_empty());
    assert!(!no_tls.lines.lock().unwrap().iter().any(|line| line.contains('@')));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_is_tried_again_and_that_is_said() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = MailServer::parse(&format!("smtp://127.0.0.1:{nobody}?tls=none")).unwrap();
    let mailer = Mailer::new(&server, "muster@contoso.example").unwrap();
    let (house, app) = quarantined(Some(mailer), true).await;
    let failure = notice(&house, &app).await.failure.unwrap();
    assert!(failure.contains("refused") && failure.contains("trying again in 10 s"), "{failure}");
    assert!(house.audit().await.iter().all(|row| row.action != "job.notify"), "nothing final is known yet");
}
