/* mapihttp dns: the DNS records by which clients find the server, and what is there now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/guid.h"
#include "cli/command.h"
#include "client/dns_lookup.h"
#include "cli/output.h"

#define NAME_COUNT 4u

struct plan {
    const struct command *command;
    char domain[DNS_NAME_SIZE];
    char host[DNS_NAME_SIZE];
    char autodiscover[DNS_NAME_SIZE + 20];
    char service[DNS_NAME_SIZE + 20];
    json_t *rows;
    struct dns_resolver resolver;
    bool checks;
    bool failed;                  /* DNS did not answer something */
    bool found;                   /* at least one way leads to the host */
    struct dns_answer host_a, host_aaaa; /* addresses of the host */
};

/* --- records to create --- */

static json_t *add_row(struct plan *plan, const char *name, const char *type, const char *value, const char *purpose)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "name", name, "type", type, "value", value, "purpose", purpose);
    json_array_append_new(plan->rows, row);
    return row;
}

static void verdict(json_t *row, const char *now, const char *text)
{
    json_object_set_new(row, "now", output_string(now));
    json_object_set_new(row, "verdict", json_string(text));
}

/* --- what is there --- */

static void append(char *text, size_t size, const char *more)
{
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", length ? ", " : "", more);
}

static void describe_addresses(const struct dns_answer *a, const struct dns_answer *aaaa, char *text, size_t size)
{
    *text = 0;
    for (uint32_t i = 0; i < a->count; i++)
        append(text, size, a->records[i].text);
    for (uint32_t i = 0; i < aaaa->count; i++)
        append(text, size, aaaa->records[i].text);
}

/* Both kinds; FAILED where one of them could not be asked and the other gave nothing. */
static enum dns_status ask_addresses(struct plan *plan, const char *name, struct dns_answer *a, struct dns_answer *aaaa)
{
    *a = *aaaa = (struct dns_answer){0};
    enum dns_status first = dns_ask(&plan->resolver, name, DNS_A, a), second = dns_ask(&plan->resolver, name, DNS_AAAA, aaaa);
    if (first == DNS_FOUND || second == DNS_FOUND)
        return DNS_FOUND;
    return first == DNS_FAILED || second == DNS_FAILED ? DNS_FAILED : DNS_NONE;
}

static bool shares_address(const struct dns_answer *a, const struct dns_answer *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t k = 0; k < b->count; k++)
            if (!strcmp(a->records[i].text, b->records[k].text))
                return true;
    return false;
}

static void fail(struct plan *plan, json_t *row)
{
    plan->failed = true;
    verdict(row, "", "the DNS did not answer");
}

static void check_host(struct plan *plan, json_t *row)
{
    char now[512];
    enum dns_status status = ask_addresses(plan, plan->host, &plan->host_a, &plan->host_aaaa);
    describe_addresses(&plan->host_a, &plan->host_aaaa, now, sizeof now);
    if (status == DNS_FAILED)
        fail(plan, row);
    else
        verdict(row, now, status == DNS_FOUND ? "good" : "missing: clients cannot reach the server");
}

/* Whether a name leads to the host: by an alias, or by the same addresses. */
static void check_name(struct plan *plan, json_t *row, const char *name, const char *missing, const char *elsewhere)
{
    struct dns_answer a, aaaa, alias = {0};
    char now[512];
    enum dns_status status = ask_addresses(plan, name, &a, &aaaa);
    describe_addresses(&a, &aaaa, now, sizeof now);
    bool aliased = dns_ask(&plan->resolver, name, DNS_CNAME, &alias) == DNS_FOUND;
    if (aliased) {
        char target[DNS_NAME_SIZE + 8];
        snprintf(target, sizeof target, "CNAME %s", alias.records[0].text);
        append(now, sizeof now, target);
    }
    bool leads = (aliased && !strcasecmp(alias.records[0].text, plan->host)) || shares_address(&a, &plan->host_a) ||
                 shares_address(&aaaa, &plan->host_aaaa);
    if (status == DNS_FAILED && !aliased)
        fail(plan, row);
    else if (status != DNS_FOUND)
        verdict(row, now, aliased ? "its target does not exist" : missing);
    else
        verdict(row, now, leads ? "good" : elsewhere);
    plan->found = plan->found || (leads && status == DNS_FOUND);
}

static void check_service(struct plan *plan, json_t *row)
{
    struct dns_answer answer = {0};
    char now[DNS_NAME_SIZE + 40] = "";
    enum dns_status status = dns_ask(&plan->resolver, plan->service, DNS_SRV, &answer);
    const struct dns_record *first = &answer.records[0];
    if (status == DNS_FOUND)
        snprintf(now, sizeof now, "%u %u %u %s", first->priority, first->weight, first->port, *first->text ? first->text : ".");
    if (status == DNS_FAILED) {
        fail(plan, row);
    } else if (status == DNS_NONE) {
        verdict(row, now, "missing: not needed where the name above is good");
    } else if (!*first->text) {
        verdict(row, now, "says that the service is not offered");
    } else if (strcasecmp(first->text, plan->host)) {
        verdict(row, now, "leads elsewhere");
    } else if (first->port != 443) {
        verdict(row, now, "good, but for the port: Outlook takes 443 alone");
    } else {
        verdict(row, now, "good");
        plan->found = true;
    }
}

