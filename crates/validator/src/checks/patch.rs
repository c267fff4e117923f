//! PATCH as RFC 7644 §3.5.2 has it, and as Entra (default dialect and aadOptscim062020) and Okta send it.

use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need, Profile};
use crate::probe::{Made, Probe};
use crate::value::has;
use crate::verdict::{Outcome, deviates, ensure};

use super::patching::{Patching, Read};

const PATCH: &[Need] = &[Need::Check("patch-replace")];
const RETRIED: &str =
    "Entra repeats the same PATCH every cycle; whatever else is in it, a deactivation too, is not done.";
const OKTA: &str = "Okta reports the push as failed and the profile stays as it was.";
const LOST: &str = "The change is answered as done and is not: the difference stays for ever.";
const NAME: &[Need] =
    &[Need::Check("patch-replace"), Need::User("name.familyName"), Need::User("name.givenName")];
const EMAILS: &[Need] =
    &[Need::Check("patch-replace"), Need::User("emails.value"), Need::User("emails.type")];
const PRIMARY: &[Need] = &[Need::Check("patch-replace"), Need::User("emails.primary")];
const DEPARTMENT: &[Need] = &[
    Need::Check("patch-replace"),
    Need::User("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"),
];
const ADDRESSES: &[Need] = &[Need::Check("patch-replace"), Need::User("addresses.formatted")];
const ACTIVE: &[Need] = &[Need::Check("patch-replace"), Need::User("active")];
const ROLES: &[Need] = &[Need::Check("patch-replace"), Need::User("roles.value")];
const ALL3: &[Profile] = &[Profile::Rfc, Profile::Entra, Profile::Okta];
const ENTRA: &[Profile] = &[Profile::Entra];
const BOTH: &[Profile] = &[Profile::Entra, Profile::Okta];

/// A user made with `start` is patched with `operations`; then each path has its value, or with `null` none.
/// `PLAIN` and `OTHER` stand for two simple string attributes.
macro_rules! patch {
    ($id:literal, $name:literal, $level:ident, $clause:literal, $needs:expr, $profiles:expr, $why:expr,
     $start:tt, $operations:tt, [$(($path:literal, $value:tt)),* $(,)?]) => {
        Check::new($id, $name, $level, $clause)
            .what(concat!("PATCH ", stringify!($operations), ", then GET."))
            .why($why)
            .needs($needs)
            .for_profiles($profiles)
            .run(|p| Box::pin(async move {
                patched(p, json!($start), json!($operations), vec![$(($path, json!($value))),*]).await
            }))
    };
}

