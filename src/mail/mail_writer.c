#include "mail/mail_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "base/filetime.h"
#include "mail/mail_folder_name.h"

#define FILE_NAME_SIZE_MAX 80u
#define QUOTES_MAX 64u

struct mail_writer {
    enum mail_format format;
    char *path;
    bool path_is_file;      /* mbox: everything goes into this one file */
    FILE *file;             /* the mail, or the mbox file, that is being written */
    char *file_path;
    char *final_path;       /* Maildir: where the finished file goes */
    off_t start;            /* mbox: where the mail began */
    time_t time;
    struct mail_state state;
    bool at_line_start;     /* mbox: quoting looks at the beginnings of lines */
    bool in_headers;
    char line[QUOTES_MAX + 6]; /* what of a line's beginning is held back */
    size_t line_size;
    char last[2];
    unsigned long count;
    char *error;
};

struct mail_writer *mail_writer_open(const char *path, enum mail_format format, char **ret_error)
{
    bool path_is_file = format == MAIL_FORMAT_MBOX && g_str_has_suffix(path, ".mbox");
    char *directory = path_is_file ? g_path_get_dirname(path) : g_strdup(path);
    bool made = g_mkdir_with_parents(directory, 0700) == 0;
    if (!made)
        *ret_error = g_strdup_printf("%s: %s", directory, strerror(errno));
    g_free(directory);
    if (!made)
        return NULL;
    struct mail_writer *writer = g_new0(struct mail_writer, 1);
    writer->format = format;
    writer->path = g_strdup(path);
    writer->path_is_file = path_is_file;
    return writer;
}

static bool refuse(struct mail_writer *writer, const char *path)
{
    g_free(writer->error);
    writer->error = g_strdup_printf("%s: %s", path, strerror(errno));
    return false;
}

/* The directory of a mail folder below the path; one level of it for each name. */
static char *folder_directory(const struct mail_writer *writer, const char *folder, bool with_last)
{
    GString *result = g_string_new(writer->path);
    char **names = g_strsplit(folder, "/", -1);
    for (char **name = names; *name; name++) {
        if (!**name || (!with_last && !name[1]))
            continue;
        char *file_name = mail_folder_file_name(*name, FILE_NAME_SIZE_MAX);
        g_string_append_printf(result, "/%s", file_name);
        g_free(file_name);
    }
    g_strfreev(names);
    return g_string_free(result, FALSE);
}

static bool begin_mbox(struct mail_writer *writer, const struct mail_envelope *envelope)
{
    if (writer->path_is_file) {
        writer->file_path = g_strdup(writer->path);
    } else {
        char *directory = folder_directory(writer, envelope->folder, false);
        const char *last = strrchr(envelope->folder, '/');
        last = last ? last + 1 : envelope->folder;
        char *name = mail_folder_file_name(*last ? last : "mail", FILE_NAME_SIZE_MAX);
        bool made = g_mkdir_with_parents(directory, 0700) == 0;
        writer->file_path = g_strdup_printf("%s/%s.mbox", directory, name);
        g_free(name);
        g_free(directory);
        if (!made)
            return refuse(writer, writer->file_path);
    }
    writer->file = fopen(writer->file_path, "ab");
    if (!writer->file || fseeko(writer->file, 0, SEEK_END) != 0)
        return refuse(writer, writer->file_path);
    writer->start = ftello(writer->file);
    struct tm tm;
    char date[64];
    gmtime_r(&writer->time, &tm);
    strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm);
    char *sender = g_strdelimit(g_strdup(*envelope->sender ? envelope->sender : "MAILER-DAEMON"), " \t\r\n", '_');
    fprintf(writer->file, "From %s %s\n", sender, date);
    g_free(sender);
    const struct mail_state *state = &envelope->state;
    fprintf(writer->file, "Status: %sO\n", state->read ? "R" : "");
    if (state->replied || state->flagged || state->draft)
        fprintf(writer->file, "X-Status: %s%s%s\n", state->replied ? "A" : "", state->flagged ? "F" : "", state->draft ? "T" : "");
    return true;
}

