/* Who used which protocol with which client: over time, by version, and who would be left behind. */
#include <stdlib.h>
#include <string.h>

#include "server/admin_site_pages.h"

#define DAYS_MAX 200u
#define SERIES_MAX 24u

static json_t *period_parameters(const char *period, const char *name, json_t *value)
{
    return json_pack("{s:s, s:o}", "Period", period, name, value);
}

/* --- a row for each day, a column for each name --- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* From objects with Date, 'name' and Users: [{"Date": "2026-11-22", "MAPI/HTTP": 7, ...}, ...] in order of the days, and the names in
 * 'columns' (NULL-ended). A new reference. */
static json_t *by_day(struct site_view *view, const json_t *rows, const char *name, struct site_column *columns)
{
    json_t *days = json_object(), *names = json_object(), *row, *day, *sorted = json_array();
    const char *date, *series;
    size_t i, count = 0;
    json_array_foreach((json_t *)rows, i, row) {
        date = json_string_value(json_object_get(row, "Date"));
        series = json_string_value(json_object_get(row, name));
        if (!date || !series || (!json_object_get(names, series) && json_object_size(names) == SERIES_MAX))
            continue;
        day = json_object_get(days, date);
        if (!day && json_object_set_new(days, date, day = json_pack("{s:s}", "Date", date)) != 0)
            continue;
        json_object_set_new(names, series, json_true());
        json_object_set(day, series, json_object_get(row, "Users"));
    }
    columns[count++] = (struct site_column){.property = "Date", .label = "Day"};
    json_object_foreach(names, series, row)
        columns[count++] = (struct site_column){.property = arena_string(view->arena, series), .label = arena_string(view->arena, series),
                                                .kind = SITE_NUMBER};
    columns[count] = (struct site_column){0};
    const char *dates[DAYS_MAX];
    size_t date_count = 0;
    json_object_foreach(days, date, day)
        if (date_count < DAYS_MAX)
            dates[date_count++] = date;
    qsort(dates, date_count, sizeof *dates, compare_texts);
    for (i = 0; i < date_count; i++) {
        day = json_object_get(days, dates[i]);
        for (size_t k = 1; columns[k].property; k++)
            if (!json_object_get(day, columns[k].property))
                json_object_set_new(day, columns[k].property, json_integer(0));
        json_array_append(sorted, day);
    }
    json_decref(days);
    json_decref(names);
    return sorted;
}

static void show_by_day(struct site_view *view, const struct site_table *table, const json_t *rows, const char *name)
{
    struct site_column columns[SERIES_MAX + 2];
    json_t *days = by_day(view, rows, name, columns);
    struct site_table whole = *table;
    whole.columns = columns;
    site_table(view, &whole, days);
    json_decref(days);
}

/* --- protocols --- */

void site_show_protocols(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"Protocol", "Protocol", SITE_TEXT}, {"Users", "Users", SITE_NUMBER}, {"Requests", "Requests", SITE_NUMBER},
        {"Failures", "Failures", SITE_NUMBER}, {"Sessions", "Sessions", SITE_NUMBER}, {"FirstSeen", "First seen", SITE_TIME},
        {"LastSeen", "Last seen", SITE_TIME}, {0}};
    const char *period = site_period(view);
    struct site_result daily, sums;
    site_text(view, "<p>How many people used which way to their mailbox. RPC/HTTP is Outlook Anywhere; a client that asks Autodiscover without saying that "
                    "it can do MAPI over HTTP counts as <em>Autodiscover (legacy)</em>.</p>\n");
    if (site_get(view, "Get-MailProtocolUsage", period_parameters(period, "Daily", json_true()), &daily))
        show_by_day(view, &(struct site_table){.id = "protocol-days", .caption = "Users by day", .chart = "line", .folded = true,
                                               .chart_label = "Users of each protocol by day", .empty = "Nothing was recorded in this period yet."},
                    daily.objects, "Protocol");
    if (site_get(view, "Get-MailProtocolUsage", json_pack("{s:s}", "Period", period), &sums))
        site_table(view, &(struct site_table){.id = "protocols", .caption = "Protocols in the whole period", .columns = columns}, sums.objects);
}

