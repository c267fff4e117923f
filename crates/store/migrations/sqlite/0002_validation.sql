-- Reports of the validator. `id` is a UUID of version 7, so that the order of ids is the order of runs.
-- What is listed is apart from what is read whole.

CREATE TABLE validation (
  tenant         INTEGER NOT NULL,
  id             TEXT    NOT NULL,
  started_at     INTEGER NOT NULL,
  started_by     TEXT    NOT NULL,
  target         TEXT    NOT NULL,
  profile        TEXT    NOT NULL,
  seed           INTEGER NOT NULL,
  duration_ms    INTEGER NOT NULL,
  requests       INTEGER NOT NULL,
  deviations     INTEGER NOT NULL,
  not_judged     INTEGER NOT NULL,
  passed         INTEGER NOT NULL,
  not_applicable INTEGER NOT NULL,
  cancelled      INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) WITHOUT ROWID;

-- One report in one form: as the console shows it, and as it is downloaded.
CREATE TABLE validation_document (
  tenant INTEGER NOT NULL,
  id     TEXT    NOT NULL,
  form   TEXT    NOT NULL,
  body   TEXT    NOT NULL,
  PRIMARY KEY (tenant, id, form)
);
