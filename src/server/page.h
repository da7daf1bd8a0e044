/* Pages beside the endpoints: the text behind a refusal, the health check. */
#pragma once
#include "server/services.h"

/* The page behind a non-zero X-ResponseCode (MS-OXCMAPIHTTP R56). */
void page_append_refusal(struct buffer *page, const struct services *services, enum mapi_response_code code,
                         const char *detail, const char *request_id);
/* /mapi/healthcheck.htm; argument: struct services (health_page.c). */
http_handler page_health_check;
