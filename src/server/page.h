/* The pages that people see: diagnostics of an endpoint, the text behind a refusal, the health check. */
#pragma once
#include "server/services.h"

/* Appends text with &, <, > and quotes escaped. */
void page_append_escaped(struct buffer *page, const char *text);
/* The page behind a non-zero X-ResponseCode (MS-OXCMAPIHTTP R56). */
void page_append_refusal(struct buffer *page, const struct services *services, enum mapi_response_code code,
                         const char *detail, const char *request_id);
/* The page of a GET, for the person who is authenticated. Answers the exchange. */
void page_answer(struct services *services, struct http_exchange *exchange, const struct identity *identity,
                 enum session_endpoint endpoint);
/* /mapi/healthcheck.htm; argument: struct services. */
http_handler page_health_check;
