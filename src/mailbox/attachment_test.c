/* Attachments and embedded messages, and copies between messages (MS-OXCMSG 3.2.5.12..17, MS-OXCPRPT 3.2.5.7, .8). */
#include "mailbox/test_fixture.h"

#include "base/limits.h"
#include "mailbox/handles.h"

static struct recipient recipient(uint32_t row_id, uint8_t type, const char *name)
{
    struct property_value *values = arena_array(ARENA, struct property_value, 1);
    values[0] = text_property(PID_TAG_DISPLAY_NAME, name);
    return (struct recipient){.row_id = row_id, .type = type, .properties = {1, values}};
}

static struct property_value get(struct message *message, uint32_t tag)
{
    return get_property(OBJECT_OF_MESSAGE(message), tag);
}

static struct attachment *new_attachment(struct message *message, const char *name, uint32_t *ret_number)
{
    struct attachment *attachment;
    assert_ok(attachment_create(LOGON, message, &attachment, ret_number));
    set_property(OBJECT_OF_ATTACHMENT(attachment), text_property(PID_TAG_ATTACH_LONG_FILENAME, name));
    return attachment;
}

static void attachments_come_with_two_saves(void **state)
{
    struct message *message = new_message(INBOX, "x");
    uint32_t number = 9, count, *numbers;
    struct attachment *attachment = new_attachment(message, "a.txt", &number);
    struct object object = OBJECT_OF_ATTACHMENT(attachment);
    assert_int_equal(number, 0);
    assert_int_equal(get_integer(object, PID_TAG_ATTACH_NUMBER), 0);
    assert_int_equal(get_integer(object, PID_TAG_RENDERING_POSITION), -1); /* MS-OXCMSG R451 */
    assert_int_equal(get_integer(object, PID_TAG_ACCESS_LEVEL), 1);        /* MS-OXCMSG R450 */
    assert_ok(message_attachment_numbers(ARENA, LOGON, message, &numbers, &count));
    assert_int_equal(count, 0);
    struct attachment *second = new_attachment(message, "b.txt", &number);
    assert_int_equal(number, 1);
    assert_ok(attachment_save(LOGON, attachment, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    assert_ok(attachment_save(LOGON, second, 0));
    attachment_close(LOGON, second);
    assert_int_equal(get(message, PID_TAG_HAS_ATTACHMENTS).boolean, 1);
    uint64_t id = save(message);
    struct message *other = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    assert_int_equal(get(other, PID_TAG_HAS_ATTACHMENTS).boolean, 1);
    set_property(object, text_property(PID_TAG_ATTACH_LONG_FILENAME, "c.txt"));
    assert_ok(attachment_save(LOGON, attachment, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    struct attachment *seen;
    assert_ok(attachment_open(LOGON, other, 0, 0, &seen));
    assert_string_equal(get_text(OBJECT_OF_ATTACHMENT(seen), PID_TAG_ATTACH_LONG_FILENAME), "a.txt"); /* MS-OXCMSG R1062 */
    save(message); /* a handle kept over the save goes on */
    assert_string_equal(get_text(OBJECT_OF_ATTACHMENT(seen), PID_TAG_ATTACH_LONG_FILENAME), "c.txt");
    attachment_close(LOGON, seen);
    message_close(LOGON, other);
    message_close(LOGON, message); /* before its attachment: any order */
    attachment_close(LOGON, attachment);
    message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    assert_int_equal(attachment_open(LOGON, message, 5, 0, &seen), EC_NOT_FOUND); /* MS-OXCMSG R440 */
    assert_int_equal(attachment_delete(LOGON, message, 5), EC_NOT_FOUND);
    assert_ok(attachment_delete(LOGON, message, 0));
    assert_int_equal(attachment_open(LOGON, message, 0, 0, &seen), EC_NOT_FOUND);
    assert_ok(attachment_delete(LOGON, message, 1));
    assert_int_equal(get(message, PID_TAG_HAS_ATTACHMENTS).boolean, 0); /* MS-OXCMSG R469 */
    other = open_message(INBOX, id, 0);
    assert_ok(message_attachment_numbers(ARENA, LOGON, other, &numbers, &count));
    assert_int_equal(count, 2); /* MS-OXCMSG R1523 */
    save(message);
    assert_ok(message_attachment_numbers(ARENA, LOGON, other, &numbers, &count));
    assert_int_equal(count, 0);
    assert_int_equal(attachment_create(LOGON, other, &seen, &number), EC_ACCESS_DENIED);
    message_close(LOGON, other);
    message_close(LOGON, message);
}

static void attachment_save_flags(void **state)
{
    struct message *message = new_message(INBOX, "x");
    uint32_t number;
    struct attachment *attachment = new_attachment(message, "a", &number);
    assert_int_equal(attachment_save(LOGON, attachment, 3), EC_NOT_SUPPORTED); /* MS-OXCMSG R466 */
    assert_ok(attachment_save(LOGON, attachment, MESSAGE_SAVE_KEEP_OPEN_READ_ONLY));
    assert_int_equal(attachment_save(LOGON, attachment, MESSAGE_SAVE_KEEP_OPEN_READ_ONLY), EC_ACCESS_DENIED);
    attachment_close(LOGON, attachment);
    message_close(LOGON, message);
}

/* A message in a message in ... : 'depth' of them, the innermost named by its depth. */
static uint64_t nested_message(uint32_t depth)
{
    struct message *messages[EMBEDDED_DEPTH_MAX] = {new_message(INBOX, "0")};
    struct attachment *attachments[EMBEDDED_DEPTH_MAX] = {NULL};
    for (uint32_t i = 1; i <= depth; i++) {
        uint32_t number;
        bool created = false;
        char name[8];
        snprintf(name, sizeof name, "%u", i);
        attachments[i] = new_attachment(messages[i - 1], "msg", &number);
        set_property(OBJECT_OF_ATTACHMENT(attachments[i]), value_integer32(PID_TAG_ATTACH_METHOD, 5));
        assert_ok(attachment_open_embedded(LOGON, attachments[i], EMBEDDED_OPEN_CREATE, 0, &messages[i], &created));
        assert_true(created);
        set_property(OBJECT_OF_MESSAGE(messages[i]), text_property(PID_TAG_SUBJECT, name));
        struct recipient to = recipient(0, 1, name);
        assert_ok(message_modify_recipients(LOGON, messages[i], &to, NULL, 1));
    }
    uint64_t id = 0;
    for (uint32_t i = depth; i > 0; i--) {
        assert_ok(message_save(LOGON, messages[i], 0, &id));
        assert_ok(attachment_save(LOGON, attachments[i], 0));
        message_close(LOGON, messages[i]);
        attachment_close(LOGON, attachments[i]);
    }
    id = save(messages[0]);
    message_close(LOGON, messages[0]);
    return id;
}

/* Opens the innermost message; the handles on the way are kept by it. */
static struct message *open_nested(uint64_t id, uint32_t depth, uint8_t mode)
{
    struct message *message = open_message(INBOX, id, mode);
    for (uint32_t i = 0; i < depth; i++) {
        struct attachment *attachment;
        struct message *inner;
        bool created = true;
        assert_ok(attachment_open(LOGON, message, 0, mode, &attachment));
        assert_ok(attachment_open_embedded(LOGON, attachment, mode, 0, &inner, &created));
        assert_false(created);
        attachment_close(LOGON, attachment);
        message_close(LOGON, message);
        message = inner;
    }
    return message;
}

static void embedded_messages_of_any_depth(void **state)
{
    uint64_t id = nested_message(4);
    for (uint32_t depth = 0; depth <= 4; depth++) {
        char name[8];
        snprintf(name, sizeof name, "%u", depth);
        struct message *message = open_nested(id, depth, MESSAGE_OPEN_READ_ONLY);
        assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_SUBJECT), name);
        if (depth > 0) {
            assert_true(message_is_embedded(message));
            assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_DISPLAY_TO), name);
            struct recipient *got;
            uint32_t count;
            assert_ok(message_recipients(ARENA, LOGON, message, &got, &count));
            assert_int_equal(count, 1);
        }
        message_close(LOGON, message);
    }
}

