/* What the tests of executing ROPs share: a world, a session with ada's, requests put together and answers taken apart. Included by
 * these tests only. */
#pragma once
#include "rop/execute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "protocol/error_code.h"
#include "protocol/id.h"
#include "protocol/property_tags.h"
#include "protocol/rop_list.h"
#include "rop/test_world.h"
#include "store/failing/failing_store.h"

#define HANDLE_COUNT 6

struct fixture {
    struct test_world *world;
    struct test_session session;
    struct arena arena;
    uint32_t handles[HANDLE_COUNT];
    struct rop_columns columns;
    struct rop_response_list answer;
    struct rop_execution execution;
};

enum handle { LOGON, INBOX, MESSAGE, STREAM, OTHER, UNUSED };

#define ROP(id, in, out, request) \
    {.rop_id = ROP_ID_##id, .handle_index = in, .output_handle_index = out, .body = request}

static inline struct bytes encode(struct fixture *fixture, struct rop_request *requests, uint32_t count)
{
    struct rop_request_list list = {count, requests, HANDLE_COUNT, fixture->handles};
    struct buffer payload = {0};
    assert_true(rop_requests_encode(&list, NULL, &payload, NULL));
    struct bytes copy = arena_bytes(&fixture->arena, buffer_bytes(&payload));
    buffer_free(&payload);
    return copy;
}

static inline void send_payloads(struct fixture *fixture, const struct bytes *payloads, uint32_t count)
{
    fixture->execution = (struct rop_execution){
        .arena = &fixture->arena,
        .payload_count = count,
        .payloads = payloads,
        .max_rop_out = 0x10008,
    };
    test_session_execute(&fixture->session, &fixture->execution);
}

/* False where the Execute as a whole failed. */
static inline bool execute(struct fixture *fixture, struct rop_request *requests, uint32_t count)
{
    arena_reset(&fixture->arena);
    struct bytes payload = encode(fixture, requests, count);
    send_payloads(fixture, &payload, 1);
    if (fixture->execution.error_code || fixture->execution.status_code)
        return false;
    struct rop_request_list sent = {count, requests, HANDLE_COUNT, fixture->handles};
    assert_true(rop_responses_decode(&fixture->arena, fixture->execution.ret_payloads[0], &sent, &fixture->columns,
        &fixture->answer, NULL));
    memcpy(fixture->handles, fixture->answer.handles, sizeof fixture->handles);
    return true;
}

static inline uint32_t result(const struct fixture *fixture, uint32_t index)
{
    assert_true(index < fixture->answer.count);
    return fixture->answer.responses[index].return_value;
}

static inline bool log_on(struct fixture *fixture)
{
    struct rop_logon_request logon = {
        .logon_flags = 1, .essdn = bytes_of_string(fixture->session.user->legacy_dn)};
    struct rop_open_folder_request folder = {.folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX))};
    struct rop_request requests[] = {ROP(LOGON, 0, LOGON, &logon), ROP(OPEN_FOLDER, LOGON, INBOX, &folder)};
    return execute(fixture, requests, 2) && !result(fixture, 0) && !result(fixture, 1);
}

static inline void begin(struct fixture *fixture, const char *account)
{
    memset(fixture->handles, 0xFF, sizeof fixture->handles);
    assert_true(test_session_begin(fixture->world, account, 1252, false, &fixture->session));
}

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->world = test_world_new(0);
    begin(fixture, "ada");
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    store_failing_plan(test_world_store(fixture->world), STORE_CALL_ANY, 1, 1, STORE_OK);
    test_session_end(&fixture->session);
    test_world_free(fixture->world);
    rop_columns_free(&fixture->columns);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static inline bool create_message(struct fixture *fixture)
{
    struct rop_create_message_request create = {
        .code_page_id = 0x0FFF, .folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX))};
    struct rop_save_changes_message_request save = {.save_flags = 2};
    struct rop_request requests[] = {
        ROP(CREATE_MESSAGE, INBOX, MESSAGE, &create), ROP(SAVE_CHANGES_MESSAGE, MESSAGE, MESSAGE, &save)};
    return execute(fixture, requests, 2) && !result(fixture, 0) && !result(fixture, 1);
}
