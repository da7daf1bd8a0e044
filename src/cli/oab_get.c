/* mapihttp oab list, get: the files of a server, by the manifest, checked before they count. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/connection.h"
#include "cli/oab_command.h"
#include "cli/output.h"
#include "client/download.h"
#include "oab/details.h"
#include "oab/manifest.h"
#include "oab/mapping.h"
#include "oab/template_file.h"
#include <mapihttp/autodiscover.h>

struct getting {
    const struct command *command;
    struct connection connection;
    struct arena arena;
    struct transport_settings settings;
    struct transport *transport;
    const char *base;     /* of the files, with a slash at the end */
    struct oab_manifest manifest;
    const char *folder;
    int folder_fd;
    bool full, as_json;
    bool with_templates;
    uint32_t language;
};

/* --- the manifest --- */

static int find_base(struct getting *getting)
{
    struct mapihttp_options *options = &getting->connection.options;
    struct mapihttp_error error;
    const char *base = options->url;
    struct mapihttp_autodiscover *found = NULL;
    if (!base) {
        if (mapihttp_autodiscover(options, &found, &error))
            return connection_failed(&getting->connection, NULL, &error);
        base = mapihttp_autodiscover_endpoints(found)->offline_address_book_url;
    }
    size_t size = strlen(base);
    if (size)
        getting->base = arena_format(&getting->arena, "%s%s", base, base[size - 1] == '/' ? "" : "/");
    mapihttp_autodiscover_free(found);
    if (!size)
        return command_failed(getting->command, "the server names no offline address book for this mailbox");
    return getting->base ? COMMAND_DONE : command_failed(getting->command, "no memory");
}

static int read_manifest(struct getting *getting)
{
    struct mapihttp_error error;
    struct buffer xml = {0};
    const char *url = arena_format(&getting->arena, "%s" OAB_MANIFEST_NAME, getting->base);
    if (!url)
        return command_failed(getting->command, "no memory");
    if (client_download_text(getting->transport, url, &xml, &error))
        return connection_failed(&getting->connection, NULL, &error);
    bool read = oab_manifest_read(&getting->arena, buffer_bytes(&xml), &getting->manifest);
    buffer_free(&xml);
    return read ? COMMAND_DONE : command_failed(getting->command, "%s is no manifest of an offline address book", url);
}

static int open_server(struct getting *getting)
{
    int status = connection_prepare(&getting->connection);
    if (status)
        return status;
    if (!transport_settings_copy(&getting->connection.options, &getting->settings))
        return command_failed(getting->command, "no memory");
    getting->transport = transport_new(&getting->settings, NULL);
    if (!getting->transport)
        return command_failed(getting->command, "no memory");
    status = find_base(getting);
    return status ? status : read_manifest(getting);
}

static void close_server(struct getting *getting)
{
    transport_free(getting->transport);
    transport_settings_clear(&getting->settings);
    connection_close(&getting->connection);
    arena_free(&getting->arena);
}

/* --- list --- */

static const char *const kind_names[] = {[OAB_FULL] = "full", [OAB_DIFFERENCE] = "patch", [OAB_TEMPLATE] = "template"};

static json_t *file_json(const struct oab_list *list, const struct oab_file *file)
{
    char language[8] = "";
    if (file->kind == OAB_TEMPLATE)
        snprintf(language, sizeof language, "%04x", file->language);
    return json_pack("{s:o, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "list", output_string(list->name), "kind",
                     kind_names[file->kind], "sequence", (json_int_t)file->sequence, "size", (json_int_t)file->size, "content_size",
                     (json_int_t)file->content_size, "language", language, "platform",
                     file->kind == OAB_TEMPLATE ? (file->platform == OAB_MAC ? "mac" : "windows") : "", "sha1", file->hash, "name",
                     file->name);
}

static int list_files(const struct getting *getting)
{
    static const struct output_column columns[] = {
        {"list", "List", false}, {"kind", "Kind", false}, {"sequence", "Sequence", true}, {"size", "Size", true},
        {"content_size", "Unpacked", true}, {"language", "Language", false}, {"platform", "Platform", false}, {"name", "Name", false},
    };
    json_t *rows = json_array();
    for (uint32_t i = 0; i < getting->manifest.list_count; i++)
        for (uint32_t j = 0; j < getting->manifest.lists[i].file_count; j++)
            json_array_append_new(rows, file_json(&getting->manifest.lists[i], &getting->manifest.lists[i].files[j]));
    bool good = output_rows(rows, columns, sizeof columns / sizeof *columns, getting->as_json);
    json_decref(rows);
    return good ? COMMAND_DONE : command_failed(getting->command, "cannot write");
}

/* --- single files into the folder --- */

static int fail_errno(const struct getting *getting, const char *name)
{
    return command_failed(getting->command, "%s/%s: %s", getting->folder, name, strerror(errno));
}

