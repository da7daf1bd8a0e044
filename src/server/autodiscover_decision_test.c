/* Which blocks an Autodiscover answer has: every row of tests/autodiscover is a test of its own name. The truth of these
 * tables is docs/autodiscover.md. MS-OXDSCLI 2.2.2.1, 3.2.5.1. */
#include "server/autodiscover_decision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "directory/directory.h"

#define COLUMNS_OF_ROW_MAX 10u
#define ROWS_OF_TABLE_MAX 128u

struct table_row {
    char text[1024];
    char *columns[COLUMNS_OF_ROW_MAX];
    unsigned column_count;
};

struct table {
    struct table_row rows[ROWS_OF_TABLE_MAX];
    unsigned count;
};

static void split(struct table_row *row, const char *line)
{
    snprintf(row->text, sizeof row->text, "%.*s", (int)strcspn(line, "\r\n"), line);
    for (char *at = row->text; at && row->column_count < COLUMNS_OF_ROW_MAX;) {
        row->columns[row->column_count++] = at;
        at = strchr(at, '\t');
        if (at)
            *at++ = '\0';
    }
}

static void read_table(const char *name, unsigned columns, struct table *table)
{
    char path[1024], line[1024];
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/autodiscover/%s", root ? root : ".", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    table->count = 0;
    while (fgets(line, sizeof line, file)) {
        if (*line == '#' || *line == '\n')
            continue;
        assert_in_range(table->count, 0, ROWS_OF_TABLE_MAX - 1);
        struct table_row *row = &table->rows[table->count++];
        *row = (struct table_row){0};
        split(row, line);
        if (row->column_count != columns)
            fail_msg("%s: row '%s' has %u columns", name, row->columns[0], row->column_count);
    }
    fclose(file);
}

/* The switches as the directory has them, so that the tables test directory_mapi_http_allowed with the decision. */
static bool allowed(const char *organization, const char *mailbox, bool mapi_enabled)
{
    struct directory_organization organization_entry = {.mapi_http_enabled = strcmp(organization, "on") == 0};
    struct directory_user user = {0};
    user.switches.mapi_enabled = mapi_enabled;
    user.switches.mapi_http = strcmp(mailbox, "inherit") == 0 ? DIRECTORY_INHERIT
                              : strcmp(mailbox, "on") == 0    ? DIRECTORY_ON
                                                              : DIRECTORY_OFF;
    return directory_mapi_http_allowed(&organization_entry, &user);
}

static void describe(const struct autodiscover_decision *decision, char *text, size_t size)
{
    if (decision->refusal) {
        snprintf(text, size, "501");
        return;
    }
    snprintf(text, size, "%s%s%s%s%s%s%s", decision->mapi_http ? " mapiHttp" : "",
             decision->mapi_http && !decision->external ? "-" : "", decision->exch ? " EXCH" : "", decision->expr ? " EXPR" : "",
             decision->web ? decision->external ? " WEB" : " WEB-" : "", decision->exhttp_internal ? " EXHTTP" : "",
             decision->exhttp_external ? " EXHTTP" : "");
    memmove(text, text + (*text == ' '), strlen(text));
}

static void expect(const char *row, const struct autodiscover_facts *facts, const char *expected)
{
    char text[128];
    struct autodiscover_decision decision = autodiscover_decide(facts);
    describe(&decision, text, sizeof text);
    if (strcmp(text, expected) != 0)
        fail_msg("%s: '%s', not '%s'", row, text, expected);
    if (decision.mapi_http && (decision.exch || decision.expr))
        fail_msg("%s: EXCH or EXPR beside mapiHttp", row);
}

/* --- blocks.tsv --- */

static const char *value_of(const char *facts, const char *name, const char *usual, char *room, size_t size)
{
    size_t name_size = strlen(name);
    for (const char *at = facts; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strncmp(at, name, name_size) == 0 && at[name_size] == '=') {
            snprintf(room, size, "%.*s", (int)strcspn(at + name_size + 1, " "), at + name_size + 1);
            for (char *p = room; *p; p++)
                *p = *p == '_' ? ' ' : *p;
            return strcmp(room, "-") == 0 ? NULL : room;
        }
    return usual;
}

static bool is(const char *facts, const char *name, const char *usual, const char *value)
{
    char room[128];
    return strcmp(value_of(facts, name, usual, room, sizeof room), value) == 0;
}

static void check_names(const char *row, const char *facts)
{
    static const char *const names[] = {"capability", "handle", "agent", "organization", "mailbox", "mapi", "rpc-blocked",
                                        "external-blocked", "versions", "rpc", "services", "web", "-"};
    for (const char *at = facts; *at; at += strcspn(at, " "), at += *at == ' ') {
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            known |= strncmp(at, names[i], strlen(names[i])) == 0;
        if (!known)
            fail_msg("%s: unknown fact '%s'", row, at);
    }
}

