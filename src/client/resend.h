/* Names of the resend extension (docs/resend.md): the server says with its Connect answer that it keeps answers; a client
 * that lost one sends the request again with the mark, and gets the kept answer. */
#pragma once

#define RESEND_SUPPORTED_HEADER "X-MapiHttp-Resend"
#define RESEND_SUPPORTED_VALUE "supported"
#define RESEND_MARK_HEADER_LINE "X-MapiHttp-Resend: 1"
