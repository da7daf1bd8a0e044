/* Changing a stored folder's own row. On the mailbox's strand, inside a write scope. Internal to the mailbox layer. */
#pragma once
#include "mailbox/model.h"
#include "mailbox/property_bag.h"

/* What to change of a folder; everything else stays. */
struct folder_change {
    const struct property_bag *bag; /* properties set and deleted; NULL: none */
    uint64_t parent_id;             /* 0: stays */
};
/* With the next change number and the time; EC_COLLIDING_NAMES, EC_FOLDER_CYCLE. */
uint32_t folder_write(
    struct arena *arena, struct mailbox *mailbox, const struct store_folder *folder, const struct folder_change *change);
/* A new folder with the properties of the bag. */
uint32_t folder_write_new(struct arena *arena, struct mailbox *mailbox, uint64_t parent_id, enum store_folder_type type,
    const struct property_bag *bag, uint64_t *ret_folder_id);
/* PidTagDisplayName; empty where there is none. */
struct bytes folder_name(struct arena *arena, const struct store_folder *folder);
/* folder.c, for copies between folders: the messages, and the subfolders (EC_COLLIDING_NAMES, EC_FOLDER_CYCLE). */
uint32_t folder_copy_all_messages(
    struct logon *logon, uint64_t source_id, uint64_t destination_id, bool associated, bool *partial);
uint32_t folder_copy_children(struct logon *logon, uint64_t source_id, uint64_t destination_id, bool *partial);
