/* The pages of /admin/, in the order of the navigation. To add one: a function that shows it, and a row here. */
#include "server/admin_site_pages.h"

const struct site_page site_pages[] = {
    {"", "Overview", "Now", site_show_overview},
    {"connections", "Connections", NULL, site_show_connections},
    {"times", "Times and errors", NULL, site_show_times},
    {"protocols", "Protocols", "Usage", site_show_protocols},
    {"clients", "Client versions", NULL, site_show_clients},
    {"old-clients", "Old clients", NULL, site_show_old_clients},
    {"users", "Users", NULL, site_show_users},
    {"email-apps", "Email app usage", NULL, site_show_email_apps},
    {"readiness", "Readiness", "Settings", site_show_readiness},
    {"switches", "Switches", NULL, site_show_switches},
    {"virtual-directories", "Virtual directories", NULL, site_show_virtual_directories},
    {"audit", "Mailbox audit", "Records", site_show_audit},
    {"changes", "Changes", NULL, site_show_changes},
    {"operations", "All operations", "More", site_show_operations},
    {0},
};
