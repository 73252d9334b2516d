-- Which leaves are about which request, so that its case file need not search the log for them.
CREATE TABLE audit_leaf_about (
  request  TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (request, position)
) STRICT, WITHOUT ROWID;

-- The leaves that are there: the field that names the request, as audit::request_of() finds it. They are
-- read once, and not at all where nobody ever had to approve anything.
INSERT INTO audit_leaf_about (request, position)
SELECT named.request, named.position
FROM (SELECT position,
             CASE WHEN json_valid(CAST(record AS TEXT)) THEN
               json_extract(CAST(record AS TEXT),
                            CASE json_extract(CAST(record AS TEXT), '$.event')
                              WHEN 'CERTIFICATE_ISSUED' THEN '$.fields.approval'
                              WHEN 'CERTIFICATE_RENEWED' THEN '$.fields.approval'
                              WHEN 'ACCESS_DENIED' THEN '$.fields.object'
                              WHEN 'NOTIFICATION_ACKNOWLEDGED' THEN '$.fields.subject'
                              ELSE '$.fields.request'
                            END)
             END AS request
      FROM audit_leaf
      WHERE EXISTS (SELECT 1 FROM request)) AS named
WHERE named.request IN (SELECT id FROM request);
