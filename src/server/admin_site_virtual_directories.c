/* Where clients find the server and how they log on there; the certificate that they see. */
#include <stdio.h>
#include <string.h>

#include "server/admin_site_pages.h"

static void show_directory(struct site_view *view, const char *noun, const char *title)
{
    static const char *const always[] = {"IISAuthenticationMethods", NULL}; /* who sets an address says how to log on there */
    static const struct site_column columns[] = {
        {"Name", "Name", SITE_TEXT}, {"Server", "Server", SITE_TEXT}, {"Path", "Path", SITE_CODE}, {"InternalUrl", "Address inside", SITE_CODE},
        {"ExternalUrl", "Address outside", SITE_CODE}, {"IISAuthenticationMethods", "Log-on", SITE_TEXT},
        {"InternalAuthenticationMethods", "Of these, usable", SITE_TEXT}, {"ExtendedProtectionTokenChecking", "Extended Protection", SITE_TEXT}, {0}};
    char get[64], set[64], id[64];
    struct site_result result;
    snprintf(get, sizeof get, "Get-%sVirtualDirectory", noun);
    snprintf(set, sizeof set, "Set-%sVirtualDirectory", noun);
    snprintf(id, sizeof id, "set-%s", noun);
    html(&view->main, "<h2>%s</h2>\n", title);
    if (!site_get(view, get, NULL, &result) || !site_first(&result))
        return;
    const json_t *object = site_first(&result);
    site_list(view, columns, object);
    json_t *fixed = json_pack("{s:O}", "Identity", json_object_get(object, "Identity"));
    html(&view->main, "<details%s><summary>Change it</summary>\n", view->submitted && strcmp(view->submitted->name, set) == 0 ? " open" : "");
    site_form(view, &(struct site_form){.id = id, .operation = set, .fixed = fixed, .values = object, .always = always, .submit = "Save"});
    site_text(view, "</details>\n");
    json_decref(fixed);
}

static void show_certificate(struct site_view *view)
{
    static const struct site_column findings[] = {{"Severity", "Severity", SITE_BADGE}, {"Problem", "Finding", SITE_TEXT}, {"Text", "What is found", SITE_TEXT},
                                                  {"Advice", "What to do", SITE_TEXT}, {0}};
    struct site_result result;
    site_text(view, "<h2>Certificate</h2>\n");
    bool done = site_call(view, "Test-MapiHttpCertificate", NULL, &result); /* its warnings are the findings below */
    const json_t *certificate = site_first(&result), *list = json_object_get(certificate, "Findings");
    if (!certificate) {
        if (!done)
            site_problem(view, "Test-MapiHttpCertificate", &result);
        return;
    }
    site_table(view, &(struct site_table){.id = "findings", .caption = "Findings", .columns = findings, .whole = true, .empty = "Nothing is wrong with it."}, list);
    json_t *rest = json_copy((json_t *)certificate);
    json_object_del(rest, "Findings");
    if (rest)
        site_list(view, NULL, rest);
    json_decref(rest);
}

void site_show_virtual_directories(struct site_view *view)
{
    show_directory(view, "Mapi", "MAPI over HTTP");
    show_directory(view, "Autodiscover", "Autodiscover");
    show_directory(view, "Oab", "Offline address book");
    show_certificate(view);
}
