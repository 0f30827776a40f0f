#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#include <libpq/libpq-fs.h>

int main(void) {
    PGconn *conn = PQconnectdb("");
    char buffer[16];
    if (PQstatus(conn) != CONNECTION_OK) return 1;
    PQclear(PQexec(conn, "begin"));
    Oid object = lo_create(conn, 4242);
    int descriptor = lo_open(conn, object, INV_READ | INV_WRITE);
    if (lo_write(conn, descriptor, "large object", 12) != 12) return 1;
    lo_lseek(conn, descriptor, 0, SEEK_SET);
    if (lo_read(conn, descriptor, buffer, 12) != 12 || memcmp(buffer, "large object", 12)) return 1;
    lo_close(conn, descriptor);
    lo_unlink(conn, 1);
    PQclear(PQexec(conn, "rollback"));
    PQfinish(conn);
    return 0;
}
