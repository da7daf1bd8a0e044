/* The integrity check: the file's own (PRAGMA integrity_check), then what the model promises about counts, views, trees and
 * the ownership of large values. For the administrator and for tests; reads everything. */
#include <stdlib.h>
#include <string.h>

#include "store/packed_properties.h"
#include "store/sqlite/internal.h"

/* Each gives one finding a row. */
static const char *const questions[] = {
    "SELECT text FROM (SELECT integrity_check AS text FROM pragma_integrity_check) WHERE text <> 'ok'",
    "SELECT format('folder %x: its counts differ from its messages', f.folder_id) FROM folder f LEFT JOIN ("
    " SELECT folder_id, sum(kind = 0) AS content, sum(kind = 0 AND read = 0) AS unread, sum(kind = 1) AS associated,"
    "  sum(kind = 2) AS deleted, sum(kind = 3) AS deleted_associated, sum(iif(kind = 0, size, 0)) AS size,"
    "  sum(iif(kind = 1, size, 0)) AS associated_size, sum(iif(kind > 1, size, 0)) AS deleted_size"
    " FROM message GROUP BY folder_id) m ON m.folder_id = f.folder_id "
    "WHERE (f.content, f.unread, f.associated, f.deleted_content, f.deleted_associated, f.size, f.associated_size,"
    " f.deleted_size) IS NOT (coalesce(m.content, 0), coalesce(m.unread, 0), coalesce(m.associated, 0),"
    " coalesce(m.deleted, 0), coalesce(m.deleted_associated, 0), coalesce(m.size, 0), coalesce(m.associated_size, 0),"
    " coalesce(m.deleted_size, 0))",
    "SELECT format('folder %x: counts %d folders below it, has %d', f.folder_id, f.child_folders, count(c.folder_id)) "
    "FROM folder f LEFT JOIN folder c ON c.parent_id = f.folder_id AND c.deleted_time = 0 "
    "GROUP BY f.folder_id HAVING f.child_folders <> count(c.folder_id)",
    "SELECT format('folder %x: no parent', folder_id) FROM folder f WHERE parent_id <> 0 AND NOT EXISTS "
    "(SELECT 1 FROM folder p WHERE p.folder_id = f.parent_id)",
    "SELECT format('message %x: no folder', message_id) FROM message m WHERE NOT EXISTS "
    "(SELECT 1 FROM folder f WHERE f.folder_id = m.folder_id)",
    "SELECT format('message %x: counts %d attachments, has %d', m.message_id, m.attachment_count,"
    " count(a.attachment_id)) FROM message m LEFT JOIN attachment a ON a.message_id = m.message_id AND a.parent_id = 0 "
    "GROUP BY m.message_id HAVING m.attachment_count <> count(a.attachment_id)",
    "SELECT format('attachment %x: no message', attachment_id) FROM attachment a WHERE NOT EXISTS "
    "(SELECT 1 FROM message m WHERE m.message_id = a.message_id)",
    "SELECT format('attachment %x: no embedded message to be in', attachment_id) FROM attachment a WHERE parent_id <> 0 "
    "AND NOT EXISTS (SELECT 1 FROM attachment p WHERE p.attachment_id = a.parent_id AND p.message_id = a.message_id AND "
    "p.embedded IS NOT NULL)",
    "SELECT format('view %d: %d rows for %d messages', v.view_id,"
    " (SELECT count(*) FROM view_row r WHERE r.view_id = v.view_id),"
    " (SELECT count(*) FROM message m WHERE m.folder_id = v.folder_id AND m.kind = v.kind)) FROM view v "
    "WHERE v.complete AND (SELECT count(*) FROM view_row r WHERE r.view_id = v.view_id) <> "
    "(SELECT count(*) FROM message m WHERE m.folder_id = v.folder_id AND m.kind = v.kind)",
    "SELECT format('view %d: a row without its message %x', r.view_id, r.message_id) FROM view_row r LEFT JOIN view v ON "
    "v.view_id = r.view_id LEFT JOIN message m ON m.message_id = r.message_id AND m.folder_id = v.folder_id AND "
    "m.kind = v.kind WHERE m.message_id IS NULL",
    "SELECT format('view %d: a part counts %d rows, has %d', view_id, row_count, found) FROM (SELECT p.view_id, row_count,"
    " (SELECT count(*) FROM view_row r WHERE r.view_id = p.view_id AND (r.key, r.message_id) > (p.key, p.message_id) AND"
    "  (p.next_key IS NULL OR (r.key, r.message_id) <= (p.next_key, p.next_id))) AS found FROM (SELECT view_id, key,"
    "  message_id, row_count, lead(key) OVER parts AS next_key, lead(message_id) OVER parts AS next_id FROM view_part"
    "  WINDOW parts AS (PARTITION BY view_id ORDER BY key, message_id)) p) WHERE row_count <> found",
    "SELECT format('view %d: its parts count %d rows, it has %d', v.view_id, sum(p.row_count),"
    " (SELECT count(*) FROM view_row r WHERE r.view_id = v.view_id)) FROM view v JOIN view_part p ON p.view_id = v.view_id "
    "GROUP BY v.view_id HAVING sum(p.row_count) <> (SELECT count(*) FROM view_row r WHERE r.view_id = v.view_id)",
    "SELECT format('message %x: in no view', message_id) FROM message m WHERE NOT EXISTS "
    "(SELECT 1 FROM view v WHERE v.folder_id = m.folder_id AND v.kind = m.kind)",
};
#define FINDINGS_MAX 1000u

