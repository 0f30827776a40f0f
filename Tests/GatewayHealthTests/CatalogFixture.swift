import Foundation
import GatewayCatalog
import GatewayHealth
import GatewayRouting

/// Objects of every kind that leads out of a database, on a real server, and what each reaches, stated by hand.
enum CatalogFixture {
    /// What of the server's own functions these tests need to know.
    static let knowledge = CatalogKnowledge(
        builtIns: { name in
            switch name {
            case "pg_read_file", "pg_ls_dir": .egress
            case "query_to_xml": .opaque
            case "pg_stat_get_activity", "pg_lock_status": .peers
            default: []
            }
        },
        body: { text in
            // The parser's place: bodies of the form `SELECT name()` or `SELECT name FROM relation`.
            let words = text.split(whereSeparator: { " (),.".contains($0) }).map { String($0) }
            guard words.first == "SELECT", words.count >= 2 else { return nil }
            var facts = BodyFacts()
            facts.functions = [BodyFacts.Name(words[1])]
            if let from = words.firstIndex(of: "FROM"), from + 1 < words.count {
                facts.reads = [BodyFacts.Name(words[from + 1])]
            }
            return facts
        })

    static let extensions = """
        CREATE EXTENSION dblink; CREATE EXTENSION postgres_fdw; CREATE EXTENSION file_fdw; CREATE EXTENSION adminpack;
        CREATE EXTENSION tablefunc; CREATE EXTENSION xml2; CREATE EXTENSION pg_stat_statements; CREATE EXTENSION lo;
        CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE EXTENSION pgcrypto;
        CREATE EXTENSION ltree; CREATE EXTENSION intarray; CREATE EXTENSION btree_gist; CREATE EXTENSION btree_gin;
        CREATE EXTENSION cube; CREATE EXTENSION earthdistance; CREATE EXTENSION seg; CREATE EXTENSION isn;
        CREATE EXTENSION unaccent; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION fuzzystrmatch; CREATE EXTENSION bloom;
        CREATE EXTENSION intagg; CREATE EXTENSION pageinspect; CREATE EXTENSION pgrowlocks; CREATE EXTENSION amcheck;
        CREATE EXTENSION pg_buffercache; CREATE EXTENSION pgstattuple; CREATE EXTENSION refint; CREATE EXTENSION tcn;
        """

    static let relations = """
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
        CREATE FOREIGN TABLE far_secret (id int, note text) SERVER far;
        CREATE VIEW far_notes AS SELECT id, note FROM far_secret;
        CREATE VIEW far_summary AS SELECT count(*) AS n FROM far_notes;
        CREATE MATERIALIZED VIEW far_kept AS SELECT id FROM far_secret WITH NO DATA;
        CREATE TABLE events (id int, note text) PARTITION BY RANGE (id);
        CREATE TABLE events_local PARTITION OF events FOR VALUES FROM (1000) TO (2000);
        CREATE TABLE events_more PARTITION OF events FOR VALUES FROM (0) TO (1000) PARTITION BY RANGE (id);
        CREATE FOREIGN TABLE events_far PARTITION OF events_more FOR VALUES FROM (0) TO (500) SERVER far;
        CREATE TABLE parent (id int);
        CREATE FOREIGN TABLE child_far () INHERITS (parent) SERVER far;
        CREATE VIEW file_view AS SELECT pg_read_file('x') AS text;
        CREATE VIEW activity AS SELECT pid FROM pg_stat_activity;
        CREATE VIEW clean AS SELECT upper(note) AS note FROM events_local WHERE id > 3;
        CREATE TABLE plain (id serial PRIMARY KEY, note text DEFAULT lower('X') CHECK (length(note) < 9), at date);
        """

