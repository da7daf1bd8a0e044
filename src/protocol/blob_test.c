/* Real property values (../shared/data/mapi-blobs beside the source) of declared types decode, encode to the same bytes again, and
 * say what the texts beside them say. Skipped with a message where they are not there. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "protocol/entry_id.h"
#include "protocol/structures.h"
#include "wire/wire.h"

static char folder[1024];

static struct bytes file_read(struct arena *arena, const char *part, const char *name)
{
    char path[2048];
    snprintf(path, sizeof path, "%s/%s/%s.dat", folder, part, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return BYTES_NONE;
    uint8_t *content = arena_allocate(arena, 1 << 20);
    size_t size = fread(content, 1, 1 << 20, file);
    fclose(file);
    return bytes_of(content, size);
}

/* The values stand as hexadecimal digits with white space and dots between. */
static struct bytes blob_read(struct arena *arena, const char *type, unsigned number)
{
    char name[128];
    snprintf(name, sizeof name, "%s-%u", type, number);
    struct bytes text = file_read(arena, "In", name);
    if (!text.data)
        return BYTES_NONE;
    uint8_t *data = arena_allocate(arena, text.size / 2 + 1);
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!isxdigit(text.data[i]))
            continue;
        uint8_t value = (uint8_t)(isdigit(text.data[i]) ? text.data[i] - '0' : (text.data[i] | 0x20) - 'a' + 10);
        data[digits / 2] = (uint8_t)(data[digits / 2] << 4 | value);
        digits++;
    }
    return bytes_of(data, digits / 2);
}

/* The text, UTF-8 whatever it was, with a NUL. */
static char *text_read(struct arena *arena, const char *type, unsigned number)
{
    char name[128];
    snprintf(name, sizeof name, "%s-out-%u", type, number);
    struct bytes text = file_read(arena, "Out", name);
    assert_non_null(text.data);
    if (text.size >= 2 && text.data[0] == 0xFF && text.data[1] == 0xFE)
        return text_utf8_of_utf16(arena, bytes_of(text.data + 2, text.size - 2));
    return arena_string_of(arena, text);
}

static void must_say(const char *type, unsigned number, const char *text, const char *said)
{
    if (!strstr(text, said))
        fail_msg("%s-%u: the text beside it does not say '%s'", type, number, said);
}

static void must_say_string(struct arena *arena, const char *type, unsigned number, const char *text, const char *label, struct bytes string, bool utf16)
{
    char said[1024];
    for (size_t i = 0; i < string.size && !utf16; i++)
        if (string.data[i] >= 0x80)
            string.size = i; /* which character, only a code page could say */
    const char *utf8 = utf16 ? text_utf8_of_utf16(arena, string) : arena_string_of(arena, string);
    snprintf(said, sizeof said, "%s%s", label, utf8);
    must_say(type, number, text, said);
}

static void *check(struct arena *arena, const char *type, unsigned number, const struct wire_structure *structure, struct bytes blob)
{
    struct wire_error error;
    struct buffer again = { 0 };
    void *object = arena_allocate(arena, structure->size);
    size_t size;
    bool canonical;
    if (!wire_decode_prefix(arena, structure, blob, NULL, object, &size, &canonical, &error))
        fail_msg("%s-%u: %s at %zu in %s", type, number, wire_status_name(error.status), error.offset, error.path);
    if (size != blob.size) { /* the text knows of bytes left over too */
        char said[64];
        snprintf(said, sizeof said, "Unparsed data size = 0x%08zX", blob.size - size);
        if (!strstr(text_read(arena, type, number), said))
            fail_msg("%s-%u: %zu of %zu bytes were used", type, number, size, blob.size);
        blob.size = size;
    }
    if (!wire_encode(structure, object, NULL, &again, &error))
        fail_msg("%s-%u does not encode: %s in %s", type, number, wire_status_name(error.status), error.path);
    if (canonical && !bytes_equal(buffer_bytes(&again), blob))
        fail_msg("%s-%u encodes to other bytes", type, number);
    buffer_free(&again);
    return object;
}

