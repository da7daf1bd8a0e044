/* The functions behind the rows of admin_site_pages.c; each in the file of its part. */
#pragma once
#include "server/admin_site_view.h"

void site_show_overview(struct site_view *view);
void site_show_changes(struct site_view *view);
void site_show_protocols(struct site_view *view);
void site_show_clients(struct site_view *view);
void site_show_old_clients(struct site_view *view);
void site_show_users(struct site_view *view);
void site_show_email_apps(struct site_view *view);
void site_show_connections(struct site_view *view);
void site_show_times(struct site_view *view);
void site_show_audit(struct site_view *view);
void site_show_switches(struct site_view *view);
void site_show_virtual_directories(struct site_view *view);
void site_show_readiness(struct site_view *view);
void site_show_operations(struct site_view *view);