static void test_blocks(void **state)
{
    static struct table table;
    read_table("blocks.tsv", 3, &table);
    for (unsigned i = 0; i < table.count; i++) {
        const char *row = table.rows[i].columns[0], *facts = table.rows[i].columns[1];
        char capability[128], handle[128], version[128], versions[128], organization[16], mailbox[16], agent[256];
        check_names(row, facts);
        const char *agent_version = value_of(facts, "agent", "16.0.4266", version, sizeof version);
        snprintf(agent, sizeof agent, "Microsoft Office/1.0 (Windows NT 10.0; Microsoft Outlook %s; Pro)",
                 agent_version ? agent_version : "");
        bool mapi_enabled = is(facts, "mapi", "on", "on");
        struct autodiscover_facts asked = {
            .client = autodiscover_client_read(value_of(facts, "capability", "1", capability, sizeof capability),
                                               value_of(facts, "handle", NULL, handle, sizeof handle),
                                               agent_version ? agent : NULL, NULL),
            .mapi_enabled = mapi_enabled,
            .mapi_http_allowed = allowed(value_of(facts, "organization", "on", organization, sizeof organization),
                                         value_of(facts, "mailbox", "inherit", mailbox, sizeof mailbox), mapi_enabled),
            .block_rpc_http = is(facts, "rpc-blocked", "no", "yes"),
            .block_external_connectivity = is(facts, "external-blocked", "no", "yes"),
            .block_versions = value_of(facts, "versions", "", versions, sizeof versions),
            .rpc_over_http_available = is(facts, "rpc", "off", "on"), .services_available = is(facts, "services", "on", "on"),
            .web_available = is(facts, "web", "off", "on")};
        expect(row, &asked, table.rows[i].columns[2]);
    }
    assert_true(table.count >= 40);
}

/* --- support_matrix.tsv --- */

static void test_support_matrix(void **state)
{
    static struct table table;
    read_table("support_matrix.tsv", 7, &table);
    for (unsigned i = 0; i < table.count; i++) {
        char **columns = table.rows[i].columns;
        struct autodiscover_facts facts = {
            .client = autodiscover_client_read(strcmp(columns[3], "-") ? columns[3] : NULL, NULL, columns[2], NULL),
            .mapi_enabled = true, .block_versions = "", .rpc_over_http_available = strcmp(columns[5], "on") == 0,
            .mapi_http_allowed = allowed(strcmp(columns[4], "2016") == 0 || strcmp(columns[4], "2013-sp1") == 0 ? "on" : "off",
                                         "inherit", true)};
        assert_true(facts.client.has_version);
        const struct client_release *release = client_release_of(&facts.client.version);
        assert_non_null(release);
        assert_string_equal(release->name, columns[1]);
        if (facts.client.mapi_version && !release->speaks_mapi_http)
            fail_msg("%s: this release does not send the header", columns[0]);
        expect(columns[0], &facts, columns[6]);
    }
    assert_true(table.count >= 6 * 4);
}

/* --- switches.tsv --- */

static void test_switches(void **state)
{
    static struct table table;
    read_table("switches.tsv", 7, &table);
    assert_int_equal(table.count, 6 * 2 * 2 * 3);
    for (unsigned i = 0; i < table.count; i++) {
        char **columns = table.rows[i].columns, agent[128];
        snprintf(agent, sizeof agent, "Microsoft Office/1.0 (Windows NT 10.0; Microsoft Outlook %s; Pro)", columns[1]);
        for (unsigned rpc = 0; rpc < 2; rpc++) {
            struct autodiscover_facts facts = {
                .client = autodiscover_client_read(strcmp(columns[2], "-") ? columns[2] : NULL, NULL, agent, NULL),
                .mapi_enabled = true, .mapi_http_allowed = allowed(columns[3], columns[4], true), .block_versions = "",
                .services_available = true, .rpc_over_http_available = rpc};
            expect(columns[0], &facts, columns[rpc ? 6 : 5]);
        }
    }
}

/* --- connectivity.tsv --- */

static const char *way(bool mapi_http, bool outlook_anywhere)
{
    return mapi_http ? "mapi-http" : outlook_anywhere ? "outlook-anywhere" : "none";
}

static void test_connectivity(void **state)
{
    static struct table table;
    read_table("connectivity.tsv", 8, &table);
    assert_int_equal(table.count, 12);
    for (unsigned i = 0; i < table.count; i++) {
        char **columns = table.rows[i].columns;
        for (unsigned rpc = 0; rpc < 2; rpc++) {
            struct autodiscover_facts facts = {
                .client = autodiscover_client_read("1", "ExHttpInfo", NULL, NULL), .mapi_enabled = true,
                .mapi_http_allowed = allowed(columns[1], columns[2], true),
                .block_external_connectivity = strcmp(columns[3], "yes") == 0, .block_versions = "",
                .rpc_over_http_available = rpc};
            struct autodiscover_decision decision = autodiscover_decide(&facts);
            const char *internal = way(decision.mapi_http, decision.exhttp_internal);
            const char *external = way(decision.mapi_http && decision.external, !decision.mapi_http && decision.expr);
            if (strcmp(internal, columns[rpc ? 4 : 6]) != 0 || strcmp(external, columns[rpc ? 5 : 7]) != 0)
                fail_msg("%s, rpc %s: inside %s, outside %s", columns[0], rpc ? "on" : "off", internal, external);
        }
    }
}

/* --- what is logged --- */

static void test_remarks(void **state)
{
    struct autodiscover_facts facts = {.mapi_enabled = true, .mapi_http_allowed = true, .block_versions = ""};
    facts.client = autodiscover_client_read(NULL, NULL, "Microsoft Outlook 16.0.4266", NULL);
    assert_non_null(strstr(autodiscover_decide(&facts).remark, "MapiHttpDisabled"));
    facts.client = autodiscover_client_read(NULL, NULL, "Microsoft Outlook 15.0.4420", NULL);
    assert_non_null(strstr(autodiscover_decide(&facts).remark, "version does not speak"));
    facts.client = autodiscover_client_read(NULL, NULL, NULL, NULL);
    assert_non_null(strstr(autodiscover_decide(&facts).remark, "did not ask"));
    facts.mapi_http_allowed = false;
    assert_non_null(strstr(autodiscover_decide(&facts).remark, "switched off"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_support_matrix),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_connectivity),
        cmocka_unit_test(test_remarks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
