#include "mail/mbox_reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/filetime.h"
#include "base/text.h"

#define LINE_PIECE_SIZE_MAX ((size_t)1 << 20)

static bool is_separator(struct bytes line)
{
    return line.size >= 5 && memcmp(line.data, "From ", 5) == 0;
}

static bool is_blank(struct bytes line)
{
    return line.size == 0 || line.data[0] == '\n' || (line.size >= 2 && line.data[0] == '\r' && line.data[1] == '\n');
}

/* 'Name: ' or a quoted separator, which some programs leave above the headers. */
static bool looks_like_header(struct bytes line)
{
    if (line.size >= 6 && memcmp(line.data, ">From ", 6) == 0)
        return true;
    size_t i = 0;
    while (i < line.size && line.data[i] > ' ' && line.data[i] < 0x7F && line.data[i] != ':')
        i++;
    return i > 0 && i < line.size && line.data[i] == ':';
}

/* The time of 'From sender Mon Jun 01 10:00:00 2009', taken as UTC; 0 when there is none. */
static uint64_t separator_time(struct bytes line)
{
    char text[256];
    size_t size = line.size < sizeof text - 1 ? line.size : sizeof text - 1;
    memcpy(text, line.data, size);
    text[size] = 0;
    for (char *at = text + 5; (at = strchr(at, ' ')); at++) {
        struct tm tm = {0};
        const char *rest = strptime(at, " %a %b %d %H:%M:%S", &tm);
        if (!rest)
            rest = strptime(at, " %a %b %d %H:%M", &tm);
        if (!rest)
            continue;
        long offset = 0;
        while (*rest && !(isdigit((unsigned char)rest[0]) && isdigit((unsigned char)rest[1]) && isdigit((unsigned char)rest[2]))) {
            if ((*rest == '+' || *rest == '-') && strlen(rest) >= 5) { /* some write the zone before the year */
                long zone = strtol(rest + 1, NULL, 10);
                offset = (zone / 100 * 60 + zone % 100) * (*rest == '+' ? 60 : -60);
                rest += 5;
            } else {
                rest++;
            }
        }
        int year = atoi(rest);
        if (year < 1970 || year > 9999)
            continue;
        tm.tm_year = year - 1900;
        return filetime_of_unix(timegm(&tm) - offset);
    }
    return 0;
}

/* One line with its newline, or a piece of a very long one; an empty one at the end of the file. */
static struct bytes read_line(struct mbox_reader *reader, char **line, size_t *capacity)
{
    size_t size = 0;
    for (int c = 0; c != '\n' && size < LINE_PIECE_SIZE_MAX && (c = getc_unlocked(reader->file)) != EOF;) {
        if (size == *capacity) {
            size_t larger = *capacity ? *capacity * 2 : 256;
            char *grown = realloc(*line, larger);
            if (!grown) {
                reader->failed = true;
                return BYTES_NONE;
            }
            *line = grown;
            *capacity = larger;
        }
        (*line)[size++] = (char)c;
    }
    if (ferror(reader->file))
        reader->failed = true;
    return bytes_of(*line, size);
}

static bool ends_line(struct bytes piece)
{
    return piece.size && piece.data[piece.size - 1] == '\n';
}

/* Whether a 'From ' line is a separator and not text: decided by what stands around it, since some programs quote nothing. */
static bool separates(struct mbox_reader *reader, struct bytes line, bool after_blank)
{
    if (!is_separator(line))
        return false;
    bool dated = separator_time(line) != 0;
    if (dated && after_blank)
        return true;
    if (!dated && !after_blank)
        return false;
    off_t here = ftello(reader->file);
    char *next = NULL;
    size_t capacity = 0;
    bool header_follows = here >= 0 && looks_like_header(read_line(reader, &next, &capacity));
    free(next);
    return fseeko(reader->file, here, SEEK_SET) == 0 && header_follows;
}

/* A line of text in the current mail: one '>' less before a quoted 'From ' (mboxrd; in the older mboxo the same for one). */
static void append_line(struct mbox_reader *reader, struct bytes line, bool unquote)
{
    size_t quotes = 0;
    while (unquote && quotes < line.size && line.data[quotes] == '>')
        quotes++;
    bool quoted = quotes && line.size - quotes >= 5 && memcmp(line.data + quotes, "From ", 5) == 0;
    if (!buffer_append(&reader->content, line.data + (quoted ? 1 : 0), line.size - (quoted ? 1 : 0)))
        reader->failed = true;
}

/* The value of Content-Length among the header lines; false without. */
static bool content_length(struct bytes headers, uint64_t *ret_length)
{
    for (size_t start = 0; start < headers.size;) {
        const uint8_t *newline = memchr(headers.data + start, '\n', headers.size - start);
        size_t end = newline ? (size_t)(newline - headers.data) : headers.size;
        char text[64];
        size_t size = end - start < sizeof text - 1 ? end - start : sizeof text - 1;
        memcpy(text, headers.data + start, size);
        text[size] = 0;
        if (text_has_prefix_ignoring_case(text, "Content-Length:")) {
            char *behind;
            unsigned long long value = strtoull(text + strlen("Content-Length:"), &behind, 10);
            *ret_length = value;
            return behind != text + strlen("Content-Length:");
        }
        start = end + 1;
    }
    return false;
}

