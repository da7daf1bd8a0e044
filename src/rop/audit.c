#include "rop/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "directory/mailbox_dn.h"
#include "mailbox/description.h"
#include "mailbox/folder.h"
#include "mailbox/message.h"

/* --- logons --- */

/* Exchange's three: the owner, whoever has a right to the mailbox (an administrator with that right too), and administrators
 * who use their privilege. */
static enum audit_logon_type type_of(const struct rop_session *session, const struct directory_user *owner, bool has_right,
    const struct rop_logon_request *request)
{
    if (guid_equal(owner->id, session->parameters.user->id))
        return AUDIT_OWNER;
    bool privileged = session->parameters.administrator && (request->open_flags & LOGON_OPEN_FLAGS_USE_ADMIN_PRIVILEGE);
    return privileged && !has_right ? AUDIT_ADMIN : AUDIT_DELEGATE;
}

struct rop_logon_audit *rop_logon_audit_new(const struct rop_session *session, const struct directory_user *owner,
    const struct logon_rights *rights, const struct rop_logon_request *request)
{
    struct audit_mailbox mailbox = audit_mailbox_of(owner);
    size_t name_size = strlen(mailbox.name) + 1, principal_size = strlen(mailbox.principal) + 1;
    struct rop_logon_audit *audit = malloc(sizeof *audit + name_size + principal_size);
    if (!audit)
        return NULL;
    char *texts = (char *)(audit + 1);
    memcpy(texts, mailbox.name, name_size);
    memcpy(texts + name_size, mailbox.principal, principal_size);
    mailbox.name = texts;
    mailbox.principal = texts + name_size;
    *audit = (struct rop_logon_audit){.type = type_of(session, owner, rights->owner, request), .mailbox = mailbox,
                                      .version = UINT64_MAX};
    return audit;
}

/* Asked anew when the administrator has changed something, which is looked at once in an Execute. */
static bool is_wanted(struct execution *execution, struct rop_logon_audit *audit, enum audit_operation operation)
{
    const struct audit_hook *hook = execution->session->parameters.audit;
    if (!execution->audit_version_known)
        execution->audit_version = hook->version(hook->user);
    execution->audit_version_known = true;
    if (audit->version != execution->audit_version) {
        audit->wanted = hook->wanted(hook->user, audit->mailbox.user_id, audit->type);
        audit->version = execution->audit_version;
    }
    return audit->wanted & AUDIT_BIT(operation);
}

/* --- what a ROP comes to --- */

static bool goes_to_deleted_items(const struct rop_call *call)
{
    return call->destination->kind == ROP_OBJECT_FOLDER &&
        call->destination->folder_id == special_folder_id(SPECIAL_FOLDER_DELETED_ITEMS);
}

static enum audit_operation move_or_copy(const struct rop_call *call, bool copy)
{
    return copy ? AUDIT_COPY : goes_to_deleted_items(call) ? AUDIT_MOVE_TO_DELETED_ITEMS : AUDIT_MOVE;
}

/* False for ROPs that the audit has no word for. */
static bool operation_of(const struct rop_request *request, const struct rop_call *call, enum audit_operation *ret_operation)
{
    switch (request->rop_id) {
    case ROP_ID_OPEN_FOLDER:
        *ret_operation = AUDIT_FOLDER_BIND;
        return true;
    case ROP_ID_OPEN_MESSAGE:
        *ret_operation = AUDIT_MESSAGE_BIND;
        return true;
    case ROP_ID_SAVE_CHANGES_MESSAGE:
        /* An embedded message becomes part of the outer one when that is saved. */
        *ret_operation = message_id(call->input->message) == 0 ? AUDIT_CREATE : AUDIT_UPDATE;
        return !message_is_embedded(call->input->message);
    case ROP_ID_MOVE_COPY_MESSAGES:
        *ret_operation = move_or_copy(call, ((const struct rop_move_copy_messages_request *)call->request)->want_copy);
        return true;
    case ROP_ID_MOVE_FOLDER:
    case ROP_ID_COPY_FOLDER:
        *ret_operation = move_or_copy(call, request->rop_id == ROP_ID_COPY_FOLDER);
        return true;
    case ROP_ID_DELETE_MESSAGES:
    case ROP_ID_EMPTY_FOLDER:
        *ret_operation = AUDIT_SOFT_DELETE;
        return true;
    case ROP_ID_HARD_DELETE_MESSAGES:
    case ROP_ID_HARD_DELETE_MESSAGES_AND_SUBFOLDERS:
        *ret_operation = AUDIT_HARD_DELETE;
        return true;
    case ROP_ID_DELETE_FOLDER:
        *ret_operation = ((const struct rop_delete_folder_request *)call->request)->delete_folder_flags & FOLDER_DELETE_HARD
            ? AUDIT_HARD_DELETE : AUDIT_SOFT_DELETE;
        return true;
    default:
        return false;
    }
}

