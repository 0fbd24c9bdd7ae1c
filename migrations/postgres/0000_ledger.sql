CREATE TABLE events (
  seq bigint PRIMARY KEY CHECK (seq > 0),
  at bigint NOT NULL,
  type text NOT NULL,
  actor text NOT NULL,
  request_id text,
  grant_id text,
  payload text NOT NULL,
  prev_hash text NOT NULL,
  hash text NOT NULL
);
--> statement-breakpoint
CREATE INDEX events_request ON events (request_id) WHERE request_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX events_marks ON events (type, seq)
  WHERE type IN ('bot.identified', 'channel.forged', 'ledger.damaged', 'ledger.looked', 'ledger.restored', 'ledger.reconciled');
--> statement-breakpoint
CREATE INDEX events_anchored ON events (seq) WHERE type = 'ledger.anchored';
--> statement-breakpoint
CREATE FUNCTION events_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: events are never changed or deleted';
END $$;
--> statement-breakpoint
CREATE TRIGGER events_are_kept BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_are_kept();
--> statement-breakpoint
CREATE TRIGGER events_are_kept_whole BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION events_are_kept();
--> statement-breakpoint
-- The newest event. Its row is the lock under which events are numbered and chained.
CREATE TABLE head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq bigint NOT NULL,
  hash text NOT NULL
);
--> statement-breakpoint
INSERT INTO head (seq, hash) VALUES (0, repeat('0', 64));
--> statement-breakpoint
-- Who writes, with the last commit of each: one whose answer was lost is asked for again by its number.
CREATE TABLE writers (
  id text PRIMARY KEY,
  commit_no bigint NOT NULL,
  outcomes json
);
--> statement-breakpoint
CREATE TABLE event_people (
  person text NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (person, seq)
);
--> statement-breakpoint
CREATE TABLE names (
  ref text PRIMARY KEY,
  person text NOT NULL,
  salt text,
  value text,
  CHECK ((salt IS NULL) = (value IS NULL))
);
--> statement-breakpoint
CREATE INDEX names_person ON names (person);
--> statement-breakpoint
CREATE TABLE requests (
  id text PRIMARY KEY,
  -- In the order in which they were made.
  n bigint GENERATED ALWAYS AS IDENTITY,
  version integer NOT NULL,
  state text NOT NULL,
  submission_key text NOT NULL UNIQUE,
  requester text NOT NULL,
  mailbox text NOT NULL,
  role text NOT NULL,
  bundle text NOT NULL,
  review_due bigint,
  -- What queries look for in the body. A body may hold what PostgreSQL's own JSON refuses.
  extends_grant text,
  incident text,
  decided_at bigint,
  is_reviewed boolean NOT NULL,
  body text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX requests_one_pending ON requests (requester, role) WHERE state = 'pending';
--> statement-breakpoint
CREATE INDEX requests_bundle ON requests (bundle);
--> statement-breakpoint
CREATE INDEX requests_requester ON requests (requester, n);
--> statement-breakpoint
CREATE INDEX requests_mailbox ON requests (mailbox);
--> statement-breakpoint
CREATE INDEX requests_open ON requests (state) WHERE state IN ('pending', 'scheduled');
--> statement-breakpoint
CREATE INDEX requests_review_due ON requests (review_due) WHERE review_due IS NOT NULL;
--> statement-breakpoint
CREATE TABLE grants (
  id text PRIMARY KEY,
  n bigint GENERATED ALWAYS AS IDENTITY,
  version integer NOT NULL,
  state text NOT NULL,
  request_id text NOT NULL UNIQUE REFERENCES requests (id),
  person text NOT NULL,
  mailbox text NOT NULL,
  role text NOT NULL,
  resource text NOT NULL,
  place text,
  incident text,
  body text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX grants_one_live ON grants (person, role) WHERE state IN ('provisioning', 'active', 'revoking', 'overdue');
--> statement-breakpoint
CREATE INDEX grants_person ON grants (person, n);
--> statement-breakpoint
CREATE INDEX grants_people ON grants (resource, person, mailbox);
--> statement-breakpoint
CREATE INDEX grants_live_resource ON grants (resource) WHERE state IN ('provisioning', 'active', 'revoking', 'overdue');
--> statement-breakpoint
CREATE INDEX grants_live_mailbox ON grants (mailbox) WHERE state IN ('provisioning', 'active', 'revoking', 'overdue');
--> statement-breakpoint
CREATE TABLE records (
  kind text NOT NULL,
  key text NOT NULL,
  version integer NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (kind, key)
);
--> statement-breakpoint
CREATE SEQUENCE generations;
--> statement-breakpoint
CREATE TABLE jobs (
  kind text NOT NULL,
  key text NOT NULL,
  due_at bigint NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  lease_until bigint NOT NULL DEFAULT 0,
  -- Newer with every put and every claim: whoever comes back late with an older one settles nothing.
  generation bigint NOT NULL DEFAULT nextval('generations'),
  -- The generation of the claim that holds the lease.
  claimed bigint,
  -- The writer whose claim it is.
  claimed_by text,
  PRIMARY KEY (kind, key)
);
--> statement-breakpoint
CREATE INDEX jobs_due ON jobs (due_at);
--> statement-breakpoint
CREATE TABLE posts (
  key text COLLATE "C" PRIMARY KEY,
  channel text NOT NULL,
  ts text NOT NULL,
  digest text NOT NULL
);
--> statement-breakpoint
CREATE TABLE cursors (
  name text PRIMARY KEY,
  seq bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE seats (
  grant_id text NOT NULL,
  place text NOT NULL,
  account text NOT NULL,
  level text NOT NULL,
  role text NOT NULL,
  before text,
  PRIMARY KEY (grant_id, place)
);
--> statement-breakpoint
CREATE INDEX seats_account ON seats (place, lower(account));
--> statement-breakpoint
CREATE TABLE target_ids (
  grant_id text NOT NULL,
  thing text NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (grant_id, thing)
);
--> statement-breakpoint
-- A pause before maintenance. `until` is null if it has no end until it is lifted.
CREATE TABLE drain (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  until bigint,
  why text NOT NULL
);
--> statement-breakpoint
-- The writer that alone works on this ledger, and until when nobody else may take its place.
CREATE TABLE lead (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  writer text NOT NULL,
  held_until timestamptz NOT NULL,
  what text NOT NULL
);
--> statement-breakpoint
CREATE FUNCTION jit_writer(me text) RETURNS void LANGUAGE sql AS $$ INSERT INTO writers (id, commit_no) VALUES (me, 0) $$;
--> statement-breakpoint
-- Takes or keeps the lead. A new writer fences off every other one: it commits, claims and settles nothing any more.
-- Returns null if it has the lead, or what has it.
CREATE FUNCTION jit_lead(me text, lease interval, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  holder lead%ROWTYPE;
BEGIN
  PERFORM FROM writers WHERE id = me;
  IF NOT FOUND THEN
    RETURN 'one that has taken over since';
  END IF;
  LOCK TABLE lead IN EXCLUSIVE MODE;
  SELECT * INTO holder FROM lead;
  IF holder.writer = me THEN
    UPDATE lead SET held_until = clock_timestamp() + lease;
    RETURN NULL;
  END IF;
  IF holder.held_until >= clock_timestamp() THEN
    RETURN holder.what;
  END IF;
  INSERT INTO lead (writer, held_until, what) VALUES (me, clock_timestamp() + lease, kind)
    ON CONFLICT (one) DO UPDATE SET writer = me, held_until = excluded.held_until, what = kind;
  DELETE FROM writers WHERE id <> me;
  UPDATE jobs SET lease_until = 0 WHERE claimed_by <> me AND lease_until <> 0;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION jit_leave(me text) RETURNS void LANGUAGE sql AS $$ DELETE FROM lead WHERE writer = me $$;
--> statement-breakpoint
-- One change, in the order that every engine keeps: states, whose versions decide whether it happens at all; then events, each
-- chained to the one before; then due work. Raises JB001 if a version is not the loaded one.
CREATE FUNCTION jit_apply(change json) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  one json;
  moment bigint := (change->>'at')::bigint;
  last head%ROWTYPE;
  previous text;
  job_key text;
  hashes text[] := '{}';
  first bigint;
BEGIN
  FOR one IN SELECT value FROM json_array_elements(change->'requests') LOOP
    IF (one->>'version')::int = 0 THEN
      INSERT INTO requests (id, version, state, submission_key, requester, mailbox, role, bundle, review_due, extends_grant, incident, decided_at, is_reviewed, body)
      VALUES (one->>'id', 1, one->>'state', one->>'submissionKey', one->>'requester', one->>'mailbox', one->>'role', one->>'bundle',
        (one->>'reviewDue')::bigint, one->>'extends', one->>'incident', (one->>'decidedAt')::bigint, (one->>'isReviewed')::boolean, one->>'body');
    ELSE
      UPDATE requests SET version = version + 1, state = one->>'state', role = one->>'role', review_due = (one->>'reviewDue')::bigint,
        extends_grant = one->>'extends', incident = one->>'incident', decided_at = (one->>'decidedAt')::bigint,
        is_reviewed = (one->>'isReviewed')::boolean, body = one->>'body'
      WHERE id = one->>'id' AND version = (one->>'version')::int;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'request % has changed since it was loaded', one->>'id' USING ERRCODE = 'JB001';
      END IF;
    END IF;
  END LOOP;
  FOR one IN SELECT value FROM json_array_elements(change->'grants') LOOP
    IF (one->>'version')::int = 0 THEN
      INSERT INTO grants (id, version, state, request_id, person, mailbox, role, resource, place, incident, body)
      VALUES (one->>'id', 1, one->>'state', one->>'requestId', one->>'person', one->>'mailbox', one->>'role', one->>'resource',
        one->>'place', one->>'incident', one->>'body');
    ELSE
      UPDATE grants SET version = version + 1, state = one->>'state', place = one->>'place', incident = one->>'incident', body = one->>'body'
      WHERE id = one->>'id' AND version = (one->>'version')::int;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'grant % has changed since it was loaded', one->>'id' USING ERRCODE = 'JB001';
      END IF;
    END IF;
  END LOOP;
  FOR one IN SELECT value FROM json_array_elements(change->'records') LOOP
    IF (one->>'version')::int = 0 THEN
      INSERT INTO records (kind, key, version, body) VALUES (one->>'kind', one->>'key', 1, one->>'body');
    ELSE
      UPDATE records SET version = version + 1, body = one->>'body'
      WHERE kind = one->>'kind' AND records.key = one->>'key' AND version = (one->>'version')::int;
      IF NOT FOUND THEN
        RAISE EXCEPTION '% % has changed since it was loaded', one->>'kind', one->>'key' USING ERRCODE = 'JB001';
      END IF;
    END IF;
  END LOOP;
  DELETE FROM seats USING json_array_elements_text(change->'unseated') AS gone WHERE grant_id = gone AND place NOT LIKE change->>'keepsOut';
  INSERT INTO names (ref, person, salt, value)
    SELECT value->>'ref', value->>'person', value->>'salt', value->>'value' FROM json_array_elements(change->'names')
    ON CONFLICT (ref) DO NOTHING;
  IF json_array_length(change->'events') > 0 THEN
    -- Locked last: whoever holds it only has to write.
    SELECT * INTO last FROM head FOR UPDATE;
    first := last.seq + 1;
    FOR one IN SELECT value FROM json_array_elements(change->'events') LOOP
      last.seq := last.seq + 1;
      previous := last.hash;
      last.hash := encode(sha256(convert_to(concat_ws(E'\n', previous, last.seq::text, moment::text, one->>'type', one->>'actor',
        coalesce(one->>'requestId', ''), coalesce(one->>'grantId', ''), one->>'payload'), 'UTF8')), 'hex');
      INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash)
      VALUES (last.seq, moment, one->>'type', one->>'actor', one->>'requestId', one->>'grantId', one->>'payload', previous, last.hash);
      INSERT INTO event_people (person, seq) SELECT value, last.seq FROM json_array_elements_text(one->'people') ON CONFLICT DO NOTHING;
      hashes := hashes || last.hash;
    END LOOP;
    UPDATE head SET seq = last.seq, hash = last.hash;
  END IF;
  FOR one IN SELECT value FROM json_array_elements(change->'done') LOOP
    DELETE FROM jobs WHERE kind = one->>'kind' AND jobs.key = one->>'key';
  END LOOP;
  FOR one IN SELECT value FROM json_array_elements(change->'jobs') LOOP
    -- Work about an event of this change has its place in the change, because its number is known only here.
    job_key := coalesce(one->>'key', (first + (one->>'event')::int)::text);
    INSERT INTO jobs (kind, key, due_at) VALUES (one->>'kind', job_key, (one->>'dueAt')::bigint)
    ON CONFLICT ON CONSTRAINT jobs_pkey DO UPDATE SET due_at = excluded.due_at, generation = nextval('generations');
  END LOOP;
  RETURN json_build_object('first', first, 'before', (SELECT prev_hash FROM events WHERE seq = first), 'hashes', hashes);
END $$;
--> statement-breakpoint
-- Several changes in one commit, each whole or not at all. A commit whose answer was lost is repeated with its number, and has the
-- outcome that it had: the row of the writer is locked until the earlier one is over.
CREATE FUNCTION jit_commit(writer text, number bigint, changes json) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  mine writers%ROWTYPE;
  change json;
  results json[] := '{}';
  outcome json;
BEGIN
  SELECT * INTO mine FROM writers WHERE id = writer FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the writer % is not known', writer USING ERRCODE = 'JB002';
  END IF;
  IF mine.commit_no = number THEN
    RETURN mine.outcomes;
  END IF;
  IF mine.commit_no > number THEN
    RAISE EXCEPTION 'commit % of % was overtaken by %', number, writer, mine.commit_no USING ERRCODE = 'JB003';
  END IF;
  FOR change IN SELECT value FROM json_array_elements(changes) LOOP
    BEGIN
      results := results || jit_apply(change);
    EXCEPTION
      WHEN SQLSTATE 'JB001' THEN
        results := results || json_build_object('conflict', SQLERRM);
      WHEN unique_violation THEN
        results := results || json_build_object('conflict', 'somebody else committed first');
    END;
  END LOOP;
  outcome := array_to_json(results);
  UPDATE writers SET commit_no = number, outcomes = outcome WHERE id = writer;
  RETURN outcome;
END $$;
--> statement-breakpoint
-- Outcomes of claimed work. Only the generation of the claim settles a job; one that was put again meanwhile is free at once,
-- unless somebody else has claimed it since.
CREATE FUNCTION jit_settle(writer text, outcomes json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one json;
BEGIN
  PERFORM FROM writers WHERE id = writer;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the writer % is not known', writer USING ERRCODE = 'JB002';
  END IF;
  FOR one IN SELECT value FROM json_array_elements(outcomes) ORDER BY value->>'kind', value->>'key' LOOP
    IF one->>'dueAt' IS NULL THEN
      DELETE FROM jobs WHERE kind = one->>'kind' AND key = one->>'key' AND generation = (one->>'generation')::bigint;
    ELSE
      UPDATE jobs SET due_at = (one->>'dueAt')::bigint, attempts = (one->>'attempts')::int, lease_until = 0
      WHERE kind = one->>'kind' AND key = one->>'key' AND generation = (one->>'generation')::bigint;
    END IF;
    UPDATE jobs SET lease_until = 0
    WHERE kind = one->>'kind' AND key = one->>'key' AND claimed = (one->>'generation')::bigint AND generation <> claimed;
  END LOOP;
END $$;
--> statement-breakpoint
-- A stored text as JSON; null if somebody made it none. Escapes that JSON has and PostgreSQL's text has not make it none, too.
CREATE FUNCTION jit_json(stored text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN stored::jsonb;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Corrects the columns of a grant's row that are not part of its body.
CREATE FUNCTION jit_realign(grant_id text, its_person text, its_role text, its_resource text, its_request text) RETURNS void LANGUAGE sql AS $$
  UPDATE grants SET person = its_person, role = its_role, resource = its_resource, request_id = its_request WHERE id = grant_id
$$;
--> statement-breakpoint
-- Makes nothing of a small state that cannot be read.
CREATE FUNCTION jit_drop_record(its_kind text, its_key text, was text) RETURNS void LANGUAGE sql AS $$
  UPDATE records SET body = 'null' WHERE kind = its_kind AND key = its_key AND body = was
$$;
--> statement-breakpoint
-- The functions write for whoever may call them, so that a role of the bot needs no right to change what is recorded.
DO $$
DECLARE
  one text;
BEGIN
  FOREACH one IN ARRAY ARRAY[
    'jit_commit(text, bigint, json)', 'jit_settle(text, json)', 'jit_lead(text, interval, text)', 'jit_leave(text)', 'jit_writer(text)',
    'jit_realign(text, text, text, text, text)', 'jit_drop_record(text, text, text)'
  ] LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', one, current_schema());
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
  END LOOP;
  REVOKE EXECUTE ON FUNCTION jit_apply(json) FROM PUBLIC;
END $$;
