#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int main(void) {
    PGconn *conn = PQconnectdb("");
    const char *values[1] = {"2"};
    if (PQstatus(conn) != CONNECTION_OK || !PQenterPipelineMode(conn)) return 1;
    PQsendPrepare(conn, "by_id", "select name from items where id = $1", 0, NULL);
    PQsendQueryPrepared(conn, "by_id", 1, values, NULL, NULL, 0);
    PQsendQueryParams(conn, "select $1::int + 1", 1, NULL, values, NULL, NULL, 1);
    PQpipelineSync(conn);
    PQsendQueryParams(conn, "select 1 / ($1::int - 2)", 1, NULL, values, NULL, NULL, 0);
    PQsendQueryPrepared(conn, "by_id", 1, values, NULL, NULL, 0);
    PQpipelineSync(conn);
    PQsendQueryPrepared(conn, "by_id", 1, values, NULL, NULL, 0);
    PQsendFlushRequest(conn);
    PQpipelineSync(conn);
    for (int syncs = 0; syncs < 3;) {
        PGresult *result = PQgetResult(conn);
        if (result && PQresultStatus(result) == PGRES_PIPELINE_SYNC) syncs++;
        PQclear(result);
    }
    PQfinish(conn);
    return 0;
}
