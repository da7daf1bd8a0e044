/* Mail files: mbox, Maildir, single mails, folders of all of them; read and written one mail at a time, so that a file of
 * any size takes the memory of its largest mail. Used by one thread at a time. */
#pragma once
#include "base/bytes.h"
#include "mail/mime_import.h"

enum mail_format {
    MAIL_FORMAT_AUTO, /* reading only: by what is there */
    MAIL_FORMAT_MBOX,
    MAIL_FORMAT_MAILDIR,
    MAIL_FORMAT_EML,
};

/* 'auto', 'mbox', 'maildir', 'eml'; false for anything else. */
bool mail_format_parse(const char *text, enum mail_format *ret_format);

/* One mail as it was found. Everything is valid until the next call on the reader. */
struct mail_item {
    struct bytes content;   /* separators and quoting of the mbox file removed */
    const char *name;       /* for reports: the path, with '#number' for a mail of an mbox file */
    const char *folder;     /* names joined by '/'; "" for the top; a '/' in a name became '_' */
    struct mail_state state;
    bool state_known;       /* the file said something about read or unread */
    uint64_t received_time; /* FILETIME, 0 unknown */
};

enum mail_read_status {
    MAIL_READ_OK,
    MAIL_READ_END,
    MAIL_READ_OTHER,  /* a file within a folder that is no mail (an index, a licence): named as with MAIL_READ_FAILED */
    MAIL_READ_FAILED, /* this mail could not be read: item.name says which, mail_reader_error() why; go on with the next */
};

struct mail_reader;

/* Looks at what stands under 'path' (a file or a folder), without reading the mails. NULL when there is nothing; then
 * *ret_error says why (g_free). */
struct mail_reader *mail_reader_open(const char *path, enum mail_format format, char **ret_error);
enum mail_read_status mail_reader_next(struct mail_reader *reader, struct mail_item *ret_item);
const char *mail_reader_error(const struct mail_reader *reader);
/* Bytes read and bytes in all, for a progress bar. */
uint64_t mail_reader_done(const struct mail_reader *reader);
uint64_t mail_reader_total(const struct mail_reader *reader);
void mail_reader_close(struct mail_reader *reader);

/* The state that header lines of mail programs tell (Status, X-Status, X-Mozilla-Status, X-Gmail-Labels, X-Unsent). Returns
 * whether one of them was there. */
bool mail_state_of_headers(struct bytes mail, struct mail_state *state);

/* What a mail file says about a mail beside its content. */
struct mail_envelope {
    const char *folder;     /* as in mail_item */
    const char *sender;     /* an address, or "" */
    const char *subject;    /* names .eml files */
    struct mail_state state;
    uint64_t received_time; /* FILETIME, 0: now */
};

struct mail_writer;

/* mbox: 'path' is a file when it ends in .mbox, else a folder with one file a mail folder; Maildir: the folder, with its
 * sub-folders as Maildir++ has them (it is
 * the Inbox itself); eml: a folder with a folder a mail folder. Creates what is missing and adds to what is
 * there. NULL on failure; then *ret_error says why (g_free). */
struct mail_writer *mail_writer_open(const char *path, enum mail_format format, char **ret_error);
/* One mail: begin, write as often as needed, end. False when the file system refused; mail_writer_error() says why, and
 * the mail is not there (of an mbox file: the file is cut back). */
bool mail_writer_begin(struct mail_writer *writer, const struct mail_envelope *envelope);
bool mail_writer_write(struct mail_writer *writer, const void *data, size_t size);
bool mail_writer_end(struct mail_writer *writer);
const char *mail_writer_error(const struct mail_writer *writer);
/* Which newlines the format wants. */
bool mail_format_wants_crlf(enum mail_format format);
void mail_writer_close(struct mail_writer *writer);
