#include "mailbox/folder.h"

#include "base/filetime.h"
#include "base/limits.h"
#include "mailbox/content.h"
#include "mailbox/folder_write.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

#define FOLDER_BAG_SIZE_MAX (16u << 20)
#define MESSAGES_PER_STEP 256u /* of a folder, when all of them are copied or deleted */

uint32_t folder_open(struct logon *logon, uint64_t folder_id, bool soft_deleted, struct folder_opened *ret_folder)
{
    struct arena arena = {0};
    struct store_folder folder;
    uint32_t error = mailbox_folder(logon->mailbox, &arena, folder_id, &folder);
    if (error == EC_SUCCESS && folder.deleted_time != 0 && !soft_deleted)
        error = EC_NOT_FOUND; /* R471 */
    if (error == EC_SUCCESS)
        *ret_folder = (struct folder_opened){.folder_id = folder_id, .existed = true};
    arena_free(&arena);
    return error;
}

/* Without blanks and NULs around; clients may send either. */
static struct bytes trimmed(struct bytes name)
{
    while (name.size >= 2 && (load_u16(name.data + name.size - 2) == 0 || load_u16(name.data + name.size - 2) == ' '))
        name.size -= 2;
    while (name.size >= 2 && load_u16(name.data) == ' ') {
        name.data += 2;
        name.size -= 2;
    }
    return name;
}

static void folder_event(struct mailbox *mailbox, enum change_kind kind, uint64_t folder_id, uint64_t parent_id)
{
    mailbox_changed(mailbox, &(struct change){.kind = kind, .folder_id = folder_id, .parent_id = parent_id});
}

static uint32_t depth_of(struct arena *arena, struct mailbox *mailbox, uint64_t folder_id, uint32_t *ret_depth)
{
    uint32_t depth = 0;
    while (folder_id != 0) {
        struct store_folder folder;
        uint32_t error = mailbox_folder(mailbox, arena, folder_id, &folder);
        if (error != EC_SUCCESS)
            return error;
        if (++depth > FOLDER_DEPTH_MAX)
            return EC_TOO_COMPLEX;
        folder_id = folder.parent_id;
    }
    *ret_depth = depth;
    return EC_SUCCESS;
}

static uint32_t create(struct arena *arena, struct logon *logon, uint64_t parent_id, uint8_t type, struct bytes name,
    struct bytes comment, uint64_t *ret_folder_id)
{
    struct mailbox *mailbox = logon->mailbox;
    struct memory_account account = {.size_max = FOLDER_BAG_SIZE_MAX};
    struct property_bag bag = {.account = &account};
    struct property_value name_value = value_bytes(PID_TAG_DISPLAY_NAME, name);
    struct property_value comment_value = value_bytes(PID_TAG_COMMENT, comment);
    uint32_t depth = 0;
    uint32_t error = depth_of(arena, mailbox, parent_id, &depth);
    if (error == EC_SUCCESS && depth + 1 > FOLDER_DEPTH_MAX)
        error = EC_TOO_COMPLEX;
    if (error == EC_SUCCESS)
        error = bag_set(mailbox, &bag, &name_value);
    if (error == EC_SUCCESS && comment.size > 0)
        error = bag_set(mailbox, &bag, &comment_value);
    if (error == EC_SUCCESS)
        error = folder_write_new(arena, mailbox, parent_id, (enum store_folder_type)type, &bag, ret_folder_id);
    bag_free(mailbox, &bag);
    if (error == EC_SUCCESS)
        folder_event(mailbox, CHANGE_FOLDER_CREATED, *ret_folder_id, parent_id);
    return error;
}

