/* What the tests of the mailbox layer share: a mailbox over a SQLite store in a temporary folder, wrapped so that storage can
 * be made to fail, and short ways to say what a test is about. Include it from a test alone. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs the ones above first */
#include <cmocka.h>

#include "base/text.h"
#include "mailbox/attachment.h"
#include "mailbox/entry_id.h"
#include "mailbox/folder.h"
#include "mailbox/message.h"
#include "mailbox/model.h"
#include "mailbox/named_properties.h"
#include "mailbox/notification.h"
#include "mailbox/properties.h"
#include "mailbox/stream.h"
#include "mailbox/table.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"
#include "store/failing/failing_store.h"
#include "store/sqlite/sqlite_store.h"

struct fixture {
    char directory[64];
    struct store *store; /* the failing one */
    struct guid guid;
    struct subscriptions *subscriptions;
    struct mailbox *mailbox;
    struct logon logon;
    struct arena arena;
};
static struct fixture fixture;
#define LOGON (&fixture.logon)
#define ARENA (&fixture.arena)
#define INBOX special_folder_id(SPECIAL_FOLDER_INBOX)
#define DRAFTS special_folder_id(SPECIAL_FOLDER_DRAFTS)
#define IPM special_folder_id(SPECIAL_FOLDER_IPM_SUBTREE)

static const struct mailbox_owner fixture_owner = {
    .display_name = "Anna Müller", .address_book_dn = "/o=Org/cn=anna", .smtp_address = "anna@example.org"};

static inline void fixture_open(void)
{
    struct store_mailbox *held;
    assert_int_equal(store_mailbox_open(fixture.store, fixture.guid, &held), STORE_OK);
    assert_int_equal(mailbox_open(held, &fixture_owner, fixture.subscriptions, &fixture.mailbox), 0);
    fixture.logon.mailbox = fixture.mailbox;
}

static inline int fixture_setup(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    strcpy(fixture.directory, "/tmp/mapihttp-mailbox-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    struct store *sqlite;
    struct store_sqlite_configuration configuration = {.directory = fixture.directory, .unsafe_without_sync = true};
    assert_int_equal(store_sqlite_open(&configuration, &sqlite), STORE_OK);
    fixture.store = store_failing_wrap(sqlite);
    assert_non_null(fixture.store);
    fixture.guid = guid_random();
    fixture.subscriptions = subscriptions_new();
    struct store_mailbox_info info = {.mailbox_guid = fixture.guid,
        .replica_guid = guid_random(),
        .logon_replica_guid = guid_random(),
        .owner = BYTES_LITERAL("anna"),
        .creation_time = 1};
    struct store_mailbox *held;
    assert_int_equal(store_mailbox_create(fixture.store, &info, &held), STORE_OK);
    fixture.logon = (struct logon){
        .display_name = "Anna Müller", .address_book_dn = "/o=Org/cn=anna", .codepage = 1252, .locale_id = 0x407};
    assert_int_equal(mailbox_open(held, &fixture_owner, fixture.subscriptions, &fixture.mailbox), 0);
    fixture.logon.mailbox = fixture.mailbox;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    (void)state;
    if (fixture.mailbox != NULL) {
        store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
        struct arena arena = {0};
        const char *report = NULL;
        assert_int_equal(store_mailbox_check(mailbox_store(fixture.mailbox), &arena, &report), STORE_OK);
        assert_string_equal(report, "");
        arena_free(&arena);
        mailbox_close(fixture.mailbox);
    }
    store_close(fixture.store);
    subscriptions_free(fixture.subscriptions);
    arena_free(&fixture.arena);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", fixture.directory);
    return system(command);
}

#define assert_ok(expression) assert_int_equal((expression), 0)
#define MAILBOX_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

static inline struct bytes utf16(const char *text)
{
    return text_utf16_of_utf8(ARENA, bytes_of_string(text));
}
static inline const char *utf8(struct bytes text)
{
    return text_utf8_of_utf16(ARENA, text);
}
static inline struct property_value text_property(uint32_t tag, const char *text)
{
    return value_bytes(tag, utf16(text));
}

static inline void set_property(struct object object, struct property_value value)
{
    struct property_failures failures;
    assert_ok(properties_set(ARENA, LOGON, object, (struct property_list){1, &value}, &failures));
    assert_int_equal(failures.count, 0);
}
static inline uint32_t set_property_error(struct object object, struct property_value value)
{
    struct property_failures failures;
    assert_ok(properties_set(ARENA, LOGON, object, (struct property_list){1, &value}, &failures));
    assert_int_equal(failures.count, 1);
    assert_int_equal(failures.failures[0].tag, value.tag);
    return failures.failures[0].error;
}
static inline struct property_value get_property(struct object object, uint32_t tag)
{
    struct property_value value;
    assert_ok(properties_get(ARENA, LOGON, object, &tag, 1, 0, true, &value));
    return value;
}
/* The error instead of a value. */
static inline uint32_t get_property_error(struct object object, uint32_t tag)
{
    struct property_value value = get_property(object, tag);
    assert_int_equal(PROPERTY_TYPE(value.tag), PTYP_ERROR_CODE);
    return value.error_code;
}
static inline const char *get_text(struct object object, uint32_t tag)
{
    struct property_value value = get_property(object, tag);
    return value.tag == tag ? utf8(value.bytes) : "(none)";
}
static inline int32_t get_integer(struct object object, uint32_t tag)
{
    struct property_value value = get_property(object, tag);
    assert_int_equal(value.tag, tag);
    return value.integer32;
}

static inline struct message *new_message(uint64_t folder_id, const char *subject)
{
    struct message *message;
    assert_ok(message_create(LOGON, folder_id, false, 0, &message));
    set_property(OBJECT_OF_MESSAGE(message), text_property(PID_TAG_SUBJECT, subject));
    return message;
}
static inline uint64_t save(struct message *message)
{
    uint64_t id = 0;
    assert_ok(message_save(LOGON, message, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &id));
    return id;
}
static inline uint64_t saved_message(uint64_t folder_id, const char *subject)
{
    struct message *message = new_message(folder_id, subject);
    uint64_t id = save(message);
    message_close(LOGON, message);
    return id;
}
static inline struct message *open_message(uint64_t folder_id, uint64_t id, uint8_t mode)
{
    struct message *message;
    assert_ok(message_open(LOGON, folder_id, id, mode, 0, &message));
    return message;
}
static inline uint64_t new_folder(uint64_t parent_id, const char *name)
{
    struct folder_opened folder;
    assert_ok(folder_create(LOGON, parent_id, FOLDER_TYPE_GENERIC, utf16(name), BYTES_NONE, false, &folder));
    return folder.folder_id;
}
