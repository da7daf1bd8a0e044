/* Large values by streams (MS-OXCPRPT 2.2.14 and following), inside an operation. */
#pragma once
#include "client/session.h"

#define STREAM_CHUNK_SIZE 31000u /* of RopWriteStream: what one payload holds beside the ROP itself */
#define STREAM_SIZE_MAX (512u << 20)

/* Reads a property of the object whole. The bytes are malloc'd, the caller frees *ret_data (NULL for an empty value). */
enum mapihttp_status client_stream_read(struct mapihttp_session *session, uint32_t object, uint32_t tag, void **ret_data,
                                 size_t *ret_size, struct mapihttp_error *ret_error);
/* Writes a property of the object, replacing what there is. */
enum mapihttp_status client_stream_write(struct mapihttp_session *session, uint32_t object, uint32_t tag, struct bytes value,
                                  struct mapihttp_error *ret_error);
