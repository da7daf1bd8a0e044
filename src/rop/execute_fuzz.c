/* Fuzzes the execution of ROP lists: any payloads, one after the other, into a small real mailbox with a logon (handle 0), a
 * folder (1), a contents table with columns (2), a message (3), an attachment (4), a stream (5), a hierarchy table (6) and a
 * subscription (7) open. Input: a byte of options, then payloads, each with its size in front (u16). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mailbox/mailbox.h"
#include "protocol/id.h"
#include "protocol/property_tags.h"
#include "protocol/rop_list.h"
#include "rop/test_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUTS_PER_WORLD 2000u /* then the mailbox is made anew: it grows with what the inputs save */

static struct test_world *world;
static unsigned input_count;
static struct arena arena;

static void renew_world(void)
{
    if (world)
        test_world_free(world);
    world = test_world_new(64);
}

static void open_objects(struct test_session *session)
{
    const uint64_t inbox = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX));
    struct rop_logon_request logon = {.logon_flags = 1, .essdn = bytes_of_string(session->user->legacy_dn)};
    struct rop_open_folder_request folder = {.folder_id = inbox};
    struct rop_get_contents_table_request contents = {0};
    uint32_t tags[] = {PID_TAG_MID, PID_TAG_SUBJECT};
    struct rop_set_columns_request columns = {0, 2, tags};
    struct rop_create_message_request message = {.code_page_id = 0x0FFF, .folder_id = inbox};
    struct rop_create_attachment_request attachment = {0};
    struct rop_open_stream_request stream = {.property_tag = PID_TAG_RTF_COMPRESSED, .open_mode_flags = 2};
    struct rop_get_hierarchy_table_request hierarchy = {0};
    struct rop_register_notification_request subscription = {.notification_types = 0xFE, .want_whole_store = 1};
    struct rop_request requests[] = {
        {.rop_id = ROP_ID_LOGON, .output_handle_index = 0, .body = &logon},
        {.rop_id = ROP_ID_OPEN_FOLDER, .handle_index = 0, .output_handle_index = 1, .body = &folder},
        {.rop_id = ROP_ID_GET_CONTENTS_TABLE, .handle_index = 1, .output_handle_index = 2, .body = &contents},
        {.rop_id = ROP_ID_CREATE_MESSAGE, .handle_index = 1, .output_handle_index = 3, .body = &message},
        {.rop_id = ROP_ID_CREATE_ATTACHMENT, .handle_index = 3, .output_handle_index = 4, .body = &attachment},
        {.rop_id = ROP_ID_OPEN_STREAM, .handle_index = 3, .output_handle_index = 5, .body = &stream},
        {.rop_id = ROP_ID_GET_HIERARCHY_TABLE, .handle_index = 1, .output_handle_index = 6, .body = &hierarchy},
        {.rop_id = ROP_ID_REGISTER_NOTIFICATION, .handle_index = 0, .output_handle_index = 7, .body = &subscription},
        {.rop_id = ROP_ID_SET_COLUMNS, .handle_index = 2, .body = &columns},
        {.rop_id = ROP_ID_SET_COLUMNS, .handle_index = 6, .body = &columns},
    };
    uint32_t handles[8];
    memset(handles, 0xFF, sizeof handles);
    const struct rop_request_list list = {sizeof requests / sizeof *requests, requests, 8, handles};
    struct buffer payload = {0};
    if (!rop_requests_encode(&list, NULL, &payload, NULL))
        abort();
    struct bytes bytes = buffer_bytes(&payload);
    struct rop_execution execution = {.arena = &arena, .payload_count = 1, .payloads = &bytes, .max_rop_out = 0x10008};
    test_session_execute(session, &execution);
    if (execution.error_code || execution.status_code)
        abort();
    buffer_free(&payload);
    arena_reset(&arena);
}

/* What every answer must be, whatever was asked. */
static void check(const struct rop_execution *execution)
{
    if (execution->error_code || execution->status_code)
        return;
    if (!execution->ret_payload_count || execution->ret_payload_count > ROP_PAYLOADS_MAX)
        abort();
    size_t total = 0;
    for (uint32_t i = 0; i < execution->ret_payload_count; i++) {
        struct bytes payload = execution->ret_payloads[i];
        if (payload.size < 2 || payload.size > ROP_PAYLOAD_SIZE_MAX || load_u16(payload.data) > payload.size)
            abort();
        total += payload.size + 8;
    }
    if (total > execution->max_rop_out)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t rooms[] = {0x10008, 0x40000, 64, 200, 1000, 0x8007, 9, 32};
    if (!world || input_count++ % INPUTS_PER_WORLD == INPUTS_PER_WORLD - 1)
        renew_world();
    if (!size)
        return 0;
    const uint8_t options = *data++;
    size--;
    struct test_session session;
    if (!test_session_begin(world, "ada", 1252, false, &session))
        abort();
    open_objects(&session);
    for (int i = 0; i < 16 && size >= 2; i++) {
        size_t length = load_u16(data) < size - 2 ? load_u16(data) : size - 2;
        uint8_t *exact = malloc(length + 1);
        memcpy(exact, data + 2, length);
        const struct bytes payload = {exact, length};
        struct rop_execution execution = {
            .arena = &arena,
            .payload_count = 1,
            .payloads = &payload,
            .max_rop_out = rooms[options & 7],
            .chain = options & 8,
        };
        test_session_execute(&session, &execution);
        check(&execution);
        arena_reset(&arena);
        free(exact);
        data += 2 + length;
        size -= 2 + length;
    }
    test_session_end(&session);
    return 0;
}
