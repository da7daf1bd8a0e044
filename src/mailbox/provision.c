/* The folders, special entry ids and receive folders a new private mailbox begins with (MS-OXOSFLD; MS-OXCSTOR 3.2.5.1). Names
 * and counters are those a real Exchange gives, so that a client that remembers them finds them. */
#include "base/filetime.h"
#include "base/text.h"
#include "mailbox/entry_id.h"
#include "mailbox/model.h"
#include "mailbox/tags.h"

struct special {
    uint64_t counter;
    enum special_folder parent;
    const char *name;
    const char *container_class; /* NULL: none */
    bool hidden;
};

#define RESERVED_COUNTERS 0x100u /* 0x101 .. 0x200 are for these folders */

static const struct special specials[SPECIAL_FOLDER_COUNT] = {
    [SPECIAL_FOLDER_ROOT] = {0x101, SPECIAL_FOLDER_ROOT, "", NULL, false},
    [SPECIAL_FOLDER_DEFERRED_ACTION] = {0x102, SPECIAL_FOLDER_ROOT, "Deferred Action", NULL, false},
    [SPECIAL_FOLDER_SPOOLER_QUEUE] = {0x164, SPECIAL_FOLDER_ROOT, "Spooler Queue", NULL, false},
    [SPECIAL_FOLDER_IPM_SUBTREE] = {0x108, SPECIAL_FOLDER_ROOT, "Top of Information Store", NULL, false},
    [SPECIAL_FOLDER_INBOX] = {0x10C, SPECIAL_FOLDER_IPM_SUBTREE, "Inbox", "IPF.Note", false},
    [SPECIAL_FOLDER_OUTBOX] = {0x10B, SPECIAL_FOLDER_IPM_SUBTREE, "Outbox", "IPF.Note", false},
    [SPECIAL_FOLDER_SENT_ITEMS] = {0x109, SPECIAL_FOLDER_IPM_SUBTREE, "Sent Items", "IPF.Note", false},
    [SPECIAL_FOLDER_DELETED_ITEMS] = {0x10A, SPECIAL_FOLDER_IPM_SUBTREE, "Deleted Items", "IPF.Note", false},
    [SPECIAL_FOLDER_COMMON_VIEWS] = {0x106, SPECIAL_FOLDER_ROOT, "Common Views", NULL, false},
    [SPECIAL_FOLDER_SCHEDULE] = {0x107, SPECIAL_FOLDER_ROOT, "Schedule", NULL, false},
    [SPECIAL_FOLDER_SEARCH] = {0x104, SPECIAL_FOLDER_ROOT, "Finder", NULL, false},
    [SPECIAL_FOLDER_VIEWS] = {0x105, SPECIAL_FOLDER_ROOT, "Views", NULL, false},
    [SPECIAL_FOLDER_SHORTCUTS] = {0x103, SPECIAL_FOLDER_ROOT, "Shortcuts", NULL, false},
    [SPECIAL_FOLDER_CALENDAR] = {0x10D, SPECIAL_FOLDER_IPM_SUBTREE, "Calendar", "IPF.Appointment", false},
    [SPECIAL_FOLDER_CONTACTS] = {0x10E, SPECIAL_FOLDER_IPM_SUBTREE, "Contacts", "IPF.Contact", false},
    [SPECIAL_FOLDER_DRAFTS] = {0x10F, SPECIAL_FOLDER_IPM_SUBTREE, "Drafts", "IPF.Note", false},
    [SPECIAL_FOLDER_JOURNAL] = {0x110, SPECIAL_FOLDER_IPM_SUBTREE, "Journal", "IPF.Journal", false},
    [SPECIAL_FOLDER_NOTES] = {0x111, SPECIAL_FOLDER_IPM_SUBTREE, "Notes", "IPF.StickyNote", false},
    [SPECIAL_FOLDER_TASKS] = {0x112, SPECIAL_FOLDER_IPM_SUBTREE, "Tasks", "IPF.Task", false},
    [SPECIAL_FOLDER_JUNK_EMAIL] = {0x113, SPECIAL_FOLDER_IPM_SUBTREE, "Junk Email", "IPF.Note", false},
    [SPECIAL_FOLDER_SYNC_ISSUES] = {0x114, SPECIAL_FOLDER_IPM_SUBTREE, "Sync Issues", "IPF.Note", false},
    [SPECIAL_FOLDER_CONFLICTS] = {0x115, SPECIAL_FOLDER_SYNC_ISSUES, "Conflicts", "IPF.Note", false},
    [SPECIAL_FOLDER_LOCAL_FAILURES] = {0x116, SPECIAL_FOLDER_SYNC_ISSUES, "Local Failures", "IPF.Note", false},
    [SPECIAL_FOLDER_SERVER_FAILURES] = {0x117, SPECIAL_FOLDER_SYNC_ISSUES, "Server Failures", "IPF.Note", false},
    [SPECIAL_FOLDER_CONVERSATION_ACTIONS] = {0x118, SPECIAL_FOLDER_IPM_SUBTREE, "Conversation Action Settings",
        "IPF.Configuration", true},
    [SPECIAL_FOLDER_FREEBUSY_DATA] = {0x119, SPECIAL_FOLDER_ROOT, "Freebusy Data", NULL, false},
};

