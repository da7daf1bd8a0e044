/* One message in memory: properties, recipients, attachments, embedded messages. What import makes of MIME, what a client
 * puts into a mailbox or gets from it, and what export makes MIME of.
 *
 * Everything belongs to the outermost message: message_free gives all of it back, embedded messages included. Values are
 * held by reference; message_add_* do not copy what a value points to: it must live as long as the message (arena memory
 * from message_arena, adopted memory, or the caller's own). So an attachment of 50 MB exists once.
 *
 * Named properties: a property id >= 0x8000 is PROPERTY_ID_NAMED_MIN + the index in the name table of the outermost
 * message, shared by its embedded messages. Whoever writes a message into a mailbox asks the mailbox for its own ids of
 * these names and puts them in place of the table's (message_map_names gives the order).
 *
 * Size is capped (MESSAGE_MEMORY_SIZE_MAX). After a failure for want of memory or at the cap 'failed' in the memory stays
 * set and every further addition does nothing, so that a maker may check once at the end (message_failed).
 * Used by one thread at a time. */
#pragma once
#include "base/arena.h"
#include "wire/property_value.h"

#define MESSAGE_MEMORY_SIZE_MAX ((size_t)640 << 20)
#define MESSAGE_RECIPIENTS_MAX 32768u
#define MESSAGE_ATTACHMENTS_MAX 16384u
#define MESSAGE_PROPERTIES_MAX 16384u

/* Properties that grow; no id twice. 'values' and 'count' are those of a struct property_list (message_list). */
struct message_properties {
    struct property_value *values;
    uint32_t count;
    uint32_t capacity;
};

enum message_recipient_type { /* MS-OXOMSG 2.2.3.1, PidTagRecipientType */
    MESSAGE_RECIPIENT_ORIGINATOR = 0,
    MESSAGE_RECIPIENT_TO = 1,
    MESSAGE_RECIPIENT_CC = 2,
    MESSAGE_RECIPIENT_BCC = 3,
};

struct message_recipient {
    uint8_t type; /* enum message_recipient_type; not repeated among the properties */
    struct message_properties properties;
};

struct message;

/* PidTagAttachMethod says what it is. With 1 (afByValue) PidTagAttachDataBinary stands among the properties, however
 * large: a writer streams values that do not fit. With 5 (afEmbeddedMessage) 'embedded' is set. */
struct message_attachment {
    struct message_properties properties;
    struct message *embedded;
};

struct message_memory; /* the arena, adopted memory and the name table: one for a message and all it contains */

struct message {
    struct message_memory *memory;
    struct message_properties properties;
    struct message_recipient *recipients;
    uint32_t recipient_count, recipient_capacity;
    struct message_attachment *attachments;
    uint32_t attachment_count, attachment_capacity;
};

/* An empty outermost message, or NULL without memory. */
struct message *message_new(void);
/* Frees an outermost message and all it contains; NULL is allowed. Never call it on an embedded message. */
void message_free(struct message *message);
/* Memory that lives as long as the outermost message. */
struct arena *message_arena(struct message *message);
/* Whether anything could not be added (no memory, or a cap). */
bool message_failed(const struct message *message);
/* Has the outermost message call release(memory) when it is freed; 'size' counts against the cap. On failure the memory is
 * released at once. */
bool message_adopt(struct message *message, void *memory, size_t size, void (*release)(void *memory));

/* Adds or replaces the property of that id in the message, in a recipient or in an attachment. */
bool message_set(struct message *message, struct property_value value);
bool message_set_in(struct message *message, struct message_properties *properties, struct property_value value);
/* The value of that tag; for PTYP_UNSPECIFIED as type, of any type. NULL when absent. The pointer is valid until the next
 * addition to the same list. */
const struct property_value *message_find(const struct message_properties *properties, uint32_t tag);
/* Removes the property of that id, if any. */
void message_remove(struct message_properties *properties, uint32_t tag);
/* As the wire's form. Borrowed until the next addition. */
struct property_list message_list(const struct message_properties *properties);

/* Short forms that make the value; text and bytes are copied into the arena. */
bool message_set_u32(struct message *message, struct message_properties *properties, uint32_t tag, uint32_t value);
bool message_set_boolean(struct message *message, struct message_properties *properties, uint32_t tag, bool value);
bool message_set_time(struct message *message, struct message_properties *properties, uint32_t tag, uint64_t filetime);
bool message_set_binary(struct message *message, struct message_properties *properties, uint32_t tag, struct bytes value);
/* PTYP_STRING out of UTF-8 (malformed bytes become U+FFFD). */
bool message_set_text(struct message *message, struct message_properties *properties, uint32_t tag, const char *utf8);
bool message_set_text_bytes(struct message *message, struct message_properties *properties, uint32_t tag, struct bytes utf8);
/* The same read back: 0, false, none or NULL when absent. Text is UTF-8 in the message's arena. */
uint32_t message_get_u32(const struct message_properties *properties, uint32_t tag, uint32_t otherwise);
bool message_get_boolean(const struct message_properties *properties, uint32_t tag, bool otherwise);
uint64_t message_get_time(const struct message_properties *properties, uint32_t tag);
struct bytes message_get_binary(const struct message_properties *properties, uint32_t tag);
/* PTYP_STRING or PTYP_STRING8 (read as Windows-1252) of that id. */
const char *message_get_text(const struct message *message, const struct message_properties *properties, uint32_t tag);

/* The following pointers are valid until the next recipient or attachment is added to the same message. */
struct message_recipient *message_add_recipient(struct message *message, uint8_t type);
struct message_attachment *message_add_attachment(struct message *message);
/* Gives the attachment an empty message that shares the outermost message's memory, and sets PidTagAttachMethod to
 * afEmbeddedMessage. */
struct message *message_embed(struct message *message, struct message_attachment *attachment);

/* Named properties. message_name_id gives the id (>= 0x8000) of a name, entering it (copied) when it is new; 0 on failure.
 * Names compare by their bytes. */
uint16_t message_name_id(struct message *message, const struct property_name *name);
uint16_t message_name_id_of_string(struct message *message, struct guid guid, const char *utf8);
uint16_t message_name_id_of_lid(struct message *message, struct guid guid, uint32_t lid);
/* The id if the name is there, otherwise 0. */
uint16_t message_find_name(const struct message *message, const struct property_name *name);
/* The table, in the order of the ids: names[i] has the id PROPERTY_ID_NAMED_MIN + i. Borrowed until the next name. */
const struct property_name *message_names(const struct message *message, uint32_t *ret_count);
/* Replaces every named id in the message, its recipients, attachments and embedded messages: PROPERTY_ID_NAMED_MIN + i becomes
 * ids[i]; properties whose new id is 0 (the mailbox gave none) are removed and counted. Afterwards the table no longer
 * describes the ids: use it once, right before writing. Returns how many properties were removed. */
uint32_t message_map_names(struct message *message, const uint16_t *ids, uint32_t count);
