/* mapihttp status: what Outlook's Connection Status dialog shows, for a session of our own. */
#include "cli/connection.h"
#include "cli/output.h"
#include <stdio.h>
#include <string.h>

static json_t *connection_json(const struct mapihttp_connection *row)
{
    char requests[48];
    snprintf(requests, sizeof requests, "%llu/%llu", (unsigned long long)row->request_count, (unsigned long long)row->failure_count);
    return json_pack("{s:i, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:f, s:f, s:s, s:s, s:i, s:b, s:s}",
                     "cid", (int)row->cid, "smtp_address", row->smtp_address, "display_name", output_string(row->display_name),
                     "proxy_server", row->proxy_server, "server_name", row->server_name, "status", row->status, "protocol", row->protocol,
                     "authn", row->authentication, "encrypt", row->encrypted ? "SSL" : "none", "port", (int)row->port, "type", row->type,
                     "req_fail", requests, "avg_resp", row->response_ms_average, "avg_proc", row->processing_ms_average,
                     "session_type", row->session_type, "interface", row->interface, "conn", (int)row->connection_count,
                     "notif", row->notifications, "version", row->version);
}

static json_t *state_json(const struct mapihttp_session_state *state)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:b, s:I, s:I, s:I, s:I, s:I}", "url", state->url, "user_dn", state->user_dn, "expiration_ms",
                     (int)state->expiration_ms, "pending_period_ms", (int)state->pending_period_ms, "resend_supported",
                     state->resend_supported, "contexts", (json_int_t)state->context_count, "logons", (json_int_t)state->logon_count,
                     "resends", (json_int_t)state->resend_count, "repeats", (json_int_t)state->repeat_count, "reconnects",
                     (json_int_t)state->reconnect_count);
}

static bool nothing(void *data, const struct mapihttp_event *event)
{
    return true;
}

static int show(struct connection *connection, struct mapihttp_session *session, bool as_json)
{
    static const struct output_column columns[] = {
        {"cid", "CID", true},           {"smtp_address", "SMTP address", false}, {"display_name", "Display name", false},
        {"server_name", "Server name", false}, {"status", "Status", false},      {"protocol", "Protocol", false},
        {"authn", "Authn", false},      {"encrypt", "Encrypt", false},           {"port", "Port", true},
        {"type", "Type", false},        {"req_fail", "Req/Fail", true},          {"avg_resp", "Avg resp", true},
        {"avg_proc", "Avg proc", true}, {"session_type", "Sess type", false},    {"interface", "Interface", false},
        {"conn", "Conn", true},         {"notif", "Notif", false},               {"version", "Version", false},
    };
    static const struct output_column more[] = {
        {"url", "Endpoint", false}, {"user_dn", "Mailbox", false}, {"expiration_ms", "Context expires, ms", true},
        {"pending_period_ms", "Pending period, ms", true}, {"resend_supported", "Answers kept for resends", false},
        {"contexts", "Contexts made", true}, {"logons", "Logons", true},
    };
    struct mapihttp_error error;
    /* Something to measure: a listing of folders, a PING, and a short wait for notifications. */
    struct mapihttp_folders *folders;
    if (mapihttp_folders_list(session, mapihttp_special_folder(session, MAPIHTTP_FOLDER_TOP), &folders, &error))
        return connection_failed(connection, NULL, &error);
    mapihttp_folders_free(folders);
    if (mapihttp_session_ping(session, &error))
        return connection_failed(connection, NULL, &error);
    if (mapihttp_watch(session, 0, MAPIHTTP_EVENT_ALL, 200, nothing, NULL, &error))
        return connection_failed(connection, NULL, &error);
    const struct mapihttp_session_state *state = mapihttp_session_state(session);
    json_t *rows = json_array(), *object = state_json(state);
    for (size_t i = 0; i < state->connection_count; i++)
        json_array_append_new(rows, connection_json(&state->connections[i]));
    bool good;
    if (as_json) {
        json_object_set(object, "connections", rows);
        good = output_object(object, NULL, 0, true);
    } else {
        good = output_rows(rows, columns, sizeof columns / sizeof *columns, false);
        putchar('\n');
        good = output_object(object, more, sizeof more / sizeof *more, false) && good;
    }
    json_decref(rows);
    json_decref(object);
    return good ? COMMAND_DONE : command_failed(connection->command, "cannot write");
}

/* What Outlook's dialog would show where MAPI over HTTP is switched off in the client: the transport that is left, not connected, since
 * it is not spoken here; and why. */
static int show_disabled(const struct connection *connection, bool as_json)
{
    static const struct output_column columns[] = {{"smtp_address", "SMTP address", false}, {"status", "Status", false},
                                                   {"protocol", "Protocol", false}, {"cause", "Cause", false}};
    const char *address = connection->options.address;
    json_t *row = json_pack("{s:o, s:s, s:s, s:s}", "smtp_address", output_string(address ? address : ""), "status", "Disconnected", "protocol",
                            "RPC/HTTP", "cause", "MapiHttpDisabled is set in this client: MAPI over HTTP is not used");
    json_t *rows = json_pack("[o]", row), *object = json_pack("{s:O, s:b}", "connections", rows, "mapi_http_disabled", true);
    bool good = as_json ? output_object(object, NULL, 0, true) : output_rows(rows, columns, sizeof columns / sizeof *columns, false);
    json_decref(rows);
    json_decref(object);
    return good ? command_failed(connection->command, "RPC over HTTP, which is left, is not spoken by this program: set MapiHttpDisabled to 0, or "
                                 "remove it (in Outlook: HKEY_CURRENT_USER\\Software\\Microsoft\\Exchange)")
                : command_failed(connection->command, "cannot write");
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    bool as_json = false;
    connection_initialize(&connection, command);
    if (!connection_words(&connection, argc, argv, &as_json))
        return COMMAND_USAGE;
    if (connection.options.mapi_http_disabled)
        return show_disabled(&connection, as_json);
    connection_close(&connection);
    return connection_run(command, argc, argv, show);
}

const struct command command_status = {
    .name = "status",
    .summary = "show the connections to a mailbox as Outlook's status dialog does",
    .usage = "mapihttp status [--json]\n"
             "\n"
             "Connects, lists the folders, waits a moment for notifications, and shows its connections with the columns of\n"
             "Outlook's Connection Status dialog: server, authentication, requests and failures, average response time and the\n"
             "server's share of it in milliseconds, connections made, version. Where MapiHttpDisabled is set, it says so.\n"
             "\n"
             "  --json                  as JSON\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
