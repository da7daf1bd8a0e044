#include "operation/audit_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/base64.h"
#include "base/filetime.h"
#include "protocol/entry_id.h"
#include "protocol/id.h"


/* One object under way: a member that cannot be set makes it nothing. */
struct object {
    json_t *json;
    struct arena arena; /* of texts on their way */
};

static void set(struct object *object, const char *name, json_t *value)
{
    if (object->json && json_object_set_new(object->json, name, value) != 0) {
        json_decref(object->json);
        object->json = NULL;
    }
}

/* Without memory the text is NULL, and so becomes the object. */
static void set_text(struct object *object, const char *name, const char *text)
{
    set(object, name, text ? json_string(text) : NULL);
}

static void set_guid(struct object *object, const char *name, struct guid guid)
{
    char text[GUID_TEXT_SIZE];
    guid_format(guid, text);
    set_text(object, name, guid_is_zero(guid) ? "" : text);
}

static void set_time(struct object *object, const char *name, uint64_t time)
{
    char text[FILETIME_TEXT_SIZE];
    filetime_format(time, text);
    set_text(object, name, text);
}

static json_t *finish(struct object *object)
{
    arena_free(&object->arena);
    return object->json;
}

/* --- ids as Exchange shows them: entry ids in base64 --- */

static const char *folder_id_text(struct object *object, const struct audit_mailbox *mailbox, uint64_t folder_id)
{
    if (folder_id == 0)
        return "";
    struct bytes id = entry_id_of_folder(&object->arena, mailbox->mailbox_guid, ENTRY_ID_OBJECT_TYPE_PRIVATE_FOLDER, mailbox->replica_guid, id_counter(folder_id));
    return id.data ? base64_encode(&object->arena, "", id) : NULL;
}

static const char *item_id_text(struct object *object, const struct audit_mailbox *mailbox, const struct audit_item *item)
{
    if (item->message_id == 0)
        return "";
    struct bytes id = entry_id_of_message(&object->arena, mailbox->mailbox_guid, ENTRY_ID_OBJECT_TYPE_PRIVATE_MESSAGE, mailbox->replica_guid,
                                          id_counter(item->folder_id), mailbox->replica_guid, id_counter(item->message_id));
    return id.data ? base64_encode(&object->arena, "", id) : NULL;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '\\');
    return slash ? slash + 1 : path;
}

/* --- what it was done to --- */

/* One message is the item; several are the sources, as objects and as lists with commas for tables. */
static bool is_about_one(const struct audit_deed *deed)
{
    switch (deed->operation) {
    case AUDIT_CREATE:
    case AUDIT_UPDATE:
    case AUDIT_MESSAGE_BIND:
    case AUDIT_SEND_AS:
    case AUDIT_SEND_ON_BEHALF:
        return true;
    default:
        return false;
    }
}

static void set_item(struct object *object, const struct audit_deed *deed)
{
    const struct audit_item none = {.subject = "", .internet_message_id = ""};
    const struct audit_item *item = is_about_one(deed) && deed->items_named ? &deed->items[0] : &none;
    set_text(object, "ItemId", item_id_text(object, &deed->mailbox, item));
    set_text(object, "ItemSubject", item->subject);
    set_text(object, "ItemInternetMessageId", item->internet_message_id);
}

enum list { LIST_IDS, LIST_SUBJECTS, LIST_PATHS, LIST_MESSAGE_IDS, LIST_COUNT };

static json_t *source_item(struct object *object, const struct audit_deed *deed, const struct audit_item *item, const char *id, const char *path)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b}", "ItemId", id, "Subject", item->subject, "FolderPathName", path, "InternetMessageId",
                     item->internet_message_id, "HasAttachments", item->has_attachments);
}

static void set_source_items(struct object *object, const struct audit_deed *deed)
{
    static const char *const names[LIST_COUNT] = {"SourceItemIdsList", "SourceItemSubjectsList", "SourceItemFolderPathNamesList",
                                                  "SourceItemInternetMessageIdsList"};
    uint32_t count = is_about_one(deed) ? 0 : deed->items_named;
    struct buffer lists[LIST_COUNT] = {{0}};
    json_t *items = json_array();
    for (uint32_t i = 0; i < count; i++) {
        const struct audit_item *item = &deed->items[i];
        const char *path = *item->folder_path ? item->folder_path : deed->folder_path;
        const char *texts[LIST_COUNT] = {item_id_text(object, &deed->mailbox, item), item->subject, path, item->internet_message_id};
        if (!texts[LIST_IDS])
            break;
        for (unsigned k = 0; k < LIST_COUNT; k++)
            buffer_append_format(&lists[k], "%s%s", i ? ", " : "", texts[k]);
        json_array_append_new(items, source_item(object, deed, item, texts[LIST_IDS], path));
    }
    set(object, "SourceItems", items);
    for (unsigned k = 0; k < LIST_COUNT; k++) {
        set_text(object, names[k], buffer_string(&lists[k]));
        buffer_free(&lists[k]);
    }
    set(object, "ItemCount", json_integer(deed->item_count));
}

