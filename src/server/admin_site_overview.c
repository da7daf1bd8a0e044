/* The first page: is it well, who is here, what needs somebody's attention. */
#include "server/admin_site_pages.h"

void site_show_overview(struct site_view *view)
{
    struct site_result organization;
    if (site_get(view, "Get-OrganizationConfig", NULL, &organization))
        site_list(view, NULL, site_first(&organization));
}
