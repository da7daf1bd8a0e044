#include "http/mapi_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The fields that are looked for, in one pass over the headers. */
struct fields {
    const char *content_type;
    const char *content_length;
    const char *transfer_encoding;
    const char *request_type;
    const char *request_id;
    const char *client_info;
    const char *client_application;
    const char *resend;
    const char *fault;
};

struct field_row {
    const char *name;
    size_t offset;
};

static const struct field_row field_rows[] = {
    {"Content-Type", offsetof(struct fields, content_type)},
    {"Content-Length", offsetof(struct fields, content_length)},
    {"Transfer-Encoding", offsetof(struct fields, transfer_encoding)},
    {"X-RequestType", offsetof(struct fields, request_type)},
    {"X-RequestId", offsetof(struct fields, request_id)},
    {"X-ClientInfo", offsetof(struct fields, client_info)},
    {"X-ClientApplication", offsetof(struct fields, client_application)},
    {"X-MapiHttp-Resend", offsetof(struct fields, resend)},
    {"X-MapiHttp-Fault", offsetof(struct fields, fault)},
};

bool mapi_header_value_allowed(const char *value)
{
    size_t size = 0;
    for (; value[size]; size++)
        if (size == MAPI_HEADER_VALUE_SIZE_MAX || value[size] < 0x20 || value[size] > 0x7E)
            return false;
    return size > 0;
}

bool mapi_request_id_allowed(const char *request_id)
{
    char guid_text[GUID_TEXT_SIZE + 2];
    struct guid guid;
    const char *colon = strrchr(request_id, ':');
    size_t size = colon ? (size_t)(colon - request_id) : 0;
    if (size == 0 || size >= sizeof guid_text || strlen(request_id) > MAPI_HEADER_VALUE_SIZE_MAX)
        return false;
    memcpy(guid_text, request_id, size);
    guid_text[size] = '\0';
    size_t digits = strspn(colon + 1, "0123456789");
    return digits > 0 && colon[1 + digits] == '\0' && guid_parse(guid_text, &guid);
}

bool mapi_content_type_allowed(const char *content_type)
{
    if (!text_has_prefix_ignoring_case(content_type, MAPI_CONTENT_TYPE))
        return false;
    const char *rest = content_type + strlen(MAPI_CONTENT_TYPE);
    rest += strspn(rest, " \t");
    return *rest == '\0' || *rest == ';';
}

/* False where one of the fields stands twice with different values: nobody knows which was meant. */
static bool gather(const struct http_request *request, struct fields *fields, struct session_cookies *cookies,
                   const char **ret_header)
{
    bool clear = true;
    for (unsigned i = 0; i < request->header_count; i++) {
        struct http_header header = http_request_header_at(request, i);
        if (header.name_size == 6 && text_equal_ignoring_case(header.name, "Cookie"))
            session_cookies_read(cookies, bytes_of(header.value, header.value_size));
        for (size_t row = 0; row < sizeof field_rows / sizeof *field_rows; row++) {
            if (!text_equal_ignoring_case(header.name, field_rows[row].name))
                continue;
            const char **place = (const char **)((char *)fields + field_rows[row].offset);
            if (*place && strcmp(*place, header.value) != 0) {
                *ret_header = field_rows[row].name;
                clear = false;
            }
            *place = header.value;
        }
    }
    return clear;
}

static enum mapi_request_type type_of(const char *name, bool address_book)
{
    if (strcmp(name, "PING") == 0)
        return MAPI_REQUEST_PING;
    if (address_book)
        return strcmp(name, "Bind") == 0     ? MAPI_REQUEST_BIND
               : strcmp(name, "Unbind") == 0 ? MAPI_REQUEST_UNBIND
                                             : MAPI_REQUEST_ADDRESS_BOOK;
    return strcmp(name, "Execute") == 0            ? MAPI_REQUEST_EXECUTE
           : strcmp(name, "Connect") == 0          ? MAPI_REQUEST_CONNECT
           : strcmp(name, "NotificationWait") == 0 ? MAPI_REQUEST_NOTIFICATION_WAIT
                                                   : MAPI_REQUEST_DISCONNECT;
}

static const char *or_empty(const char *value)
{
    return value ? value : "";
}

enum mapi_response_code mapi_request_read(const struct http_request *request, enum session_endpoint endpoint,
                                          struct mapi_request *ret_request, const char **ret_header)
{
    struct fields fields = {0};
    struct mapi_request found = {.endpoint = endpoint};
    bool address_book = endpoint == SESSION_ENDPOINT_ADDRESS_BOOK;
    const char *twice = NULL;
    bool clear = gather(request, &fields, &found.cookies, &twice);
    found.type_name = or_empty(fields.request_type);
    found.request_id = or_empty(fields.request_id);
    found.client_info = or_empty(fields.client_info);
    found.client_application = or_empty(fields.client_application);
    found.resend_marked = fields.resend && strcmp(fields.resend, "1") == 0;
    found.fault = fields.fault ? (unsigned)strtoul(fields.fault, NULL, 10) : 0;
    found.definition = body_definition_find(found.type_name, address_book);
    if (found.definition || strcmp(found.type_name, "PING") == 0)
        found.type = type_of(found.type_name, address_book);
    *ret_request = found;

    const char *missing = !fields.request_type ? "X-RequestType"
                          : !fields.request_id ? "X-RequestId"
                          : !fields.content_type ? "Content-Type"
                          : !fields.content_length && !fields.transfer_encoding ? "Content-Length" : NULL;
    const char *invalid = !clear ? twice
                          : fields.request_id && !mapi_request_id_allowed(fields.request_id) ? "X-RequestId"
                          : fields.content_type && !mapi_content_type_allowed(fields.content_type) ? "Content-Type"
                          : fields.client_info && !mapi_header_value_allowed(fields.client_info) ? "X-ClientInfo"
                          : fields.client_application && !mapi_header_value_allowed(fields.client_application)
                              ? "X-ClientApplication" : NULL;
    *ret_header = missing ? missing : invalid ? invalid : "X-RequestType";
    if (missing)
        return MAPI_RESPONSE_MISSING_HEADER;
    if (invalid)
        return MAPI_RESPONSE_INVALID_HEADER;
    return found.type == MAPI_REQUEST_UNKNOWN ? MAPI_RESPONSE_INVALID_REQUEST_TYPE : MAPI_RESPONSE_SUCCESS;
}
