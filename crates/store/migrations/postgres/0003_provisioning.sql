-- The provisioning service: enterprise applications, each with one synchronization job, and what the job remembers.
-- Texts named `document`, `config`, `rules` and `state` are JSON that the provisioning room reads and writes.

ALTER TABLE head ADD COLUMN provisioning BIGINT NOT NULL DEFAULT 0;

CREATE TABLE application (
  tenant     BIGINT NOT NULL,
  id         TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  name_key   TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  document   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX application_name ON application (tenant, name_key);

-- Sealed by the provisioning room; never read but to be sent.
CREATE TABLE application_secret (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  name        TEXT COLLATE "C" NOT NULL,
  sealed      BYTEA    NOT NULL,
  set_at      BIGINT NOT NULL,
  PRIMARY KEY (tenant, application, name)
);

CREATE TABLE assignment (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  kind        BIGINT NOT NULL,
  role        TEXT COLLATE "C" NOT NULL,
  at          BIGINT NOT NULL,
  PRIMARY KEY (tenant, application, id)
);
CREATE INDEX assignment_object ON assignment (tenant, id, application);

-- `epoch` grows with every act of an administrator that a running cycle has to respect; `fence` with every claim.
-- `listening`: a change of the directory starts a cycle at once.
CREATE TABLE job (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  config      TEXT COLLATE "C" NOT NULL,
  rules       TEXT COLLATE "C" NOT NULL,
  epoch       BIGINT NOT NULL,
  schedule    TEXT COLLATE "C" NOT NULL,
  watermark   BIGINT,
  state       TEXT COLLATE "C" NOT NULL,
  next_at     BIGINT,
  listening   BIGINT NOT NULL,
  fence       BIGINT NOT NULL,
  lease_owner TEXT COLLATE "C",
  lease_until BIGINT,
  PRIMARY KEY (tenant, application)
);
CREATE INDEX job_due ON job (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX job_listening ON job (tenant) WHERE listening = 1;

-- What a job has still to do. Nothing that is not here is forgotten: a row goes when its object is done, or is skipped with a
-- reason. `escrow` tells of its failures, `due_at` when it is tried next.
CREATE TABLE work (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  pass        BIGINT NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  kind        BIGINT NOT NULL,
  due_at      BIGINT NOT NULL,
  stamp       BIGINT NOT NULL,
  escrow      TEXT COLLATE "C",
  PRIMARY KEY (tenant, application, pass, id)
);
CREATE INDEX work_due ON work (tenant, application, pass, kind, due_at);
CREATE INDEX work_escrow ON work (tenant, application, due_at) WHERE escrow IS NOT NULL;

-- The remembered pairs. `via` is the group that a user is in scope through.
CREATE TABLE link (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  source_id   TEXT COLLATE "C" NOT NULL,
  kind        BIGINT NOT NULL,
  target_id   TEXT COLLATE "C" NOT NULL,
  name        TEXT COLLATE "C" NOT NULL,
  managed     BIGINT NOT NULL,
  disabled    BIGINT NOT NULL,
  via         TEXT COLLATE "C",
  linked_at   BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  PRIMARY KEY (tenant, application, source_id)
);
CREATE UNIQUE INDEX link_target ON link (tenant, application, kind, target_id);
CREATE INDEX link_via ON link (tenant, application, via) WHERE via IS NOT NULL;
CREATE INDEX link_source ON link (tenant, source_id);

CREATE TABLE link_counter (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  kind        BIGINT NOT NULL,
  managed     BIGINT NOT NULL,
  disabled    BIGINT NOT NULL,
  total       BIGINT NOT NULL,
  PRIMARY KEY (tenant, application, kind)
);

-- Members of groups as the target was told, by their ids at the source. `certain` is 0 while it is not known whether the
-- target has heard: then both adding and removing are to be said again.
CREATE TABLE sent_member (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  group_id    TEXT COLLATE "C" NOT NULL,
  member_id   TEXT COLLATE "C" NOT NULL,
  certain     BIGINT NOT NULL,
  PRIMARY KEY (tenant, application, group_id, member_id)
);
CREATE INDEX sent_member_member ON sent_member (tenant, application, member_id);

-- Who points at an object that is not at the target yet.
CREATE TABLE awaited (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  awaited_id  TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, application, awaited_id, id)
);

-- A creation that has been sent, or is about to be, and whose outcome is not known yet.
CREATE TABLE intent (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  kind        BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  document    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, application, id)
);

CREATE TABLE cycle (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  kind        TEXT COLLATE "C" NOT NULL,
  began_at    BIGINT NOT NULL,
  ended_at    BIGINT,
  outcome     TEXT COLLATE "C",
  message     TEXT COLLATE "C",
  PRIMARY KEY (tenant, application, id)
);

CREATE TABLE cycle_count (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  cycle       TEXT COLLATE "C" NOT NULL,
  kind        BIGINT NOT NULL,
  action      TEXT COLLATE "C" NOT NULL,
  status      TEXT COLLATE "C" NOT NULL,
  n           BIGINT NOT NULL,
  PRIMARY KEY (tenant, application, cycle, kind, action, status)
);

-- Numbered tenant * 2^40 + n, as the request log is.
CREATE TABLE provisioning_log (
  number      BIGINT PRIMARY KEY,
  application TEXT COLLATE "C" NOT NULL,
  cycle       TEXT COLLATE "C",
  at          BIGINT NOT NULL,
  duration_us BIGINT NOT NULL,
  kind        BIGINT NOT NULL,
  action      TEXT COLLATE "C" NOT NULL,
  status      TEXT COLLATE "C" NOT NULL,
  source_id   TEXT COLLATE "C" NOT NULL,
  source_name TEXT COLLATE "C" NOT NULL,
  target_id   TEXT COLLATE "C",
  code        TEXT COLLATE "C",
  summary     TEXT COLLATE "C" NOT NULL,
  actor       TEXT COLLATE "C" NOT NULL,
  document    TEXT COLLATE "C" NOT NULL
);
CREATE INDEX provisioning_log_application ON provisioning_log (application, number);
CREATE INDEX provisioning_log_source ON provisioning_log (source_id, number);

CREATE TABLE plan (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  made_at     BIGINT NOT NULL,
  made_by     TEXT COLLATE "C" NOT NULL,
  document    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, application, id)
);

CREATE TABLE plan_entry (
  tenant      BIGINT NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  plan        TEXT COLLATE "C" NOT NULL,
  ordinal     BIGINT NOT NULL,
  action      TEXT COLLATE "C" NOT NULL,
  document    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, application, plan, ordinal)
);
