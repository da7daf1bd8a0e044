/* Lists of ROPs (MS-OXCROPS 2.2.1, 3.1.4.1, 3.2.5.1): the frame, the handle slots of each kind, and what a client needs to read
 * rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/error_code.h"
#include "protocol/property_tags.h"
#include "protocol/rop_list.h"

static struct bytes hex(struct arena *arena, const char *text)
{
    uint8_t *data = arena_allocate(arena, strlen(text));
    size_t size = 0;
    for (; *text; text++) {
        if (*text == ' ')
            continue;
        char digits[3] = { text[0], text[1], 0 };
        data[size++] = (uint8_t)strtoul(digits, NULL, 16);
        text++;
    }
    return bytes_of(data, size);
}

/* Where each request says its slots, and which of them its response repeats. */
static void handle_slots(void **state)
{
    static const struct { const char *bytes; uint8_t input, output, repeated; } cases[] = {
        { "02 07 03 04 0100000000000001 00", 3, 4, 4 },          /* RopOpenFolder: in, out */
        { "15 07 03 00 01 3200", 3, 0, 3 },                      /* RopQueryRows: in */
        { "0C 07 05 06 0A", 6, 5, 5 },                           /* RopSaveChangesMessage: response before input */
        { "39 07 01 02 00 01 00 0000", 1, 2, 1 },                /* RopCopyTo: source, destination */
        { "FE 07 09 01 00000000 00000000 0000", 0, 9, 9 },       /* RopLogon: out */
    };
    struct arena arena = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes rops = hex(&arena, cases[i].bytes), all = rops;
        struct rop_request request;
        struct buffer again = { 0 };
        assert_true(rop_request_decode(&arena, &rops, NULL, &request, NULL));
        assert_int_equal(rops.size, 0);
        assert_int_equal(request.logon_id, 7);
        assert_int_equal(request.handle_index, cases[i].input);
        assert_int_equal(request.output_handle_index, cases[i].output);
        assert_int_equal(rop_response_to(&request, 0).handle_index, cases[i].repeated);
        assert_true(rop_request_encode(&request, NULL, &again, NULL));
        assert_true(bytes_equal(all, buffer_bytes(&again)));
        buffer_free(&again);
    }
    arena_free(&arena);
}

/* MS-OXCROPS R18: reserved ids; also those that only servers send, and 0x52, which has a layout (R1413). */
static void ids_that_no_request_has(void **state)
{
    static const uint8_t ids[] = { 0x00, 0x28, 0x3C, 0x52, 0x62, 0x71, 0xFA, 0x2A, 0x6E, 0xF9, 0xFF };
    struct arena arena = { 0 };
    for (size_t i = 0; i < sizeof ids; i++) {
        uint8_t bytes[16] = { ids[i] };
        struct bytes rops = bytes_of(bytes, sizeof bytes);
        struct rop_request request;
        struct wire_error error;
        assert_false(rop_request_decode(&arena, &rops, NULL, &request, &error));
        assert_int_equal(error.status, WIRE_BAD_VALUE);
        assert_int_equal(rops.size, sizeof bytes);
    }
    arena_free(&arena);
}

static void malformed_payloads(void **state)
{
    static const char *const cases[] = {
        "",                        /* no size */
        "02",
        "0100",                    /* smaller than itself */
        "0300",                    /* larger than the payload */
        "0200 000000",             /* a handle cut */
        "0400 0102",               /* RopRelease cut */
        "0500 010000 00",
        "0600 02000001 FFFFFFFF",  /* RopOpenFolder without its folder */
    };
    struct arena arena = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rop_request_list list = { .count = 77 };
        struct wire_error error;
        assert_false(rop_requests_decode(&arena, hex(&arena, cases[i]), NULL, &list, &error));
        assert_int_equal(list.count, 77); /* untouched */
        assert_int_not_equal(error.status, WIRE_OK);
    }
    arena_free(&arena);
}

