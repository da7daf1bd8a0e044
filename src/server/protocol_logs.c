#include "server/protocol_logs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "protocol/rop_definition.h"
#include "server/mapi_context.h"

/* The order of cells in the functions below. */
#define HTTP_FIELDS \
    "DateTime,RequestId,ClientRequestId,Protocol,UrlHost,UrlStem,ProtocolAction,AuthenticationType,IsAuthenticated," \
    "AuthenticatedUser,AnchorMailbox,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,ErrorCode,Method,RequestBytes," \
    "ResponseBytes,BackendProcessingLatency,TotalRequestTime,GenericInfo,GenericErrors,ResponseCode,LogOn,Account,ClientApplication"
#define CLIENT_ACCESS_FIELDS \
    "date-time,session-id,seq-number,client-name,organization-info,client-software,client-software-version,client-mode,client-ip," \
    "server-ip,protocol,application-id,operation,rpc-status,processing-time,operation-specific,failures,request-id,response-code," \
    "rops,rop-count,rop-failure,total-time,request-bytes,response-bytes,authentication,client-info"
#define ADDRESS_BOOK_FIELDS \
    "date-time,session-id,seq-number,client-name,organization-info,client-ip,server-ip,protocol,operation,rpc-status," \
    "processing-time,operation-specific,failures,authentication,delay,request-id,response-code,client-software," \
    "client-software-version,total-time,request-bytes,response-bytes,client-info"

const struct protocol_log_definition protocol_log_definitions[PROTOCOL_LOG_COUNT] = {
    [PROTOCOL_LOG_HTTP_MAPI] = {"HttpProxy/Mapi", "HttpProxy_", "HttpProxy Logs", HTTP_FIELDS},
    [PROTOCOL_LOG_HTTP_AUTODISCOVER] = {"HttpProxy/Autodiscover", "HttpProxy_", "HttpProxy Logs", HTTP_FIELDS},
    [PROTOCOL_LOG_HTTP_OAB] = {"HttpProxy/OAB", "HttpProxy_", "HttpProxy Logs", HTTP_FIELDS},
    [PROTOCOL_LOG_HTTP_ADMIN] = {"HttpProxy/Admin", "HttpProxy_", "HttpProxy Logs", HTTP_FIELDS},
    [PROTOCOL_LOG_CLIENT_ACCESS] = {"MAPI Client Access", "MAPI_", "MAPI Client Access Logs", CLIENT_ACCESS_FIELDS},
    [PROTOCOL_LOG_ADDRESS_BOOK] = {"MAPI Address Book Service", "MAPIAB_", "MAPI AddressBook Protocol Logs", ADDRESS_BOOK_FIELDS},
};

/* --- rows --- */

static const char *protocol_of(enum observation_endpoint endpoint)
{
    static const char *const names[] = {
        [OBSERVATION_MAILBOX] = "Mapi", [OBSERVATION_ADDRESS_BOOK] = "Mapi", [OBSERVATION_AUTODISCOVER] = "Autodiscover",
        [OBSERVATION_OAB] = "OAB", [OBSERVATION_ADMIN] = "Admin",
    };
    return names[endpoint];
}

static const char *header_of(const struct observation *observation, const char *name)
{
    const char *value = observation->request ? http_request_header(observation->request, name) : NULL;
    return value ? value : "";
}

static const char *user_of(const struct observation *observation)
{
    return observation->user ? directory_user_principal(observation->user) : "";
}

static void add_mailbox(struct csv_row *row, const struct observation *observation)
{
    char mailbox[256] = "";
    if (observation->request && *observation->request->query &&
        !http_query_value(observation->request->query, "MailboxId", mailbox, sizeof mailbox))
        *mailbox = '\0';
    csv_row_text(row, mailbox);
}

static void add_error_name(struct csv_row *row, const struct observation *observation)
{
    bool named = observation->response_code != MAPI_RESPONSE_SUCCESS;
    csv_row_text(row, named ? mapi_response_code_name((enum mapi_response_code)observation->response_code) : "");
}

