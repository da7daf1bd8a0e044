/* MIME -> MAPI (MS-OXCMAIL 2.2, MS-OXOSMIME). GMime reads the mail; whatever GMime can parse becomes a message, however broken,
 * and what it cannot parse becomes a message with the raw mail attached. mime_initialize() comes once before everything
 * else of this layer that uses GMime; afterwards different mails may be converted in different threads. */
#pragma once
#include "mail/message.h"
#include "mail/mime_notice.h"

/* What the mail file says about a message beside its content. */
struct mail_state {
    bool read;
    bool draft;
    bool replied;
    bool forwarded;
    bool flagged;
    bool deleted; /* marked for deletion, but still there */
};

struct mime_import_options {
    struct mime_notices notices;
    struct mail_state state;
    uint64_t received_time; /* FILETIME; used where the mail has no Received header; 0 unknown */
    /* Whether an internet header (lower case) may become a named property of its own; NULL: all may. A mailbox has room for
     * some 32,000 names, and mails bring new ones without end. */
    bool (*takes_name)(void *data, const char *name);
    void *takes_name_data;
};

enum mime_status {
    MIME_OK,
    MIME_EMPTY,     /* nothing but blanks */
    MIME_TOO_LARGE, /* a cap of message.h or MIME_MAIL_SIZE_MAX */
    MIME_NO_MEMORY,
};

#define MIME_MAIL_SIZE_MAX ((size_t)512 << 20)

void mime_initialize(void);
/* On success *ret_message is the caller's (message_free). 'mail' is not needed afterwards. */
enum mime_status mime_import(struct bytes mail, const struct mime_import_options *options, struct message **ret_message);
