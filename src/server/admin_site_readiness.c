/* What stands in the way of MAPI over HTTP, and of the end of RPC over HTTP. */
#include <string.h>

#include "server/admin_site_pages.h"

void site_show_readiness(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"Severity", "Severity", SITE_BADGE}, {"Message", "What is found", SITE_TEXT}, {"Action", "What to do", SITE_TEXT}, {"Subject", "About", SITE_TEXT},
        {"Names", "Names", SITE_TEXT}, {"Check", "Check", SITE_CODE}, {0}};
    static const struct site_column in_order[] = {
        {"Severity", "Severity", SITE_BADGE}, {"Message", "What is found", SITE_TEXT}, {"Subject", "About", SITE_TEXT}, {"Check", "Check", SITE_CODE}, {0}};
    struct site_result result;
    if (!site_get(view, "Get-MapiHttpReadiness", json_pack("{s:s}", "FailOn", "Never"), &result))
        return;
    json_t *problems = json_array(), *passed = json_array(), *row;
    size_t i;
    json_array_foreach(result.objects, i, row) {
        const char *severity = site_property(view, row, "Severity");
        bool wrong = strcasecmp(severity, "Error") == 0 || strcasecmp(severity, "Warning") == 0;
        json_array_append(wrong ? problems : passed, row);
    }
    if (!view->csv_table && !json_array_size(problems))
        site_notice(view, "good", "Ready:", "no check found a problem.");
    if (json_array_size(problems) || view->csv_table)
        site_table(view, &(struct site_table){.id = "problems", .caption = "What needs attention", .columns = columns}, problems);
    site_table(view, &(struct site_table){.id = "passed", .caption = "What is in order", .columns = in_order, .empty = "Nothing yet."}, passed);
    json_decref(problems);
    json_decref(passed);
}
