/* Search folders (MS-OXCFOLD 3.2.5.4, .5). Searching is not built yet; what can be said without it is said: which folders are
 * search folders, and which flags there are. */
#include "mailbox/folder.h"
#include "mailbox/properties.h"
#include "rop/handlers.h"

/* EC_NOT_SEARCH_FOLDER for any other folder (R569, R579). */
static uint32_t check_type(struct rop_call *call)
{
    const uint32_t tag = PID_TAG_FOLDER_TYPE;
    struct property_value type;
    uint32_t error = properties_get(call->arena, call->logon, OBJECT_OF_FOLDER(call->input->folder_id), &tag, 1, 0, true,
        &type);
    if (error)
        return error;
    return type.tag == tag && type.integer32 == FOLDER_TYPE_SEARCH ? 0 : EC_NOT_SEARCH_FOLDER;
}

/* STOP, RESTART, RECURSIVE, SHALLOW, two that Exchange takes besides (R372), CONTENT_INDEXED, NON_CONTENT_INDEXED, STATIC. */
#define SEARCH_FLAGS_KNOWN 0x0007003Fu

uint32_t rop_set_search_criteria(struct rop_call *call)
{
    const struct rop_set_search_criteria_request *request = call->request;
    uint32_t error = check_type(call);
    if (!error && (request->search_flags & ~SEARCH_FLAGS_KNOWN))
        error = EC_INVALID_PARAMETER; /* R116 */
    if (!error && !request->folder_id_count)
        error = EC_NOT_INITIALIZED; /* R1240: nothing was ever said where to search */
    for (uint32_t i = 0; !error && i < request->folder_id_count; i++) {
        if (id_of_wire(request->folder_ids[i]) == call->input->folder_id)
            error = EC_SEARCH_FOLDER_SCOPE_VIOLATION; /* R1242 */
    }
    return error ? error : EC_NOT_IMPLEMENTED;
}

uint32_t rop_get_search_criteria(struct rop_call *call)
{
    uint32_t error = check_type(call);
    return error ? error : EC_NOT_INITIALIZED; /* there are no criteria that could be told */
}
