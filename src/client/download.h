/* Files by HTTP: what breaks off is taken up where it ended (Range), as often as it takes. One thread at a time. */
#pragma once
#include "client/transport.h"

/* A text file into memory, as large as a transport takes. */
enum mapihttp_status client_download_text(struct transport *transport, const char *url, struct buffer *ret_content,
                                          struct mapihttp_error *ret_error);
/* A file of 'size' bytes into an open one: what is there already is kept as its beginning, which a hash must confirm (on
 * MAPIHTTP_PROTOCOL and after a wrong hash, begin with an empty one). */
enum mapihttp_status client_download_file(struct transport *transport, const char *url, int fd, uint64_t size,
                                          struct mapihttp_error *ret_error);