/* An empty list is legal: a client fetches notifications with it. */
static void empty_list(void **state)
{
    struct arena arena = { 0 };
    struct rop_request_list list;
    assert_true(rop_requests_decode(&arena, hex(&arena, "0200"), NULL, &list, NULL));
    assert_int_equal(list.count, 0);
    assert_int_equal(list.handle_count, 0);
    arena_free(&arena);
}

static void room_for_handles_that_answers_add(void **state)
{
    struct arena arena = { 0 };
    struct bytes rops;
    uint32_t *handles, count;
    assert_true(rop_payload_split(&arena, hex(&arena, "0500 010000 07000000"), 256, &rops, &handles, &count));
    assert_int_equal(rops.size, 3);
    assert_int_equal(count, 1);
    assert_int_equal(handles[0], 7);
    for (int i = 1; i < 256; i++)
        assert_int_equal(handles[i], ROP_HANDLE_NONE);
    arena_free(&arena);
}

/* MS-OXCROPS R2094: the client data of RopSetMessageReadFlag is there on public logons only, also when the logon is in the
 * same list. */
static void fields_that_hang_on_the_logon(void **state)
{
    static const char private_list[] = "1600 FE 00 00 01 00000000 00000000 0000  11 00 00 01 05";
    static const char public_list[] = "2E00 FE 00 00 00 02000000 00000000 0000  11 00 00 01 05 "
                                      "000102030405060708090A0B0C0D0E0F1011121314151617";
    struct arena arena = { 0 };
    struct rop_request_list list;
    struct rop_logon_kinds kinds = { 0 };
    struct buffer again = { 0 };
    assert_true(rop_requests_decode(&arena, hex(&arena, "1500 FE 00 00 01 00000000 00000000 0000  11 00 00 01 05"), &kinds, &list, NULL));
    assert_int_equal(list.count, 2);
    assert_int_equal(kinds.public_bits[0], 0);
    assert_false(rop_requests_decode(&arena, hex(&arena, private_list), &kinds, &list, NULL)); /* the size lies */
    assert_true(rop_requests_decode(&arena, hex(&arena, "2D00 FE 00 00 00 02000000 00000000 0000  11 00 00 01 05 "
        "000102030405060708090A0B0C0D0E0F1011121314151617"), &kinds, &list, NULL));
    assert_int_equal(kinds.public_bits[0], 1);
    const struct rop_set_message_read_flag_request *flag = list.requests[1].body;
    assert_int_equal(flag->client_data[23], 0x17);
    assert_false(rop_requests_decode(&arena, hex(&arena, public_list), &kinds, &list, NULL));
    struct rop_logon_kinds none = { 0 };
    assert_true(rop_requests_encode(&list, &none, &again, NULL));
    assert_int_equal(again.size, 0x2D);
    buffer_free(&again);
    arena_free(&arena);
}

/* MS-OXCROPS 2.2.6.9.2: the answer to RopGetMessageStatus carries the id of RopSetMessageStatus. */
static void message_status_answers_under_another_id(void **state)
{
    struct arena arena = { 0 };
    struct rop_get_message_status_request body = { .message_id = 5 };
    struct rop_request request = { .rop_id = ROP_ID_GET_MESSAGE_STATUS, .handle_index = 2, .body = &body };
    struct rop_get_message_status_success success = { .message_status_flags = 4 };
    struct rop_response response = rop_response_to(&request, EC_SUCCESS);
    response.body = &success;
    struct rop_response_list list = { 1, &response, 0, NULL }, read;
    struct rop_request_list requests = { 1, &request, 0, NULL };
    struct buffer payload = { 0 };
    assert_true(rop_responses_encode(&list, &payload, NULL));
    assert_true(bytes_equal(buffer_bytes(&payload), hex(&arena, "0C00 20 02 00000000 04000000")));
    assert_true(rop_responses_decode(&arena, buffer_bytes(&payload), &requests, NULL, &read, NULL));
    assert_int_equal(read.count, 1);
    assert_int_equal(read.responses[0].request, 0);
    assert_int_equal(read.responses[0].rop_id, ROP_ID_GET_MESSAGE_STATUS);
    buffer_free(&payload);
    arena_free(&arena);
}

