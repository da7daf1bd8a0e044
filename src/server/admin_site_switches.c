/* Switches of the organisation and of mailboxes, as forms; each takes effect at once. */
#include <string.h>

#include "server/admin_site_pages.h"

static void show_organization(struct site_view *view)
{
    struct site_result result;
    site_text(view, "<h2>Organisation</h2>\n");
    if (!site_get(view, "Get-OrganizationConfig", NULL, &result))
        return;
    site_form(view, &(struct site_form){.id = "organization", .operation = "Set-OrganizationConfig", .values = site_first(&result), .submit = "Save"});
}

static void show_mailboxes(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"PrimarySmtpAddress", "Mailbox", SITE_TEXT, "/admin/switches?mailbox="}, {"DisplayName", "Name", SITE_TEXT},
        {"MapiHttpEffective", "MAPI over HTTP", SITE_BADGE}, {"MapiHttpEnabled", "Its own switch", SITE_YES_NO}, {"MAPIEnabled", "MAPI", SITE_YES_NO},
        {"MAPIBlockOutlookRpcHttp", "Not by RPC/HTTP", SITE_YES_NO}, {"MAPIBlockOutlookVersions", "Versions", SITE_CODE},
        {"MAPIBlockOutlookNonCachedMode", "Cached mode only", SITE_YES_NO}, {"MAPIBlockOutlookExternalConnectivity", "Not from outside", SITE_YES_NO}, {0}};
    static const char *const asked[] = {"Anr", NULL};
    struct site_result result;
    const char *beginning = site_query(view, "Anr");
    site_text(view, "<h2>Mailboxes</h2>\n<p>A mailbox that says nothing of itself (\xE2\x80\x93) follows the organisation.</p>\n");
    site_form(view, &(struct site_form){.id = "find", .operation = "Get-CasMailbox", .parameters = asked, .submit = "Find", .asks = true});
    json_t *given = json_pack("{s:s*, s:s}", "Anr", beginning, "ResultSize", "Unlimited");
    if (site_get(view, "Get-CasMailbox", given, &result))
        site_table(view, &(struct site_table){.id = "mailboxes", .caption = "Mailboxes", .columns = columns, .empty = "No mailbox is called so."}, result.objects);
}

static void show_mailbox(struct site_view *view, const char *mailbox)
{
    struct site_result switches, audit, policies;
    html(&view->main, "<p class=\"back\"><a href=\"/admin/switches\">All switches</a></p>\n<h2>%s</h2>\n", mailbox);
    json_t *fixed = json_pack("{s:s}", "Identity", mailbox);
    if (site_get(view, "Get-CasMailbox", json_incref(fixed), &switches)) {
        const json_t *object = site_first(&switches);
        bool usable = json_is_true(json_object_get(object, "MapiHttpEffective"));
        site_notice(view, usable ? "good" : "warning", usable ? "On:" : "Off:",
                    usable ? "this mailbox can be used by MAPI over HTTP." : "this mailbox cannot be used by MAPI over HTTP.");
        site_form(view, &(struct site_form){.id = "switches", .operation = "Set-CasMailbox", .fixed = fixed, .values = object, .submit = "Save"});
    }
    if (operation_find("Set-User") && site_call(view, "Get-User", json_incref(fixed), &policies)) {
        site_text(view, "<h2>Authentication policy</h2>\n");
        site_form(view, &(struct site_form){.id = "policy", .operation = "Set-User", .fixed = fixed, .values = site_first(&policies), .submit = "Save"});
    }
    site_text(view, "<h2>Audit</h2>\n");
    if (site_get(view, "Get-Mailbox", json_incref(fixed), &audit))
        site_form(view, &(struct site_form){.id = "audit", .operation = "Set-Mailbox", .fixed = fixed, .values = site_first(&audit), .submit = "Save"});
    json_decref(fixed);
}

void site_show_switches(struct site_view *view)
{
    const char *mailbox = site_query(view, "mailbox");
    if (mailbox) {
        show_mailbox(view, mailbox);
        return;
    }
    show_organization(view);
    if (operation_find("Get-AuthenticationPolicy")) {
        struct site_result policies;
        site_text(view, "<h2>Authentication policies</h2>\n");
        if (site_get(view, "Get-AuthenticationPolicy", NULL, &policies))
            site_table(view, &(struct site_table){.id = "policies", .caption = "Policies", .whole = true, .empty = "There is none."}, policies.objects);
        site_text(view, "<p><a href=\"/admin/operations?name=New-AuthenticationPolicy\">Make a policy</a></p>\n");
    }
    show_mailboxes(view);
}
