/* What 'mapihttp decode' says: captures in every form they come in, rows over remembered columns, what is wrong and where;
 * auxiliary blocks and texts inside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/auxiliary.h"
#include "protocol/capture.h"
#include "protocol/explain.h"
#include "protocol/extended_buffer.h"
#include "protocol/property_tags.h"

static struct bytes execute_body(struct buffer *body, const char *rops, size_t size, uint32_t handles, bool is_response, uint16_t flags)
{
    struct buffer payload = { 0 }, unit = { 0 };
    uint32_t table[4] = { 1, 2, 3, 4 };
    assert_true(rop_payload_build(bytes_of(rops, size), table, handles, &payload));
    assert_true(extended_buffer_append(&unit, buffer_bytes(&payload), flags | EXTENDED_FLAGS_LAST));
    struct execute_request request = { .flags = 3, .rop_buffer = buffer_bytes(&unit), .max_rop_out = 0x8000 };
    struct execute_success success = { .rop_buffer = buffer_bytes(&unit) };
    body->size = 0;
    assert_true(is_response ? wire_encode(&execute_success_structure, &success, NULL, body, NULL)
                            : wire_encode(&execute_request_structure, &request, NULL, body, NULL));
    buffer_free(&payload);
    buffer_free(&unit);
    return buffer_bytes(body);
}

static void must_say(struct buffer *text, const char *said)
{
    assert_non_null(buffer_string(text));
    if (!strstr((char *)text->data, said))
        fail_msg("nothing says '%s' in\n%s", said, (char *)text->data);
}

static void rows_over_columns_of_the_request(void **state)
{
    static const char requests[] = "\x12\0\2\0\1\0\x1F\0\x37\0" "\x15\0\2\0\1\x32\0";
    static const char responses[] = "\x12\2\0\0\0\0\0" "\x15\2\0\0\0\0\2\1\0\0A\0\0\0";
    const struct body_definition *execute = body_definition_find("Execute", false);
    struct explain_session session = { 0 }, fresh = { 0 };
    struct buffer body = { 0 }, text = { 0 };
    struct bytes request = execute_body(&body, requests, sizeof requests - 1, 3, false, EXTENDED_FLAGS_XOR_MAGIC);
    assert_true(explain_request(&session, execute, request, 0, &text));
    must_say(&text, "RopSetColumns request (MS-OXCROPS 2.2.5.1)  logon 0 input 2");
    must_say(&text, "property_tags[0]  0x0037001F PidTagSubject");
    must_say(&text, "handle[2]  0x3");
    must_say(&text, "offsets below count in the plain payload");
    struct bytes response = execute_body(&body, responses, sizeof responses - 1, 3, true, 0);
    text.size = 0;
    assert_true(explain_response(&session, execute, response, 0x100, &text));
    must_say(&text, "0x0037001F PidTagSubject  \"A\"");
    must_say(&text, "000110  unit:"); /* counted from the given base */
    text.size = 0;
    assert_false(explain_response(&fresh, execute, response, 0, &text)); /* nobody said which columns */
    must_say(&text, "rop[0] 0x12 RopSetColumns response"); /* what comes before is said */
    must_say(&text, "*** NO_COLUMNS at ");
    must_say(&text, "--request-file");
    explain_session_free(&session);
    explain_session_free(&fresh);
    buffer_free(&body);
    buffer_free(&text);
}

static void what_is_wrong_and_where(void **state)
{
    static const char cut[] = "\x02\0\0\1\1\0\0\0";
    static const char unknown[] = "\x28\0\0";
    const struct body_definition *execute = body_definition_find("Execute", false), *connect = body_definition_find("Connect", false);
    struct explain_session session = { 0 };
    struct buffer body = { 0 }, text = { 0 };
    assert_false(explain_request(&session, execute, execute_body(&body, cut, sizeof cut - 1, 1, false, 0), 0, &text));
    must_say(&text, "TRUNCATED at ");
    must_say(&text, "rop_open_folder_request.folder_id");
    text.size = 0;
    assert_false(explain_request(&session, execute, execute_body(&body, unknown, sizeof unknown - 1, 1, false, 0), 0, &text));
    must_say(&text, "BAD_VALUE at 18 in rop_id");
    text.size = 0;
    assert_false(explain_request(&session, connect, bytes_of("/o=x", 4), 0, &text));
    must_say(&text, "*** TRUNCATED at 0 in connect_request.user_dn");
    text.size = 0;
    assert_true(explain_response(&session, connect, bytes_of("\x0A\0\0\0\0\0\0\0", 8), 0, &text)); /* a failure body */
    must_say(&text, "failure_response");
    explain_session_free(&session);
    buffer_free(&body);
    buffer_free(&text);
}

