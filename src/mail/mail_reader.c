#include "mail/mail_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/text.h"
#include "mail/mail_folder_name.h"
#include "mail/mbox_reader.h"

#define FOLDER_NESTING_MAX 64u

enum source_kind { SOURCE_MAIL, SOURCE_MAILDIR_MAIL, SOURCE_MBOX, SOURCE_OTHER };

/* One file to be read. */
struct source {
    enum source_kind kind;
    char *path;
    const char *folder; /* interned in the reader's set */
    bool is_new;        /* stands in a Maildir's 'new' */
    uint64_t size;
};

struct mail_reader {
    GArray *sources;        /* struct source */
    GStringChunk *folders;
    guint next;
    uint64_t total, done;
    struct mbox_reader mbox; /* running when mbox.file is set */
    unsigned mbox_number;
    uint64_t mbox_start;     /* 'done' when it was started */
    GMappedFile *mapped;     /* the current single mail */
    char *name;
    char *error;
};

bool mail_format_parse(const char *text, enum mail_format *ret_format)
{
    static const char *const names[] = {"auto", "mbox", "maildir", "eml"};
    for (int i = 0; i < 4; i++)
        if (text_equal_ignoring_case(text, names[i])) {
            *ret_format = (enum mail_format)i;
            return true;
        }
    return false;
}

bool mail_format_wants_crlf(enum mail_format format)
{
    return format == MAIL_FORMAT_EML;
}

static bool is_directory(const char *path, const char *below)
{
    struct stat status;
    char *full = g_build_filename(path, below, NULL);
    bool result = stat(full, &status) == 0 && S_ISDIR(status.st_mode);
    g_free(full);
    return result;
}

static bool is_maildir(const char *path)
{
    return is_directory(path, "cur") && is_directory(path, "new");
}

static void add_source(struct mail_reader *reader, enum source_kind kind, const char *path, const char *folder, bool is_new,
    uint64_t size)
{
    struct source source = {kind, g_strdup(path), g_string_chunk_insert_const(reader->folders, folder), is_new, size};
    g_array_append_val(reader->sources, source);
    reader->total += size;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted, so that every run has the same order. */
static GPtrArray *list_directory(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    if (directory)
        closedir(directory);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static char *join_folder(const char *parent, const char *name)
{
    char *plain = g_strdelimit(g_utf8_make_valid(name, -1), "/", '_');
    char *result = *parent ? g_strconcat(parent, "/", plain, NULL) : g_strdup(plain);
    g_free(plain);
    return result;
}

static void scan_maildir_files(struct mail_reader *reader, const char *path, const char *sub, const char *folder)
{
    char *directory = g_build_filename(path, sub, NULL);
    GPtrArray *names = list_directory(directory);
    for (guint i = 0; i < names->len; i++) {
        struct stat status;
        char *file = g_build_filename(directory, names->pdata[i], NULL);
        if (((char *)names->pdata[i])[0] != '.' && stat(file, &status) == 0 && S_ISREG(status.st_mode))
            add_source(reader, SOURCE_MAILDIR_MAIL, file, folder, strcmp(sub, "new") == 0, (uint64_t)status.st_size);
        g_free(file);
    }
    g_ptr_array_unref(names);
    g_free(directory);
}

/* The sub-folders of a Maildir++ stand beside each other and begin with a point. */
static void scan_maildir(struct mail_reader *reader, const char *path, const char *folder)
{
    scan_maildir_files(reader, path, "cur", folder);
    scan_maildir_files(reader, path, "new", folder);
    GPtrArray *names = list_directory(path);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        char *below = g_build_filename(path, name, NULL);
        if (name[0] == '.' && is_maildir(below)) {
            char *inner = mail_folder_of_maildir(name);
            char *full = *folder ? g_strconcat(folder, "/", inner, NULL) : g_strdup(inner);
            scan_maildir_files(reader, below, "cur", full);
            scan_maildir_files(reader, below, "new", full);
            g_free(full);
            g_free(inner);
        }
        g_free(below);
    }
    g_ptr_array_unref(names);
}

static struct bytes read_beginning(const char *path, uint8_t beginning[4096])
{
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(beginning, 1, 4096, file) : 0;
    if (file)
        fclose(file);
    return bytes_of(beginning, size);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), size = strlen(suffix);
    return length >= size && text_equal_ignoring_case(name + length - size, suffix);
}

/* Whether the first line that is not blank is one of a header. */
static bool looks_like_mail(struct bytes beginning)
{
    size_t at = 0;
    while (at < beginning.size && strchr("\r\n", beginning.data[at]) && beginning.data[at])
        at++;
    size_t name = at;
    while (name < beginning.size && beginning.data[name] > ' ' && beginning.data[name] < 0x7F && beginning.data[name] != ':')
        name++;
    return name > at && name < beginning.size && strchr(": \t", beginning.data[name]) && memchr(beginning.data + name, ':',
        MIN(beginning.size - name, 8));
}

