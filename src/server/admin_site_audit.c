/* The mailbox audit: what was done in mailboxes, by whom, with which client. */
#include <string.h>

#include "server/admin_site_pages.h"

#define RECORDS_ON_PAGE 500
#define RECORDS_IN_FILE 100000

static void show_verification(struct site_view *view)
{
    struct site_result result;
    const char *name = operation_find("Test-MailboxAuditLog") ? "Test-MailboxAuditLog" : "Test-MailboxAuditRecord";
    if (site_get(view, name, NULL, &result))
        site_list(view, NULL, site_first(&result));
    site_text(view, "<p class=\"back\"><a href=\"/admin/audit\">Search</a></p>\n");
}

/* Only what somebody should know: records that wait, were lost, or cannot be written. */
static void show_state(struct site_view *view)
{
    struct site_result result;
    if (!operation_find("Get-MailboxAuditLogState") || !site_get(view, "Get-MailboxAuditLogState", NULL, &result))
        return;
    const json_t *state = site_first(&result);
    const char *error = site_property(view, state, "Error");
    if (*error)
        site_notice(view, "bad", "Records cannot be written:", error);
    if (json_integer_value(json_object_get(state, "LostSinceStart")) > 0)
        site_notice(view, "bad", "Records were lost since the start:", site_property(view, state, "LostSinceStart"));
}

void site_show_audit(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"LastAccessed", "When", SITE_TIME}, {"MailboxOwnerUPN", "Mailbox", SITE_TEXT}, {"Operation", "Operation", SITE_TEXT},
        {"OperationResult", "Result", SITE_BADGE}, {"LogonType", "As", SITE_TEXT}, {"LogonUserDisplayName", "Who", SITE_TEXT},
        {"ClientInfoString", "Client", SITE_CODE}, {"ClientIPAddress", "From", SITE_CODE}, {"FolderPathName", "Folder", SITE_TEXT},
        {"ItemSubject", "Subject", SITE_TEXT}, {0}};
    static const char *const asked[] = {"Identity", "LogonTypes", "Operations", "StartDate", "EndDate", NULL};
    struct site_result result;
    if (site_query(view, "verify")) {
        show_verification(view);
        return;
    }
    show_state(view);
    json_t *fixed = json_pack("{s:s}", "search", "1");
    site_text(view, "<p>What was done in mailboxes whose audit is switched on (under <a href=\"/admin/switches\">Switches</a>, at the mailbox). "
                    "The records are chained, so that a changed or missing one shows: <a href=\"/admin/audit?verify=1\">verify the chain</a>.</p>\n");
    site_form(view, &(struct site_form){.id = "search", .operation = "Search-MailboxAuditLog", .parameters = asked, .fixed = fixed, .submit = "Search", .asks = true});
    json_decref(fixed);
    if (!site_query(view, "search"))
        return;
    const struct operation *operation = operation_find("Search-MailboxAuditLog");
    json_t *given = operation ? site_form_parameters(operation, view->query) : json_object();
    json_object_set_new(given, "ShowDetails", json_true());
    json_object_set_new(given, "ResultSize", json_integer(view->csv_table ? RECORDS_IN_FILE : RECORDS_ON_PAGE));
    if (site_get(view, "Search-MailboxAuditLog", given, &result))
        site_table(view, &(struct site_table){.id = "records", .caption = "Records", .columns = columns, .empty = "No record is like this."}, result.objects);
}
