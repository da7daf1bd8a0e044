#include "base/text.h"
#include "nspi/request.h"

#define BIND_ANONYMOUS_LOGIN 0x00000020u /* MS-OXNSPI 2.2.1.13 */

bool nspi_code_page_allowed(uint32_t code_page)
{
    return code_page != NSPI_CP_WINUNICODE && (code_page == NSPI_CP_TELETEX || text_codepage_known(code_page));
}

/* An LCID is a language in its low ten bits, a sublanguage and a sort order (MS-LCID 2.1); the rest is reserved. */
bool nspi_locale_allowed(uint32_t lcid)
{
    return (lcid & 0xFFF00000u) == 0 && (lcid & 0x3FFu) != 0;
}

uint32_t nspi_bind(struct nspi_call *call, const struct nspi_bind_request *request, struct nspi_bind_success *ret_answer)
{
    if (request->flags & BIND_ANONYMOUS_LOGIN)
        return EC_NOT_SUPPORTED; /* what Exchange says */
    if (request->has_state && !nspi_code_page_allowed(request->state.code_page))
        return EC_INVALID_CODEPAGE;
    ret_answer->server_guid = call->server_guid;
    return EC_SUCCESS;
}
