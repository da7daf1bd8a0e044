/* Entries of every kind: a page of rows in order of ids, into which the other tables, in the same order, are merged. */
#include <stdlib.h>
#include <string.h>

#include "directory/attribute_lines.h"
#include "directory/embedded_file.h"

#define PAGE_COUNT_MAX 10000u

/* How many attributes stand in the table of references, and how many in that of large values. */
enum {
    REFERENCE_ATTRIBUTE_COUNT = 0
#define ATTRIBUTE(identifier, name, kind, ...) +(DIRECTORY_VALUE_##kind == DIRECTORY_VALUE_REFERENCE)
#include "directory/attribute_table.h"
#undef ATTRIBUTE
    ,
    LARGE_ATTRIBUTE_COUNT = 0
#define ATTRIBUTE(identifier, name, kind, multiple, large, ...) +(large)
#include "directory/attribute_table.h"
#undef ATTRIBUTE
};

#define ENTRY_COLUMNS \
    "number, id, kind, account, display_name, legacy_dn, hidden, mailbox_guid, rule, attributes, created, changed"

static bool columns_of_entry(struct arena *arena, sqlite3_stmt *row, struct directory_entry *ret_entry)
{
    struct directory_entry entry = {
        .number = (uint32_t)sqlite3_column_int64(row, 0), .id = embedded_column_guid(row, 1),
        .kind = (unsigned)sqlite3_column_int(row, 2), .account = embedded_column_text(arena, row, 3),
        .display_name = embedded_column_text(arena, row, 4), .legacy_dn = embedded_column_text(arena, row, 5),
        .hidden = sqlite3_column_int(row, 6) != 0, .mailbox_guid = embedded_column_guid(row, 7),
        .rule = embedded_column_text(arena, row, 8), .created = (uint64_t)sqlite3_column_int64(row, 10),
        .changed = (uint64_t)sqlite3_column_int64(row, 11), .address = ""};
    const void *text = sqlite3_column_text(row, 9);
    struct directory_value *values;
    if (!attribute_lines_read(arena, bytes_of(text, text ? (size_t)sqlite3_column_bytes(row, 9) : 0),
                              REFERENCE_ATTRIBUTE_COUNT + LARGE_ATTRIBUTE_COUNT, &entry.value_count, &values) ||
        !entry.account || !entry.display_name || !entry.legacy_dn || !entry.rule)
        return false;
    entry.values = values;
    *ret_entry = entry;
    return true;
}

/* --- merging the other tables into a page --- */

/* A run of rows of one entry, and where the table has such a column, one attribute. */
struct run {
    struct directory_entry *entry;
    enum directory_attribute attribute; /* DIRECTORY_ATTRIBUTE_COUNT where there is none */
    uint32_t count, capacity;
    struct bytes *items;
};
typedef bool (*attach_function)(struct arena *arena, const struct run *run);

static const char **texts_of_run(struct arena *arena, const struct run *run)
{
    const char **texts = arena_reserve(arena, run->count * sizeof *texts);
    for (uint32_t i = 0; texts && i < run->count; i++)
        texts[i] = (const char *)run->items[i].data;
    return texts;
}

static bool attach_addresses(struct arena *arena, const struct run *run)
{
    run->entry->address_count = run->count;
    run->entry->addresses = texts_of_run(arena, run);
    if (run->entry->addresses)
        run->entry->address = run->entry->addresses[0];
    return run->entry->addresses != NULL;
}

static bool attach_old_dns(struct arena *arena, const struct run *run)
{
    run->entry->old_legacy_dn_count = run->count;
    run->entry->old_legacy_dns = texts_of_run(arena, run);
    return run->entry->old_legacy_dns != NULL;
}

static bool attach_members(struct arena *arena, const struct run *run)
{
    struct guid *members = arena_reserve(arena, run->count * sizeof *members);
    for (uint32_t i = 0; members && i < run->count; i++)
        memcpy(members[i].data, run->items[i].data, sizeof members[i].data);
    run->entry->member_count = run->count;
    run->entry->members = members;
    return members != NULL;
}

