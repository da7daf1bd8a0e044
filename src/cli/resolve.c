/* mapihttp resolve */
#include "cli/address_book_option.h"
#include "cli/output.h"
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 1000
#define CANDIDATES_MAX 50u

static const struct address_book_column properties[] = {
    {"display_name", NULL, MAPIHTTP_TAG(0x3001, MAPIHTTP_TYPE_STRING)}, {"smtp_address", NULL, MAPIHTTP_TAG(0x39FE, MAPIHTTP_TYPE_STRING)},
    {"alias", NULL, MAPIHTTP_TAG(0x3A00, MAPIHTTP_TYPE_STRING)},        {"dn", NULL, MAPIHTTP_TAG(0x3003, MAPIHTTP_TYPE_STRING)},
};
#define PROPERTY_COUNT (sizeof properties / sizeof *properties)

static const uint32_t *tags(void)
{
    static uint32_t list[PROPERTY_COUNT];
    for (size_t i = 0; i < PROPERTY_COUNT; i++)
        list[i] = properties[i].tag;
    return list;
}

static json_t *row_of(const char *name, const char *result, const struct mapihttp_entry *entry)
{
    json_t *row = json_pack("{s:o, s:s}", "name", output_string(name), "result", result);
    if (entry) {
        json_t *values = address_book_row(entry, PROPERTY_COUNT, properties);
        json_object_update(row, values);
        json_decref(values);
    }
    return row;
}

/* Those it may be, a row each; none where there are too many to say. */
static void add_candidates(struct mapihttp_address_book *book, uint32_t container, const char *name, json_t *rows)
{
    struct mapihttp_entries *entries = NULL;
    struct mapihttp_error error;
    if (mapihttp_address_book_search(book, container, name, CANDIDATES_MAX, PROPERTY_COUNT, tags(), &entries, &error) ||
        !mapihttp_entries_count(entries))
        json_array_append_new(rows, row_of(name, "ambiguous", NULL));
    for (size_t i = 0; entries && i < mapihttp_entries_count(entries); i++)
        json_array_append_new(rows, row_of(name, "ambiguous", mapihttp_entries_get(entries, i)));
    mapihttp_entries_free(entries);
}

static int show(const struct connection *connection, json_t *rows, bool as_json)
{
    static const struct output_column columns[] = {{"name", "Name", false}, {"result", "Result", false},
        {"display_name", "Display name", false}, {"smtp_address", "Address", false}, {"alias", "Alias", false}};
    bool good = output_rows(rows, columns, sizeof columns / sizeof *columns, as_json);
    return good ? COMMAND_DONE : command_failed(connection->command, "cannot write");
}

static int resolve(struct connection *connection, struct mapihttp_address_book *book, const char *list, size_t count,
                   const char *const *names, bool as_json)
{
    enum mapihttp_resolution resolutions[NAMES_MAX];
    struct mapihttp_entries *entries;
    struct mapihttp_error error;
    uint32_t container;
    size_t found = 0;
    int status = address_book_container_named(connection, book, list, &container);
    if (status)
        return status;
    if (mapihttp_address_book_resolve(book, container, count, names, PROPERTY_COUNT, tags(), resolutions, &entries, &error))
        return connection_failed(connection, NULL, &error);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        if (resolutions[i] == MAPIHTTP_RESOLVED)
            json_array_append_new(rows, row_of(names[i], "resolved", mapihttp_entries_get(entries, found++)));
        else if (resolutions[i] == MAPIHTTP_AMBIGUOUS)
            add_candidates(book, container, names[i], rows);
        else
            json_array_append_new(rows, row_of(names[i], "unresolved", NULL));
    }
    status = show(connection, rows, as_json);
    mapihttp_entries_free(entries);
    json_decref(rows);
    return status ? status : found == count ? COMMAND_DONE : COMMAND_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    const char *names[NAMES_MAX], *list = NULL;
    size_t count = 0;
    bool as_json = false, words_only = false;
    connection_initialize(&connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = words_only ? 0 : connection_option(&connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!words_only && !strcmp(argv[i], "--json"))
            as_json = true;
        else if (!words_only && !strcmp(argv[i], "--list") && i + 1 < argc)
            list = argv[++i];
        else if (!words_only && !strcmp(argv[i], "--"))
            words_only = true;
        else if (!words_only && argv[i][0] == '-')
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        else if (count == NAMES_MAX)
            return command_usage_error(command, "at most %d names at once", NAMES_MAX);
        else
            names[count++] = argv[i];
    }
    if (!count)
        return command_usage_error(command, "a name is needed");
    struct mapihttp_address_book *book = address_book_open(&connection);
    int status = book ? resolve(&connection, book, list, count, names, as_json) : COMMAND_FAILED;
    mapihttp_address_book_close(book);
    connection_close(&connection);
    return status;
}

const struct command command_resolve = {
    .name = "resolve",
    .summary = "find out whom a name means in the address book",
    .usage = "mapihttp resolve [--list NAME] [--json] NAME...\n"
             "\n"
             "Resolves each name as Outlook does when a recipient is typed: a display name or the beginnings of its words, an\n"
             "alias, '=alias' for exactly that one, an address. A name is resolved (one entry), ambiguous (its candidates\n"
             "are shown) or unresolved. The exit status is 0 when every name is resolved, else 1.\n"
             "\n"
             "  --list NAME             among the entries of this address list instead of all\n"
             "  --json                  as JSON\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