pub(super) const CHECKS: &[Check] = &[
    // ---- the RFC's own ----
    patch!("patch-replace", "replace of an attribute", Must, "RFC 7644 §3.5.2.3", &[Need::Check("user-read"), Need::Patch], ALL3, RETRIED,
        {"PLAIN": "Before"}, [{"op": "replace", "path": "PLAIN", "value": "After"}], [("PLAIN", "After")]),
    patch!("patch-add", "add of an attribute without a value", Must, "RFC 7644 §3.5.2.1", PATCH, ALL3, RETRIED,
        {}, [{"op": "add", "path": "PLAIN", "value": "New"}], [("PLAIN", "New")]),
    patch!("patch-add-existing", "add to a single value replaces it", Must, "RFC 7644 §3.5.2.1", PATCH, ALL3, RETRIED,
        {"PLAIN": "Before"}, [{"op": "add", "path": "PLAIN", "value": "After"}], [("PLAIN", "After")]),
    patch!("patch-remove", "remove of an attribute", Must, "RFC 7644 §3.5.2.2", PATCH, ALL3, LOST,
        {"PLAIN": "Before"}, [{"op": "remove", "path": "PLAIN"}], [("PLAIN", null)]),
    patch!("patch-replace-missing", "replace of an attribute without a value adds it", Must, "RFC 7644 §3.5.2.3", PATCH, ALL3, RETRIED,
        {}, [{"op": "replace", "path": "PLAIN", "value": "New"}], [("PLAIN", "New")]),
    patch!("patch-no-path", "add without a path", Must, "RFC 7644 §3.5.2.1", PATCH, ALL3, OKTA,
        {"PLAIN": "Before"}, [{"op": "add", "value": {"PLAIN": "After", "OTHER": "New"}}], [("PLAIN", "After"), ("OTHER", "New")]),
    patch!("patch-replace-no-path", "replace without a path", Must, "RFC 7644 §3.5.2.3", PATCH, ALL3, OKTA,
        {"PLAIN": "Before", "OTHER": "Stays"}, [{"op": "replace", "value": {"PLAIN": "After"}}], [("PLAIN", "After"), ("OTHER", "Stays")]),
    patch!("patch-several", "Several operations", Must, "RFC 7644 §3.5.2", PATCH, ALL3, RETRIED,
        {"PLAIN": "Before"}, [{"op": "replace", "path": "PLAIN", "value": "After"}, {"op": "add", "path": "OTHER", "value": "New"}],
        [("PLAIN", "After"), ("OTHER", "New")]),
    patch!("patch-order", "Operations apply in order", Must, "RFC 7644 §3.5.2", PATCH, ALL3, LOST,
        {"PLAIN": "One"}, [{"op": "remove", "path": "PLAIN"}, {"op": "add", "path": "PLAIN", "value": "Two"}, {"op": "replace", "path": "PLAIN", "value": "Three"}],
        [("PLAIN", "Three")]),
    patch!("patch-path-case", "Paths are read without case", Must, "RFC 7643 §2.1", NAME, ALL3, RETRIED,
        {"name": {"familyName": "Before"}}, [{"op": "replace", "path": "NAME.FAMILYNAME", "value": "After"}], [("name.familyName", "After")]),
    patch!("patch-urn-path", "A path may begin with the core URN", Must, "RFC 7644 §3.5.2, §3.10", PATCH, ALL3, RETRIED,
        {}, [{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:PLAIN", "value": "After"}], [("PLAIN", "After")]),
    patch!("patch-sub", "replace of a sub-attribute keeps the others", Must, "RFC 7644 §3.5.2.3", NAME, ALL3, LOST,
        {"name": {"familyName": "Roe", "givenName": "Ida"}}, [{"op": "replace", "path": "name.familyName", "value": "Lee"}],
        [("name.familyName", "Lee"), ("name.givenName", "Ida")]),
    patch!("patch-complex-merges", "A complex value changes only what it names", Must, "RFC 7644 §3.5.2.3", NAME, ALL3, LOST,
        {"name": {"familyName": "Roe", "givenName": "Ida"}}, [{"op": "replace", "path": "name", "value": {"familyName": "Lee"}}],
        [("name.familyName", "Lee"), ("name.givenName", "Ida")]),
    patch!("patch-no-path-nested", "A value without path merges nested objects", Must, "RFC 7644 §3.5.2.1", NAME, ALL3, OKTA,
        {"name": {"familyName": "Roe", "givenName": "Ida"}}, [{"op": "add", "value": {"name": {"familyName": "Lee"}}}],
        [("name.familyName", "Lee"), ("name.givenName", "Ida")]),
    patch!("patch-sub-remove", "remove of a sub-attribute keeps the others", Must, "RFC 7644 §3.5.2.2", NAME, ALL3, LOST,
        {"name": {"familyName": "Roe", "givenName": "Ida"}}, [{"op": "remove", "path": "name.givenName"}],
        [("name.familyName", "Roe"), ("name.givenName", null)]),
    patch!("patch-extension", "An extension's attribute by URN", Must, "RFC 7644 §3.5.2, §3.10", DEPARTMENT, ALL3, RETRIED,
        {}, [{"op": "add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Ops"}],
        [("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "Ops")]),
    patch!("patch-extension-remove", "remove of an extension's attribute", Must, "RFC 7644 §3.5.2.2", DEPARTMENT, ALL3, LOST,
        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Ops"}},
        [{"op": "remove", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"}],
        [("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", null)]),
    patch!("patch-extension-object", "A value without path has an extension object", Must, "RFC 7644 §3.5.2.1", DEPARTMENT, ALL3, OKTA,
        {}, [{"op": "add", "value": {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Ops"}}}],
        [("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "Ops")]),
    // ---- multi-valued ----
    patch!("patch-multi-add", "add to a multi-valued attribute appends", Must, "RFC 7644 §3.5.2.1", EMAILS, ALL3, LOST,
        {"emails": [{"type": "work", "value": "w@example.com"}]}, [{"op": "add", "path": "emails", "value": [{"type": "home", "value": "h@example.com"}]}],
        [("emails[type eq \"work\"].value", "w@example.com"), ("emails[type eq \"home\"].value", "h@example.com")]),
    patch!("patch-multi-replace", "replace of a multi-valued attribute replaces all values", Must, "RFC 7644 §3.5.2.3", EMAILS, ALL3, LOST,
        {"emails": [{"type": "work", "value": "w@example.com"}]}, [{"op": "replace", "path": "emails", "value": [{"type": "home", "value": "h@example.com"}]}],
        [("emails[type eq \"work\"]", null), ("emails[type eq \"home\"].value", "h@example.com")]),
    patch!("patch-multi-remove", "remove of a multi-valued attribute removes all values", Must, "RFC 7644 §3.5.2.2", EMAILS, ALL3, LOST,
        {"emails": [{"type": "work", "value": "w@example.com"}]}, [{"op": "remove", "path": "emails"}], [("emails", null)]),
    patch!("patch-filter-replace", "replace through a filter changes that element's value", Must, "RFC 7644 §3.5.2.3", EMAILS, ALL3, RETRIED,
        {"emails": [{"type": "work", "value": "w@example.com"}, {"type": "home", "value": "h@example.com"}]},
        [{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@example.com"}],
        [("emails[type eq \"work\"].value", "new@example.com"), ("emails[type eq \"home\"].value", "h@example.com")]),
    patch!("patch-filter-element", "replace through a filter of a whole element", Must, "RFC 7644 §3.5.2.3", EMAILS, ALL3, LOST,
        {"emails": [{"type": "work", "value": "w@example.com"}, {"type": "home", "value": "h@example.com"}]},
        [{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"type": "work", "value": "new@example.com"}}],
        [("emails[type eq \"work\"].value", "new@example.com"), ("emails[type eq \"home\"].value", "h@example.com")]),
    patch!("patch-filter-remove", "remove through a filter removes that element", Must, "RFC 7644 §3.5.2.2", EMAILS, ALL3, LOST,
        {"emails": [{"type": "work", "value": "w@example.com"}, {"type": "home", "value": "h@example.com"}]},
        [{"op": "remove", "path": "emails[type eq \"work\"]"}],
        [("emails[type eq \"work\"]", null), ("emails[type eq \"home\"].value", "h@example.com")]),
    patch!("patch-filter-and", "A filter in a path may have and", Must, "RFC 7644 §3.5.2", EMAILS, ALL3, LOST,
        {"emails": [{"type": "work", "value": "w@example.com"}, {"type": "work", "value": "v@example.com"}]},
        [{"op": "remove", "path": "emails[type eq \"work\" and value eq \"w@example.com\"]"}],
        [("emails[value eq \"w@example.com\"]", null), ("emails[value eq \"v@example.com\"].value", "v@example.com")]),
    patch!("patch-primary-moves", "A new primary takes over", Must, "RFC 7644 §3.5.2", PRIMARY, ALL3,
        "A user has two primary addresses, and mail goes to the old one.",
        {"emails": [{"type": "work", "value": "w@example.com", "primary": true}, {"type": "home", "value": "h@example.com"}]},
        [{"op": "add", "path": "emails", "value": [{"type": "other", "value": "o@example.com", "primary": true}]}],
        [("emails[primary eq true].value", "o@example.com")]),
    patch!("patch-primary-by-filter", "primary true through a filter takes over", Must, "RFC 7644 §3.5.2", PRIMARY, ALL3,
        "A user has two primary addresses, and mail goes to the old one.",
        {"emails": [{"type": "work", "value": "w@example.com", "primary": true}, {"type": "home", "value": "h@example.com"}]},
        [{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}],
        [("emails[primary eq true].value", "h@example.com")]),
    Check::new(
        "patch-primary-single",
        "At most one value is primary",
        Must,
        "RFC 7643 §2.4, RFC 7644 §3.5.2",
    )
    .what("After adding a second primary e-mail, one element has primary true.")
    .why("Mail goes to the old address.")
    .needs(PRIMARY)
    .run(|p| Box::pin(primary_single(p))),
    Check::new(
        "patch-no-duplicates",
        "add of a value that is there changes nothing",
        Should,
        "RFC 7644 §3.5.2.1",
    )
    .what("PATCH add of an e-mail that the user has: it is there once.")
    .why("Entra and Okta repeat requests; values pile up.")
    .needs(EMAILS)
    .run(|p| Box::pin(no_duplicates(p))),
    // ---- refusals ----
    Check::new("patch-atomic", "A PATCH is done whole or not at all", Must, "RFC 7644 §3.5.2")
        .what("PATCH of a good operation and one on id: when it is refused, the good one has not happened.")
        .why("The client believes nothing happened, and something did.")
        .needs(PATCH)
        .run(|p| Box::pin(atomic(p))),
    Check::new("patch-read-only", "PATCH cannot change id or meta", Must, "RFC 7644 §3.5.2, mutability")
        .what("PATCH replace of id and of meta.created: both stay.")
        .why("A client could take the place of another resource.")
        .needs(PATCH)
        .run(|p| Box::pin(read_only(p))),
    Check::new("patch-remove-required", "userName cannot be removed", Must, "RFC 7644 §3.5.2.2 mutability")
        .what("PATCH remove of userName answers 400 and the name stays.")
        .why("A user that cannot be found again is created a second time.")
        .needs(PATCH)
        .run(|p| Box::pin(remove_required(p))),
    Check::new(
        "patch-remove-no-path",
        "remove without a path is refused",
        Must,
        "RFC 7644 §3.5.2.2 noTarget",
    )
    .what("PATCH remove without path answers 400.")
    .why("The client believes something was removed.")
    .needs(PATCH)
    .run(|p| Box::pin(refused(p, json!([{ "op": "remove" }]), "remove without a path"))),
    Check::new("patch-unknown-op", "An unknown op is refused", Must, "RFC 7644 §3.5.2, §3.12 invalidSyntax")
        .what("PATCH with op move answers 400.")
        .why("The client believes something was done.")
        .needs(PATCH)
        .run(|p| {
            Box::pin(refused(
                p,
                json!([{ "op": "move", "path": "displayName", "value": "x" }]),
                "an unknown op",
            ))
        }),
    Check::new("patch-bad-path", "A broken path is refused", Must, "RFC 7644 §3.12 invalidPath")
        .what("PATCH with the path emails[type eq answers 400.")
        .why("The client believes something was done.")
        .needs(PATCH)
        .run(|p| {
            Box::pin(refused(
                p,
                json!([{ "op": "replace", "path": "emails[type eq", "value": "x" }]),
                "a broken path",
            ))
        }),
    Check::new(
        "patch-wrong-type",
        "A value of the wrong type is refused",
        Must,
        "RFC 7644 §3.12 invalidValue",
    )
    .what("PATCH replace userName with an object answers 400.")
    .why("What is stored instead breaks every reader of that user.")
    .needs(PATCH)
    .run(|p| {
        Box::pin(refused(
            p,
            json!([{ "op": "replace", "path": "userName", "value": { "a": ["b"] } }]),
            "an object as userName",
        ))
    }),
    Check::new(
        "patch-unknown-attribute",
        "An unknown attribute is no server error",
        Should,
        "RFC 7644 §3.5.2",
    )
    .what("PATCH of an attribute no schema has is ignored or answers 400.")
    .why(RETRIED)
    .needs(PATCH)
    .run(|p| Box::pin(unknown_attribute(p))),
    Check::new("patch-unknown-user", "PATCH of an unknown id is 404", Must, "RFC 7644 §3.12")
        .what("PATCH of a random id answers 404.")
        .why("Entra does not learn that the user is gone.")
        .needs(PATCH)
        .run(|p| Box::pin(unknown_user(p))),
    Check::new("patch-answer", "The answer to PATCH is 204 or the resource", Must, "RFC 7644 §3.5.2")
        .what("200 comes with the changed resource, 204 without a body.")
        .why("Entra reads a 200 without a resource as a failure.")
        .needs(PATCH)
        .run(|p| Box::pin(answer(p))),
    Check::new("patch-conflict", "PATCH to a taken userName is 409", Must, "RFC 7644 §3.12 uniqueness")
        .what("PATCH replace userName with another user's answers 409 and changes nothing.")
        .why("Two users with one name: every match by userName finds both and fails.")
        .needs(PATCH)
        .run(|p| Box::pin(conflict(p))),
    // ---- Entra's default dialect ----
    patch!("patch-entra-op-case", "op in capitals", Entra, "Entra: use-scim, PATCH", PATCH, ENTRA, RETRIED,
        {"PLAIN": "Before"}, [{"op": "Replace", "path": "PLAIN", "value": "After"}, {"op": "Add", "path": "OTHER", "value": "New"}],
        [("PLAIN", "After"), ("OTHER", "New")]),
    patch!("patch-entra-remove-case", "Remove in capitals", Entra, "Entra: use-scim, PATCH", PATCH, ENTRA, LOST,
        {"PLAIN": "Before"}, [{"op": "Remove", "path": "PLAIN"}], [("PLAIN", null)]),
    patch!("patch-entra-add-creates", "Add through a filter that matches nothing creates the element", Entra, "Entra: use-scim, update user", EMAILS, ENTRA, RETRIED,
        {}, [{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "new@example.com"}],
        [("emails[type eq \"work\"].value", "new@example.com")]),
    patch!("patch-entra-replace-creates", "Replace through a filter that matches nothing creates the element", Entra, "Entra: use-scim, update user", EMAILS, ENTRA, RETRIED,
        {}, [{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@example.com"}],
        [("emails[type eq \"work\"].value", "new@example.com")]),
    patch!("patch-entra-creates-beside", "The created element stands beside the others", Entra, "Entra: use-scim, update user", EMAILS, ENTRA, LOST,
        {"emails": [{"type": "home", "value": "h@example.com"}]},
        [{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "w@example.com"}],
        [("emails[type eq \"work\"].value", "w@example.com"), ("emails[type eq \"home\"].value", "h@example.com")]),
    patch!("patch-entra-address", "Two sub-attributes through one filter make one element", Entra, "Entra: use-scim, update user", ADDRESSES, ENTRA, RETRIED,
        {}, [{"op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "C-03"}, {"op": "Add", "path": "addresses[type eq \"work\"].country", "value": "IE"}],
        [("addresses[type eq \"work\"].formatted", "C-03"), ("addresses[type eq \"work\"].country", "IE")]),
    patch!("patch-entra-filter-and", "A filter with and creates an element with both facts", Entra, "Entra: use-scim, update user", EMAILS, ENTRA, RETRIED,
        {}, [{"op": "Add", "path": "emails[type eq \"work\" and primary eq true].value", "value": "w@example.com"}],
        [("emails[type eq \"work\"].value", "w@example.com")]),
    patch!("patch-entra-string-boolean", "A boolean as a string", Entra, "Entra: app-provisioning, SCIM compliance", PRIMARY, ENTRA, RETRIED,
        {"emails": [{"type": "work", "value": "w@example.com"}]}, [{"op": "Replace", "path": "emails[type eq \"work\"].primary", "value": "True"}],
        [("emails[type eq \"work\"].primary", true)]),
    patch!("patch-entra-primary-string", "A filter compares primary with \"True\"", Entra, "Microsoft SCIM Validator, verbose request", PRIMARY, ENTRA, RETRIED,
        {"emails": [{"type": "work", "value": "w@example.com", "primary": true}]},
        [{"op": "replace", "path": "emails[primary eq \"True\"].value", "value": "new@example.com"}],
        [("emails[type eq \"work\"].value", "new@example.com")]),
    patch!("patch-entra-primary-boolean", "A filter compares primary with true", Entra, "Microsoft SCIM Validator, compact request", PRIMARY, ENTRA, RETRIED,
        {"emails": [{"type": "work", "value": "w@example.com", "primary": true}]},
        [{"op": "replace", "path": "emails[primary eq true].value", "value": "new@example.com"}],
        [("emails[type eq \"work\"].value", "new@example.com")]),
    patch!("patch-entra-empty-clears", "An empty string clears", Entra, "Entra gallery: SCIM_Null_Update_Test", PATCH, ENTRA, LOST,
        {"PLAIN": "Before"}, [{"op": "Replace", "path": "PLAIN", "value": ""}], [("PLAIN", null)]),
    patch!("patch-entra-null-clears", "null clears", Entra, "Entra gallery: SCIM_Null_Update_Test", PATCH, ENTRA, LOST,
        {"PLAIN": "Before"}, [{"op": "Replace", "path": "PLAIN", "value": null}], [("PLAIN", null)]),
    patch!("patch-entra-empty-element", "An empty string clears a filtered value", Entra, "Entra: reference server", EMAILS, ENTRA, LOST,
        {"emails": [{"type": "work", "value": "w@example.com"}]}, [{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": ""}],
        [("emails[type eq \"work\"].value", null)]),
    patch!("patch-entra-extra-members", "Unknown members and Operations before schemas", Entra, "Entra: requests as captured", PATCH, ENTRA, RETRIED,
        {}, [{"op": "Replace", "path": "PLAIN", "value": "After", "name": "x"}], [("PLAIN", "After")]),
    patch!("patch-entra-number", "A number for a string", Entra, "Entra: tolerance matrix, scalar types", PATCH, ENTRA, RETRIED,
        {}, [{"op": "Replace", "path": "PLAIN", "value": 4711}], [("PLAIN", "4711")]),
    patch!("patch-entra-active-with-others", "A deactivation travels with other changes", Entra, "Entra: use-scim, update user", ACTIVE, ENTRA, RETRIED,
        {"active": true}, [{"op": "Add", "path": "PLAIN", "value": "New"}, {"op": "Replace", "path": "active", "value": "False"}],
        [("PLAIN", "New"), ("active", false)]),
    patch!("patch-entra-roles-json", "A role as a JSON document in a string", Entra, "Entra: customize-application-attributes, roles", ROLES, ENTRA, RETRIED,
        {}, [{"op": "Add", "path": "roles", "value": [{"value": "{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Admin\"}"}]}], []),
    // ---- Entra with aadOptscim062020 ----
    patch!("patch-flag-dotted", "Dotted keys in a value without path", Entra, "Entra: app-provisioning, aadOptscim062020", NAME, ENTRA, RETRIED,
        {"name": {"familyName": "Roe", "givenName": "Ida"}}, [{"op": "replace", "value": {"name.familyName": "Lee", "PLAIN": "After"}}],
        [("name.familyName", "Lee"), ("name.givenName", "Ida"), ("PLAIN", "After")]),
    patch!("patch-flag-urn-keys", "URN keys in a value without path", Entra, "Entra: app-provisioning, aadOptscim062020", DEPARTMENT, ENTRA, RETRIED,
        {}, [{"op": "replace", "value": {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Ops"}}],
        [("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "Ops")]),
    patch!("patch-flag-filter-keys", "Filter keys in a value without path", Entra, "Entra: requests as captured", EMAILS, ENTRA, RETRIED,
        {"emails": [{"type": "work", "value": "w@example.com"}]}, [{"op": "replace", "value": {"emails[type eq \"work\"].value": "new@example.com"}}],
        [("emails[type eq \"work\"].value", "new@example.com")]),
    patch!("patch-flag-nested-null", "null in an extension object clears", Entra, "Entra: requests as captured", DEPARTMENT, ENTRA, LOST,
        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Ops"}},
        [{"op": "replace", "value": {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": null}}}],
        [("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", null)]),
    // ---- Okta ----
    patch!("patch-okta-profile", "A profile update without a path", Okta, "Okta: SCIM 2.0, update user", NAME, BOTH, OKTA,
        {"name": {"familyName": "Roe", "givenName": "Ida"}, "active": true},
        [{"op": "replace", "value": {"name": {"familyName": "Lee", "givenName": "Ann"}, "PLAIN": "After"}}],
        [("name.familyName", "Lee"), ("name.givenName", "Ann"), ("PLAIN", "After")]),
];

/// `PLAIN` and `OTHER` are two simple string attributes of the target's schema.
fn placed(p: &Probe, value: &Value) -> Outcome<Value> {
    let text = value.to_string();
    let needed = if text.contains("OTHER") { 2 } else { 1 };
    let names = p.plain_attributes(needed)?;
    let text = match names.get(1) {
        Some(other) => text.replace("OTHER", other),
        None => text,
    };
    serde_json::from_str(&text.replace("PLAIN", &names[0]))
        .map_err(|e| crate::verdict::cannot_judge(e.to_string()))
}

async fn patched(
    p: &mut Probe,
    start: Value,
    operations: Value,
    expected: Vec<(&'static str, Value)>,
) -> Outcome {
    let all = json!([start, operations, expected.iter().map(|(path, _)| path).collect::<Vec<_>>()]);
    // The three together, so that each stands for the same attribute everywhere.
    let needs_plain = all.to_string().contains("PLAIN");
    let all = if needs_plain { placed(p, &all)? } else { all };
    let paths = all[2].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let expected = paths.zip(expected.into_iter().map(|(_, value)| value)).collect();
    let body = p.user_body_with(all[0].clone());
    let operations = all[1].as_array().cloned().unwrap_or_default();
    Patching { body, operations, expected, read: Read::Get }.judge(p).await
}

async fn mailed(p: &mut Probe) -> Outcome<Made> {
    p.user_with(json!({ "emails": [
        { "type": "work", "value": "w@example.com", "primary": true },
        { "type": "home", "value": "h@example.com" },
    ] }))
    .await
}

fn primaries(body: &Value) -> usize {
    let emails = crate::value::at(body, "emails").and_then(Value::as_array);
    emails.into_iter().flatten().filter(|e| e["primary"] == json!(true)).count()
}

async fn primary_single(p: &mut Probe) -> Outcome {
    let user = mailed(p).await?;
    let value = json!([{ "type": "other", "value": "o@example.com", "primary": true }]);
    let reply = p.patch(&user.path, &json!([{ "op": "add", "path": "emails", "value": value }])).await?;
    reply.is(&[200, 204])?;
    let count = primaries(&p.read(&user).await?.body);
    ensure(count == 1, "one primary e-mail", || count.to_string()).map_err(|stop| stop.at(reply.exchange))
}

async fn no_duplicates(p: &mut Probe) -> Outcome {
    let user = mailed(p).await?;
    let value = json!([{ "type": "home", "value": "h@example.com" }]);
    let reply = p.patch(&user.path, &json!([{ "op": "add", "path": "emails", "value": value }])).await?;
    reply.is(&[200, 204])?;
    let body = p.read(&user).await?.body;
    let count = crate::value::at(&body, "emails").and_then(Value::as_array).map_or(0, Vec::len);
    ensure(count == 2, "two e-mails", || count.to_string()).map_err(|stop| stop.at(reply.exchange))
}

async fn atomic(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let user = p.user_with(json!({ (plain.clone()): "Before" })).await?;
    let operations = json!([
        { "op": "replace", "path": plain, "value": "After" },
        { "op": "replace", "path": "userName", "value": { "not": ["a", "name"] } },
    ]);
    let reply = p.patch(&user.path, &operations).await?;
    reply.refuses(&[400, 403, 409, 422], "a PATCH with an operation that cannot be done")?;
    has(&p.read(&user).await?.body, &plain, &"Before".into()).map_err(|stop| stop.at(reply.exchange))
}

async fn read_only(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let created = crate::value::at(&p.read(&user).await?.body, "meta.created").cloned().unwrap_or_default();
    for operation in [
        json!([{ "op": "replace", "path": "id", "value": "muster-check-own-id" }]),
        json!([{ "op": "replace", "path": "meta.created", "value": "2001-01-01T00:00:00Z" }]),
    ] {
        let reply = p.patch(&user.path, &operation).await?;
        reply.no_crash("PATCH of a read-only attribute")?;
        let read = p.read(&user).await?;
        has(&read.body, "id", &user.id.clone().into()).map_err(|stop| stop.at(reply.exchange))?;
        has(&read.body, "meta.created", &created).map_err(|stop| stop.at(reply.exchange))?;
    }
    Ok(())
}

async fn remove_required(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let reply = p.patch(&user.path, &json!([{ "op": "remove", "path": "userName" }])).await?;
    reply.refuses(&[400], "remove of userName")?;
    has(&p.read(&user).await?.body, "userName", &user.name().into())
}

async fn refused(p: &mut Probe, operations: Value, what: &str) -> Outcome {
    let user = p.user().await?;
    p.patch(&user.path, &operations).await?.refuses(&[400], what)
}

async fn unknown_attribute(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let reply =
        p.patch(&user.path, &json!([{ "op": "add", "path": "musterCheckUnknown", "value": "x" }])).await?;
    ensure([200, 204, 400].contains(&reply.status), "status 200, 204 or 400", || reply.summary())
}

async fn unknown_user(p: &mut Probe) -> Outcome {
    let path = format!("{}/{}", p.users(), p.dice.guid());
    let plain = p.plain_attribute()?;
    p.patch(&path, &json!([{ "op": "replace", "path": plain, "value": "x" }])).await?.is(&[404])
}

async fn answer(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let user = p.user().await?;
    let reply = p.patch(&user.path, &json!([{ "op": "replace", "path": plain, "value": "After" }])).await?;
    match reply.status {
        204 => ensure(reply.text.is_empty(), "no body with 204", || reply.text.clone()),
        200 => {
            has(&reply.body, "id", &user.id.into())?;
            has(&reply.body, &plain, &"After".into())
        }
        _ => Err(deviates("status 200 or 204", reply.summary())),
    }
}

async fn conflict(p: &mut Probe) -> Outcome {
    let (user, other) = (p.user().await?, p.user().await?);
    let reply =
        p.patch(&user.path, &json!([{ "op": "replace", "path": "userName", "value": other.name() }])).await?;
    reply.is(&[409])?;
    has(&p.read(&user).await?.body, "userName", &user.name().into())
}