uint32_t folder_create(struct logon *logon, uint64_t parent_id, uint8_t type, struct bytes name, struct bytes comment,
    bool open_existing, struct folder_opened *ret_folder)
{
    name = trimmed(name);
    if ((type != FOLDER_TYPE_GENERIC && type != FOLDER_TYPE_SEARCH) || name.size == 0)
        return EC_INVALID_PARAMETER;
    if (name.size > PROPERTY_INLINE_SIZE_MAX / 2)
        return EC_INVALID_PARAMETER;
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct store_folder parent;
    struct write_scope scope;
    uint64_t folder_id = 0;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = mailbox_folder(mailbox, &arena, parent_id, &parent);
    if (error == EC_SUCCESS && parent.deleted_time != 0)
        error = EC_NOT_FOUND; /* R1073 */
    if (error == EC_SUCCESS && parent.type == STORE_FOLDER_SEARCH)
        error = EC_SEARCH_FOLDER;
    enum store_status found =
        error == EC_SUCCESS ? store_folder_find(mailbox->store, parent_id, name, &folder_id) : STORE_NOT_FOUND;
    bool existed = error == EC_SUCCESS && found == STORE_OK;
    if (existed && !open_existing)
        error = EC_COLLIDING_NAMES; /* R481 */
    if (error == EC_SUCCESS && !existed)
        error = found == STORE_NOT_FOUND ? create(&arena, logon, parent_id, type, name, comment, &folder_id)
                                         : mailbox_error(found);
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_folder = (struct folder_opened){.folder_id = folder_id, .existed = existed};
    return error;
}

/* ---- Deleting ---- */

static uint32_t delete_folder(struct arena *arena, struct mailbox *mailbox, const struct store_folder *folder, bool hard)
{
    uint64_t change_number = 0;
    uint32_t error = mailbox_new_ids(mailbox, 1, &change_number);
    if (error == EC_SUCCESS)
        error = mailbox_error(store_folder_delete(
            mailbox->store, folder->folder_id, hard ? STORE_DELETE_HARD : STORE_DELETE_SOFT, change_number, filetime_now()));
    if (error == EC_SUCCESS)
        folder_event(mailbox, CHANGE_FOLDER_DELETED, folder->folder_id, folder->parent_id);
    (void)arena;
    return error;
}

uint32_t folder_delete(struct logon *logon, uint64_t parent_id, uint64_t folder_id, uint8_t flags, bool *ret_partial)
{
    if ((flags & ~(FOLDER_DELETE_MESSAGES | FOLDER_DELETE_FOLDERS | FOLDER_DELETE_HARD)) != 0)
        return EC_INVALID_PARAMETER; /* R1234 */
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct store_folder folder;
    struct write_scope scope;
    bool partial = false;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = mailbox_folder(mailbox, &arena, folder_id, &folder);
    if (error == EC_SUCCESS && folder.parent_id != parent_id)
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS && folder.deleted_time != 0 && (flags & FOLDER_DELETE_HARD) == 0)
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS && mailbox_is_special_folder(folder_id))
        error = EC_ACCESS_DENIED;
    if (error == EC_SUCCESS) {
        partial = ((flags & FOLDER_DELETE_MESSAGES) == 0 && folder.counts.content + folder.counts.associated > 0) ||
                  ((flags & FOLDER_DELETE_FOLDERS) == 0 && folder.counts.child_folders > 0);
        if (!partial)
            error = delete_folder(&arena, mailbox, &folder, (flags & FOLDER_DELETE_HARD) != 0);
    }
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_partial = partial;
    return error;
}