static char *maildir_flags(const struct mail_state *state)
{
    return g_strdup_printf("%s%s%s%s%s", state->draft ? "D" : "", state->flagged ? "F" : "", state->forwarded ? "P" : "",
        state->replied ? "R" : "", state->read ? "S" : "");
}

static bool make_maildir(const char *directory)
{
    static const char *const parts[] = {"cur", "new", "tmp"};
    bool made = true;
    for (int i = 0; i < 3; i++) {
        char *part = g_build_filename(directory, parts[i], NULL);
        made &= g_mkdir_with_parents(part, 0700) == 0;
        g_free(part);
    }
    return made;
}

/* The Maildir itself is the Inbox; all others stand in it. */
static bool begin_maildir(struct mail_writer *writer, const struct mail_envelope *envelope)
{
    bool inbox = !*envelope->folder || g_ascii_strcasecmp(envelope->folder, "Inbox") == 0;
    char *sub = inbox ? g_strdup("") : mail_folder_to_maildir(envelope->folder);
    char *directory = g_build_filename(writer->path, sub, NULL);
    bool made = make_maildir(writer->path) && make_maildir(directory);
    if (made && *sub) {
        char *mark = g_build_filename(directory, "maildirfolder", NULL); /* says that this is a sub-folder */
        FILE *file = fopen(mark, "ab");
        if (file)
            fclose(file);
        g_free(mark);
    }
    char host[64] = "localhost";
    (void)gethostname(host, sizeof host - 1);
    g_strdelimit(host, "/:", '_');
    char *unique = g_strdup_printf("%lld.Q%08luM%luP%d.%s", (long long)filetime_to_unix(filetime_now()),
        writer->count, (unsigned long)(filetime_now() / 10 % 1000000), (int)getpid(), host);
    char *flags = maildir_flags(&envelope->state);
    char *final_name = g_strdup_printf("%s:2,%s", unique, flags);
    writer->file_path = g_build_filename(directory, "tmp", unique, NULL);
    writer->final_path = g_build_filename(directory, "cur", final_name, NULL);
    g_free(final_name);
    g_free(flags);
    g_free(unique);
    g_free(sub);
    g_free(directory);
    writer->file = made ? fopen(writer->file_path, "wbx") : NULL;
    return writer->file ? true : refuse(writer, writer->file_path);
}

static bool begin_eml(struct mail_writer *writer, const struct mail_envelope *envelope)
{
    char *directory = folder_directory(writer, envelope->folder, true);
    char *subject = mail_folder_file_name(*envelope->subject ? envelope->subject : "no subject", FILE_NAME_SIZE_MAX);
    bool made = g_mkdir_with_parents(directory, 0700) == 0;
    do { /* what an earlier export left stays */
        g_free(writer->file_path);
        writer->file_path = g_strdup_printf("%s/%05lu %s.eml", directory, writer->count++, subject);
        writer->file = made ? fopen(writer->file_path, "wbx") : NULL;
    } while (!writer->file && made && errno == EEXIST);
    g_free(subject);
    g_free(directory);
    return writer->file ? true : refuse(writer, writer->file_path);
}

bool mail_writer_begin(struct mail_writer *writer, const struct mail_envelope *envelope)
{
    g_clear_pointer(&writer->file_path, g_free);
    g_clear_pointer(&writer->final_path, g_free);
    writer->state = envelope->state;
    writer->time = envelope->received_time ? filetime_to_unix(envelope->received_time) : time(NULL);
    writer->at_line_start = writer->in_headers = true;
    writer->line_size = 0;
    memset(writer->last, 0, sizeof writer->last);
    bool begun = writer->format == MAIL_FORMAT_MBOX ? begin_mbox(writer, envelope)
        : writer->format == MAIL_FORMAT_MAILDIR     ? begin_maildir(writer, envelope)
                                                    : begin_eml(writer, envelope);
    writer->count++;
    if (!begun && writer->file) {
        fclose(writer->file);
        writer->file = NULL;
    }
    return begun;
}