static void every_form_of_a_capture(void **state)
{
    static const char http[] = "HTTP/1.1 200 OK\r\nX-RequestType: NotificationWait\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "C\r\nPROCESSING\r\n\r\n1A\r\nDONE\r\nX-ElapsedTime: 5\r\n\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
    struct arena arena = { 0 };
    struct capture capture;
    assert_true(capture_read(&arena, bytes_of(http, sizeof http - 1), &capture));
    assert_int_equal(capture.direction, CAPTURE_RESPONSE);
    assert_string_equal(capture.request_type, "NotificationWait");
    assert_true(capture.joined);
    assert_true(bytes_equal(capture.body, bytes_of("abcd", 4)));
    assert_true(capture_read(&arena, bytes_of("PENDING\r\nDONE\r\n\r\nxy", 19), &capture));
    assert_int_equal(capture.direction, CAPTURE_RESPONSE);
    assert_int_equal(capture.body_offset, 17);
    assert_true(bytes_equal(capture.body, bytes_of("xy", 2)));
    assert_false(capture_read(&arena, bytes_of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 51), &capture));
    static const char *const dumps[] = {
        "2F6f 3d\n45",
        "00000000: 2f6f 3d45                                /o=E\n",
        "00000000  2F 6F 3D 45                                      |/o=E|\n",
        "2f 6f 3d 45\r\n",
    };
    for (size_t i = 0; i < sizeof dumps / sizeof *dumps; i++)
        assert_true(bytes_equal(capture_of_hex(&arena, bytes_of_string(dumps[i])), bytes_of("/o=E", 4)));
    assert_null(capture_of_hex(&arena, bytes_of("/o=E", 4)).data);
    assert_null(capture_of_hex(&arena, bytes_of("2F6", 3)).data);
    assert_null(capture_of_hex(&arena, BYTES_NONE).data);
    arena_free(&arena);
}

static void guesses(void **state)
{
    static const char rops[] = "\x01\0\0";
    struct buffer body = { 0 };
    assert_ptr_equal(explain_guess(execute_body(&body, rops, 3, 1, false, 0), false), body_definition_find("Execute", false));
    assert_ptr_equal(explain_guess(execute_body(&body, rops, 0, 1, true, 0), true), body_definition_find("Execute", false));
    struct connect_request connect = { .user_dn = bytes_of_string("/o=x"), .default_code_page = 1252 };
    body.size = 0;
    assert_true(wire_encode(&connect_request_structure, &connect, NULL, &body, NULL));
    assert_ptr_equal(explain_guess(buffer_bytes(&body), false), body_definition_find("Connect", false));
    assert_null(explain_guess(bytes_of("\1", 1), false));
    buffer_free(&body);
}

/* MS-OXCRPC 3.1.4.1.2: blocks one after another, unknown ones skipped by their size, texts by offset. */
static void auxiliary_blocks(void **state)
{
    struct arena arena = { 0 };
    struct buffer payload = { 0 }, unit = { 0 };
    struct auxiliary_exorginfo organization = { AUXILIARY_ORGANIZATION_FLAGS_USE_AUTODISCOVER_FOR_PUBLIC_FOLDERS };
    struct auxiliary_items items;
    assert_true(auxiliary_append(&payload, 1, AUXILIARY_TYPE_EXORGINFO, &organization));
    assert_true(buffer_append(&payload, "\6\0\1\167ab", 6));
    assert_true(auxiliary_append_session_info(&payload, bytes_of(u"hi", 4)));
    assert_true(extended_buffer_append(&unit, buffer_bytes(&payload), EXTENDED_FLAGS_LAST));
    assert_true(auxiliary_read(&arena, buffer_bytes(&unit), &items));
    assert_int_equal(items.count, 3);
    assert_int_equal(((const struct auxiliary_exorginfo *)items.items[0].body)->organization_flags, 2);
    assert_null(items.items[1].structure);
    assert_int_equal(items.items[1].payload.size, 2);
    const struct auxiliary_server_session_info *info = items.items[2].body;
    assert_true(bytes_equal(auxiliary_text(&items.items[2], info->server_session_context_info_offset), bytes_of(u"hi", 4)));
    assert_null(auxiliary_text(&items.items[2], 0).data);
    assert_null(auxiliary_text(&items.items[2], 500).data);
    assert_true(auxiliary_read(&arena, BYTES_NONE, &items)); /* size 0: no unit at all */
    assert_int_equal(items.count, 0);
    static const char *const bad[] = { "\3\0\1\x17", "\x09\0\1\x17\0\0\0\0", "\0\0\1\x17" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(auxiliary_read_blocks(&arena, bytes_of(bad[i], i == 1 ? 8 : 4), &items));
    buffer_free(&payload);
    buffer_free(&unit);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_over_columns_of_the_request),
        cmocka_unit_test(what_is_wrong_and_where),
        cmocka_unit_test(every_form_of_a_capture),
        cmocka_unit_test(guesses),
        cmocka_unit_test(auxiliary_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
