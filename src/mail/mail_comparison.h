/* Whether two mails say the same: what a mail is compared with that went into a mailbox and came out again. It reads both
 * with GMime and knows nothing of properties. Compared are subject, addresses, date, ids of the thread, and every leaf of
 * the tree of parts (type, name, SHA-256 of its content; texts by their characters), messages inside by the same rules.
 * How the parts are nested, encoded and ordered does not count. Needs mime_initialize(). */
#pragma once
#include <stdbool.h>

#include "base/bytes.h"

struct mail_difference {
    const char *where;     /* 'To', 'part text/html', with the messages inside in front: 'message 1: Subject' */
    const char *original;  /* what the first mail has; NULL nothing */
    const char *exported;
    const char *tolerated; /* NULL, or why this difference is accepted (docs/mail.md lists the reasons) */
};

struct mail_comparison {
    unsigned difference_count; /* not tolerated */
    unsigned tolerated_count;
    bool unreadable;           /* GMime could not parse one of them */
};

/* Calls 'difference' (may be NULL) for each; the strings are valid during the call. */
struct mail_comparison mail_compare(struct bytes original, struct bytes exported,
    void (*difference)(void *data, const struct mail_difference *difference), void *data);

/* The same for mails that are equal (subject and message id), cheaply: to find a mail's counterpart among many.
 * g_free. */
char *mail_comparison_key(struct bytes mail);
