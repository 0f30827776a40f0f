"""The testbed's PostgreSQL: a primary in eu-west-1, streaming standbys in eu-central-1 and us-east-1."""

import concurrent.futures
import os
import pathlib
import pwd
import shutil
import signal
import time

import processes
from state import Failure

PRIMARY = "orders-eu-a"
STANDBYS = ("orders-eu-b", "orders-us-a")
ALL = (PRIMARY, *STANDBYS)
# Where the ways out of the database `reach` lead.
FAR = "orders-us-a"
REGIONS = {"orders-eu-a": "eu-west-1", "orders-eu-b": "eu-central-1", "orders-us-a": "us-east-1"}
# These roles have no password.
BY_CERTIFICATE = ("writer",)
BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
START_TIMEOUT = 30
RETRY_SECONDS = 6

SETTINGS = """\
# Written by script/testbed. fsync is off: these servers hold nothing that must survive.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
cluster_name = '{name}'
max_connections = 300
max_prepared_transactions = 20
shared_buffers = 64MB
fsync = off
full_page_writes = off
synchronous_commit = on
wal_level = replica
max_wal_senders = 10
max_replication_slots = 10
wal_keep_size = 256MB
hot_standby = on
hot_standby_feedback = on
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
max_standby_streaming_delay = 5s
jit = off
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'role-ca.crt'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_line_prefix = '%m [%p] %q%u@%d '
"""

ACCESS = """\
# Written by script/testbed: TLS, and SCRAM or a certificate whose CN is the role.
# TYPE    DATABASE     USER                                       ADDRESS       METHOD
hostssl   replication  replicator                                 127.0.0.1/32  scram-sha-256
hostssl   all          writer                                     127.0.0.1/32  cert
hostssl   all          postgres,analyst,tester,domicile_health    127.0.0.1/32  scram-sha-256
# For roles that a test makes for itself.
hostssl   all          +guests                                    127.0.0.1/32  scram-sha-256
"""

# Passwords are random hexadecimal and reach psql on its standard input, never as an argument.
ROLES = """\
CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{replicator}';
CREATE ROLE analyst LOGIN PASSWORD '{analyst}';
CREATE ROLE writer LOGIN;
CREATE ROLE tester LOGIN SUPERUSER PASSWORD '{tester}';
CREATE ROLE guests NOLOGIN;
CREATE ROLE domicile_health LOGIN PASSWORD '{health}';
GRANT pg_monitor, pg_signal_backend TO domicile_health;
CREATE DATABASE orders OWNER writer;
CREATE DATABASE scratch OWNER tester;
GRANT CREATE, TEMPORARY ON DATABASE scratch TO writer;
\\connect scratch
GRANT ALL ON SCHEMA public TO writer;
-- Ways out of a region, to try a guard with: they lead to orders-us-a, whose log has who connects.
CREATE DATABASE reach OWNER tester;
\\connect reach
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION dblink;
CREATE EXTENSION file_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '127.0.0.1', port '{far}', dbname 'orders', sslmode 'require');
CREATE USER MAPPING FOR tester SERVER far OPTIONS (user 'tester', password '{tester}');
CREATE USER MAPPING FOR writer SERVER far OPTIONS (user 'analyst', password '{analyst}');
CREATE FOREIGN TABLE far_customers (id bigint, name text, country char(2)) SERVER far OPTIONS (table_name 'customers');
CREATE VIEW far_names AS SELECT name FROM far_customers;
ALTER VIEW far_names OWNER TO tester;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE server_version (version text) SERVER files OPTIONS (filename 'PG_VERSION');
GRANT SELECT ON far_customers, far_names, server_version TO writer;
\\connect orders
ALTER DEFAULT PRIVILEGES FOR ROLE writer GRANT SELECT ON TABLES TO analyst;
ALTER DEFAULT PRIVILEGES FOR ROLE writer GRANT SELECT ON SEQUENCES TO analyst;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO analyst;
SET ROLE writer;
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    country char(2) NOT NULL,
    email text UNIQUE,
    credit_limit numeric(12, 2) NOT NULL DEFAULT 0,
    joined date NOT NULL
);
INSERT INTO customers (name, country, email, credit_limit, joined) VALUES
    ('Anneke de Vries', 'NL', 'anneke@example.test', 2500.00, '2021-03-14'),
    ('Björn Åkesson', 'SE', 'bjorn@example.test', 1200.00, '2020-11-02'),
    ('Chiara Rossi', 'IT', 'chiara@example.test', 900.50, '2022-06-21'),
    ('Dimitrios Παπαδόπουλος', 'GR', 'dimitrios@example.test', 3100.00, '2019-01-30'),
    ('Élodie Lefèvre', 'FR', 'elodie@example.test', 780.25, '2023-02-11'),
    ('Franz Huber', 'AT', NULL, 0.00, '2023-09-05'),
    ('Grażyna Wójcik', 'PL', 'grazyna@example.test', 1500.00, '2018-07-19'),
    ('Hanne Sørensen', 'DK', 'hanne@example.test', 4000.00, '2021-12-24'),
    ('Inés García', 'ES', 'ines@example.test', 650.00, '2024-04-01'),
    ('Jürgen Müller', 'DE', 'juergen@example.test', 2200.75, '2017-05-08');
RESET ROLE;
-- Each executor sees and writes what is its own, by the subject of its token. The owner is no role that executors get.
CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL DEFAULT current_setting('domicile.subject', true),
    body text NOT NULL
);
INSERT INTO notes (owner, body) VALUES ('nobody', 'A note that no executor sees');
GRANT SELECT ON notes TO analyst;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO writer;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes
    USING (owner = current_setting('domicile.subject', true))
    WITH CHECK (owner = current_setting('domicile.subject', true));
"""


