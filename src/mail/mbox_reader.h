/* One mbox file (RFC 4155 and its relatives): mboxo, mboxrd, mboxcl, mboxcl2, with LF or CRLF. Streams; holds one mail. */
#pragma once
#include <stdio.h>

#include "base/bytes.h"

struct mbox_reader {
    FILE *file;
    struct buffer content;  /* the current mail */
    struct buffer line;     /* the separator that was read ahead */
    bool has_separator;
    bool counted;           /* the current mail's end came from its Content-Length */
    bool failed;            /* reading failed, or the mail was larger than 'content.size_max' (its rest was skipped) */
    uint64_t received_time; /* FILETIME out of the separator, 0 unknown */
};

/* 'file' becomes the reader's. False when it does not begin like an mbox file. */
bool mbox_reader_start(struct mbox_reader *reader, FILE *file, size_t mail_size_max);
/* False at the end. */
bool mbox_reader_next(struct mbox_reader *reader);
void mbox_reader_stop(struct mbox_reader *reader);
/* Whether the bytes begin like an mbox file. */
bool mbox_looks_like(struct bytes beginning);
