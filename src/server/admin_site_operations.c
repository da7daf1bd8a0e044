/* All operations, each with a page made from its declaration: what it does, how it is typed, a form, and what it answered. */
#include <string.h>

#include "server/admin_site_pages.h"
#include "server/form.h"

static void show_one(struct site_view *view, const struct operation *operation)
{
    struct buffer *page = &view->main;
    bool changes = operation->flags & OPERATION_CHANGES;
    html(page, "<p class=\"back\"><a href=\"/admin/operations\">All operations</a></p>\n<h2>%s</h2>\n<p>%c%s.</p>\n", operation->name,
         operation->summary[0] >= 'a' && operation->summary[0] <= 'z' ? operation->summary[0] - 32 : operation->summary[0],
         operation->summary + 1);
    if (operation->description)
        html(page, "<p>%s</p>\n", operation->description);
    html(page, "<p>As typed: <code>mapihttp %s</code>", operation->name);
    if (operation->command)
        html(page, " or <code>mapihttp %s</code>", operation->command);
    buffer_append_string(page, "</p>\n");
    if (operation->flags & OPERATION_CLIENT) {
        site_notice(view, "information", "Runs in the command,", "not on the server: use it in a shell.");
        return;
    }
    bool asked = !changes && (!operation->parameters || !operation->parameters->name || site_query(view, "run"));
    json_t *fixed = changes ? NULL : json_pack("{s:s, s:s}", "name", operation->name, "run", "1");
    if (changes || (operation->parameters && operation->parameters->name))
        site_form(view, &(struct site_form){.id = "form", .operation = operation->name, .fixed = fixed,
                                            .submit = changes ? "Do it" : "Show", .asks = !changes});
    json_decref(fixed);
    struct site_result result;
    if (asked && site_get(view, operation->name, site_form_parameters(operation, view->query), &result))
        site_table(view, &(struct site_table){.id = "result", .caption = operation->name, .empty = "It answered nothing."}, result.objects);
}

void site_show_operations(struct site_view *view)
{
    static const struct site_column columns[] = {{"Name", "Operation", SITE_TEXT, "/admin/operations?name="}, {"Command", "As a sub-command", SITE_CODE},
                                                 {"Summary", "What it does", SITE_TEXT}, {"Changes", "Changes something", SITE_TEXT}, {0}};
    const char *name = site_query(view, "name");
    if (!name)
        name = form_value(view->form, "operation");
    const struct operation *chosen = name ? operation_find(name) : NULL;
    if (chosen) {
        show_one(view, chosen);
        return;
    }
    if (name)
        site_notice(view, "bad", name, "is not an operation of this server.");
    html(&view->main, "<p>Everything that can be done with this server. Each can be typed by either name as a command, or sent as JSON to "
                      "<code>/admin/api/</code>.</p>\n");
    json_t *rows = json_array();
    for (const struct operation *const *row = operations; *row; row++)
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "Name", (*row)->name, "Command", (*row)->command ? (*row)->command : "",
                                              "Summary", (*row)->summary, "Changes", (*row)->flags & OPERATION_CHANGES ? "yes" : ""));
    site_table(view, &(struct site_table){.id = "operations", .caption = "Operations", .columns = columns}, rows);
    json_decref(rows);
}
