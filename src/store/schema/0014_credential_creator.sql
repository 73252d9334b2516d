-- Whoever made a credential may know its secret: who that was decides whether it outlives a promotion of its
-- owner. Empty: not known.
ALTER TABLE credential ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