static void a_change_deep_inside_is_saved_from_inside_out(void **state)
{
    uint64_t id = nested_message(2), saved = 0;
    struct message *outer = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE), *middle, *inner;
    struct attachment *first, *second;
    bool created;
    assert_ok(attachment_open(LOGON, outer, 0, MESSAGE_OPEN_READ_WRITE, &first));
    assert_ok(attachment_open_embedded(LOGON, first, EMBEDDED_OPEN_READ_WRITE, 0, &middle, &created));
    assert_ok(attachment_open(LOGON, middle, 0, MESSAGE_OPEN_READ_WRITE, &second));
    assert_ok(attachment_open_embedded(LOGON, second, EMBEDDED_OPEN_READ_WRITE, 0, &inner, &created));
    set_property(OBJECT_OF_MESSAGE(inner), text_property(PID_TAG_SUBJECT, "changed"));
    assert_ok(message_save(LOGON, inner, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &saved));
    assert_ok(attachment_save(LOGON, second, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    struct message *seen = open_nested(id, 2, 0);
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(seen), PID_TAG_SUBJECT), "2"); /* MS-OXCMSG R481 */
    message_close(LOGON, seen);
    assert_ok(message_save(LOGON, middle, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &saved));
    assert_ok(attachment_save(LOGON, first, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    save(outer);
    seen = open_nested(id, 2, 0);
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(seen), PID_TAG_SUBJECT), "changed");
    message_close(LOGON, seen);
    /* And once more through the same handles. */
    set_property(OBJECT_OF_MESSAGE(inner), text_property(PID_TAG_SUBJECT, "again"));
    assert_ok(message_save(LOGON, inner, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &saved));
    assert_ok(attachment_save(LOGON, second, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    assert_ok(message_save(LOGON, middle, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &saved));
    assert_ok(attachment_save(LOGON, first, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    save(outer);
    seen = open_nested(id, 2, 0);
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(seen), PID_TAG_SUBJECT), "again");
    message_close(LOGON, seen);
    message_close(LOGON, outer);
    attachment_close(LOGON, first);
    message_close(LOGON, middle);
    attachment_close(LOGON, second);
    message_close(LOGON, inner);
}

static void too_deep_is_too_complex(void **state)
{
    struct message *message = new_message(INBOX, "0");
    uint32_t error = EC_SUCCESS, depth = 0;
    for (; error == EC_SUCCESS && depth < 100; depth++) {
        struct attachment *attachment;
        struct message *inner = NULL;
        uint32_t number;
        bool created;
        assert_ok(attachment_create(LOGON, message, &attachment, &number));
        error = attachment_open_embedded(LOGON, attachment, EMBEDDED_OPEN_CREATE, 0, &inner, &created);
        attachment_close(LOGON, attachment);
        if (error == EC_SUCCESS) {
            message_close(LOGON, message);
            message = inner;
        }
    }
    assert_int_equal(error, EC_TOO_COMPLEX);
    assert_int_equal(depth, EMBEDDED_DEPTH_MAX);
    message_close(LOGON, message);
}

static void copy_to_brings_everything(void **state)
{
    uint64_t id = nested_message(2);
    struct message *from = open_message(INBOX, id, 0), *to = new_message(DRAFTS, "old");
    struct property_failures failures;
    uint32_t excluded = PID_TAG_IMPORTANCE;
    set_property(OBJECT_OF_MESSAGE(to), value_integer32(PID_TAG_IMPORTANCE, 2));
    assert_ok(
        properties_copy_to(ARENA, LOGON, OBJECT_OF_MESSAGE(from), OBJECT_OF_MESSAGE(to), &excluded, 1, true, 0, &failures));
    assert_int_equal(failures.count, 0);
    uint64_t copy_id = save(to);
    message_close(LOGON, from);
    message_close(LOGON, to);
    bool partial;
    assert_ok(folder_delete_messages(LOGON, INBOX, &id, 1, true, &partial)); /* the copy depends on nothing of it */
    to = open_message(DRAFTS, copy_id, 0);
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(to), PID_TAG_SUBJECT), "0");
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(to), PID_TAG_IMPORTANCE), 2);
    struct attachment *attachment;
    struct message *inner;
    bool created;
    assert_ok(attachment_open(LOGON, to, 0, 0, &attachment));
    assert_ok(attachment_open_embedded(LOGON, attachment, 0, 0, &inner, &created));
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(inner), PID_TAG_SUBJECT), "1");
    attachment_close(LOGON, attachment);
    assert_ok(attachment_open(LOGON, inner, 0, 0, &attachment));
    message_close(LOGON, inner);
    assert_ok(attachment_open_embedded(LOGON, attachment, 0, 0, &inner, &created));
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(inner), PID_TAG_DISPLAY_TO), "2");
    message_close(LOGON, inner);
    attachment_close(LOGON, attachment);
    message_close(LOGON, to);
}

