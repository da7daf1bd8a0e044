#include "base/text.h"
#include "client/error.h"
#include "client/session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_PAGE 1252u
#define LOCALE 0x409u

static enum mapihttp_status malformed(struct mapihttp_session *session, const struct wire_error *wire, struct mapihttp_error *error)
{
    char text[WIRE_ERROR_TEXT_SIZE], host[256];
    wire_error_format(wire, text);
    transport_url_host(session->context.url, host);
    return error_set(error, MAPIHTTP_PROTOCOL, 0, "%s: Connect: a malformed answer: %s", host, text);
}

static enum mapihttp_status read_connect(struct mapihttp_session *session, struct bytes body, struct mapihttp_error *error)
{
    struct arena arena = {0};
    struct connect_success success;
    struct wire_error wire;
    enum mapihttp_status status = MAPIHTTP_OK;
    if (body.size >= 4 && load_u32(body.data))
        return session_fail(session, load_u32(body.data), "Connect (status code)", error);
    if (!wire_decode(&arena, &connect_success_structure, body, NULL, &success, &wire))
        status = malformed(session, &wire, error);
    else if (success.error_code)
        status = session_fail(session, success.error_code, "Connect", error);
    else if (!session->display_name) {
        char *name = text_utf8_of_utf16(&arena, success.display_name);
        session->display_name = name ? strdup(name) : NULL;
    }
    arena_free(&arena);
    return status;
}

/* MS-OXCMAPIHTTP 3.1.5.1, 3.1.5.7 */
static enum mapihttp_status connect_context(struct mapihttp_session *session, struct mapihttp_error *error)
{
    struct connect_request connect = {.user_dn = bytes_of_string(session->user_dn), .default_code_page = CODE_PAGE,
                                      .lcid_sort = LOCALE, .lcid_string = LOCALE};
    struct buffer request = {0}, answer = {0};
    enum mapihttp_status status = MAPIHTTP_OK;
    if (!wire_encode(&connect_request_structure, &connect, NULL, &request, NULL)) {
        status = session_no_memory(error);
    } else {
        struct mapihttp_error failure = {0};
        if (context_connect(&session->context, "Connect", buffer_bytes(&request), &answer, &failure) == CONTEXT_DONE) {
            status = read_connect(session, buffer_bytes(&answer), error);
            context_accept(&session->context, !status);
        } else {
            status = failure.status ? failure.status : MAPIHTTP_NETWORK;
            if (error)
                *error = failure;
        }
    }
    buffer_free(&request);
    buffer_free(&answer);
    return status;
}

static enum mapihttp_status log_on(struct mapihttp_session *session, struct mapihttp_error *error)
{
    struct rop_batch batch = {0};
    /* USE_PER_MDB_REPLID_MAPPING as Outlook and the sample of Exchange have it (MS-OXCSTOR 2.2.1.1.1). */
    struct rop_logon_request logon = {.logon_flags = LOGON_FLAGS_PRIVATE,
                                      .open_flags = LOGON_OPEN_FLAGS_HOME_LOGON | LOGON_OPEN_FLAGS_TAKE_OWNERSHIP | LOGON_OPEN_FLAGS_NO_MAIL |
                                                    LOGON_OPEN_FLAGS_USE_PER_MDB_REPLID_MAPPING,
                                      .essdn = bytes_of_string(session->user_dn)};
    uint8_t output = rop_batch_output(&batch);
    uint32_t asked = rop_batch_add(&batch, ROP_ID_LOGON, 0, output, &logon);
    enum mapihttp_status status = session_execute(session, &batch, error);
    const struct rop_logon_success *success = status ? NULL : rop_batch_success(&batch, asked);
    if (!status && !success)
        status = rop_batch_expect(session, &batch, asked, "logon", error);
    if (!status && success) {
        memcpy(session->folder_ids, success->folder_ids, sizeof session->folder_ids);
        session->mailbox_guid = success->mailbox_guid;
        session->logon_handle = rop_batch_handle(&batch, output);
        session->logged_on = true;
        session->logon_count++;
    }
    rop_batch_clear(&batch);
    return status;
}

enum mapihttp_status session_establish(struct mapihttp_session *session, struct mapihttp_error *ret_error)
{
    enum mapihttp_status status = MAPIHTTP_OK;
    for (uint32_t attempt = 1; attempt <= session->context.limits.attempts_max; attempt++) {
        session->logged_on = false;
        if (!session->context.connected) {
            rop_columns_free(&session->columns);
            session->columns = (struct rop_columns){0};
            session_forget_events(session);
            session->release_count = 0;
            struct mapihttp_error error = {0};
            status = connect_context(session, &error);
            if (status && ret_error)
                *ret_error = error;
            if (status == MAPIHTTP_SERVER && error.code == SESSION_STATUS_BUSY && context_pause(&session->context, attempt))
                continue;
            if (status)
                return status; /* what could be tried again has been */
        }
        status = log_on(session, ret_error);
        if (!status || session->context.connected)
            return status;
        if (!context_pause(&session->context, attempt))
            return error_set(ret_error, MAPIHTTP_CANCELLED, 0, "cancelled");
    }
    return status;
}

/* MS-OXCMAPIHTTP 3.1.5.4 */
void session_disconnect(struct mapihttp_session *session)
{
    static const struct disconnect_request nothing;
    struct buffer request = {0}, answer = {0};
    if (session->context.connected && wire_encode(&disconnect_request_structure, &nothing, NULL, &request, NULL) &&
        context_call(&session->context, "Disconnect", buffer_bytes(&request), &answer, NULL) != CONTEXT_DONE)
        transport_trace(&session->settings, "Disconnect failed: the server will let the context expire");
    buffer_free(&request);
    buffer_free(&answer);
    session->context.connected = false;
    session->logged_on = false;
}