static enum store_status ask(struct sqlite_mailbox *mailbox, const char *question, struct buffer *report)
{
    sqlite3_stmt *prepared;
    int code = sqlite3_prepare_v2(mailbox->database, question, -1, &prepared, NULL);
    if (code != SQLITE_OK)
        return status_of_sqlite(code);
    for (uint32_t i = 0; (code = sqlite3_step(prepared)) == SQLITE_ROW && i < FINDINGS_MAX; i++) {
        const char *finding = (const char *)sqlite3_column_text(prepared, 0);
        buffer_append_format(report, "%s\n", finding ? finding : "(unreadable)");
    }
    sqlite3_finalize(prepared);
    return status_of_sqlite(code);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = load_u64(a), y = load_u64(b);
    return x < y ? -1 : x > y;
}

/* Adds the value ids that one packed blob names. */
static bool collect(struct arena *arena, struct bytes packed, struct buffer *ids)
{
    const struct store_value *values;
    uint32_t count;
    if (!packed_properties_list(arena, packed, NULL, &values, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        buffer_append_u64(ids, values[i].value_id);
    return true;
}

static enum store_status collect_all(struct sqlite_mailbox *mailbox, struct buffer *owned, struct buffer *report)
{
    static const char question[] =
        "SELECT message_id, properties FROM message UNION ALL SELECT folder_id, properties FROM folder UNION ALL "
        "SELECT attachment_id, properties FROM attachment UNION ALL "
        "SELECT attachment_id, embedded FROM attachment WHERE embedded IS NOT NULL";
    sqlite3_stmt *prepared;
    struct arena arena = {0};
    int code = sqlite3_prepare_v2(mailbox->database, question, -1, &prepared, NULL);
    if (code != SQLITE_OK)
        return status_of_sqlite(code);
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
        struct bytes packed = {sqlite3_column_blob(prepared, 1), (size_t)sqlite3_column_bytes(prepared, 1)};
        arena_reset(&arena);
        if (!collect(&arena, packed, owned))
            buffer_append_format(report, "object %llx: damaged properties\n",
                (unsigned long long)sqlite3_column_int64(prepared, 0));
    }
    sqlite3_finalize(prepared);
    arena_free(&arena);
    return status_of_sqlite(code);
}

static enum store_status list_ids(struct sqlite_mailbox *mailbox, const char *question, struct buffer *ids)
{
    sqlite3_stmt *prepared;
    int code = sqlite3_prepare_v2(mailbox->database, question, -1, &prepared, NULL);
    if (code != SQLITE_OK)
        return status_of_sqlite(code);
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW)
        buffer_append_u64(ids, (uint64_t)sqlite3_column_int64(prepared, 0));
    sqlite3_finalize(prepared);
    return status_of_sqlite(code);
}

/* Every large value has one owner: an object's properties, or the list of staged ones. */
static enum store_status check_values(struct sqlite_mailbox *mailbox, struct buffer *report)
{
    struct buffer owned = {0}, stored = {0};
    enum store_status status = collect_all(mailbox, &owned, report);
    if (status == STORE_OK)
        status = list_ids(mailbox, "SELECT value_id FROM staged", &owned);
    if (status == STORE_OK)
        status = list_ids(mailbox, "SELECT DISTINCT chunk_id >> 16 FROM chunk ORDER BY 1", &stored);
    if (status == STORE_OK && (owned.failed || stored.failed))
        status = STORE_NO_MEMORY;
    if (status == STORE_OK && owned.size)
        qsort(owned.data, owned.size / 8, 8, compare_ids);
    size_t i = 0, j = 0;
    while (status == STORE_OK && (i < owned.size || j < stored.size)) {
        uint64_t owner = i < owned.size ? load_u64(owned.data + i) : UINT64_MAX;
        uint64_t value = j < stored.size ? load_u64(stored.data + j) : UINT64_MAX;
        if (i >= 8 && i < owned.size && owner == load_u64(owned.data + i - 8))
            buffer_append_format(report, "value %llu: two owners\n", (unsigned long long)owner);
        else if (owner < value)
            buffer_append_format(report, "value %llu: missing\n", (unsigned long long)owner);
        else if (value < owner)
            buffer_append_format(report, "value %llu: belongs to nothing\n", (unsigned long long)value);
        i += owner <= value ? 8 : 0;
        j += value <= owner ? 8 : 0;
    }
    buffer_free(&owned);
    buffer_free(&stored);
    return status;
}

enum store_status sqlite_mailbox_check(struct store_mailbox *base, struct arena *arena, const char **ret_report)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct buffer report = {0};
    enum store_status status = STORE_OK;
    for (size_t i = 0; status == STORE_OK && i < sizeof(questions) / sizeof(questions[0]); i++)
        status = ask(mailbox, questions[i], &report);
    if (status == STORE_OK)
        status = check_values(mailbox, &report);
    const char *text = buffer_string(&report), *copy = text ? arena_string(arena, text) : NULL;
    buffer_free(&report);
    if (status == STORE_OK && !copy)
        status = STORE_NO_MEMORY;
    if (status == STORE_OK)
        *ret_report = copy;
    return status;
}