static void copy_errors(void **state)
{
    struct message *outer = new_message(INBOX, "x"), *inner, *other = new_message(INBOX, "y");
    struct property_failures failures;
    uint32_t number, tag = PID_TAG_SUBJECT;
    bool created;
    struct attachment *attachment = new_attachment(outer, "m", &number);
    assert_ok(attachment_open_embedded(LOGON, attachment, EMBEDDED_OPEN_CREATE, 0, &inner, &created));
    struct object a = OBJECT_OF_MESSAGE(outer), b = OBJECT_OF_MESSAGE(inner), c = OBJECT_OF_ATTACHMENT(attachment),
                  d = OBJECT_OF_MESSAGE(other);
    assert_int_equal(
        properties_copy_to(ARENA, LOGON, a, b, NULL, 0, true, 0, &failures), EC_MESSAGE_CYCLE); /* MS-OXCPRPT R896 */
    assert_int_equal(
        properties_copy_to(ARENA, LOGON, a, c, NULL, 0, true, 0, &failures), EC_NOT_SUPPORTED); /* MS-OXCPRPT R508 */
    assert_int_equal(properties_copy_to(ARENA, LOGON, a, d, NULL, 0, true, 4, &failures), EC_INVALID_PARAMETER);
    assert_int_equal(properties_copy(ARENA, LOGON, OBJECT_OF_FOLDER(INBOX), OBJECT_OF_FOLDER(DRAFTS), &tag, 1,
                         PROPERTY_COPY_MOVE, &failures),
        EC_NOT_SUPPORTED);                                                                          /* MS-OXCPRPT R881 */
    assert_ok(properties_copy(ARENA, LOGON, a, d, &tag, 1, PROPERTY_COPY_NO_OVERWRITE, &failures)); /* MS-OXCPRPT R879 */
    assert_string_equal(get_text(d, PID_TAG_SUBJECT), "y");
    assert_ok(properties_copy(ARENA, LOGON, a, d, &tag, 1, 0, &failures));
    assert_string_equal(get_text(d, PID_TAG_SUBJECT), "x");
    tag = PID_TAG_REPLY_TIME;
    assert_ok(properties_copy(ARENA, LOGON, a, d, &tag, 1, 0, &failures));
    assert_int_equal(failures.count, 1);
    assert_int_equal(failures.failures[0].error, EC_NOT_FOUND);
    message_close(LOGON, inner);
    attachment_close(LOGON, attachment);
    message_close(LOGON, outer);
    message_close(LOGON, other);
}

