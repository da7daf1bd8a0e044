/* ROPs on categories (MS-OXCTABL 3.2.5.17 to .20). Categorised tables are not built yet (RopSortTable refuses them), so no
 * table has a category row: the answers to expanding and collapsing are those for a row that is not there. */
#include "mailbox/table.h"
#include "rop/handlers.h"

static uint32_t check_columns(struct rop_call *call)
{
    uint32_t count;
    return table_columns(call->input->table, &count) ? 0 : EC_NULL_OBJECT; /* R8261 to R8267 */
}

uint32_t rop_expand_row(struct rop_call *call)
{
    uint32_t error = check_columns(call);
    return error ? error : EC_NOT_FOUND; /* R570 */
}

uint32_t rop_collapse_row(struct rop_call *call)
{
    uint32_t error = check_columns(call);
    return error ? error : EC_NOT_FOUND; /* R576 */
}

/* The collapse state of a table without categories is the row alone that it was asked for (R581): a version byte, the
 * row's id, its instance. It is good for any table of the folder, also in another session. */
#define STATE_VERSION 1u
#define STATE_SIZE 13u

uint32_t rop_get_collapse_state(struct rop_call *call)
{
    const struct rop_get_collapse_state_request *request = call->request;
    struct rop_get_collapse_state_success *answer = rop_call_answer(call, struct rop_get_collapse_state_success);
    uint8_t *state = arena_allocate(call->arena, STATE_SIZE);
    uint32_t error = check_columns(call);
    if (error || !answer || !state)
        return error ? error : EC_OUT_OF_MEMORY;
    state[0] = STATE_VERSION;
    store_u64(state + 1, request->row_id);
    store_u32(state + 9, request->row_instance_number);
    answer->collapse_state = bytes_of(state, STATE_SIZE);
    return 0;
}

static bool take_nothing(void *context, const struct property_value *values, uint32_t count)
{
    (void)context;
    (void)values;
    (void)count;
    return true;
}

/* Moves to the row of the state, or to the beginning where it is gone (R587). */
static uint32_t seek_state(struct rop_call *call, const uint8_t *state)
{
    const struct restriction is_row = {
        .type = RESTRICTION_TYPE_PROPERTY,
        .property = {
            .relational_operator = RELATIONAL_OPERATOR_EQUAL,
            .property_tag = PID_TAG_MID,
            .value = {.tag = PID_TAG_MID, .integer64 = (int64_t)load_u64(state + 1)},
        },
    };
    struct table *table = call->input->table;
    bool taken, gone, less;
    int32_t moved;
    uint32_t error = table_find_row(call->arena, call->logon, table, true, &is_row, TABLE_BEGINNING, BYTES_NONE, take_nothing,
        NULL, &taken, &gone);
    return error == EC_NOT_FOUND ? table_seek(call->logon, table, TABLE_BEGINNING, 0, &moved, &less) : error;
}

uint32_t rop_set_collapse_state(struct rop_call *call)
{
    const struct rop_set_collapse_state_request *request = call->request;
    struct rop_set_collapse_state_success *answer = rop_call_answer(call, struct rop_set_collapse_state_success);
    uint32_t error = check_columns(call);
    if (error || !answer)
        return error ? error : EC_OUT_OF_MEMORY;
    if (request->collapse_state.size != STATE_SIZE || request->collapse_state.data[0] != STATE_VERSION)
        return EC_INVALID_PARAMETER;
    error = seek_state(call, request->collapse_state.data);
    return error ? error : table_create_bookmark(call->arena, call->logon, call->input->table, &answer->bookmark);
}
