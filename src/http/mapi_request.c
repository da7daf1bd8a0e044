#include "http/mapi_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The headers that are looked for, in one pass over all of them. */
enum field {
    FIELD_CONTENT_TYPE,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_REQUEST_TYPE,
    FIELD_REQUEST_ID,
    FIELD_CLIENT_INFO,
    FIELD_CLIENT_APPLICATION,
    FIELD_RESEND,
    FIELD_FAULT,
    FIELD_USER_AGENT,
    FIELD_COUNT,
};
static const struct {
    const char *name;
    uint32_t size;
} field_rows[FIELD_COUNT] = {
    [FIELD_CONTENT_TYPE] = {"Content-Type", 12},
    [FIELD_CONTENT_LENGTH] = {"Content-Length", 14},
    [FIELD_TRANSFER_ENCODING] = {"Transfer-Encoding", 17},
    [FIELD_REQUEST_TYPE] = {"X-RequestType", 13},
    [FIELD_REQUEST_ID] = {"X-RequestId", 11},
    [FIELD_CLIENT_INFO] = {"X-ClientInfo", 12},
    [FIELD_CLIENT_APPLICATION] = {"X-ClientApplication", 19},
    [FIELD_RESEND] = {"X-MapiHttp-Resend", 17},
    [FIELD_FAULT] = {"X-MapiHttp-Fault", 16},
    [FIELD_USER_AGENT] = {"User-Agent", 10},
};
_Static_assert(sizeof((struct mapi_request_fields *)0)->value == FIELD_COUNT * sizeof(char *), "a place for each row");

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

void mapi_request_take(struct mapi_request_fields *fields, struct http_header header)
{
    if (header.name_size == 6 && text_equal_ignoring_case(header.name, "Cookie"))
        session_cookies_read(&fields->cookies, bytes_of(header.value, header.value_size));
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        if (header.name_size != field_rows[field].size || !text_equal_ignoring_case(header.name, field_rows[field].name))
            continue;
        if (fields->value[field] && field != FIELD_USER_AGENT && strcmp(fields->value[field], header.value) != 0)
            fields->twice = field_rows[field].name;
        fields->value[field] = header.value;
    }
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

/* The first required header that is absent; NULL where all are there. */
static const char *find_missing(const struct mapi_request_fields *fields)
{
    static const enum field required[] = {FIELD_REQUEST_TYPE, FIELD_REQUEST_ID, FIELD_CONTENT_TYPE};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!fields->value[required[i]])
            return field_rows[required[i]].name;
    bool has_length = fields->value[FIELD_CONTENT_LENGTH] || fields->value[FIELD_TRANSFER_ENCODING];
    return has_length ? NULL : field_rows[FIELD_CONTENT_LENGTH].name;
}

/* The first header whose value is not allowed, or that stands twice with different values. */
static const char *find_invalid(const struct mapi_request_fields *fields)
{
    static const struct {
        enum field field;
        bool (*allowed)(const char *value);
    } checks[] = {
        {FIELD_REQUEST_ID, mapi_request_id_allowed},
        {FIELD_CONTENT_TYPE, mapi_content_type_allowed},
        {FIELD_CLIENT_INFO, mapi_header_value_allowed},
        {FIELD_CLIENT_APPLICATION, mapi_header_value_allowed},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (fields->value[checks[i].field] && !checks[i].allowed(fields->value[checks[i].field]))
            return field_rows[checks[i].field].name;
    return fields->twice;
}

enum mapi_response_code mapi_request_conclude(const struct mapi_request_fields *fields, enum session_endpoint endpoint,
                                              struct mapi_request *ret_request, const char **ret_header)
{
    bool address_book = endpoint == SESSION_ENDPOINT_ADDRESS_BOOK;
    struct mapi_request found = {.endpoint = endpoint, .cookies = fields->cookies};
    const char *resend = fields->value[FIELD_RESEND], *fault = fields->value[FIELD_FAULT];
    found.type_name = or_empty(fields->value[FIELD_REQUEST_TYPE]);
    found.request_id = or_empty(fields->value[FIELD_REQUEST_ID]);
    found.client_info = or_empty(fields->value[FIELD_CLIENT_INFO]);
    found.client_application = or_empty(fields->value[FIELD_CLIENT_APPLICATION]);
    found.user_agent = or_empty(fields->value[FIELD_USER_AGENT]);
    found.resend_marked = resend && strcmp(resend, "1") == 0;
    found.fault = fault ? (unsigned)strtoul(fault, NULL, 10) : 0;
    found.definition = body_definition_find(found.type_name, address_book);
    if (found.definition || strcmp(found.type_name, "PING") == 0)
        found.type = type_of(found.type_name, address_book);
    *ret_request = found;

    const char *missing = find_missing(fields), *invalid = find_invalid(fields);
    *ret_header = missing ? missing : invalid ? invalid : field_rows[FIELD_REQUEST_TYPE].name;
    if (missing)
        return MAPI_RESPONSE_MISSING_HEADER;
    if (invalid)
        return MAPI_RESPONSE_INVALID_HEADER;
    return found.type == MAPI_REQUEST_UNKNOWN ? MAPI_RESPONSE_INVALID_REQUEST_TYPE : MAPI_RESPONSE_SUCCESS;
}

enum mapi_response_code mapi_request_read(const struct http_request *request, enum session_endpoint endpoint,
                                          struct mapi_request *ret_request, const char **ret_header)
{
    struct mapi_request_fields fields = {0};
    for (unsigned i = 0; i < request->header_count; i++)
        mapi_request_take(&fields, http_request_header_at(request, i));
    return mapi_request_conclude(&fields, endpoint, ret_request, ret_header);
}