/* --- what it is done to --- */

/* Where something cannot be described the record is made without: that it was done counts more. */
static const char *path_of(struct execution *execution, uint64_t folder_id)
{
    const char *path = "";
    if (folder_id && mailbox_folder_path(execution->mailbox, execution->frame->arena, folder_id, &path))
        return "";
    return path;
}

static uint64_t folder_of(const struct rop_object *object)
{
    return object->kind == ROP_OBJECT_FOLDER ? object->folder_id : special_folder_id(SPECIAL_FOLDER_ROOT);
}

static void set_folder(struct execution *execution, struct audit_deed *deed, uint64_t folder_id)
{
    deed->folder_id = folder_id;
    deed->folder_path = path_of(execution, folder_id);
}

/* Messages for nobody to read (views, settings of the client) are left out; false: no others are among them. */
static bool set_items(struct execution *execution, struct audit_deed *deed, const uint64_t *message_ids, uint32_t count)
{
    struct arena *arena = execution->frame->arena;
    uint32_t named = count < AUDIT_ITEMS_MAX ? count : AUDIT_ITEMS_MAX, kept = 0;
    struct message_description *descriptions = arena_array(arena, struct message_description, named + 1u);
    struct audit_item *items = arena_array(arena, struct audit_item, named + 1u);
    deed->item_count = count;
    if (!descriptions || !items ||
        mailbox_describe_messages(execution->mailbox, arena, message_ids, named, descriptions))
        return true;
    for (uint32_t i = 0; i < named; i++) {
        const struct message_description *description = &descriptions[i];
        if (description->associated)
            continue;
        bool elsewhere = description->folder_id && description->folder_id != deed->folder_id;
        items[kept++] = (struct audit_item){
            .folder_id = description->folder_id, .message_id = message_ids[i], .subject = description->subject,
            .folder_path = elsewhere ? path_of(execution, description->folder_id) : "",
            .internet_message_id = description->internet_message_id, .has_attachments = description->has_attachments};
    }
    deed->items = items;
    deed->items_named = kept;
    deed->item_count = count - (named - kept);
    return kept > 0 || named == 0;
}

static bool set_wire_items(struct execution *execution, struct audit_deed *deed, const uint64_t *wire_ids, uint32_t count)
{
    uint64_t *ids = arena_array(execution->frame->arena, uint64_t, count + 1u);
    for (uint32_t i = 0; ids && i < count; i++)
        ids[i] = id_of_wire(wire_ids[i]);
    return !ids || set_items(execution, deed, ids, count);
}

static void set_whole_folder(struct execution *execution, struct audit_deed *deed, uint64_t folder_id)
{
    struct audit_folder *folder = arena_new(execution->frame->arena, struct audit_folder);
    (void)mailbox_folder_message_count(execution->mailbox, folder_id, &deed->item_count);
    if (!folder)
        return;
    *folder = (struct audit_folder){folder_id, path_of(execution, folder_id)};
    deed->folders = folder;
    deed->folder_count = 1;
}

static void set_destination(struct execution *execution, struct audit_deed *deed, const struct rop_call *call)
{
    deed->destination_id = folder_of(call->destination);
    deed->destination_path = path_of(execution, deed->destination_id);
}

