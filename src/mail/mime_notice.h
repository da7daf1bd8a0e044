/* What a conversion tells the person who asked for it: nothing of a mail is dropped or changed in meaning without a notice.
 * The strings are valid during the call only. */
#pragma once
#include <stddef.h>

enum mime_notice_kind {
    MIME_NOTICE_DAMAGED,         /* the source breaks its own rules; how it was read anyway */
    MIME_NOTICE_NOT_REPRESENTED, /* correct, but the other side has no form for it; it is lost or kept only as text */
    MIME_NOTICE_KEPT_WHOLE,      /* kept unopened, as an attachment */
};

struct mime_notice {
    enum mime_notice_kind kind;
    const char *what; /* 'Date header', 'part text/html' */
    const char *why;
};

struct mime_notices {
    void (*notice)(void *data, const struct mime_notice *notice); /* NULL: nobody listens */
    void *data;
};

static inline void mime_notice(const struct mime_notices *notices, enum mime_notice_kind kind, const char *what,
    const char *why)
{
    if (notices->notice)
        notices->notice(notices->data, &(struct mime_notice){kind, what, why});
}