uint64_t special_folder_id(enum special_folder folder)
{
    return MAILBOX_ID(specials[folder].counter);
}

bool mailbox_is_special_folder(uint64_t folder_id)
{
    for (int i = 0; i < SPECIAL_FOLDER_COUNT; i++)
        if (special_folder_id((enum special_folder)i) == folder_id)
            return true;
    return false;
}

#define PERSIST_CONVERSATION_ACTIONS 0x8006u
#define ELEMENT_ENTRY_ID 0x0001u

/* PidTagAdditionalRenEntryIdsEx (MS-OXOSFLD 2.2.4) with the one folder of ours that it names. */
static struct bytes additional_ids_ex(struct arena *arena, struct bytes conversation_actions)
{
    size_t size = 4 + 4 + conversation_actions.size + 4;
    uint8_t *block = arena_allocate(arena, size);
    if (block == NULL)
        return BYTES_NONE;
    store_u16(block, PERSIST_CONVERSATION_ACTIONS);
    store_u16(block + 2, (uint16_t)(4 + conversation_actions.size));
    store_u16(block + 4, ELEMENT_ENTRY_ID);
    store_u16(block + 6, (uint16_t)conversation_actions.size);
    __builtin_memcpy(block + 8, conversation_actions.data, conversation_actions.size);
    return bytes_of(block, size); /* the last four bytes, zeros, are the sentinel */
}

struct value_writer {
    struct property_value values[24];
    uint32_t count;
};

static void add(struct value_writer *writer, struct property_value value)
{
    writer->values[writer->count++] = value;
}

static void add_bytes(struct value_writer *writer, uint32_t tag, struct bytes bytes)
{
    add(writer, (struct property_value){.tag = tag, .bytes = bytes});
}

/* The properties by which clients find the other folders (MS-OXOSFLD 2.2.3); on the root and on the Inbox. */
static uint32_t add_special_entry_ids(struct arena *arena, struct mailbox *mailbox, struct value_writer *writer)
{
    static const struct {
        uint32_t tag;
        enum special_folder folder;
    } single[] = {{PID_TAG_IPM_APPOINTMENT_ENTRY_ID, SPECIAL_FOLDER_CALENDAR},
        {PID_TAG_IPM_CONTACT_ENTRY_ID, SPECIAL_FOLDER_CONTACTS}, {PID_TAG_IPM_JOURNAL_ENTRY_ID, SPECIAL_FOLDER_JOURNAL},
        {PID_TAG_IPM_NOTE_ENTRY_ID, SPECIAL_FOLDER_NOTES}, {PID_TAG_IPM_TASK_ENTRY_ID, SPECIAL_FOLDER_TASKS},
        {PID_TAG_IPM_DRAFTS_ENTRY_ID, SPECIAL_FOLDER_DRAFTS}};
    static const enum special_folder additional[] = {SPECIAL_FOLDER_CONFLICTS, SPECIAL_FOLDER_SYNC_ISSUES,
        SPECIAL_FOLDER_LOCAL_FAILURES, SPECIAL_FOLDER_SERVER_FAILURES, SPECIAL_FOLDER_JUNK_EMAIL};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        add_bytes(writer, single[i].tag, mailbox_folder_entry_id(arena, mailbox, special_folder_id(single[i].folder)));
    struct bytes *ids = arena_array(arena, struct bytes, 5);
    struct bytes *free_busy = arena_array(arena, struct bytes, 4);
    if (ids == NULL || free_busy == NULL)
        return EC_OUT_OF_MEMORY;
    for (size_t i = 0; i < 5; i++)
        ids[i] = mailbox_folder_entry_id(arena, mailbox, special_folder_id(additional[i]));
    free_busy[3] = mailbox_folder_entry_id(arena, mailbox, special_folder_id(SPECIAL_FOLDER_FREEBUSY_DATA));
    add(writer, (struct property_value){.tag = PID_TAG_ADDITIONAL_REN_ENTRY_IDS, .multiple = {.count = 5, .bytes = ids}});
    add(writer, (struct property_value){.tag = PID_TAG_FREE_BUSY_ENTRY_IDS, .multiple = {.count = 4, .bytes = free_busy}});
    add_bytes(writer, PID_TAG_ADDITIONAL_REN_ENTRY_IDS_EX,
        additional_ids_ex(
            arena, mailbox_folder_entry_id(arena, mailbox, special_folder_id(SPECIAL_FOLDER_CONVERSATION_ACTIONS))));
    for (uint32_t i = 0; i < writer->count; i++)
        if (PROPERTY_TYPE(writer->values[i].tag) == PTYP_BINARY && writer->values[i].bytes.data == NULL)
            return EC_OUT_OF_MEMORY;
    return EC_SUCCESS;
}

