-- Requests that people decide on (store/request_records.h). Ids sort by time, so a page in order of
-- time is a range of the key, or of an index that ends with it.
CREATE TABLE request (
  id                    TEXT NOT NULL PRIMARY KEY,
  revision              INTEGER NOT NULL,
  state                 INTEGER NOT NULL,
  tenant                TEXT NOT NULL,
  ca                    TEXT NOT NULL,
  profile               TEXT NOT NULL,
  profile_version       INTEGER NOT NULL,
  principal             TEXT NOT NULL,
  email                 TEXT NOT NULL,
  door                  TEXT NOT NULL,
  remote                TEXT NOT NULL,
  entity_type           TEXT NOT NULL,
  entity_id             TEXT NOT NULL,
  subject               TEXT NOT NULL,
  content               TEXT NOT NULL,
  changes               TEXT NOT NULL,
  request_sha256        BLOB NOT NULL,
  binding               BLOB NOT NULL,
  approvals_needed      INTEGER NOT NULL,
  reason                TEXT NOT NULL,
  decided_by            TEXT NOT NULL,
  certificate           INTEGER NOT NULL,
  received_at           INTEGER NOT NULL,
  changed_at            INTEGER NOT NULL,
  expires_at            INTEGER NOT NULL,
  certification_request BLOB NOT NULL
) STRICT;
CREATE INDEX request_by_state ON request (state, id);
CREATE INDEX request_by_tenant ON request (tenant, id);
CREATE INDEX request_by_principal ON request (principal, id);
CREATE INDEX request_by_sha256 ON request (request_sha256, id);

-- Open ones: state received, pending or approved. Two equal ones cannot be open.
CREATE UNIQUE INDEX request_open ON request (request_sha256) WHERE state < 3;
CREATE INDEX request_open_of_principal ON request (principal) WHERE state < 3;
CREATE INDEX request_undecided_by_end ON request (expires_at) WHERE state < 2;

-- In the order in which they were given.
CREATE TABLE approval (
  id          INTEGER NOT NULL PRIMARY KEY,
  request     TEXT NOT NULL,
  principal   TEXT NOT NULL,
  kind        INTEGER NOT NULL,
  binding     BLOB NOT NULL,
  comment     TEXT NOT NULL,
  approved_at INTEGER NOT NULL,
  UNIQUE (request, principal, binding)
) STRICT;
CREATE INDEX approval_by_request ON approval (request, id);