/* All messages of one kind, a page at a time. */
static uint32_t delete_all_messages(
    struct logon *logon, uint64_t folder_id, enum store_message_kind kind, bool hard, bool *partial)
{
    struct arena arena = {0};
    uint32_t error = EC_SUCCESS;
    for (;;) {
        struct store_view view;
        const struct store_message *rows;
        uint32_t count = 0;
        bool end = false;
        arena_reset(&arena);
        error = mailbox_error(store_view_open(logon->mailbox->store, folder_id, kind, NULL, 0, &view));
        struct store_page_request request = {
            .view_id = view.view_id, .from = {.place = STORE_PLACE_FIRST}, .ids_only = true, .rows_max = MESSAGES_PER_STEP};
        if (error == EC_SUCCESS)
            error = mailbox_error(store_view_page(logon->mailbox->store, &arena, &request, &rows, &count, &end));
        if (error != EC_SUCCESS || count == 0)
            break;
        uint64_t *ids = arena_array(&arena, uint64_t, count);
        if (ids == NULL) {
            error = EC_OUT_OF_MEMORY;
            break;
        }
        for (uint32_t i = 0; i < count; i++)
            ids[i] = rows[i].message_id;
        bool missed = false;
        error = folder_delete_messages(logon, folder_id, ids, count, hard, &missed);
        if (error != EC_SUCCESS || missed) {
            *partial = true;
            break;
        }
    }
    arena_free(&arena);
    return error;
}

uint32_t folder_empty(struct logon *logon, uint64_t folder_id, bool associated, bool hard, bool *ret_partial)
{
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct store_folder folder;
    const struct store_folder *children = NULL;
    uint32_t child_count = 0;
    struct write_scope scope;
    bool partial = false;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = mailbox_folder(mailbox, &arena, folder_id, &folder);
    if (error == EC_SUCCESS && (folder.type != STORE_FOLDER_GENERIC || folder_id == special_folder_id(SPECIAL_FOLDER_ROOT) ||
                                   folder_id == special_folder_id(SPECIAL_FOLDER_IPM_SUBTREE)))
        error = EC_NOT_SUPPORTED; /* R1248, R1249 */
    if (error == EC_SUCCESS)
        error = delete_all_messages(logon, folder_id, STORE_MESSAGE_NORMAL, hard, &partial);
    if (error == EC_SUCCESS && associated)
        error = delete_all_messages(logon, folder_id, STORE_MESSAGE_ASSOCIATED, hard, &partial);
    if (error == EC_SUCCESS)
        error = mailbox_error(store_folder_list(mailbox->store, &arena, folder_id, 0, &children, &child_count));
    for (uint32_t i = 0; error == EC_SUCCESS && i < child_count; i++) {
        if (mailbox_is_special_folder(children[i].folder_id))
            partial = true;
        else
            error = delete_folder(&arena, mailbox, &children[i], hard);
    }
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_partial = partial;
    return error;
}

/* ---- Moving and copying ---- */

/* Whether 'folder_id' is 'ancestor_id' or lies below it. */
static uint32_t lies_below(
    struct arena *arena, struct mailbox *mailbox, uint64_t folder_id, uint64_t ancestor_id, bool *ret_below)
{
    for (uint32_t depth = 0; folder_id != 0 && depth <= FOLDER_DEPTH_MAX; depth++) {
        if (folder_id == ancestor_id) {
            *ret_below = true;
            return EC_SUCCESS;
        }
        struct store_folder folder;
        uint32_t error = mailbox_folder(mailbox, arena, folder_id, &folder);
        if (error != EC_SUCCESS)
            return error;
        folder_id = folder.parent_id;
    }
    *ret_below = false;
    return EC_SUCCESS;
}

/* What moving and copying a folder both ask first. */
static uint32_t check_transfer(struct arena *arena, struct mailbox *mailbox, uint64_t source_parent_id, uint64_t folder_id,
    uint64_t destination_parent_id, bool copy, struct bytes *name, struct store_folder *ret_folder)
{
    struct store_folder destination;
    bool below = false;
    uint64_t existing = 0;
    uint32_t error = mailbox_folder(mailbox, arena, folder_id, ret_folder);
    if (error == EC_SUCCESS && (ret_folder->parent_id != source_parent_id || ret_folder->deleted_time != 0))
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS && !copy && mailbox_is_special_folder(folder_id))
        error = EC_ACCESS_DENIED;
    if (error == EC_SUCCESS)
        error = mailbox_folder(mailbox, arena, destination_parent_id, &destination);
    if (error == EC_SUCCESS && destination.deleted_time != 0)
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS && destination.type == STORE_FOLDER_SEARCH)
        error = EC_SEARCH_FOLDER;
    if (error == EC_SUCCESS)
        error = lies_below(arena, mailbox, destination_parent_id, folder_id, &below);
    if (error == EC_SUCCESS && below)
        error = EC_FOLDER_CYCLE;
    if (error != EC_SUCCESS)
        return error;
    *name = trimmed(*name);
    if (name->size == 0)
        *name = folder_name(arena, ret_folder);
    enum store_status status = store_folder_find(mailbox->store, destination_parent_id, *name, &existing);
    if (status == STORE_OK && (copy || existing != folder_id))
        return EC_COLLIDING_NAMES;
    return status == STORE_OK || status == STORE_NOT_FOUND ? EC_SUCCESS : mailbox_error(status);
}

