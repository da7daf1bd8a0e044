/* A record as text, and back: what searches do not filter by stands in two JSON objects, readable by anybody with sqlite3. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/filetime.h"
#include "base/text.h"
#include "record/audit_file.h"

/* --- writing --- */

/* At most AUDIT_TEXT_SIZE_MAX bytes, cut between characters; what is no UTF-8 (a header may hold anything) with '?' instead. */
static json_t *text_of(const char *text)
{
    char cut[AUDIT_TEXT_SIZE_MAX + 1];
    size_t size = strnlen(text, AUDIT_TEXT_SIZE_MAX + 1);
    if (size > AUDIT_TEXT_SIZE_MAX)
        for (size = AUDIT_TEXT_SIZE_MAX; size > 0 && ((uint8_t)text[size] & 0xC0) == 0x80;)
            size--;
    json_t *value = json_stringn(text, size);
    if (value)
        return value;
    for (size_t i = 0; i < size; i++)
        cut[i] = (uint8_t)text[i] >= 0x80 ? '?' : text[i];
    return json_stringn(cut, size);
}

static bool put(json_t *object, const char *name, const char *text)
{
    return *text == '\0' || json_object_set_new(object, name, text_of(text)) == 0;
}

static bool put_number(json_t *object, const char *name, uint64_t number)
{
    return number == 0 || json_object_set_new(object, name, json_integer((json_int_t)number)) == 0;
}

static bool put_guid(json_t *object, const char *name, struct guid guid)
{
    char text[GUID_TEXT_SIZE];
    guid_format(guid, text);
    return guid_is_zero(guid) || put(object, name, text);
}