/* A name that nobody has made: where it exists, every name does, and 'autodiscover' may lead anywhere. */
static void check_wildcard(struct plan *plan)
{
    struct dns_answer a, aaaa;
    char name[DNS_NAME_SIZE + 60], guid[GUID_TEXT_SIZE], now[512];
    guid_format(guid_random(), guid);
    snprintf(name, sizeof name, "%s.%s", guid, plan->domain);
    if (ask_addresses(plan, name, &a, &aaaa) != DNS_FOUND)
        return;
    snprintf(name, sizeof name, "*.%s", plan->domain);
    describe_addresses(&a, &aaaa, now, sizeof now);
    verdict(add_row(plan, name, "A", "", "nothing: answers for every name that has no record of its own"), now, "found");
}

static void make_rows(struct plan *plan)
{
    char text[2 * DNS_NAME_SIZE];
    bool same_host = !strcasecmp(plan->host, plan->autodiscover);
    json_t *host = add_row(plan, plan->host, "A, AAAA", "the server's addresses", "the server itself");
    json_t *name = same_host ? NULL : add_row(plan, plan->autodiscover, "CNAME", plan->host,
        "Autodiscover; the certificate has to name it too");
    snprintf(text, sizeof text, "0 0 443 %s", plan->host);
    json_t *service = add_row(plan, plan->service, "SRV", text,
        "instead of the name above where the certificate does not name that; Outlook asks its user once");
    if (!plan->checks)
        return;
    check_host(plan, host);
    plan->found = same_host && (plan->host_a.count || plan->host_aaaa.count);
    if (name)
        check_name(plan, name, plan->autodiscover, "missing", "leads elsewhere");
    check_service(plan, service);
    if (strcasecmp(plan->host, plan->domain))
        check_name(plan, add_row(plan, plan->domain, "A, AAAA", "", "nothing: clients ask there first, and go on when the answer is no settings"),
                   plan->domain, "nothing there", "another server: it has to refuse /autodiscover/ quickly");
    check_wildcard(plan);
}

/* --- the command --- */

static bool take_name(const char *text, char name[DNS_NAME_SIZE])
{
    size_t size = strlen(text);
    if (size && text[size - 1] == '.')
        size--;
    if (size == 0 || size > 240 || text[0] == '.' || !memchr(text, '.', size))
        return false;
    for (size_t i = 0; i < size; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", text[i]) || (text[i] == '.' && text[i + 1] == '.'))
            return false;
    memcpy(name, text, size);
    name[size] = 0;
    return true;
}

static int print(struct plan *plan, bool as_json)
{
    static const struct output_column columns[] = {{"name", "Name", false}, {"type", "Type", false}, {"value", "Value", false},
        {"purpose", "For", false}};
    static const struct output_column checked[] = {{"name", "Name", false}, {"type", "Type", false}, {"value", "Should be", false},
        {"now", "Is", false}, {"verdict", "Verdict", false}};
    bool good = plan->checks ? output_rows(plan->rows, checked, sizeof checked / sizeof *checked, as_json)
                             : output_rows(plan->rows, columns, sizeof columns / sizeof *columns, as_json);
    if (!good)
        return command_failed(plan->command, "cannot write");
    if (!as_json)
        puts("TXT: none is needed.");
    if (plan->checks && plan->failed)
        return command_failed(plan->command, "the DNS did not answer everything");
    if (plan->checks && !plan->found)
        return command_failed(plan->command, "nothing leads clients of %s to %s", plan->domain, plan->host);
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct plan plan = {.command = command};
    const char *domain = NULL, *host = NULL, *resolver = NULL;
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        bool takes_value = !strcmp(argv[i], "--server") || !strcmp(argv[i], "--resolver");
        if (takes_value && i + 1 == argc)
            return command_usage_error(command, "%s needs a value", argv[i]);
        if (!strcmp(argv[i], "--server"))
            host = argv[++i];
        else if (!strcmp(argv[i], "--resolver"))
            resolver = argv[++i];
        else if (!strcmp(argv[i], "--json"))
            as_json = true;
        else if (!strcmp(argv[i], "--check"))
            plan.checks = true;
        else if (*argv[i] == '-' || domain)
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        else
            domain = argv[i];
    }
    if (!domain)
        return command_usage_error(command, "which domain?");
    if (!take_name(domain, plan.domain))
        return command_usage_error(command, "'%s' is not a domain", domain);
    if (host && !take_name(host, plan.host))
        return command_usage_error(command, "'%s' is not a host's name", host);
    if (!host)
        snprintf(plan.host, sizeof plan.host, "mail.%.240s", plan.domain);
    snprintf(plan.autodiscover, sizeof plan.autodiscover, "autodiscover.%s", plan.domain);
    snprintf(plan.service, sizeof plan.service, "_autodiscover._tcp.%s", plan.domain);
    if (!dns_resolver_open(&plan.resolver, resolver))
        return command_usage_error(command, "'%s' is not an address of a DNS server", resolver ? resolver : "");
    plan.rows = json_array();
    make_rows(&plan);
    int status = print(&plan, as_json);
    json_decref(plan.rows);
    dns_resolver_close(&plan.resolver);
    return status;
}

const struct command command_dns = {
    .name = "dns",
    .summary = "print the DNS records that clients need, and check them",
    .usage = "mapihttp dns DOMAIN [--server HOST] [--check] [--json]\n"
             "\n"
             "The records by which Outlook finds the server of addresses in DOMAIN. With --check also what the DNS says now;\n"
             "ends with 1 where nothing leads to the server.\n"
             "\n"
             "  --server HOST           the server's name, as its certificate has it (mail.DOMAIN)\n"
             "  --check                 asks the DNS and says what is good, missing or elsewhere\n"
             "  --resolver ADDRESS      asks this DNS server (IPv4, ADDRESS:PORT for another port than 53)\n"
             "  --json                  as JSON\n",
    .run = run,
};
