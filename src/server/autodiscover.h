/* Autodiscover for Outlook, the server's side (MS-OXDSCLI, POX): answers POSTs with the ways to a mailbox. This file goes from
 * the HTTP request to the directory; what is decided stands in autodiscover_decision.h, its XML in autodiscover_answer.h, the
 * JSON form in autodiscover_json.h. docs/autodiscover.md. */
#pragma once
#include "server/services.h"

#define AUTODISCOVER_PATH "/autodiscover/autodiscover.xml"

/* argument: struct services. */
http_handler autodiscover_handle;
/* Counts a request of the client's address: false where there were too many, the exchange is then answered (429). */
bool autodiscover_admit_address(struct services *services, struct http_exchange *exchange);
