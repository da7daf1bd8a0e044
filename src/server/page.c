#include "server/page.h"

#include <time.h>

#include "base/filetime.h"
#include "server/html.h"

static void append_row(struct buffer *page, const char *name, const char *value)
{
    html(page, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, value);
}

void page_append_refusal(struct buffer *page, const struct services *services, enum mapi_response_code code,
                         const char *detail, const char *request_id)
{
    char date[HTTP_DATE_TEXT_SIZE];
    http_date_format(time(NULL), date);
    html(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>MAPI over HTTP: request refused</title></head>\n"
               "<body><h1>MAPI over HTTP: request refused</h1>\n<p>X-ResponseCode %u, <b>%s</b>. %s</p>\n<table>\n", (unsigned)code,
         mapi_response_code_name(code), mapi_response_code_meaning(code));
    if (detail)
        append_row(page, "Detail", detail);
    append_row(page, "Server", services->host_name);
    append_row(page, "Time", date);
    if (*request_id)
        append_row(page, "X-RequestId", request_id);
    buffer_append_string(page, "</table></body></html>\n");
}
