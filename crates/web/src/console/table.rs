//! Every page of the console and who may open it. The router is made of this table, and the inventory and the role tests
//! read it: a page that is not here does not exist.

use std::pin::Pin;
use std::sync::Arc;

use directory::Permission as P;
use http::Method;

use super::answer::Answer;
use super::page::{
    application, application_list, application_new, application_properties, application_roles,
    assignment_add, assignment_list, assignment_picker, audit_log, deleted, group, group_form, group_list,
    group_members, home, key_form, key_list, limits, operator_form, operator_list, profile,
    provisioning_configuration, provisioning_expression, provisioning_log, provisioning_log_entry,
    provisioning_log_identity, provisioning_mapping, provisioning_on_demand, provisioning_overview,
    provisioning_plan, provisioning_plan_detail, provisioning_properties, provisioning_scoping, request_log,
    scim_configuration, sign_in, tenant_basic, tenant_list, user, user_form, user_list, validator_compare,
    validator_form, validator_list, validator_report, validator_run, welcome,
};
use super::visit::{Desk, Guest, Visit};

type Shown = Pin<Box<dyn Future<Output = Answer> + Send>>;
pub(super) type DeskPage = fn(Arc<Desk>) -> Shown;

/// What a page is given, which is also who may open it.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// Anybody.
    Open(fn(Arc<Guest>) -> Shown),
    /// A signed-in operator, no tenant.
    Visit(fn(Arc<Visit>) -> Shown),
    /// An operator in a tenant they may see, with a permission.
    Desk(Need, DeskPage),
}

/// The permission a page of a tenant asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    InTenant(P),
    /// In every tenant, those to come included.
    Everywhere(P),
}

/// One method of one path.
pub(super) struct Endpoint {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) run: Run,
}

macro_rules! endpoints {
    ($($method:ident $path:literal $kind:ident $(($need:ident $permission:ident))? $page:path;)*) => {
        pub(super) static ENDPOINTS: &[Endpoint] = &[$(Endpoint {
            method: Method::$method,
            path: $path,
            run: endpoints!(@run $kind $(($need $permission))? $page),
        },)*];
    };
    (@run Desk ($need:ident $permission:ident) $page:path) => {
        Run::Desk(Need::$need(P::$permission), |given| Box::pin($page(given)))
    };
    (@run $kind:ident $page:path) => { Run::$kind(|given| Box::pin($page(given))) };
}