/* What can only be known before. False: it is about nothing that is written down. */
static bool describe_before(struct execution *execution, struct rop_deed *deed, const struct rop_call *call)
{
    switch (deed->rop_id) {
    case ROP_ID_MOVE_COPY_MESSAGES: {
        const struct rop_move_copy_messages_request *request = call->request;
        set_folder(execution, &deed->deed, folder_of(call->input));
        set_destination(execution, &deed->deed, call);
        return set_wire_items(execution, &deed->deed, request->message_ids, request->message_id_count);
    }
    case ROP_ID_DELETE_MESSAGES:
    case ROP_ID_HARD_DELETE_MESSAGES: { /* the same request in two names */
        const struct rop_delete_messages_request *soft = call->request;
        const struct rop_hard_delete_messages_request *hard = call->request;
        bool is_soft = deed->rop_id == ROP_ID_DELETE_MESSAGES;
        set_folder(execution, &deed->deed, folder_of(call->input));
        return set_wire_items(execution, &deed->deed, is_soft ? soft->message_ids : hard->message_ids,
            is_soft ? soft->message_id_count : hard->message_id_count);
    }
    case ROP_ID_EMPTY_FOLDER:
    case ROP_ID_HARD_DELETE_MESSAGES_AND_SUBFOLDERS:
        set_folder(execution, &deed->deed, folder_of(call->input));
        set_whole_folder(execution, &deed->deed, deed->deed.folder_id);
        return true;
    case ROP_ID_DELETE_FOLDER:
        set_folder(execution, &deed->deed, folder_of(call->input));
        set_whole_folder(execution, &deed->deed,
            id_of_wire(((const struct rop_delete_folder_request *)call->request)->folder_id));
        return true;
    case ROP_ID_MOVE_FOLDER:
        set_folder(execution, &deed->deed, folder_of(call->input));
        set_whole_folder(execution, &deed->deed, id_of_wire(((const struct rop_move_folder_request *)call->request)->folder_id));
        set_destination(execution, &deed->deed, call);
        return true;
    case ROP_ID_COPY_FOLDER:
        set_folder(execution, &deed->deed, folder_of(call->input));
        set_whole_folder(execution, &deed->deed, id_of_wire(((const struct rop_copy_folder_request *)call->request)->folder_id));
        set_destination(execution, &deed->deed, call);
        return true;
    default:
        return true;
    }
}

/* What can only be known after. */
static bool describe_after(struct execution *execution, struct rop_deed *deed, const struct rop_call *call)
{
    uint64_t id;
    switch (deed->rop_id) {
    case ROP_ID_OPEN_FOLDER:
        set_folder(execution, &deed->deed, id_of_wire(((const struct rop_open_folder_request *)call->request)->folder_id));
        return true;
    case ROP_ID_OPEN_MESSAGE: {
        const struct rop_open_message_request *request = call->request;
        set_folder(execution, &deed->deed, id_of_wire(request->folder_id));
        id = id_of_wire(request->message_id);
        return set_items(execution, &deed->deed, &id, 1);
    }
    case ROP_ID_SAVE_CHANGES_MESSAGE:
        set_folder(execution, &deed->deed, message_folder_id(call->input->message));
        id = message_id(call->input->message);
        return id == 0 || set_items(execution, &deed->deed, &id, 1);
    default:
        return true;
    }
}

