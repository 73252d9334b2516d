-- The one path. Rows are keyed by CertificateId, which grows with time, so that issuing touches only
-- the last pages of each table. Indexes with random keys live in 0005_search.sql, filled behind.

-- Durable intents to sign; never deleted while their serial could be used again.
CREATE TABLE serial_reservation (
  id          INTEGER NOT NULL PRIMARY KEY,
  serial      BLOB NOT NULL,
  ca          TEXT NOT NULL,
  profile     TEXT NOT NULL,
  principal   TEXT NOT NULL,
  tbs_sha256  BLOB NOT NULL,
  reserved_at INTEGER NOT NULL,
  not_after   INTEGER NOT NULL
) STRICT;

-- Reservations that have no certificate (yet).
CREATE TABLE open_intent (
  id INTEGER NOT NULL PRIMARY KEY
) STRICT;

CREATE TABLE idempotency (
  principal      TEXT NOT NULL,
  key            TEXT NOT NULL,
  request_sha256 BLOB NOT NULL,
  certificate    INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  PRIMARY KEY (principal, key)
) STRICT, WITHOUT ROWID;

-- `names` holds one name per line. `der` comes last: reading the columns before it stays cheap.
CREATE TABLE certificate (
  id                        INTEGER NOT NULL PRIMARY KEY,
  serial                    BLOB NOT NULL,
  ca                        TEXT NOT NULL,
  lineage                   INTEGER NOT NULL,
  not_before                INTEGER NOT NULL,
  not_after                 INTEGER NOT NULL,
  crl_shard                 INTEGER NOT NULL,
  tenant                    TEXT NOT NULL,
  entity_type               TEXT NOT NULL,
  entity_id                 TEXT NOT NULL,
  principal                 TEXT NOT NULL,
  profile                   TEXT NOT NULL,
  profile_version           INTEGER NOT NULL,
  subject                   TEXT NOT NULL,
  subject_public_key_sha256 BLOB NOT NULL,
  issued_at                 INTEGER NOT NULL,
  record_level              INTEGER NOT NULL,
  key_origin                INTEGER NOT NULL,
  names                     TEXT NOT NULL,
  der                       BLOB NOT NULL
) STRICT;

-- A line of renewals under the id of its first certificate, with what filters decide on: tenant,
-- entity and principal of the first certificate; the rest of the newest, `current`.
CREATE TABLE lineage (
  id          INTEGER NOT NULL PRIMARY KEY,
  current     INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  revoked     INTEGER NOT NULL,
  ca          TEXT NOT NULL,
  tenant      TEXT NOT NULL,
  entity_type TEXT NOT NULL,
  entity_id   TEXT NOT NULL,
  principal   TEXT NOT NULL
) STRICT;

-- The other certificates of lineages that were renewed.
CREATE TABLE renewal (
  lineage     INTEGER NOT NULL,
  certificate INTEGER NOT NULL,
  PRIMARY KEY (lineage, certificate)
) STRICT, WITHOUT ROWID;

-- Exact at every commit.
CREATE TABLE tenant_counter (
  tenant   TEXT NOT NULL PRIMARY KEY,
  lineages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE managed_key (
  certificate          INTEGER NOT NULL PRIMARY KEY,
  sealed_pkcs8         BLOB NOT NULL,
  erase_after_delivery INTEGER NOT NULL
) STRICT;

CREATE TABLE download_grant (
  secret_sha256 BLOB NOT NULL PRIMARY KEY,
  lineage       INTEGER NOT NULL,
  principal     TEXT NOT NULL,
  expires_at    INTEGER NOT NULL,
  used          INTEGER NOT NULL
) STRICT;
CREATE INDEX download_grant_by_lineage ON download_grant (lineage);
