/* Folders (MS-OXCFOLD). An id is 64 bits as the wire has them, valid in its mailbox for good. */
#pragma once
#include <mapihttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_session;
struct mapihttp_folders;

/* The folders that every mailbox has, in the order of RopLogon's answer (MS-OXCSTOR 2.2.1.1.3). */
enum mapihttp_special_folder {
    MAPIHTTP_FOLDER_ROOT,
    MAPIHTTP_FOLDER_DEFERRED_ACTION,
    MAPIHTTP_FOLDER_SPOOLER_QUEUE,
    MAPIHTTP_FOLDER_TOP, /* of all that a person sees: the IPM subtree */
    MAPIHTTP_FOLDER_INBOX,
    MAPIHTTP_FOLDER_OUTBOX,
    MAPIHTTP_FOLDER_SENT,
    MAPIHTTP_FOLDER_DELETED,
    MAPIHTTP_FOLDER_COMMON_VIEWS,
    MAPIHTTP_FOLDER_SCHEDULE,
    MAPIHTTP_FOLDER_SEARCH,
    MAPIHTTP_FOLDER_VIEWS,
    MAPIHTTP_FOLDER_SHORTCUTS,
};

struct mapihttp_folder {
    uint64_t id;
    uint64_t parent_id;
    uint32_t depth;       /* 1: child of the folder that was listed */
    const char *name;
    const char *path;     /* names joined by '/', from below the listed folder; a '/' or '\' in a name stands behind a '\' */
    const char *container_class; /* IPF.Note and the like; "" without */
    uint32_t message_count;
    uint32_t unread_count;
    bool has_subfolders;
    bool hidden;
};

MAPIHTTP_PUBLIC uint64_t mapihttp_special_folder(struct mapihttp_session *session, enum mapihttp_special_folder which);

/* All folders below one, parents before their children. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_folders_list(struct mapihttp_session *session,
    uint64_t below_id, struct mapihttp_folders **ret_folders, struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC size_t mapihttp_folders_count(const struct mapihttp_folders *folders);
MAPIHTTP_PUBLIC const struct mapihttp_folder *mapihttp_folders_get(const struct mapihttp_folders *folders, size_t index);
MAPIHTTP_PUBLIC void mapihttp_folders_free(struct mapihttp_folders *folders);

/* By path from the IPM subtree ('Inbox/Projects', any case), by a well-known word (inbox, sent, deleted, outbox, top, root)
 * or by id ('0x...'). */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_folder_find(struct mapihttp_session *session,
    const char *path, uint64_t *ret_folder_id, struct mapihttp_error *ret_error);
/* Creates a folder below another, or opens the one of that name. The container class may be NULL. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_folder_create(struct mapihttp_session *session,
    uint64_t parent_id, const char *name, const char *container_class, uint64_t *ret_folder_id,
    struct mapihttp_error *ret_error);
/* As mapihttp_folder_find(), and creates what is missing of the path. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_folder_make_path(struct mapihttp_session *session,
    const char *path, uint64_t *ret_folder_id, struct mapihttp_error *ret_error);
/* Deletes a folder with all that is in it. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_folder_delete(struct mapihttp_session *session,
    uint64_t parent_id, uint64_t folder_id, struct mapihttp_error *ret_error);

#ifdef __cplusplus
}
#endif
