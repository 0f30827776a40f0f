#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int main(void) {
    PGconn *conn = PQconnectdb("");
    if (PQstatus(conn) != CONNECTION_OK) return 1;
    PQsendQueryParams(conn, "select id, name, price, added from items order by id", 0, NULL, NULL, NULL, NULL, 1);
    PQsetSingleRowMode(conn);
    PGresult *result;
    while ((result = PQgetResult(conn))) PQclear(result);
    PQfinish(conn);
    return 0;
}
