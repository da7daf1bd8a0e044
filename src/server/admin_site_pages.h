/* The functions behind the rows of admin_site_pages.c; each in the file of its part. */
#pragma once
#include "server/admin_site_view.h"

void site_show_overview(struct site_view *view);
void site_show_changes(struct site_view *view);
void site_show_operations(struct site_view *view);
