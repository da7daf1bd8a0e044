/* The containers of the address book as objects with DNs: '/' for the global address list, '/guid=<32 hex digits>' for the
 * others (MS-OXOABK 2.2.1.1). Threads and memory as in request.h. */
#pragma once
#include "nspi/request.h"

/* NULL without memory. */
const char *nspi_container_dn(struct nspi_call *call, uint32_t position);
/* The position of the container with that DN, case ignored; ADDRESS_BOOK_NONE for none. */
uint32_t nspi_container_find_dn(struct nspi_call *call, const char *dn);

/* The one address creation template, for addresses of the Internet, has a DN for each locale. Read back: false for another DN. */
const char *nspi_creation_template_dn(struct nspi_call *call, uint32_t lcid);
bool nspi_creation_template_find_dn(struct nspi_call *call, const char *dn, uint32_t *ret_lcid);
