-- The provisioning service: enterprise applications, each with one synchronization job, and what the job remembers.
-- Texts named `document`, `config`, `rules` and `state` are JSON that the provisioning room reads and writes.

ALTER TABLE head ADD COLUMN provisioning INTEGER NOT NULL DEFAULT 0;

CREATE TABLE application (
  tenant     INTEGER NOT NULL,
  id         TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  name_key   TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  document   TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX application_name ON application (tenant, name_key);

-- Sealed by the provisioning room; never read but to be sent.
CREATE TABLE application_secret (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  sealed      BLOB    NOT NULL,
  set_at      INTEGER NOT NULL,
  PRIMARY KEY (tenant, application, name)
) WITHOUT ROWID;

CREATE TABLE assignment (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  kind        INTEGER NOT NULL,
  role        TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (tenant, application, id)
) WITHOUT ROWID;
CREATE INDEX assignment_object ON assignment (tenant, id, application);

-- `epoch` grows with every act of an administrator that a running cycle has to respect; `fence` with every claim.
-- `listening`: a change of the directory starts a cycle at once.
CREATE TABLE job (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  config      TEXT    NOT NULL,
  rules       TEXT    NOT NULL,
  epoch       INTEGER NOT NULL,
  schedule    TEXT    NOT NULL,
  watermark   INTEGER,
  state       TEXT    NOT NULL,
  next_at     INTEGER,
  listening   INTEGER NOT NULL,
  fence       INTEGER NOT NULL,
  lease_owner TEXT,
  lease_until INTEGER,
  PRIMARY KEY (tenant, application)
) WITHOUT ROWID;
CREATE INDEX job_due ON job (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX job_listening ON job (tenant) WHERE listening = 1;

-- What a job has still to do. Nothing that is not here is forgotten: a row goes when its object is done, or is skipped with a
-- reason. `escrow` tells of its failures, `due_at` when it is tried next.
CREATE TABLE work (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  pass        INTEGER NOT NULL,
  id          TEXT    NOT NULL,
  kind        INTEGER NOT NULL,
  due_at      INTEGER NOT NULL,
  stamp       INTEGER NOT NULL,
  escrow      TEXT,
  PRIMARY KEY (tenant, application, pass, id)
) WITHOUT ROWID;
CREATE INDEX work_due ON work (tenant, application, pass, kind, due_at);
CREATE INDEX work_escrow ON work (tenant, application, due_at) WHERE escrow IS NOT NULL;

-- The remembered pairs. `via` is the group that a user is in scope through.
CREATE TABLE link (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  source_id   TEXT    NOT NULL,
  kind        INTEGER NOT NULL,
  target_id   TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  managed     INTEGER NOT NULL,
  disabled    INTEGER NOT NULL,
  via         TEXT,
  linked_at   INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  PRIMARY KEY (tenant, application, source_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX link_target ON link (tenant, application, kind, target_id);
CREATE INDEX link_via ON link (tenant, application, via) WHERE via IS NOT NULL;
CREATE INDEX link_source ON link (tenant, source_id);

CREATE TABLE link_counter (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  kind        INTEGER NOT NULL,
  managed     INTEGER NOT NULL,
  disabled    INTEGER NOT NULL,
  total       INTEGER NOT NULL,
  PRIMARY KEY (tenant, application, kind)
) WITHOUT ROWID;

-- Members of groups as the target was told, by their ids at the source. `certain` is 0 while it is not known whether the
-- target has heard: then both adding and removing are to be said again.
CREATE TABLE sent_member (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  group_id    TEXT    NOT NULL,
  member_id   TEXT    NOT NULL,
  certain     INTEGER NOT NULL,
  PRIMARY KEY (tenant, application, group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX sent_member_member ON sent_member (tenant, application, member_id);

-- Who points at an object that is not at the target yet.
CREATE TABLE awaited (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  awaited_id  TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  PRIMARY KEY (tenant, application, awaited_id, id)
) WITHOUT ROWID;

-- A creation that has been sent, or is about to be, and whose outcome is not known yet.
CREATE TABLE intent (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  kind        INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  document    TEXT    NOT NULL,
  PRIMARY KEY (tenant, application, id)
) WITHOUT ROWID;

CREATE TABLE cycle (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  kind        TEXT    NOT NULL,
  began_at    INTEGER NOT NULL,
  ended_at    INTEGER,
  outcome     TEXT,
  message     TEXT,
  PRIMARY KEY (tenant, application, id)
) WITHOUT ROWID;

CREATE TABLE cycle_count (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  cycle       TEXT    NOT NULL,
  kind        INTEGER NOT NULL,
  action      TEXT    NOT NULL,
  status      TEXT    NOT NULL,
  n           INTEGER NOT NULL,
  PRIMARY KEY (tenant, application, cycle, kind, action, status)
) WITHOUT ROWID;

-- Numbered tenant * 2^40 + n, as the request log is.
CREATE TABLE provisioning_log (
  number      INTEGER PRIMARY KEY,
  application TEXT    NOT NULL,
  cycle       TEXT,
  at          INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  action      TEXT    NOT NULL,
  status      TEXT    NOT NULL,
  source_id   TEXT    NOT NULL,
  source_name TEXT    NOT NULL,
  target_id   TEXT,
  code        TEXT,
  summary     TEXT    NOT NULL,
  actor       TEXT    NOT NULL,
  document    TEXT    NOT NULL
);
CREATE INDEX provisioning_log_application ON provisioning_log (application, number);
CREATE INDEX provisioning_log_source ON provisioning_log (source_id, number);

CREATE TABLE plan (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  made_at     INTEGER NOT NULL,
  made_by     TEXT    NOT NULL,
  document    TEXT    NOT NULL,
  PRIMARY KEY (tenant, application, id)
) WITHOUT ROWID;

CREATE TABLE plan_entry (
  tenant      INTEGER NOT NULL,
  application TEXT    NOT NULL,
  plan        TEXT    NOT NULL,
  ordinal     INTEGER NOT NULL,
  action      TEXT    NOT NULL,
  document    TEXT    NOT NULL,
  PRIMARY KEY (tenant, application, plan, ordinal)
);
