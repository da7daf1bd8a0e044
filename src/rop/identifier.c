/* Identifiers in their long and short forms (MS-OXCSTOR 3.2.5.8, .9; MS-OXCFXICS 3.2.5.9.4.7). */
#include <string.h>

#include "rop/handlers.h"

uint32_t rop_long_term_id_from_id(struct rop_call *call)
{
    const struct rop_long_term_id_from_id_request *request = call->request;
    struct rop_long_term_id_from_id_success *answer = rop_call_answer(call, struct rop_long_term_id_from_id_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return mailbox_long_term_id_of(call->logon, id_of_wire(request->object_id), &answer->long_term_id);
}

uint32_t rop_id_from_long_term_id(struct rop_call *call)
{
    const struct rop_id_from_long_term_id_request *request = call->request;
    struct rop_id_from_long_term_id_success *answer = rop_call_answer(call, struct rop_id_from_long_term_id_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    struct long_term_id id = request->long_term_id;
    id.pad = 0; /* its content is ignored (MS-OXCSTOR R953) */
    if (guid_is_zero(id.database_guid))
        return EC_INVALID_PARAMETER; /* R94801002 */
    uint64_t short_id;
    uint32_t error = mailbox_id_of_long_term(call->logon, &id, &short_id);
    if (!error)
        answer->object_id = id_to_wire(short_id);
    return error;
}

uint32_t rop_get_local_replica_ids(struct rop_call *call)
{
    const struct rop_get_local_replica_ids_request *request = call->request;
    struct rop_get_local_replica_ids_success *answer = rop_call_answer(call, struct rop_get_local_replica_ids_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    if (!request->id_count)
        return EC_INVALID_PARAMETER;
    uint64_t first;
    uint32_t error = mailbox_reserve_ids(call->logon, request->id_count, &answer->repl_guid, &first);
    if (!error)
        id_counter_store(first, answer->global_count);
    return error;
}
