-- An open request's idempotency key is its requester's only one: two submissions at the same moment queue one
-- request. Of those that came in before this, the oldest has the key, and the others, of which no certificate
-- can come, have it in `content` only.
ALTER TABLE request ADD COLUMN idempotency_key TEXT NOT NULL DEFAULT '';
UPDATE request SET idempotency_key = json_extract(content, '$.idempotency_key')
WHERE CASE WHEN json_valid(content) THEN json_type(content, '$.idempotency_key') END = 'text'
  AND NOT (state < 3 AND EXISTS (
    SELECT 1 FROM request AS older
    WHERE older.principal = request.principal AND older.state < 3 AND older.id < request.id
      AND CASE WHEN json_valid(older.content) THEN json_extract(older.content, '$.idempotency_key') END
          = json_extract(request.content, '$.idempotency_key')));
CREATE UNIQUE INDEX request_open_of_key ON request (principal, idempotency_key)
  WHERE state < 3 AND idempotency_key <> '';
