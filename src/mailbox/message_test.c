/* Messages: creating, saving, conflicts, properties, recipients, status (MS-OXCMSG, MS-OXCPRPT). */
#include "mailbox/test_fixture.h"

#include "base/limits.h"
#include "mailbox/handles.h"

static struct property_value get(struct message *message, uint32_t tag)
{
    return get_property(OBJECT_OF_MESSAGE(message), tag);
}

static void a_new_message_has_its_initial_properties(void **state)
{
    struct message *message;
    assert_ok(message_create(LOGON, INBOX, false, MESSAGE_CODEPAGE_OF_LOGON, &message));
    struct object object = OBJECT_OF_MESSAGE(message);
    assert_int_equal(get_integer(object, PID_TAG_IMPORTANCE), 1);             /* MS-OXCMSG R341 */
    assert_string_equal(get_text(object, PID_TAG_MESSAGE_CLASS), "IPM.Note"); /* MS-OXCMSG R342 */
    assert_int_equal(get_integer(object, PID_TAG_SENSITIVITY), 0);            /* MS-OXCMSG R343 */
    assert_string_equal(get_text(object, PID_TAG_DISPLAY_TO), "");            /* MS-OXCMSG R346 */
    assert_int_equal(get_integer(object, PID_TAG_MESSAGE_FLAGS), 0x409);      /* MS-OXCMSG R347, MS-OXCMSG R1480 */
    assert_int_equal(get(message, PID_TAG_HAS_ATTACHMENTS).boolean, 0);       /* MS-OXCMSG R349 */
    assert_int_equal(get_integer(object, PID_TAG_TRUST_SENDER), 1);           /* MS-OXCMSG R352 */
    assert_int_equal(get_integer(object, PID_TAG_ACCESS), 3);                 /* MS-OXCMSG R353 */
    assert_int_equal(get_integer(object, PID_TAG_ACCESS_LEVEL), 1);           /* MS-OXCMSG R354 */
    assert_true(
        get(message, PID_TAG_CREATION_TIME).time == get(message, PID_TAG_LAST_MODIFICATION_TIME).time); /* MS-OXCMSG R357 */
    assert_int_equal(get(message, PID_TAG_SEARCH_KEY).bytes.size, 16);                                  /* MS-OXCMSG R358 */
    assert_int_equal(get_integer(object, PID_TAG_MESSAGE_LOCALE_ID), 0x407);                            /* MS-OXCMSG R359 */
    assert_string_equal(get_text(object, PID_TAG_CREATOR_NAME), "Anna Müller");                         /* MS-OXCMSG R360 */
    assert_string_equal(get_text(object, PID_TAG_LAST_MODIFIER_NAME), "Anna Müller");
    assert_int_equal(get(message, PID_TAG_HAS_NAMED_PROPERTIES).boolean, 0); /* MS-OXCMSG R364 */
    assert_int_equal(get_property_error(object, PID_TAG_MID), EC_NOT_FOUND);
    assert_int_equal(get_property_error(object, PID_TAG_ENTRY_ID), EC_NOT_FOUND);
    message_close(LOGON, message);
}

static void nothing_is_stored_before_the_save(void **state)
{
    struct message *message = new_message(INBOX, "Unsaved");
    assert_int_equal(get_integer(OBJECT_OF_FOLDER(INBOX), PID_TAG_CONTENT_COUNT), 0); /* MS-OXCMSG R339 */
    uint64_t id = save(message);
    assert_true(id != 0);
    assert_int_equal(get_integer(OBJECT_OF_FOLDER(INBOX), PID_TAG_CONTENT_COUNT), 1);
    assert_int_equal(get_integer(OBJECT_OF_FOLDER(INBOX), PID_TAG_CONTENT_UNREAD_COUNT), 0);
    assert_true((uint64_t)get(message, PID_TAG_MID).integer64 == id_to_wire(id));
    assert_int_equal(get(message, PID_TAG_ENTRY_ID).bytes.size, MESSAGE_ENTRY_ID_SIZE);
    assert_int_equal(get(message, PID_TAG_SOURCE_KEY).bytes.size, SOURCE_KEY_SIZE);
    assert_int_equal(get(message, PID_TAG_PREDECESSOR_CHANGE_LIST).bytes.size, SOURCE_KEY_SIZE + 1);
    message_close(LOGON, message);
    message = open_message(INBOX, id, MESSAGE_OPEN_READ_ONLY);
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_SUBJECT), "Unsaved");
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(message), PID_TAG_ACCESS_LEVEL), 0);
    message_close(LOGON, message);
}

