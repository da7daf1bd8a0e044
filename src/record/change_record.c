#include "record/change_record.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "record/settings_file.h"

#define HASH_SIZE 32u /* SHA-256 */

struct chain_end {
    uint64_t number; /* 0: there is no row yet */
    size_t hash_size;
    unsigned char hash[HASH_SIZE];
};

/* --- the chain --- */

/* Of the hash of the row before, the row's number and its content. */
static bool row_hash(const struct chain_end *before, uint64_t number, const char *content, unsigned char hash[HASH_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned size = 0;
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, before->hash, before->hash_size) == 1 && EVP_DigestUpdate(context, &number, sizeof number) == 1 &&
                EVP_DigestUpdate(context, content, strlen(content)) == 1 && EVP_DigestFinal_ex(context, hash, &size) == 1 &&
                size == HASH_SIZE;
    EVP_MD_CTX_free(context);
    return done;
}

/* Of a statement standing on a row with a number and a hash in these columns. */
static bool read_chain_end(sqlite3_stmt *statement, int number_column, int hash_column, struct chain_end *end)
{
    int size = sqlite3_column_bytes(statement, hash_column);
    end->number = (uint64_t)sqlite3_column_int64(statement, number_column);
    end->hash_size = (size_t)size;
    if (size != (end->number ? (int)HASH_SIZE : 0))
        return false;
    if (size)
        memcpy(end->hash, sqlite3_column_blob(statement, hash_column), HASH_SIZE);
    return true;
}

static enum settings_status find_chain_end(struct settings *settings, struct chain_end *end)
{
    sqlite3_stmt *statement = settings_query(settings, "SELECT number, hash FROM change_end");
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    enum settings_status status = code != SQLITE_ROW                     ? settings_failure(code)
                                  : read_chain_end(statement, 0, 1, end) ? SETTINGS_OK
                                                                         : SETTINGS_CORRUPT;
    sqlite3_finalize(statement);
    return status;
}

/* --- writing --- */

static const char *known(const char *text)
{
    return text ? text : "";
}

/* The properties of 'object' that 'other' has otherwise or not at all; all where there is no other; NULL for none. A new reference. */
static json_t *differing(json_t *object, const json_t *other)
{
    const char *name;
    json_t *value, *kept = object ? json_object() : NULL;
    json_object_foreach(object, name, value)
        if (!other || !json_equal(value, json_object_get(other, name)))
            json_object_set(kept, name, value);
    if (json_object_size(kept))
        return kept;
    json_decref(kept);
    return NULL;
}

/* As JSON text, without blanks, its members in order of their names; free() it. */
static char *content_of(const struct change *change)
{
    char time[FILETIME_TEXT_SIZE];
    filetime_format(filetime_now() / FILETIME_PER_SECOND * FILETIME_PER_SECOND, time);
    json_t *before = differing(change->before, change->after), *after = differing(change->after, change->before);
    json_t *content = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O*, s:o*, s:o*, s:b, s:s}", "RunDate", time, "Caller", known(change->actor),
                                "Way", known(change->way), "ClientAddress", known(change->address), "CmdletName", known(change->operation),
                                "ObjectModified", known(change->target), "CmdletParameters", change->parameters, "Before", before,
                                "After", after, "Succeeded", change->succeeded, "Error", known(change->error));
    char *text = content ? json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(content);
    return text;
}

static enum settings_status insert_row(struct settings *settings, const char *content)
{
    struct chain_end end;
    unsigned char hash[HASH_SIZE];
    enum settings_status status = find_chain_end(settings, &end);
    if (status != SETTINGS_OK)
        return status;
    uint64_t number = end.number + 1;
    if (!row_hash(&end, number, content, hash))
        return SETTINGS_UNAVAILABLE;
    sqlite3_stmt *insert = settings_query(settings, "INSERT INTO change VALUES(?1, ?2, ?3)");
    sqlite3_bind_int64(insert, 1, (int64_t)number);
    sqlite3_bind_text(insert, 2, content, -1, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 3, hash, HASH_SIZE, SQLITE_STATIC);
    status = settings_run(insert);
    if (status != SETTINGS_OK)
        return status;
    sqlite3_stmt *update = settings_query(settings, "UPDATE change_end SET number=?1, hash=?2");
    sqlite3_bind_int64(update, 1, (int64_t)number);
    sqlite3_bind_blob(update, 2, hash, HASH_SIZE, SQLITE_STATIC);
    return settings_run(update);
}

