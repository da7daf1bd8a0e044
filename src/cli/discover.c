/* mapihttp discover: what a client would try that is given an e-mail address alone, step by step. */
#include "base/text.h"
#include "cli/connection.h"
#include "cli/host_inspection.h"
#include "cli/output.h"
#include <mapihttp/autodiscover.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX 64u

struct discovery {
    struct connection *connection;
    bool as_json;
    json_t *steps;
    char hosts[HOSTS_MAX][300]; /* looked at already */
    unsigned host_count;
};

static bool is_new(struct discovery *discovery, const char *host)
{
    for (unsigned i = 0; i < discovery->host_count; i++)
        if (!strcmp(discovery->hosts[i], host))
            return false;
    if (discovery->host_count < HOSTS_MAX)
        snprintf(discovery->hosts[discovery->host_count++], sizeof discovery->hosts[0], "%s", host);
    return true;
}

static void put_line(const char *title, const char *text)
{
    printf("    %-8s ", title);
    output_text(text, false);
    putchar('\n');
}

static json_t *inspection_json(const struct host_inspection *seen)
{
    json_t *row = json_pack("{s:s, s:s}", "addresses", seen->addresses, "given", seen->given);
    if (seen->encrypted)
        json_object_set_new(row, "tls", json_pack("{s:b, s:b, s:o, s:o, s:o, s:o}", "connected", seen->connected, "verified", seen->verified,
            "failure", output_string(seen->failure), "names", output_string(seen->names), "issuer", output_string(seen->issuer),
            "expires", output_string(seen->expires)));
    return row;
}

static void print_inspection(const struct host_inspection *seen)
{
    char text[2048];
    if (*seen->given)
        snprintf(text, sizeof text, "%s (given by hand)", seen->given);
    else
        snprintf(text, sizeof text, "%s", *seen->addresses ? seen->addresses : "no such name");
    put_line("DNS", text);
    if (!seen->encrypted || (!seen->connected && !*seen->failure))
        return;
    if (seen->connected)
        snprintf(text, sizeof text, "%s; certificate for %s, until %s, by %s", seen->verified ? "good" : "NOT GOOD", seen->names,
                 seen->expires, seen->issuer);
    else
        snprintf(text, sizeof text, "none");
    put_line("TLS", text);
    if (*seen->failure)
        put_line("", seen->failure);
}

static void print_step(const struct mapihttp_autodiscover_step *step, const struct host_inspection *seen)
{
    char text[600];
    printf("%2u  ", step->number);
    output_text(step->way, false);
    if (*step->url) {
        printf("  %s ", step->method);
        output_text(step->url, false);
    }
    putchar('\n');
    if (!step->tried) {
        put_line("left out", step->verdict);
        return;
    }
    if (*step->found_at)
        put_line("found at", step->found_at);
    if (seen)
        print_inspection(seen);
    if (step->http_status) {
        snprintf(text, sizeof text, "HTTP %u after %.0f ms%s%s%s", step->http_status, step->elapsed_ms,
                 *step->method == 'P' ? ", credentials: " : "", *step->method == 'P' ? step->authentication : "",
                 *step->method == 'P' && !strcmp(step->authentication, "Anonymous") ? " (none sent)" : "");
        put_line("answer", text);
    }
    put_line("verdict", step->verdict);
}

static void take_step(void *data, const struct mapihttp_autodiscover_step *step)
{
    struct discovery *discovery = data;
    struct host_inspection seen;
    char host[300];
    bool looked = step->tried && *step->url && strstr(step->url, "://") && host_of_url(step->url, host, sizeof host) &&
                  is_new(discovery, host);
    if (looked)
        host_inspect(&discovery->connection->options, step->url, &seen);
    json_t *row = json_pack("{s:i, s:s, s:s, s:o, s:o, s:b, s:b, s:s, s:i, s:s, s:s, s:o, s:f}", "number", (int)step->number, "way", step->way,
        "method", step->method, "url", output_string(step->url), "found_at", output_string(step->found_at), "tried", step->tried,
        "settings", step->settings, "status", mapihttp_status_name(step->status), "http_status", (int)step->http_status,
        "credentials", step->authentication, "offered", step->offered, "verdict", output_string(step->verdict), "elapsed_ms",
        step->elapsed_ms);
    if (row && looked)
        json_object_set_new(row, "host", inspection_json(&seen));
    json_array_append_new(discovery->steps, row);
    if (!discovery->as_json) {
        print_step(step, looked ? &seen : NULL);
        fflush(stdout);
    }
}

