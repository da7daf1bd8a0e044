/* The first page: is it well, who is here, what needs somebody's attention. */
#include <string.h>

#include "base/filetime.h"
#include "operation/operation_live.h"
#include "server/admin_site_pages.h"
#include "server/health.h"

#define CHANGES_SHOWN 5u

static void card(struct site_view *view, const char *name, const char *link)
{
    html(&view->main, "<div><dt>%s</dt><dd>", name);
    if (link)
        html(&view->main, "<a href=\"%s\">", link);
}

static void end_card(struct site_view *view, const char *link, const char *remark)
{
    if (link)
        site_text(view, "</a>");
    if (remark)
        html(&view->main, "<small>%s</small>", remark);
    site_text(view, "</dd></div>\n");
}

static void number_card(struct site_view *view, const char *name, json_int_t number, const char *link, const char *remark)
{
    json_t *value = json_integer(number);
    card(view, name, link);
    site_value(&view->main, SITE_NUMBER, value);
    end_card(view, link, remark);
    json_decref(value);
}

/* The sum of all samples of a name. */
static double sum_of(const struct site_result *metrics, const char *name)
{
    const json_t *sample;
    size_t i;
    double sum = 0;
    json_array_foreach(metrics->objects, i, sample) {
        const char *own = json_string_value(json_object_get(sample, "Name"));
        if (own && strcmp(own, name) == 0)
            sum += json_number_value(json_object_get(sample, "Value"));
    }
    return sum;
}

static void show_health(struct site_view *view)
{
    struct health_state state;
    health_now(view->services->health, &state);
    card(view, "State", NULL);
    html(&view->main, "<span class=\"badge %s\">%s</span>", state.well ? "good" : "bad", state.well ? "well" : "not well");
    end_card(view, NULL, NULL);
    for (unsigned i = 0; i < HEALTH_PART_COUNT; i++) {
        const char *text = state.parts[i].text;
        const char *name = health_part_names[i];
        card(view, arena_format(view->arena, "%c%s", name[0] - 'a' + 'A', name + 1), NULL);
        html(&view->main, "<span class=\"badge %s\">%s</span>", state.parts[i].well ? "good" : "bad", state.parts[i].well ? "ok" : "failing");
        end_card(view, NULL, strncmp(text, "ok: ", 4) == 0 ? text + 4 : strcmp(text, "ok") == 0 ? NULL : text);
    }
}

static void show_traffic(struct site_view *view)
{
    struct site_result metrics;
    if (!site_call(view, "Get-MapiHttpMetric", NULL, &metrics))
        return;
    number_card(view, "Sessions", (json_int_t)sum_of(&metrics, "mapihttp_sessions"), "/admin/connections",
                arena_format(view->arena, "users: %.0f", sum_of(&metrics, "mapihttp_session_users")));
    number_card(view, "Requests", (json_int_t)sum_of(&metrics, "mapihttp_requests_total"), "/admin/times",
                arena_format(view->arena, "since the start; failed: %.0f", sum_of(&metrics, "mapihttp_request_failures_total")));
    card(view, "Running for", NULL);
    json_t *seconds = json_real((double)(monotonic_ms() - view->services->started_ms) / 1000);
    site_value(&view->main, SITE_SECONDS, seconds);
    json_decref(seconds);
    end_card(view, NULL, NULL);
}

static void show_organization(struct site_view *view)
{
    struct site_result result, old;
    if (site_call(view, "Get-OrganizationConfig", NULL, &result)) {
        bool on = json_is_true(json_object_get(site_first(&result), "MapiHttpEnabled"));
        card(view, "MAPI over HTTP", "/admin/switches");
        html(&view->main, "<span class=\"badge %s\">%s</span>", on ? "good" : "bad", on ? "on" : "off");
        end_card(view, "/admin/switches", "for the organisation");
    }
    if (site_call(view, "Get-MailLegacyClient", json_pack("{s:s}", "Period", "D30"), &old))
        number_card(view, "Old clients in 30 days", (json_int_t)json_array_size(old.objects), "/admin/old-clients", "that would miss RPC over HTTP");
}

static void show_problems(struct site_view *view)
{
    static const struct site_column columns[] = {{"Severity", "Severity", SITE_BADGE}, {"Subject", "About", SITE_TEXT}, {"Message", "What is found", SITE_TEXT},
                                                 {"Action", "What to do", SITE_TEXT}, {0}};
    struct site_result result;
    site_text(view, "<h2>What needs attention</h2>\n");
    if (site_get(view, "Get-MapiHttpReadiness", json_pack("{s:b, s:s}", "ProblemsOnly", 1, "FailOn", "Never"), &result))
        site_table(view, &(struct site_table){.id = "problems", .caption = "Problems", .columns = columns, .whole = true, .empty = "Nothing: every check passed."},
                   result.objects);
}

static void show_protocols(struct site_view *view)
{
    static const struct site_column columns[] = {{"Protocol", "Protocol", SITE_TEXT}, {"Users", "Users", SITE_NUMBER}, {0}};
    struct site_result result;
    if (!site_call(view, "Get-MailProtocolUsage", json_pack("{s:s}", "Period", "D7"), &result))
        return;
    site_text(view, "<h2>Protocols in the last 7 days</h2>\n");
    site_table(view, &(struct site_table){.id = "protocols", .caption = "Users of each protocol", .columns = columns, .whole = true, .chart = "bars",
                                          .chart_label = "Users of each protocol in the last 7 days"}, result.objects);
}

static void show_changes(struct site_view *view)
{
    static const struct site_column columns[] = {{"RunDate", "When", SITE_TIME}, {"Caller", "Who", SITE_TEXT}, {"CmdletName", "Operation", SITE_TEXT},
                                                 {"ObjectModified", "What", SITE_TEXT}, {0}};
    struct site_result result;
    site_text(view, "<h2>Last changes</h2>\n");
    if (site_get(view, "Get-AdminChangeRecord", json_pack("{s:i}", "ResultSize", CHANGES_SHOWN), &result))
        site_table(view, &(struct site_table){.id = "changes", .caption = "Changes", .columns = columns, .whole = true, .empty = "Nothing was changed yet."},
                   result.objects);
    site_text(view, "<p><a href=\"/admin/changes\">All changes</a></p>\n");
}

void site_show_overview(struct site_view *view)
{
    site_text(view, "<dl class=\"cards\">\n");
    show_health(view);
    show_organization(view);
    show_traffic(view);
    site_text(view, "</dl>\n");
    show_problems(view);
    show_protocols(view);
    show_changes(view);
}
