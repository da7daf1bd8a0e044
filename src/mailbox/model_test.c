/* Random operations on folders, messages and tables, against a model of arrays that is simple enough to be right. Each seed
 * is one run; a failure names seed and step, and the same seed fails again. */
#include "mailbox/test_fixture.h"

#include "protocol/property.h"

#define FOLDERS 24
#define MESSAGES 2000
#define STEPS 3000

struct model_folder {
    bool used;
    uint64_t id;
    int parent; /* -1: the Inbox */
    char name[16];
};
struct model_message {
    bool used;
    uint64_t id;
    int folder;      /* -1: the Inbox */
    uint32_t number; /* its subject, unlike any other's */
    int32_t importance;
    bool read;
};
/* A table kept open over many steps. */
struct model_table {
    struct table *table;
    int folder;
    bool restricted;
    bool descending;
    int64_t last; /* number of the last row read; -1 (or 1 << 40 when descending): at the beginning */
};

static struct model {
    uint64_t random;
    uint32_t next_number, step, seed;
    struct model_folder folders[FOLDERS];
    struct model_message messages[MESSAGES];
    struct model_table tables[4];
    struct arena arena;
} model;

static uint32_t below(uint32_t bound)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return (uint32_t)((model.random >> 20) % bound);
}

#define check(condition)                                                                                                    \
    do {                                                                                                                    \
        if (!(condition))                                                                                                   \
            fail_msg("seed %u, step %u: %s", model.seed, model.step, #condition);                                           \
    } while (0)

static uint64_t id_of(int folder)
{
    return folder < 0 ? INBOX : model.folders[folder].id;
}

static int any_folder(void)
{
    int folder = (int)below(FOLDERS + 4) - 4;
    return folder >= 0 && model.folders[folder].used ? folder : -1;
}

static struct model_message *any_message(void)
{
    struct model_message *message = &model.messages[below(MESSAGES)];
    for (int tries = 0; tries < 50 && !message->used; tries++)
        message = &model.messages[below(MESSAGES)];
    return message->used ? message : NULL;
}

static struct model_message *free_message(void)
{
    for (int i = 0; i < MESSAGES; i++)
        if (!model.messages[i].used)
            return &model.messages[i];
    return NULL;
}

/* ---- Steps ---- */

static void create_message(void)
{
    struct model_message *slot = free_message();
    if (slot == NULL)
        return;
    char subject[16];
    *slot = (struct model_message){.used = true,
        .folder = any_folder(),
        .number = model.next_number++ * 7919u % 1000003u,
        .importance = (int32_t)below(3),
        .read = below(2) != 0};
    snprintf(subject, sizeof subject, "%08u", slot->number);
    struct message *message = new_message(id_of(slot->folder), subject);
    set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_IMPORTANCE, slot->importance));
    set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_MESSAGE_FLAGS, slot->read ? 9 : 8));
    slot->id = save(message);
    message_close(LOGON, message);
}

static void change_message(void)
{
    struct model_message *slot = any_message();
    if (slot == NULL)
        return;
    slot->importance = (int32_t)below(3);
    struct message *message = open_message(id_of(slot->folder), slot->id, MESSAGE_OPEN_BEST_ACCESS);
    set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_IMPORTANCE, slot->importance));
    save(message);
    message_close(LOGON, message);
}

/* Up to eight messages of one folder, and now and then one that is not in it. */
static uint32_t choose_messages(int folder, struct model_message **chosen, uint64_t *ids, bool *ret_strange)
{
    uint32_t count = 0, wanted = 1 + below(7);
    for (int i = 0; i < MESSAGES && count < wanted; i++) {
        struct model_message *message = &model.messages[(i * 37 + (int)model.step) % MESSAGES];
        if (message->used && message->folder == folder)
            chosen[count++] = message;
    }
    for (uint32_t i = 0; i < count; i++)
        ids[i] = chosen[i]->id;
    *ret_strange = below(4) == 0;
    if (*ret_strange)
        ids[count] = id_make(1, 0xABCDEF00u);
    return count;
}

