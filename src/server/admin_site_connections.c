/* Who is connected, as Outlook's own dialog tells it; one session in full, and its end. */
#include <string.h>

#include "server/admin_site_pages.h"

static void show_one(struct site_view *view, const char *cid)
{
    static const struct site_column latest[] = {
        {"RequestType", "Request", SITE_TEXT}, {"Time", "When", SITE_TIME}, {"Resp", "Response, ms", SITE_NUMBER}, {"Proc", "Of that, work, ms", SITE_NUMBER},
        {"ResponseCode", "Code", SITE_NUMBER}, {0}};
    static const struct site_column breaks[] = {
        {"Resumed", "Went on", SITE_TIME}, {"Seconds", "After a break of", SITE_SECONDS}, {"From", "From", SITE_CODE}, {"To", "To", SITE_CODE}, {0}};
    static const struct site_column all[] = {
        {"DisplayName", "Name", SITE_TEXT}, {"SmtpAddress", "Address", SITE_TEXT}, {"Account", "Account", SITE_TEXT}, {"Mailbox", "Mailbox", SITE_TEXT},
        {"Status", "Status", SITE_BADGE}, {"Type", "Type", SITE_TEXT}, {"Protocol", "Protocol", SITE_TEXT}, {"Authn", "Authn", SITE_TEXT},
        {"Encrypt", "Encrypt", SITE_TEXT}, {"ClientSoftware", "Client", SITE_TEXT}, {"Version", "Version", SITE_CODE}, {"SessType", "Mode", SITE_TEXT},
        {"ClientApplication", "X-ClientApplication", SITE_CODE}, {"UserAgent", "User-Agent", SITE_CODE}, {"ClientAddress", "Client address", SITE_CODE},
        {"AddressChanges", "Changes of address", SITE_NUMBER}, {"ProxyServer", "Came by", SITE_TEXT}, {"Conn", "Connections now", SITE_NUMBER},
        {"Connections", "Connections so far", SITE_NUMBER}, {"StartTime", "Since", SITE_TIME}, {"Age", "Age", SITE_SECONDS}, {"LastRequest", "Last request", SITE_TIME},
        {"Idle", "Idle for", SITE_SECONDS}, {"Requests", "Requests", SITE_NUMBER}, {"Failures", "Failures", SITE_NUMBER}, {"AvgResp", "Average response, ms", SITE_NUMBER},
        {"AvgProc", "Average work, ms", SITE_NUMBER}, {"MaxResp", "Longest response, ms", SITE_NUMBER}, {"Resumes", "Went on after a break", SITE_NUMBER},
        {"LongestBreak", "Longest break", SITE_SECONDS}, {"Resent", "Lost answers given again", SITE_NUMBER}, {"BytesIn", "Received", SITE_SIZE},
        {"BytesOut", "Sent", SITE_SIZE}, {"LastFailure", "Last failure", SITE_TEXT}, {"EndTime", "Ended", SITE_TIME}, {"EndReason", "Why", SITE_TEXT}, {0}};
    struct site_result result;
    html(&view->main, "<p class=\"back\"><a href=\"/admin/connections\">All connections</a></p>\n<h2>Session %s</h2>\n", cid);
    if (!site_get(view, "Show-ConnectionStatus", json_pack("{s:s}", "Identity", cid), &result))
        return;
    const json_t *session = site_first(&result);
    site_list(view, all, session);
    site_table(view, &(struct site_table){.id = "requests", .caption = "Last requests", .columns = latest, .whole = true, .empty = "No request yet."},
               json_object_get(session, "LastRequests"));
    site_table(view, &(struct site_table){.id = "breaks", .caption = "Breaks", .columns = breaks, .whole = true, .empty = "It had no break."},
               json_object_get(session, "Breaks"));
    if (strcmp(site_property(view, session, "Status"), "Ended") == 0)
        return;
    json_t *fixed = json_pack("{s:s}", "Identity", cid);
    site_text(view, "<h2>End it</h2>\n<p>The client\xE2\x80\x99s next request is answered with response code 10; Outlook then connects anew.</p>\n");
    site_form(view, &(struct site_form){.id = "end", .operation = "Remove-ConnectionStatus", .fixed = fixed, .submit = "End this session", .dangerous = true});
    json_decref(fixed);
}

void site_show_connections(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"CID", "CID", SITE_TEXT, "/admin/connections?cid="}, {"SmtpAddress", "Address", SITE_TEXT}, {"Status", "Status", SITE_BADGE},
        {"Protocol", "Protocol", SITE_TEXT}, {"Authn", "Authn", SITE_TEXT}, {"Encrypt", "Encrypt", SITE_TEXT}, {"Type", "Type", SITE_TEXT},
        {"ReqFail", "Req/Fail", SITE_TEXT}, {"AvgResp", "Avg Resp", SITE_NUMBER}, {"AvgProc", "Avg Proc", SITE_NUMBER}, {"Conn", "Conn", SITE_NUMBER},
        {"ClientSoftware", "Client", SITE_TEXT}, {"Version", "Version", SITE_CODE}, {"ClientAddress", "From", SITE_CODE}, {"Age", "Age", SITE_SECONDS},
        {"Resumes", "Resumes", SITE_NUMBER}, {0}};
    const char *cid = site_query(view, "cid");
    struct site_result sessions;
    if (cid) {
        show_one(view, cid);
        return;
    }
    json_t *given = json_object();
    static const char *const asked[] = {"Identity", "Status", "ClientAddress", "IncludeEnded"};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (site_query(view, asked[i]))
            json_object_set_new(given, asked[i], json_string(site_query(view, asked[i])));
    json_object_set_new(given, "ResultSize", json_string("Unlimited"));
    site_text(view, "<p>Each session as Outlook\xE2\x80\x99s Connection Status shows it, times in milliseconds. A session that is <em>Paused</em> has no "
                    "connection just now, and goes on with its client\xE2\x80\x99s next request.</p>\n"
                    "<details><summary>Find some of them</summary>\n");
    static const char *const shown[] = {"Identity", "Status", "ClientAddress", "IncludeEnded", NULL};
    site_form(view, &(struct site_form){.id = "find", .operation = "Get-ConnectionStatus", .parameters = shown, .submit = "Find", .asks = true});
    site_text(view, "</details>\n<div id=\"sessions-now\" data-renew=\"10\">\n");
    if (site_get(view, "Get-ConnectionStatus", given, &sessions))
        site_table(view, &(struct site_table){.id = "sessions", .caption = "Sessions", .columns = columns,
                                              .empty = "Nobody is connected. (Those who were, recently: tick \xE2\x80\x9CInclude ended\xE2\x80\x9D above.)"}, sessions.objects);
    site_text(view, "</div>\n");
}
