/* mapihttp oab verify, print: files of offline address books on this machine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/oab_command.h"
#include "cli/output.h"
#include "oab/details.h"
#include "oab/manifest.h"
#include "oab/mapping.h"
#include "oab/template_file.h"
#include <mapihttp/property.h>

/* --- what is inside of a file --- */

/* The content of a compressed file in a file without a name; that of any other as it is. */
static enum oab_status open_content(const struct oab_mapping *file, struct oab_mapping *ret_content)
{
    uint32_t size;
    if (oab_content_size(file->bytes, &size) != OAB_OK) {
        *ret_content = (struct oab_mapping){file->bytes};
        return OAB_OK;
    }
    FILE *target = tmpfile();
    if (!target)
        return OAB_FAILED;
    enum oab_status status = oab_expand(file->bytes, fileno(target));
    if (status == OAB_OK && !oab_mapping_of(fileno(target), ret_content))
        status = OAB_FAILED;
    fclose(target);
    return status;
}

static void close_content(const struct oab_mapping *file, struct oab_mapping *content)
{
    if (content->bytes.data != file->bytes.data)
        oab_mapping_close(content);
}

/* --- verify --- */

/* What is wrong with a file; NULL for nothing. 'ret_what' says what it is. */
static const char *problem_of(struct arena *arena, struct bytes content, const char **ret_what)
{
    struct oab_details details;
    struct oab_templates templates;
    const char *problem = NULL;
    if (content.size >= 4 && load_u32(content.data) == OAB_TEMPLATE_VERSION) {
        *ret_what = "display templates";
        return oab_template_file_read(arena, content, &templates) ? NULL : "a display template file that is not well formed";
    }
    if (oab_details_verify(content, &problem) != OAB_OK)
        return problem ? problem : "it cannot be read";
    if (oab_details_open(arena, content, &details) == OAB_OK)
        *ret_what = arena_format(arena, "generation %u, %u entries", details.sequence, details.record_count);
    return NULL;
}

static int verify_mapping(const struct command *command, const char *path, const struct oab_mapping *file, bool told)
{
    struct arena arena = {0};
    struct oab_mapping content = {BYTES_NONE};
    const char *what = NULL, *problem = NULL;
    if (oab_is_patch(file->bytes)) {
        what = "a patch; what it makes can be checked with the file it is for";
    } else {
        enum oab_status status = open_content(file, &content);
        problem = status == OAB_OK ? problem_of(&arena, content.bytes, &what) : oab_status_text(status);
        if (status == OAB_OK)
            close_content(file, &content);
    }
    if (!problem && told)
        printf("%s: good: %s\n", path, what ? what : "");
    int result = problem ? command_failed(command, "%s: %s", path, problem) : COMMAND_DONE;
    arena_free(&arena);
    return result;
}

static int verify_file(const struct command *command, const char *path)
{
    struct oab_mapping file;
    if (!oab_mapping_open(AT_FDCWD, path, &file))
        return command_failed(command, "%s: %s", path, strerror(errno));
    int result = verify_mapping(command, path, &file, true);
    oab_mapping_close(&file);
    return result;
}

static int verify_listed(const struct command *command, const char *folder, const struct oab_file *listed)
{
    char path[4096], hash[OAB_HASH_TEXT_SIZE];
    struct oab_mapping file;
    snprintf(path, sizeof path, "%s/%s", folder, listed->name);
    if (!oab_mapping_open(AT_FDCWD, path, &file))
        return command_failed(command, "%s: %s", path, strerror(errno));
    oab_hash(file.bytes, hash);
    int result = file.bytes.size != listed->size ? command_failed(command, "%s: its size is not that of the manifest", path)
        : strcmp(hash, listed->hash) != 0        ? command_failed(command, "%s: its hash is not that of the manifest", path)
                                                 : verify_mapping(command, path, &file, listed->kind == OAB_FULL);
    oab_mapping_close(&file);
    return result;
}

/* All that the manifest names; every complaint is made. */
static int verify_manifest(const struct command *command, const char *folder, const struct oab_manifest *manifest)
{
    int result = COMMAND_DONE;
    unsigned count = 0;
    for (uint32_t i = 0; i < manifest->list_count; i++)
        for (uint32_t j = 0; j < manifest->lists[i].file_count; j++, count++)
            if (verify_listed(command, folder, &manifest->lists[i].files[j]))
                result = COMMAND_FAILED;
    if (result == COMMAND_DONE)
        printf("%s: %u files as the manifest says\n", folder, count);
    return result;
}

/* What 'get' has made: all files called .oab. */
static int verify_unlisted(const struct command *command, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), result = COMMAND_DONE;
    unsigned found = 0;
    if (count < 0)
        return command_failed(command, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char path[4096];
        size_t size = strlen(entries[i]->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (size > 4 && strcmp(entries[i]->d_name + size - 4, ".oab") == 0) {
            found++;
            if (verify_file(command, path))
                result = COMMAND_FAILED;
        }
        free(entries[i]);
    }
    free(entries);
    return found ? result : command_failed(command, "%s: there is no manifest and no book in it", folder);
}

