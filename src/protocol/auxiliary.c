#include "protocol/auxiliary.h"
#include "protocol/extended_buffer.h"
#include <string.h>

#define BLOCK_HEADER_SIZE 4
#define BLOCKS_MAX 256u

/* MS-OXCRPC 2.2.2.2: types are numbered for each version by itself. */
static const struct auxiliary_row {
    uint8_t version;
    uint8_t type;
    const struct wire_structure *structure;
} rows[] = {
    { 1, AUXILIARY_TYPE_PERF_REQUESTID, &auxiliary_perf_requestid_structure },
    { 1, AUXILIARY_TYPE_PERF_CLIENTINFO, &auxiliary_perf_clientinfo_structure },
    { 1, AUXILIARY_TYPE_PERF_SERVERINFO, &auxiliary_perf_serverinfo_structure },
    { 1, AUXILIARY_TYPE_PERF_SESSIONINFO, &auxiliary_perf_sessioninfo_structure },
    { 1, AUXILIARY_TYPE_PERF_DEFMDB_SUCCESS, &auxiliary_perf_defmdb_success_structure },
    { 1, AUXILIARY_TYPE_PERF_DEFGC_SUCCESS, &auxiliary_perf_defgc_success_structure },
    { 1, AUXILIARY_TYPE_PERF_MDB_SUCCESS, &auxiliary_perf_mdb_success_structure },
    { 1, AUXILIARY_TYPE_PERF_GC_SUCCESS, &auxiliary_perf_gc_success_structure },
    { 1, AUXILIARY_TYPE_PERF_FAILURE, &auxiliary_perf_failure_structure },
    { 1, AUXILIARY_TYPE_CLIENT_CONTROL, &auxiliary_client_control_structure },
    { 1, AUXILIARY_TYPE_PERF_PROCESSINFO, &auxiliary_perf_processinfo_structure },
    { 1, AUXILIARY_TYPE_PERF_BG_DEFMDB_SUCCESS, &auxiliary_perf_defmdb_success_structure },
    { 1, AUXILIARY_TYPE_PERF_BG_DEFGC_SUCCESS, &auxiliary_perf_defgc_success_structure },
    { 1, AUXILIARY_TYPE_PERF_BG_MDB_SUCCESS, &auxiliary_perf_mdb_success_structure },
    { 1, AUXILIARY_TYPE_PERF_BG_GC_SUCCESS, &auxiliary_perf_gc_success_structure },
    { 1, AUXILIARY_TYPE_PERF_BG_FAILURE, &auxiliary_perf_failure_structure },
    { 1, AUXILIARY_TYPE_PERF_FG_DEFMDB_SUCCESS, &auxiliary_perf_defmdb_success_structure },
    { 1, AUXILIARY_TYPE_PERF_FG_DEFGC_SUCCESS, &auxiliary_perf_defgc_success_structure },
    { 1, AUXILIARY_TYPE_PERF_FG_MDB_SUCCESS, &auxiliary_perf_mdb_success_structure },
    { 1, AUXILIARY_TYPE_PERF_FG_GC_SUCCESS, &auxiliary_perf_gc_success_structure },
    { 1, AUXILIARY_TYPE_PERF_FG_FAILURE, &auxiliary_perf_failure_structure },
    { 1, AUXILIARY_TYPE_OSVERSIONINFO, &auxiliary_osversioninfo_structure },
    { 1, AUXILIARY_TYPE_EXORGINFO, &auxiliary_exorginfo_structure },
    { 1, AUXILIARY_TYPE_PERF_ACCOUNTINFO, &auxiliary_perf_accountinfo_structure },
    { 1, AUXILIARY_TYPE_SERVER_CAPABILITIES, &auxiliary_server_capabilities_structure },
    { 1, AUXILIARY_TYPE_ENDPOINT_CAPABILITIES, &auxiliary_endpoint_capabilities_structure },
    { 1, AUXILIARY_TYPE_CLIENT_CONNECTION_INFO, &auxiliary_client_connection_info_structure },
    { 1, AUXILIARY_TYPE_SERVER_SESSION_INFO, &auxiliary_server_session_info_structure },
    { 1, AUXILIARY_TYPE_PROTOCOL_DEVICE_IDENTIFICATION, &auxiliary_protocol_device_identification_structure },
    { 2, AUXILIARY_TYPE_PERF_SESSIONINFO, &auxiliary_perf_sessioninfo_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_MDB_SUCCESS, &auxiliary_perf_mdb_success_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_GC_SUCCESS, &auxiliary_perf_gc_success_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_FAILURE, &auxiliary_perf_failure_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_PROCESSINFO, &auxiliary_perf_processinfo_structure },
    { 2, AUXILIARY_TYPE_PERF_BG_MDB_SUCCESS, &auxiliary_perf_mdb_success_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_BG_GC_SUCCESS, &auxiliary_perf_gc_success_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_BG_FAILURE, &auxiliary_perf_failure_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_FG_MDB_SUCCESS, &auxiliary_perf_mdb_success_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_FG_GC_SUCCESS, &auxiliary_perf_gc_success_v2_structure },
    { 2, AUXILIARY_TYPE_PERF_FG_FAILURE, &auxiliary_perf_failure_v2_structure },
    { 2, AUXILIARY_TYPE_SERVER_NAME, &auxiliary_server_name_structure },
};

