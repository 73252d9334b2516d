-- Indexes with random keys, filled behind the commits in sorted batches (store/sqlite/indexer.h).
-- Rows lead to lineages that may match: filters decide again on the lineage's own row, because a
-- renewal does not take back what its predecessor left here.

-- Certificates whose keys are not in the indexes below yet, in order of commit.
CREATE TABLE index_queue (
  sequence    INTEGER NOT NULL PRIMARY KEY,
  certificate INTEGER NOT NULL
) STRICT;

-- One row. Everything up to done_to is indexed. While batch_to is not 0, the batch up to it is under
-- way: the steps before `step` are done, and in the step of entities, which counts, all up to
-- (entity_id, tenant, sequence).
CREATE TABLE index_progress (
  id        INTEGER NOT NULL PRIMARY KEY,
  done_to   INTEGER NOT NULL,
  batch_to  INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  entity_id TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  sequence  INTEGER NOT NULL
) STRICT;
INSERT INTO index_progress VALUES (1, 0, 0, 0, '', '', 0);

-- kind: 1 tenant, 2 CA, 3 principal, 4 entity type, 5 name.
CREATE TABLE lineage_key (
  kind    INTEGER NOT NULL,
  value   TEXT NOT NULL,
  lineage INTEGER NOT NULL,
  PRIMARY KEY (kind, value, lineage)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage_entity (
  entity_id TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  lineage   INTEGER NOT NULL,
  PRIMARY KEY (entity_id, tenant, lineage)
) STRICT, WITHOUT ROWID;

-- Of what is in lineage_entity; a count adds what is still in the queue.
CREATE TABLE entity_counter (
  entity_id TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  lineages  INTEGER NOT NULL,
  PRIMARY KEY (entity_id, tenant)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage_public_key (
  subject_public_key_sha256 BLOB NOT NULL,
  lineage                   INTEGER NOT NULL,
  PRIMARY KEY (subject_public_key_sha256, lineage)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage_expiry (
  not_after INTEGER NOT NULL,
  lineage   INTEGER NOT NULL,
  PRIMARY KEY (not_after, lineage)
) STRICT, WITHOUT ROWID;

-- The same by spans of 2^width_bits seconds (span = notAfter in seconds >> width_bits), 2.3 hours and
-- 6 days long: a long range is read in order of lineage by merging its spans, and only its ends, less
-- than a short span each, are sorted.
CREATE TABLE lineage_expiry_span (
  width_bits INTEGER NOT NULL,
  span       INTEGER NOT NULL,
  lineage    INTEGER NOT NULL,
  PRIMARY KEY (width_bits, span, lineage)
) STRICT, WITHOUT ROWID;