uint32_t folder_move(struct logon *logon, uint64_t source_parent_id, uint64_t folder_id, uint64_t destination_parent_id,
    struct bytes name, bool *ret_partial)
{
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct store_folder folder;
    struct memory_account account = {.size_max = FOLDER_BAG_SIZE_MAX};
    struct property_bag bag = {.account = &account};
    struct write_scope scope;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = check_transfer(&arena, mailbox, source_parent_id, folder_id, destination_parent_id, false, &name, &folder);
    if (error == EC_SUCCESS) {
        struct property_value value = value_bytes(PID_TAG_DISPLAY_NAME, name);
        error = bag_set(mailbox, &bag, &value);
    }
    if (error == EC_SUCCESS)
        error =
            folder_write(&arena, mailbox, &folder, &(struct folder_change){.bag = &bag, .parent_id = destination_parent_id});
    if (error == EC_SUCCESS)
        mailbox_changed(mailbox, &(struct change){.kind = CHANGE_FOLDER_MOVED,
                                     .folder_id = folder_id,
                                     .old_folder_id = folder_id,
                                     .parent_id = destination_parent_id,
                                     .old_parent_id = source_parent_id});
    bag_free(mailbox, &bag);
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_partial = false;
    return error;
}

uint32_t folder_copy_all_messages(
    struct logon *logon, uint64_t source_id, uint64_t destination_id, bool associated, bool *partial)
{
    struct arena arena = {0};
    struct arena key_arena = {0};
    struct store_position from = {.place = STORE_PLACE_FIRST};
    uint32_t error = EC_SUCCESS;
    for (bool end = false; error == EC_SUCCESS && !end;) {
        struct store_view view;
        const struct store_message *rows;
        uint32_t count = 0;
        arena_reset(&arena);
        error = mailbox_error(store_view_open(
            logon->mailbox->store, source_id, associated ? STORE_MESSAGE_ASSOCIATED : STORE_MESSAGE_NORMAL, NULL, 0, &view));
        struct store_page_request request = {
            .view_id = view.view_id, .from = from, .ids_only = true, .rows_max = MESSAGES_PER_STEP};
        if (error == EC_SUCCESS)
            error = mailbox_error(store_view_page(logon->mailbox->store, &arena, &request, &rows, &count, &end));
        uint64_t *ids = error == EC_SUCCESS ? arena_array(&arena, uint64_t, (size_t)count + 1) : NULL;
        if (error == EC_SUCCESS && ids == NULL)
            error = EC_OUT_OF_MEMORY;
        for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++)
            ids[i] = rows[i].message_id;
        if (error != EC_SUCCESS || count == 0)
            break;
        const struct store_message *last = &rows[count - 1];
        arena_reset(&key_arena);
        from = (struct store_position){
            .place = STORE_PLACE_AFTER, .key = arena_bytes(&key_arena, last->key), .message_id = last->message_id};
        bool missed = false;
        error = folder_move_copy_messages(logon, source_id, destination_id, ids, count, true, NULL, &missed);
        *partial = *partial || missed;
    }
    arena_free(&key_arena);
    arena_free(&arena);
    return error;
}

