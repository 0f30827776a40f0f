#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void drain(PGconn *conn) {
    PGresult *result;
    while ((result = PQgetResult(conn))) PQclear(result);
}

int main(int count, char **arguments) {
    PGconn *conn = PQconnectdb("");
    FILE *trace = fopen(arguments[1], "w");
    const char *values[3] = {"2", NULL, "\001\002"};
    const int lengths[3] = {1, 0, 2};
    const int formats[3] = {0, 0, 1};
    const Oid types[3] = {23, 25, 17};
    if (count < 2 || !trace || PQstatus(conn) != CONNECTION_OK) return 1;
    PQtrace(conn, trace);
    PQsetTraceFlags(conn, PQTRACE_SUPPRESS_TIMESTAMPS);
    PQclear(PQexec(conn, "select 1 as one, null, 'text'; select id, price from items where id < 3"));
    PQclear(PQexec(conn, ""));
    PQclear(PQexec(conn, "select 1/0"));
    PQclear(PQexec(conn, "listen l; notify l, 'payload'"));
    PQclear(PQprepare(conn, "s", "select $1::int, $2::text, $3::bytea", 3, types));
    PQclear(PQdescribePrepared(conn, "s"));
    PQclear(PQexecPrepared(conn, "s", 3, values, lengths, formats, 1));
    PQclear(PQexecParams(conn, "insert into items select 100, $1, 1, null", 1, NULL, values, NULL, NULL, 0));
    PQclear(PQexec(conn, "declare c cursor with hold for select id from items"));
    PQclear(PQdescribePortal(conn, "c"));
    PQclear(PQexec(conn, "copy items (id, name) from stdin"));
    PQputCopyData(conn, "200\tcopied\n", 11);
    PQputCopyEnd(conn, NULL);
    drain(conn);
    PQclear(PQexec(conn, "copy items (id, name) from stdin"));
    PQputCopyEnd(conn, "given up");
    drain(conn);
    PQclear(PQexec(conn, "copy items to stdout"));
    char *row;
    while (PQgetCopyData(conn, &row, 0) > 0) PQfreemem(row);
    drain(conn);
    int result = 0, length = 0;
    PQArgBlock argument = {4, 1, {.integer = -7}};
    PQclear(PQfn(conn, 1251, &result, &length, 1, &argument, 1));
    PQclear(PQexec(conn, "do $$ begin raise notice 'noted'; end $$"));
    PQclear(PQexec(conn, "set application_name = 'traced'"));
    PQfinish(conn);
    return fclose(trace);
}
