/* What an attacker may send, and what our own code may get wrong: nothing sizes an allocation before it was checked, nothing
 * nests for ever, and what cannot be said is refused with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/limits.h"
#include "protocol/property_tags.h"
#include "protocol/structures.h"
#include "wire/wire.h"

static enum wire_status decode_status(const struct wire_structure *structure, struct bytes bytes, size_t *ret_memory)
{
    struct arena arena = { 0 };
    struct wire_error error = { 0 };
    void *object = arena_allocate(&arena, structure->size);
    bool done = wire_decode(&arena, structure, bytes, NULL, object, &error);
    if (ret_memory)
        *ret_memory = arena.size;
    arena_free(&arena);
    return done ? WIRE_OK : error.status;
}

static void counts_that_announce_more_than_there_is(void **state)
{
    size_t memory;
    /* RopSetColumns with 65,535 tags, 4,096 tags, 1 tag in 3 bytes */
    assert_int_equal(decode_status(&rop_set_columns_request_structure, bytes_of("\0\xFF\xFF", 3), &memory), WIRE_TOO_MANY);
    assert_in_range(memory, 1, 8192);
    assert_int_equal(decode_status(&rop_set_columns_request_structure, bytes_of("\0\0\x10", 3), &memory), WIRE_TRUNCATED);
    assert_in_range(memory, 1, 8192);
    assert_int_equal(decode_status(&rop_set_columns_request_structure, bytes_of("\0\1\0abc", 6), NULL), WIRE_TRUNCATED);
    /* a body that announces four gigabytes */
    assert_int_equal(decode_status(&execute_request_structure, bytes_of("\0\0\0\0\xFF\xFF\xFF\xFF", 8), &memory), WIRE_TRUNCATED);
    assert_in_range(memory, 1, 8192);
    /* a list of values with 2^32 - 1 elements */
    assert_int_equal(decode_status(&rule_recipient_structure, bytes_of("\1\1\0\2\x10\1\x80\xFF\xFF\xFF\xFF", 11), &memory), WIRE_TOO_MANY);
    assert_in_range(memory, 1, 8192);
}

/* 4,096 columns of PtypNull: each row of 12 bytes would buy 98 KB. */
static void columns_of_no_bytes(void **state)
{
    enum { COLUMNS = 4096, ROWS = 1000 };
    struct buffer body = { 0 };
    size_t memory;
    assert_true(buffer_append_u16(&body, COLUMNS));
    for (uint32_t i = 0; i < COLUMNS; i++)
        assert_true(buffer_append_u32(&body, PROPERTY_TAG(0x1000 + i, PTYP_NULL)));
    assert_true(buffer_append_u16(&body, ROWS));
    for (uint32_t i = 0; i < ROWS; i++)
        assert_true(buffer_append(&body, "\0\0\0\0\1\5\0\0\0\0\x10\0", 12));
    assert_int_equal(decode_status(&rop_modify_recipients_request_structure, buffer_bytes(&body), &memory), WIRE_NO_MEMORY);
    assert_in_range(memory, 1, 65536 + 200 * body.size);
    buffer_free(&body);
}

static void nesting(void **state)
{
    uint8_t bytes[70000];
    memset(bytes, 0x02, sizeof bytes); /* not not not ... */
    assert_int_equal(decode_status(&restriction_structure, bytes_of(bytes, sizeof bytes), NULL), WIRE_TOO_DEEP);
    for (size_t i = 0; i + 3 <= sizeof bytes; i += 3)
        memcpy(bytes + i, "\0\1\0", 3); /* and(and(and( ... */
    assert_int_equal(decode_status(&restriction_structure, bytes_of(bytes, sizeof bytes), NULL), WIRE_TOO_DEEP);
    /* deep, but within the limit */
    memset(bytes, 0x02, RESTRICTION_DEPTH_MAX - 1);
    memcpy(bytes + RESTRICTION_DEPTH_MAX - 1, "\x08\x1F\0\x37\0", 5);
    assert_int_equal(decode_status(&restriction_structure, bytes_of(bytes, RESTRICTION_DEPTH_MAX + 4), NULL), WIRE_OK);
    /* a restriction in a value in a restriction in a value ... */
    for (size_t i = 0; i + 10 <= sizeof bytes; i += 10)
        memcpy(bytes + i, "\x04\x04\xFD\0\1\x80\xFD\0\1\x80", 10);
    assert_int_equal(decode_status(&restriction_structure, bytes_of(bytes, sizeof bytes), NULL), WIRE_TOO_DEEP);
}

static void values_of_no_type(void **state)
{
    static const uint16_t types[] = { 0x0000, 0x000C, 0x0015, 0x0020, 0x1001, 0x100B, 0x7777, 0xFFFF };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        uint8_t bytes[32] = { 1, 1, 0 };
        store_u16(bytes + 3, types[i]);
        assert_int_equal(decode_status(&rule_recipient_structure, bytes_of(bytes, sizeof bytes), NULL), WIRE_BAD_VALUE);
    }
}