/* Whether the file goes on with a separator, or ends, right behind a body of that length (mboxcl, mboxcl2). */
static bool length_holds(struct mbox_reader *reader, uint64_t length, off_t body)
{
    char *line = NULL;
    size_t capacity = 0;
    bool holds = false;
    if (length <= reader->content.size_max && body >= 0 && fseeko(reader->file, body + (off_t)length, SEEK_SET) == 0) {
        struct bytes next = read_line(reader, &line, &capacity);
        bool at_end = next.size == 0;
        while (!at_end && is_blank(next)) {
            next = read_line(reader, &line, &capacity);
            at_end = next.size == 0;
        }
        holds = at_end ? length > 0 : is_separator(next) && separator_time(next);
    }
    /* beyond the end of the file everything 'ends': then the length is wrong */
    off_t size = -1;
    if (fseeko(reader->file, 0, SEEK_END) == 0)
        size = ftello(reader->file);
    holds &= size >= 0 && body + (off_t)length <= size;
    free(line);
    return fseeko(reader->file, body, SEEK_SET) == 0 && holds;
}

/* The body by its length. A 'From ' line in it that nobody quoted says that the program quotes nothing (mboxcl2). */
static void read_counted_body(struct mbox_reader *reader, uint64_t length)
{
    char *line = NULL;
    size_t capacity = 0;
    off_t body = ftello(reader->file);
    bool unquote = true;
    for (int pass = 0; pass < 2; pass++) {
        uint64_t left = length;
        bool begins = true; /* of a line, not a further piece of a long one */
        while (left > 0 && !reader->failed) {
            struct bytes next = read_line(reader, &line, &capacity);
            if (next.size == 0)
                break;
            next.size = next.size < left ? next.size : (size_t)left;
            left -= next.size;
            if (pass == 0)
                unquote &= !(begins && is_separator(next));
            else
                append_line(reader, next, begins && unquote);
            begins = ends_line(next);
        }
        if (fseeko(reader->file, pass == 0 ? body : body + (off_t)length, SEEK_SET) != 0)
            reader->failed = true;
    }
    free(line);
}

/* Up to the next separator or the end, which is read ahead. */
static void read_to_separator(struct mbox_reader *reader, bool skip)
{
    char *line = NULL;
    size_t capacity = 0;
    bool after_blank = true, begins = true, in_headers = reader->content.size == 0 && !skip;
    reader->has_separator = false;
    for (struct bytes next; (next = read_line(reader, &line, &capacity)).size > 0;) {
        bool separator = begins && separates(reader, next, after_blank);
        if (separator && !(in_headers && reader->content.size == 0)) {
            buffer_clear(&reader->line);
            (void)buffer_append(&reader->line, next.data, next.size);
            reader->has_separator = true;
            break;
        }
        after_blank = begins && is_blank(next);
        if (!skip)
            append_line(reader, next, begins && !in_headers);
        begins = ends_line(next);
        if (skip)
            continue;
        uint64_t length;
        if (in_headers && after_blank) {
            in_headers = false;
            if (content_length(buffer_bytes(&reader->content), &length) && length_holds(reader, length, ftello(reader->file))) {
                read_counted_body(reader, length);
                reader->counted = true;
                skip = true; /* only blank lines until the separator */
                after_blank = true;
            }
        }
    }
    free(line);
}

/* The blank line before a separator belongs to the separator, unless it ends the headers of a mail without text. */
static void trim_end(struct mbox_reader *reader)
{
    struct buffer *content = &reader->content;
    static const char *const blank_lines[] = {"\r\n\r\n", "\n\n"};
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(blank_lines[i]);
        const uint8_t *first = content->size ? memmem(content->data, content->size, blank_lines[i], length) : NULL;
        if (!first || memcmp(content->data + content->size - length, blank_lines[i], length) != 0)
            continue;
        if (first + length < content->data + content->size)
            content->size -= length / 2;
        return;
    }
}

bool mbox_looks_like(struct bytes beginning)
{
    size_t start = 0;
    while (start < beginning.size && (beginning.data[start] == '\n' || beginning.data[start] == '\r'))
        start++;
    struct bytes line = {beginning.data + start, beginning.size - start};
    const uint8_t *newline = line.size ? memchr(line.data, '\n', line.size) : NULL;
    if (!newline)
        return false;
    struct bytes rest = {newline + 1, beginning.size - (size_t)(newline + 1 - beginning.data)};
    line.size = (size_t)(newline - line.data);
    size_t word = 5;
    while (word < line.size && line.data[word] == ' ')
        word++;
    if (!is_separator(line) || (word < line.size && line.data[word] == ':'))
        return false;
    return separator_time(line) || looks_like_header(rest);
}

bool mbox_reader_start(struct mbox_reader *reader, FILE *file, size_t mail_size_max)
{
    *reader = (struct mbox_reader){.file = file};
    reader->content.size_max = mail_size_max;
    char beginning[4096];
    size_t size = fread(beginning, 1, sizeof beginning, file);
    if (!mbox_looks_like(bytes_of(beginning, size)) || fseeko(file, 0, SEEK_SET) != 0)
        return false;
    char *line = NULL;
    size_t capacity = 0;
    struct bytes first;
    do
        first = read_line(reader, &line, &capacity);
    while (first.size && is_blank(first));
    reader->has_separator = buffer_append(&reader->line, first.data, first.size);
    free(line);
    return reader->has_separator;
}

bool mbox_reader_next(struct mbox_reader *reader)
{
    if (!reader->has_separator)
        return false;
    reader->received_time = separator_time(buffer_bytes(&reader->line));
    reader->failed = reader->content.failed = false;
    buffer_clear(&reader->content);
    reader->counted = false;
    read_to_separator(reader, false);
    if (!reader->counted)
        trim_end(reader);
    return true;
}

void mbox_reader_stop(struct mbox_reader *reader)
{
    if (reader->file)
        fclose(reader->file);
    buffer_free(&reader->content);
    buffer_free(&reader->line);
    *reader = (struct mbox_reader){0};
}
