/* What a person recognises a folder or a message by: for records of what was done to it. UTF-8 in the arena, never NULL, cut
 * where a client made it huge. On the mailbox's strand. */
#pragma once
#include "mailbox/mailbox.h"

#define DESCRIPTION_TEXT_UNITS_MAX 512u /* UTF-16 units of a name or subject */

/* '\Inbox\Invoices': the names from below the top of what people see (from below the root for what lies elsewhere). A folder that
 * is not there gives "". EC_OUT_OF_MEMORY, or what the store says. */
uint32_t mailbox_folder_path(struct mailbox *mailbox, struct arena *arena, uint64_t folder_id, const char **ret_path);
/* Messages in it, those of subfolders not counted. */
uint32_t mailbox_folder_message_count(struct mailbox *mailbox, uint64_t folder_id, uint32_t *ret_count);

struct message_description {
    uint64_t folder_id;   /* 0: there is no such message */
    const char *subject;
    const char *internet_message_id;
    bool associated;      /* not a message for people: a view, a rule, a setting */
    bool has_attachments;
};
/* One for each id. Reads them a page at a time, so that memory does not grow with their content. */
uint32_t mailbox_describe_messages(struct mailbox *mailbox, struct arena *arena, const uint64_t *message_ids, uint32_t count,
    struct message_description *ret_descriptions);
