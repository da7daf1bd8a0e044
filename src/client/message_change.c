#include "client/error.h"
#include "client/session.h"
#include "protocol/error_code.h"
#include <mapihttp/message.h>

#define IDS_PER_REQUEST 2000u

/* Deleting, moving, copying and marking: lists of messages, in pieces that fit into a request. */
struct change {
    enum { DELETE, MOVE, COPY, MARK_READ, MARK_UNREAD } kind;
    uint64_t folder_id, target_folder_id;
    const uint64_t *ids;
    size_t count;
    size_t done;
};

static uint32_t add_change(struct rop_batch *batch, const struct change *change, uint8_t folder, uint8_t target, uint16_t count)
{
    const uint64_t *ids = change->ids + change->done;
    if (change->kind == DELETE) {
        struct rop_delete_messages_request delete = {.message_id_count = count, .message_ids = ids};
        return rop_batch_add(batch, ROP_ID_DELETE_MESSAGES, folder, 0, arena_copy(&batch->arena, &delete, sizeof delete));
    }
    if (change->kind == MOVE || change->kind == COPY) {
        struct rop_move_copy_messages_request move = {.message_id_count = count, .message_ids = ids, .want_copy = change->kind == COPY};
        return rop_batch_add(batch, ROP_ID_MOVE_COPY_MESSAGES, folder, target, arena_copy(&batch->arena, &move, sizeof move));
    }
    struct rop_set_read_flags_request mark = {.read_flags = change->kind == MARK_READ ? READ_FLAGS_SUPPRESS_RECEIPT : READ_FLAGS_CLEAR_READ_FLAG,
                                              .message_id_count = count, .message_ids = ids};
    return rop_batch_add(batch, ROP_ID_SET_READ_FLAGS, folder, 0, arena_copy(&batch->arena, &mark, sizeof mark));
}

static bool partial(const struct change *change, const void *body)
{
    if (!body)
        return false;
    switch (change->kind) {
    case DELETE: return ((const struct rop_delete_messages_success *)body)->partial_completion;
    case MOVE:
    case COPY: return ((const struct rop_move_copy_messages_success *)body)->partial_completion;
    default: return ((const struct rop_set_read_flags_success *)body)->partial_completion;
    }
}

static enum mapihttp_status change_some(struct mapihttp_session *session, struct change *change, uint16_t count, bool again,
                                        struct mapihttp_error *error)
{
    static const char *const names[] = {"delete messages", "move messages", "copy messages", "mark messages", "mark messages"};
    struct rop_batch batch = {0};
    struct rop_open_folder_request open = {.folder_id = change->folder_id}, open_target = {.folder_id = change->target_folder_id};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), folder = rop_batch_output(&batch), target = 0;
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, folder, &open), target_opened = opened;
    if (change->kind == MOVE || change->kind == COPY) {
        target = rop_batch_output(&batch);
        target_opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, target, &open_target);
    }
    uint32_t changed = add_change(&batch, change, folder, target, count);
    rop_batch_release(&batch, folder);
    if (target)
        rop_batch_release(&batch, target);
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open folder", error);
    if (!status)
        status = rop_batch_expect(session, &batch, target_opened, "open the target folder", error);
    if (!status)
        status = rop_batch_expect(session, &batch, changed, names[change->kind], error);
    /* Of a second try, what the first one did is missing; that is as it should be. */
    if (!status && !again && partial(change, rop_batch_success(&batch, changed)))
        status = session_fail(session, EC_PARTIALLY_COMPLETE, names[change->kind], error);
    rop_batch_clear(&batch);
    return status;
}

static enum mapihttp_status change_messages(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct change *change = data;
    if (again && change->kind == COPY) /* a second copy would be one too many */
        return error_set(error, MAPIHTTP_UNCERTAIN, 0, "the answer to copying messages was lost; they may or may not have been copied");
    while (change->done < change->count) {
        size_t left = change->count - change->done;
        uint16_t count = (uint16_t)(left < IDS_PER_REQUEST ? left : IDS_PER_REQUEST);
        enum mapihttp_status status = change_some(session, change, count, again, error);
        if (status)
            return status;
        change->done += count;
    }
    return MAPIHTTP_OK;
}

enum mapihttp_status mapihttp_messages_delete(struct mapihttp_session *session, uint64_t folder_id, const uint64_t *message_ids,
                                              size_t count, struct mapihttp_error *ret_error)
{
    struct change change = {.kind = DELETE, .folder_id = folder_id, .ids = message_ids, .count = count};
    return session_run(session, change_messages, &change, ret_error);
}

enum mapihttp_status mapihttp_messages_move(struct mapihttp_session *session, uint64_t folder_id, uint64_t target_folder_id,
                                            const uint64_t *message_ids, size_t count, struct mapihttp_error *ret_error)
{
    struct change change = {.kind = MOVE, .folder_id = folder_id, .target_folder_id = target_folder_id, .ids = message_ids, .count = count};
    return session_run(session, change_messages, &change, ret_error);
}

enum mapihttp_status mapihttp_messages_copy(struct mapihttp_session *session, uint64_t folder_id, uint64_t target_folder_id,
                                            const uint64_t *message_ids, size_t count, struct mapihttp_error *ret_error)
{
    struct change change = {.kind = COPY, .folder_id = folder_id, .target_folder_id = target_folder_id, .ids = message_ids, .count = count};
    return session_run(session, change_messages, &change, ret_error);
}

enum mapihttp_status mapihttp_messages_mark_read(struct mapihttp_session *session, uint64_t folder_id, const uint64_t *message_ids,
                                                 size_t count, bool read, struct mapihttp_error *ret_error)
{
    struct change change = {.kind = read ? MARK_READ : MARK_UNREAD, .folder_id = folder_id, .ids = message_ids, .count = count};
    return session_run(session, change_messages, &change, ret_error);
}