static void open_errors(void **state)
{
    struct message *message = NULL;
    uint64_t id = saved_message(INBOX, "x");
    assert_int_equal(message_open(LOGON, INBOX, id + 1000, 0, 0, &message), EC_NOT_FOUND); /* MS-OXCMSG R333 */
    assert_int_equal(message_open(LOGON, DRAFTS, id, 0, 0, &message), EC_NOT_FOUND);       /* MS-OXCMSG R1477 */
    assert_int_equal(message_open(LOGON, INBOX, id, 0, 54321, &message), EC_UNKNOWN_CODE_PAGE);
    assert_ok(message_open(LOGON, 0, id, 0, 0, &message));
    message_close(LOGON, message);
    bool partial;
    assert_ok(folder_delete_messages(LOGON, INBOX, &id, 1, false, &partial));
    assert_int_equal(message_open(LOGON, INBOX, id, 0, 0, &message), EC_NOT_FOUND);    /* MS-OXCMSG R335 */
    assert_ok(message_open(LOGON, INBOX, id, MESSAGE_OPEN_SOFT_DELETED, 0, &message)); /* MS-OXCMSG R325 */
    message_close(LOGON, message);
    assert_int_equal(message_create(LOGON, id_make(1, 0x7777777), false, 0, &message), EC_NOT_FOUND);
}

static void a_read_only_handle_changes_nothing(void **state)
{
    uint64_t id = saved_message(INBOX, "x"), saved = 0;
    struct message *message = open_message(INBOX, id, MESSAGE_OPEN_READ_ONLY);
    struct property_value value = value_integer32(PID_TAG_IMPORTANCE, 2);
    struct property_failures failures;
    assert_int_equal(properties_set(ARENA, LOGON, OBJECT_OF_MESSAGE(message), (struct property_list){1, &value}, &failures),
        EC_ACCESS_DENIED);
    assert_int_equal(
        message_save(LOGON, message, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &saved), EC_GENERAL_FAILURE); /* MS-OXCMSG R1699 */
    message_close(LOGON, message);
    message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    set_property(OBJECT_OF_MESSAGE(message), value);
    assert_ok(message_save(LOGON, message, MESSAGE_SAVE_KEEP_OPEN_READ_ONLY, &saved)); /* MS-OXCMSG R1671 */
    assert_int_equal(message_save(LOGON, message, MESSAGE_SAVE_KEEP_OPEN_READ_ONLY, &saved), EC_GENERAL_FAILURE);
    message_close(LOGON, message);
}

static void two_handles_are_two_transactions(void **state)
{
    uint64_t id = saved_message(INBOX, "x"), saved = 0;
    struct message *one = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE),
                   *two = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    set_property(OBJECT_OF_MESSAGE(one), value_integer32(PID_TAG_IMPORTANCE, 2));
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(one), PID_TAG_IMPORTANCE), 2); /* MS-OXCPRPT R476 */
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(two), PID_TAG_IMPORTANCE), 1); /* MS-OXCMSG R704 */
    set_property(OBJECT_OF_MESSAGE(two), value_integer32(PID_TAG_IMPORTANCE, 0));
    save(one);
    assert_int_equal(
        message_save(LOGON, two, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &saved), EC_OBJECT_CHANGED); /* MS-OXCMSG R705 */
    assert_ok(message_save(LOGON, two, MESSAGE_SAVE_FORCE, &saved));                             /* MS-OXCMSG R724 */
    assert_true(saved == id);
    set_property(OBJECT_OF_MESSAGE(two), value_integer32(PID_TAG_SENSITIVITY, 1)); /* MS-OXCMSG R723: still writable */
    save(two);
    message_close(LOGON, one);
    message_close(LOGON, two);
    one = open_message(INBOX, id, 0);
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(one), PID_TAG_IMPORTANCE), 0);
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(one), PID_TAG_SENSITIVITY), 1);
    message_close(LOGON, one);
}

static void a_message_deleted_meanwhile(void **state)
{
    uint64_t id = saved_message(INBOX, "x"), saved = 0;
    struct message *message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    bool partial;
    set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_IMPORTANCE, 2));
    assert_ok(folder_delete_messages(LOGON, INBOX, &id, 1, true, &partial));
    assert_int_equal(message_save(LOGON, message, MESSAGE_SAVE_FORCE, &saved), EC_OBJECT_DELETED);
    struct property_value value;
    uint32_t tag = PID_TAG_IMPORTANCE;
    assert_int_equal(properties_get(ARENA, LOGON, OBJECT_OF_MESSAGE(message), &tag, 1, 0, true, &value), EC_OBJECT_DELETED);
    message_close(LOGON, message);
}

