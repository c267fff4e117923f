//! Provisioning logs are looked through, exported and let go.

use directory::{Clock, Settings};
use jiff::SignedDuration;
use provision::logs::ExportForm;
use provision::record::{Document, LogStatus, Modified, Step, StepKind};
use provision::{LogEntry, LogQuery};
use serde_json::{Value, json};
use store::Kind;

use super::{House, refusal};

impl House {
    async fn log(&self, name: &str, action: &str) {
        let document = Document {
            steps: vec![
                Step {
                    name: "EntryImportAdd".into(),
                    kind: StepKind::Import,
                    status: LogStatus::Success,
                    description: "Retrieved user".into(),
                    details: vec![("userName".into(), json!(name)), ("active".into(), json!(true))],
                },
                Step {
                    name: "EntryExportAdd".into(),
                    kind: StepKind::Export,
                    status: LogStatus::Success,
                    description: "Created, \"at last\"".into(),
                    details: Vec::new(),
                },
            ],
            modified: vec![Modified {
                name: "title".into(),
                old: None,
                new: Some(json!("=HYPERLINK(\"http://evil\")")),
            }],
            recommendation: Some("Nothing to do.".into()),
            ..Document::default()
        };
        let entry = LogEntry {
            application: "app-1".into(),
            cycle: None,
            at: self.clock.now(),
            duration_us: 12_345,
            kind: Kind::User,
            action: action.into(),
            status: "success".into(),
            source_id: "u-1".into(),
            source_name: name.into(),
            target_id: Some("t-1".into()),
            code: None,
            summary: "User was created".into(),
            actor: "system".into(),
            document: serde_json::to_string(&document).unwrap(),
        };
        self.store
            .tenant(&self.tenant)
            .write(move |write| write.append_provisioning_log(&entry))
            .await
            .unwrap();
    }

    async fn lines(&self, form: ExportForm, query: LogQuery) -> Vec<String> {
        let mut export = self.provisioning.export_logs(&self.tenant, query, form);
        let mut lines = Vec::new();
        while let Some(line) = export.next().await.unwrap() {
            lines.push(line);
        }
        lines
    }

    async fn names(&self) -> Vec<String> {
        let query = LogQuery { limit: 10, ..LogQuery::default() };
        let rows = self.provisioning.logs(&self.tenant, query).await.unwrap();
        rows.into_iter().map(|row| row.entry.source_name).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_one_by_one_and_a_page_at_most() {
    let house = House::new().await;
    for n in 0..3 {
        house.log(&format!("user{n}"), if n == 1 { "delete" } else { "create" }).await;
    }
    assert_eq!(house.names().await, ["user2", "user1", "user0"]);
    let found = house.provisioning.log(&house.tenant, 2).await.unwrap();
    assert_eq!((found.number, found.entry.source_name.as_str()), (2, "user1"));
    assert_eq!(refusal(house.provisioning.log(&house.tenant, 9).await), (404, "no log entry 9".to_owned()));
    let query = LogQuery { action: Some("delete".into()), limit: usize::MAX, ..LogQuery::default() };
    assert_eq!(house.provisioning.logs(&house.tenant, query).await.unwrap().len(), 1);
    let fabrikam = house.directory.create_tenant(super::caller(), "Fabrikam").await.unwrap().id;
    assert_eq!(refusal(house.provisioning.log(&fabrikam, 2).await).0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_are_whole_and_run_nothing_in_a_spreadsheet() {
    let house = House::new().await;
    for n in 0..1_003 {
        house.log(&format!("user{n}"), "create").await;
    }
    house.log("=cmd|' /C calc'!A0", "create").await;
    let all = LogQuery::default;
    let lines = house.lines(ExportForm::Ndjson, all()).await;
    assert_eq!(lines.len(), 1_004, "eleven pages");
    let newest: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (&newest["changeId"], &newest["source"]["name"]),
        (&1_004.into(), &"=cmd|' /C calc'!A0".into())
    );
    assert_eq!(newest["document"]["modified"][0]["name"], "title");
    let csv = house.lines(ExportForm::Csv, all()).await;
    assert_eq!(csv.len(), 1_005);
    assert!(csv[0].starts_with("\"ChangeId\",\"Date\",") && csv[0].ends_with("\r\n"));
    assert!(csv[1].contains(",\"'=cmd|' /C calc'!A0\","), "{}", csv[1]);
    assert!(csv[2].contains(",\"user1002\",\"t-1\",") && csv[2].contains(",\"12\",\"system\""), "{}", csv[2]);
    let steps = house.lines(ExportForm::CsvSteps, all()).await;
    assert_eq!(steps.len(), 1 + 2 * 1_004);
    assert!(
        steps[2].contains("\"EntryExportAdd\",\"export\",\"success\",\"Created, \"\"at last\"\"\""),
        "{}",
        steps[2]
    );
    assert!(
        steps[1].contains("userName==cmd|' /C calc'!A0; active=true"),
        "a cell that begins with a letter is text"
    );
    let modified = house.lines(ExportForm::CsvModified, all()).await;
    assert_eq!(modified[1], "\"1004\",\"title\",\"\",\"'=HYPERLINK(\"\"http://evil\"\")\"\r\n");
    // The same filters as the page has; columns agree with the header.
    let one = house.lines(ExportForm::Csv, LogQuery { text: Some("user1002".into()), ..all() }).await;
    assert_eq!(one.len(), 2);
    assert_eq!(one[0].matches("\",\"").count(), one[1].matches("\",\"").count());
    assert!(
        house.lines(ExportForm::CsvSteps, LogQuery { text: Some("nobody".into()), ..all() }).await.len() == 1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_go_after_their_time() {
    let house = House::new().await;
    house.log("old", "create").await;
    house.clock.advance(SignedDuration::from_hours(24 * 20));
    house.log("new", "create").await;
    house.directory.clean_up().await.unwrap();
    assert_eq!(house.names().await, ["new", "old"]);
    house.clock.advance(SignedDuration::from_hours(24 * 10 + 1));
    house.directory.clean_up().await.unwrap();
    assert_eq!(house.names().await, ["new"], "thirty days");
    let settings = Settings { provisioning_log_days: 7, ..Settings::default() };
    house.directory.set_settings(house.cx(), settings).await.unwrap();
    house.directory.clean_up().await.unwrap();
    assert!(house.names().await.is_empty());
    let wrong = Settings { provisioning_log_days: 3_651, ..Settings::default() };
    assert_eq!(house.directory.set_settings(house.cx(), wrong).await.unwrap_err().status(), 400);
}