static void put(struct mail_writer *writer, const void *data, size_t size)
{
    (void)fwrite(data, 1, size, writer->file); /* errors stay in the stream until the end */
    if (size) {
        writer->last[0] = size > 1 ? ((const char *)data)[size - 2] : writer->last[1];
        writer->last[1] = ((const char *)data)[size - 1];
    }
}

/* The held beginning of a line is decided: quoted when it is '>'s and 'From ' (mboxrd). */
static void release_line(struct mail_writer *writer)
{
    size_t quotes = 0;
    while (quotes < writer->line_size && writer->line[quotes] == '>')
        quotes++;
    if (writer->line_size - quotes == 5 && memcmp(writer->line + quotes, "From ", 5) == 0)
        put(writer, ">", 1);
    put(writer, writer->line, writer->line_size);
    writer->line_size = 0;
    writer->at_line_start = false;
}

/* Whether what is held may still become a quoted 'From '. */
static bool may_be_separator(const struct mail_writer *writer)
{
    size_t quotes = 0;
    while (quotes < writer->line_size && writer->line[quotes] == '>')
        quotes++;
    size_t rest = writer->line_size - quotes;
    return quotes < QUOTES_MAX && rest < 5 && memcmp(writer->line + quotes, "From ", rest) == 0;
}

static void write_quoted(struct mail_writer *writer, const char *data, size_t size)
{
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (writer->at_line_start) {
            writer->line[writer->line_size++] = data[i];
            start = i + 1;
            if (!may_be_separator(writer))
                release_line(writer);
        }
        if (data[i] == '\n') {
            put(writer, data + start, i + 1 - start);
            start = i + 1;
            writer->at_line_start = true;
        }
    }
    put(writer, data + start, size - start);
}

bool mail_writer_write(struct mail_writer *writer, const void *data, size_t size)
{
    if (!writer->file)
        return false;
    if (writer->format == MAIL_FORMAT_MBOX)
        write_quoted(writer, data, size);
    else
        put(writer, data, size);
    return !ferror(writer->file);
}

static void set_file_time(const struct mail_writer *writer, const char *path)
{
    struct utimbuf times = {writer->time, writer->time};
    (void)utime(path, &times); /* the date is a convenience; the mail is there without it */
}

bool mail_writer_end(struct mail_writer *writer)
{
    if (!writer->file)
        return false;
    if (writer->format == MAIL_FORMAT_MBOX) {
        if (writer->line_size)
            release_line(writer);
        if (writer->last[1] != '\n')
            put(writer, "\n", 1);
        put(writer, "\n", 1);
    }
    bool good = fflush(writer->file) == 0 && !ferror(writer->file);
    if (!good && writer->format == MAIL_FORMAT_MBOX)
        good = ftruncate(fileno(writer->file), writer->start) == 0 && false;
    good &= fclose(writer->file) == 0;
    writer->file = NULL;
    if (!good) {
        (void)refuse(writer, writer->file_path);
        if (writer->format != MAIL_FORMAT_MBOX)
            (void)unlink(writer->file_path);
        return false;
    }
    if (writer->format == MAIL_FORMAT_MAILDIR && rename(writer->file_path, writer->final_path) != 0)
        return refuse(writer, writer->final_path);
    if (writer->format != MAIL_FORMAT_MBOX)
        set_file_time(writer, writer->format == MAIL_FORMAT_MAILDIR ? writer->final_path : writer->file_path);
    return true;
}

const char *mail_writer_error(const struct mail_writer *writer)
{
    return writer->error ? writer->error : "";
}

void mail_writer_close(struct mail_writer *writer)
{
    if (!writer)
        return;
    if (writer->file)
        fclose(writer->file);
    g_free(writer->file_path);
    g_free(writer->final_path);
    g_free(writer->path);
    g_free(writer->error);
    g_free(writer);
}
