#include "mailbox/message.h"

#include <stdlib.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/text.h"
#include "mailbox/computed.h"
#include "mailbox/entry_id.h"
#include "mailbox/handles.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

/* Unsaved state that one message may hold in memory; large values beyond it are staged in the store. */
#define MESSAGE_MEMORY_SIZE_MAX (64u << 20)

struct memory_account *message_account(struct message *message)
{
    while (message->parent != NULL)
        message = message->parent->message;
    return &message->account;
}

static struct message *message_new(uint64_t folder_id, uint32_t codepage, bool writable)
{
    struct message *message = calloc(1, sizeof *message);
    if (message == NULL)
        return NULL;
    message->references = 1;
    message->account.size_max = MESSAGE_MEMORY_SIZE_MAX;
    message->folder_id = folder_id;
    message->codepage = codepage;
    message->writable = writable;
    return message;
}

void message_reference(struct message *message)
{
    message->references++;
}

void message_close(struct logon *logon, struct message *message)
{
    if (message == NULL || --message->references > 0)
        return;
    content_release(logon != NULL ? logon->mailbox : NULL, message->content);
    attachment_close(logon, message->parent);
    free(message);
}

/* The code page strings of this message are in; EC_UNKNOWN_CODE_PAGE. */
static uint32_t choose_codepage(const struct logon *logon, uint32_t codepage, uint32_t *ret_codepage)
{
    if (codepage == MESSAGE_CODEPAGE_OF_LOGON || codepage == 0) {
        *ret_codepage = logon->codepage != 0 ? logon->codepage : 1252;
        return EC_SUCCESS;
    }
    if (!text_codepage_known(codepage))
        return EC_UNKNOWN_CODE_PAGE;
    *ret_codepage = codepage;
    return EC_SUCCESS;
}

uint32_t message_open(struct logon *logon, uint64_t folder_id, uint64_t message_id, uint8_t open_mode, uint32_t codepage,
    struct message **ret_message)
{
    uint32_t chosen = 0;
    uint32_t error = choose_codepage(logon, codepage, &chosen);
    if (error != EC_SUCCESS)
        return error;
    struct arena arena = {0};
    struct store_message row;
    error = mailbox_message(logon->mailbox, &arena, message_id, &row);
    if (error == EC_SUCCESS && folder_id != 0 && row.folder_id != folder_id)
        error = EC_NOT_FOUND;
    bool deleted = error == EC_SUCCESS && row.kind >= STORE_MESSAGE_DELETED;
    struct store_folder folder;
    if (error == EC_SUCCESS && !deleted) { /* with its folder, too */
        error = mailbox_folder(logon->mailbox, &arena, row.folder_id, &folder);
        deleted = error == EC_SUCCESS && folder.deleted_time != 0;
    }
    if (deleted && (open_mode & MESSAGE_OPEN_SOFT_DELETED) == 0)
        error = EC_NOT_FOUND;
    struct message *message = NULL;
    if (error == EC_SUCCESS) {
        bool writable = (open_mode & MESSAGE_OPEN_READ_WRITE) != 0 && !deleted;
        message = message_new(row.folder_id, chosen, writable);
        if (message != NULL)
            message->content = content_new(&message->account, message_id, 0);
        if (message == NULL || message->content == NULL)
            error = EC_OUT_OF_MEMORY;
    }
    if (error == EC_SUCCESS) {
        message->message_id = message_id;
        message->change_number = row.change_number;
        message->associated = (row.kind & 1) != 0;
        *ret_message = message;
    } else {
        free(message);
    }
    arena_free(&arena);
    return error;
}

uint32_t message_begin_change(struct mailbox *mailbox, struct message *message)
{
    if (!message->writable)
        return EC_ACCESS_DENIED;
    return content_make_own(mailbox, &message->content);
}

uint32_t message_set_value(struct mailbox *mailbox, struct message *message, const struct property_value *value)
{
    return bag_set(mailbox, &message->content->bag, value);
}

static uint32_t set_text(
    struct arena *arena, struct mailbox *mailbox, struct message *message, uint32_t tag, const char *text)
{
    struct property_value value = value_bytes(tag, text_utf16_of_utf8(arena, bytes_of_string(text)));
    return message_set_value(mailbox, message, &value);
}

