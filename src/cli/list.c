/* mapihttp list */
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/property_json.h"
#include "protocol/property_tags.h"
#include <stdlib.h>
#include <string.h>

#define LIST_COLUMNS_MAX 64u
#define LIST_SORTS_MAX 8u
#define LIST_CONDITIONS_MAX 16u
#define MESSAGE_FLAG_READ 0x1

struct listing {
    struct mapihttp_query query;
    uint32_t columns[LIST_COLUMNS_MAX];
    struct mapihttp_sort sorts[LIST_SORTS_MAX];
    struct mapihttp_condition conditions[LIST_CONDITIONS_MAX];
    struct output_column shown[LIST_COLUMNS_MAX + 1];
    bool own_columns;
    bool as_json;
    unsigned long limit;
    const char *folder;
};

static bool add_sort(struct listing *listing, char *text)
{
    char *order = strchr(text, ':');
    if (order)
        *order++ = 0;
    uint32_t tag = mapihttp_property_tag_parse(text);
    if (!tag || listing->query.sort_count == LIST_SORTS_MAX || (order && strcmp(order, "desc") && strcmp(order, "asc")))
        return false;
    listing->sorts[listing->query.sort_count++] = (struct mapihttp_sort){.tag = tag, .descending = order && !strcmp(order, "desc")};
    return true;
}

/* NAME=VALUE, NAME!=VALUE, NAME<VALUE, NAME<=VALUE, NAME>VALUE, NAME>=VALUE, NAME~TEXT, NAME^TEXT, NAME */
static bool add_condition(struct listing *listing, char *text)
{
    if (listing->query.condition_count == LIST_CONDITIONS_MAX)
        return false;
    struct mapihttp_condition *condition = &listing->conditions[listing->query.condition_count];
    char *at = text + strcspn(text, "=!<>~^"), *value = at + 1;
    char operator = *at;
    *at = 0;
    bool equal = operator && *value == '=';
    value += equal;
    switch (operator) {
    case '=': condition->relation = MAPIHTTP_EQUAL; break;
    case '!': condition->relation = MAPIHTTP_NOT_EQUAL; break;
    case '<': condition->relation = equal ? MAPIHTTP_LESS_OR_EQUAL : MAPIHTTP_LESS; break;
    case '>': condition->relation = equal ? MAPIHTTP_GREATER_OR_EQUAL : MAPIHTTP_GREATER; break;
    case '~': condition->relation = MAPIHTTP_CONTAINS; break;
    case '^': condition->relation = MAPIHTTP_STARTS_WITH; break;
    default: condition->relation = MAPIHTTP_EXISTS;
    }
    uint32_t tag = mapihttp_property_tag_parse(text);
    condition->value.tag = tag;
    listing->query.condition_count++;
    return tag && (operator != '!' || equal) && (!operator || property_parse(tag, value, &condition->value));
}

static bool add_columns(struct listing *listing, char *names)
{
    listing->own_columns = true;
    for (char *rest = names, *name; (name = strsep(&rest, ","));) {
        uint32_t tag = mapihttp_property_tag_parse(name);
        if (!tag || listing->query.column_count == LIST_COLUMNS_MAX)
            return false;
        listing->shown[listing->query.column_count + 1] = (struct output_column){.key = name, .title = name, .right = false};
        listing->columns[listing->query.column_count++] = tag;
    }
    return true;
}

static void use_default_columns(struct listing *listing)
{
    static const struct {
        uint32_t tag;
        struct output_column column;
    } defaults[] = {
        {PID_TAG_MESSAGE_DELIVERY_TIME, {"received", "Received", false}}, {PID_TAG_SENDER_NAME, {"from", "From", false}},
        {PID_TAG_SUBJECT, {"subject", "Subject", false}},                 {PID_TAG_MESSAGE_SIZE, {"size", "Size", true}},
        {PID_TAG_MESSAGE_FLAGS, {"flags", "Flags", true}},                {PID_TAG_HAS_ATTACHMENTS, {"attachments", "Attachments", false}},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        listing->shown[i + 1] = defaults[i].column;
        listing->columns[i] = defaults[i].tag;
        listing->query.column_count++;
    }
    if (!listing->query.sort_count)
        listing->sorts[listing->query.sort_count++] = (struct mapihttp_sort){.tag = PID_TAG_MESSAGE_DELIVERY_TIME, .descending = true};
}