static char *dump(json_t *object, bool good)
{
    char *text = good ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

static char *origin_text(const struct audit_deed *deed, const struct audit_client *client)
{
    json_t *origin = json_object();
    bool good = origin && put_guid(origin, "MailboxGuid", deed->mailbox.mailbox_guid) &&
        put_guid(origin, "MailboxUserId", deed->mailbox.user_id) && put_guid(origin, "ReplicaGuid", deed->mailbox.replica_guid) &&
        put(origin, "MailboxResolvedOwnerName", deed->mailbox.name) && put(origin, "MailboxOwnerUPN", deed->mailbox.principal) &&
        put_guid(origin, "LogonUserId", deed->user_id) && put(origin, "LogonUserDisplayName", deed->user_name) &&
        put(origin, "LogonUserUPN", deed->user_principal) && put(origin, "LogonUserDn", deed->user_dn) &&
        put(origin, "ClientInfoString", client->information) && put(origin, "ClientIPAddress", client->address) &&
        put(origin, "ClientMachineName", client->machine) && put(origin, "ClientProcessName", client->process) &&
        put(origin, "ClientVersion", client->version) && put(origin, "AuthenticationType", client->authentication);
    return dump(origin, good);
}

static bool put_items(json_t *detail, const struct audit_deed *deed)
{
    uint32_t count = deed->items_named < AUDIT_ITEMS_MAX ? deed->items_named : AUDIT_ITEMS_MAX;
    json_t *items = count ? json_array() : NULL;
    bool good = count == 0 || json_object_set_new(detail, "Items", items) == 0;
    for (uint32_t i = 0; good && i < count; i++) {
        const struct audit_item *item = &deed->items[i];
        json_t *object = json_object();
        good = json_array_append_new(items, object) == 0 && put_number(object, "Id", item->message_id) &&
            put_number(object, "Folder", item->folder_id == deed->folder_id ? 0 : item->folder_id) &&
            put(object, "Subject", item->subject) && put(object, "Path", item->folder_path) &&
            put(object, "InternetMessageId", item->internet_message_id) && put_number(object, "Attachments", item->has_attachments);
    }
    return good;
}

static bool put_folders(json_t *detail, const struct audit_deed *deed)
{
    uint32_t count = deed->folder_count < AUDIT_ITEMS_MAX ? deed->folder_count : AUDIT_ITEMS_MAX;
    json_t *folders = count ? json_array() : NULL;
    bool good = count == 0 || json_object_set_new(detail, "Folders", folders) == 0;
    for (uint32_t i = 0; good && i < count; i++) {
        json_t *object = json_object();
        good = json_array_append_new(folders, object) == 0 && put_number(object, "Id", deed->folders[i].folder_id) &&
            put(object, "Path", deed->folders[i].path);
    }
    return good;
}

static char *detail_text(const struct audit_deed *deed, const struct audit_client *client)
{
    json_t *detail = json_object();
    bool good = detail && put_number(detail, "Error", deed->error) && put_number(detail, "FolderId", deed->folder_id) &&
        put(detail, "FolderPathName", deed->folder_path) && put_number(detail, "DestFolderId", deed->destination_id) &&
        put(detail, "DestFolderPathName", deed->destination_path) && put(detail, "SessionId", client->session) &&
        put_number(detail, "ItemCount", deed->item_count) && put_items(detail, deed) && put_folders(detail, deed);
    return dump(detail, good);
}

static struct audit_entry *entry_of(const char *origin, const char *detail)
{
    size_t origin_size = origin ? strlen(origin) + 1 : 0, detail_size = strlen(detail) + 1;
    struct audit_entry *entry = calloc(1, sizeof *entry + origin_size + detail_size);
    if (!entry)
        return NULL;
    char *text = (char *)(entry + 1);
    memcpy(text, detail, detail_size);
    entry->detail = text;
    if (origin) {
        memcpy(text + detail_size, origin, origin_size);
        entry->origin = text + detail_size;
    }
    entry->size = sizeof *entry + origin_size + detail_size;
    return entry;
}

struct audit_entry *audit_entry_new(const struct audit_deed *deed, const struct audit_client *client)
{
    char *origin = origin_text(deed, client), *detail = detail_text(deed, client);
    struct audit_entry *entry = origin && detail ? entry_of(origin, detail) : NULL;
    free(origin);
    free(detail);
    if (!entry)
        return NULL;
    bool attachments = false;
    for (uint32_t i = 0; i < deed->items_named; i++)
        attachments |= deed->items[i].has_attachments;
    entry->time = deed->time;
    entry->kind = (uint32_t)deed->operation | (uint32_t)deed->logon_type << AUDIT_KIND_TYPE_SHIFT |
        (uint32_t)deed->result << AUDIT_KIND_RESULT_SHIFT | (attachments ? AUDIT_KIND_ATTACHMENTS : 0);
    entry->mailbox_guid = deed->mailbox.mailbox_guid;
    entry->mailbox_user_id = deed->mailbox.user_id;
    return entry;
}

struct audit_entry *audit_entry_note(enum audit_note note, uint64_t time, uint64_t record_count)
{
    json_t *detail = json_object();
    char *text = dump(detail, detail && put_number(detail, "Records", record_count));
    struct audit_entry *entry = text ? entry_of(NULL, text) : NULL;
    free(text);
    if (entry) {
        entry->time = time;
        entry->kind = AUDIT_KIND_NOTE | (uint32_t)note;
    }
    return entry;
}

/* --- reading --- */

static const char *read_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static uint64_t read_number(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static struct guid read_guid(const json_t *object, const char *name)
{
    struct guid guid = {{0}};
    (void)guid_parse(read_text(object, name), &guid);
    return guid;
}

static bool read_items(struct arena *arena, const json_t *detail, struct audit_deed *deed)
{
    const json_t *array = json_object_get(detail, "Items");
    size_t count = json_array_size(array);
    struct audit_item *items = arena_array(arena, struct audit_item, count + 1);
    if (!items)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(array, i);
        uint64_t folder_id = read_number(object, "Folder");
        items[i] = (struct audit_item){
            .folder_id = folder_id ? folder_id : deed->folder_id, .message_id = read_number(object, "Id"),
            .subject = arena_string(arena, read_text(object, "Subject")),
            .folder_path = arena_string(arena, read_text(object, "Path")),
            .internet_message_id = arena_string(arena, read_text(object, "InternetMessageId")),
            .has_attachments = read_number(object, "Attachments") != 0};
        if (!items[i].subject || !items[i].folder_path || !items[i].internet_message_id)
            return false;
    }
    deed->items = items;
    deed->items_named = (uint32_t)count;
    return true;
}

static bool read_folders(struct arena *arena, const json_t *detail, struct audit_deed *deed)
{
    const json_t *array = json_object_get(detail, "Folders");
    size_t count = json_array_size(array);
    struct audit_folder *folders = arena_array(arena, struct audit_folder, count + 1);
    if (!folders)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(array, i);
        folders[i] = (struct audit_folder){read_number(object, "Id"), arena_string(arena, read_text(object, "Path"))};
        if (!folders[i].path)
            return false;
    }
    deed->folders = folders;
    deed->folder_count = (uint32_t)count;
    return true;
}