static void a_failed_save_keeps_the_unsaved_state(void **state)
{
    static const enum store_call calls[] = {STORE_CALL_BEGIN, STORE_CALL_ALLOCATE_COUNTERS, STORE_CALL_ATTACHMENT_LIST,
        STORE_CALL_MESSAGE_CREATE, STORE_CALL_COMMIT};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct message *message = new_message(INBOX, "x");
        uint32_t number;
        uint64_t id = 0;
        struct attachment *attachment = new_attachment(message, "a", &number);
        assert_ok(attachment_save(LOGON, attachment, 0));
        attachment_close(LOGON, attachment);
        store_failing_plan(fixture.store, calls[i], 1, 1, STORE_IO_ERROR);
        assert_int_equal(message_save(LOGON, message, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE, &id), EC_DISK_ERROR);
        assert_true(store_failing_has_failed(fixture.store));
        store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
        id = save(message);
        message_close(LOGON, message);
        message = open_message(INBOX, id, 0);
        assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_SUBJECT), "x");
        assert_int_equal(get(message, PID_TAG_HAS_ATTACHMENTS).boolean, 1);
        message_close(LOGON, message);
    }
    assert_int_equal(get_integer(OBJECT_OF_FOLDER(INBOX), PID_TAG_CONTENT_COUNT), 5);
}