static uint32_t create_special(
    struct arena *arena, struct mailbox *mailbox, enum special_folder folder, uint64_t change_number, uint64_t now)
{
    const struct special *special = &specials[folder];
    struct value_writer writer = {0};
    add_bytes(&writer, PID_TAG_DISPLAY_NAME, text_utf16_of_utf8(arena, bytes_of_string(special->name)));
    if (special->container_class != NULL)
        add_bytes(&writer, PID_TAG_CONTAINER_CLASS, text_utf16_of_utf8(arena, bytes_of_string(special->container_class)));
    if (special->hidden)
        add(&writer, (struct property_value){.tag = PID_TAG_ATTRIBUTE_HIDDEN, .boolean = 1});
    uint32_t error = EC_SUCCESS;
    if (folder == SPECIAL_FOLDER_ROOT || folder == SPECIAL_FOLDER_INBOX)
        error = add_special_entry_ids(arena, mailbox, &writer);
    if (error != EC_SUCCESS)
        return error;
    struct store_folder_write write = {
        .folder_id = special_folder_id(folder),
        .parent_id = folder == SPECIAL_FOLDER_ROOT ? 0 : special_folder_id(special->parent),
        .type = folder == SPECIAL_FOLDER_ROOT ? STORE_FOLDER_ROOT : STORE_FOLDER_GENERIC,
        .change_number = change_number,
        .time = now,
        .content = {.properties = {.count = writer.count, .values = writer.values}},
    };
    return mailbox_error(store_folder_create(mailbox->store, &write));
}

static uint32_t provision_all(struct arena *arena, struct mailbox *mailbox)
{
    /* Parents before children. */
    static const enum special_folder first[] = {SPECIAL_FOLDER_ROOT, SPECIAL_FOLDER_IPM_SUBTREE, SPECIAL_FOLDER_SYNC_ISSUES};
    uint64_t first_id = 0, change = 0, now = filetime_now();
    /* No folder has them: where an earlier try was rolled back, others are reserved instead and these are free for ever. */
    uint32_t error = mailbox_new_ids(mailbox, RESERVED_COUNTERS, &first_id);
    if (error == EC_SUCCESS)
        error = mailbox_new_ids(mailbox, SPECIAL_FOLDER_COUNT, &change);
    for (size_t i = 0; error == EC_SUCCESS && i < sizeof first / sizeof *first; i++)
        error = create_special(arena, mailbox, first[i], change++, now);
    for (int i = 0; error == EC_SUCCESS && i < SPECIAL_FOLDER_COUNT; i++) {
        enum special_folder folder = (enum special_folder)i;
        if (folder != first[0] && folder != first[1] && folder != first[2])
            error = create_special(arena, mailbox, folder, change++, now);
    }
    static const struct {
        const char *message_class;
        enum special_folder folder;
    } receive[] = {{"", SPECIAL_FOLDER_INBOX}, {"IPM", SPECIAL_FOLDER_INBOX}, {"REPORT.IPM", SPECIAL_FOLDER_INBOX},
        {"IPC", SPECIAL_FOLDER_ROOT}};
    for (size_t i = 0; error == EC_SUCCESS && i < sizeof receive / sizeof *receive; i++)
        error = mailbox_error(
            store_receive_folder_set(mailbox->store, receive[i].message_class, special_folder_id(receive[i].folder), now));
    return error;
}

uint32_t mailbox_provision(struct mailbox *mailbox, const struct mailbox_owner *owner)
{
    (void)owner;
    struct arena arena = {0};
    struct store_folder root;
    uint32_t error = mailbox_folder(mailbox, &arena, special_folder_id(SPECIAL_FOLDER_ROOT), &root);
    if (error == EC_NOT_FOUND) {
        struct write_scope scope;
        error = write_scope_begin(mailbox, &scope);
        if (error == EC_SUCCESS)
            error = write_scope_end(mailbox, scope, provision_all(&arena, mailbox));
    }
    arena_free(&arena);
    return error;
}
