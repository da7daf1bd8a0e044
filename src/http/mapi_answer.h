/* The frame of MAPI/HTTP answers (MS-OXCMAPIHTTP 2.2.2.2, 2.2.7, 3.2.5.2): headers, meta-tags, additional headers. To be used
 * by the holder of the exchange. */
#pragma once
#include <time.h>

#include "http/mapi_request.h"

#define MAPI_SERVER_APPLICATION "Exchange/15.02.1544.011" /* the form of 2.2.3.3.7; clients derive features from it */
#define MAPI_META_PROCESSING "PROCESSING\r\n"
#define MAPI_META_PENDING "PENDING\r\n"
#define MAPI_META_DONE "DONE\r\n"

struct mapi_answer_settings {
    uint32_t pending_period_ms;
    uint32_t expiration_ms;
    bool resend; /* announced with the answer to Connect */
};

/* Puts all headers into the answer: 2.2.2.2, X-ExpirationInfo, X-PendingPeriod, X-ClientInfo, and the cookies of the ticket
 * (NULL, or without a context: none), MapiContext first. 'request' may be NULL where it could not be read. */
void mapi_answer_headers(struct http_exchange *exchange, const struct mapi_request *request, enum mapi_response_code code,
                         const struct mapi_answer_settings *settings, const struct session_ticket *ticket);
/* Appends DONE, X-StartTime, X-ElapsedTime, for a late failure X-ResponseCode and Content-Type, and the empty line. */
bool mapi_answer_append_done(struct buffer *stream, time_t started, uint64_t elapsed_ms, enum mapi_response_code late_code);
