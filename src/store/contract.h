/* What the contract tests share: each test runs on every backend, in a fresh mailbox of a fresh directory. Included by the
 * *_contract_test.c files only. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "store/failing/failing_store.h"
#include "store/packed_properties.h"
#include "store/sqlite/sqlite_store.h"

#define TAG_SUBJECT PROPERTY_TAG(0x0037, PTYP_STRING)
#define TAG_DISPLAY_NAME PROPERTY_TAG(0x3001, PTYP_STRING)
#define TAG_DELIVERY_TIME PROPERTY_TAG(0x0E06, PTYP_TIME)
#define TAG_IMPORTANCE PROPERTY_TAG(0x0017, PTYP_INTEGER32)
#define TAG_BODY PROPERTY_TAG(0x1000, PTYP_STRING)
#define TAG_ATTACH_DATA PROPERTY_TAG(0x3701, PTYP_BINARY)
#define TAG_READ PROPERTY_TAG(0x0E69, PTYP_BOOLEAN)
#define TAG_MESSAGE_SIZE PROPERTY_TAG(0x0E08, PTYP_INTEGER32)
#define ID(counter) (1ull << 48 | (counter))

struct fixture {
    struct store *store;
    struct store *failing; /* the same store when it is a failing one */
    struct store_mailbox *mailbox;
    struct arena arena;
    struct guid guid;
    char directory[64];
    uint64_t next;
};

static struct fixture fixture;

static inline struct store *contract_open(const char *directory)
{
    struct store *store = NULL;
    struct store_sqlite_configuration configuration = {.directory = directory, .unsafe_without_sync = true};
    assert_int_equal(store_sqlite_open(&configuration, &store), STORE_OK);
    return store;
}

static inline int contract_setup(bool wrap)
{
    fixture = (struct fixture){.guid = guid_random(), .next = 0x1000};
    snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/mapihttp-store-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    fixture.store = contract_open(fixture.directory);
    if (wrap)
        fixture.store = fixture.failing = store_failing_wrap(fixture.store);
    struct store_mailbox_info info = {fixture.guid, guid_random(), guid_random(), BYTES_LITERAL("anna"), 77};
    assert_int_equal(store_mailbox_create(fixture.store, &info, &fixture.mailbox), STORE_OK);
    return 0;
}

static inline int contract_setup_sqlite(void **state) { return contract_setup(false); }
static inline int contract_setup_failing(void **state) { return contract_setup(true); }

/* Every test leaves a sound mailbox behind. */
static inline int contract_teardown(void **state)
{
    char command[128];
    const char *report = NULL;
    if (fixture.mailbox) {
        store_rollback(fixture.mailbox);
        enum store_status status = store_mailbox_check(fixture.mailbox, &fixture.arena, &report);
        store_mailbox_release(fixture.mailbox);
        if (status != STORE_OK || strcmp(report, "")) {
            fprintf(stderr, "the mailbox is not sound: %s\n%s\n", store_status_name(status), report ? report : "");
            return 1;
        }
    }
    store_close(fixture.store);
    arena_free(&fixture.arena);
    snprintf(command, sizeof(command), "rm -rf %s", fixture.directory);
    return system(command);
}

#define CONTRACT_TEST(test)                                                                       \
    {#test " (sqlite)", test, contract_setup_sqlite, contract_teardown, NULL},                    \
    {                                                                                             \
        #test " (failing, nothing fails)", test, contract_setup_failing, contract_teardown, NULL  \
    }

#define assert_ok(call) assert_int_equal((call), STORE_OK)

/* The mailbox closed to the last and opened again: nothing may live in memory only. */
static inline void contract_reopen(void)
{
    store_mailbox_release(fixture.mailbox);
    fixture.mailbox = NULL;
    if (!fixture.failing)
        (void)store_sqlite_rest(fixture.store);
    assert_ok(store_mailbox_open(fixture.store, fixture.guid, &fixture.mailbox));
}

static inline struct bytes utf16(const char *text) { return text_utf16_of_utf8(&fixture.arena, bytes_of_string(text)); }

static inline struct property_value string_value(uint32_t tag, const char *text)
{
    return (struct property_value){.tag = tag, .bytes = utf16(text)};
}

static inline struct bytes filled(size_t size, uint8_t seed)
{
    uint8_t *data = arena_allocate(&fixture.arena, size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(seed + i * 7 + i / 251);
    return (struct bytes){data, size};
}

static inline void assert_bytes(struct bytes a, struct bytes b)
{
    assert_int_equal(a.size, b.size);
    if (a.size)
        assert_memory_equal(a.data, b.data, a.size);
}

/* A folder of that name under 'parent' (0: the root), with the next id. */
static inline uint64_t make_folder(uint64_t parent, const char *name)
{
    struct property_value values[] = {string_value(TAG_DISPLAY_NAME, name)};
    struct store_folder_write write = {.folder_id = ID(fixture.next), .parent_id = parent,
        .type = parent ? STORE_FOLDER_GENERIC : STORE_FOLDER_ROOT, .change_number = ID(fixture.next), .time = fixture.next,
        .content.properties = {1, values}};
    fixture.next++;
    assert_ok(store_folder_create(fixture.mailbox, &write));
    return write.folder_id;
}

static inline struct store_folder get_folder(uint64_t folder_id)
{
    struct store_folder folder;
    assert_ok(store_folder_get(fixture.mailbox, &fixture.arena, &folder_id, 1, &folder));
    return folder;
}

static inline struct store_message get_message(uint64_t message_id)
{
    struct store_message message;
    assert_ok(store_message_get(fixture.mailbox, &fixture.arena, &message_id, 1, &message));
    return message;
}

/* A write of a message with a subject and a delivery time; the values stand in the arena. */
static inline struct store_message_write message_write(uint64_t folder_id, const char *subject, uint64_t time)
{
    struct property_value *values = arena_array(&fixture.arena, struct property_value, 8);
    values[0] = string_value(TAG_SUBJECT, subject);
    values[1] = (struct property_value){.tag = TAG_DELIVERY_TIME, .time = time};
    struct store_message_write write = {.message_id = ID(fixture.next), .folder_id = folder_id,
        .change_number = ID(fixture.next), .commit_time = fixture.next, .content.properties = {2, values}};
    fixture.next++;
    return write;
}

static inline uint64_t make_message(uint64_t folder_id, const char *subject, uint64_t time)
{
    struct store_message_write write = message_write(folder_id, subject, time);
    assert_ok(store_message_create(fixture.mailbox, &write));
    return write.message_id;
}

static inline struct bytes get_property(struct bytes packed, uint32_t tag)
{
    struct property_value value;
    assert_ok(store_property_get(fixture.mailbox, &fixture.arena, packed, PROPERTY_ID(tag), SIZE_MAX, &value));
    assert_int_equal(value.tag, tag);
    return value.bytes;
}
