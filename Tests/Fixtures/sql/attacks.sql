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
