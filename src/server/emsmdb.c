/* The mailbox endpoint (MS-OXCMAPIHTTP 2.2.4). */
#include "protocol/mailbox_body.h"
#include "server/connect.h"
#include "server/execute.h"
#include "server/notification_wait.h"

static void disconnect(struct mapi_exchange *mapi)
{
    struct disconnect_success answer = {0};
    mapi_exchange_encode(mapi, &disconnect_success_structure, &answer);
    mapi->end_context = true;
    mapi_exchange_finish(mapi);
}

void emsmdb_handle(struct mapi_exchange *mapi)
{
    switch (mapi->request.type) {
    case MAPI_REQUEST_CONNECT:
        connect_begin(mapi);
        break;
    case MAPI_REQUEST_EXECUTE:
        execute_begin(mapi);
        break;
    case MAPI_REQUEST_DISCONNECT:
        disconnect(mapi);
        break;
    case MAPI_REQUEST_NOTIFICATION_WAIT:
        notification_wait_begin(mapi);
        break;
    default: /* PING: meta-tags and headers, no body (2.2.6) */
        mapi_exchange_finish(mapi);
    }
}
