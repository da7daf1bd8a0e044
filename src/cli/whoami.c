/* mapihttp whoami */
#include "cli/address_book_option.h"
#include "cli/output.h"
#include <string.h>

static const struct address_book_column properties[] = {
    {"display_name", NULL, MAPIHTTP_TAG(0x3001, MAPIHTTP_TYPE_STRING)}, {"smtp_address", NULL, MAPIHTTP_TAG(0x39FE, MAPIHTTP_TYPE_STRING)},
    {"alias", NULL, MAPIHTTP_TAG(0x3A00, MAPIHTTP_TYPE_STRING)},        {"dn", NULL, MAPIHTTP_TAG(0x3003, MAPIHTTP_TYPE_STRING)},
    {"title", NULL, MAPIHTTP_TAG(0x3A17, MAPIHTTP_TYPE_STRING)},        {"department", NULL, MAPIHTTP_TAG(0x3A18, MAPIHTTP_TYPE_STRING)},
    {"proxy_addresses", NULL, MAPIHTTP_TAG(0x800F, MAPIHTTP_TYPE_STRING | MAPIHTTP_TYPE_MULTIPLE)},
};
#define PROPERTY_COUNT (sizeof properties / sizeof *properties)

/* What the mailbox endpoint says: Connect and logon. */
static void add_session(struct mapihttp_session *session, json_t *object)
{
    const struct mapihttp_session_state *state = mapihttp_session_state(session);
    const struct mapihttp_connection *connection = &state->connections[0];
    json_object_set_new(object, "mailbox_dn", output_string(state->user_dn));
    json_object_set_new(object, "mailbox_name", output_string(connection->display_name));
    json_object_set_new(object, "mailbox_url", output_string(state->url));
    json_object_set_new(object, "server", output_string(connection->server_name));
    json_object_set_new(object, "version", output_string(connection->version));
    json_object_set_new(object, "authentication", output_string(connection->authentication));
    json_object_set_new(object, "encrypted", json_boolean(connection->encrypted));
}

/* What the address book says of the mailbox's owner. */
static int add_entry(struct connection *connection, struct mapihttp_address_book *book, const char *dn, json_t *object)
{
    struct mapihttp_entries *entries;
    struct mapihttp_error error;
    uint32_t tags[PROPERTY_COUNT];
    const struct mapihttp_address_book_state *state = mapihttp_address_book_state(book);
    json_object_set_new(object, "address_book_url", output_string(state->url));
    json_object_set_new(object, "address_book_authentication", output_string(state->authentication));
    for (size_t i = 0; i < PROPERTY_COUNT; i++)
        tags[i] = properties[i].tag;
    if (mapihttp_address_book_entry(book, dn, PROPERTY_COUNT, tags, &entries, &error))
        return connection_failed(connection, "address book", &error);
    json_t *row = address_book_row(mapihttp_entries_get(entries, 0), PROPERTY_COUNT, properties);
    json_object_update(object, row);
    json_decref(row);
    mapihttp_entries_free(entries);
    return COMMAND_DONE;
}

static int show(struct connection *connection, struct mapihttp_session *session, bool as_json)
{
    static const struct output_column columns[] = {
        {"display_name", "Display name", false}, {"smtp_address", "Address", false}, {"alias", "Alias", false},
        {"title", "Title", false}, {"department", "Department", false}, {"dn", "Distinguished name", false},
        {"mailbox_url", "Mailbox endpoint", false}, {"address_book_url", "Address book endpoint", false}, {"server", "Server", false},
        {"version", "Version", false}, {"authentication", "Authenticated by", false}, {"encrypted", "Encrypted", false}};
    struct mapihttp_address_book *book = NULL;
    struct mapihttp_error error;
    json_t *object = json_object();
    add_session(session, object);
    int status = COMMAND_DONE;
    if (mapihttp_address_book_open(&connection->options, &book, &error))
        status = connection_failed(connection, "address book", &error);
    else
        status = add_entry(connection, book, mapihttp_session_state(session)->user_dn, object);
    if (!status && !output_object(object, columns, sizeof columns / sizeof *columns, as_json))
        status = command_failed(connection->command, "cannot write");
    mapihttp_address_book_close(book);
    json_decref(object);
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    return connection_run(command, argc, argv, show);
}

const struct command command_whoami = {
    .name = "whoami",
    .summary = "show as whom the server knows somebody, and where",
    .usage = "mapihttp whoami [--json]\n"
             "\n"
             "Finds the server, connects to the mailbox and to the address book, and shows what both say: name, addresses,\n"
             "distinguished name, the endpoints, the server's version, and by which method it was authenticated.\n"
             "\n"
             "  --json                  as JSON, with all addresses\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