static void say_guid(char *said, size_t size, const char *label, struct guid guid)
{
    char text[GUID_TEXT_SIZE];
    guid_format(guid, text);
    for (char *at = text; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    snprintf(said, size, "%s{%s}", label, text);
}

static void check_entry_id(struct arena *arena, unsigned number, struct bytes blob, const char *text)
{
    static const char type[] = "ENTRYID";
    char said[256];
    enum entry_id_kind kind = entry_id_kind_of(blob);
    /* What is not declared must not be taken for something that is. */
    if (kind == ENTRY_ID_UNKNOWN) {
        const bool undeclared = strstr(text, "Unparsed data") || strstr(text, "WAB_GUID") || strstr(text, "CONTAB_CONTAINER")
            || strstr(text, "Type = 0x00000030");
        assert_true(undeclared);
        return;
    }
    if (kind == ENTRY_ID_STORE && strstr(text, "mspst.dll"))
        return; /* wrapped by the same provider, but a file's: nothing of it is declared */
    void *object = check(arena, type, number, entry_id_structure(kind), blob);
    switch (kind) {
    case ENTRY_ID_FOLDER: {
        const struct folder_entry_id *id = object;
        snprintf(said, sizeof said, "Folder Type = 0x%04X", id->folder_type);
        must_say(type, number, text, said);
        say_guid(said, sizeof said, "Database GUID = ", id->database_guid);
        break;
    }
    case ENTRY_ID_MESSAGE: {
        const struct message_entry_id *id = object;
        snprintf(said, sizeof said, "Message Type = 0x%04X", id->message_type);
        must_say(type, number, text, said);
        say_guid(said, sizeof said, "Message Database GUID = ", id->message_database_guid);
        break;
    }
    case ENTRY_ID_STORE: {
        const struct store_entry_id *id = object;
        must_say_string(arena, type, number, text, "ServerShortname = ", id->server_shortname, false);
        must_say_string(arena, type, number, text, id->mailbox_dn.size ? "MailboxDN = " : "", id->mailbox_dn, false);
        snprintf(said, sizeof said, "WrappedType = 0x%08X", id->wrapped_type);
        break;
    }
    case ENTRY_ID_ADDRESS_BOOK: {
        const struct address_book_entry_id *id = object;
        must_say_string(arena, type, number, text, "DN = ", id->x500_dn, false);
        snprintf(said, sizeof said, "Type = 0x%08X", id->type);
        break;
    }
    case ENTRY_ID_EPHEMERAL: {
        const struct ephemeral_entry_id *id = object;
        snprintf(said, sizeof said, "Type = 0x%08X", id->display_type);
        break;
    }
    case ENTRY_ID_ONE_OFF: {
        const struct one_off_entry_id *id = object;
        bool utf16 = id->one_off_flags & ONE_OFF_FLAGS_UNICODE;
        must_say_string(arena, type, number, text, "", id->display_name, utf16);
        must_say_string(arena, type, number, text, "", id->address_type, utf16);
        must_say_string(arena, type, number, text, "", id->email_address, utf16);
        snprintf(said, sizeof said, "0x%04X0000", id->one_off_flags);
        if (utf16)
            snprintf(said, sizeof said, "SMTP");
        else
            snprintf(said, sizeof said, "dwBitmask: 0x%04X0000", (unsigned)(id->one_off_flags));
        break;
    }
    default: {
        const struct contact_entry_id *id = object;
        snprintf(said, sizeof said, "Index = 0x%08X", id->index);
        must_say(type, number, text, said);
        say_guid(said, sizeof said, "Message Database GUID = ", id->message_entry_id.message_database_guid);
    }
    }
    must_say(type, number, text, said);
}

static void entry_ids(void **state)
{
    unsigned declared = 0;
    for (unsigned number = 1; number <= 40; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "ENTRYID", number);
        if (!blob.data) {
            print_message("skipped: no %s/In/ENTRYID-%u.dat\n", folder, number);
            skip();
        }
        check_entry_id(&arena, number, blob, text_read(&arena, "ENTRYID", number));
        declared += entry_id_kind_of(blob) != ENTRY_ID_UNKNOWN;
        arena_free(&arena);
    }
    assert_in_range(declared, 28, 40);
}

