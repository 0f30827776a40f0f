"""A PostgreSQL 15 of its own for captures: on loopback, synthetic data, a role for each way to log in."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
PASSWORD = "synthetic-password"
# Also the integration tests make these tables, to play the captures through a gateway.
SCHEMA = pathlib.Path(__file__).with_name("schema.sql").read_text()
RULES = """\
local all all trust
host all app_scram samehost scram-sha-256
host all app_md5 samehost md5
host all app_password samehost password
host all app_refused samehost reject
host replication,all all samehost trust
"""


class Server:
    """Lives in a folder that ends with it. PostgreSQL refuses to run as root, so root hands it to `nobody`."""

    def __init__(self, port, running=None):
        """`running` is the folder of one that another process has started."""
        self.port = port
        self.folder = pathlib.Path(running or tempfile.mkdtemp(prefix="domicile-capture."))
        self.data = self.folder / "data"
        self.prefix = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            if not running:
                os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def run(self, *command, **options):
        return subprocess.run([*self.prefix, *map(str, command)], check=True, cwd=self.folder,
                              stdout=subprocess.DEVNULL, **options)

    def up(self):
        self.run(BIN / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self.run("sh", "-c", f"cat > {self.data}/pg_hba.conf", input=RULES.encode())
        self.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                 "-keyout", self.data / "server.key", "-out", self.data / "server.crt", stderr=subprocess.DEVNULL)
        settings = {"port": self.port, "listen_addresses": "127.0.0.1,::1", "unix_socket_directories": self.folder,
                    "timezone": "UTC", "log_timezone": "UTC", "fsync": "off", "wal_level": "logical",
                    "autovacuum": "off", "authentication_timeout": "3s", "cluster_name": "capture"}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.run(BIN / "pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")
        roles = f"set password_encryption = 'md5'; create role app_md5 login password '{PASSWORD}'; reset password_encryption;"
        for name in ("app", "app_scram", "app_password", "app_refused"):
            roles += f"create role {name} login password '{PASSWORD}';"
        roles += "alter role app superuser; create database capture_template owner app;"
        self.psql("postgres", roles)
        self.psql("capture_template", SCHEMA, user="app")

    def psql(self, database, text, user="postgres"):
        self.run(BIN / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", self.port, "-U", user,
                 database, input=text.encode(), stderr=subprocess.DEVNULL)

    def fresh_database(self, has_tls):
        """The database as every capture finds it."""
        self.psql("postgres", f"alter system set ssl = {'on' if has_tls else 'off'};")
        self.psql("postgres", "select pg_reload_conf();")
        self.psql("postgres", "drop database if exists capture with (force);")
        self.psql("postgres", "create database capture template capture_template owner app;")

    def down(self):
        try:
            self.run(BIN / "pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop", stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, user, host):
        """What libpq's clients read; others read the same names themselves."""
        return {"PGHOST": host, "PGPORT": str(self.port), "PGUSER": user, "PGPASSWORD": PASSWORD,
                "PGDATABASE": "capture",                 "PGCONNECT_TIMEOUT": "10", "PGGSSENCMODE": "disable",
                # for what a client needs beforehand and nobody should capture
                "CAPTURE_SOCKET": str(self.folder)}
