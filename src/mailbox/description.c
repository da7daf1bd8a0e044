#include "mailbox/description.h"

#include "base/limits.h"
#include "base/text.h"
#include "mailbox/computed.h"
#include "mailbox/folder_write.h"
#include "mailbox/property_source.h"
#include "mailbox/tags.h"

#define MESSAGES_PER_PAGE 64u

/* Cut between characters: not after the first half of a pair. */
static const char *text_of(struct arena *arena, struct bytes utf16)
{
    if (utf16.size > 2 * DESCRIPTION_TEXT_UNITS_MAX) {
        utf16.size = 2 * DESCRIPTION_TEXT_UNITS_MAX;
        if ((load_u16(utf16.data + utf16.size - 2) & 0xFC00) == 0xD800)
            utf16.size -= 2;
    }
    return text_utf8_of_utf16(arena, utf16);
}

uint32_t mailbox_folder_path(struct mailbox *mailbox, struct arena *arena, uint64_t folder_id, const char **ret_path)
{
    const char *path = "";
    uint64_t top = special_folder_id(SPECIAL_FOLDER_IPM_SUBTREE), root = special_folder_id(SPECIAL_FOLDER_ROOT);
    if (folder_id == top || folder_id == root)
        path = "\\";
    for (uint32_t depth = 0; folder_id != 0 && folder_id != top && folder_id != root && depth < FOLDER_DEPTH_MAX; depth++) {
        struct store_folder folder;
        uint32_t error = mailbox_folder(mailbox, arena, folder_id, &folder);
        if (error == EC_NOT_FOUND)
            break;
        if (error != EC_SUCCESS)
            return error;
        const char *name = text_of(arena, folder_name(arena, &folder));
        path = name ? arena_format(arena, "\\%s%s", name, path) : NULL;
        if (path == NULL)
            return EC_OUT_OF_MEMORY;
        folder_id = folder.parent_id;
    }
    *ret_path = path;
    return EC_SUCCESS;
}

uint32_t mailbox_folder_message_count(struct mailbox *mailbox, uint64_t folder_id, uint32_t *ret_count)
{
    struct arena arena = {0};
    struct store_folder folder;
    uint32_t error = mailbox_folder(mailbox, &arena, folder_id, &folder);
    if (error == EC_SUCCESS)
        *ret_count = folder.counts.content;
    arena_free(&arena);
    return error;
}

static const char *property_text(struct arena *page, struct arena *arena, const struct store_message *row, uint32_t tag)
{
    struct property_source source = {.packed = row->properties};
    struct found_property found;
    source_find(page, &source, PROPERTY_ID(tag), &found);
    return found.kind == FOUND_VALUE && found.value.tag == tag ? text_of(arena, found.value.bytes) : "";
}

static bool describe(struct arena *page, struct arena *arena, const struct store_message *row,
    struct message_description *ret_description)
{
    if (row->message_id == 0) {
        *ret_description = (struct message_description){.subject = "", .internet_message_id = ""};
        return true;
    }
    *ret_description = (struct message_description){.folder_id = row->folder_id,
        .subject = property_text(page, arena, row, PID_TAG_SUBJECT),
        .internet_message_id = property_text(page, arena, row, PID_TAG_INTERNET_MESSAGE_ID),
        .associated = (row->kind & 1) != 0,
        .has_attachments = row->attachment_count != 0};
    return ret_description->subject != NULL && ret_description->internet_message_id != NULL;
}

uint32_t mailbox_describe_messages(struct mailbox *mailbox, struct arena *arena, const uint64_t *message_ids, uint32_t count,
    struct message_description *ret_descriptions)
{
    struct arena page = {0};
    struct store_message rows[MESSAGES_PER_PAGE];
    uint32_t error = EC_SUCCESS;
    for (uint32_t first = 0; error == EC_SUCCESS && first < count; first += MESSAGES_PER_PAGE) {
        uint32_t page_count = count - first < MESSAGES_PER_PAGE ? count - first : MESSAGES_PER_PAGE;
        arena_reset(&page);
        error = mailbox_error(store_message_get(mailbox->store, &page, message_ids + first, page_count, rows));
        for (uint32_t i = 0; error == EC_SUCCESS && i < page_count; i++) {
            if (!describe(&page, arena, &rows[i], &ret_descriptions[first + i]))
                error = EC_OUT_OF_MEMORY;
        }
    }
    arena_free(&page);
    return error;
}
