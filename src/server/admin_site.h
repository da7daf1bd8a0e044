/* The site for administrators at /admin/: pages of plain HTML that run operations (src/operation/operation.h) in this process and
 * show what they emit; style sheet, script and chart library are embedded. docs/admin-site.md. */
#pragma once
#include "server/services.h"

/* Adds /admin and below, for all but what longer routes take (/admin/api). False (logged) without memory. */
bool admin_site_add_routes(struct services *services);