/* Downloads under '<name>.part', which is taken up again where an earlier call broke off, and checks size and hash. */
static int download(struct getting *getting, const struct oab_file *file, struct oab_mapping *ret_mapping)
{
    struct mapihttp_error error;
    char hash[OAB_HASH_TEXT_SIZE] = "";
    const char *part = arena_format(&getting->arena, "%s.part", file->name);
    const char *url = arena_format(&getting->arena, "%s%s", getting->base, file->name);
    if (!part || !url)
        return command_failed(getting->command, "no memory");
    for (unsigned attempt = 0; attempt < 2; attempt++) { /* the second one without what was there */
        int fd = openat(getting->folder_fd, part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (attempt ? O_TRUNC : 0), 0666);
        if (fd < 0)
            return fail_errno(getting, part);
        bool resumed = lseek(fd, 0, SEEK_END) > 0;
        enum mapihttp_status status = client_download_file(getting->transport, url, fd, file->size, &error);
        bool mapped = status == MAPIHTTP_OK && oab_mapping_of(fd, ret_mapping);
        close(fd);
        if (mapped) {
            oab_hash(ret_mapping->bytes, hash);
            if (ret_mapping->bytes.size == file->size && strcmp(hash, file->hash) == 0) {
                unlinkat(getting->folder_fd, part, 0); /* the mapping holds it */
                return COMMAND_DONE;
            }
            oab_mapping_close(ret_mapping);
        } else if (status != MAPIHTTP_OK && !(resumed && status == MAPIHTTP_PROTOCOL)) {
            return connection_failed(&getting->connection, NULL, &error);
        }
    }
    unlinkat(getting->folder_fd, part, 0);
    return command_failed(getting->command, "%s: its hash is %s, not %s as the manifest says", url, *hash ? hash : "unknown", file->hash);
}

/* A new file in place of 'name', made by one of the two ways from mappings. */
static int replace(struct getting *getting, const char *name, struct bytes file, const struct oab_mapping *old_content)
{
    const char *making = arena_format(&getting->arena, "%s.new", name);
    int fd = making ? openat(getting->folder_fd, making, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666) : -1;
    if (fd < 0)
        return fail_errno(getting, name);
    enum oab_status status = old_content ? oab_apply_patch(file, old_content->bytes, fd) : oab_expand(file, fd);
    bool settled = status == OAB_OK && fsync(fd) == 0;
    close(fd);
    if (settled && renameat(getting->folder_fd, making, getting->folder_fd, name) == 0)
        return COMMAND_DONE;
    unlinkat(getting->folder_fd, making, 0);
    return command_failed(getting->command, "%s/%s: %s", getting->folder, name,
                          status == OAB_OK ? strerror(errno) : oab_status_text(status));
}

/* --- a list --- */

static const char *details_name(struct getting *getting, const struct oab_list *list)
{
    return arena_format(&getting->arena, "%s.oab", list->id);
}

/* The generation that the folder has; 0 for none of that list. */
static uint32_t sequence_here(struct getting *getting, const struct oab_list *list, const char *name)
{
    struct oab_mapping mapping;
    struct oab_details details;
    if (!oab_mapping_open(getting->folder_fd, name, &mapping))
        return 0;
    uint32_t sequence = 0;
    if (oab_details_open(&getting->arena, mapping.bytes, &details) == OAB_OK && text_equal_ignoring_case(details.container, list->id))
        sequence = details.sequence;
    oab_mapping_close(&mapping);
    return sequence;
}

/* Whether patches lead from 'sequence' to the newest generation, and are smaller than its file. */
static bool patches_lead(const struct oab_list *list, uint32_t sequence, const struct oab_file *full)
{
    uint64_t size = 0;
    if (sequence == 0 || sequence >= full->sequence)
        return false;
    for (uint32_t next = sequence + 1; next <= full->sequence && next; next++) {
        const struct oab_file *file = oab_list_find(list, OAB_DIFFERENCE, next, 0, OAB_WINDOWS);
        if (!file)
            return false;
        size += file->size;
    }
    return size < full->size;
}

static int apply_patches(struct getting *getting, const struct oab_list *list, const char *name, uint32_t sequence,
                         const struct oab_file *full)
{
    for (uint32_t next = sequence + 1; next <= full->sequence; next++) {
        struct oab_mapping patch, old_content;
        int status = download(getting, oab_list_find(list, OAB_DIFFERENCE, next, 0, OAB_WINDOWS), &patch);
        if (status)
            return status;
        if (oab_mapping_open(getting->folder_fd, name, &old_content)) {
            status = replace(getting, name, patch.bytes, &old_content);
            oab_mapping_close(&old_content);
        } else {
            status = fail_errno(getting, name);
        }
        oab_mapping_close(&patch);
        if (status)
            return status;
    }
    return COMMAND_DONE;
}

static int get_full(struct getting *getting, const char *name, const struct oab_file *full)
{
    struct oab_mapping file;
    int status = download(getting, full, &file);
    if (status)
        return status;
    status = replace(getting, name, file.bytes, NULL);
    oab_mapping_close(&file);
    return status;
}