/* Room for these was made with the entry. */
static bool attach_values(struct arena *arena, const struct run *run)
{
    if (run->attribute == DIRECTORY_ATTRIBUTE_COUNT)
        return true; /* of a later version */
    struct directory_value *values = (struct directory_value *)run->entry->values;
    struct bytes *items = arena_copy(arena, run->items, run->count * sizeof *items);
    uint32_t place = run->entry->value_count++;
    for (; place > 0 && values[place - 1].attribute > run->attribute; place--)
        values[place] = values[place - 1];
    values[place] = (struct directory_value){.attribute = run->attribute, .count = run->count, .items = items};
    return items != NULL;
}

static bool add_to_run(struct arena *arena, struct run *run, sqlite3_stmt *row, int column)
{
    if (run->count == run->capacity) {
        uint32_t capacity = run->capacity ? run->capacity * 2 : 16;
        struct bytes *items = realloc(run->items, capacity * sizeof *items);
        if (!items)
            return false;
        run->items = items;
        run->capacity = capacity;
    }
    const void *data = sqlite3_column_blob(row, column);
    size_t size = (size_t)sqlite3_column_bytes(row, column);
    char *copy = arena_string_of(arena, bytes_of(data, data ? size : 0));
    run->items[run->count++] = bytes_of(copy, size);
    return copy != NULL;
}

static bool end_run(struct arena *arena, struct run *run, attach_function attach)
{
    bool done = run->count == 0 || attach(arena, run);
    run->count = 0;
    return done;
}

/* Columns of 'sql': entry, value, and where 'with_attribute' the attribute's name; ?1 and ?2 are the first and last id. */
static enum directory_status merge(struct embedded_directory *embedded, struct arena *arena, const char *sql, bool with_attribute,
                                   attach_function attach, uint32_t count, struct directory_entry *entries)
{
    struct run run = {.attribute = DIRECTORY_ATTRIBUTE_COUNT};
    sqlite3_stmt *row = embedded_query(embedded, sql);
    embedded_bind_guid(row, 1, entries[0].id);
    embedded_bind_guid(row, 2, entries[count - 1].id);
    uint32_t index = 0;
    bool good = true;
    enum directory_status status = DIRECTORY_NOT_FOUND;
    while (good && (status = embedded_step(row)) == DIRECTORY_OK) {
        struct guid id = embedded_column_guid(row, 0);
        unsigned attribute = with_attribute ? directory_attribute_named((const char *)sqlite3_column_text(row, 2))
                                            : (unsigned)DIRECTORY_ATTRIBUTE_COUNT;
        while (index < count && memcmp(entries[index].id.data, id.data, sizeof id.data) < 0)
            index++;
        if (index == count || !guid_equal(entries[index].id, id))
            continue; /* foreign keys do not let this happen */
        if (run.entry != &entries[index] || run.attribute != attribute) {
            good = end_run(arena, &run, attach);
            run.entry = &entries[index];
            run.attribute = attribute;
        }
        good = good && add_to_run(arena, &run, row, 1);
    }
    good = good && end_run(arena, &run, attach);
    embedded_done(row);
    free(run.items);
    return good && status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

static enum directory_status complete(struct embedded_directory *embedded, struct arena *arena, enum embedded_extent extent,
                                      uint32_t count, struct directory_entry *entries)
{
    if (count == 0)
        return DIRECTORY_OK;
    enum directory_status status = merge(embedded, arena, "SELECT entry, address FROM address WHERE entry BETWEEN ?1 AND ?2"
                                                          " ORDER BY entry, position",
                                         false, attach_addresses, count, entries);
    if (status == DIRECTORY_OK)
        status = merge(embedded, arena, "SELECT entry, legacy_dn FROM old_legacy_dn WHERE entry BETWEEN ?1 AND ?2"
                                        " ORDER BY entry, position", false, attach_old_dns, count, entries);
    if (status == DIRECTORY_OK)
        status = merge(embedded, arena, "SELECT entry, target, attribute FROM reference WHERE entry BETWEEN ?1 AND ?2"
                                        " ORDER BY entry, attribute, position", true, attach_values, count, entries);
    if (status == DIRECTORY_OK && extent == EMBEDDED_WHOLE)
        status = merge(embedded, arena, "SELECT entry, value, attribute FROM large_value WHERE entry BETWEEN ?1 AND ?2"
                                        " ORDER BY entry, attribute, position", true, attach_values, count, entries);
    if (status == DIRECTORY_OK && extent != EMBEDDED_CARD)
        status = merge(embedded, arena, "SELECT entry, member FROM member WHERE entry BETWEEN ?1 AND ?2 ORDER BY entry, member",
                       false, attach_members, count, entries);
    return status;
}

/* --- reading --- */

enum directory_status embedded_read_entry(struct embedded_directory *embedded, struct arena *arena, int64_t row,
                                          enum embedded_extent extent, struct directory_entry *ret_entry)
{
    struct directory_entry entry;
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT " ENTRY_COLUMNS " FROM entry WHERE number=?1");
    sqlite3_bind_int64(statement, 1, row);
    enum directory_status status = embedded_step(statement);
    if (status == DIRECTORY_OK && !columns_of_entry(arena, statement, &entry))
        status = DIRECTORY_UNAVAILABLE;
    embedded_done(statement);
    if (status == DIRECTORY_OK)
        status = complete(embedded, arena, extent, 1, &entry);
    if (status == DIRECTORY_OK)
        *ret_entry = entry;
    return status;
}

enum directory_status embedded_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                          const char *value, struct directory_entry *ret_entry)
{
    struct embedded_directory *embedded = embedded_of(directory);
    int64_t row;
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    status = embedded_locate(embedded, arena, key, value, &row);
    if (status == DIRECTORY_OK)
        status = embedded_read_entry(embedded, arena, row, EMBEDDED_WHOLE, ret_entry);
    embedded_read_end(embedded);
    return status;
}

