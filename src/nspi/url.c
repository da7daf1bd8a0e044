#include "base/text.h"
#include "nspi/request.h"

static struct bytes utf16_of(struct nspi_call *call, const char *text)
{
    return text_utf16_of_utf8(call->arena, bytes_of_string(text));
}

/* 'server_dn' names a server by its DN, or by the mailbox on it that Autodiscover's ServerDN stands for; an empty one asks for
 * the user's own (MS-OXCMAPIHTTP 2.2.5.18). There is one server, so every name of this organisation leads to it. */
uint32_t nspi_get_mailbox_url(struct nspi_call *call, const struct nspi_get_mailbox_url_request *request,
                              struct nspi_get_mailbox_url_success *ret_answer)
{
    ret_answer->server_url = utf16_of(call, call->mailbox_url);
    return ret_answer->server_url.data ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
}

uint32_t nspi_get_address_book_url(struct nspi_call *call, const struct nspi_get_address_book_url_request *request,
                                   struct nspi_get_address_book_url_success *ret_answer)
{
    ret_answer->server_url = utf16_of(call, call->address_book_url);
    return ret_answer->server_url.data ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
}
