/* Test-OutlookConnectivity and Test-MapiConnectivity: probes (probe.h) as Exchange's commands. They run where they are typed, as a client
 * of the server that is tested. docs/probes.md. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "cli/client_operation.h"
#include "cli/local_configuration.h"
#include "cli/probe_report.h"
#include "server/config.h"

#define CONNECTION_TIMEOUT_S 10 /* of Test-MapiConnectivity */
#define ALL_CONNECTIONS_TIMEOUT_S 90
#define MAILBOXES_MAX 100000u

/* --- who and where --- */

/* The server that stands in the configuration of this machine, where nothing else is said: Exchange's probes run on a server too. */
static const char *local_server(struct operation_call *call)
{
    const char *path = local_configuration_path(NULL), *server = NULL;
    struct config *config;
    struct config_error error;
    if (!path || !config_read(path, &config, &error))
        return NULL;
    if (*config->public_url)
        server = arena_string(call->arena, config->public_url);
    config_free(config);
    return server;
}

/* What the parameters say about the server and the log-on, over what the options and the environment say. */
static struct mapihttp_options *take_options(struct operation_call *call, const char *mailbox)
{
    struct mapihttp_options *options = client_operation_log_on(call);
    const char *server = operation_text(call, "RunFromServerId"), *user = operation_text(call, "Credential"), *url = operation_text(call, "Url"),
               *ca_file = operation_text(call, "CaFile");
    if (operation_text(call, "Hostname"))
        server = operation_text(call, "Hostname");
    if (operation_text(call, "Server"))
        server = operation_text(call, "Server");
    options->server = server ? server : options->server;
    options->url = url ? url : options->url;
    options->address = mailbox ? mailbox : options->address;
    options->user = user ? user : options->user;
    options->ca_file = ca_file ? ca_file : options->ca_file;
    options->insecure |= operation_flag(call, "TrustAnySslCert");
    if (!options->address && user && strchr(user, '@'))
        options->address = user; /* for a log-on without a mailbox */
    if (!options->server && !options->url)
        options->server = local_server(call);
    if (mailbox && !strchr(mailbox, '@')) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, operation_given(call, "MailboxId") ? "MailboxId" : "Identity",
                       "'%s' is not a mailbox's address, as a client needs it (user@domain)", mailbox);
        return NULL;
    }
    return options;
}

static bool is_rpc(enum probe_kind kind)
{
    return kind == PROBE_RPC_SELF_TEST || kind == PROBE_RPC_DEEP_TEST;
}

/* Fills in what a run of this kind needs; false: the call has failed. */
static bool prepare(struct operation_call *call, enum probe_kind kind, struct mapihttp_options *options, bool *ret_with_credentials)
{
    bool with_credentials = kind == PROBE_DEEP_TEST || (!is_rpc(kind) && options->address && client_operation_has_secret(call));
    if (kind == PROBE_DEEP_TEST && !options->address) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "MailboxId", "the deep test opens a mailbox: -MailboxId user@domain says which, -Credential who logs on");
        return false;
    }
    if (!with_credentials && !options->server && !options->url) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "RunFromServerId", "which server? -RunFromServerId NAME (this machine has no configuration "
                       "that says it)");
        return false;
    }
    *ret_with_credentials = with_credentials;
    return !with_credentials || client_operation_find_secret(call);
}

/* --- Test-OutlookConnectivity --- */

static void test_outlook(struct operation_call *call)
{
    enum probe_kind kind;
    bool with_credentials;
    const char *identity = operation_text(call, "ProbeIdentity");
    if (!probe_find(identity, &kind)) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "ProbeIdentity",
                       "there is no probe '%s'; there are OutlookMapiHttpSelfTestProbe, OutlookMapiHttpDeepTestProbe, OutlookRpcSelfTestProbe and "
                       "OutlookRpcDeepTestProbe", identity);
        return;
    }
    struct mapihttp_options *options = take_options(call, operation_text(call, "MailboxId"));
    if (!options || !prepare(call, kind, options, &with_credentials))
        return;
    struct probe_report *report = calloc(1, sizeof *report);
    if (!report) {
        operation_fail(call, OPERATION_FAILED, NULL, "out of memory");
        return;
    }
    probe_run(kind, options, with_credentials, (uint32_t)operation_number(call, "TimeOutSeconds", PROBE_TIME_LIMIT_MS / 1000) * 1000, report);
    operation_emit(call, probe_object(report, true));
    if (report->failed_step >= 0) {
        operation_warn(call, "%s failed. %s", report->steps[report->failed_step].name, report->steps[report->failed_step].advice);
        client_operation_exit(call, 1);
    }
    free(report);
}

