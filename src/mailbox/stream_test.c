/* Streams over properties (MS-OXCPRPT 3.2.5.11..24). */
#include "mailbox/test_fixture.h"

#include "base/limits.h"
#include "protocol/rop_value.h"

static struct stream *open_stream(struct object object, uint32_t tag, uint8_t mode, uint32_t expected_size)
{
    struct stream *stream;
    uint32_t size = 77;
    assert_ok(stream_open(LOGON, object, tag, mode, &stream, &size));
    assert_int_equal(size, expected_size);
    return stream;
}

static void write_text(struct stream *stream, const char *text)
{
    uint32_t written = 0;
    assert_ok(stream_write(LOGON, stream, bytes_of_string(text), &written));
    assert_int_equal(written, strlen(text));
}

static const char *read_text(struct stream *stream, uint32_t size)
{
    struct bytes data;
    assert_ok(stream_read(ARENA, LOGON, stream, size, &data));
    return arena_string_of(ARENA, data);
}

static void seek(struct stream *stream, uint8_t origin, int64_t offset, uint64_t expected)
{
    uint64_t position = 0;
    assert_ok(stream_seek(LOGON, stream, origin, offset, &position));
    assert_true(position == expected);
}

static void writing_shows_at_once_and_stays_with_the_save(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct object object = OBJECT_OF_MESSAGE(message);
    struct stream *stream;
    uint32_t size;
    assert_int_equal(
        stream_open(LOGON, object, PID_TAG_HTML, STREAM_READ_WRITE, &stream, &size), EC_NOT_FOUND); /* MS-OXCPRPT R549 */
    stream = open_stream(object, PID_TAG_HTML, STREAM_CREATE, 0);
    write_text(stream, "hello ");
    write_text(stream, "world");
    assert_int_equal(get_property(object, PID_TAG_HTML).bytes.size, 11); /* MS-OXCPRPT R56401 */
    uint64_t id = save(message);
    message_close(LOGON, message);
    seek(stream, STREAM_ORIGIN_BEGINNING, 6, 6); /* outlives its message's handle */
    assert_string_equal(read_text(stream, 100), "world");
    assert_string_equal(read_text(stream, 100), "");
    stream_close(LOGON, stream);
    message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    object = OBJECT_OF_MESSAGE(message);
    stream = open_stream(object, PID_TAG_HTML, STREAM_READ_WRITE, 11);
    seek(stream, STREAM_ORIGIN_END, -5, 6);
    write_text(stream, "THERE!");
    seek(stream, STREAM_ORIGIN_BEGINNING, 0, 0);
    assert_string_equal(read_text(stream, 100), "hello THERE!");
    stream_close(LOGON, stream);
    struct message *other = open_message(INBOX, id, 0);
    assert_int_equal(get_property(OBJECT_OF_MESSAGE(other), PID_TAG_HTML).bytes.size, 11); /* MS-OXCPRPT R56402 */
    save(message);
    assert_int_equal(get_property(OBJECT_OF_MESSAGE(other), PID_TAG_HTML).bytes.size, 12); /* MS-OXCPRPT R56403 */
    message_close(LOGON, other);
    message_close(LOGON, message);
}

static void create_begins_anew(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct object object = OBJECT_OF_MESSAGE(message);
    set_property(object, value_bytes(PID_TAG_HTML, BYTES_LITERAL("old")));
    save(message);
    struct stream *stream = open_stream(object, PID_TAG_HTML, STREAM_CREATE, 0);
    write_text(stream, "n");
    stream_close(LOGON, stream);
    assert_int_equal(get_property(object, PID_TAG_HTML).bytes.size, 1);
    message_close(LOGON, message);
}

