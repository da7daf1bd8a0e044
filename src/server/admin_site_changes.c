/* What administrators changed, newest first. */
#include "server/admin_site_pages.h"

void site_show_changes(struct site_view *view)
{
    static const struct site_column columns[] = {
        {"RunDate", "When", SITE_TIME}, {"Caller", "Who", SITE_TEXT}, {"CmdletName", "Operation", SITE_TEXT},
        {"ObjectModified", "What", SITE_TEXT}, {"Before", "Before", SITE_TEXT}, {"After", "After", SITE_TEXT},
        {"Succeeded", "Done", SITE_BADGE}, {"Error", "Error", SITE_TEXT}, {"Way", "By", SITE_TEXT}, {"ClientAddress", "From", SITE_TEXT}, {0}};
    struct site_result changes;
    if (site_get(view, "Get-AdminChangeRecord", NULL, &changes))
        site_table(view, &(struct site_table){.id = "changes", .caption = "Changes", .columns = columns, .empty = "Nothing was changed yet."},
                   changes.objects);
}