static json_t *settings_json(const struct mapihttp_endpoints *endpoints)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "source", output_string(endpoints->source_url), "display_name",
        output_string(endpoints->display_name), "address", output_string(endpoints->smtp_address), "user_dn",
        output_string(endpoints->user_dn), "mailbox", output_string(endpoints->mailbox_url), "address_book",
        output_string(endpoints->address_book_url));
}

static int discover(struct discovery *discovery)
{
    static const struct output_column columns[] = {{"source", "Settings from", false}, {"display_name", "Name", false},
        {"address", "Address", false}, {"user_dn", "DN", false}, {"mailbox", "Mailbox", false}, {"address_book", "Address book", false}};
    struct connection *connection = discovery->connection;
    struct mapihttp_autodiscover *found = NULL;
    struct mapihttp_error error = {0};
    bool good = !mapihttp_autodiscover(&connection->options, &found, &error);
    json_t *settings = good ? settings_json(mapihttp_autodiscover_endpoints(found)) : json_null();
    mapihttp_autodiscover_free(found);
    bool written = true;
    if (discovery->as_json) {
        json_t *whole = json_pack("{s:o, s:s, s:O, s:O}", "address", output_string(connection->options.address), "error", error.text,
                                  "settings", settings, "steps", discovery->steps);
        written = whole && !json_dumpf(whole, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(whole);
    } else if (good) {
        putchar('\n');
        written = output_object(settings, columns, sizeof columns / sizeof *columns, false);
    }
    json_decref(settings);
    if (!written)
        return command_failed(connection->command, "cannot write");
    return good ? COMMAND_DONE : command_failed(connection->command, "no settings: %s", error.text);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    struct discovery discovery = {.connection = &connection};
    bool without = false;
    connection_initialize(&connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--json"))
            discovery.as_json = true;
        else if (!strcmp(argv[i], "--all"))
            connection.options.discover_all = true;
        else if (!strcmp(argv[i], "--no-password"))
            without = true;
        else if (*argv[i] == '-')
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        else
            connection.options.address = argv[i];
    }
    connection.options.discovery_step = take_step;
    connection.options.discovery_data = &discovery;
    connection.options.discover_without_credentials = without || connection.options.insecure;
    int status = COMMAND_DONE;
    if (!connection.options.discover_without_credentials)
        status = connection_prepare(&connection);
    else if (!connection.options.address)
        status = command_usage_error(command, "which address?");
    if (!status) {
        discovery.steps = json_array();
        status = discover(&discovery);
        json_decref(discovery.steps);
    }
    connection_close(&connection);
    return status;
}

const struct command command_discover = {
    .name = "discover",
    .summary = "show step by step how a client finds the server of an address",
    .usage = "mapihttp discover ADDRESS [--all] [--no-password] [--json]\n"
             "\n"
             "Tries what Outlook tries, in its order, against any server: the address's domain, autodiscover.<domain>, a redirect\n"
             "by plain http, the service record, Autodiscover version 2. For each step what the DNS says, the certificate's names\n"
             "and end, the answer and what it comes to. Ends with 0 where settings for MAPI over HTTP were found.\n"
             "\n"
             "The password goes over https only, to hosts whose certificate is good and to which the address leads: its domain\n"
             "and autodiscover.<domain>, or a host below the domain to which one of these redirects. For any other host it asks\n"
             "(on a terminal) or wants --allow-redirect. With --insecure no password is sent anywhere.\n"
             "\n"
             "  --all                   goes on after the first settings\n"
             "  --no-password           logs on nowhere: shows where a log-on would be asked for\n"
             "  --json                  as JSON\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
