/* mapihttp gal */
#include "base/csv_writer.h"
#include "cli/address_book_option.h"
#include "cli/output.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_MAX 10000u
#define COLUMN_TEXT_MAX 4096u

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };
struct gal {
    struct connection connection;
    const char *list, *search, *from;
    uint32_t limit; /* 0: all */
    enum format format;
    bool lists;     /* the address lists themselves */
    size_t column_count;
    struct address_book_column columns[ADDRESS_BOOK_COLUMNS_MAX];
    uint32_t tags[ADDRESS_BOOK_COLUMNS_MAX];
    char column_text[COLUMN_TEXT_MAX];
};

#define TEXT_TAG(id) MAPIHTTP_TAG(id, MAPIHTTP_TYPE_STRING)
static const struct address_book_column standard[] = {
    {"display_name", "Display name", TEXT_TAG(0x3001)}, {"smtp_address", "Address", TEXT_TAG(0x39FE)},
    {"alias", "Alias", TEXT_TAG(0x3A00)},               {"telephone", "Telephone", TEXT_TAG(0x3A08)},
    {"office", "Office", TEXT_TAG(0x3A19)},             {"title", "Title", TEXT_TAG(0x3A17)},
    {"department", "Department", TEXT_TAG(0x3A18)},     {"company", "Company", TEXT_TAG(0x3A16)},
};
#define STANDARD_COUNT (sizeof standard / sizeof *standard)

/* --- columns --- */

static bool take_column(struct gal *gal, const char *word)
{
    struct address_book_column column = {word, word, mapihttp_property_tag_parse(word)};
    for (size_t i = 0; i < STANDARD_COUNT; i++)
        if (strcasecmp(standard[i].key, word) == 0)
            column = standard[i];
    if (!column.tag || gal->column_count == ADDRESS_BOOK_COLUMNS_MAX)
        return false;
    gal->tags[gal->column_count] = column.tag;
    gal->columns[gal->column_count++] = column;
    return true;
}

/* 'display_name,Surname,0x3A08001F' */
static int take_columns(struct gal *gal, const char *list)
{
    gal->column_count = 0;
    if (strlen(list) >= COLUMN_TEXT_MAX)
        return command_usage_error(gal->connection.command, "too many columns");
    strcpy(gal->column_text, list);
    for (char *rest = gal->column_text, *word; (word = strsep(&rest, ","));)
        if (!take_column(gal, word))
            return command_usage_error(gal->connection.command, "'%s' is no property that can be a column", word);
    return COMMAND_DONE;
}

/* --- output --- */

static void append_csv_value(struct buffer *line, const json_t *value, bool first)
{
    char *dumped = value && !json_is_string(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    if (dumped)
        csv_writer_number(line, &CSV_STYLE_SPREADSHEET, first, dumped);
    else
        csv_writer_text(line, &CSV_STYLE_SPREADSHEET, first, value ? json_string_value(value) : "");
    free(dumped);
}

static bool put_csv_line(struct buffer *line)
{
    csv_writer_end_line(line, &CSV_STYLE_SPREADSHEET);
    bool good = !line->failed && fwrite(line->data, 1, line->size, stdout) == line->size;
    buffer_clear(line);
    return good;
}

/* RFC 4180, with a head line. */
static bool put_csv(const json_t *rows, size_t column_count, const struct output_column *columns)
{
    struct buffer line = {0};
    for (size_t i = 0; i < column_count; i++)
        csv_writer_text(&line, &CSV_STYLE_SPREADSHEET, i == 0, columns[i].key);
    bool good = put_csv_line(&line);
    for (size_t row = 0; good && row < json_array_size(rows); row++) {
        for (size_t i = 0; i < column_count; i++)
            append_csv_value(&line, json_object_get(json_array_get(rows, row), columns[i].key), i == 0);
        good = put_csv_line(&line);
    }
    buffer_free(&line);
    return good && !fflush(stdout) && !ferror(stdout);
}

static int put(const struct gal *gal, json_t *rows, size_t column_count, const struct output_column *columns)
{
    bool good = gal->format == FORMAT_CSV ? put_csv(rows, column_count, columns)
                                          : output_rows(rows, columns, column_count, gal->format == FORMAT_JSON);
    return good ? COMMAND_DONE : command_failed(gal->connection.command, "cannot write");
}

static int put_entries(const struct gal *gal, json_t *rows)
{
    struct output_column columns[ADDRESS_BOOK_COLUMNS_MAX];
    for (size_t i = 0; i < gal->column_count; i++)
        columns[i] = (struct output_column){gal->columns[i].key, gal->columns[i].title, false};
    return put(gal, rows, gal->column_count, columns);
}

/* --- what is shown --- */

static int show_lists(struct gal *gal, struct mapihttp_address_book *book)
{
    static const struct output_column columns[] = {{"name", "Address list", false}, {"depth", "Depth", true}, {"id", "Id", true},
                                                   {"dn", "DN", false}};
    const struct mapihttp_container *containers;
    struct mapihttp_error error;
    size_t count;
    if (mapihttp_address_book_containers(book, &count, &containers, &error))
        return connection_failed(&gal->connection, NULL, &error);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, json_pack("{s:o, s:i, s:I, s:o}", "name", output_string(containers[i].name), "depth",
                                              (int)containers[i].depth, "id", (json_int_t)containers[i].id, "dn",
                                              output_string(containers[i].dn)));
    int status = put(gal, rows, sizeof columns / sizeof *columns, columns);
    json_decref(rows);
    return status;
}

