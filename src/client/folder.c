#include "base/text.h"
#include "client/error.h"
#include "client/session.h"
#include "protocol/error_code.h"
#include "protocol/id.h"
#include "protocol/property_tags.h"
#include <mapihttp/folder.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_PER_REQUEST 500u

enum column { FOLDER_ID, PARENT_ID, NAME, CLASS, COUNT, UNREAD, SUBFOLDERS, HIDDEN, COLUMN_COUNT };
static const uint32_t columns[COLUMN_COUNT] = {
    PID_TAG_FOLDER_ID, PID_TAG_PARENT_FOLDER_ID, PID_TAG_DISPLAY_NAME, PID_TAG_CONTAINER_CLASS, PID_TAG_CONTENT_COUNT,
    PID_TAG_CONTENT_UNREAD_COUNT, PID_TAG_SUBFOLDERS, PID_TAG_ATTRIBUTE_HIDDEN,
};

struct mapihttp_folders {
    struct arena arena;
    struct mapihttp_folder *folders;
    size_t count, capacity;
};

struct listing {
    uint64_t below_id;
    struct mapihttp_folders *folders;
};

static const struct property_value *column(const struct property_row *row, enum column which)
{
    const struct property_value *value = which < row->count ? &row->values[which] : NULL;
    return value && value->tag == columns[which] ? value : NULL;
}

static const char *text_column(struct arena *arena, const struct property_row *row, enum column which)
{
    const struct property_value *value = column(row, which);
    const char *text = value ? text_utf8_of_utf16(arena, value->bytes) : "";
    return text ? text : "";
}

/* 'a/b\c' as one name of a path: 'a\/b\\c'. */
static const char *quoted(struct arena *arena, const char *name)
{
    char *text = arena_allocate(arena, strlen(name) * 2 + 1), *to = text;
    for (; text && *name; name++) {
        if (*name == '/' || *name == '\\')
            *to++ = '\\';
        *to++ = *name;
    }
    return text ? text : "";
}

static bool add_row(struct mapihttp_folders *list, const struct property_row *row)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct mapihttp_folder *longer = arena_array(&list->arena, struct mapihttp_folder, capacity);
        if (!longer)
            return false;
        if (list->count)
            memcpy(longer, list->folders, list->count * sizeof *longer);
        list->folders = longer;
        list->capacity = capacity;
    }
    const struct property_value *id = column(row, FOLDER_ID), *parent = column(row, PARENT_ID);
    const struct property_value *count = column(row, COUNT), *unread = column(row, UNREAD);
    const struct property_value *subfolders = column(row, SUBFOLDERS), *hidden = column(row, HIDDEN);
    struct mapihttp_folder *folder = &list->folders[list->count++];
    *folder = (struct mapihttp_folder){
        .id = id ? (uint64_t)id->integer64 : 0,
        .parent_id = parent ? (uint64_t)parent->integer64 : 0,
        .depth = 1,
        .name = text_column(&list->arena, row, NAME),
        .container_class = text_column(&list->arena, row, CLASS),
        .message_count = count ? (uint32_t)count->integer32 : 0,
        .unread_count = unread ? (uint32_t)unread->integer32 : 0,
        .has_subfolders = subfolders && subfolders->boolean,
        .hidden = hidden && hidden->boolean,
    };
    folder->path = quoted(&list->arena, folder->name);
    for (size_t i = list->count - 1; i-- > 0;) /* parents stand before their children, mostly near */
        if (list->folders[i].id == folder->parent_id) {
            folder->depth = list->folders[i].depth + 1;
            folder->path = arena_format(&list->arena, "%s/%s", list->folders[i].path, folder->path);
            break;
        }
    return folder->path != NULL;
}

static enum mapihttp_status read_rows(struct mapihttp_session *session, uint32_t table, struct mapihttp_folders *list,
                                      struct mapihttp_error *error)
{
    for (;;) {
        struct rop_batch batch = {.chain = true};
        struct rop_query_rows_request query = {.forward_read = 1, .row_count = ROWS_PER_REQUEST};
        uint32_t asked = rop_batch_add(&batch, ROP_ID_QUERY_ROWS, rop_batch_use(&batch, table), 0, &query), rows = 0;
        bool finished = false;
        enum mapihttp_status status = session_execute_expect(session, &batch, asked, "folder rows", error);
        for (uint32_t unit = 0; !status && unit < batch.answer_count; unit++) {
            const struct rop_response *response = rop_batch_response_in(&batch, unit, asked);
            const struct rop_query_rows_success *success = response && !response->return_value ? response->body : NULL;
            finished = success && success->origin == BOOKMARK_END;
            for (uint32_t i = 0; success && !status && i < success->row_count; i++, rows++)
                if (!add_row(list, &success->row_data[i]))
                    status = session_no_memory(error);
        }
        rop_batch_clear(&batch);
        if (status || !rows || finished)
            return status;
    }
}