/* A file within a folder: the name's end decides, otherwise how it begins. */
static void scan_file(struct mail_reader *reader, const char *path, const char *name, const char *folder, uint64_t size)
{
    static const char *const others[] = {".msf", ".dat", ".idx", ".index", ".cache", ".log", ".lock", ".pst", ".ost", ".zip"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (has_suffix(name, others[i])) {
            add_source(reader, SOURCE_OTHER, path, folder, false, size);
            return;
        }
    uint8_t beginning[4096];
    bool named_mail = has_suffix(name, ".eml") || has_suffix(name, ".emlx");
    struct bytes start = read_beginning(path, beginning);
    if (!named_mail && mbox_looks_like(start)) {
        char *stem = has_suffix(name, ".mbox") ? g_strndup(name, strlen(name) - 5) : g_strdup(name);
        char *full = join_folder(folder, stem);
        add_source(reader, SOURCE_MBOX, path, full, false, size);
        g_free(full);
        g_free(stem);
    } else {
        add_source(reader, named_mail || looks_like_mail(start) ? SOURCE_MAIL : SOURCE_OTHER, path, folder, false, size);
    }
}

static void scan_directory(struct mail_reader *reader, const char *path, const char *folder, unsigned depth)
{
    if (is_maildir(path)) {
        scan_maildir(reader, path, folder);
        return;
    }
    GPtrArray *names = list_directory(path);
    for (guint i = 0; i < names->len && depth < FOLDER_NESTING_MAX; i++) {
        const char *name = names->pdata[i];
        char *below = g_build_filename(path, name, NULL);
        struct stat status;
        if (name[0] != '.' && lstat(below, &status) == 0 && S_ISDIR(status.st_mode)) {
            /* Thunderbird keeps what is below folder X in X.sbd */
            char *stem = has_suffix(name, ".sbd") ? g_strndup(name, strlen(name) - 4) : g_strdup(name);
            char *full = join_folder(folder, stem);
            scan_directory(reader, below, full, depth + 1);
            g_free(full);
            g_free(stem);
        } else if (name[0] != '.' && stat(below, &status) == 0 && S_ISREG(status.st_mode)) {
            scan_file(reader, below, name, folder, (uint64_t)status.st_size);
        }
        g_free(below);
    }
    g_ptr_array_unref(names);
}

struct mail_reader *mail_reader_open(const char *path, enum mail_format format, char **ret_error)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        *ret_error = g_strdup_printf("%s: %s", path, strerror(errno));
        return NULL;
    }
    struct mail_reader *reader = g_new0(struct mail_reader, 1);
    reader->sources = g_array_new(FALSE, FALSE, sizeof(struct source));
    reader->folders = g_string_chunk_new(4096);
    uint8_t beginning[4096];
    bool directory = S_ISDIR(status.st_mode);
    if (directory && format == MAIL_FORMAT_MAILDIR)
        scan_maildir(reader, path, "");
    else if (directory)
        scan_directory(reader, path, "", 0);
    else if (format == MAIL_FORMAT_MBOX
        || (format == MAIL_FORMAT_AUTO && !has_suffix(path, ".eml") && mbox_looks_like(read_beginning(path, beginning))))
        add_source(reader, SOURCE_MBOX, path, "", false, (uint64_t)status.st_size);
    else
        add_source(reader, SOURCE_MAIL, path, "", false, (uint64_t)status.st_size);
    if (directory && format == MAIL_FORMAT_MAILDIR && !is_maildir(path)) {
        *ret_error = g_strdup_printf("%s: no Maildir (it has no 'cur' and 'new')", path);
        mail_reader_close(reader);
        return NULL;
    }
    return reader;
}

static enum mail_read_status fail(struct mail_reader *reader, struct mail_item *item, const char *why)
{
    g_free(reader->error);
    reader->error = g_strdup(why);
    *item = (struct mail_item){.name = reader->name, .folder = ""};
    return MAIL_READ_FAILED;
}

/* Maildir: 'unique:2,FLAGS'; some file systems force another sign than the colon. */
static void maildir_state(const struct source *source, struct mail_item *item)
{
    const char *name = strrchr(source->path, '/');
    const char *flags = NULL;
    for (const char *at = name; at && (at = strstr(at, "2,")); at += 2)
        if (strchr(":;!", at[-1]))
            flags = at + 2;
    item->state_known = true;
    if (!flags || source->is_new)
        flags = "";
    item->state.read = strchr(flags, 'S') != NULL;
    item->state.replied = strchr(flags, 'R') != NULL;
    item->state.forwarded = strchr(flags, 'P') != NULL;
    item->state.flagged = strchr(flags, 'F') != NULL;
    item->state.draft = strchr(flags, 'D') != NULL;
    item->state.deleted = strchr(flags, 'T') != NULL;
}

