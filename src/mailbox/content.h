/* The unsaved content of open messages and attachments: what was changed, over what is stored. A tree of shared nodes: a
 * handle works on its own node; saving an attachment or an embedded message hangs its node into its parent's; saving the
 * outermost message writes the tree to the store. A node that is shared is copied before it is written. On the mailbox's
 * strand. Internal to the mailbox layer. */
#pragma once
#include "mailbox/message.h"
#include "mailbox/property_source.h"
#include "store/store.h"

struct attachment_content;

/* All recipients of a message, shared; in the order of row ids. */
struct recipient_set {
    uint32_t references;
    struct memory_account *account;
    size_t memory_size;
    struct arena arena;
    uint32_t count;
    struct recipient *recipients;
};

struct attachment_slot {
    uint32_t number;
    struct attachment_content *content; /* NULL: deleted */
};

/* A message's, outermost or embedded. */
struct content {
    uint32_t references;
    struct memory_account *account;
    uint64_t message_id;    /* the stored outermost message this is or lies in; 0: nothing stored */
    uint64_t attachment_id; /* the stored attachment whose embedded message this is; 0: the outermost one */
    struct property_bag bag;
    struct recipient_set *recipients; /* NULL: as stored */
    uint32_t slot_count, slot_capacity;
    struct attachment_slot *slots; /* changed ones, ascending by number */
};

struct attachment_content {
    uint32_t references;
    struct memory_account *account;
    uint64_t message_id;    /* as above */
    uint64_t parent_id;     /* the stored attachment whose embedded message it belongs to; 0: the outermost message */
    uint64_t attachment_id; /* 0: not stored */
    uint32_t number;
    struct property_bag bag;
    struct content *embedded; /* NULL: as stored */
};

struct content *content_new(struct memory_account *account, uint64_t message_id, uint64_t attachment_id);
struct content *content_reference(struct content *content);
void content_release(struct mailbox *mailbox, struct content *content);
/* '*content' becomes one that nobody else has. */
uint32_t content_make_own(struct mailbox *mailbox, struct content **content);

struct attachment_content *attachment_content_new(
    struct memory_account *account, uint64_t message_id, uint64_t parent_id, uint64_t attachment_id, uint32_t number);
struct attachment_content *attachment_content_reference(struct attachment_content *content);
void attachment_content_release(struct mailbox *mailbox, struct attachment_content *content);
uint32_t attachment_content_make_own(struct mailbox *mailbox, struct attachment_content **content);

struct recipient_set *recipient_set_new(struct memory_account *account);
void recipient_set_release(struct recipient_set *set);

/* Hangs an attachment under its number (NULL: deleted), taking over the reference; content must be own. */
uint32_t content_put_slot(
    struct mailbox *mailbox, struct content *content, uint32_t number, struct attachment_content *attachment);
const struct attachment_slot *content_find_slot(const struct content *content, uint32_t number);

/* Where the properties lie; reads the stored row into the arena. For an outermost stored message ret_row (may be NULL) is
 * the whole row. EC_OBJECT_DELETED where it is not stored any more. */
uint32_t content_source(struct arena *arena, struct mailbox *mailbox, const struct content *content,
    struct property_source *ret_source, struct store_message *ret_row);
uint32_t attachment_content_source(struct arena *arena, struct mailbox *mailbox, const struct attachment_content *content,
    struct property_source *ret_source, struct store_attachment *ret_row);
uint32_t content_recipients(struct arena *arena, struct mailbox *mailbox, const struct content *content,
    const struct property_source *source, struct recipient **ret_recipients, uint32_t *ret_count);

/* All attachments there are now: slots over stored ones, ascending by number. */
struct attachment_listed {
    uint32_t number;
    struct attachment_content *unsaved; /* borrowed; NULL: only stored */
    const struct store_attachment *stored;
};
uint32_t content_attachments(struct arena *arena, struct mailbox *mailbox, const struct content *content,
    struct attachment_listed **ret_attachments, uint32_t *ret_count);
/* The attachment of that number as a node of its own (a reference): the unsaved one or a new one over the stored.
 * EC_NOT_FOUND. */
uint32_t content_open_attachment(
    struct mailbox *mailbox, const struct content *content, uint32_t number, struct attachment_content **ret_attachment);
/* The embedded message likewise; EC_NOT_FOUND without one. */
uint32_t attachment_content_open_embedded(
    struct mailbox *mailbox, const struct attachment_content *attachment, struct content **ret_content);
/* A complete copy that depends on nothing stored, for copying between objects; counts in 'account'. */
uint32_t content_duplicate(struct mailbox *mailbox, const struct content *content, struct memory_account *account,
    uint32_t depth, struct content **ret_content);
uint32_t attachment_content_duplicate(struct mailbox *mailbox, const struct attachment_content *attachment,
    struct memory_account *account, uint32_t depth, struct attachment_content **ret_attachment);
/* The properties of a source, each on its own, into a bag of another account. */
uint32_t bag_duplicate_source(struct mailbox *mailbox, const struct property_source *source, struct property_bag *bag);
