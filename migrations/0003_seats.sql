-- What a grant gave where the target has no room for a label, and what was there before.
CREATE TABLE seats (
  grant_id TEXT NOT NULL,
  place TEXT NOT NULL,
  account TEXT NOT NULL COLLATE NOCASE,
  level TEXT NOT NULL,
  role TEXT NOT NULL,
  before TEXT,
  PRIMARY KEY (grant_id, place)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX seats_account ON seats (place, account);
