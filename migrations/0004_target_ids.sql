-- What a grant touched, by the target's own ids, and where: it is taken back there, whatever it is called by then.
CREATE TABLE target_ids (
  grant_id TEXT NOT NULL,
  thing TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (grant_id, thing)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- Grants that are live now get their place and ids at the first start of this version, one by one.
INSERT OR IGNORE INTO jobs (kind, key, due_at, attempts, lease_until, generation)
  SELECT 'stamp', 'earlier', 0, 0, 0, 1
  WHERE EXISTS (SELECT 1 FROM grants WHERE state IN ('provisioning', 'active', 'revoking', 'overdue'));
--> statement-breakpoint
UPDATE grants SET body = json_set(body, '$.place', json('null'));
