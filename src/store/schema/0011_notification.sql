-- What people and systems are told: written in the transaction of what it tells about, delivered later.

-- Its id is its place in the order of delivery; AUTOINCREMENT, so that none is used again.
CREATE TABLE notification (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  channel           INTEGER NOT NULL,
  recipient         TEXT NOT NULL,
  tenant            TEXT NOT NULL,
  event             TEXT NOT NULL,
  subject           TEXT NOT NULL,
  facts             TEXT NOT NULL,
  deduplication_key TEXT NOT NULL UNIQUE,
  state             INTEGER NOT NULL,
  attempts          INTEGER NOT NULL,
  last_error        TEXT NOT NULL,
  created_at        INTEGER NOT NULL,
  next_attempt_at   INTEGER NOT NULL,
  settled_at        INTEGER
) STRICT;
CREATE INDEX notification_to_deliver ON notification (channel, recipient, id) WHERE state = 0;
CREATE INDEX notification_by_recipient ON notification (recipient, channel, id);
CREATE INDEX notification_about ON notification (recipient, event, subject);
CREATE INDEX notification_by_subject ON notification (subject, tenant, id);
CREATE INDEX notification_by_state ON notification (state, created_at);

-- One row for each recipient with something waiting: when its next one is due.
CREATE TABLE notification_lane (
  channel         INTEGER NOT NULL,
  recipient       TEXT NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  PRIMARY KEY (channel, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_lane_due ON notification_lane (channel, next_attempt_at);

CREATE TABLE webhook (
  id                TEXT NOT NULL PRIMARY KEY,
  tenant            TEXT NOT NULL,
  url               TEXT NOT NULL,
  events            TEXT NOT NULL,
  disabled          INTEGER NOT NULL,
  secret_generation INTEGER NOT NULL,
  previous_until    INTEGER,
  revision          INTEGER NOT NULL,
  created_by        TEXT NOT NULL,
  created_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_by_tenant ON webhook (tenant, id);

CREATE TABLE notification_template (
  tenant     TEXT NOT NULL,
  event      TEXT NOT NULL,
  subject    TEXT NOT NULL,
  text       TEXT NOT NULL,
  html       TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, event)
) STRICT, WITHOUT ROWID;

-- Who has a role in a tenant: those to be told.
CREATE INDEX role_binding_by_role ON role_binding (role, tenant, principal);