static void modes(void **state)
{
    uint64_t id = saved_message(INBOX, "x");
    struct message *message = open_message(INBOX, id, MESSAGE_OPEN_READ_ONLY);
    struct object object = OBJECT_OF_MESSAGE(message);
    struct stream *stream;
    uint32_t size, written = 9;
    assert_int_equal(stream_open(LOGON, object, PID_TAG_SUBJECT, STREAM_READ_WRITE, &stream, &size), EC_ACCESS_DENIED);
    assert_int_equal(stream_open(LOGON, object, PID_TAG_IMPORTANCE, STREAM_READ_ONLY, &stream, &size),
        EC_NOT_SUPPORTED); /* MS-OXCPRPT R548 */
    assert_int_equal(
        stream_open(LOGON, OBJECT_OF_STORE, PID_TAG_COMMENT, STREAM_READ_ONLY, &stream, &size), EC_NOT_SUPPORTED);
    assert_int_equal(stream_open(LOGON, object, PID_TAG_SUBJECT, 7, &stream, &size), EC_INVALID_PARAMETER);
    stream = open_stream(object, PID_TAG_SUBJECT, STREAM_BEST_ACCESS, 2);
    assert_false(stream_is_writable(stream));
    assert_int_equal(
        stream_write(LOGON, stream, BYTES_LITERAL("y"), &written), EC_STORAGE_ACCESS_DENIED); /* MS-OXCPRPT R900 */
    assert_int_equal(written, 9);
    assert_int_equal(stream_set_size(LOGON, stream, 0), EC_STORAGE_ACCESS_DENIED);
    assert_ok(stream_commit(LOGON, stream));
    stream_close(LOGON, stream);
    stream = open_stream(object, PID_TAG_ENTRY_ID, STREAM_READ_ONLY, MESSAGE_ENTRY_ID_SIZE); /* computed ones can be read */
    stream_close(LOGON, stream);
    message_close(LOGON, message);
}

static void seeking(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct stream *stream = open_stream(OBJECT_OF_MESSAGE(message), PID_TAG_HTML, STREAM_CREATE, 0);
    uint64_t position = 9;
    struct bytes data;
    write_text(stream, "abc");
    assert_int_equal(stream_seek(LOGON, stream, 3, 0, &position), EC_STORAGE_INVALID_PARAMETER); /* MS-OXCPRPT R902 */
    assert_int_equal(
        stream_seek(LOGON, stream, STREAM_ORIGIN_CURRENT, -4, &position), EC_STREAM_SEEK_ERROR); /* MS-OXCPRPT R584 */
    assert_int_equal(stream_seek(LOGON, stream, STREAM_ORIGIN_BEGINNING, 0x80000000ll, &position),
        EC_STREAM_SEEK_ERROR); /* MS-OXCPRPT R582 */
    assert_int_equal(stream_seek(LOGON, stream, STREAM_ORIGIN_END, INT64_MAX, &position), EC_STREAM_SEEK_ERROR);
    assert_int_equal(stream_seek(LOGON, stream, STREAM_ORIGIN_END, INT64_MIN, &position), EC_STREAM_SEEK_ERROR);
    assert_int_equal(position, 9);
    seek(stream, STREAM_ORIGIN_END, 3, 6); /* MS-OXCPRPT R583: zeros */
    seek(stream, STREAM_ORIGIN_BEGINNING, 0, 0);
    assert_ok(stream_read(ARENA, LOGON, stream, 10, &data));
    assert_int_equal(data.size, 6);
    assert_memory_equal(data.data, "abc\0\0\0", 6);
    assert_ok(stream_set_size(LOGON, stream, 2)); /* MS-OXCPRPT R57707 */
    assert_ok(stream_set_size(LOGON, stream, 4)); /* MS-OXCPRPT R57706 */
    seek(stream, STREAM_ORIGIN_BEGINNING, 0, 0);
    assert_ok(stream_read(ARENA, LOGON, stream, 10, &data));
    assert_memory_equal(data.data, "ab\0\0", 4);
    stream_close(LOGON, stream);
    message_close(LOGON, message);
}

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 7 + (at >> 12));
}

static void write_pattern(struct stream *stream, uint64_t size)
{
    static uint8_t step[30000];
    for (uint64_t at = 0; at < size;) {
        uint32_t written = 0;
        size_t part = size - at < sizeof step ? (size_t)(size - at) : sizeof step;
        for (size_t i = 0; i < part; i++)
            step[i] = pattern(at + i);
        assert_ok(stream_write(LOGON, stream, bytes_of(step, part), &written));
        at += written;
    }
}

static void check_pattern(struct stream *stream, uint64_t size)
{
    uint64_t at = 0;
    for (;;) {
        struct bytes data;
        arena_reset(ARENA);
        assert_ok(stream_read(ARENA, LOGON, stream, 30011, &data));
        if (data.size == 0)
            break;
        for (size_t i = 0; i < data.size; i++)
            if (data.data[i] != pattern(at + i))
                fail_msg("differs at %zu", (size_t)(at + i));
        at += data.size;
    }
    assert_true(at == size);
}

