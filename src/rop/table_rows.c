/* Rows of tables (MS-OXCTABL 3.2.5.5, .14). Rows go from the table into the answer one by one, so that as many come as find
 * room (R464) and nothing is kept twice. */
#include <string.h>

#include "mailbox/table.h"
#include "rop/handlers.h"
#include "rop/table_notification.h"

/* Appends rows over 'columns' to 'out' as long as it stays within 'size_max' bytes. */
struct row_writer {
    struct buffer *out;
    size_t size_max;
    struct wire_columns columns;
    struct arena *arena;
    uint32_t *starts; /* of each row in 'out', where the order has to be turned; NULL otherwise */
    uint32_t count;
};

static bool take_row(void *context, const struct property_value *values, uint32_t count)
{
    struct row_writer *writer = context;
    const struct wire_context wire = {.columns = &writer->columns};
    const struct rop_get_properties_specific_success row = {.row_data = {.count = count, .values = values}};
    size_t start = writer->out->size;
    /* The answer to RopGetPropertiesSpecific is nothing but a row. */
    if (!wire_encode(&rop_get_properties_specific_success_structure, &row, &wire, writer->out, NULL))
        return false;
    if (writer->out->size > writer->size_max) {
        writer->out->size = start;
        return false;
    }
    if (writer->starts)
        writer->starts[writer->count] = (uint32_t)start;
    writer->count++;
    return true;
}

/* Rows read backward came in the order of reading; the answer has them in the table's order (R469). */
static bool turn_round(struct row_writer *writer, size_t begin)
{
    size_t size = writer->out->size - begin;
    uint8_t *copy = arena_copy(writer->arena, writer->out->data + begin, size);
    if (!copy && size)
        return false;
    uint8_t *to = writer->out->data + begin;
    size_t end = size;
    for (uint32_t i = writer->count; i > 0; i--) {
        size_t start = writer->starts[i - 1] - begin;
        memcpy(to, copy + start, end - start);
        to += end - start;
        end = start;
    }
    return true;
}

#define QUERY_ROWS_NO_ADVANCE 0x01u
#define QUERY_ROWS_HEAD_SIZE 3u /* Origin, RowCount */

static uint32_t query(struct rop_call *call, struct row_writer *writer, bool forward, bool no_advance, uint16_t row_count)
{
    size_t begin = writer->out->size;
    uint8_t *head = buffer_extend(writer->out, QUERY_ROWS_HEAD_SIZE);
    if (!head)
        return EC_OUT_OF_MEMORY;
    uint32_t taken = 0;
    uint8_t origin = TABLE_CURRENT;
    uint32_t error = table_query_rows(call->arena, call->logon, call->input->table, forward, no_advance, row_count, take_row,
        writer, &taken, &origin);
    if (error == EC_BUFFER_TOO_SMALL)
        call->too_small = true; /* R466: not even one row */
    if (!error && !forward && !turn_round(writer, begin + QUERY_ROWS_HEAD_SIZE))
        error = EC_OUT_OF_MEMORY;
    if (error)
        return error;
    head = writer->out->data + begin;
    head[0] = origin;
    store_u16(head + 1, (uint16_t)taken);
    struct rop_query_rows_request *rest = arena_new(call->arena, struct rop_query_rows_request);
    if (!rest)
        return EC_OUT_OF_MEMORY;
    *rest = *(const struct rop_query_rows_request *)call->request;
    rest->row_count = (uint16_t)(row_count - taken); /* MS-OXCRPC R971: what a packed answer goes on with */
    call->request = rest;
    call->more = taken > 0 && rest->row_count > 0 && origin == TABLE_CURRENT && !no_advance;
    call->written = true;
    return 0;
}

uint32_t rop_query_rows(struct rop_call *call)
{
    const struct rop_query_rows_request *request = call->request;
    struct row_writer writer = {
        .out = call->out,
        .size_max = call->out->size + call->room,
        .arena = call->arena,
    };
    writer.columns.tags = table_columns(call->input->table, &writer.columns.count);
    if (!writer.columns.tags)
        return EC_NULL_OBJECT; /* R476 */
    if (!request->forward_read) {
        writer.starts = arena_array(call->arena, uint32_t, request->row_count + 1u);
        if (!writer.starts)
            return EC_OUT_OF_MEMORY;
    }
    uint32_t error = query(call, &writer, request->forward_read, request->query_rows_flags & QUERY_ROWS_NO_ADVANCE,
        request->row_count);
    return error ? error : rop_start_table_notifications(call);
}

#define FIND_ROW_BACKWARD 0x01u
#define FIND_ROW_HEAD_SIZE 2u /* RowNoLongerVisible, HasRowData */

uint32_t rop_find_row(struct rop_call *call)
{
    const struct rop_find_row_request *request = call->request;
    struct row_writer writer = {
        .out = call->out,
        .size_max = call->out->size + call->room,
        .arena = call->arena,
    };
    writer.columns.tags = table_columns(call->input->table, &writer.columns.count);
    if (!writer.columns.tags)
        return EC_NULL_OBJECT; /* R826 */
    if (request->find_row_flags & ~FIND_ROW_BACKWARD || request->origin > TABLE_CUSTOM)
        return EC_INVALID_PARAMETER;
    size_t begin = call->out->size;
    if (!buffer_extend(call->out, FIND_ROW_HEAD_SIZE))
        return EC_OUT_OF_MEMORY;
    bool taken = false, no_longer_visible = false;
    uint32_t error = table_find_row(call->arena, call->logon, call->input->table,
        !(request->find_row_flags & FIND_ROW_BACKWARD), request->restriction_data, request->origin, request->bookmark,
        take_row, &writer, &taken, &no_longer_visible);
    if (error)
        return error;
    uint8_t *head = call->out->data + begin;
    head[0] = no_longer_visible;
    head[1] = taken;
    call->written = true;
    return rop_start_table_notifications(call);
}
