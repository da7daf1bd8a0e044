#include "directory/entry_file.h"

#include <csv.h>
#include <ldap.h>
#include <ldif.h>
#include <string.h>
#include <strings.h>

/* Records and fields as they come: fields of all records in one growing array, cut up at the end. */
struct collector {
    struct arena *arena;
    struct buffer fields;  /* struct entry_field */
    struct buffer records; /* struct entry_record, field_count set, fields not yet */
    uint32_t line;         /* where the record began */
    uint32_t record_fields;
    const char *error;
};

static void fail(struct collector *collector, uint32_t line, const char *text)
{
    if (!collector->error)
        collector->error = arena_format(collector->arena, "line %u: %s", line, text);
    if (!collector->error)
        collector->error = "out of memory";
}

static void add_field(struct collector *collector, const char *name, struct bytes value)
{
    struct entry_field field = {.name = name, .value = value};
    if (value.size == 0)
        return;
    if (collector->record_fields == ENTRY_FILE_FIELDS_MAX)
        fail(collector, collector->line, "too many fields");
    else if (buffer_append(&collector->fields, &field, sizeof field))
        collector->record_fields++;
    else
        fail(collector, collector->line, "out of memory");
}

static void end_record(struct collector *collector)
{
    struct entry_record record = {.line = collector->line, .field_count = collector->record_fields};
    if (record.field_count > 0 && !buffer_append(&collector->records, &record, sizeof record))
        fail(collector, collector->line, "out of memory");
    collector->record_fields = 0;
}

static bool finish(struct collector *collector, uint32_t *ret_count, struct entry_record **ret_records, const char **ret_error)
{
    uint32_t count = (uint32_t)(collector->records.size / sizeof(struct entry_record));
    struct entry_record *records = arena_copy(collector->arena, collector->records.data ? collector->records.data : (void *)"",
                                              collector->records.size);
    struct entry_field *fields = arena_copy(collector->arena, collector->fields.data ? collector->fields.data : (void *)"",
                                            collector->fields.size);
    if (!records || !fields)
        fail(collector, 1, "out of memory");
    buffer_free(&collector->records);
    buffer_free(&collector->fields);
    if (collector->error) {
        *ret_error = collector->error;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        records[i].fields = fields;
        fields += records[i].field_count;
    }
    *ret_count = count;
    *ret_records = records;
    return true;
}

/* --- CSV --- */

struct csv_reading {
    struct collector collector;
    const char **columns;
    uint32_t column_count, column, line;
    bool in_body;
};

static void read_value(void *value, size_t size, void *argument)
{
    struct csv_reading *reading = argument;
    struct collector *collector = &reading->collector;
    char *copy = arena_string_of(collector->arena, bytes_of(value, size));
    if (reading->column == 0)
        collector->line = reading->line;
    if (!copy) {
        fail(collector, reading->line, "out of memory");
    } else if (strlen(copy) != size) {
        fail(collector, reading->line, "a NUL in a value");
    } else if (reading->column == ENTRY_FILE_FIELDS_MAX) {
        fail(collector, reading->line, "too many columns");
    } else if (!reading->in_body) {
        reading->columns[reading->column] = copy;
    } else if (reading->column >= reading->column_count) {
        fail(collector, reading->line, "more values than columns");
    } else {
        add_field(collector, reading->columns[reading->column], bytes_of(copy, size));
    }
    reading->column++;
}

static void read_row_end(int end, void *argument)
{
    struct csv_reading *reading = argument;
    (void)end;
    if (reading->in_body) {
        end_record(&reading->collector);
    } else {
        reading->column_count = reading->column < ENTRY_FILE_FIELDS_MAX ? reading->column : ENTRY_FILE_FIELDS_MAX;
        reading->in_body = true;
        for (uint32_t i = 0; i < reading->column_count; i++) {
            if (!reading->columns[i] || *reading->columns[i] == '\0')
                fail(&reading->collector, 1, "a column without a name");
        }
    }
    reading->column = 0;
}

/* The separator is whichever of comma, semicolon and tab comes first outside quotes in the first line. */
static char separator_of(struct bytes text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.size && (quoted || text.data[i] != '\n'); i++) {
        if (text.data[i] == '"')
            quoted = !quoted;
        else if (!quoted && strchr(",;\t", text.data[i]) && text.data[i])
            return (char)text.data[i];
    }
    return ',';
}