endpoints! {
    GET  "/" Visit welcome::start;
    GET  "/sign-in" Open sign_in::show;
    POST "/sign-in" Open sign_in::send;
    POST "/sign-out" Visit sign_in::sign_out;
    GET  "/switch" Visit welcome::switch;
    GET  "/welcome" Visit welcome::show;
    POST "/welcome" Visit welcome::create;

    GET  "/t/{tenant}" Desk(InTenant Read) home::show;

    GET  "/t/{tenant}/users" Desk(InTenant Read) user_list::show;
    GET  "/t/{tenant}/users/new" Desk(InTenant ManageDirectory) user_form::new;
    POST "/t/{tenant}/users/new" Desk(InTenant ManageDirectory) user_form::create;
    GET  "/t/{tenant}/users/deleted" Desk(InTenant Read) deleted::users;
    GET  "/t/{tenant}/users/{id}" Desk(InTenant Read) user::overview;
    GET  "/t/{tenant}/users/{id}/groups" Desk(InTenant Read) user::groups;
    GET  "/t/{tenant}/users/{id}/applications" Desk(InTenant Read) user::applications;
    GET  "/t/{tenant}/users/{id}/history" Desk(InTenant Read) user::history;
    GET  "/t/{tenant}/users/{id}/requests" Desk(InTenant Read) user::requests;
    GET  "/t/{tenant}/users/{id}/edit" Desk(InTenant ManageDirectory) user_form::edit;
    POST "/t/{tenant}/users/{id}/edit" Desk(InTenant ManageDirectory) user_form::save;
    GET  "/t/{tenant}/users/{id}/json" Desk(InTenant ManageDirectory) user_form::edit_json;
    POST "/t/{tenant}/users/{id}/json" Desk(InTenant ManageDirectory) user_form::save_json;
    POST "/t/{tenant}/users/{id}/activate" Desk(InTenant ManageDirectory) user::activate;
    GET  "/t/{tenant}/users/{id}/deactivate" Desk(InTenant ManageDirectory) user::ask_deactivate;
    POST "/t/{tenant}/users/{id}/deactivate" Desk(InTenant ManageDirectory) user::deactivate;
    GET  "/t/{tenant}/users/{id}/delete" Desk(InTenant ManageDirectory) user::ask_delete;
    POST "/t/{tenant}/users/{id}/delete" Desk(InTenant ManageDirectory) user::delete;
    POST "/t/{tenant}/users/{id}/restore" Desk(InTenant ManageDirectory) deleted::restore_user;
    GET  "/t/{tenant}/users/{id}/purge" Desk(InTenant ManageDirectory) deleted::ask_purge_user;
    POST "/t/{tenant}/users/{id}/purge" Desk(InTenant ManageDirectory) deleted::purge_user;

    GET  "/t/{tenant}/groups" Desk(InTenant Read) group_list::show;
    GET  "/t/{tenant}/groups/new" Desk(InTenant ManageDirectory) group_form::new;
    POST "/t/{tenant}/groups/new" Desk(InTenant ManageDirectory) group_form::create;
    GET  "/t/{tenant}/groups/deleted" Desk(InTenant Read) deleted::groups;
    GET  "/t/{tenant}/groups/{id}" Desk(InTenant Read) group::overview;
    GET  "/t/{tenant}/groups/{id}/members" Desk(InTenant Read) group_members::show;
    GET  "/t/{tenant}/groups/{id}/members/add" Desk(InTenant ManageDirectory) group_members::pick;
    POST "/t/{tenant}/groups/{id}/members/add" Desk(InTenant ManageDirectory) group_members::add;
    POST "/t/{tenant}/groups/{id}/members/remove" Desk(InTenant ManageDirectory) group_members::remove;
    GET  "/t/{tenant}/groups/{id}/applications" Desk(InTenant Read) group::applications;
    GET  "/t/{tenant}/groups/{id}/history" Desk(InTenant Read) group::history;
    GET  "/t/{tenant}/groups/{id}/requests" Desk(InTenant Read) group::requests;
    GET  "/t/{tenant}/groups/{id}/edit" Desk(InTenant ManageDirectory) group_form::edit;
    POST "/t/{tenant}/groups/{id}/edit" Desk(InTenant ManageDirectory) group_form::save;
    GET  "/t/{tenant}/groups/{id}/delete" Desk(InTenant ManageDirectory) group::ask_delete;
    POST "/t/{tenant}/groups/{id}/delete" Desk(InTenant ManageDirectory) group::delete;
    POST "/t/{tenant}/groups/{id}/restore" Desk(InTenant ManageDirectory) deleted::restore_group;
    GET  "/t/{tenant}/groups/{id}/purge" Desk(InTenant ManageDirectory) deleted::ask_purge_group;
    POST "/t/{tenant}/groups/{id}/purge" Desk(InTenant ManageDirectory) deleted::purge_group;

    GET  "/t/{tenant}/apps" Desk(InTenant Read) application_list::show;
    GET  "/t/{tenant}/apps/new" Desk(InTenant ManageApplications) application_new::gallery;
    GET  "/t/{tenant}/apps/new/own" Desk(InTenant ManageApplications) application_new::own_form;
    POST "/t/{tenant}/apps/new/own" Desk(InTenant ManageApplications) application_new::create;
    GET  "/t/{tenant}/apps/{id}" Desk(InTenant Read) application::show;
    GET  "/t/{tenant}/apps/{id}/properties" Desk(InTenant Read) application_properties::show;
    POST "/t/{tenant}/apps/{id}/properties" Desk(InTenant ManageApplications) application_properties::save;
    GET  "/t/{tenant}/apps/{id}/delete" Desk(InTenant ManageApplications) application_properties::ask_delete;
    POST "/t/{tenant}/apps/{id}/delete" Desk(InTenant ManageApplications) application_properties::delete;
    GET  "/t/{tenant}/apps/{id}/roles" Desk(InTenant Read) application_roles::show;
    GET  "/t/{tenant}/apps/{id}/roles/new" Desk(InTenant ManageApplications) application_roles::new;
    POST "/t/{tenant}/apps/{id}/roles/new" Desk(InTenant ManageApplications) application_roles::create;
    GET  "/t/{tenant}/apps/{id}/roles/{role}/edit" Desk(InTenant ManageApplications) application_roles::edit;
    POST "/t/{tenant}/apps/{id}/roles/{role}/edit" Desk(InTenant ManageApplications) application_roles::apply;
    GET  "/t/{tenant}/apps/{id}/roles/{role}/delete" Desk(InTenant ManageApplications) application_roles::ask_delete;
    POST "/t/{tenant}/apps/{id}/roles/{role}/delete" Desk(InTenant ManageApplications) application_roles::delete;
    GET  "/t/{tenant}/apps/{id}/users" Desk(InTenant Read) assignment_list::show;
    GET  "/t/{tenant}/apps/{id}/users/add" Desk(InTenant ManageApplications) assignment_add::new;
    POST "/t/{tenant}/apps/{id}/users/add" Desk(InTenant ManageApplications) assignment_add::assign;
    POST "/t/{tenant}/apps/{id}/users/pick" Desk(InTenant ManageApplications) assignment_picker::show;
    POST "/t/{tenant}/apps/{id}/users/selected" Desk(InTenant ManageApplications) assignment_add::selected;
    POST "/t/{tenant}/apps/{id}/users/remove" Desk(InTenant ManageApplications) assignment_list::remove;

    GET  "/t/{tenant}/apps/{id}/provisioning" Desk(InTenant Read) provisioning_overview::show;
    GET  "/t/{tenant}/apps/{id}/provisioning/events" Desk(InTenant Read) provisioning_overview::events;
    POST "/t/{tenant}/apps/{id}/provisioning/start" Desk(InTenant ManageApplications) provisioning_overview::start;
    POST "/t/{tenant}/apps/{id}/provisioning/stop" Desk(InTenant ManageApplications) provisioning_overview::stop;
    GET  "/t/{tenant}/apps/{id}/provisioning/restart" Desk(InTenant ManageApplications) provisioning_overview::ask_restart;
    POST "/t/{tenant}/apps/{id}/provisioning/restart" Desk(InTenant ManageApplications) provisioning_overview::restart;
    GET  "/t/{tenant}/apps/{id}/provisioning/allow-deletes" Desk(InTenant ManageApplications) provisioning_overview::ask_deletes;
    POST "/t/{tenant}/apps/{id}/provisioning/allow-deletes" Desk(InTenant ManageApplications) provisioning_overview::allow_deletes;
    GET  "/t/{tenant}/apps/{id}/provisioning/configuration" Desk(InTenant ManageApplications) provisioning_configuration::show;
    POST "/t/{tenant}/apps/{id}/provisioning/configuration" Desk(InTenant ManageApplications) provisioning_configuration::save;
    POST "/t/{tenant}/apps/{id}/provisioning/configuration/test" Desk(InTenant ManageApplications) provisioning_configuration::test;
    GET  "/t/{tenant}/apps/{id}/provisioning/mapping" Desk(InTenant Read) provisioning_mapping::show;
    GET  "/t/{tenant}/apps/{id}/provisioning/mapping/restore" Desk(InTenant ManageApplications) provisioning_mapping::ask_restore;
    POST "/t/{tenant}/apps/{id}/provisioning/mapping/restore" Desk(InTenant ManageApplications) provisioning_mapping::restore;
    GET  "/t/{tenant}/apps/{id}/provisioning/mapping/{kind}" Desk(InTenant Read) provisioning_mapping::one;
    POST "/t/{tenant}/apps/{id}/provisioning/mapping/{kind}" Desk(InTenant ManageApplications) provisioning_mapping::send;
    GET  "/t/{tenant}/apps/{id}/provisioning/scope" Desk(InTenant Read) provisioning_scoping::show;
    GET  "/t/{tenant}/apps/{id}/provisioning/expression" Desk(InTenant Read) provisioning_expression::show;
    POST "/t/{tenant}/apps/{id}/provisioning/expression" Desk(InTenant Read) provisioning_expression::send;
    GET  "/t/{tenant}/apps/{id}/provisioning/properties" Desk(InTenant Read) provisioning_properties::show;
    GET  "/t/{tenant}/apps/{id}/provisioning/properties/edit" Desk(InTenant ManageApplications) provisioning_properties::edit;
    POST "/t/{tenant}/apps/{id}/provisioning/properties/edit" Desk(InTenant ManageApplications) provisioning_properties::apply;
    GET  "/t/{tenant}/apps/{id}/provisioning/on-demand" Desk(InTenant ManageApplications) provisioning_on_demand::show;
    POST "/t/{tenant}/apps/{id}/provisioning/on-demand" Desk(InTenant ManageApplications) provisioning_on_demand::provision;
    GET  "/t/{tenant}/apps/{id}/provisioning/plan" Desk(InTenant Read) provisioning_plan::show;
    POST "/t/{tenant}/apps/{id}/provisioning/plan" Desk(InTenant ManageApplications) provisioning_plan::compute;
    GET  "/t/{tenant}/apps/{id}/provisioning/plan/events" Desk(InTenant Read) provisioning_plan::events;
    GET  "/t/{tenant}/apps/{id}/provisioning/plan/{plan}" Desk(InTenant Read) provisioning_plan_detail::show;
    GET  "/t/{tenant}/apps/{id}/provisioning/plan/{plan}/apply" Desk(InTenant ManageApplications) provisioning_plan::ask_apply;
    POST "/t/{tenant}/apps/{id}/provisioning/plan/{plan}/apply" Desk(InTenant ManageApplications) provisioning_plan::apply;
    GET  "/t/{tenant}/apps/{id}/provisioning/logs" Desk(InTenant Read) provisioning_log::show;
    GET  "/t/{tenant}/apps/{id}/provisioning/logs/download" Desk(InTenant Read) provisioning_log::download;
    GET  "/t/{tenant}/apps/{id}/provisioning/logs/{number}" Desk(InTenant Read) provisioning_log_entry::show;

    GET  "/t/{tenant}/keys" Desk(InTenant Read) key_list::show;
    GET  "/t/{tenant}/keys/new" Desk(InTenant ManageKeys) key_form::new;
    POST "/t/{tenant}/keys/new" Desk(InTenant ManageKeys) key_form::create;
    GET  "/t/{tenant}/keys/{id}/revoke" Desk(InTenant ManageKeys) key_list::ask_revoke;
    POST "/t/{tenant}/keys/{id}/revoke" Desk(InTenant ManageKeys) key_list::revoke;
    GET  "/t/{tenant}/keys/{id}/rotate" Desk(InTenant ManageKeys) key_form::ask_rotate;
    POST "/t/{tenant}/keys/{id}/rotate" Desk(InTenant ManageKeys) key_form::rotate;

    GET  "/t/{tenant}/logs" Desk(InTenant Read) request_log::start;
    GET  "/t/{tenant}/logs/requests" Desk(InTenant Read) request_log::show;
    GET  "/t/{tenant}/logs/requests/{number}" Desk(InTenant Read) request_log::one;
    GET  "/t/{tenant}/logs/provisioning" Desk(InTenant Read) provisioning_log::of_tenant;
    GET  "/t/{tenant}/logs/provisioning/identities" Desk(InTenant Read) provisioning_log_identity::suggest;
    GET  "/t/{tenant}/logs/provisioning/download" Desk(InTenant Read) provisioning_log::download_of_tenant;
    GET  "/t/{tenant}/logs/provisioning/{number}" Desk(InTenant Read) provisioning_log_entry::of_tenant;
    GET  "/t/{tenant}/logs/audit" Desk(InTenant Read) audit_log::show;
    GET  "/t/{tenant}/logs/audit/verify" Desk(InTenant Read) audit_log::verify;
    GET  "/t/{tenant}/logs/audit/{number}" Desk(InTenant Read) audit_log::one;
    GET  "/t/{tenant}/logs/system" Desk(Everywhere ManageOperators) audit_log::system;

    GET  "/t/{tenant}/validator" Desk(InTenant Read) validator_list::show;
    GET  "/t/{tenant}/validator/new" Desk(InTenant ManageSettings) validator_form::new;
    POST "/t/{tenant}/validator/new" Desk(InTenant ManageSettings) validator_form::create;
    GET  "/t/{tenant}/validator/own/new" Desk(InTenant ManageSettings) validator_form::new_own;
    POST "/t/{tenant}/validator/own/new" Desk(InTenant ManageSettings) validator_form::create_own;
    GET  "/t/{tenant}/validator/compare" Desk(InTenant Read) validator_compare::show;
    GET  "/t/{tenant}/validator/{id}" Desk(InTenant Read) validator_run::one;
    GET  "/t/{tenant}/validator/{id}/events" Desk(InTenant Read) validator_run::events;
    POST "/t/{tenant}/validator/{id}/stop" Desk(InTenant ManageSettings) validator_run::stop;
    GET  "/t/{tenant}/validator/{id}/download" Desk(InTenant Read) validator_report::download;
    GET  "/t/{tenant}/validator/{id}/delete" Desk(InTenant ManageSettings) validator_list::ask_delete;
    POST "/t/{tenant}/validator/{id}/delete" Desk(InTenant ManageSettings) validator_list::delete;

    GET  "/t/{tenant}/config" Desk(InTenant Read) tenant_basic::start;
    GET  "/t/{tenant}/config/basic" Desk(InTenant Read) tenant_basic::show;
    POST "/t/{tenant}/config/basic" Desk(InTenant ManageSettings) tenant_basic::rename;
    GET  "/t/{tenant}/config/scim" Desk(InTenant Read) scim_configuration::show;
    GET  "/t/{tenant}/config/limits" Desk(InTenant Read) limits::show;
    POST "/t/{tenant}/config/limits" Desk(InTenant ManageSettings) limits::save;
    GET  "/t/{tenant}/config/operators" Desk(Everywhere ManageOperators) operator_list::show;
    GET  "/t/{tenant}/config/operators/new" Desk(Everywhere ManageOperators) operator_form::new;
    POST "/t/{tenant}/config/operators/new" Desk(Everywhere ManageOperators) operator_form::create;
    GET  "/t/{tenant}/config/operators/{id}" Desk(Everywhere ManageOperators) operator_form::one;
    POST "/t/{tenant}/config/operators/{id}/grant" Desk(Everywhere ManageOperators) operator_form::grant;
    POST "/t/{tenant}/config/operators/{id}/revoke" Desk(Everywhere ManageOperators) operator_form::revoke;
    POST "/t/{tenant}/config/operators/{id}/password" Desk(Everywhere ManageOperators) operator_form::set_password;
    POST "/t/{tenant}/config/operators/{id}/disable" Desk(Everywhere ManageOperators) operator_form::disable;
    GET  "/t/{tenant}/config/tenants" Desk(Everywhere ManageTenants) tenant_list::show;
    GET  "/t/{tenant}/config/tenants/new" Desk(Everywhere ManageTenants) tenant_list::new;
    POST "/t/{tenant}/config/tenants/new" Desk(Everywhere ManageTenants) tenant_list::create;
    GET  "/t/{tenant}/config/delete" Desk(Everywhere ManageTenants) tenant_basic::ask_delete;
    POST "/t/{tenant}/config/delete" Desk(Everywhere ManageTenants) tenant_basic::delete;

    GET  "/t/{tenant}/profile" Desk(InTenant Read) profile::show;
    POST "/t/{tenant}/profile/password" Desk(InTenant Read) profile::change_password;
    POST "/t/{tenant}/profile/sessions" Desk(InTenant Read) profile::end_sessions;
    GET  "/t/{tenant}/profile/keys/new" Desk(InTenant Read) key_form::new;
    POST "/t/{tenant}/profile/keys/new" Desk(InTenant Read) key_form::create;
}