static enum directory_status read_page(struct embedded_directory *embedded, struct arena *arena, const struct guid *after,
                                       uint32_t count_max, uint32_t *ret_count, struct directory_entry *entries)
{
    static const struct guid first = {{0}};
    sqlite3_stmt *row = embedded_query(embedded, "SELECT " ENTRY_COLUMNS " FROM entry WHERE id>?1 ORDER BY id LIMIT ?2");
    sqlite3_bind_blob(row, 1, (after ? after : &first)->data, sizeof first.data, SQLITE_TRANSIENT);
    sqlite3_bind_int64(row, 2, count_max);
    uint32_t count = 0;
    enum directory_status status = DIRECTORY_NOT_FOUND;
    while (count < count_max && (status = embedded_step(row)) == DIRECTORY_OK) {
        if (!columns_of_entry(arena, row, &entries[count])) {
            status = DIRECTORY_UNAVAILABLE;
            break;
        }
        count++;
    }
    embedded_done(row);
    if (status != DIRECTORY_OK && status != DIRECTORY_NOT_FOUND)
        return status;
    *ret_count = count;
    return complete(embedded, arena, EMBEDDED_PAGE, count, entries);
}

enum directory_status embedded_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                       uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries)
{
    struct embedded_directory *embedded = embedded_of(directory);
    if (count_max > PAGE_COUNT_MAX)
        count_max = PAGE_COUNT_MAX;
    struct directory_entry *entries = arena_array(arena, struct directory_entry, count_max);
    uint32_t count = 0;
    enum directory_status status = entries ? embedded_read_begin(embedded) : DIRECTORY_UNAVAILABLE;
    if (status != DIRECTORY_OK)
        return status;
    status = read_page(embedded, arena, after, count_max, &count, entries);
    embedded_read_end(embedded);
    if (status == DIRECTORY_OK) {
        *ret_count = count;
        *ret_entries = entries;
    }
    return status;
}
