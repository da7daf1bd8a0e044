/* Real exchanges with Exchange Server (../shared/data/exchange-se beside the source) decode completely and encode to the same
 * bytes again. Skipped with a message where they are not there. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/body_definition.h"
#include "protocol/extended_buffer.h"
#include "protocol/rop_list.h"

static char folder[1024];

static struct bytes file_read(struct arena *arena, const char *session, const char *name)
{
    char path[2048];
    snprintf(path, sizeof path, "%s/%s/%s", folder, session, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return BYTES_NONE;
    uint8_t *content = arena_allocate(arena, 1 << 20);
    size_t size = fread(content, 1, 1 << 20, file);
    fclose(file);
    return bytes_of(content, size);
}

/* The response stream's lines end with an empty one. */
static struct bytes body_of_stream(struct bytes stream)
{
    const uint8_t *end = memmem(stream.data, stream.size, "\r\n\r\n", 4);
    assert_non_null(end);
    return bytes_of(end + 4, stream.size - (size_t)(end + 4 - stream.data));
}

static void check_same(struct bytes expected, struct buffer *got)
{
    assert_int_equal(expected.size, got->size);
    assert_memory_equal(expected.data, got->data, got->size);
    buffer_free(got);
}

static void *check_body(struct arena *arena, const struct wire_structure *structure, struct bytes bytes)
{
    struct wire_error error = { 0 };
    struct buffer again = { 0 };
    void *object = arena_allocate(arena, structure->size);
    if (!wire_decode(arena, structure, bytes, NULL, object, &error))
        fail_msg("%s: %s at %zu in %s", structure->name, wire_status_name(error.status), error.offset, error.path);
    assert_true(wire_encode(structure, object, NULL, &again, NULL));
    check_same(bytes, &again);
    return object;
}

static struct bytes check_unit(struct arena *arena, struct bytes rop_buffer)
{
    struct extended_units units;
    struct buffer again = { 0 };
    assert_true(extended_buffer_read(arena, rop_buffer, &units, NULL));
    assert_int_equal(units.count, 1);
    assert_true(extended_buffer_append(&again, units.units[0].payload, units.units[0].flags));
    check_same(rop_buffer, &again);
    return units.units[0].payload;
}

static void check_execute(struct arena *arena, const char *session, const char *number, struct rop_columns *columns)
{
    char name[64];
    struct wire_error error = { 0 };
    struct buffer again = { 0 };
    snprintf(name, sizeof name, "%s-execute.request.bin", number);
    const struct execute_request *request = check_body(arena, &execute_request_structure, file_read(arena, session, name));
    struct bytes payload = check_unit(arena, request->rop_buffer);
    struct rop_request_list requests;
    if (!rop_requests_decode(arena, payload, NULL, &requests, &error))
        fail_msg("%s: %s at %zu in %s", name, wire_status_name(error.status), error.offset, error.path);
    assert_true(rop_requests_encode(&requests, NULL, &again, NULL));
    check_same(payload, &again);

    snprintf(name, sizeof name, "%s-execute.response.bin", number);
    struct bytes stream = body_of_stream(file_read(arena, session, name));
    const struct execute_success *success = check_body(arena, &execute_success_structure, stream);
    payload = check_unit(arena, success->rop_buffer);
    struct rop_response_list responses;
    if (!rop_responses_decode(arena, payload, &requests, columns, &responses, &error))
        fail_msg("%s: %s at %zu in %s", name, wire_status_name(error.status), error.offset, error.path);
    for (uint32_t i = 0; i < responses.count; i++)
        assert_true(responses.responses[i].request >= 0 && responses.responses[i].return_value == 0);
    struct buffer whole = { 0 };
    assert_true(rop_responses_encode(&responses, &whole, &error));
    check_same(payload, &whole);
}

static void check_session(const char *session)
{
    struct arena arena = { 0 };
    struct rop_columns columns = { 0 };
    struct bytes request = file_read(&arena, session, "01-connect.request.bin");
    if (!request.data) {
        print_message("skipped: no %s/%s\n", folder, session);
        skip();
    }
    check_body(&arena, &connect_request_structure, request);
    const struct connect_success *success = check_body(&arena, &connect_success_structure,
        body_of_stream(file_read(&arena, session, "01-connect.response.bin")));
    assert_int_equal(success->polls_max_ms, 60000);
    assert_int_equal(success->retry_count, 6);
    check_execute(&arena, session, "02", &columns);
    check_execute(&arena, session, "03", &columns);
    rop_columns_free(&columns);
    arena_free(&arena);
}

static void hierarchy_session(void **state)
{
    check_session("hierarchy");
}

static void contents_session(void **state)
{
    check_session("contents");
}

/* MS-OXCROPS R18: a list that cannot be read has no answer of its own; every cut of a real list must be noticed. */
static void every_cut_of_a_real_list_fails(void **state)
{
    struct arena arena = { 0 };
    struct bytes body = file_read(&arena, "contents", "03-execute.request.bin");
    if (!body.data)
        skip();
    struct execute_request request;
    struct extended_units units;
    assert_true(wire_decode(&arena, &execute_request_structure, body, NULL, &request, NULL));
    for (size_t cut = 0; cut < body.size; cut++) {
        struct execute_request again;
        assert_false(wire_decode(&arena, &execute_request_structure, bytes_of(body.data, cut), NULL, &again, NULL));
    }
    for (size_t cut = 1; cut < request.rop_buffer.size; cut++)
        assert_false(extended_buffer_read(&arena, bytes_of(request.rop_buffer.data, cut), &units, NULL));
    assert_true(extended_buffer_read(&arena, request.rop_buffer, &units, NULL));
    struct bytes payload = units.units[0].payload;
    for (size_t cut = 0; cut < load_u16(payload.data); cut++) {
        struct rop_request_list list;
        assert_false(rop_requests_decode(&arena, bytes_of(payload.data, cut), NULL, &list, NULL));
    }
    arena_free(&arena);
}

int main(void)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    snprintf(folder, sizeof folder, "%s/../shared/data/exchange-se/exchange-se", root ? root : ".");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hierarchy_session),
        cmocka_unit_test(contents_session),
        cmocka_unit_test(every_cut_of_a_real_list_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
