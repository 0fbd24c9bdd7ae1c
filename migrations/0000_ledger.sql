CREATE TABLE events (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  actor TEXT NOT NULL,
  request_id TEXT,
  grant_id TEXT,
  payload TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX events_request ON events (request_id) WHERE request_id IS NOT NULL;
--> statement-breakpoint
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only: events are never changed');
END;
--> statement-breakpoint
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only: events are never deleted');
END;
--> statement-breakpoint
CREATE TABLE requests (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  state TEXT NOT NULL,
  submission_key TEXT NOT NULL UNIQUE,
  requester TEXT NOT NULL,
  role TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX requests_one_pending ON requests (requester, role) WHERE state = 'pending';
--> statement-breakpoint
CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  state TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE REFERENCES requests (id),
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  resource TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX grants_one_live ON grants (person, role)
  WHERE state IN ('provisioning', 'active', 'revoking', 'overdue');
--> statement-breakpoint
CREATE TABLE jobs (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, key)
) STRICT;
--> statement-breakpoint
CREATE INDEX jobs_due ON jobs (due_at);
--> statement-breakpoint
CREATE TABLE posts (
  key TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  ts TEXT NOT NULL,
  digest TEXT NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE cursors (
  name TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT;
