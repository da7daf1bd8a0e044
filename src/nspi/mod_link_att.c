/* ModLinkAtt (MS-OXNSPI 3.1.4.1.15): members of groups, and those who may send on behalf of somebody. */
#include "nspi/permission.h"
#include "nspi/property.h"
#include "protocol/property_tags.h"

#define LINK_DELETE 0x00000001u /* fDelete (2.2.1.15) */

/* The ids of the entries meant. Of those to be removed, one that is nobody is not there either (R1333). */
static uint32_t find_entries(struct nspi_call *call, const struct nspi_mod_link_att_request *request, uint32_t *ret_count,
                             struct guid **ret_ids)
{
    uint32_t given = request->has_entry_ids ? request->entry_id_count : 0, count = 0;
    struct guid *ids = arena_array(call->arena, struct guid, given ? given : 1);
    if (!ids)
        return EC_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < given; i++) {
        uint32_t index = nspi_entry_id_find(call, request->entry_ids[i].entry_id);
        if (index != ADDRESS_BOOK_NONE)
            ids[count++] = address_book_entry(call->book, index)->id;
        else if (!(request->flags & LINK_DELETE))
            return EC_ACCESS_DENIED; /* R1338 */
    }
    *ret_count = count;
    *ret_ids = ids;
    return EC_SUCCESS;
}

uint32_t nspi_mod_link_att(struct nspi_call *call, const struct nspi_mod_link_att_request *request,
                           struct nspi_mod_link_att_success *ret_answer)
{
    uint16_t id = PROPERTY_ID(request->property_tag);
    uint32_t count;
    struct guid *ids;
    if (id != PROPERTY_ID(PID_TAG_ADDRESS_BOOK_MEMBER) && id != PROPERTY_ID(PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES))
        return EC_NOT_FOUND;
    uint32_t index = address_book_find_number(call->book, request->minimal_id);
    if (index == ADDRESS_BOOK_NONE)
        return EC_INVALID_PARAMETER;
    const struct directory_entry *entry = address_book_entry(call->book, index);
    bool members = id == PROPERTY_ID(PID_TAG_ADDRESS_BOOK_MEMBER), add = !(request->flags & LINK_DELETE);
    if (members ? !nspi_may_change_members(call, entry) : !nspi_may_change_delegates(call, entry))
        return EC_ACCESS_DENIED;
    uint32_t error = find_entries(call, request, &count, &ids);
    if (error != EC_SUCCESS || !count)
        return error;
    enum directory_status status =
        members ? directory_change_members(call->directory, entry->id, add, count, ids)
                : directory_change_right(call->directory, entry->id, DIRECTORY_SEND_ON_BEHALF, add, count, ids);
    return status == DIRECTORY_OK ? EC_SUCCESS : EC_ACCESS_DENIED;
}