/* Apple Mail's .emlx: the length on a line of its own, the mail, a property list. */
static struct bytes strip_emlx(struct bytes content)
{
    char line[32] = "";
    const uint8_t *newline = memchr(content.data, '\n', content.size < 30 ? content.size : 30);
    if (!newline)
        return content;
    size_t first = (size_t)(newline - content.data);
    memcpy(line, content.data, first);
    char *end;
    unsigned long long length = strtoull(line, &end, 10);
    while (*end == ' ' || *end == '\r')
        end++;
    if (end == line || *end || length > content.size - first - 1)
        return content;
    return bytes_of(newline + 1, (size_t)length);
}

static enum mail_read_status read_single(struct mail_reader *reader, const struct source *source, struct mail_item *item)
{
    g_free(reader->name);
    reader->name = g_strdup(source->path);
    reader->done += source->size;
    GError *error = NULL;
    struct stat status;
    reader->mapped = g_mapped_file_new(source->path, FALSE, &error);
    if (!reader->mapped) {
        enum mail_read_status result = fail(reader, item, error->message);
        g_error_free(error);
        return result;
    }
    *item = (struct mail_item){.name = reader->name, .folder = source->folder};
    item->content = bytes_of(g_mapped_file_get_contents(reader->mapped), g_mapped_file_get_length(reader->mapped));
    if (has_suffix(source->path, ".emlx") && item->content.size)
        item->content = strip_emlx(item->content);
    if (stat(source->path, &status) == 0)
        item->received_time = filetime_of_unix(status.st_mtime);
    if (source->kind == SOURCE_MAILDIR_MAIL)
        maildir_state(source, item);
    else
        item->state_known = mail_state_of_headers(item->content, &item->state);
    return MAIL_READ_OK;
}

static enum mail_read_status read_from_mbox(struct mail_reader *reader, const struct source *source, struct mail_item *item)
{
    g_free(reader->name);
    reader->name = g_strdup_printf("%s#%u", source->path, ++reader->mbox_number);
    off_t position = ftello(reader->mbox.file);
    reader->done = reader->mbox_start + (position > 0 ? (uint64_t)position : 0);
    if (reader->mbox.failed)
        return fail(reader, item, ferror(reader->mbox.file) ? "the file could not be read further"
                                                            : "the mail is larger than this program takes");
    *item = (struct mail_item){.content = buffer_bytes(&reader->mbox.content), .name = reader->name, .folder = source->folder,
        .received_time = reader->mbox.received_time};
    item->state_known = mail_state_of_headers(item->content, &item->state);
    return MAIL_READ_OK;
}

enum mail_read_status mail_reader_next(struct mail_reader *reader, struct mail_item *ret_item)
{
    g_clear_pointer(&reader->mapped, g_mapped_file_unref);
    while (reader->next < reader->sources->len) {
        const struct source *source = &g_array_index(reader->sources, struct source, reader->next);
        if (source->kind == SOURCE_OTHER) {
            reader->next++;
            reader->done += source->size;
            g_free(reader->name);
            reader->name = g_strdup(source->path);
            (void)fail(reader, ret_item, "does not look like a mail: passed over");
            return MAIL_READ_OTHER;
        }
        if (source->kind != SOURCE_MBOX) {
            reader->next++;
            return read_single(reader, source, ret_item);
        }
        if (!reader->mbox.file) {
            FILE *file = fopen(source->path, "rb");
            reader->mbox_number = 0;
            reader->mbox_start = reader->done;
            if (!file || !mbox_reader_start(&reader->mbox, file, MIME_MAIL_SIZE_MAX)) {
                g_free(reader->name);
                reader->name = g_strdup(source->path);
                const char *why = file ? "no mbox file: it does not begin with a 'From ' line" : strerror(errno);
                mbox_reader_stop(&reader->mbox);
                reader->done += source->size;
                reader->next++;
                return fail(reader, ret_item, why);
            }
        }
        if (mbox_reader_next(&reader->mbox))
            return read_from_mbox(reader, source, ret_item);
        mbox_reader_stop(&reader->mbox);
        reader->done = reader->mbox_start + source->size;
        reader->next++;
    }
    return MAIL_READ_END;
}

const char *mail_reader_error(const struct mail_reader *reader)
{
    return reader->error ? reader->error : "";
}

uint64_t mail_reader_done(const struct mail_reader *reader)
{
    return reader->done;
}

uint64_t mail_reader_total(const struct mail_reader *reader)
{
    return reader->total;
}

void mail_reader_close(struct mail_reader *reader)
{
    if (!reader)
        return;
    for (guint i = 0; i < reader->sources->len; i++)
        g_free(g_array_index(reader->sources, struct source, i).path);
    g_array_unref(reader->sources);
    g_string_chunk_free(reader->folders);
    mbox_reader_stop(&reader->mbox);
    g_clear_pointer(&reader->mapped, g_mapped_file_unref);
    g_free(reader->name);
    g_free(reader->error);
    g_free(reader);
}