static void attachments_larger_than_memory_takes(void **state)
{
    enum { SIZE = 12 << 20 };
    struct message *message = new_message(INBOX, "x");
    struct attachment *attachment;
    uint32_t number;
    assert_ok(attachment_create(LOGON, message, &attachment, &number));
    struct object object = OBJECT_OF_ATTACHMENT(attachment);
    struct stream *stream = open_stream(object, PID_TAG_ATTACH_DATA_BINARY, STREAM_CREATE, 0);
    write_pattern(stream, SIZE);
    assert_true(message_unsaved_size(message) < 4u << 20); /* the rest is staged in the store */
    seek(stream, STREAM_ORIGIN_BEGINNING, 0, 0);
    check_pattern(stream, SIZE);
    uint32_t written;
    seek(stream, STREAM_ORIGIN_BEGINNING, 5000000, 5000000);
    uint8_t same[3] = {pattern(5000000), pattern(5000001), pattern(5000002)};
    assert_ok(stream_write(LOGON, stream, bytes_of(same, 3), &written));
    stream_close(LOGON, stream);
    assert_int_equal(get_property_error(object, PID_TAG_ATTACH_DATA_BINARY), EC_OUT_OF_MEMORY);
    assert_ok(attachment_save(LOGON, attachment, 0));
    attachment_close(LOGON, attachment);
    uint64_t id = save(message);
    message_close(LOGON, message);
    message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    assert_true(get_integer(OBJECT_OF_MESSAGE(message), PID_TAG_MESSAGE_SIZE) > SIZE);
    assert_ok(attachment_open(LOGON, message, number, MESSAGE_OPEN_READ_WRITE, &attachment));
    stream = open_stream(OBJECT_OF_ATTACHMENT(attachment), PID_TAG_ATTACH_DATA_BINARY, STREAM_READ_ONLY, SIZE);
    check_pattern(stream, SIZE);
    stream_close(LOGON, stream);
    /* Changing one byte of it through a second handle leaves what is stored alone until the save. */
    stream = open_stream(OBJECT_OF_ATTACHMENT(attachment), PID_TAG_ATTACH_DATA_BINARY, STREAM_READ_WRITE, SIZE);
    write_text(stream, "!");
    stream_close(LOGON, stream);
    struct message *other = open_message(INBOX, id, 0);
    struct attachment *seen;
    assert_ok(attachment_open(LOGON, other, number, 0, &seen));
    stream = open_stream(OBJECT_OF_ATTACHMENT(seen), PID_TAG_ATTACH_DATA_BINARY, STREAM_READ_ONLY, SIZE);
    check_pattern(stream, SIZE);
    stream_close(LOGON, stream);
    assert_ok(attachment_save(LOGON, attachment, 0));
    save(message);
    stream = open_stream(OBJECT_OF_ATTACHMENT(seen), PID_TAG_ATTACH_DATA_BINARY, STREAM_READ_ONLY, SIZE);
    assert_string_equal(read_text(stream, 1), "!");
    stream_close(LOGON, stream);
    attachment_close(LOGON, seen);
    message_close(LOGON, other);
    attachment_close(LOGON, attachment);
    message_close(LOGON, message);
}

static void too_big(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct stream *stream = open_stream(OBJECT_OF_MESSAGE(message), PID_TAG_HTML, STREAM_CREATE, 0);
    uint32_t written = 9;
    assert_int_equal(stream_set_size(LOGON, stream, (uint64_t)MESSAGE_SIZE_DEFAULT_MAX + 1), EC_TOO_BIG);
    seek(stream, STREAM_ORIGIN_BEGINNING, MESSAGE_SIZE_DEFAULT_MAX - 2, MESSAGE_SIZE_DEFAULT_MAX - 2);
    assert_int_equal(
        stream_write(LOGON, stream, BYTES_LITERAL("abc"), &written), EC_TOO_BIG); /* MS-OXCPRPT R564, MS-OXCPRPT R55706 */
    assert_int_equal(written, 2);
    stream_close(LOGON, stream);
    message_close(LOGON, message);
}

