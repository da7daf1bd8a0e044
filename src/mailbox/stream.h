/* Streams over one string, binary or object property of a folder, message or attachment (MS-OXCPRPT 2.2.14 and on).
 * Session data, freed with stream_close (which for a folder also commits, R56405); keeps its object alive. Content stands in
 * the session's unsaved state once written; before that large values are read from the store by range. PTYP_STRING8
 * streams are in the object's code page. Errors of writing are the stream ones (0x8003....). On the mailbox's strand. */
#pragma once
#include "mailbox/properties.h"

struct stream;

#define STREAM_SIZE_MAX 0x7FFFFFFFu

enum stream_open_mode {
    STREAM_READ_ONLY = 0x00,
    STREAM_READ_WRITE = 0x01,
    STREAM_CREATE = 0x02,
    STREAM_BEST_ACCESS = 0x03,
};

/* EC_NOT_FOUND without the property unless created; EC_NOT_SUPPORTED for a type that has no stream or an object that has
 * none (the store); EC_ACCESS_DENIED for writing a read-only property or on a read-only handle. */
uint32_t stream_open(struct logon *logon, struct object object, uint32_t tag, uint8_t open_mode, struct stream **ret_stream,
    uint32_t *ret_size);
/* Reads at most 'size' bytes from the pointer on; fewer only at the end. Borrowed from the arena. */
uint32_t stream_read(struct arena *arena, struct logon *logon, struct stream *stream, uint32_t size, struct bytes *ret_data);
/* EC_STORAGE_ACCESS_DENIED (0x80030005) on a read-only stream, EC_TOO_BIG (0x80040305) over the size limit. ret_written is
 * set also with EC_TOO_BIG. */
uint32_t stream_write(struct logon *logon, struct stream *stream, struct bytes data, uint32_t *ret_written);
/* 'origin' is the protocol's enum stream_origin. Beyond the end the stream grows (R583); before the beginning or over 2^31:
 * EC_STREAM_SEEK_ERROR (0x80030019); another origin: EC_STORAGE_INVALID_PARAMETER (0x80030057). */
uint32_t stream_seek(struct logon *logon, struct stream *stream, uint8_t origin, int64_t offset, uint64_t *ret_position);
uint32_t stream_set_size(struct logon *logon, struct stream *stream, uint64_t size);
uint32_t stream_size(struct logon *logon, struct stream *stream, uint32_t *ret_size);
uint32_t stream_commit(struct logon *logon, struct stream *stream);
/* RopCopyToStream: moves both pointers. */
uint32_t stream_copy_to(struct logon *logon, struct stream *source, struct stream *destination, uint64_t size,
    uint64_t *ret_read, uint64_t *ret_written);
/* RopCloneStream: the same content, seen by both, with its own pointer (R757..R759). */
uint32_t stream_clone(struct stream *stream, struct stream **ret_stream);
/* Commits where the object is a folder, then frees. NULL is allowed. */
void stream_close(struct logon *logon, struct stream *stream);
bool stream_is_writable(const struct stream *stream);
