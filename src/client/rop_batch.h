/* For engineers: a list of ROPs to be executed in one request, and its answers, by the declared structures of
 * protocol/structures.h. All memory of a batch is in its arena. Used by one thread.
 *
 *     struct rop_batch batch = {0};
 *     uint8_t logon = rop_batch_use(&batch, session->logon_handle), folder = rop_batch_output(&batch);
 *     struct rop_open_folder_request open = {.folder_id = id};
 *     uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, folder, &open);
 *     status = session_execute(session, &batch, error);
 *     if (!status) status = rop_batch_expect(session, &batch, opened, "open folder", error);
 *     ... rop_batch_handle(&batch, folder) ...
 *     rop_batch_clear(&batch); */
#pragma once
#include "protocol/rop_list.h"
#include <mapihttp/error.h>

#define ROP_BATCH_REQUESTS_MAX 64u
#define ROP_BATCH_HANDLES_MAX 64u
#define ROP_BATCH_LEADING_MAX 32u

struct mapihttp_session;

/* A zeroed one is ready. Bodies are borrowed until the batch is executed. */
struct rop_batch {
    struct arena arena;
    struct rop_request requests[ROP_BATCH_REQUESTS_MAX];
    uint32_t request_count;
    uint32_t handles[ROP_BATCH_HANDLES_MAX];
    uint32_t handle_count;
    uint32_t max_rop_out;  /* 0: what suits most */
    bool chain;            /* allow chained answers: rows and streams of more than 32 KB in one exchange */
    uint32_t leading[ROP_BATCH_LEADING_MAX]; /* handles to be released before all else: what session_release() put off */
    uint32_t leading_count;
    bool overfull;         /* more requests or handles than fit: the execution fails */
    /* after session_execute: answers of all chained units, in order */
    struct rop_response_list *answers;
    uint32_t answer_count;
};

/* Puts a known handle into the table; its index. */
uint8_t rop_batch_use(struct rop_batch *batch, uint32_t handle);
/* An entry that an opening ROP will fill; its index. */
uint8_t rop_batch_output(struct rop_batch *batch);
/* Appends a request; its number for the functions below. */
uint32_t rop_batch_add(struct rop_batch *batch, uint8_t rop_id, uint8_t handle_index, uint8_t output_handle_index,
                       const void *body);
/* Appends a RopRelease of the entry. */
void rop_batch_release(struct rop_batch *batch, uint8_t handle_index);

/* Encodes the payload; false when the batch is overfull or larger than a request may be. */
bool rop_batch_encode(struct rop_batch *batch, struct buffer *payload) __attribute__((warn_unused_result));
/* Reads one answer payload of the (possibly chained) answer. */
bool rop_batch_decode(struct rop_batch *batch, uint32_t payload_count, const struct bytes *payloads,
                      struct rop_columns *columns, struct wire_error *ret_error) __attribute__((warn_unused_result));

/* The answer to a request, NULL where there is none; with chained answers number 'unit' of it. */
const struct rop_response *rop_batch_response(const struct rop_batch *batch, uint32_t request);
const struct rop_response *rop_batch_response_in(const struct rop_batch *batch, uint32_t unit, uint32_t request);
/* The handle that an entry of the table has after the execution. */
uint32_t rop_batch_handle(const struct rop_batch *batch, uint8_t index);
/* The body of a successful answer (warnings count as success); NULL otherwise. */
const void *rop_batch_success(const struct rop_batch *batch, uint32_t request);
/* Empties it; the handles stay the server's. */
void rop_batch_clear(struct rop_batch *batch);
