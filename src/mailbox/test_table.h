/* What the tests of tables share: rows as texts. Include it from a test alone. */
#pragma once
#include "mailbox/test_fixture.h"

#include "protocol/property.h"

#define ROWS_MAX_IN_TEST 4096u

/* Rows as texts of their first column, taken until 'room' are there. */
struct taken {
    char text[ROWS_MAX_IN_TEST][32];
    uint32_t count;
    uint32_t room;
};
static struct taken taken;

static inline bool take(void *context, const struct property_value *values, uint32_t count)
{
    struct taken *rows = context;
    (void)count;
    if (rows->count == rows->room)
        return false;
    char *text = rows->text[rows->count++];
    if (PROPERTY_TYPE(values[0].tag) == PTYP_STRING)
        snprintf(text, 32, "%s", utf8(values[0].bytes));
    else if (PROPERTY_TYPE(values[0].tag) == PTYP_INTEGER32)
        snprintf(text, 32, "%d", values[0].integer32);
    else
        snprintf(text, 32, "(%x)", values[0].error_code);
    return true;
}

static uint8_t query_origin;
static inline uint32_t query_flags(struct table *table, bool forward, bool no_advance, uint32_t count, uint32_t room)
{
    uint32_t got = 0;
    taken.count = 0;
    taken.room = room;
    assert_ok(table_query_rows(ARENA, LOGON, table, forward, no_advance, count, take, &taken, &got, &query_origin));
    assert_int_equal(got, taken.count);
    return got;
}
static inline uint32_t query(struct table *table, bool forward, uint32_t count)
{
    return query_flags(table, forward, false, count, ROWS_MAX_IN_TEST);
}

/* All that is left, joined: "a b c". */
static inline const char *rest(struct table *table)
{
    struct buffer line = {0};
    query(table, true, ROWS_MAX_IN_TEST);
    for (uint32_t i = 0; i < taken.count; i++)
        buffer_append_format(&line, "%s%s", i > 0 ? " " : "", taken.text[i]);
    char *copy = arena_string_of(ARENA, buffer_bytes(&line));
    buffer_free(&line);
    return copy;
}

static inline struct table *contents(uint64_t folder_id, uint32_t tag)
{
    struct table *table;
    uint32_t count;
    assert_ok(table_open_contents(LOGON, folder_id, 0, &table, &count));
    assert_ok(table_set_columns(table, &tag, 1));
    return table;
}

static inline void sort_by(struct table *table, uint32_t tag, uint8_t order)
{
    struct table_sort_order sort = {.tag = tag, .order = order};
    assert_ok(table_sort(LOGON, table, &sort, 1, 0, 0));
}

static inline void check_position(struct table *table, uint32_t numerator, uint32_t denominator)
{
    uint32_t n = 99, d = 99;
    assert_ok(table_position(LOGON, table, &n, &d));
    assert_int_equal(n, numerator);
    assert_int_equal(d, denominator);
}

/* Messages a, b, c ... with importance 0, 1, 2, 0 ... */
static inline void fill(uint64_t folder_id, uint32_t count, uint64_t *ids)
{
    for (uint32_t i = 0; i < count; i++) {
        char name[8];
        snprintf(name, sizeof name, count <= 26 ? "%c" : "%04u", count <= 26 ? (int)('a' + i) : (int)i);
        struct message *message = new_message(folder_id, name);
        set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_IMPORTANCE, (int32_t)(i % 3)));
        uint64_t id = save(message);
        if (ids != NULL)
            ids[i] = id;
        message_close(LOGON, message);
    }
}

static inline struct restriction property_is(uint8_t operator, struct property_value value)
{
    return (struct restriction){.type = RESTRICTION_TYPE_PROPERTY, .property = {operator, value.tag, value}};
}

static inline struct restriction content(uint16_t low, uint16_t high, uint32_t tag, const char *text)
{
    return (struct restriction){.type = RESTRICTION_TYPE_CONTENT, .content = {low, high, tag, text_property(tag, text)}};
}

static inline const char *restricted(struct table *table, struct restriction restriction)
{
    assert_ok(table_restrict(LOGON, table, &restriction));
    return rest(table);
}