static void eight_bit_streams_are_in_the_code_page(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct object object = OBJECT_OF_MESSAGE(message);
    uint32_t tag8 = PROPERTY_TAG(PROPERTY_ID(PID_TAG_BODY), PTYP_STRING8);
    set_property(object, text_property(PID_TAG_BODY, "Grüße"));
    struct stream *stream = open_stream(object, tag8, STREAM_READ_WRITE, 5);
    assert_string_equal(read_text(stream, 9), "Gr\xFC\xDF"
                                              "e");
    write_text(stream, "\xFC");
    assert_ok(stream_commit(LOGON, stream)); /* MS-OXCPRPT R571 */
    assert_string_equal(get_text(object, PID_TAG_BODY), "Grüßeü");
    write_text(stream, "!");
    stream_close(LOGON, stream);
    assert_string_equal(get_text(object, PID_TAG_BODY), "Grüßeü!");
    message_close(LOGON, message);
}

static void folder_streams_commit_and_close(void **state)
{
    struct object folder = OBJECT_OF_FOLDER(INBOX);
    uint32_t tag = PROPERTY_TAG(0x6850, PTYP_BINARY);
    struct stream *stream = open_stream(folder, tag, STREAM_CREATE, 0);
    write_text(stream, "one");
    assert_int_equal(get_property_error(folder, tag), EC_NOT_FOUND);
    assert_ok(stream_commit(LOGON, stream)); /* MS-OXCPRPT R56405 */
    assert_int_equal(get_property(folder, tag).bytes.size, 3);
    write_text(stream, "two");
    stream_close(LOGON, stream);
    assert_int_equal(get_property(folder, tag).bytes.size, 6);
    stream = open_stream(folder, tag, STREAM_READ_ONLY, 6);
    assert_string_equal(read_text(stream, 9), "onetwo");
    stream_close(LOGON, stream);
}

static void clones_and_copies(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct object object = OBJECT_OF_MESSAGE(message);
    struct stream *stream = open_stream(object, PID_TAG_HTML, STREAM_CREATE, 0), *clone, *target;
    write_text(stream, "abcdef");
    seek(stream, STREAM_ORIGIN_BEGINNING, 2, 2);
    assert_ok(stream_clone(stream, &clone));
    assert_string_equal(read_text(clone, 2), "cd"); /* MS-OXCPRPT R758 */
    write_text(stream, "X");
    seek(clone, STREAM_ORIGIN_BEGINNING, 0, 0);
    assert_string_equal(read_text(clone, 9), "abXdef"); /* MS-OXCPRPT R757 */
    seek(clone, STREAM_ORIGIN_BEGINNING, 0, 0);
    target = open_stream(object, PID_TAG_RTF_COMPRESSED, STREAM_CREATE, 0);
    uint64_t read = 0, written = 0;
    assert_ok(stream_copy_to(LOGON, clone, target, 4, &read, &written));
    assert_true(read == 4 && written == 4);
    assert_string_equal(read_text(clone, 9), "ef"); /* MS-OXCPRPT R591 */
    assert_ok(stream_copy_to(LOGON, clone, target, 100, &read, &written));
    assert_true(read == 0 && written == 0);
    assert_int_equal(get_property(object, PID_TAG_RTF_COMPRESSED).bytes.size, 4);
    stream_close(LOGON, stream);
    stream_close(LOGON, clone);
    stream_close(LOGON, target);
    message_close(LOGON, message);
}

static void failing_storage(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct stream *stream = open_stream(OBJECT_OF_MESSAGE(message), PID_TAG_HTML, STREAM_CREATE, 0);
    write_pattern(stream, 900000);
    static uint8_t more[300000];
    uint32_t written = 9;
    store_failing_plan(fixture.store, STORE_CALL_VALUE_WRITE, 1, 1, STORE_DISK_FULL);
    assert_int_equal(stream_write(LOGON, stream, bytes_of(more, sizeof more), &written), EC_OUT_OF_DISK);
    assert_true(store_failing_has_failed(fixture.store));
    assert_int_equal(written, 9);
    store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
    seek(stream, STREAM_ORIGIN_BEGINNING, 0, 0);
    check_pattern(stream, 900000); /* as it was */
    stream_close(LOGON, stream);
    message_close(LOGON, message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(writing_shows_at_once_and_stays_with_the_save),
        MAILBOX_TEST(create_begins_anew),
        MAILBOX_TEST(modes),
        MAILBOX_TEST(seeking),
        MAILBOX_TEST(attachments_larger_than_memory_takes),
        MAILBOX_TEST(too_big),
        MAILBOX_TEST(eight_bit_streams_are_in_the_code_page),
        MAILBOX_TEST(folder_streams_commit_and_close),
        MAILBOX_TEST(clones_and_copies),
        MAILBOX_TEST(failing_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
