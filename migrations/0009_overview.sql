-- How many grants are in which state, counted without reading them.
CREATE INDEX grants_live_state ON grants (state) WHERE state IN ('provisioning', 'active', 'revoking', 'overdue');
--> statement-breakpoint
CREATE INDEX events_anchored ON events (seq) WHERE type = 'ledger.anchored';
