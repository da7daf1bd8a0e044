/* The mailbox audit: Search-, Test- and Get-MailboxAuditLog... of what users did in mailboxes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/filetime.h"
#include "operation/audit_object.h"
#include "operation/operations.h"
#include "operation/subject.h"

#define RESULT_SIZE_DEFAULT 1000
#define RESULT_SIZE_MAX 250000u
#define FLUSH_WAIT_MS 3000u

/* The file, with what the running server has not written yet; NULL: the call has failed. */
static const char *file_of(struct operation_call *call)
{
    const char *path = arena_format(call->arena, "%s/" AUDIT_FILE_NAME, call->host->data_path);
    if (!path)
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "out of memory");
    if (!path || !call->host->audit)
        return path;
    if (!audit_store_flush(call->host->audit, FLUSH_WAIT_MS)) {
        struct audit_state state = audit_store_state(call->host->audit);
        operation_warn(call, "%" PRIu64 " records are not written yet%s%s", state.queued, *state.error ? ": " : "", state.error);
    }
    return path;
}

/* False: the call has failed. Without a file nothing was ever written down, which is no failure. */
static bool audit_done(struct operation_call *call, enum audit_status status)
{
    if (status == AUDIT_NO_FILE)
        operation_warn(call, "nothing was written down yet: auditing is switched on for each mailbox, by Set-Mailbox -AuditEnabled $true");
    else if (status != AUDIT_OK)
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "%s", audit_status_text(status));
    return status == AUDIT_OK || status == AUDIT_NO_FILE;
}

/* --- Search-MailboxAuditLog --- */

static bool logon_types_of(struct operation_call *call, uint32_t *ret_types)
{
    const json_t *names = operation_parameter(call, "LogonTypes");
    bool details = operation_flag(call, "ShowDetails");
    uint32_t types = names ? 0 : 1u << AUDIT_DELEGATE | 1u << AUDIT_ADMIN | (details ? 1u << AUDIT_OWNER : 0);
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name) {
        enum audit_logon_type type;
        if (audit_logon_type_parse(json_string_value(name), &type))
            types |= 1u << type;
        else
            operation_warn(call, "LogonTypes External: nobody from outside administers this server, so there are no such records");
    }
    if (types & 1u << AUDIT_OWNER && !details) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "LogonTypes", "LogonTypes Owner needs -ShowDetails");
        return false;
    }
    *ret_types = types;
    return true;
}

static uint32_t operations_of(const struct operation_call *call)
{
    const json_t *names = operation_parameter(call, "Operations");
    uint32_t mask = 0;
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name) {
        enum audit_operation operation;
        if (audit_operation_parse(json_string_value(name), &operation))
            mask |= AUDIT_BIT(operation);
    }
    return mask;
}

/* A mailbox that is gone still has its records: its GUID finds them. */
static bool mailbox_guid_of(struct operation_call *call, const char *parameter, const char *identity, struct guid *ret_guid)
{
    struct directory_user user;
    struct guid guid;
    if (guid_parse(identity, &guid) &&
        directory_find(call->host->directory, call->arena, DIRECTORY_KEY_MAILBOX, identity, &user) == DIRECTORY_NOT_FOUND &&
        directory_find(call->host->directory, call->arena, DIRECTORY_KEY_ID, identity, &user) == DIRECTORY_NOT_FOUND) {
        *ret_guid = guid;
        return true;
    }
    if (!subject_mailbox(call, parameter, identity, &user))
        return false;
    *ret_guid = user.mailbox_guid;
    return true;
}

static bool mailboxes_of(struct operation_call *call, struct audit_query *query)
{
    const char *identity = operation_text(call, "Identity");
    const json_t *names = operation_parameter(call, "Mailboxes");
    size_t count = identity ? 1 : json_array_size(names);
    struct guid *guids = arena_array(call->arena, struct guid, count + 1);
    if (identity && names) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Mailboxes", "Identity and Mailboxes do not go together: name all of them in Mailboxes");
        return false;
    }
    if (!guids) {
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "out of memory");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = identity ? identity : json_string_value(json_array_get(names, i));
        if (!mailbox_guid_of(call, identity ? "Identity" : "Mailboxes", name, &guids[i]))
            return false;
    }
    query->mailbox_count = (uint32_t)count;
    query->mailbox_guids = guids;
    return true;
}

struct search {
    struct operation_call *call;
    const char *server;
    int64_t left;
    bool more;
};

