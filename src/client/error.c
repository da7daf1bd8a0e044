#include "client/error.h"
#include <stdarg.h>
#include <stdio.h>

enum mapihttp_status error_set(struct mapihttp_error *error, enum mapihttp_status status, uint32_t code, const char *format, ...)
{
    if (!error)
        return status;
    struct mapihttp_error made = {.status = status, .code = code}; /* an argument may be the old text */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(made.text, sizeof made.text, format, arguments);
    va_end(arguments);
    *error = made;
    return status;
}

const char *mapihttp_status_name(enum mapihttp_status status)
{
    switch (status) {
    case MAPIHTTP_OK: return "OK";
    case MAPIHTTP_INVALID_ARGUMENT: return "INVALID_ARGUMENT";
    case MAPIHTTP_NO_MEMORY: return "NO_MEMORY";
    case MAPIHTTP_NOT_FOUND: return "NOT_FOUND";
    case MAPIHTTP_AUTODISCOVER: return "AUTODISCOVER";
    case MAPIHTTP_NETWORK: return "NETWORK";
    case MAPIHTTP_TLS: return "TLS";
    case MAPIHTTP_AUTHENTICATION: return "AUTHENTICATION";
    case MAPIHTTP_HTTP: return "HTTP";
    case MAPIHTTP_TRANSPORT: return "TRANSPORT";
    case MAPIHTTP_SERVER: return "SERVER";
    case MAPIHTTP_PROTOCOL: return "PROTOCOL";
    case MAPIHTTP_CANCELLED: return "CANCELLED";
    case MAPIHTTP_UNCERTAIN: return "UNCERTAIN";
    case MAPIHTTP_DISABLED: return "DISABLED";
    }
    return "UNKNOWN";
}