void protocol_log_http_row(struct csv_row *row, const struct observation *observation, const char *host_name)
{
    csv_row_begin(row);
    csv_row_time(row, observation->time);
    csv_row_text(row, observation->request_id);
    csv_row_text(row, header_of(observation, "client-request-id"));
    csv_row_word(row, protocol_of(observation->endpoint));
    csv_row_text(row, observation->request ? observation->request->host : "");
    csv_row_text(row, observation->path);
    csv_row_text(row, observation->request_type);
    csv_row_text(row, observation->authentication);
    csv_row_word(row, observation->user ? "True" : "False");
    csv_row_text(row, user_of(observation));
    add_mailbox(row, observation);
    csv_row_text(row, observation->user_agent);
    csv_row_text(row, observation->peer);
    csv_row_text(row, host_name);
    csv_row_number(row, observation->http_status);
    add_error_name(row, observation);
    csv_row_text(row, observation->method);
    csv_row_number(row, observation->request_size);
    csv_row_number(row, observation->response_size);
    csv_row_milliseconds(row, observation->processing_us);
    csv_row_milliseconds(row, observation->duration_us);
    csv_row_text(row, observation->remark);
    csv_row_text(row, observation->error_text);
    csv_row_number(row, observation->response_code);
    csv_row_word(row, observation_log_on_names[observation->log_on]);
    csv_row_text(row, observation->account);
    csv_row_text(row, observation->client_application);
    csv_row_end(row);
}

static struct session_names names_of(struct session_status *status)
{
    return status ? session_status_names(status) : (struct session_names){.software = "", .version = "", .process = "", .mode = ""};
}

/* Scripts for Exchange's logs look for the program's name. */
static void add_software(struct csv_row *row, const struct session_names *names)
{
    csv_row_text(row, *names->process ? names->process : text_equal_ignoring_case(names->software, "Outlook") ? "OUTLOOK.EXE" : names->software);
    csv_row_text(row, names->version);
}

static void add_session(struct csv_row *row, const struct observation *observation, const struct session_names *names)
{
    csv_row_begin(row);
    csv_row_time(row, observation->time);
    csv_row_number(row, names->cid);
    csv_row_number(row, names->request_count);
    csv_row_text(row, observation->user ? observation->user->legacy_dn : "");
    csv_row_word(row, ""); /* organization-info */
}

static const char *rop_name(uint8_t id)
{
    const struct rop_definition *definition = rop_definitions[id];
    return definition ? definition->spec_name + strlen("Rop") : "?";
}

static void add_rops(struct csv_row *row, const struct observation *observation)
{
    unsigned noted = observation->rop_count < OBSERVATION_ROPS_MAX ? observation->rop_count : OBSERVATION_ROPS_MAX;
    csv_row_list(row);
    for (unsigned i = 0; i < noted; i++)
        csv_row_list_word(row, i == 0, rop_name(observation->rops[i]));
    csv_row_number(row, observation->rop_count);
    if (observation->rop_error) {
        csv_row_text(row, rop_name(observation->rop_failed));
        csv_row_list_code(row, observation->rop_error);
    } else {
        csv_row_word(row, "");
    }
}

void protocol_log_client_access_row(struct csv_row *row, const struct observation *observation, struct session_status *status)
{
    struct session_names names = names_of(status);
    add_session(row, observation, &names);
    add_software(row, &names);
    csv_row_word(row, names.mode);
    csv_row_text(row, observation->peer);
    csv_row_word(row, ""); /* server-ip */
    csv_row_word(row, "MapiHttp");
    csv_row_text(row, observation->client_application);
    csv_row_text(row, observation->request_type);
    csv_row_code(row, observation->error_code);
    csv_row_span(row, observation->processing_us);
    csv_row_text(row, observation->remark);
    csv_row_text(row, observation->error_text);
    csv_row_text(row, observation->request_id);
    csv_row_number(row, observation->response_code);
    add_rops(row, observation);
    csv_row_span(row, observation->duration_us);
    csv_row_number(row, observation->request_size);
    csv_row_number(row, observation->response_size);
    csv_row_text(row, observation->authentication);
    csv_row_text(row, observation->client_info);
    csv_row_end(row);
}

void protocol_log_address_book_row(struct csv_row *row, const struct observation *observation, struct session_status *status)
{
    struct session_names names = names_of(status);
    add_session(row, observation, &names);
    csv_row_text(row, observation->peer);
    csv_row_word(row, ""); /* server-ip */
    csv_row_word(row, "MapiHttp");
    csv_row_text(row, observation->request_type);
    csv_row_code(row, observation->error_code);
    csv_row_span(row, observation->processing_us);
    csv_row_text(row, observation->remark);
    csv_row_text(row, observation->error_text);
    csv_row_text(row, observation->authentication);
    csv_row_word(row, ""); /* delay */
    csv_row_text(row, observation->request_id);
    csv_row_number(row, observation->response_code);
    add_software(row, &names);
    csv_row_span(row, observation->duration_us);
    csv_row_number(row, observation->request_size);
    csv_row_number(row, observation->response_size);
    csv_row_text(row, observation->client_info);
    csv_row_end(row);
}

/* --- the consumer --- */

