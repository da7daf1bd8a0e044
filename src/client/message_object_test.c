/* Messages in memory as users of the library see them, and property values between the public and the inner form. */
#include "base/text.h"
#include "client/message.h"
#include "client/property.h"
#include "client/recipient.h"
#include "protocol/property_tags.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_properties(void **state)
{
    struct mapihttp_message *message = mapihttp_message_new();
    struct mapihttp_properties *properties = mapihttp_message_properties(message);
    assert_int_equal(mapihttp_properties_count(properties), 0);
    assert_null(mapihttp_properties_get(properties, PID_TAG_SUBJECT));
    assert_int_equal(mapihttp_properties_set_string(properties, PID_TAG_SUBJECT, "Gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"), MAPIHTTP_OK);
    assert_int_equal(mapihttp_properties_set_string(properties, PID_TAG_SUBJECT, "second"), MAPIHTTP_OK);
    assert_int_equal(mapihttp_properties_set_integer(properties, PID_TAG_IMPORTANCE, 2), MAPIHTTP_OK);
    assert_int_equal(mapihttp_properties_set_integer(properties, PID_TAG_READ_RECEIPT_REQUESTED, 1), MAPIHTTP_OK);
    assert_int_equal(mapihttp_properties_set_binary(properties, PID_TAG_CONVERSATION_INDEX, "\0\1\2", 3), MAPIHTTP_OK);
    assert_int_equal(mapihttp_properties_count(properties), 4);
    assert_string_equal(mapihttp_properties_get(properties, PID_TAG_SUBJECT)->blob.data, "second");
    assert_int_equal(mapihttp_properties_get(properties, MAPIHTTP_TAG(0x0017, 0))->integer32, 2);
    assert_true(mapihttp_properties_get(properties, PID_TAG_READ_RECEIPT_REQUESTED)->boolean);
    const struct mapihttp_property *index = mapihttp_properties_get(properties, PID_TAG_CONVERSATION_INDEX);
    assert_int_equal(index->blob.size, 3);
    assert_memory_equal(index->blob.data, "\0\1\2", 3);
    assert_null(mapihttp_properties_at(properties, 4));
    /* What cannot be: a string as a number, an id without its name, an error as a value. */
    assert_int_equal(mapihttp_properties_set_integer(properties, PID_TAG_SUBJECT, 1), MAPIHTTP_INVALID_ARGUMENT);
    assert_int_equal(mapihttp_properties_set_string(properties, PID_TAG_IMPORTANCE, "x"), MAPIHTTP_INVALID_ARGUMENT);
    assert_int_equal(mapihttp_properties_set_string(properties, 0x8001001F, "x"), MAPIHTTP_INVALID_ARGUMENT);
    struct mapihttp_property error = {.tag = 0x0037000A};
    assert_int_equal(mapihttp_properties_set(properties, &error), MAPIHTTP_INVALID_ARGUMENT);
    mapihttp_message_free(message);
    mapihttp_message_free(NULL);
}

static void test_named(void **state)
{
    struct mapihttp_message *message = mapihttp_message_new();
    struct mapihttp_properties *properties = mapihttp_message_properties(message);
    const struct mapihttp_property_name keywords = {.guid = {0x29, 3, 2}, .name = "Keywords"}, lid = {.guid = {1}, .lid = 0x8502};
    const struct mapihttp_blob words[] = {{"eins", 4}, {"zw\xC3\xB6lf", 6}};
    struct mapihttp_property value = {.tag = MAPIHTTP_TAG(0, MAPIHTTP_TYPE_MULTIPLE | MAPIHTTP_TYPE_STRING), .multiple = {2, words}};
    assert_int_equal(mapihttp_properties_set_named(properties, &keywords, &value), MAPIHTTP_OK);
    value = (struct mapihttp_property){.tag = MAPIHTTP_TAG(0, MAPIHTTP_TYPE_TIME), .time = 77};
    assert_int_equal(mapihttp_properties_set_named(properties, &lid, &value), MAPIHTTP_OK);
    const struct mapihttp_property *found = mapihttp_properties_get_named(properties, &keywords);
    assert_int_equal(found->multiple.count, 2);
    assert_string_equal(((const struct mapihttp_blob *)found->multiple.values)[1].data, "zw\xC3\xB6lf");
    assert_int_equal(mapihttp_properties_get_named(properties, &lid)->time, 77);
    assert_string_equal(mapihttp_properties_name_at(properties, 0)->name, "Keywords");
    assert_null(mapihttp_properties_name_at(properties, 1)->name);
    assert_int_equal(mapihttp_properties_name_at(properties, 1)->lid, 0x8502);
    assert_null(mapihttp_properties_name_at(properties, 2));
    const struct mapihttp_property_name other = {.guid = {1}, .lid = 0x8503};
    assert_null(mapihttp_properties_get_named(properties, &other));
    mapihttp_message_free(message);
}

