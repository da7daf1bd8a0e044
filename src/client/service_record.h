/* DNS service records (RFC 2782), for the last step of Autodiscover. Blocks as long as the resolver does; any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The target of lowest priority; false when there is none. */
bool service_record_find(const char *name, char ret_host[256], uint16_t *ret_port);
/* The same out of a DNS answer's bytes. */
bool service_record_read(const unsigned char *answer, int size, char ret_host[256], uint16_t *ret_port);