/* MS-OXCMSG 3.2.5.2: what a new message has from the beginning. */
static uint32_t set_initial_properties(struct logon *logon, struct message *message)
{
    struct arena arena = {0};
    struct mailbox *mailbox = logon->mailbox;
    uint64_t now = filetime_now();
    struct guid search_key = guid_random();
    int32_t locale = (int32_t)(logon->locale_id != 0 ? logon->locale_id : mailbox->locale_id);
    const char *dn = logon->address_book_dn != NULL ? logon->address_book_dn : "";
    const char *name = logon->display_name != NULL ? logon->display_name : "";
    struct bytes creator = entry_id_of_address(&arena, dn, 0);
    const struct property_value initial[] = {
        value_integer32(PID_TAG_IMPORTANCE, 1),
        value_integer32(PID_TAG_SENSITIVITY, 0),
        value_integer32(PID_TAG_MESSAGE_FLAGS, FLAG_READ | FLAG_UNSENT | FLAG_EVER_READ),
        value_integer32(PID_TAG_TRUST_SENDER, 1),
        value_time(PID_TAG_CREATION_TIME, now),
        value_time(PID_TAG_LAST_MODIFICATION_TIME, now),
        value_bytes(PID_TAG_SEARCH_KEY, bytes_of(search_key.data, sizeof search_key.data)),
        value_integer32(PID_TAG_MESSAGE_LOCALE_ID, locale),
        value_integer32(PID_TAG_LOCALE_ID, locale),
        value_bytes(PID_TAG_CREATOR_ENTRY_ID, creator),
        value_bytes(PID_TAG_LAST_MODIFIER_ENTRY_ID, creator),
        value_integer32(PID_TAG_MESSAGE_CODEPAGE, (int32_t)message->codepage),
        value_bytes(PID_TAG_DISPLAY_TO, bytes_of("", 0)),
        value_bytes(PID_TAG_DISPLAY_CC, bytes_of("", 0)),
        value_bytes(PID_TAG_DISPLAY_BCC, bytes_of("", 0)),
    };
    uint32_t error = set_text(&arena, mailbox, message, PID_TAG_MESSAGE_CLASS, "IPM.Note");
    if (error == EC_SUCCESS)
        error = set_text(&arena, mailbox, message, PID_TAG_CREATOR_NAME, name);
    if (error == EC_SUCCESS)
        error = set_text(&arena, mailbox, message, PID_TAG_LAST_MODIFIER_NAME, name);
    for (size_t i = 0; error == EC_SUCCESS && i < sizeof initial / sizeof *initial; i++)
        error = message_set_value(mailbox, message, &initial[i]);
    arena_free(&arena);
    return error;
}

uint32_t message_create(
    struct logon *logon, uint64_t folder_id, bool associated, uint32_t codepage, struct message **ret_message)
{
    uint32_t chosen = 0;
    uint32_t error = choose_codepage(logon, codepage, &chosen);
    struct arena arena = {0};
    struct store_folder folder;
    if (error == EC_SUCCESS)
        error = mailbox_folder(logon->mailbox, &arena, folder_id, &folder);
    if (error == EC_SUCCESS && folder.deleted_time != 0)
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS && folder.type == STORE_FOLDER_SEARCH)
        error = EC_SEARCH_FOLDER;
    arena_free(&arena);
    if (error != EC_SUCCESS)
        return error;
    struct message *message = message_new(folder_id, chosen, true);
    if (message == NULL)
        return EC_OUT_OF_MEMORY;
    message->associated = associated;
    message->content = content_new(&message->account, 0, 0);
    error = message->content == NULL ? EC_OUT_OF_MEMORY : set_initial_properties(logon, message);
    if (error != EC_SUCCESS) {
        message_close(logon, message);
        return error;
    }
    *ret_message = message;
    return EC_SUCCESS;
}

/* ---- Embedded messages ---- */

uint32_t attachment_open_embedded(struct logon *logon, struct attachment *attachment, uint8_t open_mode, uint32_t codepage,
    struct message **ret_message, bool *ret_created)
{
    uint32_t chosen = 0;
    uint32_t error = choose_codepage(logon, codepage, &chosen);
    if (error != EC_SUCCESS)
        return error;
    if (open_mode > (EMBEDDED_OPEN_CREATE | EMBEDDED_OPEN_READ_WRITE))
        return EC_INVALID_PARAMETER;
    bool create = (open_mode & EMBEDDED_OPEN_CREATE) != 0;
    bool writable = open_mode != EMBEDDED_OPEN_READ_ONLY;
    if (attachment->message->depth + 1 >= EMBEDDED_DEPTH_MAX)
        return EC_TOO_COMPLEX;
    struct content *content = NULL;
    error = attachment_content_open_embedded(logon->mailbox, attachment->content, &content);
    bool created = error == EC_NOT_FOUND && create;
    if (created && !attachment->writable)
        return EC_ACCESS_DENIED;
    if (error != EC_SUCCESS && !created)
        return error;
    struct message *message = message_new(0, chosen, writable && attachment->writable);
    if (message != NULL) {
        message->parent = attachment;
        message->depth = attachment->message->depth + 1;
        attachment_reference(attachment);
        message->content = created ? content_new(message_account(message), 0, 0) : content;
    }
    error = message == NULL || message->content == NULL ? EC_OUT_OF_MEMORY : EC_SUCCESS;
    if (error == EC_SUCCESS && created)
        error = set_initial_properties(logon, message);
    if (error != EC_SUCCESS) {
        if (message == NULL)
            content_release(logon->mailbox, content);
        message_close(logon, message);
        return error;
    }
    *ret_message = message;
    *ret_created = created;
    return EC_SUCCESS;
}

