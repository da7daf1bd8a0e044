/* ROPs about public folders, as they are answered on a private logon (MS-OXCSTOR 3.2.5.6, .7). */
#include "rop/handlers.h"

uint32_t rop_get_owning_servers(struct rop_call *call)
{
    (void)call;
    return EC_NOT_SUPPORTED; /* R892: on a private mailbox the server may fail it */
}

uint32_t rop_public_folder_is_ghosted(struct rop_call *call)
{
    /* IsGhosted is FALSE in a private mailbox (R917). */
    return rop_call_answer(call, struct rop_public_folder_is_ghosted_success) ? 0 : EC_OUT_OF_MEMORY;
}
