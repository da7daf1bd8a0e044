/* mapihttp watch */
#include "base/filetime.h"
#include "cli/connection.h"
#include "cli/output.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_ATTEMPTS_MAX 400u /* of one request, with up to ten seconds between them: more than an hour without a network */

struct watching {
    bool as_json;
    unsigned long limit, seen;
};

static const struct {
    uint32_t kind;
    const char *name;
} kinds[] = {{MAPIHTTP_EVENT_NEW_MAIL, "new-mail"}, {MAPIHTTP_EVENT_CREATED, "created"}, {MAPIHTTP_EVENT_DELETED, "deleted"},
             {MAPIHTTP_EVENT_MODIFIED, "modified"}, {MAPIHTTP_EVENT_MOVED, "moved"}, {MAPIHTTP_EVENT_COPIED, "copied"},
             {MAPIHTTP_EVENT_SEARCH_COMPLETE, "search-complete"}, {MAPIHTTP_EVENT_GAP, "gap"}};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static void set_id(json_t *object, const char *key, uint64_t id)
{
    char text[ID_TEXT_SIZE];
    if (!id)
        return;
    id_format(id, text);
    json_object_set_new(object, key, json_string(text));
}

static json_t *event_json(const struct mapihttp_event *event)
{
    char time[FILETIME_TEXT_SIZE];
    const char *name = "other";
    filetime_format(filetime_of_unix(filetime_to_unix(filetime_now())), time);
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (event->kind == kinds[i].kind)
            name = kinds[i].name;
    json_t *object = json_pack("{s:s, s:s}", "time", time, "event", name);
    set_id(object, "folder", event->folder_id);
    set_id(object, "message", event->message_id);
    set_id(object, "parent", event->parent_folder_id);
    set_id(object, "old_folder", event->old_folder_id);
    set_id(object, "old_message", event->old_message_id);
    if (event->message_count >= 0)
        json_object_set_new(object, "messages", json_integer(event->message_count));
    if (event->unread_count >= 0)
        json_object_set_new(object, "unread", json_integer(event->unread_count));
    if (*event->message_class)
        json_object_set_new(object, "class", output_string(event->message_class));
    return object;
}

static bool show(void *data, const struct mapihttp_event *event)
{
    struct watching *watching = data;
    json_t *object = event_json(event), *value;
    const char *key;
    bool good = true;
    if (watching->as_json) {
        good = output_line(object);
    } else {
        printf("%s  %-9s", json_string_value(json_object_get(object, "time")), json_string_value(json_object_get(object, "event")));
        json_object_foreach(object, key, value)
        {
            if (!strcmp(key, "time") || !strcmp(key, "event"))
                continue;
            printf("  %s ", key);
            if (json_is_string(value))
                output_text(json_string_value(value), false);
            else
                printf("%lld", (long long)json_integer_value(value));
        }
        putchar('\n');
        good = !fflush(stdout);
    }
    json_decref(object);
    watching->seen++;
    return good && (!watching->limit || watching->seen < watching->limit);
}

static bool add_kinds(uint32_t *set, char *names)
{
    for (char *rest = names, *name; (name = strsep(&rest, ","));) {
        size_t i = 0;
        while (i < KIND_COUNT && strcmp(kinds[i].name, name))
            i++;
        if (i == KIND_COUNT)
            return false;
        *set |= kinds[i].kind;
    }
    return true;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    struct watching watching = {0};
    const char *folder = NULL;
    uint32_t wanted = 0, timeout_ms = 0;
    connection_initialize(&connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&connection, argc, argv, &i);
        char *end;
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        bool valued = i + 1 < argc;
        if (!strcmp(argv[i], "--json")) {
            watching.as_json = true;
        } else if (!strcmp(argv[i], "--events") && valued) {
            if (!add_kinds(&wanted, argv[++i]))
                return command_usage_error(command, "no such event among those given");
        } else if (!strcmp(argv[i], "--count") && valued) {
            watching.limit = strtoul(argv[++i], &end, 10);
            if (*end || !watching.limit)
                return command_usage_error(command, "'%s' is not a number", argv[i]);
        } else if (!strcmp(argv[i], "--for") && valued) {
            double seconds = strtod(argv[++i], &end);
            if (*end || !(seconds > 0) || seconds > 4000000)
                return command_usage_error(command, "'%s' is not a number of seconds", argv[i]);
            timeout_ms = (uint32_t)(seconds * 1000);
        } else if (argv[i][0] != '-' && !folder) {
            folder = argv[i];
        } else {
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        }
    }
    connection.options.attempts_max = WATCH_ATTEMPTS_MAX;
    struct mapihttp_session *session = connection_open(&connection);
    struct mapihttp_error error;
    uint64_t folder_id = 0;
    int status = session ? COMMAND_DONE : COMMAND_FAILED;
    if (!status && folder && mapihttp_folder_find(session, folder, &folder_id, &error))
        status = connection_failed(&connection, folder, &error);
    if (!status) {
        fprintf(stderr, "mapihttp watch: watching %s\n", folder ? folder : "the whole mailbox");
        enum mapihttp_status result = mapihttp_watch(session, folder_id, wanted ? wanted : MAPIHTTP_EVENT_ALL, timeout_ms, show, &watching, &error);
        if (result && result != MAPIHTTP_CANCELLED) /* a signal ends the watch as it should */
            status = connection_failed(&connection, NULL, &error);
    }
    connection_close(&connection);
    return status;
}

const struct command command_watch = {
    .name = "watch",
    .summary = "show what happens in a mailbox, as it happens",
    .usage = "mapihttp watch [FOLDER] [--events EVENT,...] [--count N] [--for SECONDS] [--json]\n"
             "\n"
             "Prints a line for each event in a folder, or in the whole mailbox, until interrupted. A broken network is waited out;\n"
             "where the server had lost the session meanwhile, an event 'gap' says that something may have been missed.\n"
             "\n"
             "  --events EVENT,...      new-mail, created, deleted, modified, moved, copied, search-complete (all)\n"
             "  --count N               ends after N events\n"
             "  --for SECONDS           ends after that time\n"
             "  --json                  each event as a line of JSON\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
