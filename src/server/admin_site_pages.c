/* The pages of /admin/, in the order of the navigation. To add one: a function that shows it, and a row here. */
#include "server/admin_site_pages.h"

const struct site_page site_pages[] = {
    {"", "Overview", "Now", site_show_overview},
    {"changes", "Changes", "Settings", site_show_changes},
    {"operations", "All operations", NULL, site_show_operations},
    {0},
};
