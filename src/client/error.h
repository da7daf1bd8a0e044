/* Filling in struct mapihttp_error. No state. */
#pragma once
#include <mapihttp/error.h>

/* Returns the status, so that a function may end with it. 'error' may be NULL. */
enum mapihttp_status error_set(struct mapihttp_error *error, enum mapihttp_status status, uint32_t code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
