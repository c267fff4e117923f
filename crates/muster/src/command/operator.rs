//! `muster operator`: create, list, set-password.

use std::io::{IsTerminal as _, Read as _};

use directory::{Grant, Operator, Role};
use serde_json::{Value, json};

use crate::cli::{self, RoleName};
use crate::house::{House, failure};
use crate::output::{Doing as _, Failure, Output, Result, facts, table};

use super::find_tenant;

pub(super) async fn run(house: &House, command: cli::Operator, output: Output) -> Result<()> {
    match command {
        cli::Operator::Create { name, role, tenants, password_stdin, generate } => {
            let grants = grants(house, role, &tenants).await?;
            let password = Password::ask(house, password_stdin, generate)?;
            create(house, &name, grants, &password, output).await
        }
        cli::Operator::List => list(house, output).await,
        cli::Operator::SetPassword { name, password_stdin, generate } => {
            let operator = house.directory.operator_named(&name).await.map_err(failure)?;
            let password = Password::ask(house, password_stdin, generate)?;
            set_password(house, &operator, &password, output).await
        }
    }
}

/// A password, and whether it must be shown because nobody knows it yet.
struct Password {
    text: String,
    generated: bool,
}

impl Password {
    /// From standard input if asked to, else typed in twice; made where there is nobody to type.
    fn ask(house: &House, from_stdin: bool, generate: bool) -> Result<Self> {
        if from_stdin {
            let mut text = String::new();
            std::io::stdin().take(4096).read_to_string(&mut text).doing("password on standard input")?;
            return Ok(Self { text: text.trim_end_matches(['\r', '\n']).to_owned(), generated: false });
        }
        let made = || Self { text: house.directory.generate_password(), generated: true };
        if generate || !std::io::stdin().is_terminal() {
            return Ok(made());
        }
        let first =
            rpassword::prompt_password("Password (leave empty to have one made): ").doing("password")?;
        if first.is_empty() {
            return Ok(made());
        }
        let second = rpassword::prompt_password("Password again: ").doing("password")?;
        if first != second {
            return Err(Failure::new("the two passwords differ"));
        }
        Ok(Self { text: first, generated: false })
    }

    fn shown(&self) -> Option<&str> {
        self.generated.then_some(&self.text)
    }
}

async fn grants(house: &House, role: RoleName, tenants: &[String]) -> Result<Vec<Grant>> {
    let role = match role {
        RoleName::GlobalAdministrator => Role::GlobalAdministrator,
        RoleName::TenantAdministrator => Role::TenantAdministrator,
        RoleName::ApplicationAdministrator => Role::ApplicationAdministrator,
        RoleName::Reader => Role::Reader,
    };
    if tenants.is_empty() {
        return Ok(vec![Grant { role, tenant: None }]);
    }
    let mut grants = Vec::new();
    for text in tenants {
        let tenant = find_tenant(house, text).await?;
        grants.push(Grant { role, tenant: Some(tenant.id) });
    }
    Ok(grants)
}

async fn create(
    house: &House,
    name: &str,
    grants: Vec<Grant>,
    password: &Password,
    output: Output,
) -> Result<()> {
    let created = house.directory.create_operator(house.caller(), name, &password.text, grants).await;
    let operator = created.map_err(failure)?;
    let mut document = summary(&operator);
    if let Some(password) = password.shown() {
        document["password"] = password.into();
    }
    output.answer(&document, || {
        let mut rows = vec![
            ("id", operator.id.clone()),
            ("name", operator.name.clone()),
            ("roles", roles(&operator)),
            ("console", house.directory.public_url().as_str().to_owned()),
        ];
        if let Some(password) = password.shown() {
            rows.push(("password", format!("{password}   (not shown again)")));
        }
        facts(&rows)
    });
    Ok(())
}

async fn list(house: &House, output: Output) -> Result<()> {
    let operators = house.directory.operators().await.map_err(failure)?;
    let document: Vec<_> = operators.iter().map(summary).collect();
    output.answer(&Value::Array(document), || {
        if operators.is_empty() {
            return "no operators yet; make one: muster operator create NAME".to_owned();
        }
        let state = |o: &Operator| if o.disabled { "disabled" } else { "enabled" }.to_owned();
        table(
            ["Id", "Name", "Roles", "State", "Created"],
            operators
                .iter()
                .map(|o| [o.id.clone(), o.name.clone(), roles(o), state(o), o.created.to_string()]),
        )
    });
    Ok(())
}

async fn set_password(house: &House, operator: &Operator, password: &Password, output: Output) -> Result<()> {
    house.directory.set_password(house.caller(), &operator.id, &password.text).await.map_err(failure)?;
    let mut document = json!({ "id": operator.id, "name": operator.name });
    if let Some(password) = password.shown() {
        document["password"] = password.into();
    }
    output.answer(&document, || {
        let done = format!("the password of {} is changed; its sessions have ended", operator.name);
        match password.shown() {
            Some(password) => format!("{done}\n\npassword: {password}   (not shown again)"),
            None => done,
        }
    });
    Ok(())
}

fn summary(operator: &Operator) -> Value {
    let roles: Vec<_> = operator
        .grants
        .iter()
        .map(|grant| json!({ "role": grant.role.as_str(), "tenant_id": grant.tenant.as_ref().map(ToString::to_string) }))
        .collect();
    json!({
        "id": operator.id,
        "name": operator.name,
        "roles": roles,
        "disabled": operator.disabled,
        "created_at": operator.created.to_string(),
    })
}

fn roles(operator: &Operator) -> String {
    let roles: Vec<_> = operator
        .grants
        .iter()
        .map(|grant| match &grant.tenant {
            Some(tenant) => format!("{} of {tenant}", grant.role.title()),
            None => grant.role.title().to_owned(),
        })
        .collect();
    roles.join(", ")
}
