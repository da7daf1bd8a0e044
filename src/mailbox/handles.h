/* The session's handles on messages and attachments. Internal to the mailbox layer. */
#pragma once
#include "mailbox/attachment.h"
#include "mailbox/content.h"
#include "mailbox/message.h"
#include "mailbox/model.h"

struct message {
    uint32_t references;           /* the session's, and those of attachments and streams opened from it */
    struct memory_account account; /* of the outermost message: for all below */
    struct attachment *parent;     /* embedded: the attachment it lies in */
    struct content *content;
    uint64_t folder_id;
    uint64_t message_id;    /* 0 until the first save */
    uint64_t change_number; /* of what the handle began with */
    uint32_t codepage;
    uint32_t depth; /* 0 outermost */
    uint32_t next_attachment_number;
    bool associated;
    bool writable;
    bool read_flag_set; /* the client set the read state of a new message itself */
};

struct attachment {
    uint32_t references;
    struct message *message;
    struct attachment_content *content;
    uint32_t number;
    bool writable;
};

void message_reference(struct message *message);
void attachment_reference(struct attachment *attachment);
struct memory_account *message_account(struct message *message);

/* Before a change: the handle's own content. EC_ACCESS_DENIED on a read-only handle. */
uint32_t message_begin_change(struct mailbox *mailbox, struct message *message);
uint32_t attachment_begin_change(struct mailbox *mailbox, struct attachment *attachment);
/* message_save.c: writes an outermost message; called inside a write scope. */
uint32_t message_write(struct arena *arena, struct logon *logon, struct message *message, bool force);
/* Names and times every save sets, and what follows from recipients and subject. */
uint32_t message_finish_properties(struct arena *arena, struct logon *logon, struct message *message);
/* properties set by the message layer itself */
uint32_t message_set_value(struct mailbox *mailbox, struct message *message, const struct property_value *value);
/* PidTagSubject and its parts (message_subject.c): called when one of them is set. */
uint32_t message_subject_changed(struct arena *arena, struct mailbox *mailbox, struct content *content, uint16_t id);