static const struct operation_parameter outlook_parameters[] = {
    {.name = "ProbeIdentity", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0,
     .explanation = "OutlookMapiHttpSelfTestProbe, OutlookMapiHttpDeepTestProbe, OutlookRpcSelfTestProbe or OutlookRpcDeepTestProbe, with or without "
                    "'OutlookMapiHttp.Protocol\\' before it"},
    {.name = "RunFromServerId", .kind = OPERATION_TEXT,
     .explanation = "the server to test, as a name, name:port or URL; the probe itself runs on this machine"},
    {.name = "Hostname", .kind = OPERATION_TEXT, .explanation = "the same; where both are given this one counts"},
    {.name = "MailboxId", .kind = OPERATION_TEXT, .explanation = "the address of the mailbox that the deep test opens"},
    {.name = "Credential", .kind = OPERATION_TEXT,
     .explanation = "who logs on, where that is not the mailbox's owner; the password comes from MAPIHTTP_PASSWORD, --password-file or a prompt"},
    {.name = "TimeOutSeconds", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = 3600, .explanation = "what takes longer has failed (30)"},
    {.name = "Url", .kind = OPERATION_URL, .explanation = "the mailbox endpoint to test, instead of asking Autodiscover"},
    {.name = "CaFile", .kind = OPERATION_TEXT, .explanation = "PEM certificates to trust instead of the system's"},
    {.name = "TrustAnySslCert", .kind = OPERATION_SWITCH, .explanation = "accepts any certificate"},
    {.name = NULL},
};

static const struct operation_column outlook_columns[] = {
    {"MonitorIdentity", false}, {"StartTime", false}, {"EndTime", false}, {"Result", false}, {"Error", false}, {"Exception", false}, {NULL, false},
};

const struct operation operation_test_outlook_connectivity = {
    .name = "Test-OutlookConnectivity",
    .flags = OPERATION_CLIENT | OPERATION_LOG_ON,
    .summary = "test the way to a server or mailbox with one of Exchange's probes",
    .description = "The self test needs no mailbox: it finds the server, agrees on TLS, reads the health page and looks whether the endpoint asks for a "
                   "log-on; with a password it logs on too. The deep test also opens the mailbox and lists its Inbox. The two RPC probes say "
                   "whether RPC over HTTP is there at all. All properties (--list) tell each step and what it took. Ends with 1 where the test failed. "
                   "'mapihttp probe' is the same for monitoring systems.",
    .parameters = outlook_parameters,
    .columns = outlook_columns,
    .run = test_outlook,
};

/* --- Test-MapiConnectivity --- */

struct connectivity {
    struct operation_call *call;
    struct mapihttp_options options; /* of all mailboxes */
    uint32_t time_limit_ms;          /* of one */
    uint64_t deadline_ms;            /* of all */
    struct probe_report report;
    bool failed;
};

static void test_mailbox(struct connectivity *connectivity, const char *mailbox)
{
    struct mapihttp_options options = connectivity->options;
    struct probe_report *report = &connectivity->report;
    uint64_t now = monotonic_ms();
    uint32_t left_ms = now < connectivity->deadline_ms ? (uint32_t)(connectivity->deadline_ms - now) : 1;
    options.address = mailbox;
    probe_run(PROBE_DEEP_TEST, &options, true, left_ms < connectivity->time_limit_ms ? left_ms : connectivity->time_limit_ms, report);
    json_t *object = probe_object(report, true);
    bool failed = report->result == PROBE_FAILED;
    const char *detail = json_string_value(json_object_get(object, "Exception"));
    operation_emit(connectivity->call, json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:O, s:O}", "MailboxServer", report->server, "Database", mailbox,
                                                 "Result", failed ? "*FAILURE*" : "Success", "Error", detail ? detail : "", "Latency",
                                                 json_object_get(object, "Latency"), "FailedStep", json_object_get(object, "FailedStep"),
                                                 "InboxCount", json_object_get(object, "InboxCount"), "Advice", json_object_get(object, "Advice")));
    json_decref(object);
    if (failed)
        operation_warn(connectivity->call, "%s: %s failed. %s", mailbox, report->steps[report->failed_step].name,
                       report->steps[report->failed_step].advice);
    connectivity->failed |= failed;
}

