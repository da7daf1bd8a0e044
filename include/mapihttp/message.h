/* Messages (MS-OXCMSG): an object in memory that is filled, then put into a folder, or that was got from one. Nothing of it
 * is at the server before mapihttp_message_put() has returned, and after that it is there once. */
#pragma once
#include <mapihttp/property.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_session;
struct mapihttp_message;
struct mapihttp_properties; /* those of a message, a recipient or an attachment; belongs to its message */

MAPIHTTP_PUBLIC struct mapihttp_message *mapihttp_message_new(void); /* NULL without memory */
MAPIHTTP_PUBLIC void mapihttp_message_free(struct mapihttp_message *message);

/* The parts. An added one is empty; indexes count from 0; NULL without memory or beyond the last. */
MAPIHTTP_PUBLIC struct mapihttp_properties *mapihttp_message_properties(struct mapihttp_message *message);
MAPIHTTP_PUBLIC size_t mapihttp_message_recipient_count(const struct mapihttp_message *message);
MAPIHTTP_PUBLIC struct mapihttp_properties *mapihttp_message_recipient(struct mapihttp_message *message, size_t index);
MAPIHTTP_PUBLIC struct mapihttp_properties *mapihttp_message_add_recipient(struct mapihttp_message *message);
MAPIHTTP_PUBLIC size_t mapihttp_message_attachment_count(const struct mapihttp_message *message);
MAPIHTTP_PUBLIC struct mapihttp_properties *mapihttp_message_attachment(struct mapihttp_message *message, size_t index);
MAPIHTTP_PUBLIC struct mapihttp_properties *mapihttp_message_add_attachment(struct mapihttp_message *message);
/* The message inside an attachment (PidTagAttachMethod 5), or NULL. It belongs to the outer one. */
MAPIHTTP_PUBLIC struct mapihttp_message *mapihttp_attachment_message(struct mapihttp_message *message, size_t index);
MAPIHTTP_PUBLIC struct mapihttp_message *mapihttp_attachment_add_message(struct mapihttp_message *message, size_t index);

/* Properties. Setting copies, and replaces one of the same id. Getting looks for the id; a type of 0 takes any. */
MAPIHTTP_PUBLIC size_t mapihttp_properties_count(const struct mapihttp_properties *properties);
MAPIHTTP_PUBLIC const struct mapihttp_property *mapihttp_properties_at(const struct mapihttp_properties *properties,
    size_t index);
MAPIHTTP_PUBLIC const struct mapihttp_property *mapihttp_properties_get(const struct mapihttp_properties *properties,
    uint32_t tag);
MAPIHTTP_PUBLIC const struct mapihttp_property *mapihttp_properties_get_named(
    const struct mapihttp_properties *properties, const struct mapihttp_property_name *name);
/* The name of the property at 'index', NULL for one without. */
MAPIHTTP_PUBLIC const struct mapihttp_property_name *mapihttp_properties_name_at(
    const struct mapihttp_properties *properties, size_t index);
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_properties_set(struct mapihttp_properties *properties,
    const struct mapihttp_property *property);
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_properties_set_string(
    struct mapihttp_properties *properties, uint32_t tag, const char *utf8);
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_properties_set_integer(
    struct mapihttp_properties *properties, uint32_t tag, int64_t value); /* 16, 32, 64 bits, BOOLEAN and TIME */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_properties_set_binary(
    struct mapihttp_properties *properties, uint32_t tag, const void *data, size_t size);
/* The tag of the property gives its type; the id comes from the name when the message is put. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_properties_set_named(
    struct mapihttp_properties *properties, const struct mapihttp_property_name *name,
    const struct mapihttp_property *property);

/* Reads a message whole: properties, recipients, attachments and messages inside them. Large values come by streams. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_message_get(struct mapihttp_session *session,
    uint64_t folder_id, uint64_t message_id, struct mapihttp_message **ret_message, struct mapihttp_error *ret_error);
/* Saves a new message into a folder, exactly once whatever happens to the connection. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_message_put(struct mapihttp_session *session,
    uint64_t folder_id, const struct mapihttp_message *message, uint64_t *ret_message_id,
    struct mapihttp_error *ret_error);
/* Changes properties of a message that is there (those of 'properties' are set, the others stay). */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_message_update(struct mapihttp_session *session,
    uint64_t folder_id, uint64_t message_id, const struct mapihttp_properties *properties,
    struct mapihttp_error *ret_error);

MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_messages_delete(struct mapihttp_session *session,
    uint64_t folder_id, const uint64_t *message_ids, size_t count, struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_messages_move(struct mapihttp_session *session,
    uint64_t folder_id, uint64_t target_folder_id, const uint64_t *message_ids, size_t count,
    struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_messages_copy(struct mapihttp_session *session,
    uint64_t folder_id, uint64_t target_folder_id, const uint64_t *message_ids, size_t count,
    struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_messages_mark_read(struct mapihttp_session *session,
    uint64_t folder_id, const uint64_t *message_ids, size_t count, bool read, struct mapihttp_error *ret_error);

#ifdef __cplusplus
}
#endif
