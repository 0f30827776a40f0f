-- Objects that attacks.jsonl stands on, besides the blocks base, dblink, fdw and wrappers of the corpus's setup.sql.

-- block: attacks
CREATE FUNCTION app.asks(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping_text($1); RETURN true; END $$;
CREATE DOMAIN asked AS text CHECK (app.asks(VALUE));
CREATE DOMAIN "größe" AS text CHECK (app.asks(VALUE));
CREATE TABLE checked_notes (id int, note asked);
CREATE TABLE asked_trail (id int, note boolean DEFAULT app.asks('default'));
CREATE TABLE parcels (id int PRIMARY KEY);
CREATE TABLE parcel_lines (id int REFERENCES parcels);
CREATE FUNCTION app.on_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping_text('x'); RETURN NULL; END $$;
CREATE TRIGGER t AFTER TRUNCATE ON parcel_lines EXECUTE FUNCTION app.on_truncate();
CREATE FUNCTION app.asked_int(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM app.ping_text('x'); RETURN $1 - $2; END $$;
CREATE OPERATOR CLASS app.asked_ops FOR TYPE int USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 app.asked_int(int, int);
CREATE SCHEMA near;
CREATE TABLE near.remote (id int, note text);
CREATE SCHEMA remote;
CREATE FOREIGN TABLE remote.remote (id int, note text) SERVER peer OPTIONS (schema_name 'public', table_name 'secret');
CREATE FUNCTION app.set_any(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN set_config($1, $2, false); END $$;
CREATE FUNCTION app.set_one(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN set_config('app.tenant', $1, false); END $$;
CREATE PROCEDURE app.counts() LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM public.customers; END $$;
CREATE FUNCTION app.on_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping_text('x'); RETURN COALESCE(NEW, OLD); END $$;
CREATE TABLE triggered (id int, note text);
INSERT INTO triggered VALUES (1, 'a');
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION app.on_row();
CREATE TABLE kept (id int PRIMARY KEY);
CREATE TABLE kept_lines (id int REFERENCES kept ON DELETE CASCADE);
CREATE TRIGGER t BEFORE DELETE ON kept_lines FOR EACH ROW EXECUTE FUNCTION app.on_row();
INSERT INTO kept VALUES (1);
INSERT INTO kept_lines VALUES (1);
CREATE VIEW near_notes AS SELECT id, note FROM near.remote;
CREATE FUNCTION app.asks_row(text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM app.ping_text($1); RETURN true; END $$;
CREATE TABLE row_checked (id int, note text);
INSERT INTO row_checked VALUES (1, 'a');
ALTER TABLE row_checked ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON row_checked FOR SELECT USING (true);
CREATE POLICY u ON row_checked FOR UPDATE USING (app.asks_row(note));
GRANT ALL ON row_checked TO corpus_reader;
CREATE VIEW row_locked WITH (security_invoker) AS SELECT id FROM row_checked FOR UPDATE;
CREATE VIEW row_seen WITH (security_invoker) AS SELECT r.id FROM row_checked r JOIN row_checked s ON s.id = r.id;
GRANT SELECT, UPDATE ON row_locked, row_seen TO corpus_reader;
CREATE FUNCTION app.hashed(int, bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM app.ping_text('x'); RETURN 1; END $$;
CREATE OPERATOR CLASS app.hash_ops FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 2 app.hashed(int, bigint);
CREATE TABLE hashed (id int) PARTITION BY HASH (id app.hash_ops);
CREATE OPERATOR CLASS app.list_ops FOR TYPE int[] USING gin AS OPERATOR 1 && (anyarray, anyarray),
  FUNCTION 1 app.asked_int(int, int), FUNCTION 2 ginarrayextract(anyarray, internal, internal),
  FUNCTION 3 ginqueryarrayextract(anyarray, internal, smallint, internal, internal, internal, internal),
  FUNCTION 4 ginarrayconsistent(internal, smallint, anyarray, integer, internal, internal, internal, internal), STORAGE int;
CREATE TABLE lists (a int[]) WITH (autovacuum_enabled = off);
CREATE INDEX lists_a ON lists USING gin (a app.list_ops);
INSERT INTO lists VALUES (ARRAY[1]), (ARRAY[2]);
CREATE FUNCTION app.same(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM app.ping_text('x'); RETURN $1 = $2; END $$;
CREATE OPERATOR app.=~= (LEFTARG = int, RIGHTARG = int, FUNCTION = app.same);
CREATE OPERATOR CLASS app.bound_ops FOR TYPE int USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 app.=~= (int, int), OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE TABLE bounded (id int) PARTITION BY RANGE (id app.bound_ops);
CREATE TABLE bounded_few PARTITION OF bounded FOR VALUES FROM (1) TO (5);
