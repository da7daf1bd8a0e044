/* Attributes of an entry and members of a group. */
#include <stdio.h>
#include <string.h>

#include "directory/attribute_lines.h"
#include "directory/embedded_file.h"
#include "directory/names.h"

#define TEXT_SIZE_MAX 4096u          /* as Active Directory's longest text in a person's card, 1,024 characters */
#define BINARY_SIZE_MAX (256u << 10) /* a photo or a certificate */
#define ITEMS_MAX 1000u              /* values of one attribute */
#define LINES_SIZE_MAX (256u << 10)  /* all small attributes of an entry */

/* --- checks --- */

static bool number_allowed(struct bytes item)
{
    uint64_t number = 0;
    for (size_t i = 0; i < item.size; i++) {
        if (item.data[i] < '0' || item.data[i] > '9')
            return false;
        number = number * 10 + item.data[i] - '0';
    }
    return item.size >= 1 && item.size <= 10 && number <= INT32_MAX;
}

/* One line or several; no other control characters. */
static bool text_allowed(struct bytes item)
{
    for (size_t i = 0; i < item.size; i++) {
        if ((item.data[i] < 0x20 && !memchr("\n\r\t", item.data[i], 3)) || item.data[i] == 0x7F)
            return false;
    }
    return item.size >= 1 && item.size <= TEXT_SIZE_MAX && utf8_allowed(item);
}

static const char *item_problem(struct embedded_directory *embedded, const struct directory_attribute_definition *definition,
                                struct bytes item)
{
    struct guid target;
    int64_t row;
    switch (definition->kind) {
    case DIRECTORY_VALUE_TEXT:
        return text_allowed(item) ? NULL : "not UTF-8 of 1 to 4096 bytes without control characters";
    case DIRECTORY_VALUE_NUMBER:
        return number_allowed(item) ? NULL : "not a number from 0 to 2147483647";
    case DIRECTORY_VALUE_BOOLEAN:
        return item.size == 1 && (item.data[0] == '0' || item.data[0] == '1') ? NULL : "neither '1' nor '0'";
    case DIRECTORY_VALUE_BINARY:
        return item.size >= 1 && item.size <= BINARY_SIZE_MAX ? NULL : "empty or larger than 256 KiB";
    case DIRECTORY_VALUE_REFERENCE:
        if (item.size != sizeof target.data)
            return "not an id";
        memcpy(target.data, item.data, sizeof target.data);
        return embedded_locate_id(embedded, target, &row) == DIRECTORY_OK ? NULL : "there is no such entry";
    }
    return "of an unknown kind";
}

static enum directory_status check_value(struct embedded_directory *embedded, const struct embedded_subject *subject,
                                         const struct directory_value *value, struct embedded_error *ret_error)
{
    if ((unsigned)value->attribute >= DIRECTORY_ATTRIBUTE_COUNT)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "'%s': an unknown attribute", subject->account);
    const struct directory_attribute_definition *definition = &directory_attributes[value->attribute];
    if (value->count > (definition->multiple ? ITEMS_MAX : 1))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "%s of '%s': %u values are too many", definition->name, subject->account,
                             value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        const char *problem = item_problem(embedded, definition, value->items[i]);
        if (problem)
            return embedded_fail(ret_error, DIRECTORY_INVALID, "%s of '%s': %s", definition->name, subject->account, problem);
    }
    return DIRECTORY_OK;
}

/* --- writing --- */

static bool stands_in_lines(enum directory_attribute attribute)
{
    return directory_attributes[attribute].kind != DIRECTORY_VALUE_REFERENCE && !directory_attributes[attribute].large;
}

