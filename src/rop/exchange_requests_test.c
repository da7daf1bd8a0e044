/* Requests that a real client sent to Exchange SE, run here: the second Execute of each recorded session opens a folder and
 * reads a table. Our answer has the ROPs, handle indexes and return values of Exchange's, in its order, and starts with the
 * same bytes up to the row count. Skipped where the recordings are not there. */
#include "rop/executor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "protocol/extended_buffer.h"
#include "protocol/mailbox_body.h"
#include "protocol/rop_list.h"
#include "rop/test_world.h"

static struct bytes read_recording(struct arena *arena, const char *name)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    const char *path = arena_format(arena, "%s/../shared/data/exchange-se/exchange-se/%s", root ? root : ".", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return BYTES_NONE;
    uint8_t *content = arena_allocate(arena, 1 << 16);
    struct bytes bytes = {content, fread(content, 1, 1 << 16, file)};
    fclose(file);
    return bytes;
}

static struct bytes payload_of(struct arena *arena, struct bytes rop_buffer)
{
    struct extended_units units;
    assert_true(extended_buffer_read(arena, rop_buffer, &units, NULL));
    assert_int_equal(units.count, 1);
    return units.units[0].payload;
}

static struct bytes request_payload(struct arena *arena, const char *name)
{
    struct bytes body = read_recording(arena, name);
    if (!body.data) {
        print_message("skipped: no recording %s\n", name);
        arena_free(arena);
        skip();
    }
    struct execute_request request;
    assert_true(wire_decode(arena, &execute_request_structure, body, NULL, &request, NULL));
    return payload_of(arena, request.rop_buffer);
}

/* Behind PROCESSING, DONE and the headers. */
static struct bytes response_payload(struct arena *arena, const char *name)
{
    struct bytes stream = read_recording(arena, name);
    const uint8_t *begin = memmem(stream.data, stream.size, "\r\n\r\n", 4);
    assert_non_null(begin);
    begin += 4;
    struct execute_success response;
    assert_true(wire_decode(arena, &execute_success_structure, bytes_of(begin, (size_t)(stream.data + stream.size - begin)),
        NULL, &response, NULL));
    return payload_of(arena, response.rop_buffer);
}

static struct rop_execution execute(struct test_session *session, struct arena *arena, const struct bytes *payload)
{
    struct rop_execution execution = {.arena = arena, .payload_count = 1, .payloads = payload, .max_rop_out = 0x10000};
    test_session_execute(session, &execution);
    assert_int_equal(execution.error_code, 0);
    assert_int_equal(execution.status_code, 0);
    return execution;
}

static void log_on(struct test_session *session, struct arena *arena)
{
    struct rop_logon_request logon = {
        .logon_flags = 1, .open_flags = 0x01000000, .essdn = bytes_of_string(session->user->legacy_dn)};
    struct rop_request request = {.rop_id = ROP_ID_LOGON, .body = &logon};
    uint32_t handle = ROP_HANDLE_NONE;
    const struct rop_request_list list = {1, &request, 1, &handle};
    struct buffer payload = {0};
    assert_true(rop_requests_encode(&list, NULL, &payload, NULL));
    struct bytes bytes = buffer_bytes(&payload);
    execute(session, arena, &bytes);
    buffer_free(&payload);
}

static void run(const char *folder, size_t same_size)
{
    struct arena arena = {0};
    char name[100];
    snprintf(name, sizeof name, "%s/03-execute.request.bin", folder);
    struct bytes request = request_payload(&arena, name);
    snprintf(name, sizeof name, "%s/03-execute.response.bin", folder);
    struct bytes exchange = response_payload(&arena, name);
    struct test_world *world = test_world_new(0);
    struct test_session session;
    assert_true(test_session_begin(world, "ada", 1252, false, &session));
    log_on(&session, &arena);
    struct rop_execution execution = execute(&session, &arena, &request);

    struct rop_request_list requests;
    struct rop_response_list ours, theirs;
    struct rop_columns columns = {0}, their_columns = {0};
    assert_true(rop_requests_decode(&arena, request, NULL, &requests, NULL));
    assert_true(rop_responses_decode(&arena, execution.ret_payloads[0], &requests, &columns, &ours, NULL));
    assert_true(rop_responses_decode(&arena, exchange, &requests, &their_columns, &theirs, NULL));
    assert_int_equal(ours.count, theirs.count);
    for (uint32_t i = 0; i < ours.count; i++) {
        assert_int_equal(ours.responses[i].rop_id, theirs.responses[i].rop_id);
        assert_int_equal(ours.responses[i].handle_index, theirs.responses[i].handle_index);
        assert_int_equal(ours.responses[i].return_value, theirs.responses[i].return_value);
    }
    assert_int_equal(ours.handle_count, theirs.handle_count);
    assert_memory_equal(ours.handles, theirs.handles, ours.handle_count * sizeof(uint32_t));
    /* Behind the size of the list, up to the row count of the table. */
    assert_memory_equal(execution.ret_payloads[0].data + 2, exchange.data + 2, same_size);
    const struct rop_query_rows_success *rows = ours.responses[3].body;
    const struct rop_query_rows_success *their_rows = theirs.responses[3].body;
    assert_int_equal(rows->origin, their_rows->origin);
    rop_columns_free(&columns);
    rop_columns_free(&their_columns);
    test_session_end(&session);
    test_world_free(world);
    arena_free(&arena);
}

#define UP_TO_ROW_COUNT (8 + 6) /* RopOpenFolder, and the header of the table's opening */

static void contents(void **state)
{
    run("contents", UP_TO_ROW_COUNT);
    (void)state;
}

static void hierarchy(void **state)
{
    run("hierarchy", UP_TO_ROW_COUNT);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(contents), cmocka_unit_test(hierarchy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