/* --- client versions --- */

void site_show_clients(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"Client", "Client", SITE_TEXT}, {"Software", "Software", SITE_TEXT}, {"Version", "Version", SITE_CODE},
        {"SpeaksMapiHttp", "Speaks MAPI over HTTP", SITE_BADGE}, {"Users", "Users", SITE_NUMBER}, {"Requests", "Requests", SITE_NUMBER},
        {"Failures", "Failures", SITE_NUMBER}, {"FirstSeen", "First seen", SITE_TIME}, {"LastSeen", "Last seen", SITE_TIME}, {0}};
    static const struct site_column products[] = {{"Client", "Client", SITE_TEXT}, {"Users", "Users", SITE_NUMBER}, {0}};
    const char *period = site_period(view);
    struct site_result by_product, by_version;
    if (site_get(view, "Get-MailClientUsage", period_parameters(period, "By", json_string("Product")), &by_product)) {
        json_t *used = json_array(), *row;
        size_t i;
        json_array_foreach(by_product.objects, i, row)
            if (json_integer_value(json_object_get(row, "Users")) > 0)
                json_array_append(used, row);
        site_table(view, &(struct site_table){.id = "products", .caption = "Users by product", .columns = products, .chart = "doughnut", .folded = true,
                                              .chart_label = "Users of each product", .empty = "Nobody used a client in this period."}, used);
        json_decref(used);
    }
    if (site_get(view, "Get-MailClientUsage", json_pack("{s:s, s:s}", "Period", period, "By", "Version"), &by_version))
        site_table(view, &(struct site_table){.id = "versions", .caption = "Versions", .columns = columns,
                                              .empty = "Nobody used a client in this period."}, by_version.objects);
}

/* --- users on old transports or clients --- */

/* Each reason once, with what to do about it and how many rows have it. */
static void show_remedies(struct site_view *view, const json_t *rows)
{
    static const struct site_column columns[] = {
        {"Explanation", "Why it would break", SITE_TEXT}, {"Count", "Clients", SITE_NUMBER}, {"Action", "What to do", SITE_TEXT}, {0}};
    json_t *reasons = json_object(), *remedies = json_array(), *row, *remedy;
    size_t i;
    json_array_foreach((json_t *)rows, i, row) {
        const char *reason = site_property(view, row, "Explanation");
        remedy = json_object_get(reasons, reason);
        if (!remedy) {
            remedy = json_pack("{s:O, s:i, s:O}", "Explanation", json_object_get(row, "Explanation"), "Count", 0, "Action", json_object_get(row, "Action"));
            if (!remedy || json_object_set(reasons, reason, remedy) != 0 || json_array_append_new(remedies, remedy) != 0)
                continue;
        }
        json_object_set_new(remedy, "Count", json_integer(json_integer_value(json_object_get(remedy, "Count")) + 1));
    }
    if (json_array_size(remedies))
        site_table(view, &(struct site_table){.id = "remedies", .caption = "What to do", .columns = columns, .whole = true}, remedies);
    json_decref(reasons);
    json_decref(remedies);
}

void site_show_old_clients(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"User", "User", SITE_TEXT, "/admin/users?user="}, {"DisplayName", "Name", SITE_TEXT}, {"Client", "Client", SITE_TEXT},
        {"Protocol", "By", SITE_TEXT}, {"LastSeen", "Last seen", SITE_TIME}, {"LastMapiHttp", "Last by MAPI over HTTP", SITE_TIME},
        {"Explanation", "Why it would break", SITE_TEXT}, {0}};
    const char *period = site_period(view);
    struct site_result old;
    site_text(view, "<p>Clients that would lose their mailbox if RPC over HTTP were switched off today: too old for MAPI over HTTP, or not asking for it.</p>\n");
    if (!site_get(view, "Get-MailLegacyClient", json_pack("{s:s}", "Period", period), &old))
        return;
    show_remedies(view, old.objects);
    site_table(view, &(struct site_table){.id = "old-clients", .caption = "Old transports and clients", .columns = columns,
                                          .empty = "Nobody: every client that came in this period speaks MAPI over HTTP."}, old.objects);
}