static enum mapihttp_status list_folders(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct listing *listing = data;
    struct rop_batch batch = {0};
    struct rop_open_folder_request open = {.folder_id = listing->below_id};
    struct rop_get_hierarchy_table_request hierarchy = {.table_flags = TABLE_FLAGS_DEPTH | TABLE_FLAGS_NO_NOTIFICATIONS};
    struct rop_set_columns_request set = {.property_tag_count = COLUMN_COUNT, .property_tags = columns};
    listing->folders->count = 0;
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), folder = rop_batch_output(&batch), table = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, folder, &open);
    uint32_t tabled = rop_batch_add(&batch, ROP_ID_GET_HIERARCHY_TABLE, folder, table, &hierarchy);
    uint32_t columned = rop_batch_add(&batch, ROP_ID_SET_COLUMNS, table, 0, &set);
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open folder", error);
    if (!status)
        status = rop_batch_expect(session, &batch, tabled, "folder table", error);
    if (!status)
        status = rop_batch_expect(session, &batch, columned, "columns of the folder table", error);
    uint32_t handles[2] = {rop_batch_handle(&batch, table), rop_batch_handle(&batch, folder)};
    rop_batch_clear(&batch);
    if (!status)
        status = read_rows(session, handles[0], listing->folders, error);
    if (session->context.connected)
        session_release(session, handles, 2);
    return status;
}

enum mapihttp_status mapihttp_folders_list(struct mapihttp_session *session, uint64_t below_id,
                                           struct mapihttp_folders **ret_folders, struct mapihttp_error *ret_error)
{
    struct listing listing = {.below_id = below_id, .folders = calloc(1, sizeof *listing.folders)};
    if (!listing.folders)
        return session_no_memory(ret_error);
    enum mapihttp_status status = session_run(session, list_folders, &listing, ret_error);
    if (status)
        mapihttp_folders_free(listing.folders);
    else
        *ret_folders = listing.folders;
    return status;
}

size_t mapihttp_folders_count(const struct mapihttp_folders *folders)
{
    return folders->count;
}

const struct mapihttp_folder *mapihttp_folders_get(const struct mapihttp_folders *folders, size_t index)
{
    return index < folders->count ? &folders->folders[index] : NULL;
}

void mapihttp_folders_free(struct mapihttp_folders *folders)
{
    if (!folders)
        return;
    arena_free(&folders->arena);
    free(folders);
}

/* Well-known words that mean a folder whatever its name is in the owner's language. */
static bool special_word(struct mapihttp_session *session, const char *word, uint64_t *ret_id)
{
    static const struct {
        const char *word;
        enum mapihttp_special_folder folder;
    } words[] = {{"root", MAPIHTTP_FOLDER_ROOT}, {"top", MAPIHTTP_FOLDER_TOP}, {"inbox", MAPIHTTP_FOLDER_INBOX},
                 {"outbox", MAPIHTTP_FOLDER_OUTBOX}, {"sent", MAPIHTTP_FOLDER_SENT}, {"deleted", MAPIHTTP_FOLDER_DELETED}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal_ignoring_case(words[i].word, word)) {
            *ret_id = mapihttp_special_folder(session, words[i].folder);
            return true;
        }
    return false;
}

enum mapihttp_status mapihttp_folder_find(struct mapihttp_session *session, const char *path, uint64_t *ret_folder_id,
                                          struct mapihttp_error *ret_error)
{
    if (!strncasecmp(path, "0x", 2)) {
        char *end;
        unsigned long long id = strtoull(path, &end, 16);
        if (*end || end == path + 2)
            return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "'%s' is not a folder id", path);
        *ret_folder_id = id_to_wire(id);
        return MAPIHTTP_OK;
    }
    while (*path == '/')
        path++;
    struct mapihttp_folders *folders;
    enum mapihttp_status status =
        mapihttp_folders_list(session, mapihttp_special_folder(session, MAPIHTTP_FOLDER_TOP), &folders, ret_error);
    if (status)
        return status;
    uint64_t found = 0;
    for (size_t i = 0; i < folders->count && !found; i++)
        if (text_equal_ignoring_case(folders->folders[i].path, path))
            found = folders->folders[i].id;
    mapihttp_folders_free(folders);
    if (!found && !special_word(session, path, &found))
        return error_set(ret_error, MAPIHTTP_NOT_FOUND, 0, "no folder '%s'", path);
    *ret_folder_id = found;
    return MAPIHTTP_OK;
}

struct creation {
    uint64_t parent_id;
    const char *name;
    const char *container_class;
    uint64_t id;
};