static json_t *row_of(const struct listing *listing, const struct mapihttp_row *row)
{
    char id[ID_TEXT_SIZE];
    id_format(row->message_id, id);
    json_t *object = json_pack("{s:s}", "id", id);
    for (size_t i = 0; i < row->property_count; i++) {
        const struct mapihttp_property *property = &row->properties[i];
        bool absent = MAPIHTTP_TAG_TYPE(property->tag) == MAPIHTTP_TYPE_ERROR;
        json_object_set_new(object, listing->shown[i + 1].key, absent ? json_null() : property_json(property));
        if (!listing->own_columns && listing->columns[i] == PID_TAG_MESSAGE_FLAGS && !absent)
            json_object_set_new(object, "unread", json_boolean(!(property->integer32 & MESSAGE_FLAG_READ)));
    }
    return object;
}

static int list(struct connection *connection, struct mapihttp_session *session, struct listing *listing)
{
    struct mapihttp_error error;
    struct mapihttp_table *table;
    uint64_t folder;
    if (mapihttp_folder_find(session, listing->folder, &folder, &error) ||
        mapihttp_table_open(session, folder, &listing->query, &table, &error))
        return connection_failed(connection, listing->folder, &error);
    json_t *rows = json_array();
    int status = COMMAND_DONE;
    for (unsigned long i = 0; !listing->limit || i < listing->limit; i++) {
        const struct mapihttp_row *row;
        if (mapihttp_table_next(table, &row, &error)) {
            status = connection_failed(connection, listing->folder, &error);
            break;
        }
        if (!row)
            break;
        json_array_append_new(rows, row_of(listing, row));
    }
    mapihttp_table_close(table);
    listing->shown[0] = (struct output_column){"id", "Id", false};
    size_t column_count = listing->query.column_count + 1;
    if (!listing->own_columns && !listing->as_json) /* people see whether it is unread, not the flags */
        listing->shown[5] = (struct output_column){"unread", "Unread", false};
    if (!status && !output_rows(rows, listing->shown, column_count, listing->as_json))
        status = command_failed(connection->command, "cannot write");
    json_decref(rows);
    return status;
}

static int take_option(struct listing *listing, const struct command *command, int argc, char **argv, int *index)
{
    char *word = argv[*index], *value = *index + 1 < argc ? argv[*index + 1] : NULL;
    if (!strcmp(word, "--json")) {
        listing->as_json = true;
        return COMMAND_DONE;
    }
    if (!strcmp(word, "--associated")) {
        listing->query.associated = true;
        return COMMAND_DONE;
    }
    if (word[0] != '-') {
        if (listing->folder)
            return command_usage_error(command, "one folder at a time");
        listing->folder = word;
        return COMMAND_DONE;
    }
    if (!value)
        return command_usage_error(command, "'%s' is not understood, or needs a value", word);
    ++*index;
    char *end = NULL; /* what follows cuts the word in pieces: argv is ours to change (C11 5.1.2.2.1) */
    if (!strcmp(word, "--sort") && add_sort(listing, value))
        return COMMAND_DONE;
    if (!strcmp(word, "--where") && add_condition(listing, value))
        return COMMAND_DONE;
    if (!strcmp(word, "--columns") && add_columns(listing, value))
        return COMMAND_DONE;
    if (!strcmp(word, "--limit") && (listing->limit = strtoul(value, &end, 10)) && !*end)
        return COMMAND_DONE;
    return command_usage_error(command, "'%s %s' is not understood", word, value);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    struct listing listing = {0};
    listing.query = (struct mapihttp_query){.columns = listing.columns, .sorts = listing.sorts, .conditions = listing.conditions};
    connection_initialize(&connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&connection, argc, argv, &i);
        if (taken < 0 || (!taken && take_option(&listing, command, argc, argv, &i)))
            return COMMAND_USAGE;
    }
    if (!listing.folder)
        listing.folder = "inbox";
    if (!listing.own_columns)
        use_default_columns(&listing);
    struct mapihttp_session *session = connection_open(&connection);
    int status = session ? list(&connection, session, &listing) : COMMAND_FAILED;
    connection_close(&connection);
    return status;
}

const struct command command_list = {
    .name = "list",
    .summary = "show the messages of a folder",
    .usage = "mapihttp list [FOLDER] [--sort PROPERTY[:desc]]... [--where CONDITION]... [--columns PROPERTY,...] [--limit N] [--json]\n"
             "\n"
             "Shows the messages of a folder (the Inbox), the newest first. Properties are named as the specifications do, with or\n"
             "without 'PidTag', or as 0x0037001F.\n"
             "\n"
             "  --sort PROPERTY[:desc]  order; may be given several times\n"
             "  --where CONDITION       Subject=TEXT, Subject~PART, Subject^BEGINNING, MessageSize>100000, != < <= >=, or a property\n"
             "                          alone for those that have it; all must hold\n"
             "  --columns PROPERTY,...  what to show instead of the usual\n"
             "  --limit N               no more than N messages\n"
             "  --associated            the folder's hidden messages\n"
             "  --json                  as JSON\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