#define LOG_HTTP 1u /* in the order of [logs] write */
#define LOG_CLIENT_ACCESS 2u
#define LOG_ADDRESS_BOOK 4u

struct protocol_logs {
    struct protocol_log *log;
    atomic_uint wanted; /* LOG_... */
    const char *host_name;
    char *default_path; /* <data>/logs */
};

static void tell(void *user, bool failing, const char *text)
{
    if (failing)
        log_error("the CSV logs cannot be written: %s", text);
    else
        log_info("the CSV logs: %s", text);
}

static struct protocol_log_settings settings_of(const struct protocol_logs *logs, const struct config *config)
{
    return (struct protocol_log_settings){
        .path = *config->logs_path ? config->logs_path : logs->default_path, .version = MAPIHTTP_VERSION,
        .daily = strcmp(config->logs_rotate, "day") == 0, .file_size_max = config->logs_file_size_max,
        .total_size_max = config->logs_total_size_max, .age_max_days = config->logs_keep_days, .tell = tell};
}

static uint32_t wanted_of(const struct config *config)
{
    return config->logs_enabled ? config->logs_write : 0;
}

static void stop(void *state)
{
    struct protocol_logs *logs = state;
    if (!logs)
        return;
    protocol_log_free(logs->log);
    free(logs->default_path);
    free(logs);
}

static bool start(struct services *services, void **ret_state)
{
    const struct config *config = atomic_load(&services->config);
    struct protocol_logs *logs = calloc(1, sizeof *logs);
    if (logs && asprintf(&logs->default_path, "%s/logs", config->data_path) < 0)
        logs->default_path = NULL;
    if (logs && logs->default_path) {
        struct protocol_log_settings settings = settings_of(logs, config);
        logs->host_name = services->host_name;
        logs->log = protocol_log_new(&settings, protocol_log_definitions, PROTOCOL_LOG_COUNT);
        atomic_init(&logs->wanted, wanted_of(config));
    }
    if (!logs || !logs->log) {
        log_error("out of memory");
        stop(logs);
        return false;
    }
    *ret_state = logs;
    return true;
}

static void reload(struct services *services, void *state)
{
    struct protocol_logs *logs = state;
    const struct config *config = atomic_load(&services->config);
    struct protocol_log_settings settings = settings_of(logs, config);
    if (!protocol_log_configure(logs->log, &settings))
        log_error("the settings of the CSV logs stay as they were: out of memory");
    atomic_store(&logs->wanted, wanted_of(config));
}

static enum protocol_log_index http_log_of(enum observation_endpoint endpoint)
{
    switch (endpoint) {
    case OBSERVATION_AUTODISCOVER: return PROTOCOL_LOG_HTTP_AUTODISCOVER;
    case OBSERVATION_OAB: return PROTOCOL_LOG_HTTP_OAB;
    case OBSERVATION_ADMIN: return PROTOCOL_LOG_HTTP_ADMIN;
    default: return PROTOCOL_LOG_HTTP_MAPI;
    }
}

static void observe_request(void *state, const struct observation *observation)
{
    struct protocol_logs *logs = state;
    unsigned wanted = atomic_load_explicit(&logs->wanted, memory_order_relaxed);
    struct csv_row row;
    if (wanted & LOG_HTTP) {
        protocol_log_http_row(&row, observation, logs->host_name);
        (void)protocol_log_append(logs->log, http_log_of(observation->endpoint), &row); /* a loss is counted */
    }
    if (!observation->user || !*observation->request_type || observation->endpoint > OBSERVATION_ADDRESS_BOOK)
        return;
    const struct mapi_context *context = observation->context ? session_context_attachment(observation->context) : NULL;
    struct session_status *status = context ? context->status : NULL;
    if (observation->endpoint == OBSERVATION_MAILBOX && (wanted & LOG_CLIENT_ACCESS)) {
        protocol_log_client_access_row(&row, observation, status);
        (void)protocol_log_append(logs->log, PROTOCOL_LOG_CLIENT_ACCESS, &row);
    } else if (observation->endpoint == OBSERVATION_ADDRESS_BOOK && (wanted & LOG_ADDRESS_BOOK)) {
        protocol_log_address_book_row(&row, observation, status);
        (void)protocol_log_append(logs->log, PROTOCOL_LOG_ADDRESS_BOOK, &row);
    }
}

const struct observer protocol_logs_observer = {
    .name = "CSV logs", .start = start, .reload = reload, .observe = observe_request, .stop = stop,
};

struct protocol_log_counts protocol_logs_counts(const struct services *services)
{
    const struct protocol_logs *logs = observer_state(services, &protocol_logs_observer);
    return logs ? protocol_log_counts(logs->log) : (struct protocol_log_counts){0};
}
