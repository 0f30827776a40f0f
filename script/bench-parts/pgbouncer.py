"""pgbouncer's folder and how it is started from it, for whatever stands behind it."""

import os
import pwd
import shutil

PROGRAM = "/usr/sbin/pgbouncer"
SERVER_USER = "postgres"
CERTIFICATES = ("gateway.crt", "gateway.key", "upstream-ca.crt")

# pgbouncer's defaults, but for what the comparison needs: the address, TLS as the gateway has it, and what its caller sets.
INI = """\
; Written by script/bench.
[databases]
{database} = host=127.0.0.1 port={upstream} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
auth_file = {folder}/users
pool_mode = session
{tls}
{settings}
"""


def prepare(folder, port, database, upstream, secret, certificates, settings):
    """Fills its new folder, and gives the command and, for Popen, the account that it runs under. `secret` is what its file of users
    holds for the writer; `certificates` is the testbed's folder of them where its clients come over TLS, None in plaintext."""
    (folder / "users").write_text(f'"writer" "{secret}"\n')
    tls = "client_tls_sslmode = disable"
    if certificates:
        for name in CERTIFICATES:
            shutil.copyfile(certificates / name, folder / name)
        tls = (f"client_tls_sslmode = require\nclient_tls_cert_file = {folder}/gateway.crt\n"
               f"client_tls_key_file = {folder}/gateway.key")
    (folder / "pgbouncer.ini").write_text(INI.format(
        database=database, upstream=upstream, port=port, folder=folder, tls=tls, settings="\n".join(settings)))
    account = {}
    if os.geteuid() == 0:
        entry = pwd.getpwnam(SERVER_USER)
        account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        for file in [folder, *folder.iterdir()]:
            os.chown(file, entry.pw_uid, entry.pw_gid)
    return [PROGRAM, "-q", folder / "pgbouncer.ini"], account