/* References and large values have tables of their own. */
static enum directory_status write_apart(struct embedded_directory *embedded, const struct embedded_subject *subject,
                                         const struct directory_value *value)
{
    const struct directory_attribute_definition *definition = &directory_attributes[value->attribute];
    bool large = definition->large;
    sqlite3_stmt *clear = embedded_query(embedded, large ? "DELETE FROM large_value WHERE entry=?1 AND attribute=?2"
                                                         : "DELETE FROM reference WHERE entry=?1 AND attribute=?2");
    embedded_bind_guid(clear, 1, subject->id);
    embedded_bind_text(clear, 2, definition->name);
    enum directory_status status = embedded_run(clear);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < value->count; i++) {
        sqlite3_stmt *insert = embedded_query(
            embedded, large ? "INSERT INTO large_value(entry, attribute, position, value) VALUES(?1, ?2, ?3, ?4)"
                            : "INSERT INTO reference(entry, attribute, position, target) VALUES(?1, ?2, ?3, ?4)");
        if (!insert)
            return DIRECTORY_UNAVAILABLE;
        embedded_bind_guid(insert, 1, subject->id);
        embedded_bind_text(insert, 2, definition->name);
        sqlite3_bind_int64(insert, 3, i);
        sqlite3_bind_blob(insert, 4, value->items[i].data, (int)value->items[i].size, SQLITE_STATIC);
        status = embedded_run(insert);
    }
    return status;
}

static enum directory_status read_lines(struct embedded_directory *embedded, struct arena *arena,
                                        const struct embedded_subject *subject, struct bytes *ret_text)
{
    sqlite3_stmt *row = embedded_query(embedded, "SELECT attributes FROM entry WHERE number=?1");
    if (row)
        sqlite3_bind_int64(row, 1, subject->row);
    enum directory_status status = embedded_step(row);
    if (status == DIRECTORY_OK) {
        const void *text = sqlite3_column_text(row, 0);
        *ret_text = arena_bytes(arena, bytes_of(text, text ? (size_t)sqlite3_column_bytes(row, 0) : 0));
        if (!ret_text->data && ret_text->size > 0)
            status = DIRECTORY_UNAVAILABLE;
    }
    embedded_done(row);
    return status;
}

static enum directory_status store_lines(struct embedded_directory *embedded, const struct embedded_subject *subject,
                                         struct bytes text, struct embedded_error *ret_error)
{
    if (text.size > LINES_SIZE_MAX)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "the attributes of '%s' are more than %u bytes together",
                             subject->account, LINES_SIZE_MAX);
    sqlite3_stmt *update = embedded_query(embedded, "UPDATE entry SET attributes=?2 WHERE number=?1");
    if (!update)
        return DIRECTORY_UNAVAILABLE;
    sqlite3_bind_int64(update, 1, subject->row);
    sqlite3_bind_text(update, 2, text.size > 0 ? (const char *)text.data : "", (int)text.size, SQLITE_STATIC);
    return embedded_run(update);
}

/* The old values with the new ones in their places, in order of attribute. 'by_attribute' has DIRECTORY_ATTRIBUTE_COUNT places. */
static uint32_t merge_values(struct directory_value *by_attribute, uint32_t old_count, const struct directory_value *old_values,
                             uint32_t count, const struct directory_value *values)
{
    for (uint32_t i = 0; i < old_count; i++)
        by_attribute[old_values[i].attribute] = old_values[i];
    for (uint32_t i = 0; i < count; i++) {
        if (stands_in_lines(values[i].attribute))
            by_attribute[values[i].attribute] = values[i];
    }
    uint32_t kept = 0;
    for (unsigned attribute = 0; attribute < DIRECTORY_ATTRIBUTE_COUNT; attribute++) {
        if (by_attribute[attribute].count > 0)
            by_attribute[kept++] = by_attribute[attribute];
    }
    return kept;
}

static enum directory_status write_lines(struct embedded_directory *embedded, struct arena *arena,
                                         const struct embedded_subject *subject, uint32_t count,
                                         const struct directory_value *values, struct embedded_error *ret_error)
{
    struct directory_value by_attribute[DIRECTORY_ATTRIBUTE_COUNT] = {0}, *old_values;
    struct bytes old_text = {0};
    uint32_t old_count;
    enum directory_status status = read_lines(embedded, arena, subject, &old_text);
    if (status != DIRECTORY_OK)
        return status;
    if (!attribute_lines_read(arena, old_text, 0, &old_count, &old_values))
        return DIRECTORY_UNAVAILABLE;
    uint32_t kept = merge_values(by_attribute, old_count, old_values, count, values);
    struct buffer text = {0};
    status = attribute_lines_write(&text, kept, by_attribute, old_text)
                 ? store_lines(embedded, subject, buffer_bytes(&text), ret_error)
                 : DIRECTORY_UNAVAILABLE;
    buffer_free(&text);
    return status;
}

