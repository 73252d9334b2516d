-- Pages of one state, and of a long range of notAfter, read about as many index entries as they
-- have rows, however many certificates are in another state.

-- Lineages by state: 0 to be looked at as valid, 1 expired, 2 revoked (store/sqlite/lineage_state.h),
-- once under their tenant and once under '', which is all tenants.
CREATE TABLE lineage_state (
  tenant  TEXT NOT NULL,
  state   INTEGER NOT NULL,
  lineage INTEGER NOT NULL,
  PRIMARY KEY (tenant, state, lineage)
) STRICT, WITHOUT ROWID;
INSERT INTO lineage_state
  SELECT '', CASE revoked WHEN 0 THEN 0 ELSE 2 END, id FROM lineage ORDER BY 2, id;
INSERT INTO lineage_state
  SELECT tenant, CASE revoked WHEN 0 THEN 0 ELSE 2 END, id FROM lineage ORDER BY tenant, 2, id;
DROP TABLE revoked_lineage;

-- One row. Of the rows of lineage_expiry those before (not_after, lineage) were swept: their
-- lineages are in state 1, unless they were renewed or revoked.
CREATE TABLE expiry_sweep (
  id        INTEGER NOT NULL PRIMARY KEY,
  not_after INTEGER NOT NULL,
  lineage   INTEGER NOT NULL
) STRICT;
INSERT INTO expiry_sweep VALUES (1, -9000000000000000000, 0);

-- Spans of 2^10, 2^13, 2^16, 2^19 and 2^22 seconds (17 minutes to 48 days), each eight of the one
-- before: a range is merged from at most seven of each width at either end.
INSERT INTO lineage_expiry_span
  SELECT w.bits, ((e.not_after - ((e.not_after % 1000000) + 1000000) % 1000000) / 1000000) >> w.bits,
         e.lineage
  FROM (SELECT 10 AS bits UNION ALL SELECT 16 UNION ALL SELECT 22) AS w CROSS JOIN lineage_expiry AS e;
