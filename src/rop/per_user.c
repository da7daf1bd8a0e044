/* The per-user table of a private mailbox: which messages of public folders its owner has read (MS-OXCSTOR 3.2.5.10 to .13).
 * The server keeps what clients write and gives it back; the table is one meta value of the mailbox, since it holds some
 * hundred bytes for each public folder. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "rop/handlers.h"
#include "rop/id_set.h"
#include "store/store.h"

#define TABLE_NAME "per_user"
#define DATA_SIZE_DEFAULT 4096u /* R1356, R999: default and maximum */
#define TABLE_SIZE_MAX (4u << 20)

/* In the table: folder (replica GUID, counter), replica GUID of the database, time, size, data. */
#define ROW_HEADER_SIZE (16u + 6u + 16u + 8u + 4u)

struct row {
    struct bytes folder;   /* 22 bytes */
    struct guid database;
    struct bytes data;
    struct bytes whole;
};

static uint32_t read_table(struct rop_call *call, struct bytes *ret_table)
{
    struct bytes table = BYTES_NONE;
    enum store_status status = store_meta_get(mailbox_store(call->logon->mailbox), call->arena, TABLE_NAME, &table);
    if (status != STORE_OK && status != STORE_NOT_FOUND)
        return EC_GENERAL_FAILURE;
    *ret_table = table;
    return 0;
}

/* The first row of what is left, taken off it. */
static bool next_row(struct bytes *rest, struct row *ret_row)
{
    if (rest->size < ROW_HEADER_SIZE)
        return false;
    uint32_t size = load_u32(rest->data + ROW_HEADER_SIZE - 4);
    if (size > rest->size - ROW_HEADER_SIZE)
        return false;
    ret_row->folder = bytes_of(rest->data, 22);
    memcpy(ret_row->database.data, rest->data + 22, 16);
    ret_row->data = bytes_of(rest->data + ROW_HEADER_SIZE, size);
    ret_row->whole = bytes_of(rest->data, ROW_HEADER_SIZE + size);
    *rest = bytes_of(rest->data + ret_row->whole.size, rest->size - ret_row->whole.size);
    return true;
}

/* The 22 bytes of an id that identify it: the padding does not. */
static struct bytes key_of(const struct long_term_id *id)
{
    return bytes_of(id, 22);
}

static bool find_row(struct bytes table, const struct long_term_id *folder, struct row *ret_row)
{
    for (struct bytes rest = table; next_row(&rest, ret_row);) {
        if (bytes_equal(ret_row->folder, key_of(folder)))
            return true;
    }
    return false;
}

uint32_t rop_get_per_user_long_term_ids(struct rop_call *call)
{
    const struct rop_get_per_user_long_term_ids_request *request = call->request;
    struct rop_get_per_user_long_term_ids_success *answer =
        rop_call_answer(call, struct rop_get_per_user_long_term_ids_success);
    struct bytes table;
    uint32_t error = read_table(call, &table);
    if (error || !answer)
        return error ? error : EC_OUT_OF_MEMORY;
    struct long_term_id *ids = arena_array(call->arena, struct long_term_id, table.size / ROW_HEADER_SIZE + 1);
    if (!ids)
        return EC_OUT_OF_MEMORY;
    struct row row;
    for (struct bytes rest = table; next_row(&rest, &row);) {
        if (guid_equal(row.database, request->database_guid))
            memcpy(&ids[answer->long_term_id_count++], row.folder.data, row.folder.size);
    }
    answer->long_term_ids = ids;
    return 0;
}

uint32_t rop_get_per_user_guid(struct rop_call *call)
{
    const struct rop_get_per_user_guid_request *request = call->request;
    struct rop_get_per_user_guid_success *answer = rop_call_answer(call, struct rop_get_per_user_guid_success);
    struct bytes table;
    struct row row;
    uint32_t error = read_table(call, &table);
    if (error || !answer)
        return error ? error : EC_OUT_OF_MEMORY;
    if (!find_row(table, &request->long_term_id, &row))
        return EC_NOT_FOUND; /* R1254 */
    answer->database_guid = row.database;
    return 0;
}

