-- Names stand beside the chain, so that they can be erased; events are found by the people in them.
CREATE TABLE names (
  ref TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  salt TEXT,
  value TEXT,
  CHECK ((salt IS NULL) = (value IS NULL))
) STRICT;
--> statement-breakpoint
CREATE INDEX names_person ON names (person);
--> statement-breakpoint
CREATE TABLE event_people (
  person TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (person, seq)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
INSERT OR IGNORE INTO event_people (person, seq)
  SELECT json_extract(actor, '$.id'), seq FROM events WHERE json_extract(actor, '$.id') IS NOT NULL
  UNION SELECT requester, seq FROM events JOIN requests ON requests.id = events.request_id;
--> statement-breakpoint
CREATE INDEX events_archived ON events (seq) WHERE type = 'ledger.archived';
--> statement-breakpoint
UPDATE requests SET body = json_set(body, '$.signals', json('[]'));
--> statement-breakpoint
CREATE INDEX grants_live_resource ON grants (resource) WHERE state IN ('provisioning', 'active', 'revoking', 'overdue');
