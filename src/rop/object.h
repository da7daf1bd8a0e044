/* The objects that a session has open, by handle (MS-OXCROPS 1.3.1, 3.2.1): plain data, owned by the session, each belonging
 * to one logon. Used by one Execute at a time, on the strand of the mailbox of the object's logon. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rop_logon;
struct message;
struct attachment;
struct table;
struct stream;

/* One bit each, so that a declaration can say which kinds a ROP acts on. */
enum rop_object_kind {
    ROP_OBJECT_LOGON = 0x001,
    ROP_OBJECT_FOLDER = 0x002,
    ROP_OBJECT_MESSAGE = 0x004,
    ROP_OBJECT_ATTACHMENT = 0x008,
    ROP_OBJECT_STREAM = 0x010,
    ROP_OBJECT_HIERARCHY_TABLE = 0x020,
    ROP_OBJECT_CONTENTS_TABLE = 0x040,
    ROP_OBJECT_ATTACHMENT_TABLE = 0x080,
    ROP_OBJECT_SUBSCRIPTION = 0x100,
};
#define ROP_OBJECTS_WITH_PROPERTIES \
    (ROP_OBJECT_LOGON | ROP_OBJECT_FOLDER | ROP_OBJECT_MESSAGE | ROP_OBJECT_ATTACHMENT)
#define ROP_OBJECTS_TABLE (ROP_OBJECT_HIERARCHY_TABLE | ROP_OBJECT_CONTENTS_TABLE | ROP_OBJECT_ATTACHMENT_TABLE)
#define ROP_OBJECTS_ALL 0x1FFu

#define ROP_HANDLE_UNUSED 0xFFFFFFFFu /* never given to an object (R4560) */

struct rop_object {
    uint32_t handle;
    enum rop_object_kind kind;
    struct rop_logon *logon;
    /* Of a message: the recipient columns that its client knows, from the opening or from RopModifyRecipients. Owned. */
    uint32_t *recipient_columns;
    uint32_t recipient_column_count;
    union {
        uint64_t folder_id;
        struct message *message;
        struct attachment *attachment;
        struct table *table;
        struct stream *stream;
        uint64_t subscription_id;
    };
};

/* Handles count up from 0 and are not given twice, so that a released one can be told from one never assigned. */
struct rop_object_map {
    struct rop_object **objects; /* ascending by handle */
    uint32_t count;
    uint32_t capacity;
    uint32_t count_max;
    uint32_t next_handle;
};

/* A new object with the next handle; NULL at count_max or without memory. */
struct rop_object *rop_object_map_add(struct rop_object_map *map, enum rop_object_kind kind, struct rop_logon *logon);
struct rop_object *rop_object_map_find(const struct rop_object_map *map, uint32_t handle);
/* Whether the handle was given to an object once (and, where it is not found, released since). */
bool rop_object_map_was_assigned(const struct rop_object_map *map, uint32_t handle);
/* Takes the object out and frees it; what it refers to is the caller's. */
void rop_object_map_remove(struct rop_object_map *map, struct rop_object *object);
void rop_object_map_free(struct rop_object_map *map); /* must be empty */
