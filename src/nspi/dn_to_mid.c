/* DNToMId (MS-OXNSPI 3.1.4.1.13). */
#include "nspi/container.h"
#include "nspi/request.h"

static uint32_t minimal_id_of(struct nspi_call *call, const char *dn)
{
    uint32_t index = address_book_find_dn(call->book, dn);
    if (index != ADDRESS_BOOK_NONE)
        return address_book_entry(call->book, index)->number;
    uint32_t position = nspi_container_find_dn(call, dn);
    return position == ADDRESS_BOOK_NONE ? 0 : address_book_container(call->book, position)->number;
}

uint32_t nspi_dn_to_mid(struct nspi_call *call, const struct nspi_dn_to_mid_request *request,
                        struct nspi_dn_to_mid_success *ret_answer)
{
    uint32_t count = request->has_names ? request->name_count : 0;
    uint32_t *minimal_ids = arena_array(call->arena, uint32_t, count ? count : 1);
    if (!request->has_names)
        return EC_INVALID_PARAMETER;
    for (uint32_t i = 0; minimal_ids && i < count; i++) {
        const char *dn = arena_string_of(call->arena, request->names[i]);
        if (!dn)
            return EC_NOT_ENOUGH_MEMORY;
        minimal_ids[i] = minimal_id_of(call, dn);
    }
    if (!minimal_ids)
        return EC_NOT_ENOUGH_MEMORY;
    ret_answer->has_minimal_ids = true;
    ret_answer->minimal_id_count = count;
    ret_answer->minimal_ids = minimal_ids;
    return EC_SUCCESS;
}