/* --- users --- */

static void show_user(struct site_view *view, const char *user, const char *period)
{
    static const struct site_column columns[] = {
        {"Date", "Day", SITE_TEXT}, {"Protocol", "Protocol", SITE_TEXT}, {"Client", "Client", SITE_TEXT}, {"Software", "Software", SITE_TEXT},
        {"Version", "Version", SITE_CODE}, {"Authentication", "Log-on", SITE_TEXT}, {"ClientIPAddress", "From", SITE_CODE}, {"Requests", "Requests", SITE_NUMBER},
        {"Failures", "Failures", SITE_NUMBER}, {"Sessions", "Sessions", SITE_NUMBER}, {"FirstSeen", "First seen", SITE_TIME}, {"LastSeen", "Last seen", SITE_TIME}, {0}};
    struct site_result detail;
    html(&view->main, "<p class=\"back\"><a href=\"/admin/users?period=%s\">All users</a></p>\n<h2>%s</h2>\n", period, user);
    if (site_get(view, "Get-MailUsageDetail", json_pack("{s:s, s:s}", "Period", period, "Identity", user), &detail))
        site_table(view, &(struct site_table){.id = "detail", .caption = "Day by day", .columns = columns, .empty = "Nothing in this period."}, detail.objects);
}

void site_show_users(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"UserPrincipalName", "User", SITE_TEXT, "/admin/users?user="}, {"DisplayName", "Name", SITE_TEXT}, {"MapiHttp", "MAPI/HTTP", SITE_YES_NO},
        {"RpcHttp", "RPC/HTTP", SITE_YES_NO}, {"AutodiscoverLegacy", "Autodiscover (legacy)", SITE_YES_NO}, {"Clients", "Clients", SITE_TEXT},
        {"Authentication", "Log-on", SITE_TEXT}, {"Requests", "Requests", SITE_NUMBER}, {"Failures", "Failures", SITE_NUMBER},
        {"LastSeen", "Last seen", SITE_TIME}, {0}};
    const char *period = site_period(view), *user = site_query(view, "user");
    struct site_result users;
    if (user) {
        show_user(view, user, period);
        return;
    }
    if (site_get(view, "Get-MailUserUsage", period_parameters(period, "IncludeInactive", json_true()), &users))
        site_table(view, &(struct site_table){.id = "users", .caption = "Users", .columns = columns, .empty = "There are no users."}, users.objects);
    site_text(view, "<p>The file with the columns of Microsoft 365\xE2\x80\x99s report <em>Email app usage</em>: ");
    html(&view->main, "<a download href=\"/admin/email-apps.csv?table=UserDetail&amp;period=%s\">users</a>, ", period);
    html(&view->main, "<a download href=\"/admin/email-apps.csv?table=VersionsUserCounts&amp;period=%s\">versions</a>, ", period);
    html(&view->main, "<a download href=\"/admin/email-apps.csv?table=AppsUserCounts&amp;period=%s\">apps</a>, ", period);
    html(&view->main, "<a download href=\"/admin/email-apps.csv?table=UserCounts&amp;period=%s\">by day</a>.</p>\n", period);
}

/* Microsoft 365's report: its names of columns. */
void site_show_email_apps(struct site_view *view)
{
    static const struct {
        const char *view, *caption;
    } tables[] = {{"UserDetail", "Email apps by user"}, {"AppsUserCounts", "Users of each app"}, {"UserCounts", "Users of each app by day"},
                  {"VersionsUserCounts", "Users of each version of Outlook"}};
    const char *period = site_period(view);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct site_result result;
        if (view->csv_table && strcmp(view->csv_table, tables[i].view) != 0)
            continue;
        if (site_get(view, "Get-EmailAppUsage", json_pack("{s:s, s:s}", "Period", period, "View", tables[i].view), &result))
            site_table(view, &(struct site_table){.id = tables[i].view, .caption = tables[i].caption}, result.objects);
    }
}