static void delete_messages(void)
{
    struct model_message *chosen[8];
    uint64_t ids[9];
    bool strange, partial;
    int folder = any_folder();
    uint32_t count = choose_messages(folder, chosen, ids, &strange);
    assert_ok(folder_delete_messages(LOGON, id_of(folder), ids, count + strange, below(2) != 0, &partial));
    check(partial == strange);
    for (uint32_t i = 0; i < count; i++)
        chosen[i]->used = false;
}

static int64_t beginning(const struct model_table *table)
{
    return table->descending ? (int64_t)1 << 40 : -1;
}

/* A message that comes (back) to where a table stopped at it is a new row of the same key: the model does not say on which
 * side of the position. */
static void begin_again(const struct model_message *message)
{
    int32_t moved;
    bool less;
    for (int i = 0; i < 4; i++) {
        struct model_table *table = &model.tables[i];
        if (table->table == NULL || table->folder != message->folder || table->last != message->number)
            continue;
        assert_ok(table_seek(LOGON, table->table, TABLE_BEGINNING, 0, &moved, &less));
        table->last = beginning(table);
    }
}

static void move_messages(void)
{
    struct model_message *chosen[8];
    uint64_t ids[9], new_ids[9];
    bool strange, partial;
    int from = any_folder(), to = any_folder();
    uint32_t count = choose_messages(from, chosen, ids, &strange);
    assert_ok(folder_move_copy_messages(LOGON, id_of(from), id_of(to), ids, count + strange, false, new_ids, &partial));
    check(partial == strange);
    for (uint32_t i = 0; i < count; i++) {
        check(new_ids[i] != 0);
        chosen[i]->id = new_ids[i];
        chosen[i]->folder = to;
        begin_again(chosen[i]);
    }
}

static void set_read_flags(void)
{
    struct model_message *chosen[8];
    uint64_t ids[9];
    bool strange, partial, read = below(2) != 0;
    int folder = any_folder();
    uint32_t count = choose_messages(folder, chosen, ids, &strange);
    if (count == 0)
        return; /* none means all */
    assert_ok(folder_set_read_flags(
        LOGON, id_of(folder), read ? 0 : READ_FLAG_CLEAR_READ | READ_FLAG_SUPPRESS_RECEIPT, ids, count + strange, &partial));
    check(partial == strange);
    for (uint32_t i = 0; i < count; i++)
        chosen[i]->read = read;
}

static bool name_taken(int parent, const char *name)
{
    for (int i = 0; i < FOLDERS; i++)
        if (model.folders[i].used && model.folders[i].parent == parent && strcasecmp(model.folders[i].name, name) == 0)
            return true;
    return false;
}

static void create_folder(void)
{
    struct folder_opened folder;
    char name[16];
    int parent = any_folder(), slot = 0;
    snprintf(name, sizeof name, below(2) ? "folder %u" : "FOLDER %u", below(6));
    while (slot < FOLDERS && model.folders[slot].used)
        slot++;
    if (slot == FOLDERS)
        return;
    uint32_t error = folder_create(LOGON, id_of(parent), FOLDER_TYPE_GENERIC, utf16(name), BYTES_NONE, false, &folder);
    check(error == (name_taken(parent, name) ? EC_COLLIDING_NAMES : EC_SUCCESS));
    if (error != EC_SUCCESS)
        return;
    model.folders[slot] = (struct model_folder){.used = true, .id = folder.folder_id, .parent = parent};
    strcpy(model.folders[slot].name, name);
}

static bool is_below(int folder, int ancestor)
{
    for (; folder >= 0; folder = model.folders[folder].parent)
        if (folder == ancestor)
            return true;
    return false;
}

static bool is_empty(int folder, bool *ret_has_folders)
{
    bool messages = false;
    *ret_has_folders = false;
    for (int i = 0; i < MESSAGES; i++)
        messages = messages || (model.messages[i].used && model.messages[i].folder == folder);
    for (int i = 0; i < FOLDERS; i++)
        *ret_has_folders = *ret_has_folders || (model.folders[i].used && model.folders[i].parent == folder);
    return !messages;
}

