/* Lists of ROPs, the payload of an Execute (MS-OXCROPS 2.2.1): u16 size of itself and the ROPs, the ROPs, and to the end the
 * table of server object handles, which the ROPs name by index. A server reads requests and writes responses; a client the
 * reverse; the reader of captures reads both. Decoded lists borrow from the payload and live in the arena. Any thread. */
#pragma once
#include "protocol/rop_columns.h"
#include "protocol/rop_definition.h"
#include "protocol/structures.h"
#include "wire/wire.h"

#define ROP_HANDLE_NONE 0xFFFFFFFFu /* in a handle table: not assigned */

struct rop_request {
    uint8_t rop_id; /* ROP_ID_... */
    uint8_t logon_id;
    uint8_t handle_index;        /* input or source; not used where the request has none (RopLogon) */
    uint8_t output_handle_index; /* output, destination, or the response handle (enum rop_handles) */
    const void *body;            /* struct rop_..._request */
    struct bytes bytes;          /* decoded: the whole request as it came, from its RopId; not used when encoding */
};

struct rop_response {
    uint8_t rop_id;       /* of the request (the encoder writes 0x20 for RopGetMessageStatus) */
    uint8_t handle_index; /* the one the response repeats: see rop_response_to */
    uint32_t return_value;
    const void *body;     /* struct rop_..._success, or the special or failure form; NULL: nothing, or a zeroed one */
    const struct wire_columns *columns; /* of the rows in the body */
    bool public_logon;
    struct bytes bytes;   /* decoded: the whole response as it came; not used when encoding */
    int32_t request;      /* decoded: index of the request it answers, or -1 (notifications, RopPending, RopBufferTooSmall) */
};

struct rop_request_list {
    uint32_t count;
    struct rop_request *requests;
    uint32_t handle_count;
    uint32_t *handles;
};

struct rop_response_list {
    uint32_t count;
    struct rop_response *responses;
    uint32_t handle_count;
    uint32_t *handles;
};

/* Which logons of a session are to public folders, a bit for each LogonId; RopLogons of the list itself are noticed. */
struct rop_logon_kinds {
    uint8_t public_bits[32];
};

/* Splits a payload. *ret_handles is in the arena and writable, with room for 'handle_room' entries at least, those behind the
 * payload's own set to ROP_HANDLE_NONE (*ret_handle_count counts the payload's own). False for a malformed one: ecRpcFormat. */
bool rop_payload_split(struct arena *arena, struct bytes payload, uint32_t handle_room, struct bytes *ret_rops,
    uint32_t **ret_handles, uint32_t *ret_handle_count) __attribute__((warn_unused_result));

/* Reads the request at the beginning of *rops and moves *rops behind it. Reserved ROPs and those that are responses only are
 * WIRE_BAD_VALUE. kinds may be NULL (all private); a RopLogon is noted in it. On failure nothing is changed. */
bool rop_request_decode(struct arena *arena, struct bytes *rops, struct rop_logon_kinds *kinds, struct rop_request *ret_request,
    struct wire_error *ret_error) __attribute__((warn_unused_result));

/* The whole payload at once; kinds as above. An unreadable list fails the Execute with ecRpcFormat (MS-OXCROPS 3.2.5.1). */
bool rop_requests_decode(struct arena *arena, struct bytes payload, struct rop_logon_kinds *kinds,
    struct rop_request_list *ret_list, struct wire_error *ret_error) __attribute__((warn_unused_result));

/* A response to a request with the handle index it must repeat; body and columns are the caller's to fill. */
struct rop_response rop_response_to(const struct rop_request *request, uint32_t return_value);

/* Appends one response without any frame. On failure the buffer is as before. */
bool rop_response_encode(const struct rop_response *response, struct buffer *rops, struct wire_error *ret_error)
    __attribute__((warn_unused_result));
/* Appends size, ROPs and handle table. False where they exceed what a payload can say (64 KB). */
bool rop_payload_build(struct bytes rops, const uint32_t *handles, uint32_t handle_count, struct buffer *payload)
    __attribute__((warn_unused_result));
bool rop_responses_encode(const struct rop_response_list *list, struct buffer *payload, struct wire_error *ret_error)
    __attribute__((warn_unused_result));

/* Client side. 'kinds' as above, for what depends on the logon. */
bool rop_request_encode(const struct rop_request *request, const struct rop_logon_kinds *kinds, struct buffer *rops,
    struct wire_error *ret_error) __attribute__((warn_unused_result));
bool rop_requests_encode(const struct rop_request_list *list, const struct rop_logon_kinds *kinds, struct buffer *payload,
    struct wire_error *ret_error) __attribute__((warn_unused_result));

/* Reads the answer to 'requests' (NULL: not known; then answers with rows fail with WIRE_NO_COLUMNS). 'columns', which may be
 * NULL, remembers over a session what columns each table and each message's recipients have; it is read and updated. */
bool rop_responses_decode(struct arena *arena, struct bytes payload, const struct rop_request_list *requests,
    struct rop_columns *columns, struct rop_response_list *ret_list, struct wire_error *ret_error)
    __attribute__((warn_unused_result));

/* The same, but *list_out has the responses before the one that could not be read (for readers of captures); none for a
 * malformed payload. */
bool rop_responses_read(struct arena *arena, struct bytes payload, const struct rop_request_list *requests,
    struct rop_columns *columns, struct rop_response_list *list_out, struct wire_error *ret_error)
    __attribute__((warn_unused_result));
