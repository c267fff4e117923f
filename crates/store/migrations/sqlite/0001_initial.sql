-- Times are milliseconds since 1970, UTC. `kind` is 1 for users, 2 for groups.
-- Rows of change, audit and exchange are numbered tenant * 2^40 + n, so that a tenant's rows lie together, in order,
-- under the primary key and need no further index. Tenant 0 is the system.

CREATE TABLE tenant (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT    NOT NULL UNIQUE,
  name       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  settings   TEXT    NOT NULL
);

-- The last numbers given out, and the end of the audit's hash chain.
CREATE TABLE head (
  tenant     INTEGER PRIMARY KEY,
  change     INTEGER NOT NULL,
  audit      INTEGER NOT NULL,
  audit_hash BLOB    NOT NULL,
  exchange   INTEGER NOT NULL
);

CREATE TABLE counter (
  tenant  INTEGER NOT NULL,
  kind    INTEGER NOT NULL,
  live    INTEGER NOT NULL,
  active  INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind)
) WITHOUT ROWID;

-- `indexed` repeats the rows of index_value, so that an update changes only what differs.
CREATE TABLE resource (
  number      INTEGER PRIMARY KEY,
  tenant      INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  id          TEXT    NOT NULL,
  unique_key  TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  active      INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  members     INTEGER NOT NULL,
  indexed     TEXT    NOT NULL,
  document    TEXT    NOT NULL
);
CREATE UNIQUE INDEX resource_id ON resource (tenant, kind, id);
CREATE UNIQUE INDEX resource_key ON resource (tenant, kind, unique_key);

CREATE TABLE tombstone (
  tenant      INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  id          TEXT    NOT NULL,
  unique_key  TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  active      INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  deleted_at  INTEGER NOT NULL,
  left_groups TEXT    NOT NULL,
  indexed     TEXT    NOT NULL,
  document    TEXT    NOT NULL,
  PRIMARY KEY (tenant, kind, id)
);
CREATE INDEX tombstone_age ON tombstone (tenant, deleted_at);

CREATE TABLE index_value (
  tenant INTEGER NOT NULL,
  kind   INTEGER NOT NULL,
  path   TEXT    NOT NULL,
  key    TEXT    NOT NULL,
  id     TEXT    NOT NULL,
  PRIMARY KEY (tenant, kind, path, key, id)
) WITHOUT ROWID;

CREATE TABLE membership (
  tenant      INTEGER NOT NULL,
  group_id    TEXT    NOT NULL,
  member_id   TEXT    NOT NULL,
  member_kind INTEGER,
  PRIMARY KEY (tenant, group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX membership_member ON membership (tenant, member_id, group_id);

CREATE TABLE change (
  number INTEGER PRIMARY KEY,
  kind   INTEGER NOT NULL,
  id     TEXT    NOT NULL,
  change INTEGER NOT NULL,
  at     INTEGER NOT NULL
);

CREATE TABLE audit (
  number      INTEGER PRIMARY KEY,
  at          INTEGER NOT NULL,
  actor       TEXT    NOT NULL,
  action      TEXT    NOT NULL,
  kind        INTEGER,
  resource_id TEXT,
  name        TEXT,
  detail      TEXT    NOT NULL,
  request_id  TEXT    NOT NULL,
  address     TEXT,
  hash        BLOB    NOT NULL
);
CREATE INDEX audit_resource ON audit (resource_id, number) WHERE resource_id IS NOT NULL;

-- A tenant whose rows are being removed whole.
CREATE TABLE purging (tenant INTEGER PRIMARY KEY);

CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM purging WHERE tenant = old.number / 1099511627776)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TABLE exchange (
  number        INTEGER PRIMARY KEY,
  at            INTEGER NOT NULL,
  request_id    TEXT    NOT NULL,
  method        TEXT    NOT NULL,
  path          TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  duration_us   INTEGER NOT NULL,
  key_id        TEXT,
  key_name      TEXT,
  address       TEXT,
  user_agent    TEXT,
  resource_id   TEXT,
  quirks        TEXT    NOT NULL,
  scim_type     TEXT,
  detail        TEXT,
  request_body  TEXT,
  response_body TEXT
);
CREATE INDEX exchange_resource ON exchange (resource_id, number) WHERE resource_id IS NOT NULL;

CREATE TABLE api_key (
  id             TEXT    PRIMARY KEY,
  tenant         INTEGER NOT NULL,
  name           TEXT    NOT NULL,
  scopes         TEXT    NOT NULL,
  digest         BLOB    NOT NULL,
  former_digest  BLOB,
  former_until   INTEGER,
  created_at     INTEGER NOT NULL,
  created_by     TEXT    NOT NULL,
  expires_at     INTEGER,
  revoked_at     INTEGER,
  last_used_at   INTEGER,
  last_address   TEXT
) WITHOUT ROWID;
CREATE INDEX api_key_tenant ON api_key (tenant);

CREATE TABLE operator (
  id            TEXT    PRIMARY KEY,
  name          TEXT    NOT NULL,
  name_key      TEXT    NOT NULL UNIQUE,
  password_hash TEXT    NOT NULL,
  created_at    INTEGER NOT NULL,
  disabled_at   INTEGER
) WITHOUT ROWID;

-- An empty tenant is all tenants.
CREATE TABLE operator_role (
  operator TEXT NOT NULL,
  role     TEXT NOT NULL,
  tenant   TEXT NOT NULL,
  PRIMARY KEY (operator, role, tenant)
) WITHOUT ROWID;

CREATE TABLE session (
  digest       BLOB    PRIMARY KEY,
  operator     TEXT    NOT NULL,
  tenant       TEXT,
  created_at   INTEGER NOT NULL,
  signed_in_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  address      TEXT,
  user_agent   TEXT
) WITHOUT ROWID;
CREATE INDEX session_operator ON session (operator);