def connection(testbed, name, user="postgres", database="orders"):
    """A libpq connection string without the password."""
    text = (f"host=127.0.0.1 port={testbed.port(name)} dbname={database} user={user} sslmode=verify-full "
            f"sslrootcert={quoted(testbed.certificates / 'upstream-ca.crt')}")
    if user not in BY_CERTIFICATE:
        return text
    return text + (f" sslcert={quoted(testbed.certificates / f'{user}.crt')}"
                   f" sslkey={quoted(testbed.certificates / f'{user}.key')}")


def quoted(value):
    """A value of a libpq connection string."""
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'" if any(character in escaped for character in " '\\") else escaped


def secret_of(user):
    return {"postgres": "superuser", "domicile_health": "health"}.get(user, user)


def client_environment(testbed, user):
    password = {} if user in BY_CERTIFICATE else {"PGPASSWORD": testbed.secret(secret_of(user))}
    return processes.plain_environment(PGCONNECT_TIMEOUT="5", **password)


def psql(testbed, name, sql, user="postgres", database="orders"):
    status, output = processes.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d",
         connection(testbed, name, user, database)],
        client_environment(testbed, user), text=sql)
    if status != 0:
        raise Failure(f"psql at {name} failed:\n{output}")
    return output.strip()


def tool(testbed, command, environment=None):
    """Runs one of PostgreSQL's own tools as the servers' user."""
    status, output = processes.run(
        command, environment or processes.plain_environment(), user=testbed.record["user"], cwd=testbed.data)
    if status != 0:
        raise Failure(f"{pathlib.Path(command[0]).name} failed:\n{output}")


def give_to_server(testbed, path, mode):
    path.chmod(mode)
    if testbed.record["user"] is not None:
        account = pwd.getpwnam(testbed.record["user"])
        os.chown(path, account.pw_uid, account.pw_gid)


def configure(testbed, name, cluster_name=None, certificate=None):
    """What differs from server to server: settings, access, certificate. The latter two are its own unless said."""
    folder = testbed.data / name
    settings = SETTINGS.format(name=cluster_name or name, port=testbed.port(name))
    settings += "log_connections = on\n" if name == FAR else ""
    (folder / "postgresql.conf").write_text(settings + testbed.record.get("settings", ""))
    (folder / "pg_hba.conf").write_text(ACCESS)
    shutil.copyfile(testbed.certificates / f"{certificate or name}.crt", folder / "server.crt")
    shutil.copyfile(testbed.certificates / f"{certificate or name}.key", folder / "server.key")
    shutil.copyfile(testbed.certificates / "role-ca.crt", folder / "role-ca.crt")
    for file in ("postgresql.conf", "pg_hba.conf", "server.crt", "server.key", "role-ca.crt"):
        give_to_server(testbed, folder / file, 0o600)