static void forget_folder(int folder)
{
    bool gone[FOLDERS];
    for (int i = 0; i < FOLDERS; i++)
        gone[i] = model.folders[i].used && is_below(i, folder);
    for (int i = 0; i < MESSAGES; i++)
        if (model.messages[i].used && model.messages[i].folder >= 0 && gone[model.messages[i].folder])
            model.messages[i].used = false;
    for (int i = 0; i < 4; i++) {
        if (model.tables[i].table != NULL && model.tables[i].folder >= 0 && gone[model.tables[i].folder]) {
            table_close(LOGON, model.tables[i].table);
            model.tables[i].table = NULL;
        }
    }
    for (int i = 0; i < FOLDERS; i++)
        if (gone[i])
            model.folders[i].used = false;
}

static void delete_folder(void)
{
    int folder = any_folder();
    bool partial, has_folders;
    if (folder < 0 || below(3) != 0)
        return;
    uint8_t flags = (uint8_t)((below(2) ? FOLDER_DELETE_MESSAGES : 0) | (below(2) ? FOLDER_DELETE_FOLDERS : 0) |
                              (below(2) ? FOLDER_DELETE_HARD : 0));
    bool refused = (!is_empty(folder, &has_folders) && (flags & FOLDER_DELETE_MESSAGES) == 0);
    refused = refused || (has_folders && (flags & FOLDER_DELETE_FOLDERS) == 0);
    assert_ok(folder_delete(LOGON, id_of(model.folders[folder].parent), id_of(folder), flags, &partial));
    check(partial == refused);
    if (!partial)
        forget_folder(folder);
}

static void move_folder(void)
{
    int folder = any_folder(), to = any_folder();
    bool partial;
    if (folder < 0)
        return;
    struct model_folder *moved = &model.folders[folder];
    uint32_t expected = EC_SUCCESS;
    if (is_below(to, folder))
        expected = EC_FOLDER_CYCLE;
    else if (moved->parent != to && name_taken(to, moved->name))
        expected = EC_COLLIDING_NAMES;
    check(folder_move(LOGON, id_of(moved->parent), moved->id, id_of(to), BYTES_NONE, &partial) == expected);
    if (expected == EC_SUCCESS)
        moved->parent = to;
}

static void undo_something(void)
{
    struct folder_opened folder;
    assert_ok(mailbox_begin(fixture.mailbox));
    saved_message(INBOX, "undone");
    (void)folder_create(LOGON, INBOX, FOLDER_TYPE_GENERIC, utf16("undone"), BYTES_NONE, true, &folder);
    mailbox_rollback(fixture.mailbox);
}

static void open_again(void)
{
    if (below(4) != 0)
        return;
    mailbox_close(fixture.mailbox);
    fixture_open();
}

/* ---- Tables ---- */

struct numbers {
    uint32_t count;
    uint32_t room;
    int64_t values[MESSAGES];
};

static bool take(void *context, const struct property_value *values, uint32_t count)
{
    struct numbers *numbers = context;
    (void)count;
    if (numbers->count == numbers->room)
        return false;
    numbers->values[numbers->count++] = atoll(utf8(values[0].bytes));
    return true;
}

static int ascending(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}
static int descending(const void *a, const void *b)
{
    return ascending(b, a);
}

/* What the table must show behind 'last'. */
static uint32_t expected_rows(const struct model_table *table, int64_t last, int64_t *values)
{
    uint32_t count = 0;
    for (int i = 0; i < MESSAGES; i++) {
        const struct model_message *message = &model.messages[i];
        if (!message->used || message->folder != table->folder || (table->restricted && message->importance != 2))
            continue;
        if (table->descending ? (int64_t)message->number < last : (int64_t)message->number > last)
            values[count++] = message->number;
    }
    qsort(values, count, sizeof *values, table->descending ? descending : ascending);
    return count;
}

