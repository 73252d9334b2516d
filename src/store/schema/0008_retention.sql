-- Records that have served their time are found by their time, oldest first.
CREATE INDEX idempotency_by_time ON idempotency (created_at);
CREATE INDEX download_grant_by_end ON download_grant (expires_at);

-- An abandoned intent is one that is closed without a certificate; it used to be a setting.
DELETE FROM open_intent WHERE EXISTS (
  SELECT 1 FROM setting WHERE name = 'intent-abandoned:' || open_intent.id);
DELETE FROM setting WHERE name GLOB 'intent-abandoned:*';