/* ---- Saving ---- */

uint32_t message_save(struct logon *logon, struct message *message, uint8_t flags, uint64_t *ret_message_id)
{
    if (!message->writable)
        return EC_GENERAL_FAILURE; /* R1699 */
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    uint32_t error = EC_SUCCESS;
    if (message->parent != NULL) {
        error = content_make_own(mailbox, &message->content);
        if (error == EC_SUCCESS)
            error = message_finish_properties(&arena, logon, message);
        if (error == EC_SUCCESS)
            error = attachment_begin_change(mailbox, message->parent);
        if (error == EC_SUCCESS) {
            content_release(mailbox, message->parent->content->embedded);
            message->parent->content->embedded = content_reference(message->content);
        }
    } else {
        struct write_scope scope;
        error = write_scope_begin(mailbox, &scope);
        if (error == EC_SUCCESS)
            error =
                write_scope_end(mailbox, scope, message_write(&arena, logon, message, (flags & MESSAGE_SAVE_FORCE) != 0));
    }
    arena_free(&arena);
    if (error != EC_SUCCESS)
        return error;
    if ((flags & (MESSAGE_SAVE_KEEP_OPEN_READ_WRITE | MESSAGE_SAVE_FORCE)) == 0)
        message->writable = false;
    *ret_message_id = message->message_id;
    return EC_SUCCESS;
}

/* ---- Small answers ---- */

uint64_t message_id(const struct message *message)
{
    return message->message_id;
}

uint64_t message_folder_id(const struct message *message)
{
    return message->folder_id;
}

uint32_t message_codepage(const struct message *message)
{
    return message->codepage;
}

bool message_is_embedded(const struct message *message)
{
    return message->parent != NULL;
}

bool message_is_writable(const struct message *message)
{
    return message->writable;
}

size_t message_unsaved_size(const struct message *message)
{
    while (message->parent != NULL)
        message = message->parent->message;
    return message->account.size;
}

/* A text property in UTF-16LE; empty where there is none. */
static struct bytes text_of(struct arena *arena, struct mailbox *mailbox, const struct property_source *source, uint32_t tag)
{
    struct found_property found;
    struct property_value value;
    source_find(arena, source, PROPERTY_ID(tag), &found);
    if (source_load(arena, mailbox, source, &found, PROPERTY_INLINE_SIZE_MAX, &value) != EC_SUCCESS ||
        PROPERTY_TYPE(value.tag) != PTYP_STRING)
        return bytes_of("", 0);
    return value.bytes;
}

uint32_t message_summary(
    struct arena *arena, struct logon *logon, struct message *message, struct message_summary *ret_summary)
{
    struct property_source source;
    struct recipient *recipients;
    struct found_property *found;
    uint32_t count = 0, property_count = 0;
    uint32_t error = content_source(arena, logon->mailbox, message->content, &source, NULL);
    if (error == EC_SUCCESS)
        error = content_recipients(arena, logon->mailbox, message->content, &source, &recipients, &count);
    if (error == EC_SUCCESS)
        error = source_list(arena, &source, &found, &property_count);
    if (error != EC_SUCCESS)
        return error;
    *ret_summary = (struct message_summary){
        .has_named_properties =
            property_count > 0 && PROPERTY_ID(found[property_count - 1].value.tag) >= PROPERTY_ID_NAMED_MIN,
        .subject_prefix = text_of(arena, logon->mailbox, &source, PID_TAG_SUBJECT_PREFIX),
        .normalized_subject = text_of(arena, logon->mailbox, &source, PID_TAG_NORMALIZED_SUBJECT),
        .recipient_count = count,
    };
    return EC_SUCCESS;
}
