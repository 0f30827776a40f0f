"""The drivers: what they need, how their programmes are built and run, and what every step must give."""

import pathlib
import re

PROGRAMMES = pathlib.Path(__file__).resolve().parent / "drivers"

# What each step prints where it is offered, whatever the driver. `drivers/psycopg3.py` is the one to read first.
STEPS = {
    "login": "tester scratch",
    "simple": "42",
    "parameters": "42 Grüße, 世界 null",
    "prepared": "420",
    "batch": "100",
    "copy in": "1000",
    "copy out": "1000",
    "error": "22012 25P02 100",
    "cancel": "57014 1",
    "large": "1500000 3000000",
    "many": "100000 5000050000",
    "notice": "hello from the server",
    "notify": "news something new",
    "close": "closed",
}


GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": "{cache}/go"}
JAR = "/usr/share/java/postgresql.jar"
TOOLS = ("pgbench", "pg_dump", "pg_restore", "pg_isready", "vacuumdb", "reindexdb", "clusterdb")
# Debian's node-pg and what it needs of JavaScript.
NODE = ("node-pg", "node-async", "node-split2", "node-through2", "node-readable-stream", "node-inherits",
        "node-core-util-is", "node-isarray", "node-string-decoder", "node-util-deprecate", "node-safe-buffer",
        "node-process-nextick-args", "node-xtend")


class Driver:
    """A driver and its programme. `packages` are Debian's, `wheels` PyPI's; `build` runs in a folder of its own.

    `unpack` are packages that are unpacked into the cache where they are not installed; `version_of` is the package
    whose version counts where a programme cannot say it.
    """

    def __init__(self, name, run, packages=(), wheels=(), build=(), environment=None, unpack=(), version_of=None,
                 is_tool=False):
        self.name = name
        self.file_name = re.sub(r"[^a-z0-9]+", "-", name.lower())
        self.run = run
        self.packages = packages
        self.wheels = wheels
        self.build = build
        self.environment = environment or {}
        self.unpack = unpack
        self.version_of = version_of
        self.is_tool = is_tool


def python(name, file, wheels, **more):
    return Driver(name, ["{python}", "{source}/" + file], ("python3-venv",), wheels, **more)


def go(name, file, package):
    return Driver(name, ["{build}/programme"], ("golang-go", package), environment=GO, version_of=package,
                  build=[["go", "build", "-o", "{build}/programme", "{source}/" + file]])


DRIVERS = [
    Driver("psql", ["{source}/psql.sh"], ("postgresql-client-15",)),
    Driver("libpq", ["{build}/programme"], ("gcc", "libc6-dev", "libpq-dev"), build=[
        ["gcc", "-O1", "-Wall", "-I/usr/include/postgresql", "{source}/libpq.c", "-o", "{build}/programme", "-lpq",
         "-lpthread"]]),
    Driver("libpqxx", ["{build}/programme"], ("g++", "libpqxx-dev"), build=[
        ["g++", "-O1", "-std=c++17", "{source}/libpqxx.cpp", "-o", "{build}/programme", "-lpqxx", "-lpq"]]),
    python("psycopg 3", "psycopg3.py", ("psycopg[binary]",), environment={"PSYCOPG_IMPL": "binary"}),
    python("psycopg 3, pure", "psycopg3.py", ("psycopg[binary]",), environment={"PSYCOPG_IMPL": "python"}),
    python("psycopg 3, OAUTHBEARER", "psycopg3.py", ("psycopg[binary]",), environment={
        "PSYCOPG_IMPL": "binary", "BEARER": "1"}),
    python("psycopg2", "psycopg2_programme.py", ("psycopg2-binary",)),
    python("asyncpg", "asyncpg_programme.py", ("asyncpg",)),
    python("pg8000", "pg8000_programme.py", ("pg8000",)),
    python("SQLAlchemy", "sqlalchemy_programme.py", ("sqlalchemy", "psycopg[binary]")),
    python("aiopg", "aiopg_programme.py", ("aiopg",)),
    python("psqlpy (tokio-postgres)", "psqlpy_programme.py", ("psqlpy",)),
    python("ADBC", "adbc_programme.py", ("adbc-driver-postgresql", "pyarrow")),
    python("PyGreSQL", "pygresql.py", ("PyGreSQL",)),
    Driver("pgjdbc", ["java", "-XX:TieredStopAtLevel=1", "-cp", JAR + ":{build}", "Jdbc"],
           ("libpostgresql-jdbc-java", "default-jdk-headless"), build=[
        ["javac", "-encoding", "UTF-8", "-cp", JAR, "-d", "{build}", "{source}/Jdbc.java"]]),
    go("Go lib/pq", "lib_pq.go", "golang-github-lib-pq-dev"),
    go("Go pgx 4", "pgx.go", "golang-github-jackc-pgx-v4-dev"),
    Driver("Ruby pg", ["ruby", "{source}/ruby_pg.rb"], ("ruby", "ruby-pg")),
    Driver("Perl DBD::Pg", ["perl", "{source}/dbd_pg.pl"], ("libdbd-pg-perl",)),
    Driver("Perl Pg", ["perl", "{source}/pg_perl.pl"], ("libpg-perl",)),
    Driver("PHP pgsql", ["php", "{source}/php_pgsql.php"], ("php-cli", "php-pgsql")),
    Driver("PHP PDO", ["php", "{source}/php_pdo.php"], ("php-cli", "php-pgsql")),
    Driver("Node pg", ["node", "{source}/node_pg.js"], ("nodejs",), unpack=NODE, environment={
        "NODE_PATH": "/usr/share/nodejs:{unpacked}/usr/share/nodejs"}),
    Driver("ODBC", ["/usr/bin/python3", "-B", "{source}/odbc.py"], ("odbc-postgresql", "unixodbc", "python3-pyodbc")),
    Driver("Tcl Pgtcl", ["tclsh", "{source}/pgtcl.tcl"], ("tcl", "libpgtcl")),
    Driver("Tcl tdbc", ["tclsh", "{source}/tdbc.tcl"], ("tcl", "tcl8.6-tdbc-postgres")),
    Driver("LuaSQL", ["lua5.4", "{source}/luasql.lua"], ("lua5.4", "lua-sql-postgres")),
] + [Driver(tool, ["{source}/tools.sh", tool], ("postgresql-client-15", "postgresql-15"), is_tool=True) for tool in TOOLS]