static int verify_folder(const struct command *command, const char *folder)
{
    struct arena arena = {0};
    struct oab_manifest manifest;
    struct oab_mapping file;
    int result;
    const char *path = arena_format(&arena, "%s/" OAB_MANIFEST_NAME, folder);
    if (!path || !oab_mapping_open(AT_FDCWD, path, &file)) {
        result = errno == ENOENT ? verify_unlisted(command, folder)
                                 : command_failed(command, "%s: %s", path ? path : folder, strerror(errno));
    } else {
        result = oab_manifest_read(&arena, file.bytes, &manifest) ? verify_manifest(command, folder, &manifest)
                                                                  : command_failed(command, "%s: it is no manifest", path);
        oab_mapping_close(&file);
    }
    arena_free(&arena);
    return result;
}

int oab_verify_run(const struct command *command, int argc, char **argv)
{
    int result = COMMAND_DONE;
    if (argc < 2)
        return command_usage_error(command, "which file or folder?");
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (argv[i][0] == '-')
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        bool folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        if (folder ? verify_folder(command, argv[i]) : verify_file(command, argv[i]))
            result = COMMAND_FAILED;
    }
    return result;
}

/* --- print --- */

static json_t *bytes_json(struct bytes bytes)
{
    char *text = malloc(2 * bytes.size + 1);
    if (!text)
        return json_null();
    for (size_t i = 0; i < bytes.size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes.data[i]);
    text[2 * bytes.size] = 0;
    json_t *value = json_string(text);
    free(text);
    return value;
}

static json_t *item_json(uint32_t type, struct bytes item)
{
    if ((type & ~0x1000u) == 0x0102)
        return bytes_json(item);
    char *text = strndup((const char *)item.data, item.size);
    json_t *value = text ? output_string(text) : json_null();
    free(text);
    return value;
}

static json_t *value_json(uint32_t tag, const struct oab_value *value)
{
    uint32_t type = tag & 0xFFFF;
    if (type == 0x000B)
        return json_boolean(value->number);
    if (type == 0x0003)
        return json_integer(value->number);
    if (!(type & 0x1000))
        return item_json(type, value->items[0]);
    json_t *array = json_array();
    for (uint32_t i = 0; i < value->count; i++)
        json_array_append_new(array, value->numbers ? json_integer(value->numbers[i]) : item_json(type, value->items[i]));
    return array;
}

static void name_of(uint32_t tag, char *ret_name, size_t size)
{
    const char *name = mapihttp_property_tag_name(tag);
    if (!name && (tag & 0xFFFF) == 0x1E)
        name = mapihttp_property_tag_name(tag + 1);
    if (name)
        snprintf(ret_name, size, "%s", name);
    else
        snprintf(ret_name, size, "0x%08X", tag);
}

static void print_text(const char *name, const json_t *value)
{
    char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    printf("%s: ", name);
    output_text(dumped ? dumped : json_is_string(value) ? json_string_value(value) : "", false);
    putchar('\n');
    free(dumped);
}

static bool print_entry(const struct oab_details *details, const struct oab_value *values, bool as_json)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < details->property_count; i++) {
        char name[96];
        if (!values[i].present)
            continue;
        name_of(details->properties[i].tag, name, sizeof name);
        json_t *value = value_json(details->properties[i].tag, &values[i]);
        if (!as_json)
            print_text(name, value);
        json_object_set_new(object, name, value);
    }
    bool good = !as_json || output_line(object);
    if (!as_json)
        putchar('\n');
    json_decref(object);
    return good && !ferror(stdout);
}

static int print_details(const struct command *command, const char *path, struct bytes content, bool as_json)
{
    struct arena arena = {0}, record_arena = {0};
    struct oab_details details;
    int result = COMMAND_DONE;
    if (oab_details_open(&arena, content, &details) != OAB_OK) {
        result = command_failed(command, "%s: it is no details file of version 4", path);
    } else if (!as_json) {
        output_text(details.name, false);
        printf(", generation %u, %u entries, %s\n\n", details.sequence, details.record_count, details.container);
    }
    size_t offset = result == COMMAND_DONE ? details.header_end : 0;
    for (uint32_t i = 0; result == COMMAND_DONE && i < details.record_count; i++) {
        const struct oab_value *values;
        if (oab_details_read(&record_arena, &details, &offset, &values) != OAB_OK)
            result = command_failed(command, "%s: entry %u is not well formed", path, i);
        else if (!print_entry(&details, values, as_json))
            result = command_failed(command, "cannot write");
        arena_reset(&record_arena);
    }
    arena_free(&record_arena);
    arena_free(&arena);
    return result;
}

int oab_print_run(const struct command *command, int argc, char **argv)
{
    const char *path = NULL;
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            as_json = true;
        else if (argv[i][0] == '-' || path)
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        else
            path = argv[i];
    }
    if (!path)
        return command_usage_error(command, "which file?");
    struct oab_mapping file, content;
    if (!oab_mapping_open(AT_FDCWD, path, &file))
        return command_failed(command, "%s: %s", path, strerror(errno));
    enum oab_status status = open_content(&file, &content);
    int result = status == OAB_OK ? print_details(command, path, content.bytes, as_json)
                                  : command_failed(command, "%s: %s", path, oab_status_text(status));
    if (status == OAB_OK)
        close_content(&file, &content);
    oab_mapping_close(&file);
    return result;
}