/* The special forms, and failures that carry what successes carry. */
static void forms_by_return_value(void **state)
{
    static const struct { uint8_t rop_id; uint32_t return_value; const char *name; } cases[] = {
        { ROP_ID_LOGON, EC_SUCCESS, "rop_logon_success" },
        { ROP_ID_LOGON, EC_WRONG_SERVER, "rop_logon_redirect" },
        { ROP_ID_LOGON, EC_ACCESS_DENIED, NULL },
        { ROP_ID_COPY_TO, EC_NULL_DESTINATION_OBJECT, "rop_copy_to_null_destination" },
        { ROP_ID_COPY_TO, EC_ERRORS_RETURNED, "rop_copy_to_success" },
        { ROP_ID_MOVE_FOLDER, EC_ACCESS_DENIED, "rop_move_folder_success" },
        { ROP_ID_READ_STREAM, EC_NOT_FOUND, "rop_read_stream_success" },
        { ROP_ID_GET_PROPERTY_IDS_FROM_NAMES, EC_WARN_WITH_ERRORS, "rop_get_property_ids_from_names_success" },
        { ROP_ID_OPEN_FOLDER, EC_NULL_OBJECT, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct wire_structure *structure = rop_response_structure(rop_definitions[cases[i].rop_id], cases[i].return_value);
        if (cases[i].name)
            assert_string_equal(structure->name, cases[i].name);
        else
            assert_null(structure);
    }
}

/* MS-OXCFXICS R3745, R3748: with ServerBusy a back-off time stands in place of the buffer. */
static void get_buffer_busy(void **state)
{
    struct arena arena = { 0 };
    struct rop_fast_transfer_source_get_buffer_success body = { .transfer_status = 1, .backoff_time = 1000 };
    struct rop_response response = { .rop_id = ROP_ID_FAST_TRANSFER_SOURCE_GET_BUFFER, .handle_index = 1,
        .return_value = EC_FX_SERVER_BUSY, .body = &body };
    struct buffer rops = { 0 };
    assert_true(rop_response_encode(&response, &rops, NULL));
    assert_true(bytes_equal(buffer_bytes(&rops), hex(&arena, "4E 01 80040000 0100 0000 0000 00 0000 E8030000")));
    buffer_free(&rops);
    arena_free(&arena);
}

/* A response that does not fit leaves what was there (RopBufferTooSmall is made of that). */
static void a_full_buffer_keeps_what_it_has(void **state)
{
    uint8_t data[64] = { 0 };
    struct rop_read_stream_success body = { .data = bytes_of(data, sizeof data) };
    struct rop_response response = { .rop_id = ROP_ID_READ_STREAM, .body = &body };
    struct buffer rops = { .size_max = 100 };
    struct wire_error error;
    assert_true(rop_response_encode(&response, &rops, NULL));
    assert_int_equal(rops.size, 72);
    assert_false(rop_response_encode(&response, &rops, &error));
    assert_int_equal(rops.size, 72);
    assert_false(rops.failed);
    body.data.size = 20;
    assert_true(rop_response_encode(&response, &rops, NULL));
    buffer_free(&rops);
}

static const uint32_t columns[] = { PID_TAG_MID, PID_TAG_SUBJECT };

/* RopSetColumns and RopQueryRows in one list, then RopQueryRows alone: the second answer needs what the first list set. */
static void rows_over_remembered_columns(void **state)
{
    struct arena arena = { 0 };
    struct rop_columns memory = { 0 };
    struct rop_set_columns_request set = { .property_tag_count = 2, .property_tags = columns };
    struct rop_query_rows_request query = { .forward_read = 1, .row_count = 1 };
    struct rop_request requests[] = {
        { .rop_id = ROP_ID_SET_COLUMNS, .handle_index = 0, .body = &set },
        { .rop_id = ROP_ID_QUERY_ROWS, .handle_index = 0, .body = &query },
    };
    uint32_t handle = 0x12;
    struct rop_request_list list = { 2, requests, 1, &handle };
    struct rop_response_list read;
    struct bytes rows = hex(&arena, "0100 00 0100000000000203 41000000"), payload;
    struct buffer built = { 0 };
    assert_true(buffer_append_u16(&built, 0) && buffer_append(&built, "\x12\0\0\0\0\0\0", 7)
        && buffer_append(&built, "\x15\0\0\0\0\0\2", 7) && buffer_append(&built, rows.data, rows.size));
    store_u16(built.data, (uint16_t)built.size);
    assert_true(buffer_append_u32(&built, handle));
    payload = buffer_bytes(&built);
    assert_true(rop_responses_decode(&arena, payload, &list, &memory, &read, NULL));
    assert_int_equal(read.count, 2);
    const struct rop_query_rows_success *success = read.responses[1].body;
    assert_int_equal(success->row_data[0].count, 2);
    assert_int_equal(success->row_data[0].values[1].tag, PID_TAG_SUBJECT);
    buffer_free(&built);

    struct rop_request_list second = { 1, &requests[1], 1, &handle };
    assert_true(buffer_append_u16(&built, 0) && buffer_append(&built, "\x15\0\0\0\0\0\2", 7) && buffer_append(&built, rows.data, rows.size));
    store_u16(built.data, (uint16_t)built.size); /* the handle table may be dropped */
    struct wire_error error;
    assert_true(rop_responses_decode(&arena, buffer_bytes(&built), &second, &memory, &read, NULL));
    assert_false(rop_responses_decode(&arena, buffer_bytes(&built), &second, NULL, &read, &error)); /* nobody remembered */
    assert_int_equal(error.status, WIRE_NO_COLUMNS);
    buffer_free(&built);
    rop_columns_free(&memory);
    arena_free(&arena);
}

/* A notification of a table nobody knows keeps its row as bytes, and says so again when encoded. */
static void notification_of_an_unknown_table(void **state)
{
    static const char payload[] = "2100 2A 05000000 00 0001 0500 0100000000000001 0100000000000002 0300 00 4100";
    struct arena arena = { 0 };
    struct rop_response_list list;
    struct buffer again = { 0 };
    assert_true(rop_responses_decode(&arena, hex(&arena, payload), NULL, NULL, &list, NULL));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.responses[0].request, -1);
    const struct rop_notify_success *notify = list.responses[0].body;
    assert_int_equal(notify->notification_data.table_row_data.raw.size, 3);
    assert_true(rop_responses_encode(&list, &again, NULL));
    assert_true(bytes_equal(buffer_bytes(&again), hex(&arena, payload)));
    buffer_free(&again);
    arena_free(&arena);
}

