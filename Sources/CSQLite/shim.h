// SQLite 3, with the two calls whose last argument Swift has no name for: SQLite copies what is bound.
#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#include <sqlite3.h>

static inline int csqlite_bind_text(sqlite3_stmt *statement, int at, const char *bytes, int count) {
    return sqlite3_bind_text(statement, at, bytes, count, SQLITE_TRANSIENT);
}
static inline int csqlite_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, at, bytes, count, SQLITE_TRANSIENT);
}
// What a file's own schema may do: nothing but hold rows.
static inline int csqlite_defend(sqlite3 *database) {
    int status = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    if (status != SQLITE_OK) return status;
    status = sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
    if (status != SQLITE_OK) return status;
    status = sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)0);
    if (status != SQLITE_OK) return status;
    return sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)0);
}

// Virtual tables: what SQLite passes around, with a pointer of ours behind it.
typedef struct csqlite_table {
    sqlite3_vtab base;
    void *table;
} csqlite_table;
typedef struct csqlite_cursor {
    sqlite3_vtab_cursor base;
    void *cursor;
} csqlite_cursor;

static inline void csqlite_result_text(sqlite3_context *context, const void *bytes, int count) {
    sqlite3_result_text(context, (const char *)bytes, count, SQLITE_TRANSIENT);
}
static inline void csqlite_result_blob(sqlite3_context *context, const void *bytes, int count) {
    sqlite3_result_blob(context, bytes, count, SQLITE_TRANSIENT);
}
// A copy in SQLite's memory, which SQLite frees.
static inline char *csqlite_copy(const char *text) { return sqlite3_mprintf("%s", text); }
// A database in memory that runs what strangers wrote.
static inline int csqlite_confine(sqlite3 *database) {
    int status = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    if (status != SQLITE_OK) return status;
    status = sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
    if (status != SQLITE_OK) return status;
    status = sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)0);
    if (status != SQLITE_OK) return status;
    status = sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)0);
    if (status != SQLITE_OK) return status;
    status = sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, (int *)0);
    if (status != SQLITE_OK) return status;
    status = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
    if (status != SQLITE_OK) return status;
    return sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
}

#endif