static void test_parts(void **state)
{
    struct mapihttp_message *message = mapihttp_message_new();
    struct mapihttp_properties *to = mapihttp_message_add_recipient(message), *cc = mapihttp_message_add_recipient(message);
    assert_int_equal(mapihttp_properties_set_string(to, PID_TAG_DISPLAY_NAME, "Bob"), MAPIHTTP_OK);
    assert_int_equal(mapihttp_properties_set_integer(cc, PID_TAG_RECIPIENT_TYPE, 2), MAPIHTTP_OK);
    assert_int_equal(mapihttp_message_recipient_count(message), 2);
    assert_int_equal(mapihttp_properties_get(mapihttp_message_recipient(message, 0), PID_TAG_RECIPIENT_TYPE)->integer32, 1);
    assert_int_equal(mapihttp_properties_get(mapihttp_message_recipient(message, 1), PID_TAG_RECIPIENT_TYPE)->integer32, 2);
    assert_int_equal(mapihttp_properties_count(to), 2);
    assert_null(mapihttp_message_recipient(message, 2));
    struct mapihttp_properties *attachment = mapihttp_message_add_attachment(message);
    assert_int_equal(mapihttp_properties_set_string(attachment, PID_TAG_ATTACH_LONG_FILENAME, "a.txt"), MAPIHTTP_OK);
    assert_null(mapihttp_attachment_message(message, 0));
    assert_null(mapihttp_attachment_add_message(message, 1));
    struct mapihttp_message *inner = mapihttp_attachment_add_message(message, 0);
    assert_int_equal(mapihttp_properties_set_string(mapihttp_message_properties(inner), PID_TAG_SUBJECT, "inner"), MAPIHTTP_OK);
    inner = mapihttp_attachment_message(message, 0);
    assert_string_equal(mapihttp_properties_get(mapihttp_message_properties(inner), PID_TAG_SUBJECT)->blob.data, "inner");
    assert_int_equal(mapihttp_properties_get(attachment, PID_TAG_ATTACH_METHOD)->integer32, 5);
    mapihttp_message_free(message);
}