static void strings_without_an_end(void **state)
{
    assert_int_equal(decode_status(&rop_get_receive_folder_request_structure, bytes_of("IPM", 3), NULL), WIRE_TRUNCATED);
    assert_int_equal(decode_status(&nspi_get_mailbox_url_request_structure, bytes_of("\0\0\0\0a\0\0\1\0", 9), NULL), WIRE_TRUNCATED);
    /* RopLogon: the name's size and its terminator must agree */
    assert_int_equal(decode_status(&rop_logon_request_structure, bytes_of("\1\0\0\0\0\0\0\0\0\3\0ab\0", 14), NULL), WIRE_OK);
    assert_int_equal(decode_status(&rop_logon_request_structure, bytes_of("\1\0\0\0\0\0\0\0\0\3\0a\0\0", 14), NULL), WIRE_NOT_USED_UP);
    assert_int_equal(decode_status(&rop_logon_request_structure, bytes_of("\1\0\0\0\0\0\0\0\0\2\0ab\0", 14), NULL), WIRE_TRUNCATED);
}

static void results_untouched_by_failures(void **state)
{
    struct arena arena = { 0 };
    struct rop_set_columns_request request = { .property_tag_count = 77 };
    struct wire_error error;
    char text[WIRE_ERROR_TEXT_SIZE];
    assert_false(wire_decode(&arena, &rop_restrict_request_structure, bytes_of("\0\4\0\2\2\x0C\0", 7), NULL, &request, &error));
    assert_int_equal(request.property_tag_count, 77);
    wire_error_format(&error, text);
    assert_string_equal(text, "BAD_VALUE at 5 in rop_restrict_request.restriction_data.negated.negated.type");
    arena_free(&arena);
}

/* Our own mistakes: an encoder says no, and leaves the buffer as it was. */
static void what_cannot_be_said(void **state)
{
    static const uint32_t subject = PID_TAG_SUBJECT;
    static uint8_t large[70000];
    const struct wire_columns columns = { 1, &subject };
    const struct wire_context over_subject = { .columns = &columns };
    struct property_value number = { .tag = PROPERTY_TAG(0x0037, PTYP_INTEGER32) };
    struct property_row wrong_type = { 1, 0, &number, { 0 } }, wrong_count = { 0 };
    struct rop_query_rows_success rows = { .row_count = 1, .row_data = &wrong_type };
    struct rop_write_stream_request stream = { .data = bytes_of(large, sizeof large) };
    struct rop_set_columns_request no_list = { .property_tag_count = 3 };
    struct restriction no_pointer = { .type = RESTRICTION_TYPE_NOT }, out_of_range = { .type = 0x0C };
    struct property_name long_name = { .kind = 1, .name = bytes_of(large, 300) };
    memset(large, 'a', sizeof large);
    const struct { const struct wire_structure *structure; const void *object; enum wire_status status; } cases[] = {
        { &rop_query_rows_success_structure, &rows, WIRE_BAD_VALUE },
        { &rop_write_stream_request_structure, &stream, WIRE_TOO_LARGE },
        { &rop_set_columns_request_structure, &no_list, WIRE_BAD_VALUE },
        { &restriction_structure, &no_pointer, WIRE_BAD_VALUE },
        { &restriction_structure, &out_of_range, WIRE_BAD_VALUE },
        { &property_name_structure, &long_name, WIRE_TOO_LARGE },
    };
    struct buffer buffer = { 0 };
    assert_true(buffer_append(&buffer, "kept", 4));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_error error;
        assert_false(wire_encode(cases[i].structure, cases[i].object, &over_subject, &buffer, &error));
        assert_int_equal(error.status, cases[i].status);
        assert_int_equal(buffer.size, 4);
    }
    rows.row_data = &wrong_count;
    assert_false(wire_encode(&rop_query_rows_success_structure, &rows, &over_subject, &buffer, NULL));
    assert_false(wire_encode(&rop_query_rows_success_structure, &rows, NULL, &buffer, NULL));
    buffer_free(&buffer);
}

/* A string ends at its first NUL: what stands behind it must never become other fields of the answer. */
static void strings_with_a_nul_inside(void **state)
{
    struct rop_get_receive_folder_success folder = { .explicit_message_class = bytes_of("IPM\0X", 5) };
    struct nspi_get_mailbox_url_success url = { .server_url = bytes_of(u"ab\0c", 8) };
    struct buffer buffer = { 0 };
    assert_true(wire_encode(&rop_get_receive_folder_success_structure, &folder, NULL, &buffer, NULL));
    assert_int_equal(buffer.size, 8 + 4);
    buffer.size = 0;
    assert_true(wire_encode(&nspi_get_mailbox_url_success_structure, &url, NULL, &buffer, NULL));
    assert_int_equal(buffer.size, 8 + 6 + 4);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_that_announce_more_than_there_is),
        cmocka_unit_test(columns_of_no_bytes),
        cmocka_unit_test(nesting),
        cmocka_unit_test(values_of_no_type),
        cmocka_unit_test(strings_without_an_end),
        cmocka_unit_test(results_untouched_by_failures),
        cmocka_unit_test(what_cannot_be_said),
        cmocka_unit_test(strings_with_a_nul_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
