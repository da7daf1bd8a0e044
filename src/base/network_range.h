/* Ranges of network addresses as administrators write them: '10.0.0.0/8 192.0.2.7 fd00::/8 ::1', blanks or commas between. An IPv4
 * range also holds the same addresses written as IPv6 (::ffff:10.0.0.1). No state, any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct network_ranges;

#define NETWORK_RANGES_MAX 1024u

/* Free with network_ranges_free. False: *ret_error (of error_size bytes) says which part is wrong and why. No ranges in the text is
 * no error: they contain nothing. */
bool network_ranges_parse(const char *text, struct network_ranges **ret_ranges, char *ret_error, size_t error_size);
void network_ranges_free(struct network_ranges *ranges); /* NULL is nothing */
/* 'address' without a port: '192.0.2.7', '2001:db8::1', '[::1]'; false for anything else, and for NULL ranges. */
bool network_ranges_contain(const struct network_ranges *ranges, const char *address);