static void deleted_and_read_only_properties(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct object object = OBJECT_OF_MESSAGE(message);
    uint32_t tags[] = {PID_TAG_IMPORTANCE, PID_TAG_MESSAGE_SIZE};
    struct property_failures failures;
    save(message);
    assert_ok(properties_delete(ARENA, LOGON, object, tags, 2, &failures));
    assert_int_equal(failures.count, 1);
    assert_int_equal(failures.failures[0].index, 1);
    assert_int_equal(failures.failures[0].error, EC_COMPUTED_VALUE);
    assert_int_equal(get_property_error(object, PID_TAG_IMPORTANCE), EC_NOT_FOUND); /* MS-OXCPRPT R485, MS-OXCPRPT R874 */
    uint64_t id = save(message);
    assert_int_equal(get_property_error(object, PID_TAG_IMPORTANCE), EC_NOT_FOUND);
    assert_int_equal(
        set_property_error(object, value_boolean(PID_TAG_HAS_ATTACHMENTS, true)), EC_COMPUTED_VALUE); /* MS-OXCMSG R15 */
    uint64_t created = get(message, PID_TAG_CREATION_TIME).time;
    set_property(object, value_time(PID_TAG_CREATION_TIME, 5)); /* MS-OXCPRPT R47510: disregarded */
    assert_true(get(message, PID_TAG_CREATION_TIME).time == created);
    set_property(object, value_integer32(PID_TAG_MESSAGE_FLAGS, 0)); /* MS-OXCMSG R31: read-only after the first save */
    save(message);
    assert_int_equal(get_integer(object, PID_TAG_MESSAGE_FLAGS), 0x409);
    message_close(LOGON, message);
    (void)id;
}

static void read_state_set_before_the_first_save(void **state)
{
    struct message *message = new_message(INBOX, "x");
    set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_MESSAGE_FLAGS, 0x18));
    uint64_t id = save(message);
    message_close(LOGON, message);
    assert_int_equal(get_integer(OBJECT_OF_FOLDER(INBOX), PID_TAG_CONTENT_UNREAD_COUNT), 1);
    message = open_message(INBOX, id, 0);
    assert_int_equal(
        get_integer(OBJECT_OF_MESSAGE(message), PID_TAG_MESSAGE_FLAGS), 0x8); /* MS-OXCMSG R516: hasAttach is the server's */
    message_close(LOGON, message);
}

static void string_types_follow_the_request(void **state)
{
    struct message *message = new_message(INBOX, "Grüße");
    struct object object = OBJECT_OF_MESSAGE(message);
    struct property_value value = get_property(object, PROPERTY_TAG(0x37, PTYP_STRING8)); /* MS-OXCPRPT R460 */
    assert_int_equal(value.tag, PROPERTY_TAG(0x37, PTYP_STRING8));
    assert_int_equal(value.bytes.size, 5); /* code page 1252 of the logon: MS-OXCPRPT R462 */
    assert_memory_equal(value.bytes.data,
        "Gr\xFC\xDF"
        "e",
        5);
    uint32_t any = PROPERTY_TAG(0x37, PTYP_UNSPECIFIED);
    assert_ok(properties_get(ARENA, LOGON, object, &any, 1, 0, true, &value));
    assert_int_equal(value.tag, PID_TAG_SUBJECT); /* MS-OXCPRPT R458 */
    assert_ok(properties_get(ARENA, LOGON, object, &any, 1, 0, false, &value));
    assert_int_equal(value.tag, PROPERTY_TAG(0x37, PTYP_STRING8)); /* MS-OXCPRPT R459 */
    set_property(object, value_bytes(PROPERTY_TAG(0x37, PTYP_STRING8), BYTES_LITERAL("\xC4")));
    assert_string_equal(get_text(object, PID_TAG_SUBJECT), "Ä");
    assert_int_equal(get_property_error(object, PROPERTY_TAG(0x37, PTYP_INTEGER32)), EC_NOT_FOUND);
    message_close(LOGON, message);
    assert_ok(message_create(LOGON, INBOX, false, 65001, &message));
    set_property(OBJECT_OF_MESSAGE(message), text_property(PID_TAG_SUBJECT, "ü"));
    value = get_property(OBJECT_OF_MESSAGE(message), PROPERTY_TAG(0x37, PTYP_STRING8)); /* MS-OXCPRPT R461 */
    assert_int_equal(value.bytes.size, 2);
    message_close(LOGON, message);
}

