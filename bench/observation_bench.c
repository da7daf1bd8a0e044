/* What it costs to tell of one answered request: all consumers of observe(), for PING and for an Execute of five ROPs, with their threads
 * writing files in a temporary folder. CPU of the whole process divided by the requests.
 *
 * usage: observation_bench [COUNT] */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/filetime.h"
#include "server/mapi_context.h"
#include "server/observation.h"

static double cpu_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    return remove(path);
}

static void ended(void *user, struct session_context *context, enum session_end_reason reason)
{
}

static void released(void *user, struct session_context *context)
{
    session_context_free(context);
}

static bool delivered(void *user, void *delivery)
{
    return true;
}

static const struct directory_user user = {
    .account = "alice", .display_name = "Alice Example", .address = "alice@example.org", .principal = "alice@example.org",
    .legacy_dn = "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=00000100f5905383a4e89b2b5a5e38d9-alice",
    .redirect_address = "", .redirect_url = ""};

static struct observation observation_for(const char *type, struct session_context *context)
{
    return (struct observation){
        .endpoint = OBSERVATION_MAILBOX, .time = filetime_now(), .now_ms = monotonic_ms(), .duration_us = 80, .processing_us = 20,
        .http_status = 200, .error_text = "", .method = "POST", .request_type = type,
        .request_id = "{52901669-bd90-4c89-a600-870971e6018b}:12345", .client_info = "{190357cf-3f7c-4834-868d-dd5cc6bc6397}:1",
        .client_application = "Outlook/16.0.14326.20454", .user_agent = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14326; Pro)",
        .peer = "192.0.2.7", .path = "/mapi/emsmdb/", .tls = true, .log_on = OBSERVATION_LOG_ON_ACCEPTED, .authentication = "Basic", .user = &user,
        .account = "", .remark = "", .context = context, .request_size = 100, .response_size = 200};
}

static void measure(struct services *services, const char *name, struct observation observation, unsigned count)
{
    double before = cpu_s(CLOCK_PROCESS_CPUTIME_ID), thread_before = cpu_s(CLOCK_THREAD_CPUTIME_ID);
    for (unsigned i = 0; i < count; i++) {
        observation.time += 1000;
        observe(services, &observation);
        if (i % 5000 == 4999)
            usleep(100000); /* 50,000 a second at most: the queues are bounded */
    }
    double thread = cpu_s(CLOCK_THREAD_CPUTIME_ID) - thread_before;
    sleep(1); /* the writers */
    double all = cpu_s(CLOCK_PROCESS_CPUTIME_ID) - before;
    printf("%-32s %8.3f %8.3f\n", name, all * 1e6 / count, thread * 1e6 / count);
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200000;
    char folder[] = "/tmp/observation-bench-XXXXXX";
    struct config *config;
    struct config_error error;
    struct buffer text = {0};
    if (!mkdtemp(folder))
        return 1;
    buffer_append_format(&text, "[server]\ndata = %s\n[http]\nlisten = 127.0.0.1:0 plain\n", folder);
    buffer_append_u8(&text, 0);
    if (!config_parse("bench", (const char *)text.data, &config, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    struct server server = {.config = config};
    struct services services = {.server = &server, .host_name = "mail.example.org", .session_registry = session_registry_new()};
    atomic_store(&services.config, config);
    if (!observers_start(&services))
        return 1;
    struct session_settings settings = {.idle_timeout_ms = 900000, .contexts_per_user_max = 10};
    struct session_table *table = session_table_new(&settings, &(struct session_hooks){.ended = ended, .released = released, .delivered = delivered});
    struct session_cookies cookies = {0};
    struct session_ticket ticket;
    if (!table || !session_create(table, SESSION_ENDPOINT_MAILBOX, &cookies, &user, monotonic_ms(), &ticket))
        return 1;
    struct mapi_context context = {.services = &services, .session = ticket.context,
                                   .status = session_status_new(services.session_registry, ticket.context)};
    session_context_set_attachment(ticket.context, &context);
    session_status_set_client(context.status, &(struct session_client){.application = "Outlook/16.0.14326.20454", .user_agent = "agent",
                                                                       .authentication = "Basic", .host = "mail.example.org", .tls = true});
    printf("%-32s %8s %8s\n", "told of one request, CPU us", "all", "its loop");
    measure(&services, "PING", observation_for("PING", ticket.context), count);
    struct observation execute = observation_for("Execute", ticket.context);
    execute.rop_count = 5;
    memcpy(execute.rops, "\x02\x05\x12\x17\x15", 5);
    measure(&services, "Execute, 5 ROPs", execute, count);
    struct observation failed = observation_for("", NULL);
    failed.user = NULL;
    failed.http_status = 401;
    failed.log_on = OBSERVATION_LOG_ON_CHALLENGED;
    failed.authentication = "";
    measure(&services, "401", failed, count);
    observers_stop(&services);
    session_context_set_attachment(ticket.context, NULL);
    session_return(table, &ticket, monotonic_ms());
    session_table_free(table);
    session_status_release(context.status);
    session_registry_free(services.session_registry);
    config_free(config);
    buffer_free(&text);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