enum settings_status change_record_append(struct settings *settings, const struct change *change)
{
    char *content = content_of(change);
    if (!content)
        return SETTINGS_UNAVAILABLE;
    pthread_mutex_lock(&settings->lock);
    enum settings_status status = settings_begin(settings);
    if (status == SETTINGS_OK)
        status = settings_end(settings, insert_row(settings, content));
    pthread_mutex_unlock(&settings->lock);
    free(content);
    return status;
}

/* --- reading --- */

static json_t *row_of(sqlite3_stmt *statement)
{
    json_t *row = json_pack("{s:I}", "Row", (json_int_t)sqlite3_column_int64(statement, 0));
    json_t *content = json_loads((const char *)sqlite3_column_text(statement, 1), 0, NULL);
    bool complete = row && json_is_object(content) && json_object_update(row, content) == 0;
    json_decref(content);
    if (!complete)
        json_decref(row);
    return complete ? row : NULL;
}

enum settings_status change_record_list(struct settings *settings, uint64_t before, uint32_t count_max, json_t **ret_rows)
{
    json_t *rows = json_array(), *row;
    enum settings_status status = rows ? SETTINGS_OK : SETTINGS_UNAVAILABLE;
    pthread_mutex_lock(&settings->lock);
    sqlite3_stmt *statement = settings_query(settings, "SELECT number, content FROM change WHERE number<?1 ORDER BY number DESC LIMIT ?2");
    int code = statement ? SQLITE_ROW : SQLITE_ERROR;
    sqlite3_bind_int64(statement, 1, before ? (int64_t)before : INT64_MAX);
    sqlite3_bind_int64(statement, 2, count_max);
    while (status == SETTINGS_OK && statement && (code = sqlite3_step(statement)) == SQLITE_ROW)
        if (!(row = row_of(statement)))
            status = SETTINGS_CORRUPT;
        else if (json_array_append_new(rows, row) != 0)
            status = SETTINGS_UNAVAILABLE;
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&settings->lock);
    if (status == SETTINGS_OK && code != SQLITE_DONE)
        status = settings_failure(code);
    if (status == SETTINGS_OK)
        *ret_rows = rows;
    else
        json_decref(rows);
    return status;
}

/* --- verifying --- */

/* Whether the row on which the statement stands follows 'end', which becomes it. */
static bool row_fits(sqlite3_stmt *statement, struct chain_end *end)
{
    unsigned char hash[HASH_SIZE];
    uint64_t number = end->number + 1;
    const char *content = (const char *)sqlite3_column_text(statement, 1);
    if (!content || (uint64_t)sqlite3_column_int64(statement, 0) != number || !row_hash(end, number, content, hash) ||
        !read_chain_end(statement, 0, 2, end))
        return false;
    return memcmp(hash, end->hash, HASH_SIZE) == 0;
}

static enum settings_status verify(struct settings *settings, uint64_t *row_count, uint64_t *bad_row)
{
    struct chain_end end = {0}, written;
    sqlite3_stmt *statement = settings_query(settings, "SELECT number, content, hash FROM change ORDER BY number");
    int code = SQLITE_ERROR;
    bool fits = true;
    while (statement && fits && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        *bad_row = end.number + 1;
        fits = row_fits(statement, &end);
        *row_count += fits;
    }
    sqlite3_finalize(statement);
    if (fits && code != SQLITE_DONE)
        return settings_failure(code);
    enum settings_status status = fits ? find_chain_end(settings, &written) : SETTINGS_CORRUPT;
    if (status == SETTINGS_OK && (written.number != end.number || memcmp(written.hash, end.hash, written.hash_size) != 0)) {
        *bad_row = end.number + 1; /* rows are missing at the end */
        status = SETTINGS_CORRUPT;
    }
    return status;
}

enum settings_status change_record_verify(struct settings *settings, uint64_t *ret_row_count, uint64_t *ret_bad_row)
{
    uint64_t row_count = 0, bad_row = 0;
    pthread_mutex_lock(&settings->lock);
    enum settings_status status = verify(settings, &row_count, &bad_row);
    pthread_mutex_unlock(&settings->lock);
    if (status == SETTINGS_OK)
        *ret_row_count = row_count;
    else if (status == SETTINGS_CORRUPT)
        *ret_bad_row = bad_row;
    return status;
}
