/* Transactions and named savepoints. SQLite's own savepoints are named by depth, so that their statements can be kept. */
#include <string.h>

#include "store/sqlite/internal.h"

/* The transaction that the caller has open was ended by SQLite itself (disk full, input/output error, no memory). */
static bool is_lost(const struct sqlite_mailbox *mailbox)
{
    return mailbox->transaction && sqlite3_get_autocommit(mailbox->database);
}

static enum store_status begin(struct sqlite_mailbox *mailbox, enum statement_id how)
{
    enum store_status status = statement_execute(mailbox, how, "");
    mailbox->transaction = status == STORE_OK;
    mailbox->savepoint_count = 0;
    return status;
}

static enum store_status commit(struct sqlite_mailbox *mailbox)
{
    uint64_t counter_bound = mailbox->counter_bound, value_id_bound = mailbox->value_id_bound;
    enum store_status status = is_lost(mailbox) ? STORE_IO_ERROR : STORE_OK;
    if (mailbox->next_counter > counter_bound || mailbox->next_value_id > value_id_bound) {
        counter_bound = mailbox->next_counter + COUNTERS_AHEAD;
        value_id_bound = mailbox->next_value_id + COUNTERS_AHEAD;
        if (status == STORE_OK)
            status = statement_execute(mailbox, STATEMENT_COUNTERS_SET, "ii", counter_bound, value_id_bound);
    }
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_COMMIT, "");
    if (status != STORE_OK) {
        sqlite_rollback(&mailbox->base);
        return status;
    }
    mailbox->counter_bound = counter_bound;
    mailbox->value_id_bound = value_id_bound;
    mailbox->transaction = false;
    mailbox->savepoint_count = 0;
    return STORE_OK;
}

enum store_status sqlite_begin(struct store_mailbox *base)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    return mailbox->transaction ? STORE_INVALID : begin(mailbox, STATEMENT_BEGIN);
}

enum store_status sqlite_commit(struct store_mailbox *base)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    return mailbox->transaction ? commit(mailbox) : STORE_INVALID;
}

void sqlite_rollback(struct store_mailbox *base)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    if (!mailbox->transaction)
        return;
    /* A failing roll back leaves SQLite outside of the transaction as well; there is nothing further to do. */
    if (!sqlite3_get_autocommit(mailbox->database))
        (void)statement_execute(mailbox, STATEMENT_ROLLBACK, "");
    mailbox->transaction = false;
    mailbox->savepoint_count = 0;
    views_forget(mailbox);
}

bool sqlite_in_transaction(struct store_mailbox *mailbox) { return sqlite_of(mailbox)->transaction; }

enum store_status write_enter(struct sqlite_mailbox *mailbox, bool *ret_own)
{
    *ret_own = !mailbox->transaction;
    arena_reset(&mailbox->scratch);
    if (mailbox->transaction)
        return is_lost(mailbox) ? STORE_IO_ERROR : STORE_OK;
    return begin(mailbox, STATEMENT_BEGIN_IMMEDIATE);
}

enum store_status write_leave(struct sqlite_mailbox *mailbox, bool own, enum store_status status)
{
    if (!own)
        return status;
    if (status == STORE_OK)
        return commit(mailbox);
    sqlite_rollback(&mailbox->base);
    return status;
}

static bool is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return size > 0 && size < SAVEPOINT_NAME_SIZE && !name[size];
}

static enum store_status run_at_depth(struct sqlite_mailbox *mailbox, enum statement_id first, const char *verb,
    uint32_t depth)
{
    if (depth < 2)
        return statement_execute(mailbox, first + depth, "");
    char sql[64];
    sqlite3_snprintf(sizeof(sql), sql, "%s s%u", verb, depth);
    return status_of_sqlite(sqlite3_exec(mailbox->database, sql, NULL, NULL, NULL));
}

/* The depth of the innermost savepoint of that name. */
static bool find_savepoint(const struct sqlite_mailbox *mailbox, const char *name, uint32_t *ret_depth)
{
    for (uint32_t depth = mailbox->savepoint_count; depth-- > 0;)
        if (!strcmp(mailbox->savepoints[depth], name)) {
            *ret_depth = depth;
            return true;
        }
    return false;
}

enum store_status sqlite_savepoint(struct store_mailbox *base, const char *name)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    uint32_t depth = mailbox->savepoint_count;
    if (!mailbox->transaction || depth == SAVEPOINT_DEPTH_MAX || !is_name(name))
        return STORE_INVALID;
    if (is_lost(mailbox))
        return STORE_IO_ERROR;
    enum store_status status = run_at_depth(mailbox, STATEMENT_SAVEPOINT_0, "SAVEPOINT", depth);
    if (status != STORE_OK)
        return status;
    memcpy(mailbox->savepoints[depth], name, strlen(name) + 1);
    mailbox->savepoint_count++;
    return STORE_OK;
}

enum store_status sqlite_savepoint_release(struct store_mailbox *base, const char *name)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    uint32_t depth;
    if (!find_savepoint(mailbox, name, &depth))
        return STORE_INVALID;
    if (is_lost(mailbox))
        return STORE_IO_ERROR;
    enum store_status status = run_at_depth(mailbox, STATEMENT_RELEASE_0, "RELEASE", depth);
    if (status == STORE_OK)
        mailbox->savepoint_count = depth;
    return status;
}

enum store_status sqlite_savepoint_rollback(struct store_mailbox *base, const char *name)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    uint32_t depth;
    if (!find_savepoint(mailbox, name, &depth))
        return STORE_INVALID;
    if (is_lost(mailbox))
        return STORE_IO_ERROR;
    views_forget(mailbox);
    enum store_status status = run_at_depth(mailbox, STATEMENT_ROLLBACK_TO_0, "ROLLBACK TO", depth);
    if (status == STORE_OK)
        status = run_at_depth(mailbox, STATEMENT_RELEASE_0, "RELEASE", depth);
    if (status == STORE_OK)
        mailbox->savepoint_count = depth;
    return status;
}
