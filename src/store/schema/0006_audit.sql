-- Leaves in order of commit; positions have no gaps.
CREATE TABLE audit_leaf (
  position INTEGER NOT NULL PRIMARY KEY,
  record   BLOB NOT NULL
) STRICT;

CREATE TABLE audit_checkpoint (
  tree_size   INTEGER NOT NULL PRIMARY KEY,
  root        BLOB NOT NULL,
  signed_note TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_tile (
  level        INTEGER NOT NULL,
  tile_index   INTEGER NOT NULL,
  hashes       BLOB NOT NULL,
  PRIMARY KEY (level, tile_index)
) STRICT;
