//! Pages of the guide that are made from the code, so that they cannot disagree with it.

use provision::alias::{self, Alias, Direction, ObjectKind, SEPARATOR};
use provision::expression;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/");

/// The page is what the code says, or `MUSTER_BLESS` writes it anew.
fn holds(name: &str, page: &str) {
    let path = format!("{GUIDE}{name}");
    if std::env::var_os("MUSTER_BLESS").is_some() {
        std::fs::write(&path, page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/guide/{name} is not what the code says; run MUSTER_BLESS=1 cargo test -p provision docs"
    );
}

#[test]
fn the_guide_lists_every_function() {
    let page = format!(
        "# Functions of mapping expressions\n\n\
         An expression computes a target attribute from attributes of the source: `Append([givenName], \" \")`. Names in brackets\n\
         are [attributes](attributes.md); texts stand in double quotes; functions are called as below, in any letter case.\n\
         Every example is a test. This page is made from `crates/provision/src/expression`;\n\
         `MUSTER_BLESS=1 cargo test -p provision docs` writes it anew.\n\n\
         {}",
        expression::reference().trim_end()
    );
    holds("expressions.md", &(page + "\n"));
}

fn rows(kind: ObjectKind) -> String {
    let row = |alias: &Alias| {
        let path = match alias.direction {
            Direction::Computed => "computed when a mapping reads it".to_owned(),
            _ => format!("`{}`", alias.path),
        };
        let several = match (alias.multi_valued, alias.is_joined()) {
            (false, _) => String::new(),
            (true, false) => ", several".to_owned(),
            (true, true) => format!(", several, with `{SEPARATOR}` between them"),
        };
        let used = match alias.direction {
            Direction::Both => "mappings, imports",
            Direction::Read | Direction::Computed => "mappings",
        };
        format!("| `{}` | {path} | {}{several} | {used} |\n", alias.name, alias.kind)
    };
    alias::aliases(kind).iter().map(row).collect()
}

#[test]
fn the_guide_lists_every_attribute() {
    let head = "| name | where it is | type | used by |\n|---|---|---|---|\n";
    let page = format!(
        "# Attributes by Entra's names\n\n\
         A tenant's users and groups are SCIM resources. Mappings, scoping filters and [imports](import.md) may name their\n\
         attributes as Microsoft Entra ID does, in any letter case, or by SCIM path (`name.givenName`,\n\
         `emails[type eq \"home\"].value`). What SCIM has no attribute for is in [Muster's own extension](scim.md#schemas).\n\
         This page is made from `crates/provision/src/alias.rs`; `MUSTER_BLESS=1 cargo test -p provision docs` writes it anew.\n\n\
         ## Users\n\n{head}{}\n\
         `accountEnabled` is true of a user without `active`. `mailNickname` is the part of the user name before the @ where none\n\
         is stored. `userPrincipalName` of a guest (`kim_partner.example#EXT#@…`) is read as the address outside.\n\n\
         ## Groups\n\n{head}{}",
        rows(ObjectKind::User),
        rows(ObjectKind::Group)
    );
    holds("attributes.md", &page);
}
