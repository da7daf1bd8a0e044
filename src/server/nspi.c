/* The address book endpoint (MS-OXCMAPIHTTP 2.2.5): contexts, PING and the addresses of the endpoints; the tables of the
 * address book answer NotSupported until they exist. */
#include "base/text.h"
#include "protocol/address_book_body.h"
#include "protocol/error_code.h"
#include "server/mapi_exchange.h"

static void bind_context(struct mapi_exchange *mapi)
{
    struct nspi_bind_success answer = {.server_guid = mapi->services->server_guid};
    mapi_exchange_encode(mapi, &nspi_bind_success_structure, &answer);
}

static void unbind_context(struct mapi_exchange *mapi)
{
    struct nspi_unbind_success answer = {.error_code = EC_UNBIND_SUCCESS};
    mapi_exchange_encode(mapi, &nspi_unbind_success_structure, &answer);
    mapi->end_context = true;
}

static struct bytes endpoint_url(struct mapi_exchange *mapi, enum session_endpoint endpoint)
{
    struct arena *arena = &mapi->arena;
    const char *base = services_public_url(mapi->services, arena, http_exchange_request(mapi->exchange));
    const char *url = base ? services_endpoint_url(mapi->services, arena, base, endpoint, identity_user(mapi->identity)) : NULL;
    return url ? text_utf16_of_utf8(arena, bytes_of_string(url)) : BYTES_NONE;
}

/* Everything else: a success body whose ErrorCode says what is not there and whose optional parts are absent. All success
 * structures begin with StatusCode and ErrorCode. */
static void answer_not_supported(struct mapi_exchange *mapi)
{
    const struct wire_structure *structure = mapi->request.definition->success;
    struct nspi_unbind_success *answer = arena_allocate(&mapi->arena, structure->size);
    if (!answer) {
        mapi->code = MAPI_RESPONSE_UNKNOWN_FAILURE;
        return;
    }
    answer->error_code = EC_NOT_SUPPORTED;
    mapi_exchange_encode(mapi, structure, answer);
}

static void answer_address_book(struct mapi_exchange *mapi)
{
    if (mapi->request.definition->success == &nspi_get_mailbox_url_success_structure) {
        struct nspi_get_mailbox_url_success answer = {.server_url = endpoint_url(mapi, SESSION_ENDPOINT_MAILBOX)};
        mapi_exchange_encode(mapi, &nspi_get_mailbox_url_success_structure, &answer);
    } else if (mapi->request.definition->success == &nspi_get_address_book_url_success_structure) {
        struct nspi_get_address_book_url_success answer = {.server_url = endpoint_url(mapi, SESSION_ENDPOINT_ADDRESS_BOOK)};
        mapi_exchange_encode(mapi, &nspi_get_address_book_url_success_structure, &answer);
    } else {
        answer_not_supported(mapi);
    }
}

void nspi_handle(struct mapi_exchange *mapi)
{
    switch (mapi->request.type) {
    case MAPI_REQUEST_BIND:
        bind_context(mapi);
        break;
    case MAPI_REQUEST_UNBIND:
        unbind_context(mapi);
        break;
    case MAPI_REQUEST_ADDRESS_BOOK:
        answer_address_book(mapi);
        break;
    default: /* PING */
        break;
    }
    mapi_exchange_finish(mapi);
}
