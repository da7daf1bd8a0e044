#include "rop/call.h"

#include "base/text.h"

uint32_t rop_call_open(struct rop_call *call, enum rop_object_kind kind, struct rop_object **ret_object)
{
    struct rop_object *object = rop_object_map_add(&call->session->objects, kind, call->rop_logon);
    if (!object)
        return EC_TOO_MANY_OPEN_OBJECTS;
    call->output = object;
    *ret_object = object;
    return 0;
}

struct bytes rop_call_text(struct rop_call *call, bool unicode, struct bytes text)
{
    return unicode ? text : text_utf16_of_codepage(call->arena, call->logon->codepage, text);
}

const uint64_t *rop_call_ids(struct rop_call *call, const uint64_t *wire_ids, uint32_t count)
{
    uint64_t *ids = arena_array(call->arena, uint64_t, count + 1u);
    for (uint32_t i = 0; ids && i < count; i++)
        ids[i] = id_of_wire(wire_ids[i]);
    return ids;
}