static void subject_and_its_parts(void **state)
{
    static const struct {
        const char *subject, *prefix, *rest;
    } cases[] = {{"Re: Hello", "Re: ", "Hello"}, {"FW: Re: x", "FW: ", "Re: x"}, {"Hello: x", "", "Hello: x"}, {"", "", ""},
        {"Re:", "Re:", ""}, {"12: x", "", "12: x"}, {"AW:   x", "AW:   ", "x"}, {"a:b", "", "a:b"}};
    struct message *message;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        message = new_message(INBOX, cases[i].subject);
        assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_SUBJECT_PREFIX), cases[i].prefix);
        assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_NORMALIZED_SUBJECT), cases[i].rest);
        message_close(LOGON, message);
    }
    message = new_message(INBOX, "Re: Hello");
    struct object object = OBJECT_OF_MESSAGE(message);
    uint64_t id = save(message);
    assert_string_equal(get_text(object, PID_TAG_CONVERSATION_TOPIC), "Hello");
    message_close(LOGON, message);
    message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    object = OBJECT_OF_MESSAGE(message);
    set_property(object, text_property(PID_TAG_NORMALIZED_SUBJECT, "World")); /* the stored prefix stays */
    assert_string_equal(get_text(object, PID_TAG_SUBJECT), "Re: World");
    set_property(object, text_property(PID_TAG_SUBJECT_PREFIX, "Antwort: "));
    assert_string_equal(get_text(object, PID_TAG_SUBJECT), "Antwort: World");
    set_property(object, text_property(PID_TAG_SUBJECT, "Antwort: Again")); /* a known prefix may be longer */
    assert_string_equal(get_text(object, PID_TAG_NORMALIZED_SUBJECT), "Again");
    struct message_summary summary;
    assert_ok(message_summary(ARENA, LOGON, message, &summary));
    assert_string_equal(utf8(summary.subject_prefix), "Antwort: ");
    assert_string_equal(utf8(summary.normalized_subject), "Again");
    message_close(LOGON, message);
}

static void large_values_want_a_stream(void **state)
{
    static uint8_t big[100000];
    memset(big, 'x', sizeof big);
    struct message *message = new_message(INBOX, "x");
    struct object object = OBJECT_OF_MESSAGE(message);
    set_property(object, value_bytes(PID_TAG_BODY, bytes_of(big, sizeof big)));
    assert_int_equal(get_property_error(object, PID_TAG_BODY), EC_OUT_OF_MEMORY);
    uint64_t id = save(message);
    assert_int_equal(get_property_error(object, PID_TAG_BODY), EC_OUT_OF_MEMORY);
    struct property_value value;
    uint32_t tag = PID_TAG_BODY;
    assert_ok(properties_get(ARENA, LOGON, object, &tag, 1, 200000, true, &value));
    assert_int_equal(value.bytes.size, sizeof big);
    struct property_list all; /* MS-OXCPRPT R471: also in the whole list */
    assert_ok(properties_get_all(ARENA, LOGON, object, 0, true, &all));
    uint32_t errors = 0;
    for (uint32_t i = 0; i < all.count; i++)
        if (PROPERTY_ID(all.values[i].tag) == PROPERTY_ID(PID_TAG_BODY))
            errors += all.values[i].error_code == EC_OUT_OF_MEMORY;
    assert_int_equal(errors, 1);
    assert_true(get_integer(object, PID_TAG_MESSAGE_SIZE) > 100000);
    message_close(LOGON, message);
    (void)id;
}

static struct recipient recipient(uint32_t row_id, uint8_t type, const char *name)
{
    struct property_value *values = arena_array(ARENA, struct property_value, 2);
    values[0] = text_property(PID_TAG_DISPLAY_NAME, name);
    values[1] = value_bytes(PROPERTY_TAG(0x39FE, PTYP_STRING8), BYTES_LITERAL("a@example.org"));
    return (struct recipient){.row_id = row_id, .type = type, .properties = {2, values}};
}

