/* The auxiliary buffer of Connect's answer: what this server can do, in the blocks and the order of Exchange
 * (MS-OXCRPC 2.2.2.2). */
#pragma once
#include "base/bytes.h"

/* Appends one unit with its RPC_HEADER_EXT. host_name is cut to 255 bytes. */
bool connect_auxiliary_append(struct buffer *output, const char *host_name, uint64_t connection_number);