/* Every type there and back. */
static void test_values(void **state)
{
    struct arena arena = {0};
    static const int16_t shorts[] = {1, -2};
    static const uint64_t times[] = {1, UINT64_MAX};
    static const struct mapihttp_blob blobs[] = {{"a", 1}, {"", 0}, {"bc", 2}};
    const struct mapihttp_property values[] = {
        {.tag = 0x00010002, .integer16 = -7}, {.tag = 0x00010003, .integer32 = INT32_MIN}, {.tag = 0x00010004, .floating32 = 1.5f},
        {.tag = 0x00010005, .floating64 = -2.25}, {.tag = 0x00010006, .integer64 = 10000}, {.tag = 0x00010007, .floating64 = 3.5},
        {.tag = 0x0001000B, .boolean = true}, {.tag = 0x00010014, .integer64 = INT64_MIN}, {.tag = 0x0001001F, .blob = {"t\xC3\xA9xt", 5}},
        {.tag = 0x00010040, .time = 5}, {.tag = 0x00010048, .guid = {1, 2, 3}}, {.tag = 0x00010102, .blob = {"\0x", 2}},
        {.tag = 0x00011002, .multiple = {2, shorts}}, {.tag = 0x00011040, .multiple = {2, times}}, {.tag = 0x0001101F, .multiple = {3, blobs}},
        {.tag = 0x00011102, .multiple = {3, blobs}}, {.tag = 0x00011003, .multiple = {0, NULL}},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct property_value inner;
        struct mapihttp_property outer;
        assert_true(property_from_public(&arena, &values[i], &inner));
        assert_true(property_to_public(&arena, &inner, &outer));
        assert_int_equal(outer.tag, values[i].tag);
        uint16_t type = MAPIHTTP_TAG_TYPE(values[i].tag);
        if (type == MAPIHTTP_TYPE_STRING || type == MAPIHTTP_TYPE_BINARY) {
            assert_int_equal(outer.blob.size, values[i].blob.size);
            assert_memory_equal(outer.blob.data, values[i].blob.data, outer.blob.size);
        } else if (type == 0x101F || type == 0x1102) {
            const struct mapihttp_blob *got = outer.multiple.values;
            for (size_t j = 0; j < 3; j++) {
                assert_int_equal(got[j].size, blobs[j].size);
                assert_memory_equal(got[j].data, blobs[j].data, got[j].size);
            }
        } else if (type == 0x1002) {
            assert_memory_equal(outer.multiple.values, shorts, sizeof shorts);
        } else if (type == 0x1040) {
            assert_memory_equal(outer.multiple.values, times, sizeof times);
        } else if (!(type & 0x1000)) {
            assert_memory_equal(&outer.integer64, &values[i].integer64, 8);
        }
        assert_true(property_wire_size(&inner) >= 4);
    }
    /* An 8-bit string of a server becomes UTF-8. */
    struct property_value latin = {.tag = 0x0037001E, .bytes = BYTES_LITERAL("Gr\xFC\xDF")};
    struct mapihttp_property outer;
    assert_true(property_to_public(&arena, &latin, &outer));
    assert_int_equal(outer.tag, 0x0037001F);
    assert_string_equal(outer.blob.data, "Gr\xC3\xBC\xC3\x9F");
    arena_free(&arena);
}

/* MS-OXCDATA 2.8.3.2: a recipient to a row and back. */
static void test_recipients(void **state)
{
    static const char *const types[] = {"SMTP", "EX", "FAX"};
    struct arena arena = {0};
    for (size_t i = 0; i < 3; i++) {
        struct message *message = message_new(), *read = message_new();
        struct message_recipient *recipient = message_add_recipient(message, MESSAGE_RECIPIENT_CC);
        assert_true(message_set_text(message, &recipient->properties, PID_TAG_ADDRESS_TYPE, types[i]));
        assert_true(message_set_text(message, &recipient->properties, PID_TAG_EMAIL_ADDRESS, "b@example.org"));
        assert_true(message_set_text(message, &recipient->properties, PID_TAG_DISPLAY_NAME, "B\xC3\xB6"));
        assert_true(message_set_u32(message, &recipient->properties, PID_TAG_RECIPIENT_FLAGS, 3));
        struct recipient_columns columns;
        struct recipient_row row;
        assert_true(recipient_columns_of(&arena, message, &columns));
        assert_int_equal(columns.count, 1); /* MS-OXCMSG R746: what the row itself says is no column */
        assert_true(recipient_row_of(&arena, recipient, &columns, NULL, &row));
        assert_int_equal(row.recipient_flags & 7, i == 0 ? RECIPIENT_ROW_TYPE_SMTP : i == 1 ? RECIPIENT_ROW_TYPE_X500_DN : RECIPIENT_ROW_TYPE_NONE);
        assert_true(recipient_of_row(read, 2, &row));
        const struct message_properties *got = &read->recipients[0].properties;
        assert_int_equal(read->recipients[0].type, MESSAGE_RECIPIENT_CC);
        assert_string_equal(message_get_text(read, got, PID_TAG_ADDRESS_TYPE), types[i]);
        assert_string_equal(message_get_text(read, got, PID_TAG_EMAIL_ADDRESS), "b@example.org");
        assert_string_equal(message_get_text(read, got, PID_TAG_DISPLAY_NAME), "B\xC3\xB6");
        assert_int_equal(message_get_u32(got, PID_TAG_RECIPIENT_FLAGS, 0), 3);
        message_free(message);
        message_free(read);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties), cmocka_unit_test(test_named),      cmocka_unit_test(test_parts),
        cmocka_unit_test(test_values),     cmocka_unit_test(test_recipients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
