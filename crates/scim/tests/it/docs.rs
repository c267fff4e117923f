//! Pages of the guide that are made from the code, so that they cannot disagree with it.

use scim::quirk::Quirk;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/quirks.md");

fn quirks_page() -> String {
    let mut page = String::from(
        "# What is tolerated, by name\n\n\
         Known clients depart from the RFCs in known ways. Each way is one rule, has a fixture in `fixtures/idp` that is the\n\
         request as the client sends it, and is shown beside every request that needed it in the request log.\n\
         This page is made from `crates/scim/src/quirk.rs`; `MUSTER_BLESS=1 cargo test -p scim docs` writes it anew.\n\n\
         | name | who sends it | what is sent, and what is done |\n|---|---|---|\n",
    );
    for quirk in Quirk::ALL {
        page += &format!("| `{}` | {} | {} |\n", quirk.id(), quirk.client(), quirk.description());
    }
    page
}

#[test]
fn the_guide_lists_every_quirk() {
    let page = quirks_page();
    if std::env::var_os("MUSTER_BLESS").is_some() {
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        written == page,
        "docs/guide/quirks.md is not what the code says; run MUSTER_BLESS=1 cargo test -p scim docs"
    );
}