const struct wire_structure *auxiliary_structure(uint8_t version, uint8_t type)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].version == version && rows[i].type == type)
            return rows[i].structure;
    return NULL;
}

bool auxiliary_read_blocks(struct arena *arena, struct bytes payload, struct auxiliary_items *ret_items)
{
    struct auxiliary_item *items = arena_array(arena, struct auxiliary_item, BLOCKS_MAX);
    uint32_t count = 0;
    for (size_t at = 0; items && at < payload.size;) {
        struct auxiliary_block block;
        size_t size;
        if (count == BLOCKS_MAX
            || !wire_decode_prefix(arena, &auxiliary_block_structure, bytes_of(payload.data + at, payload.size - at), NULL, &block,
                &size, NULL, NULL))
            return false;
        struct auxiliary_item *item = &items[count++];
        *item = (struct auxiliary_item){ .version = block.version, .type = block.type, .payload = block.payload, .offset = at,
            .structure = auxiliary_structure(block.version, block.type) };
        void *body = item->structure ? arena_allocate(arena, item->structure->size) : NULL;
        if (body && wire_decode(arena, item->structure, item->payload, NULL, body, NULL))
            item->body = body;
        else
            item->structure = NULL;
        at += size;
    }
    if (!items)
        return false;
    *ret_items = (struct auxiliary_items){ count, items };
    return true;
}

bool auxiliary_read(struct arena *arena, struct bytes auxiliary_buffer, struct auxiliary_items *ret_items)
{
    struct extended_units units;
    if (!extended_buffer_read(arena, auxiliary_buffer, &units, NULL) || units.count > 1)
        return false;
    return auxiliary_read_blocks(arena, units.count ? units.units[0].payload : BYTES_NONE, ret_items);
}

struct bytes auxiliary_text(const struct auxiliary_item *item, uint16_t offset)
{
    size_t at = (size_t)offset - BLOCK_HEADER_SIZE, end;
    if (offset < BLOCK_HEADER_SIZE || at >= item->payload.size)
        return BYTES_NONE;
    for (end = at; item->payload.size - end >= 2; end += 2)
        if (!load_u16(item->payload.data + end))
            return bytes_of(item->payload.data + at, end - at);
    return BYTES_NONE;
}

bool auxiliary_append(struct buffer *payload, uint8_t version, uint8_t type, const void *body)
{
    const struct wire_structure *structure = auxiliary_structure(version, type);
    struct buffer content = { 0 };
    if (!structure || !wire_encode(structure, body, NULL, &content, NULL)) {
        buffer_free(&content);
        return false;
    }
    struct auxiliary_block block = { version, type, buffer_bytes(&content) };
    bool done = wire_encode(&auxiliary_block_structure, &block, NULL, payload, NULL);
    buffer_free(&content);
    return done;
}

bool auxiliary_append_session_info(struct buffer *payload, struct bytes utf16)
{
    struct buffer text = { 0 };
    bool done = buffer_append(&text, utf16.data, utf16.size) && buffer_append_u16(&text, 0);
    struct auxiliary_server_session_info info = { BLOCK_HEADER_SIZE + 2, buffer_bytes(&text) };
    done = done && auxiliary_append(payload, 1, AUXILIARY_TYPE_SERVER_SESSION_INFO, &info);
    buffer_free(&text);
    return done;
}
