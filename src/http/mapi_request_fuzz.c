/* Headers of any kind, a line each: the code and the fields that it promises. */
#include <stdlib.h>
#include <string.h>

#include "http/mapi_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 'name:value' lines in a text of ours, as the HTTP parser would hand them over. */
static void take_lines(char *text, size_t size, struct mapi_request_fields *fields)
{
    for (char *line = text, *end; line < text + size; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + size - line));
        if (!end)
            end = text + size;
        *end = '\0';
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = '\0';
        mapi_request_take(fields, (struct http_header){.name = line, .value = colon + 1, .name_size = (uint32_t)strlen(line),
                                                       .value_size = (uint32_t)strlen(colon + 1)});
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum session_endpoint endpoint = data[0] & 1 ? SESSION_ENDPOINT_ADDRESS_BOOK : SESSION_ENDPOINT_MAILBOX;
    struct mapi_request_fields fields = {0};
    struct mapi_request request;
    const char *header = NULL;
    char *text = malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    take_lines(text, size - 1, &fields);
    enum mapi_response_code code = mapi_request_conclude(&fields, endpoint, &request, &header);
    bool complete = request.type != MAPI_REQUEST_UNKNOWN && mapi_request_id_allowed(request.request_id);
    if (!header || (code == MAPI_RESPONSE_SUCCESS && !complete))
        abort();
    if (code == MAPI_RESPONSE_SUCCESS && (request.type == MAPI_REQUEST_PING) != (request.definition == NULL))
        abort();
    free(text);
    return 0;
}
