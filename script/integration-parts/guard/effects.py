"""Looks at what statements did, and not at what they answered: the far end, the files, the catalogue, the roles."""

import hashlib

import corpus
from ground import FAR, PEER_ROWS, Failure

# What is the same for the whole server.
CLUSTER = {
    "roles": "SELECT array_agg(a::text ORDER BY oid) FROM (SELECT oid, rolname, rolsuper, rolinherit, rolcreaterole, "
             "rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil FROM pg_authid) a",
    "memberships": "SELECT array_agg(m::text ORDER BY m::text) FROM pg_auth_members m",
    "settings of roles": "SELECT array_agg(s::text ORDER BY s::text) FROM pg_db_role_setting s "
                         "WHERE setdatabase = 0 OR setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
    "slots": "SELECT array_agg(slot_name) FROM pg_replication_slots",
    "databases": "SELECT array_agg(d::text ORDER BY oid) FROM (SELECT oid, datname, datdba, datacl FROM pg_database "
                 "WHERE datname = current_database()) d",
    "server's settings": "SELECT array_agg(f::text ORDER BY f::text) FROM (SELECT name, setting FROM pg_file_settings "
                         "WHERE sourcefile ~ 'auto') f",
    "server": "SELECT pg_is_in_recovery()::text || pg_postmaster_start_time()::text",
}
DATABASE = {
    "relations": "SELECT array_agg(c::text ORDER BY oid) FROM (SELECT oid, relname, relnamespace, relkind, relowner, "
                 "relnatts, relrowsecurity, relhastriggers, relhasrules, relacl, reloptions, relispartition, relispopulated "
                 "FROM pg_class WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp')"
                 " AND relkind NOT IN ('i', 't') OR relkind = 'i' AND relnamespace = 'public'::regnamespace) c",
    "functions": "SELECT array_agg(p::text ORDER BY oid) FROM (SELECT oid, proname, prosecdef, proowner, proacl, proconfig, "
                 "md5(prosrc) FROM pg_proc WHERE oid >= 16384) p",
    "foreign": "SELECT array_agg(f::text ORDER BY f::text) FROM (SELECT srvname, srvoptions FROM pg_foreign_server UNION ALL "
               "SELECT usename, umoptions FROM pg_user_mappings UNION ALL SELECT fdwname, fdwoptions FROM pg_foreign_data_wrapper) f",
    "extensions": "SELECT array_agg(extname) FROM pg_extension",
    "publications": "SELECT array_agg(n) FROM (SELECT pubname AS n FROM pg_publication UNION ALL SELECT subname FROM "
                    "pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())) p",
    "columns": "SELECT md5(string_agg(a::text, '|' ORDER BY attrelid, attnum)) FROM (SELECT attrelid, attnum, attname, "
               "atttypid, attnotnull, attacl, attfdwoptions FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE "
               "attrelid >= 16384 AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp')) a",
    "comments": "SELECT count(*) FROM pg_description",
    "small things": "SELECT (SELECT count(*) FROM pg_enum) || ' ' || (SELECT count(*) FROM pg_statistic_ext) || ' ' || "
                    "(SELECT count(*) FROM pg_ts_config) || ' ' || (SELECT count(*) FROM pg_default_acl)",
    "triggers": "SELECT array_agg(n) FROM (SELECT evtname AS n FROM pg_event_trigger UNION ALL SELECT tgname FROM pg_trigger"
                " WHERE NOT tgisinternal UNION ALL SELECT rulename FROM pg_rewrite UNION ALL SELECT polname FROM pg_policy) t",
    "types": "SELECT array_agg(t::text ORDER BY oid) FROM (SELECT oid, typname, typtype, typowner FROM pg_type WHERE oid >= "
             "16384 AND typnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp')) t",
    "operators and casts": "SELECT (SELECT count(*) FROM pg_operator) || ' ' || (SELECT count(*) FROM pg_cast) || ' ' || "
                           "(SELECT count(*) FROM pg_collation) || ' ' || (SELECT count(*) FROM pg_language)",
    "defaults": "SELECT array_agg(d::text ORDER BY oid)::text || (SELECT count(*) FROM pg_constraint) FROM pg_attrdef d",
    "schemas": "SELECT array_agg(nspname) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'",
    "large objects": "SELECT array_agg(oid) FROM pg_largeobject_metadata",
}
# Not the catalogue's, but a database in which they changed is not as it was.
ROWS = {table: f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM ONLY public.{table} t" for table in (
    "customers", "orders", '"copy"', "dblink_log", "servers", "scratch", "notes", "events_local")}


