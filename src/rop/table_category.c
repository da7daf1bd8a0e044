/* ROPs on categories (MS-OXCTABL 3.2.5.17 to .20). Categorised tables are not built yet (RopSortTable refuses them), so no
 * table has a category row: the answers are those for a row that is not there. */
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

uint32_t rop_get_collapse_state(struct rop_call *call)
{
    uint32_t error = check_columns(call);
    return error ? error : EC_NOT_IMPLEMENTED;
}

uint32_t rop_set_collapse_state(struct rop_call *call)
{
    uint32_t error = check_columns(call);
    return error ? error : EC_NOT_IMPLEMENTED;
}