static bool take_room(struct search *search)
{
    search->more = search->left == 0;
    return search->left-- > 0;
}

static bool emit_record(void *context, const struct audit_record *record)
{
    struct search *search = context;
    if (!take_room(search))
        return false;
    operation_emit(search->call, audit_object_of_record(record));
    return !search->call->stopped && search->call->error == OPERATION_DONE;
}

static bool emit_mailbox(void *context, const struct audit_mailbox_access *access)
{
    struct search *search = context;
    if (!take_room(search))
        return false;
    operation_emit(search->call, audit_object_of_access(access));
    return !search->call->stopped && search->call->error == OPERATION_DONE;
}

static void search(struct operation_call *call)
{
    struct audit_query query = {.operations = operations_of(call), .time_from = operation_time(call, "StartDate", 0),
                                .time_until = operation_time(call, "EndDate", 0), .has_attachments = operation_flag(call, "HasAttachments")};
    struct search state = {.call = call, .left = operation_number(call, "ResultSize", RESULT_SIZE_DEFAULT)};
    if (query.time_until && query.time_from > query.time_until) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "StartDate", "StartDate is after EndDate");
        return;
    }
    if (!logon_types_of(call, &query.logon_types) || !mailboxes_of(call, &query))
        return;
    if (operation_flag(call, "ExternalAccess") || query.logon_types == 0) {
        operation_warn(call, "nobody from outside administers this server: there are no records of external access");
        return;
    }
    const char *path = file_of(call);
    if (!path)
        return;
    query.result_max = (uint32_t)state.left + 1;
    enum audit_status status = operation_flag(call, "ShowDetails") ? audit_search(path, &query, emit_record, &state)
                                                                   : audit_search_mailboxes(path, &query, emit_mailbox, &state);
    if (audit_done(call, status) && state.more)
        operation_warn(call, "there are more records than these; -ResultSize says how many are wanted (at most %u), -StartDate and -EndDate narrow",
                       RESULT_SIZE_MAX);
}

#define OPERATION_NAMES "Copy|Create|FolderBind|HardDelete|MailboxLogin|MessageBind|Move|MoveToDeletedItems|SendAs|SendOnBehalf|SoftDelete|Update"

static const struct operation_parameter search_parameters[] = {
    {.name = "Identity", .alias = "id", .option = "mailbox", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED,
     .explanation = "of this mailbox: account, address, name or GUID (also the GUID of one that is gone); all mailboxes without it"},
    {.name = "Mailboxes", .kind = OPERATION_TEXTS, .explanation = "of several mailboxes"},
    {.name = "LogonTypes", .option = "logon", .kind = OPERATION_CHOICES, .choices = "Admin|Delegate|External|Owner",
     .explanation = "as whom it was done; Owner needs -ShowDetails. Without it: Admin and Delegate, with -ShowDetails all"},
    {.name = "Operations", .option = "operation", .kind = OPERATION_CHOICES, .choices = OPERATION_NAMES, .explanation = "only these"},
    {.name = "ShowDetails", .option = "details", .kind = OPERATION_SWITCH,
     .explanation = "each record with all that it tells; without it the mailboxes, with the time of the newest record"},
    {.name = "StartDate", .option = "since", .kind = OPERATION_TIME, .explanation = "not before"},
    {.name = "EndDate", .option = "until", .kind = OPERATION_TIME, .explanation = "not after"},
    {.name = "ResultSize", .option = "limit", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = RESULT_SIZE_MAX,
     .explanation = "at most so many, the newest; 1000 by default"},
    {.name = "HasAttachments", .option = "attachments", .kind = OPERATION_BOOLEAN,
     .explanation = "$true: only records of messages with attachments; $false: all"},
    {.name = "ExternalAccess", .option = "external", .kind = OPERATION_BOOLEAN,
     .explanation = "$true: only access by people outside of the organization, which there is none of here"},
    {.name = NULL},
};

static const struct operation_column search_columns[] = {{"LastAccessed"}, {"MailboxOwnerUPN"}, {"Operation"}, {"OperationResult"}, {"LogonType"},
                                                         {"LogonUserDisplayName"}, {"FolderPathName"}, {"ItemSubject"}, {NULL}};