static int add_found(struct gal *gal, struct mapihttp_address_book *book, uint32_t container, json_t *rows)
{
    struct mapihttp_entries *entries;
    struct mapihttp_error error;
    if (mapihttp_address_book_search(book, container, gal->search, SEARCH_MAX, gal->column_count, gal->tags, &entries, &error))
        return connection_failed(&gal->connection, NULL, &error);
    for (size_t i = 0; i < mapihttp_entries_count(entries) && (!gal->limit || i < gal->limit); i++)
        json_array_append_new(rows, address_book_row(mapihttp_entries_get(entries, i), gal->column_count, gal->columns));
    mapihttp_entries_free(entries);
    return COMMAND_DONE;
}

static int add_listed(struct gal *gal, struct mapihttp_address_book *book, uint32_t container, json_t *rows)
{
    struct mapihttp_address_list *list;
    const struct mapihttp_entry *entry = NULL;
    struct mapihttp_error error;
    enum mapihttp_status status = MAPIHTTP_OK;
    if (mapihttp_address_list_open(book, container, gal->from, gal->column_count, gal->tags, &list, &error))
        return connection_failed(&gal->connection, NULL, &error);
    while ((!gal->limit || json_array_size(rows) < gal->limit) && !(status = mapihttp_address_list_next(list, &entry, &error)) && entry)
        json_array_append_new(rows, address_book_row(entry, gal->column_count, gal->columns));
    mapihttp_address_list_close(list);
    return status ? connection_failed(&gal->connection, NULL, &error) : COMMAND_DONE;
}

static int show(struct gal *gal, struct mapihttp_address_book *book)
{
    uint32_t container;
    if (gal->lists)
        return show_lists(gal, book);
    int status = address_book_container_named(&gal->connection, book, gal->list, &container);
    if (status)
        return status;
    json_t *rows = json_array();
    status = gal->search ? add_found(gal, book, container, rows) : add_listed(gal, book, container, rows);
    if (!status)
        status = put_entries(gal, rows);
    json_decref(rows);
    return status;
}

/* --- words --- */

static int take_value(struct gal *gal, const char *name, const char *value)
{
    char *end;
    if (!strcmp(name, "--list")) {
        gal->list = value;
    } else if (!strcmp(name, "--search")) {
        gal->search = value;
    } else if (!strcmp(name, "--from")) {
        gal->from = value;
    } else if (!strcmp(name, "--columns")) {
        return take_columns(gal, value);
    } else {
        errno = 0;
        unsigned long limit = strtoul(value, &end, 10);
        if (errno || *end || !*value || *value == '-' || limit == 0 || limit > UINT32_MAX)
            return command_usage_error(gal->connection.command, "'%s' is not a number of entries", value);
        gal->limit = (uint32_t)limit;
    }
    return COMMAND_DONE;
}

static int take_word(struct gal *gal, int argc, char **argv, int *index)
{
    static const char *const with_value[] = {"--list", "--search", "--from", "--columns", "--limit"};
    const char *word = argv[*index];
    for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++)
        if (!strcmp(word, with_value[i]) && *index + 1 < argc)
            return take_value(gal, word, argv[++*index]);
    if (!strcmp(word, "--json"))
        gal->format = FORMAT_JSON;
    else if (!strcmp(word, "--csv"))
        gal->format = FORMAT_CSV;
    else if (!strcmp(word, "--lists"))
        gal->lists = true;
    else
        return command_usage_error(gal->connection.command, "'%s' is not understood", word);
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    static struct gal gal;
    connection_initialize(&gal.connection, command);
    for (size_t i = 0; i < 5; i++)
        take_column(&gal, standard[i].key);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&gal.connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        int status = taken ? COMMAND_DONE : take_word(&gal, argc, argv, &i);
        if (status)
            return status;
    }
    if (gal.search && gal.from)
        return command_usage_error(command, "--search and --from do not go together");
    struct mapihttp_address_book *book = address_book_open(&gal.connection);
    int status = book ? show(&gal, book) : COMMAND_FAILED;
    mapihttp_address_book_close(book);
    connection_close(&gal.connection);
    return status;
}

const struct command command_gal = {
    .name = "gal",
    .summary = "show the address book",
    .usage = "mapihttp gal [--list NAME] [--from TEXT | --search TEXT] [--limit N] [--columns LIST] [--json | --csv]\n"
             "mapihttp gal --lists [--json | --csv]\n"
             "\n"
             "Shows the entries of the global address list, or of another address list, in the server's order; hidden entries\n"
             "are not among them.\n"
             "\n"
             "  --lists                 the address lists themselves\n"
             "  --list NAME             this address list instead of the global one\n"
             "  --from TEXT             begins with the first entry whose display name is TEXT or comes after it\n"
             "  --search TEXT           those that a name may mean (as in 'mapihttp resolve'), at most 10,000\n"
             "  --limit N               no more than N entries\n"
             "  --columns LIST          what to show, separated by commas: display_name, smtp_address, alias, telephone,\n"
             "                          office, title, department, company, or a property by name (Surname) or tag\n"
             "                          (0x3A11001F)\n"
             "  --json, --csv           as JSON, or as comma-separated values with a head line\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
