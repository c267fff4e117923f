//! Named deviations of known clients that are tolerated. One rule a quirk; each has a fixture in `fixtures/idp` that is
//! the request as the client sends it. The rules a request needed are reported back and shown in the request log.

use std::collections::BTreeSet;

macro_rules! quirks {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $client:literal, $what:literal;)*) => {
        /// A tolerated deviation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quirk { $($(#[$doc])* $name,)* }

        impl Quirk {
            pub const ALL: &'static [Quirk] = &[$(Quirk::$name,)*];
            /// Stable identifier, as the request log and the docs show it.
            pub fn id(self) -> &'static str { match self { $(Quirk::$name => $id,)* } }
            /// Who is known to send it.
            pub fn client(self) -> &'static str { match self { $(Quirk::$name => $client,)* } }
            /// What is sent, and what is done about it.
            pub fn description(self) -> &'static str { match self { $(Quirk::$name => $what,)* } }
        }
    };
}

quirks! {
    OpCase = "op-case", "Entra", "`op` is capitalised (`Add`, `Replace`, `Remove`); read without case";
    BooleanString = "boolean-string", "Entra", "a boolean is sent as \"True\" or \"False\"; stored as a boolean";
    BooleanStringFilter = "boolean-string-filter", "Entra", "a filter compares a boolean with \"True\" or \"False\"; compared as booleans";
    NoMatchCreates = "no-match-creates", "Entra", "add or replace through a filter that matches no element; the element is created from the filter's `eq` facts";
    DottedKeys = "dotted-keys", "Entra (aadOptscim062020)", "a path-less value has keys such as `name.givenName`; expanded";
    UrnKeys = "urn-keys", "Entra (aadOptscim062020)", "a path-less value has keys such as `urn:…:User:department`; expanded";
    FilterKeys = "filter-keys", "Entra", "a path-less value has keys such as `emails[type eq \"work\"].value`; expanded";
    RemoveMembersByValue = "remove-members-by-value", "Entra", "`remove` of `members` carries a value array; only those are removed, the group is never emptied";
    RemoveByValue = "remove-by-value", "Okta", "`remove` of another multi-valued attribute carries values; only those are removed";
    ManagerString = "manager-string", "Entra", "`manager` is a plain string; stored as an object with `value`";
    ManagerEmpty = "manager-empty", "Entra", "`manager` is \"\", null or {\"value\": \"\"}; removed";
    ManagerArray = "manager-array", "Entra (historic)", "`manager` is an array with one object; its first element is taken";
    ComplexString = "complex-string", "Entra", "a complex element, or its `value`, is a JSON document in a string (roles); parsed, or kept in `value`";
    DisplayName = "display-name", "Entra (AppRoleAssignmentsComplex)", "an element (roles) names itself in `displayName`; stored as `display`";
    EmptyRemoves = "empty-removes", "Entra", "add or replace with \"\" or null; the value is removed";
    UndeclaredExtension = "undeclared-extension", "Entra", "an extension URN is a key of the body but not listed in `schemas`; added";
    UnknownSchema = "unknown-schema", "Entra, OneLogin", "`schemas` lists a URI that is not served here; ignored and not echoed";
    UnknownAttribute = "unknown-attribute", "any", "an attribute that no schema defines; ignored";
    ReadOnlyIgnored = "read-only-ignored", "Entra, Okta", "`id`, `meta`, `groups` or another read-only attribute in a body; ignored";
    ScalarType = "scalar-type", "any", "a number or boolean for a string, or a numeric string for a number; converted";
    SingleForMultiple = "single-for-multiple", "any", "one value for a multi-valued attribute; taken as a list of one";
    ScalarArray = "scalar-array", "Entra (2018 jobs)", "a single-valued attribute is an array with one value, or with one {\"value\": …}; that value is taken";
    StringElement = "string-element", "any", "a string for an element of a complex multi-valued attribute; taken as its `value`";
    MissingPatchSchema = "missing-patch-schema", "any", "a PATCH body without the PatchOp schema URN; accepted";
    OperationsCase = "operations-case", "Entra", "members of the PATCH message in another case (`operations`, `Op`, `Path`); read without case";
    DraftUrn = "draft-urn", "OneLogin", "draft-era schema URNs (`urn:scim:schemas:core:2.0`, `urn:scim:schemas:extension:enterprise:2.0`) in a 2.0 body; read as the final ones";
    UnqualifiedExtension = "unqualified-extension", "Entra, OneLogin", "an enterprise attribute without its URN (`manager`, `department`); found in the extension";
    UnquotedFilter = "unquoted-filter", "Entra (documentation)", "the value of a filter is not quoted; read as a string";
    PasswordIgnored = "password-ignored", "Okta", "a placeholder `password`; never stored";
    FullUrnPath = "full-urn-path", "Entra", "a core attribute with its full URN in a path or as a key; read as the attribute";
}

/// The quirks one request needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quirks(BTreeSet<Quirk>);

impl Quirks {
    pub fn note(&mut self, quirk: Quirk) {
        self.0.insert(quirk);
    }

    pub fn extend(&mut self, other: &Quirks) {
        self.0.extend(&other.0);
    }

    pub fn iter(&self) -> impl Iterator<Item = Quirk> + '_ {
        self.0.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, quirk: Quirk) -> bool {
        self.0.contains(&quirk)
    }
}
