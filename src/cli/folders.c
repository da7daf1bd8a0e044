/* mapihttp folders */
#include "cli/connection.h"
#include "cli/output.h"
#include <string.h>

static json_t *row_of(const struct mapihttp_folder *folder)
{
    char id[ID_TEXT_SIZE];
    id_format(folder->id, id);
    return json_pack("{s:o, s:s, s:i, s:i, s:o, s:b, s:b, s:i}", "path", output_string(folder->path), "id", id,
                     "messages", (int)folder->message_count, "unread", (int)folder->unread_count, "class",
                     output_string(folder->container_class), "hidden", folder->hidden, "subfolders", folder->has_subfolders,
                     "depth", (int)folder->depth);
}

static int list(struct connection *connection, struct mapihttp_session *session, bool all, bool as_json)
{
    static const struct output_column columns[] = {{"path", "Folder", false}, {"messages", "Messages", true}, {"unread", "Unread", true},
                                                   {"class", "Class", false}, {"id", "Id", false}};
    struct mapihttp_folders *folders;
    struct mapihttp_error error;
    uint64_t below = mapihttp_special_folder(session, all ? MAPIHTTP_FOLDER_ROOT : MAPIHTTP_FOLDER_TOP);
    if (mapihttp_folders_list(session, below, &folders, &error))
        return connection_failed(connection, NULL, &error);
    json_t *rows = json_array();
    for (size_t i = 0; i < mapihttp_folders_count(folders); i++) {
        const struct mapihttp_folder *folder = mapihttp_folders_get(folders, i);
        if (all || !folder->hidden)
            json_array_append_new(rows, row_of(folder));
    }
    mapihttp_folders_free(folders);
    bool good = output_rows(rows, columns, sizeof columns / sizeof *columns, as_json);
    json_decref(rows);
    return good ? COMMAND_DONE : command_failed(connection->command, "cannot write");
}

static int create(struct connection *connection, struct mapihttp_session *session, const char *path)
{
    uint64_t id;
    char text[ID_TEXT_SIZE];
    struct mapihttp_error error;
    if (mapihttp_folder_make_path(session, path, &id, &error))
        return connection_failed(connection, path, &error);
    id_format(id, text);
    json_t *made = json_pack("{s:o, s:s}", "path", output_string(path), "id", text);
    bool good = output_line(made);
    json_decref(made);
    return good ? COMMAND_DONE : command_failed(connection->command, "cannot write");
}

static int delete(struct connection *connection, struct mapihttp_session *session, const char *path)
{
    struct mapihttp_folders *folders;
    struct mapihttp_error error;
    uint64_t id, parent = 0;
    if (mapihttp_folder_find(session, path, &id, &error) ||
        mapihttp_folders_list(session, mapihttp_special_folder(session, MAPIHTTP_FOLDER_ROOT), &folders, &error))
        return connection_failed(connection, path, &error);
    for (size_t i = 0; i < mapihttp_folders_count(folders); i++)
        if (mapihttp_folders_get(folders, i)->id == id)
            parent = mapihttp_folders_get(folders, i)->parent_id;
    mapihttp_folders_free(folders);
    if (mapihttp_folder_delete(session, parent, id, &error))
        return connection_failed(connection, path, &error);
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    bool as_json = false, all = false;
    const char *made = NULL, *gone = NULL;
    connection_initialize(&connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--json"))
            as_json = true;
        else if (!strcmp(argv[i], "--all"))
            all = true;
        else if (!strcmp(argv[i], "--create") && i + 1 < argc)
            made = argv[++i];
        else if (!strcmp(argv[i], "--delete") && i + 1 < argc)
            gone = argv[++i];
        else
            return command_usage_error(command, "'%s' is not understood", argv[i]);
    }
    struct mapihttp_session *session = connection_open(&connection);
    int status = !session ? COMMAND_FAILED : made ? create(&connection, session, made) : gone ? delete(&connection, session, gone)
                                                                                          : list(&connection, session, all, as_json);
    connection_close(&connection);
    return status;
}

const struct command command_folders = {
    .name = "folders",
    .summary = "show, create or delete the folders of a mailbox",
    .usage = "mapihttp folders [--all] [--json]\n"
             "mapihttp folders --create PATH\n"
             "mapihttp folders --delete PATH\n"
             "\n"
             "Shows the folders of a mailbox with their numbers of messages. A path is written with '/', from the top of what\n"
             "people see: Inbox/Projects. A '/' inside a name is written '\\/'.\n"
             "\n"
             "  --all                   also hidden folders and those outside of what people see\n"
             "  --create PATH           creates the folder and what is missing above it\n"
             "  --delete PATH           deletes the folder with everything in it, for good\n"
             "  --json                  as JSON\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