static void flat_entry_lists(void **state)
{
    for (unsigned number = 1; number <= 3; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "FLATENTRYLIST", number), *entries;
        uint32_t count;
        char said[64];
        if (!blob.data)
            skip();
        const char *text = text_read(&arena, "FLATENTRYLIST", number);
        if (!flat_entry_list_read(&arena, blob, &count, &entries)) {
            /* one of the samples is cut; its text says so */
            must_say("FLATENTRYLIST", number, text, "Unparsed data");
            arena_free(&arena);
            continue;
        }
        snprintf(said, sizeof said, "cEntries = %u", count);
        must_say("FLATENTRYLIST", number, text, said);
        for (uint32_t i = 0; i < count; i++) {
            snprintf(said, sizeof said, "Size = 0x%08zX", entries[i].size);
            must_say("FLATENTRYLIST", number, text, said);
        }
        /* Padding may hold anything, so only the entries are compared. */
        struct bytes again = flat_entry_list_of(&arena, count, entries), *entries_again;
        uint32_t count_again;
        assert_true(flat_entry_list_read(&arena, again, &count_again, &entries_again));
        assert_int_equal(count_again, count);
        for (uint32_t i = 0; i < count; i++)
            assert_true(bytes_equal(entries_again[i], entries[i]));
        arena_free(&arena);
    }
}

static void change_lists(void **state)
{
    for (unsigned number = 1; number <= 3; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "PCL", number);
        char said[128];
        if (!blob.data)
            skip();
        const struct predecessor_change_list *list = check(&arena, "PCL", number, &predecessor_change_list_structure, blob);
        const char *text = text_read(&arena, "PCL", number);
        snprintf(said, sizeof said, "Count = %u", list->xids_count);
        must_say("PCL", number, text, said);
        for (uint32_t i = 0; i < list->xids_count; i++) {
            say_guid(said, sizeof said, "NamespaceGuid = ", list->xids[i].xid.namespace_guid);
            must_say("PCL", number, text, said);
        }
        arena_free(&arena);
    }
}

static void xids(void **state)
{
    for (unsigned number = 1; number <= 4; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "XID", number);
        char said[128];
        if (!blob.data)
            skip();
        const char *text = text_read(&arena, "XID", number);
        struct xid xid;
        struct wire_error error;
        if (!wire_decode(&arena, &xid_structure, blob, NULL, &xid, &error)) {
            must_say("XID", number, text, "Unparsed data");
            continue;
        }
        say_guid(said, sizeof said, "NamespaceGuid = ", xid.namespace_guid);
        must_say("XID", number, text, said);
        arena_free(&arena);
    }
}

static void global_object_ids(void **state)
{
    for (unsigned number = 1; number <= 2; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "GLOBALOBJECTID", number);
        char said[64];
        if (!blob.data)
            skip();
        const struct global_object_id *id = check(&arena, "GLOBALOBJECTID", number, &global_object_id_structure, blob);
        const char *text = text_read(&arena, "GLOBALOBJECTID", number);
        snprintf(said, sizeof said, "Size: 0x%02zX", id->data.size);
        must_say("GLOBALOBJECTID", number, text, said);
        snprintf(said, sizeof said, "Day: 0x%02X", id->day);
        must_say("GLOBALOBJECTID", number, text, said);
        arena_free(&arena);
    }
}

/* Every string in a restriction must stand in the text. */
static void must_say_values(struct arena *arena, const char *type, unsigned number, const char *text, const struct property_value *value)
{
    char said[32];
    snprintf(said, sizeof said, "0x%08X", value->tag);
    must_say(type, number, text, said);
    if (PROPERTY_TYPE(value->tag) == PTYP_STRING)
        must_say_string(arena, type, number, text, "", value->bytes, true);
}