def question(parts):
    return "SELECT " + ", ".join(f"md5(coalesce(({sql})::text, ''))" for sql in parts.values())


class Catalogue:
    """Fingerprints of a database and its server, by a session of its own."""

    PARTS = {**CLUSTER, **DATABASE}

    def __init__(self, ground, database):
        self.database = database
        self.session = ground.direct(database)

    def look(self):
        found = self.ask(self.PARTS)
        if not found:
            raise Failure(f"the catalogue of {self.database} cannot be looked at")
        # A table that is gone is a change as well.
        return {**found, **(self.ask(ROWS) or dict.fromkeys(ROWS, b"gone"))}

    def ask(self, parts):
        answer = self.session.simple(question(parts))
        rows = [event[1] for event in answer.events if event[0] == "row"]
        return dict(zip(parts, rows[0])) if rows else {}

    def close(self):
        self.session.close()

    @staticmethod
    def differences(before, after):
        return [name for name in before if before[name] != after[name]]


class FarEnd:
    """The server that stands for another region: what its log has of `peer`, and its rows."""

    def __init__(self, ground):
        self.log = ground.testbed.log(FAR).open("rb")
        self.admin = ground.direct("peer", FAR)
        self.rest = b""
        self.news()
        self.rows_at_first = self.rows()

    def news(self):
        """What came since the last look: connections over TCP, and what `peer` ran."""
        self.rest += self.log.read()
        *lines, self.rest = self.rest.split(b"\n")
        return [line.decode(errors="replace") for line in lines
                if b"connection received: host=127.0.0.1" in line or b" peer@peer LOG:  statement: " in line
                or b" peer@peer LOG:  execute " in line or b" peer@peer LOG:  connection " in line]

    def rows(self):
        return self.admin.value("SELECT (SELECT string_agg(s::text, '|' ORDER BY s::text) FROM secret s) || '#' || "
                                "coalesce((SELECT string_agg(s::text, '|' ORDER BY s::text) FROM sink s), '')")

    def restore(self):
        self.admin.value("TRUNCATE secret, sink; " + PEER_ROWS)


class Files:
    """The scratch folder."""

    def __init__(self, ground):
        self.folder = ground.out
        self.at_first = self.look()

    def look(self):
        return {str(path.relative_to(self.folder)): hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else "folder"
                for path in self.folder.rglob("*")}

    def restore(self):
        for name in set(self.look()) - set(self.at_first):
            path = self.folder / name
            path.rmdir() if path.is_dir() else path.unlink()
        if self.look() != self.at_first:
            raise Failure(f"what was in {self.folder.name} is gone or changed")


class Watch:
    """All of it for one database, from a moment on."""

    def __init__(self, far, files, catalogue):
        self.far, self.files, self.catalogue = far, files, catalogue
        self.state = catalogue.look()
        far.news()

    def effects(self):
        """{effect: what was seen}."""
        found = {}
        news = self.far.news()
        if news:
            found[corpus.FAR] = f"{len(news)} lines in its log, the last: {news[-1][-120:]}"
        if self.far.rows() != self.far.rows_at_first:
            found[corpus.FAR_ROWS] = "its tables hold other rows"
        files = self.files.look()
        if files != self.files.at_first:
            found[corpus.FILES_WRITTEN] = ", ".join(sorted(set(files) ^ set(self.files.at_first))) or "changed"
        changed = self.catalogue.differences(self.state, self.catalogue.look())
        if set(changed) - set(ROWS):
            found[corpus.CATALOGUE] = ", ".join(changed)
        elif changed:
            found["changed rows"] = ", ".join(changed)
        return found


def identity(live):
    """Who the session is, whatever state its transaction is in; None where it cannot be asked."""
    answer = live.simple("SELECT session_user || '/' || current_user")
    return answer.value


def can_write(live):
    """Whether an INSERT succeeds in the session as it is."""
    return not live.simple("INSERT INTO public.scratch VALUES (1)").errors