/* A line at a time, since the parser does not say in which line it is. */
static void parse_lines(struct csv_reading *reading, struct csv_parser *parser, struct bytes text)
{
    while (text.size > 0 && !reading->collector.error) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) + 1 : text.size;
        reading->line++;
        if (csv_parse(parser, text.data, size, read_value, read_row_end, reading) != size)
            fail(&reading->collector, reading->line, csv_strerror(csv_error(parser)));
        text = bytes_of(text.data + size, text.size - size);
    }
    if (!reading->collector.error && csv_fini(parser, read_value, read_row_end, reading) != 0)
        fail(&reading->collector, reading->line, "a quoted value has no end");
}

static void read_csv(struct collector *ret_collector, struct bytes text)
{
    struct csv_reading reading = {.collector = *ret_collector};
    struct csv_parser parser;
    reading.columns = arena_array(ret_collector->arena, const char *, ENTRY_FILE_FIELDS_MAX);
    if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        text = bytes_of(text.data + 3, text.size - 3);
    if (!reading.columns || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        fail(&reading.collector, 1, "out of memory");
    } else {
        csv_set_delim(&parser, (unsigned char)separator_of(text));
        parse_lines(&reading, &parser, text);
        csv_free(&parser);
    }
    *ret_collector = reading.collector;
}

/* --- LDIF --- */

static uint32_t count_lines(const char *from, const char *to)
{
    uint32_t count = 0;
    for (; from < to; from++)
        count += *from == '\n';
    return count;
}

/* 'name: value', 'name:: base64'. What stands in the file by way of a URL is not fetched. */
static void read_ldif_line(struct collector *collector, char *line, uint32_t number)
{
    struct berval name, value;
    int owned = 0;
    const char *colon = strchr(line, ':');
    if (!colon || colon[1] == '<') {
        fail(collector, number, colon ? "values from URLs are not fetched" : "a line without ':'");
        return;
    }
    if (ldif_parse_line2(line, &name, &value, &owned) != 0) {
        fail(collector, number, "not a 'name: value' line");
        return;
    }
    char *copied_name = arena_string_of(collector->arena, bytes_of(name.bv_val, name.bv_len));
    struct bytes copied_value = arena_bytes(collector->arena, bytes_of(value.bv_val, value.bv_len));
    if (owned)
        ber_memfree(value.bv_val);
    if (!copied_name || (value.bv_len && !copied_value.data)) {
        fail(collector, number, "out of memory");
        return;
    }
    copied_name[strcspn(copied_name, ";")] = '\0';
    bool first = collector->record_fields == 0;
    if (first)
        collector->line = number;
    if (first && collector->records.size == 0 && strcasecmp(copied_name, "version") == 0)
        return;
    if (first != (strcasecmp(copied_name, "dn") == 0))
        fail(collector, number, first ? "a record begins with 'dn:'" : "a second 'dn:' in a record");
    else if (strcasecmp(copied_name, "changetype") == 0)
        fail(collector, number, "a change record; only entries are taken");
    else if (first && copied_value.size == 0)
        fail(collector, number, "an empty dn");
    else
        add_field(collector, copied_name, copied_value);
}

static void read_ldif(struct collector *collector, struct buffer *text)
{
    char *next = (char *)(uintptr_t)buffer_string(text);
    uint32_t line = 1;
    if (!next || strlen(next) != text->size) {
        fail(collector, 1, next ? "a NUL in the file" : "out of memory");
        return;
    }
    while (*next && !collector->error) {
        char *start = next;
        if (*next == '\n' || strncmp(next, "\r\n", 2) == 0) {
            end_record(collector);
            next += *next == '\r' ? 2 : 1;
            line++;
            continue;
        }
        /* Counted before, since joining continued lines changes the text. */
        const char *end = start;
        do {
            end += strcspn(end, "\n");
            end += *end == '\n';
        } while (*end == ' ');
        uint32_t lines = count_lines(start, end);
        if (*start == '#') {
            next += end - start;
        } else {
            char *joined = ldif_getline(&next);
            next = start + (end - start);
            if (joined)
                read_ldif_line(collector, joined, line);
        }
        line += lines;
    }
    end_record(collector);
}

bool entry_file_read(struct arena *arena, enum entry_file_format format, struct buffer *text, uint32_t *ret_count,
                     struct entry_record **ret_records, const char **ret_error)
{
    struct collector collector = {.arena = arena, .line = 1};
    if (text->size > ENTRY_FILE_SIZE_MAX)
        fail(&collector, 1, "the file is too large");
    else if (format == ENTRY_FILE_CSV)
        read_csv(&collector, buffer_bytes(text));
    else
        read_ldif(&collector, text);
    return finish(&collector, ret_count, ret_records, ret_error);
}