static void check_saved(uint64_t id, const char *subject)
{
    struct message *message = open_message(INBOX, id, 0);
    struct attachment *attachment;
    struct stream *stream;
    uint32_t size = 0;
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_SUBJECT), subject);
    assert_ok(attachment_open(LOGON, message, 0, 0, &attachment));
    assert_ok(
        stream_open(LOGON, OBJECT_OF_ATTACHMENT(attachment), PID_TAG_ATTACH_DATA_BINARY, STREAM_READ_ONLY, &stream, &size));
    assert_int_equal(size, 3000000);
    stream_close(LOGON, stream);
    attachment_close(LOGON, attachment);
    message_close(LOGON, message);
}

/* A save whose transaction is rolled back, by its savepoint, as a whole, or by a commit that fails, can be tried again. */
static void a_save_that_is_rolled_back_can_be_tried_again(void **state)
{
    static uint8_t large[3000000];
    struct message *message = new_message(INBOX, "x");
    struct attachment *attachment;
    struct stream *stream;
    uint32_t number, size, written;
    uint64_t id = 0;
    assert_ok(attachment_create(LOGON, message, &attachment, &number));
    assert_ok(
        stream_open(LOGON, OBJECT_OF_ATTACHMENT(attachment), PID_TAG_ATTACH_DATA_BINARY, STREAM_CREATE, &stream, &size));
    assert_ok(stream_write(LOGON, stream, bytes_of(large, sizeof large), &written));
    stream_close(LOGON, stream);
    assert_ok(attachment_save(LOGON, attachment, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    for (int turn = 0; turn < 3; turn++) {
        assert_ok(mailbox_begin(fixture.mailbox));
        assert_ok(mailbox_savepoint(fixture.mailbox));
        assert_ok(message_save(LOGON, message, 0, &id));
        if (turn == 0) {
            mailbox_savepoint_rollback(fixture.mailbox);
            assert_ok(mailbox_commit(fixture.mailbox));
        } else if (turn == 1) {
            assert_ok(mailbox_savepoint_keep(fixture.mailbox));
            mailbox_rollback(fixture.mailbox);
        } else {
            store_failing_plan(fixture.store, STORE_CALL_COMMIT, 1, 1, STORE_DISK_FULL);
            assert_int_equal(mailbox_commit(fixture.mailbox), EC_OUT_OF_DISK);
        }
        assert_int_equal(get_integer(OBJECT_OF_FOLDER(INBOX), PID_TAG_CONTENT_COUNT), 0);
        assert_true(message_is_writable(message) && message_id(message) == 0);
    }
    id = save(message);
    check_saved(id, "x");
    set_property(OBJECT_OF_MESSAGE(message), text_property(PID_TAG_SUBJECT, "y")); /* once more, over what is stored */
    assert_ok(attachment_save(LOGON, attachment, MESSAGE_SAVE_KEEP_OPEN_READ_WRITE));
    assert_ok(mailbox_begin(fixture.mailbox));
    save(message);
    message_close(LOGON, message); /* released in the same Execute */
    attachment_close(LOGON, attachment);
    mailbox_rollback(fixture.mailbox);
    check_saved(id, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(attachments_come_with_two_saves),
        MAILBOX_TEST(attachment_save_flags),
        MAILBOX_TEST(embedded_messages_of_any_depth),
        MAILBOX_TEST(a_change_deep_inside_is_saved_from_inside_out),
        MAILBOX_TEST(too_deep_is_too_complex),
        MAILBOX_TEST(copy_to_brings_everything),
        MAILBOX_TEST(copy_errors),
        MAILBOX_TEST(a_failed_save_keeps_the_unsaved_state),
        MAILBOX_TEST(a_save_that_is_rolled_back_can_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