static void set_source_folders(struct object *object, const struct audit_deed *deed)
{
    struct buffer ids = {0}, paths = {0};
    json_t *folders = json_array();
    for (uint32_t i = 0; i < deed->folder_count; i++) {
        const char *id = folder_id_text(object, &deed->mailbox, deed->folders[i].folder_id);
        if (!id)
            break;
        buffer_append_format(&ids, "%s%s", i ? ", " : "", id);
        buffer_append_format(&paths, "%s%s", i ? ", " : "", deed->folders[i].path);
        json_array_append_new(folders, json_pack("{s:s, s:s}", "FolderId", id, "FolderPathName", deed->folders[i].path));
    }
    set(object, "SourceFolders", folders);
    set_text(object, "SourceFolderIdsList", buffer_string(&ids));
    set_text(object, "SourceFolderPathNamesList", buffer_string(&paths));
    buffer_free(&ids);
    buffer_free(&paths);
}

/* --- the whole --- */

static void set_mailbox(struct object *object, const struct audit_mailbox *mailbox)
{
    set_guid(object, "MailboxGuid", mailbox->mailbox_guid);
    set_text(object, "MailboxResolvedOwnerName", mailbox->name);
    set_text(object, "MailboxOwnerUPN", mailbox->principal);
}

static void set_folders(struct object *object, const struct audit_deed *deed)
{
    set_text(object, "FolderId", folder_id_text(object, &deed->mailbox, deed->folder_id));
    set_text(object, "FolderPathName", deed->folder_path);
    set_text(object, "FolderName", last_name(deed->folder_path));
    set_text(object, "DestFolderId", folder_id_text(object, &deed->mailbox, deed->destination_id));
    set_text(object, "DestFolderPathName", deed->destination_path);
}

static void set_client(struct object *object, const struct audit_client *client)
{
    set_text(object, "ClientInfoString", client->information);
    set_text(object, "ClientIPAddress", client->address);
    set_text(object, "ClientMachineName", client->machine);
    set_text(object, "ClientProcessName", client->process);
    set_text(object, "ClientVersion", client->version);
    set_text(object, "AuthenticationType", client->authentication);
    set_text(object, "SessionId", client->session);
}

/* What is always empty here: security identifiers, which only Active Directory has, and mailboxes other than the record's own, which
 * nothing goes to. */
static void set_absent(struct object *object)
{
    static const char *const names[] = {"MailboxOwnerSid", "LogonUserSid", "DestMailboxOwnerUPN", "DestMailboxOwnerSid", "DestMailboxOwnerGuid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        set_text(object, names[i], "");
    set(object, "CrossMailboxOperation", json_false());
    set(object, "ExternalAccess", json_false());
}

json_t *audit_object_of_record(const struct audit_record *record)
{
    const struct audit_deed *deed = &record->deed;
    struct object object = {.json = json_object()};
    char guid[GUID_TEXT_SIZE], error[16] = "";
    set_time(&object, "LastAccessed", deed->time);
    set_text(&object, "Operation", audit_operation_names[deed->operation]);
    set_text(&object, "OperationResult", audit_result_names[deed->result]);
    set_text(&object, "LogonType", audit_logon_type_names[deed->logon_type]);
    set_text(&object, "InternalLogonType", audit_logon_type_names[deed->logon_type]);
    set_mailbox(&object, &deed->mailbox);
    set_text(&object, "LogonUserDisplayName", deed->user_name);
    set_text(&object, "LogonUserUPN", deed->user_principal);
    set_text(&object, "LogonUserLegacyDN", deed->user_dn);
    set_text(&object, "DelegateUserDisplayName", deed->logon_type == AUDIT_DELEGATE ? deed->user_name : "");
    set_client(&object, &record->client);
    set_folders(&object, deed);
    set_item(&object, deed);
    set_source_items(&object, deed);
    set_source_folders(&object, deed);
    set_absent(&object);
    if (deed->error)
        snprintf(error, sizeof error, "0x%08" PRIX32, deed->error);
    set_text(&object, "ErrorCode", error);
    guid_format(deed->mailbox.mailbox_guid, guid);
    set_text(&object, "Identity", arena_format(&object.arena, "%s\\%" PRIu64, guid, record->number));
    set(&object, "IsValid", json_true());
    set_text(&object, "ObjectState", "New");
    return finish(&object);
}

json_t *audit_object_of_access(const struct audit_mailbox_access *access)
{
    struct object object = {.json = json_object()};
    char guid[GUID_TEXT_SIZE];
    guid_format(access->mailbox.mailbox_guid, guid);
    set_time(&object, "LastAccessed", access->last_accessed);
    set_mailbox(&object, &access->mailbox);
    set(&object, "RecordCount", json_integer((json_int_t)access->record_count));
    set_text(&object, "Identity", guid);
    set(&object, "IsValid", json_true());
    set_text(&object, "ObjectState", "New");
    return finish(&object);
}

json_t *audit_object_of_verification(const struct audit_verification *verification)
{
    struct object object = {.json = json_object()};
    char hash[2 * AUDIT_HASH_SIZE + 1];
    for (size_t i = 0; i < AUDIT_HASH_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", verification->last_hash[i]);
    set_text(&object, "Result", verification->sound ? "Intact" : "Altered");
    set(&object, "Records", json_integer((json_int_t)verification->record_count));
    set(&object, "RemovedByAge", json_integer((json_int_t)verification->removed_count));
    set(&object, "Lost", json_integer((json_int_t)verification->lost_count));
    set(&object, "Interruptions", json_integer((json_int_t)verification->interruptions));
    set(&object, "LastRecord", json_integer((json_int_t)verification->last_number));
    set_text(&object, "LastHash", verification->last_number ? hash : "");
    set(&object, "FirstBadRecord", json_integer((json_int_t)verification->bad_number));
    set_text(&object, "Problem", verification->problem);
    return finish(&object);
}