static void open_table(struct model_table *table)
{
    uint32_t count, tag = PID_TAG_SUBJECT;
    *table = (struct model_table){.folder = any_folder(), .restricted = below(2) != 0, .descending = below(2) != 0};
    table->last = beginning(table);
    struct table_sort_order order = {PID_TAG_SUBJECT, table->descending};
    struct property_value two = value_integer32(PID_TAG_IMPORTANCE, 2);
    struct restriction important = {
        .type = RESTRICTION_TYPE_PROPERTY, .property = {RELATIONAL_OPERATOR_EQUAL, two.tag, two}};
    assert_ok(table_open_contents(LOGON, id_of(table->folder), 0, &table->table, &count));
    assert_ok(table_set_columns(table->table, &tag, 1));
    assert_ok(table_sort(LOGON, table->table, &order, 1, 0, 0));
    if (table->restricted)
        assert_ok(table_restrict(LOGON, table->table, &important));
}

static void use_table(void)
{
    static struct numbers got;
    static int64_t expected[MESSAGES];
    struct model_table *table = &model.tables[below(4)];
    uint32_t taken = 0, numerator, denominator, wanted = 1 + below(80);
    uint8_t origin;
    if (table->table == NULL || below(12) == 0) {
        table_close(LOGON, table->table);
        open_table(table);
    }
    if (table->restricted ||
        below(5) == 0) { /* a list's place is before its next row: only from the beginning is it the model's */
        int32_t moved;
        bool less;
        assert_ok(table_seek(LOGON, table->table, TABLE_BEGINNING, 0, &moved, &less));
        table->last = beginning(table);
    }
    uint32_t all = expected_rows(table, beginning(table), expected);
    uint32_t count = expected_rows(table, table->last, expected);
    assert_ok(table_position(LOGON, table->table, &numerator, &denominator));
    check(denominator == all);
    check(numerator == all - count);
    got.count = 0;
    got.room = wanted;
    assert_ok(table_query_rows(&model.arena, LOGON, table->table, true, false, 4000, take, &got, &taken, &origin));
    check(taken == (count < wanted ? count : wanted));
    for (uint32_t i = 0; i < taken; i++)
        check(got.values[i] == expected[i]);
    check((origin == TABLE_END) == (taken == count));
    if (taken > 0)
        table->last = got.values[taken - 1];
}

/* ---- Everything ---- */

static void check_counts(void)
{
    for (int folder = -1; folder < FOLDERS; folder++) {
        int32_t count = 0, unread = 0;
        if (folder >= 0 && !model.folders[folder].used)
            continue;
        for (int i = 0; i < MESSAGES; i++) {
            bool here = model.messages[i].used && model.messages[i].folder == folder;
            count += here;
            unread += here && !model.messages[i].read;
        }
        check(get_integer(OBJECT_OF_FOLDER(id_of(folder)), PID_TAG_CONTENT_COUNT) == count);
        check(get_integer(OBJECT_OF_FOLDER(id_of(folder)), PID_TAG_CONTENT_UNREAD_COUNT) == unread);
    }
}

static void run(uint32_t seed)
{
    static void (*const steps[])(void) = {create_message, create_message, create_message, create_message, change_message,
        change_message, delete_messages, move_messages, set_read_flags, create_folder, delete_folder, move_folder,
        undo_something, open_again, use_table, use_table, use_table};
    memset(&model, 0, sizeof model);
    model.seed = seed;
    model.random = seed * 0x9E3779B97F4A7C15ull + 1;
    for (model.step = 0; model.step < STEPS; model.step++) {
        steps[below(sizeof steps / sizeof *steps)]();
        arena_reset(ARENA);
        arena_reset(&model.arena);
        if (model.step % 50 == 0)
            check_counts();
    }
    check_counts();
    for (int i = 0; i < 4; i++)
        table_close(LOGON, model.tables[i].table);
    arena_free(&model.arena);
}

static void seed_1(void **state)
{
    run(1);
}
static void seed_2(void **state)
{
    run(2);
}
static void seed_3(void **state)
{
    run(3);
}
static void seed_4(void **state)
{
    run(4);
}
static void seed_5(void **state)
{
    run(5);
}
static void seed_6(void **state)
{
    run(6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(seed_1),
        MAILBOX_TEST(seed_2),
        MAILBOX_TEST(seed_3),
        MAILBOX_TEST(seed_4),
        MAILBOX_TEST(seed_5),
        MAILBOX_TEST(seed_6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