uint32_t rop_read_per_user_information(struct rop_call *call)
{
    const struct rop_read_per_user_information_request *request = call->request;
    struct rop_read_per_user_information_success *answer =
        rop_call_answer(call, struct rop_read_per_user_information_success);
    struct bytes table;
    struct row row = {0};
    uint32_t error = read_table(call, &table);
    if (error || !answer)
        return error ? error : EC_OUT_OF_MEMORY;
    struct bytes data = find_row(table, &request->folder_id, &row) ? row.data : BYTES_NONE; /* R1255 */
    if (request->data_offset > data.size)
        return EC_GENERAL_FAILURE; /* R1260; as a signed number R1042 */
    uint32_t most = request->max_data_size && request->max_data_size < DATA_SIZE_DEFAULT ? request->max_data_size
                                                                                         : DATA_SIZE_DEFAULT;
    size_t rest = data.size - request->data_offset;
    answer->data = bytes_of(data.data + request->data_offset, rest < most ? rest : most);
    answer->has_finished = rest <= most;
    return 0;
}

/* What the session has written of a row so far; the rest follows in further ROPs (R1013). */
static bool continues(const struct rop_per_user_upload *upload, const struct rop_write_per_user_information_request *request)
{
    return upload->active && bytes_equal(key_of(&upload->folder), key_of(&request->folder_id)) &&
        upload->data.size == request->data_offset;
}

static uint32_t store_row(struct rop_call *call, const struct rop_per_user_upload *upload)
{
    struct bytes table;
    uint32_t error = read_table(call, &table);
    if (error)
        return error;
    struct buffer changed = {.size_max = TABLE_SIZE_MAX};
    struct row row;
    for (struct bytes rest = table; next_row(&rest, &row);) {
        if (!bytes_equal(row.folder, key_of(&upload->folder)))
            buffer_append(&changed, row.whole.data, row.whole.size);
    }
    buffer_append(&changed, &upload->folder, 22);
    buffer_append(&changed, upload->database.data, sizeof upload->database.data);
    buffer_append_u64(&changed, filetime_now());
    buffer_append_u32(&changed, (uint32_t)upload->data.size);
    buffer_append(&changed, upload->data.data, upload->data.size);
    error = changed.failed ? EC_OUT_OF_MEMORY : 0;
    if (!error &&
        store_meta_set(mailbox_store(call->logon->mailbox), TABLE_NAME, buffer_bytes(&changed)) != STORE_OK)
        error = EC_GENERAL_FAILURE;
    buffer_free(&changed);
    return error;
}

uint32_t rop_write_per_user_information(struct rop_call *call)
{
    const struct rop_write_per_user_information_request *request = call->request;
    struct rop_per_user_upload *upload = &call->session->per_user_upload;
    if (!continues(upload, request)) {
        buffer_clear(&upload->data); /* the one before was given up (R1017, R1033) */
        upload->active = false;
        if (request->data_offset)
            return EC_GENERAL_FAILURE; /* R1019 */
        upload->active = true;
        upload->folder = request->folder_id;
        upload->database = request->repl_guid;
    }
    upload->data.size_max = TABLE_SIZE_MAX;
    upload->data.failed = false;
    if (!buffer_append(&upload->data, request->data.data, request->data.size))
        return EC_OUT_OF_MEMORY;
    if (!request->has_finished)
        return 0;
    /* R1020, R1021006: the whole has to be a set of change numbers. */
    uint32_t error = id_set_is_well_formed(buffer_bytes(&upload->data)) ? store_row(call, upload) : EC_CORRUPT_DATA;
    buffer_clear(&upload->data);
    upload->active = false;
    return error;
}