static uint32_t copy_tree(struct logon *logon, const struct store_folder *folder, uint64_t destination_parent_id,
    struct bytes name, bool recursive, uint32_t depth, uint64_t *ret_folder_id, bool *partial)
{
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct memory_account account = {.size_max = FOLDER_BAG_SIZE_MAX};
    struct property_bag bag = {.account = &account};
    struct property_source source = {.packed = folder->properties};
    const struct store_folder *children = NULL;
    uint32_t count = 0;
    uint64_t copy_id = 0;
    uint32_t error = depth > FOLDER_DEPTH_MAX ? EC_TOO_COMPLEX : bag_duplicate_source(mailbox, &source, &bag);
    if (error == EC_SUCCESS) {
        struct property_value value = value_bytes(PID_TAG_DISPLAY_NAME, name);
        error = bag_set(mailbox, &bag, &value);
    }
    if (error == EC_SUCCESS && recursive) /* before the copy exists: it may lie below its source's sibling */
        error = mailbox_error(store_folder_list(mailbox->store, &arena, folder->folder_id, 0, &children, &count));
    if (error == EC_SUCCESS)
        error = folder_write_new(&arena, mailbox, destination_parent_id,
            folder->type == STORE_FOLDER_ROOT ? STORE_FOLDER_GENERIC : folder->type, &bag, &copy_id);
    if (error == EC_SUCCESS && folder->type != STORE_FOLDER_SEARCH) {
        error = folder_copy_all_messages(logon, folder->folder_id, copy_id, false, partial);
        if (error == EC_SUCCESS)
            error = folder_copy_all_messages(logon, folder->folder_id, copy_id, true, partial);
    }
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        uint64_t child_id = 0;
        error =
            copy_tree(logon, &children[i], copy_id, folder_name(&arena, &children[i]), true, depth + 1, &child_id, partial);
    }
    bag_free(mailbox, &bag);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_folder_id = copy_id;
    return error;
}

uint32_t folder_copy_children(struct logon *logon, uint64_t source_id, uint64_t destination_id, bool *partial)
{
    struct arena arena = {0};
    const struct store_folder *children = NULL;
    uint32_t count = 0;
    bool below = false;
    uint32_t error = lies_below(&arena, logon->mailbox, destination_id, source_id, &below);
    if (error == EC_SUCCESS && below)
        error = EC_FOLDER_CYCLE; /* MS-OXCPRPT R89602 */
    if (error == EC_SUCCESS)
        error = mailbox_error(store_folder_list(logon->mailbox->store, &arena, source_id, 0, &children, &count));
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        uint64_t existing = 0, copy_id = 0;
        struct bytes name = folder_name(&arena, &children[i]);
        if (store_folder_find(logon->mailbox->store, destination_id, name, &existing) == STORE_OK)
            error = EC_COLLIDING_NAMES; /* R897 */
        else
            error = copy_tree(logon, &children[i], destination_id, name, true, 0, &copy_id, partial);
    }
    arena_free(&arena);
    return error;
}

uint32_t folder_copy(struct logon *logon, uint64_t source_parent_id, uint64_t folder_id, uint64_t destination_parent_id,
    bool recursive, struct bytes name, bool *ret_partial)
{
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct store_folder folder;
    struct write_scope scope;
    uint64_t copy_id = 0;
    bool partial = false;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = check_transfer(&arena, mailbox, source_parent_id, folder_id, destination_parent_id, true, &name, &folder);
    if (error == EC_SUCCESS)
        error = copy_tree(logon, &folder, destination_parent_id, name, recursive, 0, &copy_id, &partial);
    if (error == EC_SUCCESS)
        mailbox_changed(mailbox, &(struct change){.kind = CHANGE_FOLDER_COPIED,
                                     .folder_id = copy_id,
                                     .old_folder_id = folder_id,
                                     .parent_id = destination_parent_id,
                                     .old_parent_id = source_parent_id});
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_partial = partial;
    return error;
}
