-- Evidence of revocation: complete without the certificate's row, which may be archived before it.
-- A released hold stays as a row with removed = 1, so that the next CRL learns of it.
CREATE TABLE revocation (
  certificate INTEGER NOT NULL PRIMARY KEY,
  serial      BLOB NOT NULL,
  ca          TEXT NOT NULL,
  crl_shard   INTEGER NOT NULL,
  sequence    INTEGER NOT NULL,
  removed     INTEGER NOT NULL,
  reason      INTEGER NOT NULL,
  revoked_at  INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  principal   TEXT NOT NULL
) STRICT;

-- The same by (CA, shard) in order of change, one row per certificate: what CRLs are built from.
-- Holds the columns of a CRL entry, so that building one is a plain range scan.
CREATE TABLE revocation_change (
  ca          TEXT NOT NULL,
  crl_shard   INTEGER NOT NULL,
  sequence    INTEGER NOT NULL,
  certificate INTEGER NOT NULL,
  serial      BLOB NOT NULL,
  reason      INTEGER NOT NULL,
  revoked_at  INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  removed     INTEGER NOT NULL,
  PRIMARY KEY (ca, crl_shard, sequence)
) STRICT, WITHOUT ROWID;

-- The last sequence given out; kept apart, because old changes may be archived.
CREATE TABLE revocation_sequence (
  ca        TEXT NOT NULL,
  crl_shard INTEGER NOT NULL,
  sequence  INTEGER NOT NULL,
  PRIMARY KEY (ca, crl_shard)
) STRICT, WITHOUT ROWID;

-- Lineages whose newest certificate is revoked.
CREATE TABLE revoked_lineage (
  tenant  TEXT NOT NULL,
  lineage INTEGER NOT NULL,
  PRIMARY KEY (tenant, lineage)
) STRICT, WITHOUT ROWID;

CREATE TABLE crl (
  ca          TEXT NOT NULL,
  crl_shard   INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  sequence    INTEGER NOT NULL,
  this_update INTEGER NOT NULL,
  next_update INTEGER NOT NULL,
  der         BLOB NOT NULL,
  PRIMARY KEY (ca, crl_shard)
) STRICT;
