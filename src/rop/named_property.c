/* Named properties (MS-OXCPRPT 3.2.5.6, .9, .10). */
#include "mailbox/named_properties.h"

#include "rop/handlers.h"

#define CREATE 0x02u

/* Without names on a logon: every registered one (R526). */
static uint32_t all_ids(struct rop_call *call, struct rop_get_property_ids_from_names_success *answer)
{
    uint16_t *ids;
    struct property_name *names;
    uint32_t count;
    uint32_t error = property_names_all(call->arena, call->logon, false, false, NULL, &ids, &names, &count);
    if (error)
        return error;
    answer->property_id_count = (uint16_t)count;
    answer->property_ids = ids;
    return 0;
}

uint32_t rop_get_property_ids_from_names(struct rop_call *call)
{
    const struct rop_get_property_ids_from_names_request *request = call->request;
    struct rop_get_property_ids_from_names_success *answer =
        rop_call_answer(call, struct rop_get_property_ids_from_names_success);
    uint32_t count = request->property_name_count;
    uint16_t *ids = arena_array(call->arena, uint16_t, count + 1u);
    if (!answer || !ids)
        return EC_OUT_OF_MEMORY;
    if (!count && call->input->kind == ROP_OBJECT_LOGON)
        return all_ids(call, answer);
    uint32_t error =
        property_ids_of_names(call->logon, request->property_names, count, request->flags & CREATE, ids);
    if (error)
        return error;
    answer->property_id_count = (uint16_t)count;
    answer->property_ids = ids;
    for (uint32_t i = 0; i < count; i++) {
        if (!ids[i])
            return EC_WARN_WITH_ERRORS; /* R220: the others are good all the same */
    }
    return 0;
}

uint32_t rop_get_names_from_property_ids(struct rop_call *call)
{
    const struct rop_get_names_from_property_ids_request *request = call->request;
    struct rop_get_names_from_property_ids_success *answer =
        rop_call_answer(call, struct rop_get_names_from_property_ids_success);
    uint32_t count = request->property_id_count;
    struct property_name *names = arena_array(call->arena, struct property_name, count + 1u);
    if (!answer || !names)
        return EC_OUT_OF_MEMORY;
    uint32_t error = property_names_of_ids(call->arena, call->logon, request->property_ids, count, names);
    if (error)
        return error;
    answer->property_name_count = (uint16_t)count;
    answer->property_names = names;
    return 0;
}

#define NO_STRINGS 0x01u
#define NO_IDS 0x02u

uint32_t rop_query_named_properties(struct rop_call *call)
{
    const struct rop_query_named_properties_request *request = call->request;
    struct rop_query_named_properties_success *answer =
        rop_call_answer(call, struct rop_query_named_properties_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint16_t *ids;
    struct property_name *names;
    uint32_t count;
    uint32_t error = property_names_all(call->arena, call->logon, request->query_flags & NO_STRINGS,
        request->query_flags & NO_IDS, request->has_guid ? &request->property_guid : NULL, &ids, &names, &count);
    if (error)
        return error;
    answer->id_count = (uint16_t)count;
    answer->property_ids = ids;
    answer->property_names = names;
    return 0;
}
