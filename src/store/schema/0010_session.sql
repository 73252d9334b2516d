-- Signed-in people. The id of a session is in its browser's cookie and nowhere else: here is its hash.

CREATE TABLE session (
  id_sha256    BLOB NOT NULL PRIMARY KEY,
  principal    TEXT NOT NULL,
  tenant       TEXT NOT NULL,
  remote       TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  idle_ends_at INTEGER NOT NULL,
  ends_at      INTEGER NOT NULL,
  restricted   INTEGER NOT NULL,
  credential   TEXT NOT NULL  -- what it began with
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_principal ON session (principal, created_at, id_sha256);
CREATE INDEX session_by_tenant ON session (tenant);
CREATE INDEX session_by_credential ON session (credential);
CREATE INDEX session_by_end ON session (idle_ends_at);