const struct operation operation_search_mailbox_audit_log = {
    .name = "Search-MailboxAuditLog",
    .command = "audit search",
    .summary = "what was done in mailboxes: by whom, as owner, delegate or administrator, when, from where, with which client",
    .description = "Records are written for mailboxes that Set-Mailbox -AuditEnabled $true switched auditing on for, of the operations that its -AuditOwner, "
                   "-AuditDelegate and -AuditAdmin name, and are kept for its -AuditLogAgeLimit, 90 days by default. The newest come first.",
    .parameters = search_parameters,
    .columns = search_columns,
    .run = search,
};

/* --- Test-MailboxAuditLog --- */

static bool hash_read(const char *text, uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    if (strlen(text) != 2 * AUDIT_HASH_SIZE || strspn(text, "0123456789abcdefABCDEF") != 2 * AUDIT_HASH_SIZE)
        return false;
    for (size_t i = 0; i < AUDIT_HASH_SIZE; i++) {
        const char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
        ret_hash[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static void test(struct operation_call *call)
{
    struct audit_verification verification = {.sound = true};
    uint8_t hash[AUDIT_HASH_SIZE];
    const char *hash_text = operation_text(call, "Hash");
    bool known = operation_given(call, "Record");
    if (known != (hash_text != NULL)) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, known ? "Hash" : "Record", "Record and Hash go together: the end of the chain that was noted earlier");
        return;
    }
    if (hash_text && !hash_read(hash_text, hash)) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Hash", "Hash is 64 hexadecimal digits, as this command and the server's log tell them");
        return;
    }
    const char *path = file_of(call);
    if (!path)
        return;
    enum audit_status status = audit_verify(path, (uint64_t)operation_number(call, "Record", 0), known ? hash : NULL, &verification);
    if (status == AUDIT_NO_FILE && known) {
        operation_fail(call, OPERATION_FAILED, "Record", "the whole audit is missing: there is no %s", path);
        return;
    }
    if (!audit_done(call, status))
        return;
    operation_emit(call, audit_object_of_verification(&verification));
    if (!verification.sound)
        operation_fail(call, OPERATION_FAILED, NULL, "the audit was changed from outside: record %" PRIu64 ": %s", verification.bad_number,
                       verification.problem);
}

static const struct operation_parameter test_parameters[] = {
    {.name = "Record", .alias = "RecordNumber", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = UINT32_MAX,
     .explanation = "the number of a record that was the last one once (LastRecord), to be held against what is there"},
    {.name = "Hash", .kind = OPERATION_TEXT, .explanation = "its hash then (LastHash)"},
    {.name = NULL},
};

const struct operation operation_test_mailbox_audit_log = {
    .name = "Test-MailboxAuditLog",
    .command = "audit verify",
    .summary = "check that nobody changed or removed a record of the mailbox audit",
    .description = "Every record is chained to the one before it by SHA-256; records taken out at the end of their time leave a note. Whoever can write the file "
                   "could make the whole chain anew, so note LastRecord and LastHash somewhere else (the server's log has them) and give them here later.",
    .parameters = test_parameters,
    .run = test,
};

/* --- Get-MailboxAuditLogState --- */

/* With the log of what was written last, which becomes part of the file when that is closed. */
static json_int_t size_of(struct operation_call *call, const char *path)
{
    static const char *const suffixes[] = {"", "-wal"};
    json_int_t size = 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const char *name = arena_format(call->arena, "%s%s", path, suffixes[i]);
        struct stat file;
        if (name && stat(name, &file) == 0)
            size += file.st_size;
    }
    return size;
}

static void get_state(struct operation_call *call)
{
    struct audit_state state = {0};
    const char *path = file_of(call);
    if (!path)
        return;
    if (call->host->audit)
        state = audit_store_state(call->host->audit);
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "Path", path, "State",
                               !call->host->audit ? "NotRunning" : state.failing ? "Failing" : "Writing", "SizeBytes",
                               size_of(call, path), "WrittenSinceStart", (json_int_t)state.written, "Waiting",
                               (json_int_t)state.queued, "LostSinceStart", (json_int_t)state.lost, "Error", state.error);
    operation_emit(call, object);
    if (state.failing)
        operation_warn(call, "records cannot be written and wait in memory: %s", state.error);
    if (state.lost)
        operation_warn(call, "%" PRIu64 " records were lost since the start, which the audit itself says too", state.lost);
}

const struct operation operation_get_mailbox_audit_log_state = {
    .name = "Get-MailboxAuditLogState",
    .command = "audit status",
    .summary = "whether the mailbox audit is being written, how much waits, and whether anything was lost",
    .run = get_state,
};