enum directory_status embedded_write_values(struct embedded_directory *embedded, struct arena *arena,
                                            const struct embedded_subject *subject, uint32_t count,
                                            const struct directory_value *values, struct embedded_error *ret_error)
{
    enum directory_status status = DIRECTORY_OK;
    bool lines = false;
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
        status = check_value(embedded, subject, &values[i], ret_error);
        if (status == DIRECTORY_OK && stands_in_lines(values[i].attribute))
            lines = true;
        else if (status == DIRECTORY_OK)
            status = write_apart(embedded, subject, &values[i]);
    }
    return status == DIRECTORY_OK && lines ? write_lines(embedded, arena, subject, count, values, ret_error) : status;
}

enum directory_status embedded_directory_put_values(struct directory *directory, struct guid id, uint32_t count,
                                                    const struct directory_value *values, struct embedded_error *ret_error)
{
    struct embedded_writing writing;
    enum directory_status status = embedded_writing_begin(&writing, directory, id, ret_error);
    if (status == DIRECTORY_OK)
        status = embedded_write_values(writing.embedded, &writing.arena, &writing.subject, count, values, ret_error);
    return embedded_writing_end(&writing, status, ret_error);
}

enum directory_status embedded_set_values(struct directory *directory, struct guid id, uint32_t count,
                                          const struct directory_value *values)
{
    return embedded_directory_put_values(directory, id, count, values, NULL);
}

/* --- members --- */

static enum directory_status check_members(struct embedded_directory *embedded, const struct embedded_subject *group,
                                           uint32_t count, const struct guid *members, struct embedded_error *ret_error)
{
    char text[GUID_TEXT_SIZE];
    int64_t row;
    enum directory_status status = DIRECTORY_OK;
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
        guid_format(members[i], text);
        status = embedded_locate_id(embedded, members[i], &row);
        if (status == DIRECTORY_NOT_FOUND)
            status = embedded_fail(ret_error, DIRECTORY_INVALID, "members of '%s': there is no entry %s", group->account, text);
        else if (status == DIRECTORY_OK && row == group->row)
            status = embedded_fail(ret_error, DIRECTORY_INVALID, "members of '%s': a group is no member of itself", group->account);
    }
    return status;
}

enum directory_status embedded_write_members(struct embedded_directory *embedded, struct arena *arena,
                                             const struct embedded_subject *group, bool add, uint32_t count,
                                             const struct guid *members, struct embedded_error *ret_error)
{
    enum directory_status status = DIRECTORY_OK;
    if (group->kind != DIRECTORY_GROUP)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "'%s' is of kind '%s': only groups have members to add or remove",
                             group->account, directory_kind_names[group->kind]);
    if (add)
        status = check_members(embedded, group, count, members, ret_error);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
        sqlite3_stmt *change = embedded_query(embedded, add ? "INSERT OR IGNORE INTO member(entry, member) VALUES(?1, ?2)"
                                                            : "DELETE FROM member WHERE entry=?1 AND member=?2");
        embedded_bind_guid(change, 1, group->id);
        embedded_bind_guid(change, 2, members[i]);
        status = embedded_run(change);
    }
    return status;
}

enum directory_status embedded_directory_change_group(struct directory *directory, struct guid group_id, bool add,
                                                      uint32_t count, const struct guid *members,
                                                      struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct arena arena = {0};
    struct embedded_subject group;
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    status = embedded_subject(embedded, &arena, group_id, &group, ret_error);
    if (status == DIRECTORY_OK)
        status = embedded_write_members(embedded, &arena, &group, add, count, members, ret_error);
    if (status == DIRECTORY_OK)
        status = embedded_touch(embedded, group_id);
    status = embedded_write_end(embedded, status, ret_error);
    arena_free(&arena);
    return status;
}

enum directory_status embedded_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                              const struct guid *members)
{
    return embedded_directory_change_group(directory, group_id, add, count, members, NULL);
}
