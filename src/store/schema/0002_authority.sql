-- Certificate authorities, profiles, and what else the server keeps a little of.

CREATE TABLE ca (
  id                      TEXT NOT NULL PRIMARY KEY,
  name                    TEXT NOT NULL,
  state                   INTEGER NOT NULL,
  parent                  TEXT NOT NULL,
  certificate             BLOB NOT NULL,
  sealed_key              BLOB NOT NULL,
  subject_public_key_info BLOB NOT NULL,
  key_algorithm           TEXT NOT NULL,
  signature_algorithm     TEXT NOT NULL,
  policy                  TEXT NOT NULL,
  revision                INTEGER NOT NULL,
  created_at              INTEGER NOT NULL
) STRICT;

-- CaRecord::issuer_chain, position 0 is the issuer.
CREATE TABLE ca_issuer (
  ca          TEXT NOT NULL,
  position    INTEGER NOT NULL,
  certificate BLOB NOT NULL,
  PRIMARY KEY (ca, position)
) STRICT;

CREATE TABLE profile (
  name       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  document   TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;

CREATE TABLE setting (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE blocked_key (
  subject_public_key_sha256 BLOB NOT NULL PRIMARY KEY,
  why                       TEXT NOT NULL
) STRICT;

CREATE TABLE lease (
  name   TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  until  INTEGER NOT NULL
) STRICT;
