/* Properties that are not stored but follow from a row of the store (MS-OXCMSG 2.2.1, MS-OXCFOLD 2.2.2.2, MS-OXCSTOR 2.2.2.1).
 * On the mailbox's strand. Internal to the mailbox layer. */
#pragma once
#include "mailbox/model.h"

/* Each returns true and the value (of the property's own type) where this id is computed and has a value; false where it
 * is not computed, or has none now. 'tag' chooses between two computed ones of the same id. */
bool message_computed(struct arena *arena, struct mailbox *mailbox, const struct store_message *row, uint32_t tag,
    struct property_value *ret_value);
bool folder_computed(struct arena *arena, struct mailbox *mailbox, const struct store_folder *row, uint32_t tag,
    struct property_value *ret_value);
bool store_computed(struct arena *arena, struct logon *logon, uint32_t tag, struct property_value *ret_value);
/* The same for all of them, for lists of properties; the arrays end with 0. */
extern const uint32_t message_computed_tags[];
extern const uint32_t folder_computed_tags[];
extern const uint32_t store_computed_tags[];
bool message_is_computed(uint16_t id);
bool folder_is_computed(uint16_t id);
bool store_is_computed(uint16_t id);
/* Change key and predecessor list of an own change (MS-OXCFXICS 2.2.2.2, 2.2.2.3). */
struct bytes change_key_of(struct arena *arena, const struct mailbox *mailbox, uint64_t change_number);
struct bytes predecessors_of(struct arena *arena, const struct mailbox *mailbox, uint64_t change_number);

enum object_type { OBJECT_TYPE_STORE = 1, OBJECT_TYPE_FOLDER = 3, OBJECT_TYPE_MESSAGE = 5, OBJECT_TYPE_ATTACHMENT = 7 };
#define ACCESS_OF_MESSAGE 0x00000007 /* modify, read, delete */
#define ACCESS_OF_FOLDER 0x0000003F
#define RIGHTS_OF_OWNER 0x000007FB
#define FLAG_READ 0x00000001u
#define FLAG_UNMODIFIED 0x00000002u
#define FLAG_SUBMITTED 0x00000004u
#define FLAG_UNSENT 0x00000008u
#define FLAG_HAS_ATTACHMENTS 0x00000010u
#define FLAG_FROM_ME 0x00000020u
#define FLAG_ASSOCIATED 0x00000040u
#define FLAG_RESEND 0x00000080u
#define FLAG_NOTIFY_READ 0x00000100u
#define FLAG_NOTIFY_UNREAD 0x00000200u
#define FLAG_EVER_READ 0x00000400u
#define STORE_SUPPORT_MASK 0x00073BFD /* all but categories, public folders, read-only, uncompressed RTF */