    static let functions = """
        CREATE SCHEMA app; SET check_function_bodies = off;
        CREATE FUNCTION app.ping(text) RETURNS text LANGUAGE plpgsql AS
            $$ BEGIN RETURN (SELECT max(n) FROM public.dblink_connect('host=x') AS t(n)); END $$;
        CREATE FUNCTION app.ping_int(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping('x'); RETURN 1; END $$;
        CREATE FUNCTION app.ping_same(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN RETURN app.ping($1) = $2; END $$;
        CREATE FUNCTION app.sql_calls() RETURNS text LANGUAGE sql AS $$SELECT ping('x')$$;
        CREATE FUNCTION app.sql_reads() RETURNS bigint LANGUAGE sql AS $$SELECT count(1) FROM far_summary$$;
        CREATE FUNCTION app.sql_clean() RETURNS bigint LANGUAGE sql AS $$SELECT count(1) FROM plain$$;
        CREATE FUNCTION app.sql_unread() RETURNS int LANGUAGE sql AS $$VALUES (1)$$;
        CREATE FUNCTION app.atomic_far() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM far_notes; END;
        CREATE FUNCTION app.atomic_file() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT pg_read_file('x'); END;
        CREATE FUNCTION app.atomic_clean() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM plain; END;
        CREATE FUNCTION app.with_default(a text DEFAULT pg_read_file('x')) RETURNS int LANGUAGE plpgsql AS
            $$ BEGIN RETURN 1; END $$;
        CREATE FUNCTION app.definer() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN 1; END $$;
        CREATE FUNCTION app.dynamic(x text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE x; END $$;
        CREATE FUNCTION app.writable() RETURNS void LANGUAGE plpgsql AS
            $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); END $$;
        CREATE FUNCTION app.sets() RETURNS int LANGUAGE plpgsql SET default_transaction_read_only = off AS
            $$ BEGIN RETURN 1; END $$;
        CREATE FUNCTION app.renamed(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all';
        CREATE FUNCTION app.innocent(text) RETURNS text LANGUAGE c AS '$libdir/dblink', 'dblink_connect';
        CREATE PROCEDURE app.nightly() LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping('x'); END $$;
        CREATE FUNCTION app.step(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN app.ping($2); END $$;
        CREATE AGGREGATE app.longest(text) (SFUNC = app.step, STYPE = text);
        CREATE AGGREGATE app.forge(text, boolean) (SFUNC = set_config, STYPE = text, INITCOND = 'x');
        CREATE OPERATOR app.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = app.ping_same);
        CREATE OPERATOR app.@@@@ (RIGHTARG = text, FUNCTION = pg_read_file);
        CREATE FUNCTION app.clean() RETURNS int LANGUAGE plpgsql AS $$ DECLARE a int; BEGIN a := 1; RETURN a; END $$;
        """

    static let tables = """
        CREATE FUNCTION app.on_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping('x'); RETURN NEW; END $$;
        CREATE TABLE by_default (id int, note text DEFAULT app.ping('x'));
        CREATE TABLE by_own_default (id int, note text DEFAULT pg_read_file('x'));
        CREATE TABLE by_trigger (id int); CREATE TRIGGER t BEFORE INSERT ON by_trigger FOR EACH ROW EXECUTE FUNCTION app.on_write();
        CREATE TABLE by_when (id int, note text); CREATE FUNCTION app.quiet() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON by_when FOR EACH ROW
            WHEN (app.ping(NEW.note) = 'x') EXECUTE FUNCTION app.quiet();
        CREATE TABLE by_check (note text CHECK (app.ping_same(note, 'x')));
        CREATE TABLE by_generated (note text, same boolean GENERATED ALWAYS AS (app.ping_same(note, 'x')) STORED);
        CREATE TABLE by_index (note text); CREATE INDEX ON by_index (app.ping_same(note, 'x'));
        CREATE TABLE by_policy (note text); CREATE POLICY p ON by_policy FOR SELECT USING (app.ping(note) = 'x');
        CREATE TABLE by_write_policy (note text); CREATE POLICY p ON by_write_policy FOR INSERT WITH CHECK (app.ping(note) = 'x');
        CREATE TABLE by_lock (note text); CREATE POLICY p ON by_lock FOR UPDATE USING (app.ping(note) = 'x');
        CREATE VIEW locking AS SELECT note FROM by_lock FOR SHARE; CREATE VIEW over_lock AS SELECT note FROM by_lock;
        CREATE VIEW over_roles AS SELECT rolname FROM pg_authid; CREATE VIEW over_group AS SELECT grosysid FROM pg_group;
        CREATE TABLE by_rule (id int); CREATE RULE r AS ON INSERT TO by_rule DO ALSO SELECT app.ping('x');
        CREATE TABLE by_operator (a text, b text CHECK (a OPERATOR(app.===) b));
        CREATE VIEW over_default AS SELECT id, note FROM by_default;
        CREATE TABLE key_owner (id int PRIMARY KEY);
        CREATE TABLE key_user (id int REFERENCES key_owner ON DELETE CASCADE);
        CREATE TRIGGER t BEFORE DELETE ON key_user FOR EACH ROW EXECUTE FUNCTION app.on_write();
        CREATE DOMAIN app.checked AS text CHECK (app.ping(VALUE) <> 'x');
        CREATE TYPE app.pair AS (a app.checked, b int);
        CREATE TABLE by_domain (note app.checked); CREATE TABLE by_domain_array (notes app.checked[]);
        CREATE TABLE by_composite (note app.pair);
        CREATE TYPE app.span AS RANGE (subtype = text);
        CREATE TYPE app.token AS ENUM ('x'); CREATE FUNCTION app.token_of(int) RETURNS app.token LANGUAGE plpgsql AS
            $$ BEGIN PERFORM app.ping('x'); RETURN 'x'; END $$;
        CREATE CAST (int AS app.token) WITH FUNCTION app.token_of AS IMPLICIT;
        CREATE TABLE by_cast (token app.token);
        CREATE TABLE by_extension (request text); ALTER EXTENSION citext ADD TABLE by_extension;
        ALTER EXTENSION citext ADD FUNCTION app.innocent(text);
        CREATE TABLE emptied_with (id int PRIMARY KEY);
        CREATE TABLE by_truncation (id int REFERENCES emptied_with);
        CREATE TRIGGER t BEFORE TRUNCATE ON by_truncation EXECUTE FUNCTION app.on_write();
        CREATE OPERATOR CLASS app.odd_ops FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 app.ping_int(int);
        CREATE TABLE by_key (id int) PARTITION BY HASH (id app.odd_ops);
        """

