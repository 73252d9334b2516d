-- Who may act. In all tables: times are UTC microseconds since 1970, hashes are SHA-256, enum values
-- are the numbers marked `stored` in store/records.h.

CREATE TABLE tenant (
  id         TEXT NOT NULL PRIMARY KEY,
  name       TEXT NOT NULL,
  disabled   INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE principal (
  id         TEXT NOT NULL PRIMARY KEY,
  tenant     TEXT NOT NULL REFERENCES tenant (id),
  name       TEXT NOT NULL,
  email      TEXT NOT NULL,
  kind       INTEGER NOT NULL,
  disabled   INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX principal_by_tenant ON principal (tenant, id);

CREATE TABLE credential (
  id         TEXT NOT NULL PRIMARY KEY,
  principal  TEXT NOT NULL,
  kind       INTEGER NOT NULL,
  lookup     TEXT NOT NULL,
  verifier   BLOB NOT NULL,
  label      TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked    INTEGER NOT NULL,
  UNIQUE (kind, lookup)
) STRICT;
CREATE INDEX credential_by_principal ON credential (principal, id);

CREATE TABLE role_binding (
  principal TEXT NOT NULL,
  role      TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  ca        TEXT NOT NULL,
  PRIMARY KEY (principal, role, tenant, ca)
) STRICT, WITHOUT ROWID;
