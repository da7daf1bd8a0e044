/* What a client asks about sending (MS-OXOMSG 2.2.3): the folder of outgoing mail and the address types. */
#include "rop/handlers.h"

uint32_t rop_get_transport_folder(struct rop_call *call)
{
    struct rop_get_transport_folder_success *answer = rop_call_answer(call, struct rop_get_transport_folder_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    answer->folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_OUTBOX));
    return 0;
}

uint32_t rop_get_address_types(struct rop_call *call)
{
    static const struct bytes types[] = {
        {(const uint8_t *)"EX", 2}, {(const uint8_t *)"SMTP", 4},
    };
    struct rop_get_address_types_success *answer = rop_call_answer(call, struct rop_get_address_types_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    answer->address_type_count = sizeof types / sizeof *types;
    answer->address_types = types;
    return 0;
}

uint32_t rop_options_data(struct rop_call *call)
{
    /* No options and no help file, as Exchange 2013 answers (MS-OXCROPS R2578). */
    struct rop_options_data_success *answer = rop_call_answer(call, struct rop_options_data_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    answer->reserved = 1;
    return 0;
}