static int verify(struct getting *getting, const struct oab_list *list, const char *name, const char *way)
{
    struct oab_mapping mapping;
    struct oab_details details;
    const char *problem = NULL;
    if (!oab_mapping_open(getting->folder_fd, name, &mapping))
        return fail_errno(getting, name);
    bool good = oab_details_verify(mapping.bytes, &problem) == OAB_OK
        && oab_details_open(&getting->arena, mapping.bytes, &details) == OAB_OK;
    size_t size = mapping.bytes.size;
    oab_mapping_close(&mapping);
    if (!good)
        return command_failed(getting->command, "%s/%s: %s", getting->folder, name, problem ? problem : "not readable");
    output_text(list->name, false);
    printf(": generation %u, %u entries, %zu bytes (%s): %s/%s\n", details.sequence, details.record_count, size, way, getting->folder, name);
    return COMMAND_DONE;
}

static int get_templates(struct getting *getting, const struct oab_list *list, const struct oab_file *full)
{
    const struct oab_file *file = oab_list_find(list, OAB_TEMPLATE, full->sequence, getting->language, OAB_WINDOWS);
    struct oab_mapping mapping;
    if (!file)
        return command_failed(getting->command, "there are no templates of language %04x", getting->language);
    const char *name = arena_format(&getting->arena, "%s-lng%04x.oab", list->id, getting->language);
    if (!name)
        return command_failed(getting->command, "no memory");
    int status = download(getting, file, &mapping);
    if (status)
        return status;
    status = replace(getting, name, mapping.bytes, NULL);
    oab_mapping_close(&mapping);
    if (status == COMMAND_DONE)
        printf("templates of language %04x: %s/%s\n", getting->language, getting->folder, name);
    return status;
}

static int get_list(struct getting *getting, const struct oab_list *list)
{
    const struct oab_file *full = oab_list_newest(list);
    const char *name = details_name(getting, list), *way = "was here already";
    if (!full || full->version != OAB_DETAILS_VERSION || !name)
        return command_failed(getting->command, "list %s has no file of version 4", list->id);
    uint32_t here = getting->full ? 0 : sequence_here(getting, list, name);
    int status = COMMAND_DONE;
    if (patches_lead(list, here, full)) {
        way = "by patches";
        status = apply_patches(getting, list, name, here, full);
        here = status == COMMAND_DONE ? full->sequence : 0; /* what came of it may be of use; if not, the whole is */
    }
    if (here != full->sequence) {
        way = "whole";
        status = get_full(getting, name, full);
    }
    if (status == COMMAND_DONE)
        status = verify(getting, list, name, way);
    if (status == COMMAND_DONE && getting->with_templates)
        status = get_templates(getting, list, full);
    return status;
}

static int get_all(struct getting *getting)
{
    if (mkdir(getting->folder, 0777) != 0 && errno != EEXIST)
        return command_failed(getting->command, "%s: %s", getting->folder, strerror(errno));
    getting->folder_fd = open(getting->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (getting->folder_fd < 0)
        return command_failed(getting->command, "%s: %s", getting->folder, strerror(errno));
    int status = COMMAND_DONE;
    for (uint32_t i = 0; i < getting->manifest.list_count && status == COMMAND_DONE; i++)
        status = get_list(getting, &getting->manifest.lists[i]);
    close(getting->folder_fd);
    return status;
}

/* --- words --- */

static int take_word(struct getting *getting, int argc, char **argv, int *index, bool with_folder)
{
    const char *word = argv[*index];
    int taken = connection_option(&getting->connection, argc, argv, index);
    if (taken)
        return taken < 0 ? COMMAND_USAGE : COMMAND_DONE;
    if (strcmp(word, "--json") == 0 && !with_folder) {
        getting->as_json = true;
    } else if (strcmp(word, "--full") == 0 && with_folder) {
        getting->full = true;
    } else if (strcmp(word, "--language") == 0 && with_folder) {
        char *end = NULL;
        getting->with_templates = true;
        if (*index + 1 == argc)
            return command_usage_error(getting->command, "--language needs an LCID, such as 0409");
        getting->language = (uint32_t)strtoul(argv[++*index], &end, 16);
        if (*end || !getting->language || getting->language > 0xFFFF)
            return command_usage_error(getting->command, "'%s' is not an LCID", argv[*index]);
    } else if (with_folder && word[0] != '-' && !getting->folder) {
        getting->folder = word;
    } else {
        return command_usage_error(getting->command, "'%s' is not understood", word);
    }
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv, bool with_folder, int (*act)(struct getting *getting))
{
    struct getting getting = {.command = command};
    connection_initialize(&getting.connection, command);
    for (int i = 1; i < argc; i++) {
        int status = take_word(&getting, argc, argv, &i, with_folder);
        if (status)
            return status;
    }
    if (with_folder && !getting.folder)
        return command_usage_error(command, "into which folder?");
    int status = open_server(&getting);
    if (status == COMMAND_DONE)
        status = act(&getting);
    close_server(&getting);
    return status;
}

static int list(struct getting *getting)
{
    return list_files(getting);
}

int oab_list_run(const struct command *command, int argc, char **argv)
{
    return run(command, argc, argv, false, list);
}

int oab_get_run(const struct command *command, int argc, char **argv)
{
    return run(command, argc, argv, true, get_all);
}