static void must_say_restriction(struct arena *arena, const char *type, unsigned number, const char *text, const struct restriction *restriction)
{
    switch (restriction->type) {
    case RESTRICTION_TYPE_AND:
    case RESTRICTION_TYPE_OR:
        for (uint32_t i = 0; i < restriction->count; i++)
            must_say_restriction(arena, type, number, text, &restriction->restrictions[i]);
        break;
    case RESTRICTION_TYPE_NOT:
        must_say_restriction(arena, type, number, text, restriction->negated);
        break;
    case RESTRICTION_TYPE_CONTENT:
        must_say_values(arena, type, number, text, &restriction->content.value);
        break;
    case RESTRICTION_TYPE_PROPERTY:
        must_say_values(arena, type, number, text, &restriction->property.value);
        break;
    default:
        break;
    }
}

static void conditions(void **state)
{
    for (unsigned number = 1; number <= 4; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "EXTENDEDRULECONDITION", number);
        if (!blob.data)
            skip();
        const struct extended_rule_condition *extended = check(&arena, "EXTENDEDRULECONDITION", number, &extended_rule_condition_structure, blob);
        must_say_restriction(&arena, "EXTENDEDRULECONDITION", number, text_read(&arena, "EXTENDEDRULECONDITION", number), &extended->condition);
        blob = blob_read(&arena, "RULECONDITION", number);
        const struct stored_rule_condition *stored = check(&arena, "RULECONDITION", number, &stored_rule_condition_structure, blob);
        must_say_restriction(&arena, "RULECONDITION", number, text_read(&arena, "RULECONDITION", number), &stored->condition);
        arena_free(&arena);
    }
}

static void restrictions_of_search_folders(void **state)
{
    for (unsigned number = 1; number <= 4; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "RESTRICTION", number);
        char said[32];
        if (!blob.data)
            skip();
        const struct stored_restriction *restriction = check(&arena, "RESTRICTION", number, &stored_restriction_structure, blob);
        snprintf(said, sizeof said, "rt = 0x%X", restriction->type);
        must_say("RESTRICTION", number, text_read(&arena, "RESTRICTION", number), said);
        arena_free(&arena);
    }
}

static void actions(void **state)
{
    for (unsigned number = 1; number <= 3; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "EXTENDEDRULEACTION", number);
        char said[64];
        if (!blob.data)
            skip();
        const struct extended_rule_actions *rule = check(&arena, "EXTENDEDRULEACTION", number, &extended_rule_actions_structure, blob);
        const char *text = text_read(&arena, "EXTENDEDRULEACTION", number);
        snprintf(said, sizeof said, "NoOfActions: 0x%08X", rule->rule_actions.count);
        must_say("EXTENDEDRULEACTION", number, text, said);
        for (uint32_t i = 0; i < rule->rule_actions.count; i++) {
            snprintf(said, sizeof said, " 0x%08X", rule->rule_actions.actions[i].flavor);
            must_say("EXTENDEDRULEACTION", number, text, said);
        }
        arena_free(&arena);
    }
}

static void recipient_streams(void **state)
{
    for (unsigned number = 1; number <= 2; number++) {
        struct arena arena = { 0 };
        struct bytes blob = blob_read(&arena, "RECIPIENTROWSTREAM", number);
        char said[64];
        if (!blob.data)
            skip();
        const struct recipient_row_stream *stream = check(&arena, "RECIPIENTROWSTREAM", number, &recipient_row_stream_structure, blob);
        const char *text = text_read(&arena, "RECIPIENTROWSTREAM", number);
        snprintf(said, sizeof said, "cRowCount = %u", stream->row_count);
        must_say("RECIPIENTROWSTREAM", number, text, said);
        for (uint32_t row = 0; row < stream->row_count; row++)
            for (uint32_t i = 0; i < stream->rows[row].value_count; i++)
                must_say_values(&arena, "RECIPIENTROWSTREAM", number, text, &stream->rows[row].values[i]);
        arena_free(&arena);
    }
}

int main(void)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    snprintf(folder, sizeof folder, "%s/../shared/data/mapi-blobs", root ? root : ".");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_ids),
        cmocka_unit_test(flat_entry_lists),
        cmocka_unit_test(change_lists),
        cmocka_unit_test(xids),
        cmocka_unit_test(global_object_ids),
        cmocka_unit_test(conditions),
        cmocka_unit_test(restrictions_of_search_folders),
        cmocka_unit_test(actions),
        cmocka_unit_test(recipient_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
