#include "mailbox/attachment.h"

#include <stdlib.h>

#include "base/filetime.h"
#include "mailbox/handles.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

void attachment_reference(struct attachment *attachment)
{
    attachment->references++;
}

static struct attachment *attachment_new(struct message *message, struct attachment_content *content, bool writable)
{
    struct attachment *attachment = calloc(1, sizeof *attachment);
    if (attachment == NULL)
        return NULL;
    attachment->references = 1;
    attachment->message = message;
    message_reference(message);
    attachment->content = content;
    attachment->number = content->number;
    attachment->writable = writable;
    return attachment;
}

void attachment_close(struct logon *logon, struct attachment *attachment)
{
    if (attachment == NULL || --attachment->references > 0)
        return;
    attachment_content_release(logon != NULL ? logon->mailbox : NULL, attachment->content);
    message_close(logon, attachment->message);
    free(attachment);
}

uint32_t attachment_open(
    struct logon *logon, struct message *message, uint32_t number, uint8_t open_mode, struct attachment **ret_attachment)
{
    if ((open_mode & ~(MESSAGE_OPEN_BEST_ACCESS | MESSAGE_OPEN_SOFT_DELETED)) != 0)
        return EC_INVALID_PARAMETER;
    struct attachment_content *content = NULL;
    uint32_t error = content_open_attachment(logon->mailbox, message->content, number, &content);
    if (error != EC_SUCCESS)
        return error;
    bool wants_write = (open_mode & MESSAGE_OPEN_READ_WRITE) != 0;
    if (wants_write && !message->writable && (open_mode & MESSAGE_OPEN_BEST_ACCESS) != MESSAGE_OPEN_BEST_ACCESS) {
        attachment_content_release(logon->mailbox, content);
        return EC_ACCESS_DENIED;
    }
    struct attachment *attachment = attachment_new(message, content, wants_write && message->writable);
    if (attachment == NULL) {
        attachment_content_release(logon->mailbox, content);
        return EC_OUT_OF_MEMORY;
    }
    *ret_attachment = attachment;
    return EC_SUCCESS;
}

static uint32_t set_initial_properties(struct mailbox *mailbox, struct attachment_content *content)
{
    uint64_t now = filetime_now();
    const struct property_value initial[] = {
        value_integer32(PID_TAG_RENDERING_POSITION, -1),
        value_time(PID_TAG_CREATION_TIME, now),
        value_time(PID_TAG_LAST_MODIFICATION_TIME, now),
    };
    uint32_t error = EC_SUCCESS;
    for (size_t i = 0; error == EC_SUCCESS && i < sizeof initial / sizeof *initial; i++)
        error = bag_set(mailbox, &content->bag, &initial[i]);
    return error;
}

uint32_t attachment_create(
    struct logon *logon, struct message *message, struct attachment **ret_attachment, uint32_t *ret_number)
{
    uint32_t error = message_begin_change(logon->mailbox, message);
    struct arena arena = {0};
    struct attachment_listed *list;
    uint32_t count = 0;
    if (error == EC_SUCCESS)
        error = content_attachments(&arena, logon->mailbox, message->content, &list, &count);
    if (error == EC_SUCCESS && count >= ATTACHMENTS_MAX)
        error = EC_MAX_ATTACHMENT_EXCEEDED;
    struct attachment *attachment = NULL;
    if (error == EC_SUCCESS) {
        /* Numbers given by this handle are not given again, though the attachment may not have been saved yet. */
        uint32_t number = count > 0 ? list[count - 1].number + 1 : 0;
        if (number < message->next_attachment_number)
            number = message->next_attachment_number;
        struct attachment_content *content = attachment_content_new(message_account(message), 0, 0, 0, number);
        attachment = content != NULL ? attachment_new(message, content, true) : NULL;
        if (attachment == NULL) {
            attachment_content_release(logon->mailbox, content);
            error = EC_OUT_OF_MEMORY;
        } else {
            error = set_initial_properties(logon->mailbox, content);
        }
    }
    arena_free(&arena);
    if (error != EC_SUCCESS) {
        attachment_close(logon, attachment);
        return error;
    }
    message->next_attachment_number = attachment->number + 1;
    *ret_number = attachment->number;
    *ret_attachment = attachment;
    return EC_SUCCESS;
}

uint32_t attachment_delete(struct logon *logon, struct message *message, uint32_t number)
{
    struct attachment_content *content = NULL;
    uint32_t error = content_open_attachment(logon->mailbox, message->content, number, &content);
    attachment_content_release(logon->mailbox, content);
    if (error == EC_SUCCESS)
        error = message_begin_change(logon->mailbox, message);
    return error == EC_SUCCESS ? content_put_slot(logon->mailbox, message->content, number, NULL) : error;
}

uint32_t attachment_begin_change(struct mailbox *mailbox, struct attachment *attachment)
{
    if (!attachment->writable)
        return EC_ACCESS_DENIED;
    return attachment_content_make_own(mailbox, &attachment->content);
}

uint32_t attachment_save(struct logon *logon, struct attachment *attachment, uint8_t flags)
{
    struct mailbox *mailbox = logon->mailbox;
    uint8_t mode = flags & (MESSAGE_SAVE_KEEP_OPEN_READ_ONLY | MESSAGE_SAVE_KEEP_OPEN_READ_WRITE | MESSAGE_SAVE_FORCE);
    if (mode == (MESSAGE_SAVE_KEEP_OPEN_READ_ONLY | MESSAGE_SAVE_KEEP_OPEN_READ_WRITE))
        return EC_NOT_SUPPORTED; /* R466 */
    uint32_t error = attachment_begin_change(mailbox, attachment);
    if (error == EC_SUCCESS)
        error = message_begin_change(mailbox, attachment->message);
    if (error == EC_SUCCESS) {
        struct property_value now = value_time(PID_TAG_LAST_MODIFICATION_TIME, filetime_now());
        error = bag_set(mailbox, &attachment->content->bag, &now);
    }
    if (error == EC_SUCCESS)
        error = content_put_slot(
            mailbox, attachment->message->content, attachment->number, attachment_content_reference(attachment->content));
    if (error == EC_SUCCESS && (mode & (MESSAGE_SAVE_KEEP_OPEN_READ_WRITE | MESSAGE_SAVE_FORCE)) == 0)
        attachment->writable = false;
    return error;
}

uint32_t attachment_number(const struct attachment *attachment)
{
    return attachment->number;
}

struct message *attachment_message(const struct attachment *attachment)
{
    return attachment->message;
}

bool attachment_is_writable(const struct attachment *attachment)
{
    return attachment->writable;
}

uint32_t message_attachment_numbers(
    struct arena *arena, struct logon *logon, struct message *message, uint32_t **ret_numbers, uint32_t *ret_count)
{
    struct attachment_listed *list;
    uint32_t count = 0;
    uint32_t error = content_attachments(arena, logon->mailbox, message->content, &list, &count);
    if (error != EC_SUCCESS)
        return error;
    uint32_t *numbers = arena_array(arena, uint32_t, (size_t)count + 1);
    if (numbers == NULL)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = list[i].number;
    *ret_numbers = numbers;
    *ret_count = count;
    return EC_SUCCESS;
}