    /// Relation: read, read by ONLY, written.
    static let expectedRelations: [(String, CatalogReach, CatalogReach, CatalogReach)] = [
        ("far_secret", .egress, .egress, .egress), ("far_notes", .egress, .egress, .egress),
        ("far_summary", .egress, .egress, .egress), ("far_kept", .egress, .egress, .egress),
        ("events", .egress, [], .egress), ("events_more", .egress, [], .egress), ("events_local", [], [], []),
        ("events_far", .egress, .egress, .egress), ("parent", .egress, [], .egress),
        ("file_view", .egress, .egress, .egress), ("activity", .peers, .peers, .peers), ("clean", [], [], []),
        ("plain", [], [], []), ("plain_id_seq", [], [], []), ("pg_stat_activity", .peers, .peers, .peers),
        ("pg_class", [], [], []), ("pg_tables", [], [], []),
        ("pg_settings", [], [], [.opaque, .settings, .roleChange]),
        ("pg_stat_statements", .peers, .peers, .peers),
        ("by_default", [], [], .egress), ("by_own_default", [], [], .egress), ("by_trigger", [], [], .egress),
        ("by_when", [], [], .egress), ("by_check", .egress, .egress, .egress),
        ("by_generated", [], [], .egress), ("by_index", .egress, .egress, .egress),
        ("by_policy", .egress, .egress, .egress), ("by_write_policy", [], [], .egress),
        ("by_lock", [], [], .egress),
        ("locking", .egress, .egress, .egress), ("over_lock", [], [], .egress),
        ("over_roles", [], [], .opaque),
        ("over_group", [], [], .opaque),
        ("by_rule", [], [], .egress), ("by_operator", .egress, .egress, .egress),
        ("over_default", [], [], .egress), ("key_owner", [], [], .egress), ("key_user", [], [], .egress),
        ("by_domain", .egress, .egress, .egress), ("by_domain_array", .egress, .egress, .egress),
        ("by_extension", [], [], .egress), ("by_truncation", [], [], .egress), ("emptied_with", [], [], []),
        ("by_key", .egress, .egress, .egress),
        ("by_composite", .egress, .egress, .egress), ("by_cast", .egress, .egress, .egress),
    ]

    static let expectedFunctions: [(String, CatalogReach)] = [
        ("ping", .egress), ("ping_int", .egress), ("ping_same", .egress), ("sql_calls", .egress),
        ("sql_reads", .egress), ("sql_clean", []), ("sql_unread", .opaque), ("atomic_far", .egress),
        ("atomic_file", .egress), ("atomic_clean", []), ("with_default", .egress), ("definer", .roleChange),
        ("dynamic", .opaque), ("writable", .settings), ("sets", .settings), ("renamed", .egress),
        ("innocent", .egress), ("nightly", .egress), ("longest", .egress),
        ("forge", [.opaque, .settings, .roleChange]),
        ("clean", []),
        // Of extensions.
        ("dblink", [.egress, .opaque]), ("dblink_exec", [.egress, .opaque]), ("dblink_connect", .egress),
        ("pg_file_write", [.egress, .settings]),
        ("postgres_fdw_handler", .egress),
        ("file_fdw_handler", .egress), ("crosstab", .opaque), ("connectby", .opaque), ("normal_rand", []),
        ("xpath_table", .opaque), ("xslt_process", .opaque), ("xpath_nodeset", []), ("lo_manage", .opaque),
        ("pg_stat_statements_reset", .peers), ("pgrowlocks", .peers), ("get_raw_page", .opaque),
        ("bt_index_check", .opaque), ("hstore_to_json", []), ("similarity", []), ("digest", []),
        ("unaccent", []),
        ("uuid_generate_v4", []), ("levenshtein", []), ("int_array_aggregate", []), ("citext_eq", []),
        ("earth_distance", []), ("ltree_isparent", []), ("check_primary_key", .opaque),
        ("triggered_change_notification", []), ("pgstattuple", []), ("pg_buffercache_pages", []),
    ]
}