static bool is_partial(const struct rop_deed *deed, const struct rop_call *call)
{
    if (!call->answer)
        return false;
    switch (deed->rop_id) {
#define PARTIAL(id, type)                                                           \
    case ROP_ID_##id:                                                               \
        return ((const struct rop_##type##_success *)call->answer)->partial_completion
        PARTIAL(MOVE_COPY_MESSAGES, move_copy_messages);
        PARTIAL(DELETE_MESSAGES, delete_messages);
        PARTIAL(HARD_DELETE_MESSAGES, hard_delete_messages);
        PARTIAL(EMPTY_FOLDER, empty_folder);
        PARTIAL(HARD_DELETE_MESSAGES_AND_SUBFOLDERS, hard_delete_messages_and_subfolders);
        PARTIAL(DELETE_FOLDER, delete_folder);
        PARTIAL(MOVE_FOLDER, move_folder);
        PARTIAL(COPY_FOLDER, copy_folder);
#undef PARTIAL
    default:
        return false;
    }
}

/* --- in the order of an Execute --- */

static struct rop_deed *deed_new(struct execution *execution, const struct rop_logon *logon, enum audit_operation operation)
{
    struct arena *arena = execution->frame->arena;
    struct rop_deed *deed = arena_new(arena, struct rop_deed);
    if (!deed)
        return NULL;
    deed->deed = audit_deed_of(operation, logon->audit->type, &logon->audit->mailbox, execution->session->parameters.user);
    /* The logon may be gone before the commit. */
    deed->deed.mailbox.name = arena_string(arena, logon->audit->mailbox.name);
    deed->deed.mailbox.principal = arena_string(arena, logon->audit->mailbox.principal);
    deed->deed.mailbox.replica_guid = mailbox_replica_guid(execution->mailbox);
    return deed->deed.mailbox.name && deed->deed.mailbox.principal ? deed : NULL;
}

static void queue(struct execution *execution, struct rop_deed *deed)
{
    deed->deed.time = filetime_now();
    if (execution->last_deed)
        execution->last_deed->next = deed;
    else
        execution->first_deed = deed;
    execution->last_deed = deed;
}

struct rop_deed *rop_audit_begin(struct execution *execution, const struct rop_request *request, const struct rop_call *call)
{
    const struct audit_hook *hook = execution->session->parameters.audit;
    enum audit_operation operation;
    if (!hook || !call->rop_logon->audit || !operation_of(request, call, &operation) ||
        !is_wanted(execution, call->rop_logon->audit, operation))
        return NULL;
    struct rop_deed *deed = deed_new(execution, call->rop_logon, operation);
    if (!deed)
        return NULL;
    deed->rop_id = request->rop_id;
    return describe_before(execution, deed, call) ? deed : NULL;
}

/* Looking where nothing is, or where it is gone, is no access. */
static bool is_futile_look(const struct rop_deed *deed, uint32_t error)
{
    return is_failure(error) && error != EC_ACCESS_DENIED &&
        (deed->deed.operation == AUDIT_FOLDER_BIND || deed->deed.operation == AUDIT_MESSAGE_BIND);
}

void rop_audit_end(struct execution *execution, struct rop_deed *deed, const struct rop_call *call, uint32_t error)
{
    if (!deed || is_futile_look(deed, error) || !describe_after(execution, deed, call))
        return;
    if (is_failure(error)) {
        deed->deed.result = AUDIT_FAILED;
        deed->deed.error = error;
    } else if (is_partial(deed, call)) {
        deed->deed.result = AUDIT_PARTIALLY_SUCCEEDED;
    }
    queue(execution, deed);
}

void rop_audit_logged_on(struct execution *execution, const struct rop_logon *logon)
{
    const struct audit_hook *hook = execution->session->parameters.audit;
    if (!hook || !logon->audit || !is_wanted(execution, logon->audit, AUDIT_MAILBOX_LOGIN))
        return;
    struct rop_deed *deed = deed_new(execution, logon, AUDIT_MAILBOX_LOGIN);
    if (deed)
        queue(execution, deed);
}

static const struct audit_client *client_of(const struct execution *execution)
{
    static const struct audit_client none = {"", "", "", "", "", "", ""};
    const struct rop_execution *frame = execution->frame;
    const struct audit_client *client = frame->audit_client ? frame->audit_client(frame->audit_context) : NULL;
    return client ? client : &none;
}

void rop_audit_refused(struct execution *execution, const struct rop_logon_request *request, uint32_t error)
{
    struct rop_session *session = execution->session;
    const struct audit_hook *hook = session->parameters.audit;
    const struct directory_user *user = session->parameters.user;
    struct directory_user owner;
    /* Whose mailbox it was is asked again: logons are refused seldom. */
    char *dn = hook && error == EC_ACCESS_DENIED ? arena_string_of(execution->frame->arena, request->essdn) : NULL;
    if (!dn || directory_find_mailbox_dn(session->server->directory, execution->frame->arena, dn, &owner) != DIRECTORY_OK)
        return;
    enum audit_logon_type type = type_of(session, &owner, false, request);
    if (!(hook->wanted(hook->user, owner.id, type) & AUDIT_BIT(AUDIT_MAILBOX_LOGIN)))
        return;
    struct audit_mailbox mailbox = audit_mailbox_of(&owner);
    struct audit_deed deed = audit_deed_of(AUDIT_MAILBOX_LOGIN, type, &mailbox, user);
    deed.result = AUDIT_FAILED;
    deed.error = error;
    deed.time = filetime_now();
    hook->record(hook->user, &deed, client_of(execution));
}

void rop_audit_tell(struct execution *execution, uint32_t error)
{
    const struct audit_hook *hook = execution->session->parameters.audit;
    const struct audit_client *client = execution->first_deed ? client_of(execution) : NULL;
    for (struct rop_deed *deed = execution->first_deed; deed; deed = deed->next) {
        if (error && deed->deed.result != AUDIT_FAILED) {
            deed->deed.result = AUDIT_FAILED;
            deed->deed.error = error;
        }
        hook->record(hook->user, &deed->deed, client);
    }
    execution->first_deed = execution->last_deed = NULL;
}
