-- What is true of the whole database. `master_key` is the fingerprint of the key that its secrets are kept under.
CREATE TABLE installation (
  id         BIGINT PRIMARY KEY CHECK (id = 1),
  master_key BYTEA NOT NULL
);
