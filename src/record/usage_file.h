/* What the two halves of the usage store share: its file, and the statements that are kept prepared. Inside the store only. */
#pragma once
#include <sqlite3.h>

#include "record/usage_store.h"

enum usage_statement {
    USAGE_BEGIN,
    USAGE_BEGIN_READ,
    USAGE_COMMIT,
    USAGE_FIND_USER,
    USAGE_PUT_USER,
    USAGE_FIND_CLIENT,
    USAGE_PUT_CLIENT,
    USAGE_FIND_TEXT,
    USAGE_PUT_TEXT,
    USAGE_UPDATE,
    USAGE_COUNT_ROWS,
    USAGE_INSERT,
    USAGE_ALL_CLIENTS,
    USAGE_USER_BY_ID,
    USAGE_CLIENT_BY_ID,
    USAGE_TEXT_BY_ID,
    USAGE_STATEMENT_COUNT,
};

struct usage_store {
    sqlite3 *database;
    sqlite3_stmt *statements[USAGE_STATEMENT_COUNT]; /* prepared when first needed */
};

enum usage_status usage_status_of(int result);
/* Reset and without values; NULL where it cannot be prepared. */
sqlite3_stmt *usage_statement(struct usage_store *store, enum usage_statement statement);
/* Runs one without rows and values. */
enum usage_status usage_run(struct usage_store *store, enum usage_statement statement);
