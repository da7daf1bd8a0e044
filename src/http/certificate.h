/* Self-signed certificates, for a first start and for tests. Any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CERTIFICATE_NAMES_MAX 32u

/* Makes a P-256 key and a certificate for the names (host names and IP addresses), valid from an hour ago for 'days', and
 * writes them as PEM to new files (0644 and 0600; existing ones are never overwritten). On failure ret_error says why. */
bool certificate_make(const char *const *names, size_t name_count, unsigned days, const char *certificate_path,
    const char *key_path, char *ret_error, size_t error_size);