static enum mapihttp_status create_folder(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct creation *creation = data;
    struct rop_batch batch = {0};
    struct bytes name = text_utf16_of_utf8(&batch.arena, bytes_of_string(creation->name));
    struct bytes class = text_utf16_of_utf8(&batch.arena, bytes_of_string(creation->container_class ? creation->container_class : ""));
    struct rop_open_folder_request open = {.folder_id = creation->parent_id};
    /* Opening the one that is there makes a second try harmless. */
    struct rop_create_folder_request create = {.folder_type = FOLDER_TYPE_GENERIC, .use_unicode_strings = 1, .open_existing = 1,
                                               .display_name = name};
    struct property_value value = {.tag = PID_TAG_CONTAINER_CLASS, .bytes = class};
    struct rop_set_properties_request set = {.property_value_count = 1, .property_values = &value};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), parent = rop_batch_output(&batch), folder = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, parent, &open);
    uint32_t created = rop_batch_add(&batch, ROP_ID_CREATE_FOLDER, parent, folder, &create);
    if (creation->container_class)
        rop_batch_add(&batch, ROP_ID_SET_PROPERTIES, folder, 0, &set);
    rop_batch_release(&batch, folder);
    rop_batch_release(&batch, parent);
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open the parent folder", error);
    if (!status)
        status = rop_batch_expect(session, &batch, created, "create folder", error);
    const struct rop_create_folder_success *success = status ? NULL : rop_batch_success(&batch, created);
    if (success)
        creation->id = success->folder_id;
    rop_batch_clear(&batch);
    return status;
}

enum mapihttp_status mapihttp_folder_create(struct mapihttp_session *session, uint64_t parent_id, const char *name,
                                            const char *container_class, uint64_t *ret_folder_id, struct mapihttp_error *ret_error)
{
    struct creation creation = {.parent_id = parent_id, .name = name, .container_class = container_class};
    if (!*name)
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "a folder needs a name");
    enum mapihttp_status status = session_run(session, create_folder, &creation, ret_error);
    if (!status)
        *ret_folder_id = creation.id;
    return status;
}

/* The next name of a path without its quoting; moves *path behind it. */
static char *next_name(const char **path)
{
    while (**path == '/')
        ++*path;
    if (!**path)
        return NULL;
    char *name = malloc(strlen(*path) + 1), *to = name;
    for (; name && **path && **path != '/'; ++*path) {
        if (**path == '\\' && (*path)[1])
            ++*path;
        *to++ = **path;
    }
    if (name)
        *to = 0;
    return name;
}

enum mapihttp_status mapihttp_folder_make_path(struct mapihttp_session *session, const char *path, uint64_t *ret_folder_id,
                                               struct mapihttp_error *ret_error)
{
    uint64_t id;
    enum mapihttp_status status = mapihttp_folder_find(session, path, &id, ret_error);
    if (status != MAPIHTTP_NOT_FOUND) {
        if (!status)
            *ret_folder_id = id;
        return status;
    }
    id = mapihttp_special_folder(session, MAPIHTTP_FOLDER_TOP);
    const char *rest = path, *start = path;
    status = MAPIHTTP_OK;
    for (char *name; !status && (name = next_name(&rest)); free(name)) {
        /* 'inbox/new' means a child of the Inbox, whatever that is called. */
        if (start != path || !special_word(session, name, &id))
            status = mapihttp_folder_create(session, id, name, "IPF.Note", &id, ret_error);
        start = rest;
    }
    if (!status)
        *ret_folder_id = id;
    return status;
}

struct deletion {
    uint64_t parent_id, folder_id;
};

static enum mapihttp_status delete_folder(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    const struct deletion *deletion = data;
    struct rop_batch batch = {0};
    struct rop_open_folder_request open = {.folder_id = deletion->parent_id};
    struct rop_delete_folder_request delete = {.delete_folder_flags = DELETE_FOLDER_FLAGS_MESSAGES | DELETE_FOLDER_FLAGS_FOLDERS | DELETE_FOLDER_FLAGS_HARD_DELETE,
                                               .folder_id = deletion->folder_id};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), parent = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, parent, &open);
    uint32_t deleted = rop_batch_add(&batch, ROP_ID_DELETE_FOLDER, parent, 0, &delete);
    rop_batch_release(&batch, parent);
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open the parent folder", error);
    if (!status)
        status = rop_batch_expect(session, &batch, deleted, "delete folder", error);
    rop_batch_clear(&batch);
    return status == MAPIHTTP_NOT_FOUND && again ? MAPIHTTP_OK : status; /* the first try did it */
}

enum mapihttp_status mapihttp_folder_delete(struct mapihttp_session *session, uint64_t parent_id, uint64_t folder_id,
                                            struct mapihttp_error *ret_error)
{
    struct deletion deletion = {.parent_id = parent_id, .folder_id = folder_id};
    return session_run(session, delete_folder, &deletion, ret_error);
}