static void recipients_replace_and_go(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct recipient rows[] = {
        recipient(7, 1, "Sieben"), recipient(2, 1, "Zwei"), recipient(3, 2, "Drei"), recipient(4, 3, "Vier")};
    assert_ok(message_modify_recipients(LOGON, message, rows, NULL, 4)); /* MS-OXCMSG R389 */
    struct recipient *got;
    uint32_t count;
    assert_ok(message_recipients(ARENA, LOGON, message, &got, &count));
    assert_int_equal(count, 4);
    assert_int_equal(got[0].row_id, 2); /* MS-OXCMSG R328: by row id */
    assert_int_equal(got[3].row_id, 7);
    assert_int_equal(got[0].properties.values[1].tag, PROPERTY_TAG(0x39FE, PTYP_STRING));
    uint64_t id = save(message);
    struct object object = OBJECT_OF_MESSAGE(message);
    assert_string_equal(get_text(object, PID_TAG_DISPLAY_TO), "Zwei; Sieben");
    assert_string_equal(get_text(object, PID_TAG_DISPLAY_CC), "Drei");
    assert_string_equal(get_text(object, PID_TAG_DISPLAY_BCC), "Vier");
    struct recipient changes[] = {recipient(2, 1, "Neu"), {.row_id = 7}};
    bool removed[] = {false, true};
    assert_ok(message_modify_recipients(LOGON, message, changes, removed, 2)); /* MS-OXCMSG R390, MS-OXCMSG R391 */
    struct message *other = open_message(INBOX, id, 0);
    assert_ok(message_recipients(ARENA, LOGON, other, &got, &count));
    assert_int_equal(count, 4); /* MS-OXCMSG R395 */
    message_close(LOGON, other);
    save(message);
    message_close(LOGON, message);
    message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    assert_ok(message_recipients(ARENA, LOGON, message, &got, &count));
    assert_int_equal(count, 3);
    assert_string_equal(utf8(got[0].properties.values[0].bytes), "Neu");
    assert_int_equal(got[2].type, 3);
    uint32_t *columns;
    assert_ok(message_recipient_columns(ARENA, LOGON, message, &columns, &count));
    assert_int_equal(count, 1);
    assert_int_equal(columns[0], PROPERTY_TAG(0x39FE, PTYP_STRING));
    assert_ok(message_remove_all_recipients(LOGON, message));
    assert_ok(message_remove_all_recipients(LOGON, message)); /* MS-OXCMSG R1491 */
    save(message);
    assert_ok(message_recipients(ARENA, LOGON, message, &got, &count));
    assert_int_equal(count, 0);
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_DISPLAY_TO), "");
    message_close(LOGON, message);
}

static void message_status(void **state)
{
    uint64_t id = saved_message(INBOX, "x");
    uint32_t status = 99;
    struct message *message = open_message(INBOX, id, 0);
    struct property_value change = get(message, PID_TAG_CHANGE_KEY);
    assert_ok(folder_set_message_status(LOGON, INBOX, id, 0x3000, 0x1000, &status)); /* MS-OXCMSG R416: only masked bits */
    assert_int_equal(status, 0);
    assert_ok(folder_message_status(LOGON, INBOX, id, &status));
    assert_int_equal(status, 0x1000);
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(message), PID_TAG_MESSAGE_STATUS), 0x1000);
    assert_true(bytes_equal(change.bytes, get(message, PID_TAG_CHANGE_KEY).bytes)); /* MS-OXCMSG R1501 */
    assert_ok(folder_set_message_status(LOGON, INBOX, id, 0, 0x1000, &status));     /* MS-OXCMSG R1500 */
    assert_ok(folder_message_status(LOGON, INBOX, id, &status));
    assert_int_equal(status, 0);
    assert_int_equal(folder_message_status(LOGON, DRAFTS, id, &status), EC_NOT_FOUND);
    message_close(LOGON, message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(a_new_message_has_its_initial_properties),
        MAILBOX_TEST(nothing_is_stored_before_the_save),
        MAILBOX_TEST(open_errors),
        MAILBOX_TEST(a_read_only_handle_changes_nothing),
        MAILBOX_TEST(two_handles_are_two_transactions),
        MAILBOX_TEST(a_message_deleted_meanwhile),
        MAILBOX_TEST(deleted_and_read_only_properties),
        MAILBOX_TEST(read_state_set_before_the_first_save),
        MAILBOX_TEST(string_types_follow_the_request),
        MAILBOX_TEST(subject_and_its_parts),
        MAILBOX_TEST(large_values_want_a_stream),
        MAILBOX_TEST(recipients_replace_and_go),
        MAILBOX_TEST(message_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
