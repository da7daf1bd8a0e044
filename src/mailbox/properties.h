/* Properties of every kind of object that has them (MS-OXCPRPT): the store itself (a logon), folders, messages,
 * attachments. Folder and store properties change at once; those of messages and attachments in the session's unsaved
 * state until the save. On the mailbox's strand. Values returned are borrowed from the arena (or the unsaved state: valid
 * until the object is changed). */
#pragma once
#include "mailbox/mailbox.h"

struct message;    /* message.h */
struct attachment; /* attachment.h */

enum object_kind { OBJECT_STORE, OBJECT_FOLDER, OBJECT_MESSAGE, OBJECT_ATTACHMENT };

/* What a property operation acts on. */
struct object {
    enum object_kind kind;
    union {
        uint64_t folder_id;
        struct message *message;
        struct attachment *attachment;
    };
};
#define OBJECT_OF_STORE ((struct object){.kind = OBJECT_STORE})
#define OBJECT_OF_FOLDER(id) ((struct object){.kind = OBJECT_FOLDER, .folder_id = (id)})
#define OBJECT_OF_MESSAGE(m) ((struct object){.kind = OBJECT_MESSAGE, .message = (m)})
#define OBJECT_OF_ATTACHMENT(a) ((struct object){.kind = OBJECT_ATTACHMENT, .attachment = (a)})

/* A property that could not be handled (MS-OXCDATA 2.7). */
struct property_failure {
    uint16_t index; /* into the caller's list of tags or values */
    uint32_t tag;
    uint32_t error;
};
struct property_failures {
    uint32_t count;
    struct property_failure *failures;
};

/* One value per tag, in order (R45701). ret_values[i].tag is the tag asked for with these exceptions: where the type asked
 * for is PTYP_UNSPECIFIED it carries the real type (strings: PTYP_STRING if 'unicode', else PTYP_STRING8), and where there
 * is no value its type is PTYP_ERROR_CODE: NotFound (0x8004010F), also where it cannot be given in the type asked for, and
 * NotEnoughMemory (0x8007000E) for a value larger than 'size_max' bytes (the client opens a stream) and for objects.
 * PTYP_STRING8 values come in the code page of the message, or the logon's (R461..R465).
 * size_max 0: PROPERTY_ANSWER_SIZE_MAX. */
#define PROPERTY_ANSWER_SIZE_MAX 16384u
uint32_t properties_get(struct arena *arena, struct logon *logon, struct object object, const uint32_t *tags, uint32_t count,
    uint32_t size_max, bool unicode, struct property_value *ret_values);
/* All properties with their values; too large ones and objects as PTYP_ERROR_CODE (R471). */
uint32_t properties_get_all(struct arena *arena, struct logon *logon, struct object object, uint32_t size_max, bool unicode,
    struct property_list *ret_properties);
/* Tags only (R472). */
uint32_t properties_list(
    struct arena *arena, struct logon *logon, struct object object, uint32_t **ret_tags, uint32_t *ret_count);
/* Each value on its own; what fails is in ret_failures: EC_COMPUTED_VALUE for computed ones (EC_ACCESS_DENIED on the store),
 * EC_INVALID_TYPE, EC_COLLIDING_NAMES for a folder's new name ... Read-only ones that clients copy along (PidTagCreationTime,
 * PidTagLastModificationTime ...) are passed over in silence (R47510). EC_ACCESS_DENIED on a read-only handle,
 * EC_OBJECT_DELETED where the object is gone. */
uint32_t properties_set(struct arena *arena, struct logon *logon, struct object object, struct property_list properties,
    struct property_failures *ret_failures);
uint32_t properties_delete(struct arena *arena, struct logon *logon, struct object object, const uint32_t *tags,
    uint32_t count, struct property_failures *ret_failures);

enum property_copy_flags {
    PROPERTY_COPY_MOVE = 0x01,         /* answered with a copy, as R501 allows; EC_NOT_SUPPORTED for folders (R881) */
    PROPERTY_COPY_NO_OVERWRITE = 0x02, /* other bits: EC_INVALID_PARAMETER (R880) */
};
/* RopCopyProperties: the given tags. Recipients (PidTagMessageRecipients), attachments (PidTagMessageAttachments), and for
 * folders messages, associated messages and subfolders (PidTagContainerContents, PidTagFolderAssociatedContents,
 * PidTagContainerHierarchy) are copied where their tags are named. Source and destination must be of one kind:
 * EC_NOT_SUPPORTED otherwise; both in the logon's mailbox. */
uint32_t properties_copy(struct arena *arena, struct logon *logon, struct object source, struct object destination,
    const uint32_t *tags, uint32_t count, uint8_t flags, struct property_failures *ret_failures);
/* RopCopyTo: everything but the given tags. 'want_subobjects' as in the request. */
uint32_t properties_copy_to(struct arena *arena, struct logon *logon, struct object source, struct object destination,
    const uint32_t *excluded_tags, uint32_t count, bool want_subobjects, uint8_t flags,
    struct property_failures *ret_failures);
