//! What the server can be made to do wrong, and which checks must see it.

macro_rules! faults {
    ($($name:ident = $what:literal, [$($expected:literal),* $(,)?];)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Fault { $($name,)* }

        impl Fault {
            pub(crate) const ALL: &'static [Fault] = &[$(Fault::$name,)*];

            pub(crate) fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// Checks that may see the fault, by id; `*` at the end stands for any ending. At least one must.
            pub(crate) fn expected(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($expected),*],)* }
            }
        }
    };
}

faults! {
    // discovery
    NoConfig = "there is no ServiceProviderConfig", ["discovery-config", "discovery-filter-refused"];
    ConfigIncomplete = "ServiceProviderConfig says nothing of sort's support", ["discovery-config-members"];
    SchemesUndescribed = "authentication schemes have no description", ["discovery-config-authentication"];
    PatchNotAdvertised = "patch.supported is false", ["discovery-patch-advertised"];
    SchemasArray = "/Schemas is a bare array", ["discovery-schemas", "discovery-types-have-schemas"];
    SchemaKeywords = "mutability is written READWRITE", ["discovery-schema-definitions"];
    SchemaNulls = "schemas have null members", ["discovery-schema-no-nulls"];
    UserNameCaseExactDeclared = "userName is declared caseExact", ["discovery-user-schema"];
    UnmappedSchema = "emails is not in the User schema", ["discovery-mapped-attributes"];
    ResourceTypeLacksSchema = "a resource type names no schema", ["discovery-resource-types", "discovery-resource-type-by-id"];
    ExtensionUndefined = "a resource type names an extension that is not defined", ["discovery-types-have-schemas"];
    DiscoveryLocations = "discovery resources have no location", ["discovery-locations"];
    DiscoveryFilterIgnored = "a filter on discovery is ignored", ["discovery-filter-refused"];
    DiscoveryWritable = "POST to /Schemas answers 201", ["discovery-read-only"];
    SchemaById404 = "a schema cannot be had by its URN", ["discovery-schema-by-id"];
    UnknownSchemaFound = "an unknown schema is answered with 200", ["discovery-unknown"];
    // auth
    AuthNotRequired = "no credentials are asked for", ["auth-*", "okta-unauthorized"];
    AnyTokenAccepted = "any bearer token is taken", ["auth-wrong", "auth-garbage", "auth-no-data", "auth-empty"];
    BasicAccepted = "any Basic credentials are taken", ["auth-scheme", "auth-garbage"];
    WritesOpen = "writes need no credentials", ["auth-writes", "auth-order"];
    NoChallenge = "a 401 has no WWW-Authenticate", ["auth-challenge"];
    TokenEchoed = "a 401 repeats the token", ["auth-no-data"];
    AuthAfterParsing = "the body is read before the credentials", ["auth-order", "auth-writes"];
    TokenInQuery = "a token in the URL is taken", ["auth-query"];
    // users
    CreateStatus200 = "a create answers 200", ["user-create", "group-create"];
    NoLocation = "a create has no Location", ["user-create-location"];
    LocationWrong = "meta.location is that of another host's path", ["user-create-location", "reference-location", "put-answer", "user-create-answer"];
    NoResourceType = "meta.resourceType is missing", ["user-create-meta"];
    NoSchemas = "resources have no schemas", ["user-create-schemas"];
    ClientIdTaken = "the client's id is used", ["user-create-id-assigned"];
    TitleDropped = "title is not stored", ["user-create-full", "attribute-*:User.title", "ms-create-user", "ms-patch-user*", "user-create-unicode", "attribute-projection*", "patch-*", "parallel-patches"];
    AnswerIncomplete = "the answer to a create lacks meta", ["user-create-answer", "user-create-meta", "user-create-location", "etag-version", "reference-location"];
    PhonesFormatted = "phone numbers are formatted", ["user-create-exact", "user-create-full", "attribute-*:User.phoneNumbers", "ms-*", "filter-resources-complete"];
    UnicodeLost = "letters outside ASCII become ?", ["user-create-unicode", "filter-unicode"];
    NoUserNameAccepted = "a user without userName is created", ["user-create-no-user-name", "bulk-*"];
    EmptyUserNameAccepted = "an empty userName is taken", ["user-create-empty-user-name"];
    NullsRefused = "null is refused", ["user-create-nulls", "patch-entra-null-clears", "put-null-clears", "ms-null-update", "manager-clear-null", "patch-flag-nested-null"];
    NamesCaseExact = "attribute names are read with case", ["user-create-name-case"];
    JsonTypeRefused = "application/json is refused", ["user-create-json-type"];
    InactiveByDefault = "a user is inactive when nothing is said", ["user-create-active-default"];
    StringBooleansRefused = "booleans as strings are refused", ["user-create-string-booleans", "ms-create-user"];
    ExtensionUndeclaredDropped = "an extension not named in schemas is dropped", ["user-create-undeclared-extension"];
    UnusedExtensionRefused = "an extension named without attributes is refused", ["user-create-unused-extension"];
    ClientMetaRefused = "meta in a create is refused", ["user-create-client-meta", "user-create-id-assigned", "group-create-microsoft-schema"];
    PasswordShown = "the password comes back", ["user-no-password", "attribute-never*", "okta-create", "okta-password"];
    UnknownIdEmpty = "an unknown id is answered with 200", ["user-read-unknown", "user-delete", "ms-delete-*", "error-*", "okta-*", "lifecycle*", "robust-odd-ids", "group-delete", "user-deleted*", "put-unknown", "patch-unknown-user", "user-delete-unknown", "bulk-all-verbs"];
    // lifecycle
    DeleteStatus200 = "DELETE answers 200 with a body", ["user-delete", "user-delete-no-body", "ms-delete-*", "group-delete", "robust-still-serves"];
    DeleteSoft = "DELETE only disables", ["user-delete", "ms-delete-*", "group-delete", "robust-*", "user-*", "paging-total-moves", "bulk-all-verbs"];
    DeletedFound = "a deleted user is still found by filters", ["user-deleted-not-found", "ms-delete-*"];
    DeleteTwice204 = "every DELETE answers 204", ["user-deleted-twice", "user-delete-unknown", "ms-delete-*"];
    NameStaysTaken = "a deleted user's userName stays taken", ["user-recreate"];
    DeletedStaysMember = "a deleted user stays in its groups", ["user-deleted-leaves-groups"];
    StringFalseIsTrue = "active \"False\" is taken as true", ["user-disable-string", "user-disable-lower-string", "user-disable-no-path-string", "patch-entra-active-with-others"];
    InactiveHidden = "inactive users are hidden from filters", ["user-disabled-found", "ms-disable-user", "ms-restore-user"];
    EnableIgnored = "active cannot be set to true again", ["user-enable", "ms-restore-user"];
    InactiveLeavesGroups = "a disabled user leaves its groups", ["user-disabled-keeps-groups"];
    DisableClears = "disabling removes the name", ["user-disabled-keeps-values", "patch-okta-profile"];
    CreatedMoves = "meta.created moves with each change", ["user-modified-moves", "put-keeps-read-only", "patch-read-only"];
    // PUT
    PutIgnored = "PUT answers 200 and stores nothing", ["put-*", "bulk-all-verbs", "etag-*", "okta-*", "group-members-put"];
    PutMerges = "PUT leaves values that are null", ["put-null-clears"];
    PutAppends = "PUT adds to multi-valued attributes", ["put-multi-replaced", "group-members-put"];
    PutNameless = "PUT without userName is taken", ["put-requires-user-name"];
    PutTakenName = "PUT may take another user's name", ["put-conflict"];
    PutCreates = "PUT to an unknown id creates", ["put-unknown", "user-deleted-no-writes"];
    PutAnswerOld = "PUT answers with the old resource", ["put-answer"];
    // PATCH
    OpCaseExact = "op is read with case", ["patch-entra-*", "user-disable-*", "group-members-add-entra", "group-members-remove-array", "manager-*"];
    AddReplacesAll = "add to a multi-valued attribute replaces it", ["patch-multi-add", "patch-primary-single", "patch-no-duplicates", "patch-primary-moves"];
    RemoveIgnored = "remove does nothing", ["patch-remove", "patch-*", "attribute-remove*", "manager-remove", "group-*", "ms-*", "okta-group-members"];
    NoTargetRefused = "a filter that matches nothing is refused", ["patch-entra-*", "ms-patch-user-add"];
    PathsCaseExact = "paths are read with case", ["patch-path-case"];
    UrnPathRefused = "paths with the core URN are refused", ["patch-urn-path"];
    ComplexReplaced = "a complex value replaces all sub-attributes", ["patch-complex-merges", "patch-no-path-nested"];
    NotAtomic = "operations before the bad one stay", ["patch-atomic"];
    ReplaceBesideRemove = "replace is ignored where the same PATCH has a remove", ["patch-order", "ms-patch-user-different", "ms-patch-user-same"];
    IdWritable = "id can be patched", ["patch-read-only", "okta-group-rename"];
    RequiredRemovable = "userName can be removed", ["patch-remove-required"];
    UnknownOpIgnored = "an unknown op is ignored", ["patch-unknown-op"];
    PatchErrors500 = "a PATCH that cannot be done is a server error", ["patch-*", "robust-*"];
    DottedKeysIgnored = "dotted keys are ignored", ["patch-flag-dotted", "ms-patch-user", "ms-patch-user-add"];
    UrnKeysIgnored = "URN keys are ignored", ["patch-flag-urn-keys", "ms-patch-user", "ms-patch-user-add"];
    EmptyStringsKept = "an empty string is refused", ["patch-entra-empty-*", "ms-null-update", "manager-clear-*", "ms-remove-manager"];
    Patch200Empty = "PATCH answers 200 without a body", ["patch-answer", "group-patch-answer"];
    TwoPrimaries = "the old primary stays primary", ["patch-primary-*"];
    DuplicatesAdded = "a value that is there is added again", ["patch-no-duplicates"];
    PatchTakenName = "PATCH may take another user's name", ["patch-conflict", "unique-race-rename"];
    FilteredPathRefused = "paths with a filter are refused", ["patch-filter-*", "patch-entra-*", "patch-primary-by-filter", "patch-flag-filter-keys", "group-*", "ms-*", "okta-group-members"];
    TwoRefusals = "PATCH refuses paths by type as noTarget, and else a nickName as invalidValue", ["patch-filter-*", "patch-entra-*", "patch-primary-by-filter", "patch-flag-filter-keys", "ms-*", "attribute-*:User.nickName"];
    NumbersRefused = "a number for a string is refused", ["patch-entra-number"];
    // manager
    ManagerStringRefused = "a manager as a string is refused", ["manager-create-string", "manager-add-string", "manager-replace-string", "ms-*-manager", "manager-clear-string"];
    ManagerChecked = "a manager that does not exist is refused", ["manager-unknown", "ms-remove-manager"];
    ManagerText = "the manager is shown as a string", ["manager-*", "ms-*-manager", "patch-*", "attribute-*"];
    ManagerEmptyKept = "a manager with an empty value stays", ["manager-clear-object", "ms-remove-manager"];
    // uniqueness and races
    DuplicatesAllowed = "a userName can be taken twice", ["unique-*", "ms-duplicate-user", "okta-recreate"];
    DuplicatesByCase = "a userName in other case is free", ["unique-user-name-case"];
    ConflictUntyped = "a 409 has no scimType", ["unique-scim-type"];
    UniquenessRace = "uniqueness is looked up before the write, not with it", ["unique-race-users", "unique-race-groups"];
    GroupNamesRepeat = "a group's name can be taken twice", ["unique-group-name", "ms-duplicate-group"];
    LostUpdates = "a PATCH reads, waits and writes", ["group-parallel-*", "parallel-patches", "etag-race", "unique-race-rename"];
    // filter
    FilterIgnored = "filters are ignored", ["filter-*", "okta-*", "ms-*", "user-*", "group-filter"];
    FiltersRefused = "filters are advertised and refused", ["filter-*", "okta-*", "ms-*", "user-*", "group-filter"];
    UserNameCaseExact = "userName compares with case", ["filter-eq-case", "okta-name-case", "ms-filter-user-case", "filter-sw-case", "filter-co-case"];
    EverythingCaseExact = "eq compares everything with case", ["filter-eq-case", "okta-name-case", "ms-filter-user-case", "ms-filter-group-case", "group-filter*", "attribute-case*"];
    OnlyUserNameFolded = "eq compares everything but userName with case", ["ms-filter-group-case", "group-filter*", "attribute-case*"];
    LikeWildcards = "% and _ are wildcards", ["filter-no-wildcards", "filter-underscore"];
    OperatorsCaseExact = "operators are read with case", ["filter-operator-case"];
    PlusKept = "+ is not a blank", ["filter-plus"];
    NoMatch404 = "no match is 404", ["filter-no-match", "okta-invalid-user-by-name", "ms-*", "filter-*", "user-*", "robust-*", "put-rename", "attribute-*", "group-members-filter-exact", "paging-beyond", "discovery-endpoints", "okta-groups-endpoint"];
    UnknownAttributeIgnored = "an unknown attribute in a filter matches everybody", ["filter-unknown-attribute"];
    BadFilterIgnored = "a broken filter is ignored", ["filter-bad-syntax", "robust-*", "filter-boolean-order"];
    BadFilterUntyped = "a broken filter has no scimType", ["filter-bad-syntax-type"];
    AndIsOr = "and is or", ["filter-and", "filter-and-false", "filter-*", "group-members-filter*", "manager-filter", "attribute-*"];
    PresentAlways = "pr matches everybody", ["filter-pr", "attribute-present*"];
    ValuePathLoose = "a value path is satisfied by several elements together", ["filter-value-path-one-element"];
    StringBooleanNoMatch = "active eq \"True\" is refused", ["filter-active-string"];
    FullUrnUnknown = "filters with the core URN are refused", ["filter-urn"];
    ExternalIdUnfiltered = "externalId cannot be filtered", ["filter-external-id"];
    InjectionCrash = "a quote in a filter's value is a server error", ["filter-injection", "filter-escapes"];
    SearchIgnoresFilter = "a query by POST ignores its filter", ["filter-search-*"];
    // paging
    CountIgnored = "count is ignored", ["paging-*", "cursor-*", "sort-paged", "okta-users-endpoint"];
    PagesOverlap = "startIndex counts from 0", ["paging-*", "sort-paged"];
    StartIndexNotEchoed = "startIndex is always 1", ["paging-start-index-echo", "paging-groups", "paging-unfiltered"];
    ItemsPerPageCount = "itemsPerPage is what was asked for", ["paging-start-index-echo", "okta-import", "paging-list"];
    TotalIsPage = "totalResults is the size of the page", ["paging-*"];
    StartZeroRefused = "startIndex below 1 is refused", ["paging-start-zero", "paging-start-negative"];
    CountZeroAll = "count 0 gives everything", ["paging-count-zero", "paging-count-negative"];
    NegativeCountRefused = "a negative count is refused", ["paging-count-negative"];
    BeyondEnd404 = "a page beyond the end is 404", ["paging-beyond", "paging-total-everywhere", "paging-under-writes"];
    LargeCountRefused = "a large count is refused", ["paging-count-large"];
    NewestFirst = "the newest come first", ["paging-under-writes", "cursor-under-writes"];
    OrderChanges = "the order changes with each query", ["paging-repeatable", "paging-*", "cursor-*"];
    TextCount500 = "a count that is no number is a server error", ["paging-not-a-number"];
    // cursor
    CursorNever = "no nextCursor is given", ["cursor-first"];
    CursorRepeats = "each page begins with the last of the one before", ["cursor-walk", "cursor-under-writes"];
    CursorEndless = "the last page has a nextCursor", ["cursor-last", "cursor-walk", "cursor-under-writes"];
    CursorAnything = "any cursor is taken", ["cursor-invalid"];
    CursorUnsafe = "cursors have characters that a URL gives a meaning", ["cursor-url-safe"];
    // sort
    SortIgnored = "sortBy is ignored", ["sort-*"];
    DescendingIgnored = "sortOrder is ignored", ["sort-descending", "sort-missing-first"];
    SortCaseExact = "capitals sort first", ["sort-*"];
    MissingFirst = "missing values sort first", ["sort-missing-last", "sort-missing-first"];
    UnknownSort500 = "an unknown sortBy is a server error", ["sort-unknown"];
    // projection
    AttributesIgnored = "attributes is ignored", ["attributes-*"];
    AttributesIgnoredInLists = "attributes is ignored in queries", ["attributes-list"];
    ExcludedIgnored = "excludedAttributes is ignored", ["excluded-attributes*", "group-excluded-members", "ms-get-group", "ms-filter-group-excluding"];
    IdExcluded = "id can be left out", ["attributes-id-always", "attributes-list"];
    SubAttributesWhole = "attributes of a sub-attribute shows the whole attribute", ["attributes-sub", "attributes-multi-sub"];
    EmptyMembersShown = "excluded members are shown as []", ["group-excluded-members", "ms-get-group", "ms-filter-group-excluding"];
    // etag
    NoEtag = "there is no ETag", ["etag-header"];
    VersionMissing = "meta.version is missing", ["etag-version"];
    EtagMoves = "the ETag is another one with each read", ["etag-*", "user-create-answer", "put-answer", "filter-resources-complete"];
    EtagConstant = "the ETag never changes", ["etag-changes", "etag-stale-*"];
    IfMatchIgnored = "If-Match is ignored", ["etag-stale-*"];
    IfNoneMatchIgnored = "If-None-Match is ignored", ["etag-not-modified"];
    IfMatchAlwaysFails = "If-Match never matches", ["etag-match", "etag-star", "etag-race"];
    // groups
    MembersReplaced = "add of members replaces them", ["group-members-add*", "group-*", "ms-*", "okta-group-members"];
    ArrayRemovalWipes = "Remove with a value array empties the group", ["group-members-remove-array"];
    RemoveAllIgnored = "remove of all members does nothing", ["group-members-remove-all"];
    RenameDropsMembers = "renaming a group empties it", ["group-rename-keeps-members", "okta-group-rename"];
    MembersRepeat = "a member can be there twice", ["group-members-add-twice"];
    CreateDropsMembers = "members in a create are dropped", ["group-*", "okta-group-*", "user-disabled-keeps-groups", "user-deleted-leaves-groups", "bulk-references"];
    GroupsNotShown = "a user does not show its groups", ["group-user-groups"];
    MicrosoftSchemaRefused = "Microsoft's schema URN is refused", ["group-create-microsoft-schema"];
    NestedRefused = "a group cannot be a member", ["group-nested"];
    MemberReferenceWrong = "a member's $ref leads elsewhere", ["group-members-type"];
    GroupNameless = "a group without displayName is created", ["group-create-no-name"];
    MembersUnfiltered = "members in a filter match every group", ["group-members-filter-exact", "group-members-filter"];
    // bulk
    FailOnErrorsIgnored = "failOnErrors is ignored", ["bulk-fail-on-errors"];
    BulkStopsAtFirst = "bulk stops at the first error", ["bulk-partial"];
    BulkIdsUnresolved = "bulkId references are not resolved", ["bulk-references"];
    BulkStatusNumber = "bulk statuses are numbers", ["bulk-status-string"];
    BulkSizeUnlimited = "maxPayloadSize is not enforced", ["bulk-too-large"];
    BulkUnlimited = "maxOperations is not enforced", ["bulk-too-many"];
    // errors
    ErrorsPlain = "errors are plain text", ["error-*", "unique-*", "filter-bad-syntax-type", "okta-invalid-user-by-id", "robust-broken-json-type", "cursor-invalid"];
    ErrorStatusNumber = "status in an error is a number", ["error-status-string"];
    ErrorNoDetail = "errors have no detail", ["error-detail", "unique-detail", "okta-invalid-user-by-id"];
    ErrorOddType = "scimType is a word of the server's own", ["error-known-type", "unique-scim-type", "filter-bad-syntax-type", "robust-broken-json-type", "cursor-invalid"];
    ErrorMediaType = "errors are application/json", ["error-media-type"];
    ErrorTrace = "errors have a stack trace", ["error-no-internals"];
    ResourceMediaType = "resources are application/json", ["media-type-resource"];
    AcceptScimRefused = "Accept: application/scim+json is refused", ["media-type-accept"];
    AcceptRefused = "Accept: application/json is refused", ["media-type-accept-json"];
    UnknownEndpoint200 = "an unknown endpoint is answered with 200", ["error-unknown-endpoint"];
    // robustness
    BrokenJson500 = "broken JSON is a server error", ["robust-*"];
    DeepJsonDrops = "deep nesting drops the connection", ["robust-deep-json"];
    LongValuesCut = "long values are cut off", ["robust-long-value"];
    NulCrash = "NUL is a server error", ["robust-nul"];
    FlagRefused = "unknown query parameters are refused", ["robust-query-flag"];
    OddIds500 = "odd ids are server errors", ["robust-odd-ids", "error-no-internals"];
    XmlAccepted = "any Content-Type is taken for JSON, and a failure is a server error", ["robust-wrong-media"];
    // schema and behaviour
    ReadOnlyGroupsWritten = "groups of a user can be written", ["attribute-read-only*"];
    WrongTypesStored = "values of any type are stored in title", ["attribute-wrong-type*"];
}