/* Answers that do not belong to the requests are still read, without a request to point at. */
static void answers_in_the_wrong_order(void **state)
{
    struct arena arena = { 0 };
    struct rop_request requests[] = { { .rop_id = ROP_ID_RELEASE }, { .rop_id = ROP_ID_COMMIT_STREAM, .handle_index = 1 },
        { .rop_id = ROP_ID_GET_STREAM_SIZE, .handle_index = 1 } };
    struct rop_request_list list = { 3, requests, 0, NULL };
    struct rop_response_list read;
    assert_true(rop_responses_decode(&arena, hex(&arena, "1200 5E 01 00000000 09000000 5D 01 00000000"), &list, NULL, &read, NULL));
    assert_int_equal(read.responses[0].request, 2);
    assert_int_equal(read.responses[1].request, -1);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_slots),
        cmocka_unit_test(ids_that_no_request_has),
        cmocka_unit_test(malformed_payloads),
        cmocka_unit_test(empty_list),
        cmocka_unit_test(room_for_handles_that_answers_add),
        cmocka_unit_test(fields_that_hang_on_the_logon),
        cmocka_unit_test(message_status_answers_under_another_id),
        cmocka_unit_test(forms_by_return_value),
        cmocka_unit_test(get_buffer_busy),
        cmocka_unit_test(a_full_buffer_keeps_what_it_has),
        cmocka_unit_test(rows_over_remembered_columns),
        cmocka_unit_test(notification_of_an_unknown_table),
        cmocka_unit_test(answers_in_the_wrong_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
