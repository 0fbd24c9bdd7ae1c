-- Several processes may have a place on a ledger, each with a lease of its own; how many is for whoever starts them.
DROP FUNCTION jit_lead(text, interval, text);
--> statement-breakpoint
DROP FUNCTION jit_leave(text);
--> statement-breakpoint
DROP TABLE lead;
--> statement-breakpoint
-- The processes that work on this ledger, and until when each need not be heard of. A moved ledger has one for ever.
CREATE TABLE instances (
  writer text PRIMARY KEY,
  what text NOT NULL,
  held_until timestamptz NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);
--> statement-breakpoint
-- Takes or keeps a place among those that work on this ledger. Whoever is not heard of any more is fenced off: it commits, claims
-- and settles nothing, and what it had claimed is free. Returns null for a place, or what has the oldest one.
CREATE FUNCTION jit_join(me text, lease interval, kind text, most int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  gone text;
BEGIN
  LOCK TABLE instances IN EXCLUSIVE MODE;
  FOR gone IN DELETE FROM instances WHERE held_until < clock_timestamp() AND writer <> me RETURNING writer LOOP
    DELETE FROM writers WHERE id = gone;
    UPDATE jobs SET lease_until = 0 WHERE claimed_by = gone AND lease_until <> 0;
  END LOOP;
  PERFORM FROM writers WHERE id = me;
  IF NOT FOUND THEN
    RETURN 'one that has taken over since';
  END IF;
  UPDATE instances SET held_until = clock_timestamp() + lease WHERE writer = me;
  IF FOUND THEN
    RETURN NULL;
  END IF;
  IF (SELECT count(*) FROM instances) >= most OR EXISTS (SELECT 1 FROM instances WHERE held_until = 'infinity') THEN
    RETURN (SELECT what FROM instances ORDER BY since LIMIT 1);
  END IF;
  IF NOT EXISTS (SELECT 1 FROM instances) THEN
    -- The first of all: whoever wrote before is gone, and holds nothing.
    DELETE FROM writers WHERE id <> me;
    UPDATE jobs SET lease_until = 0 WHERE claimed_by <> me AND lease_until <> 0;
  END IF;
  INSERT INTO instances (writer, what, held_until) VALUES (me, kind, clock_timestamp() + lease);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Gives up a place. What was claimed is free at once.
CREATE FUNCTION jit_leave(me text) RETURNS void LANGUAGE sql AS $$
  DELETE FROM instances WHERE writer = me;
  UPDATE jobs SET lease_until = 0 WHERE claimed_by = me AND lease_until <> 0
$$;
--> statement-breakpoint
-- The ledger is elsewhere from now on: nobody works on this one any more.
CREATE FUNCTION jit_retire(me text, place text) RETURNS void LANGUAGE sql AS $$
  UPDATE instances SET what = place, held_until = 'infinity' WHERE writer = me
$$;
--> statement-breakpoint
DO $$
DECLARE
  one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['jit_join(text, interval, text, int)', 'jit_leave(text)', 'jit_retire(text, text)'] LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', one, current_schema());
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
  END LOOP;
END $$;
