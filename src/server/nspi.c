/* The address book endpoint (MS-OXCMAPIHTTP 2.2.5): contexts, PING, and the way of every other request to src/nspi and back. */
#include "base/log.h"
#include "nspi/request.h"
#include "server/mapi_exchange.h"

static bool fill_call(struct mapi_exchange *mapi, struct nspi_call *call)
{
    struct services *services = mapi->services;
    struct arena *arena = &mapi->arena;
    const struct directory_user *user = identity_user(mapi->identity);
    const char *base = services_reached_url(services, arena, http_exchange_request(mapi->exchange));
    if (!base)
        return false;
    *call = (struct nspi_call){
        .arena = arena, .directory = services->directory, .user = user,
        .mailbox_url = services_endpoint_url(services, arena, base, SESSION_ENDPOINT_MAILBOX, user),
        .address_book_url = services_endpoint_url(services, arena, base, SESSION_ENDPOINT_ADDRESS_BOOK, user)};
    return call->mailbox_url && call->address_book_url;
}

static void execute(struct mapi_exchange *mapi, struct address_book *book)
{
    const struct wire_structure *structure = mapi->request.definition->success;
    void *answer = arena_allocate(&mapi->arena, structure->size);
    struct nspi_call call;
    if (!answer || !fill_call(mapi, &call)) {
        mapi->code = MAPI_RESPONSE_UNKNOWN_FAILURE;
        return;
    }
    call.book = book;
    call.server_guid = address_book_organization(book)->id;
    nspi_execute(&call, mapi->request.definition, mapi->body, answer);
    mapi_exchange_encode(mapi, structure, answer);
}

/* Off the loop: the book may have to be made, and handlers ask the directory. */
static enum strand_result run_on_strand(struct strand_task *task)
{
    struct mapi_exchange *mapi = mapi_exchange_of_work(task);
    struct address_book *book = address_book_acquire(mapi->services->address_books);
    if (book) {
        execute(mapi, book);
        address_book_release(book);
    } else {
        log_error("the address book cannot be made: the directory cannot be read; request %s", mapi->request.request_id);
        mapi->code = MAPI_RESPONSE_UNKNOWN_FAILURE;
    }
    mapi_exchange_done(mapi);
    return STRAND_DONE;
}

static void bind_context(struct mapi_exchange *mapi, struct guid server_guid)
{
    struct nspi_bind_success answer = {0};
    struct nspi_call call = {.arena = &mapi->arena, .user = identity_user(mapi->identity), .server_guid = server_guid};
    answer.error_code = nspi_bind(&call, mapi->body, &answer);
    mapi_exchange_encode(mapi, &nspi_bind_success_structure, &answer);
    mapi->end_context = answer.error_code != EC_SUCCESS || mapi->code != MAPI_RESPONSE_SUCCESS;
}

/* The server began before there was an organization, so its GUID has to be asked for. */
static enum strand_result bind_on_strand(struct strand_task *task)
{
    struct mapi_exchange *mapi = mapi_exchange_of_work(task);
    struct directory_organization organization;
    if (directory_organization(mapi->services->directory, &mapi->arena, &organization) == DIRECTORY_OK)
        bind_context(mapi, organization.id);
    else
        mapi->code = MAPI_RESPONSE_UNKNOWN_FAILURE;
    mapi_exchange_done(mapi);
    return STRAND_DONE;
}

static void bind_begin(struct mapi_exchange *mapi)
{
    if (guid_is_zero(mapi->services->server_guid)) {
        mapi_exchange_work(mapi, mailbox_strand_strand(mapi_context_of(&mapi->ticket)->mailbox_strand), bind_on_strand);
    } else {
        bind_context(mapi, mapi->services->server_guid);
        mapi_exchange_finish(mapi);
    }
}

static void unbind_context(struct mapi_exchange *mapi)
{
    struct nspi_unbind_success answer = {.error_code = EC_UNBIND_SUCCESS};
    mapi_exchange_encode(mapi, &nspi_unbind_success_structure, &answer);
    mapi->end_context = true;
    mapi_exchange_finish(mapi);
}

void nspi_handle(struct mapi_exchange *mapi)
{
    switch (mapi->request.type) {
    case MAPI_REQUEST_BIND:
        bind_begin(mapi);
        break;
    case MAPI_REQUEST_UNBIND:
        unbind_context(mapi);
        break;
    case MAPI_REQUEST_ADDRESS_BOOK:
        mapi_exchange_work(mapi, mailbox_strand_strand(mapi_context_of(&mapi->ticket)->mailbox_strand), run_on_strand);
        break;
    default: /* PING: meta-tags and headers, no body (2.2.6) */
        mapi_exchange_finish(mapi);
    }
}