struct audit_mailbox audit_entry_read_mailbox(const json_t *origin)
{
    return (struct audit_mailbox){
        .user_id = read_guid(origin, "MailboxUserId"), .mailbox_guid = read_guid(origin, "MailboxGuid"),
        .replica_guid = read_guid(origin, "ReplicaGuid"), .name = read_text(origin, "MailboxResolvedOwnerName"),
        .principal = read_text(origin, "MailboxOwnerUPN")};
}

static void read_origin(const json_t *origin, struct audit_record *record)
{
    record->deed.mailbox = audit_entry_read_mailbox(origin);
    record->deed.user_id = read_guid(origin, "LogonUserId");
    record->deed.user_name = read_text(origin, "LogonUserDisplayName");
    record->deed.user_principal = read_text(origin, "LogonUserUPN");
    record->deed.user_dn = read_text(origin, "LogonUserDn");
    record->client = (struct audit_client){
        .information = read_text(origin, "ClientInfoString"), .address = read_text(origin, "ClientIPAddress"),
        .machine = read_text(origin, "ClientMachineName"), .process = read_text(origin, "ClientProcessName"),
        .version = read_text(origin, "ClientVersion"), .authentication = read_text(origin, "AuthenticationType"),
        .session = ""};
}

bool audit_entry_read(struct arena *arena, uint64_t number, uint64_t time, uint32_t kind, json_t *origin, const char *detail_text,
                      struct audit_record *ret_record)
{
    struct audit_record record = {.number = number};
    uint32_t operation = kind & AUDIT_KIND_OPERATION, type = kind >> AUDIT_KIND_TYPE_SHIFT & 0xF,
             result = kind >> AUDIT_KIND_RESULT_SHIFT & 0xF;
    if (kind & AUDIT_KIND_NOTE || operation >= AUDIT_OPERATION_COUNT || type >= AUDIT_LOGON_TYPE_COUNT ||
        result >= AUDIT_RESULT_COUNT)
        return false;
    json_t *detail = json_loads(detail_text, 0, NULL);
    if (!json_is_object(detail) || !json_is_object(origin)) {
        json_decref(detail);
        return false;
    }
    read_origin(origin, &record);
    struct audit_deed *deed = &record.deed;
    deed->operation = (enum audit_operation)operation;
    deed->logon_type = (enum audit_logon_type)type;
    deed->result = (enum audit_result)result;
    deed->time = time;
    deed->error = (uint32_t)read_number(detail, "Error");
    deed->folder_id = read_number(detail, "FolderId");
    deed->folder_path = arena_string(arena, read_text(detail, "FolderPathName"));
    deed->destination_id = read_number(detail, "DestFolderId");
    deed->destination_path = arena_string(arena, read_text(detail, "DestFolderPathName"));
    deed->item_count = (uint32_t)read_number(detail, "ItemCount");
    record.client.session = arena_string(arena, read_text(detail, "SessionId"));
    bool good = deed->folder_path && deed->destination_path && record.client.session && read_items(arena, detail, deed) &&
        read_folders(arena, detail, deed);
    json_decref(detail);
    if (good)
        *ret_record = record;
    return good;
}

uint64_t audit_entry_note_count(const char *detail)
{
    json_t *object = json_loads(detail, 0, NULL);
    uint64_t count = read_number(object, "Records");
    json_decref(object);
    return count;
}
