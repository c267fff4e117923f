-- Reports of the validator. `id` is a UUID of version 7, so that the order of ids is the order of runs.
-- What is listed is apart from what is read whole.

CREATE TABLE validation (
  tenant         BIGINT NOT NULL,
  id             TEXT COLLATE "C" NOT NULL,
  started_at     BIGINT NOT NULL,
  started_by     TEXT COLLATE "C" NOT NULL,
  target         TEXT COLLATE "C" NOT NULL,
  profile        TEXT COLLATE "C" NOT NULL,
  seed           BIGINT NOT NULL,
  duration_ms    BIGINT NOT NULL,
  requests       BIGINT NOT NULL,
  deviations     BIGINT NOT NULL,
  not_judged     BIGINT NOT NULL,
  passed         BIGINT NOT NULL,
  not_applicable BIGINT NOT NULL,
  cancelled      BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);

-- One report in one form: as the console shows it, and as it is downloaded.
CREATE TABLE validation_document (
  tenant BIGINT NOT NULL,
  id     TEXT COLLATE "C" NOT NULL,
  form   TEXT COLLATE "C" NOT NULL,
  body   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, id, form)
);
