/* POST /admin/api/<Operation>: parameters as a JSON object in, a line of JSON for each object, warning and error out. */
#pragma once
#include "server/admin.h"

#define ADMIN_API_PATH "/admin/api"
#define ADMIN_API_BODY_SIZE_MAX (256u << 10)

/* The handler of the route; the argument is struct services. */
void admin_api_handle(struct http_exchange *exchange, void *argument);