/* The address of what comes by the pipe: a mailbox of Get-Mailbox, or a text. */
static const char *address_of(const json_t *object)
{
    static const char *const names[] = {"PrimarySmtpAddress", "UserPrincipalName", "MailboxId", "Identity"};
    const char *text = json_string_value(object);
    for (size_t i = 0; !text && i < sizeof names / sizeof *names; i++)
        text = json_string_value(json_object_get(object, names[i]));
    return text;
}

/* False: there was nothing. */
static bool test_piped(struct connectivity *connectivity)
{
    unsigned count = 0;
    for (json_t *object; count < MAILBOXES_MAX && (object = client_operation_next(connectivity->call)); count++) {
        const char *address = address_of(object);
        if (address && strchr(address, '@')) {
            test_mailbox(connectivity, address);
        } else {
            operation_warn(connectivity->call, "an object without a mailbox's address was left out");
            connectivity->failed = true;
        }
        json_decref(object);
    }
    return count || connectivity->call->error != OPERATION_DONE;
}

static void say_which_mailbox(struct operation_call *call)
{
    operation_fail(call, OPERATION_INVALID_ARGUMENT, "Identity", "which mailbox? -Identity user@domain, or a pipe from Get-Mailbox");
}

static void test_mapi(struct operation_call *call)
{
    const char *mailbox = operation_text(call, "Identity");
    struct mapihttp_options *options = take_options(call, mailbox);
    if (!options)
        return;
    struct connectivity *connectivity = calloc(1, sizeof *connectivity);
    bool piped = !mailbox && client_operation_has_input(call);
    if (!connectivity) {
        operation_fail(call, OPERATION_FAILED, NULL, "out of memory");
        return;
    }
    mailbox = options->address;
    if (!mailbox && !piped)
        say_which_mailbox(call);
    else if (client_operation_find_secret(call)) {
        *connectivity = (struct connectivity){.call = call, .options = *options,
            .time_limit_ms = (uint32_t)operation_number(call, "PerConnectionTimeout", CONNECTION_TIMEOUT_S) * 1000,
            .deadline_ms = monotonic_ms() + (uint64_t)operation_number(call, "AllConnectionsTimeout", ALL_CONNECTIONS_TIMEOUT_S) * 1000};
        bool tested = piped && test_piped(connectivity);
        if (!tested && mailbox)
            test_mailbox(connectivity, mailbox);
        else if (!tested)
            say_which_mailbox(call);
        if (connectivity->failed)
            client_operation_exit(call, 1);
    }
    free(connectivity);
}

static const struct operation_parameter mapi_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0,
     .explanation = "the mailbox's address; without it, those that come by a pipe from Get-Mailbox"},
    {.name = "Server", .kind = OPERATION_TEXT, .explanation = "the server to ask, as a name, name:port or URL"},
    {.name = "Credential", .kind = OPERATION_TEXT,
     .explanation = "who logs on, where that is not the mailbox's owner (it needs full access then)"},
    {.name = "PerConnectionTimeout", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = 3600, .explanation = "seconds for one mailbox (10)"},
    {.name = "AllConnectionsTimeout", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = 86400, .explanation = "seconds for all of them (90)"},
    {.name = "Url", .kind = OPERATION_URL, .explanation = "the mailbox endpoint to ask, instead of asking Autodiscover"},
    {.name = "CaFile", .kind = OPERATION_TEXT, .explanation = "PEM certificates to trust instead of the system's"},
    {.name = "TrustAnySslCert", .kind = OPERATION_SWITCH, .explanation = "accepts any certificate"},
    {.name = NULL},
};

static const struct operation_column mapi_columns[] = {
    {"MailboxServer", false}, {"Database", false}, {"Result", false}, {"Error", false}, {"Latency", true}, {NULL, false},
};

const struct operation operation_test_mapi_connectivity = {
    .name = "Test-MapiConnectivity",
    .flags = OPERATION_CLIENT | OPERATION_LOG_ON,
    .summary = "log on to mailboxes and list their Inbox",
    .description = "Each mailbox is a database of its own here, so Database is its address. Latency is in milliseconds, of all steps from Autodiscover to "
                   "the Inbox. Ends with 1 where one failed.",
    .parameters = mapi_parameters,
    .columns = mapi_columns,
    .run = test_mapi,
};