def is_ready(testbed, name):
    """PostgreSQL writes its state into the eighth line of postmaster.pid."""
    try:
        lines = (testbed.data / name / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return (len(lines) >= 8 and lines[7].strip() in ("ready", "standby")
            and lines[0].strip() == str(testbed.pid(name)))


def start(testbed, name):
    if testbed.pid(name) is not None and is_ready(testbed, name):
        return False
    # After a kill -9 the old server's processes need a moment to notice: until then a new one refuses to start.
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        process = testbed.start(
            name, [BINARIES / "postgres", "-D", testbed.data / name], processes.plain_environment(),
            user=testbed.record["user"], cwd=testbed.data)
        ready = processes.wait_until(
            lambda process=process: is_ready(testbed, name) or process.poll() is not None, START_TIMEOUT)
        if ready and process.poll() is None:
            return True
        if not ready or time.monotonic() > deadline:
            raise Failure(f"PostgreSQL server {name} did not start", testbed.log(name))
        time.sleep(0.2)


def stop(testbed, name, mode="fast"):
    testbed.stop(name, {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode], 20 if mode == "fast" else 7)


def initialise(testbed, name, **identity):
    """A cluster of its own, with the roles and the databases, that runs; `identity` as `configure` takes it."""
    folder = testbed.data / name
    password_file = testbed.data / f"{name}.superuser"
    password_file.write_text(testbed.secret("superuser"))
    give_to_server(testbed, password_file, 0o600)
    try:
        tool(testbed, [
            BINARIES / "initdb", "-D", folder, "-U", "postgres", "--pwfile", password_file, "--no-sync",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"])
    finally:
        password_file.unlink()
    configure(testbed, name, **identity)
    start(testbed, name)
    psql(testbed, name, ROLES.format(**testbed.record["secrets"], far=testbed.port(FAR)), database="postgres")


def make_tables(testbed):
    status, output = processes.run(
        ["pgbench", "-i", "-s", "1", "-q", connection(testbed, PRIMARY, "writer")],
        client_environment(testbed, "writer"))
    if status != 0:
        raise Failure(f"pgbench -i failed:\n{output}")


def slot(name):
    return name.replace("-", "_")


def copy(testbed, name, options=()):
    """Takes a copy of the primary that would stream from it, as far as pg_basebackup makes one."""
    # The authority's file is the standby's own copy: its user may be unable to read the testbed's folder.
    authority = testbed.data / f"{name}.upstream-ca.crt"
    shutil.copyfile(testbed.certificates / "upstream-ca.crt", authority)
    give_to_server(testbed, authority, 0o644)
    source = (f"host=127.0.0.1 port={testbed.port(PRIMARY)} user=replicator sslmode=verify-full "
              f"sslrootcert={quoted(authority)}")
    tool(testbed, [
        BINARIES / "pg_basebackup", "-D", testbed.data / name, "-d", source, "-R", "-X", "stream", "-c", "fast",
        "--no-sync", *options],
        client_environment(testbed, "replicator"))


def make_standby(testbed, name):
    copy(testbed, name, ["-C", "-S", slot(name)])
    configure(testbed, name)
    start(testbed, name)


def promote(testbed, name):
    """Makes a standby a primary; it is one when this returns."""
    psql(testbed, name, "SELECT pg_promote()")


def rebuild(testbed, name):
    """Makes a standby anew from the primary, whatever became of it: promoted, damaged or gone."""
    if name not in STANDBYS:
        raise Failure(f"{name} is the primary: only standbys are built from it")
    stop(testbed, name, "immediate")
    shutil.rmtree(testbed.data / name, ignore_errors=True)
    active = f"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{slot(name)}' AND active"
    if not processes.wait_until(lambda: psql(testbed, PRIMARY, active) == "0", RETRY_SECONDS):
        raise Failure(f"the slot of {name} is still in use", testbed.log(PRIMARY))
    psql(testbed, PRIMARY, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                           f"WHERE slot_name = '{slot(name)}'")
    make_standby(testbed, name)
    wait_for_standbys(testbed)


def wait_for_standbys(testbed):
    position = psql(testbed, PRIMARY, "SELECT pg_current_wal_lsn()")
    for name in STANDBYS:
        caught_up = processes.wait_until(
            lambda name=name: psql(testbed, name, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t",
            START_TIMEOUT)
        if not caught_up:
            raise Failure(f"standby {name} does not stream from {PRIMARY}", testbed.log(name))


def make(testbed):
    initialise(testbed, PRIMARY)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        jobs = [pool.submit(make_tables, testbed)]
        jobs += [pool.submit(make_standby, testbed, name) for name in STANDBYS]
        for job in jobs:
            job.result()
    wait_for_standbys(testbed)


def repair(testbed):
    """Starts what does not run; the names of those."""
    return [name for name in ALL if start(testbed, name)]
