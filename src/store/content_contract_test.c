/* The store contract, second part: folders, messages, recipients, attachments, embedded messages, deletions. */
#include "store/contract.h"

#include "base/limits.h"

static void folders_that_are_not_there(void **state)
{
    uint64_t id = ID(5), found;
    const struct store_folder *rows;
    uint32_t count;
    assert_int_equal(get_folder(id).folder_id, 0);
    assert_int_equal(store_folder_find(fixture.mailbox, id, utf16("x"), &found), STORE_NOT_FOUND);
    assert_ok(store_folder_list(fixture.mailbox, &fixture.arena, id, STORE_LIST_DEEP, &rows, &count));
    assert_int_equal(count, 0);
    assert_int_equal(store_folder_delete(fixture.mailbox, id, STORE_DELETE_HARD, 1, 1), STORE_NOT_FOUND);
    struct store_folder_write write = {.folder_id = id, .parent_id = ID(4), .type = STORE_FOLDER_GENERIC};
    assert_int_equal(store_folder_create(fixture.mailbox, &write), STORE_NOT_FOUND);
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_NOT_FOUND);
    write.parent_id = id;
    assert_int_equal(store_folder_create(fixture.mailbox, &write), STORE_INVALID);
    assert_int_equal(get_folder(id).folder_id, 0);
}

static void names_of_siblings_differ_by_more_than_case(void **state)
{
    uint64_t root = make_folder(0, "root"), inbox = make_folder(root, "Bücher"), other = make_folder(root, "Other"), found;
    struct property_value name = string_value(TAG_DISPLAY_NAME, "BÜCHER");
    struct store_folder_write write = {.folder_id = ID(9), .parent_id = root, .type = STORE_FOLDER_GENERIC,
        .content.properties = {1, &name}};
    assert_int_equal(store_folder_create(fixture.mailbox, &write), STORE_EXISTS);
    write.folder_id = other;
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_EXISTS);
    write.folder_id = inbox; /* its own name in another case is fine */
    assert_ok(store_folder_update(fixture.mailbox, &write));
    assert_ok(store_folder_find(fixture.mailbox, root, utf16("bücher"), &found));
    assert_int_equal(found, inbox);
    assert_int_equal(store_folder_find(fixture.mailbox, root, utf16("Bucher"), &found), STORE_NOT_FOUND);
    name = string_value(TAG_DISPLAY_NAME, "Other");
    write = (struct store_folder_write){.folder_id = inbox, .parent_id = root, .type = STORE_FOLDER_GENERIC,
        .content.properties = {1, &name}};
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_EXISTS);
    make_folder(inbox, "Other"); /* elsewhere it may be used */
    assert_int_equal(get_folder(root).counts.child_folders, 2);
}

static void folders_come_back_with_everything(void **state)
{
    uint64_t root = make_folder(0, "root");
    struct bytes big = filled(70000, 4);
    struct property_value values[] = {string_value(TAG_DISPLAY_NAME, "Inbox"), {.tag = TAG_ATTACH_DATA, .bytes = big}};
    struct store_folder_write write = {.folder_id = ID(2), .parent_id = root, .type = STORE_FOLDER_GENERIC,
        .change_number = ID(88), .time = 99,
        .origin = {BYTES_LITERAL("source"), BYTES_LITERAL("change"), BYTES_LITERAL("predecessors")},
        .content.properties = {2, values}};
    assert_ok(store_folder_create(fixture.mailbox, &write));
    assert_int_equal(store_folder_create(fixture.mailbox, &write), STORE_EXISTS);
    contract_reopen();
    struct store_folder folder = get_folder(ID(2));
    assert_int_equal(folder.parent_id, root);
    assert_int_equal(folder.change_number, ID(88));
    assert_int_equal(folder.creation_time, 99);
    assert_int_equal(folder.last_modification_time, 99);
    assert_bytes(folder.origin.source_key, BYTES_LITERAL("source"));
    assert_bytes(folder.origin.change_key, BYTES_LITERAL("change"));
    assert_bytes(folder.origin.predecessor_change_list, BYTES_LITERAL("predecessors"));
    assert_bytes(get_property(folder.properties, TAG_DISPLAY_NAME), utf16("Inbox"));
    assert_bytes(get_property(folder.properties, TAG_ATTACH_DATA), big);
    assert_int_equal(get_folder(root).counts.hierarchy_change_number, ID(88));
    write.time = 100;
    write.content.properties.count = 1; /* the large value goes */
    assert_ok(store_folder_update(fixture.mailbox, &write));
    folder = get_folder(ID(2));
    assert_int_equal(folder.creation_time, 99);
    assert_int_equal(folder.last_modification_time, 100);
}

static void folders_move_but_never_below_themselves(void **state)
{
    uint64_t root = make_folder(0, "root"), a = make_folder(root, "a"), b = make_folder(a, "b"), c = make_folder(b, "c");
    struct property_value name = string_value(TAG_DISPLAY_NAME, "moved");
    struct store_folder_write write = {.folder_id = a, .parent_id = c, .type = STORE_FOLDER_GENERIC,
        .change_number = ID(0x9000), .content.properties = {1, &name}};
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_INVALID);
    write.parent_id = a;
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_INVALID);
    write.parent_id = ID(0x7777);
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_NOT_FOUND);
    write.parent_id = 0;
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_INVALID);
    write = (struct store_folder_write){.folder_id = c, .parent_id = root, .type = STORE_FOLDER_SEARCH,
        .change_number = ID(0x9000), .content.properties = {1, &name}};
    assert_int_equal(store_folder_update(fixture.mailbox, &write), STORE_INVALID); /* another type */
    write.type = STORE_FOLDER_GENERIC;
    assert_ok(store_folder_update(fixture.mailbox, &write));
    assert_int_equal(get_folder(b).counts.child_folders, 0);
    assert_int_equal(get_folder(root).counts.child_folders, 2);
    const struct store_deleted_object *gone;
    uint32_t count;
    assert_ok(store_deletion_list(fixture.mailbox, &fixture.arena, b, 0, 10, &gone, &count));
    assert_int_equal(count, 1);
    assert_true(gone[0].is_folder);
    assert_int_equal(gone[0].object_id, c);
}

static void folder_lists_are_in_the_order_of_names(void **state)
{
    uint64_t root = make_folder(0, "root"), b = make_folder(root, "beta"), a = make_folder(root, "Alpha");
    uint64_t e = make_folder(root, "Éta"), z = make_folder(root, "zeta"), under = make_folder(b, "x"), u2 = make_folder(b, "W");
    uint64_t expected[] = {a, b, u2, under, e, z};
    const struct store_folder *rows;
    uint32_t count;
    assert_ok(store_folder_list(fixture.mailbox, &fixture.arena, root, STORE_LIST_DEEP, &rows, &count));
    assert_int_equal(count, 6);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].folder_id, expected[i]);
        assert_int_equal(rows[i].depth, rows[i].parent_id == root ? 1 : 2);
    }
    assert_ok(store_folder_list(fixture.mailbox, &fixture.arena, root, 0, &rows, &count));
    assert_int_equal(count, 4);
    assert_ok(store_folder_delete(fixture.mailbox, b, STORE_DELETE_SOFT, ID(0x5000), 123));
    assert_int_equal(store_folder_delete(fixture.mailbox, b, STORE_DELETE_SOFT, ID(0x5000), 123), STORE_NOT_FOUND);
    assert_ok(store_folder_list(fixture.mailbox, &fixture.arena, root, STORE_LIST_DEEP, &rows, &count));
    assert_int_equal(count, 3);
    assert_ok(store_folder_list(fixture.mailbox, &fixture.arena, root, STORE_LIST_DEEP | STORE_LIST_DELETED, &rows, &count));
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].folder_id, b);
    assert_int_equal(rows[0].deleted_time, 123);
    make_folder(root, "Beta"); /* the deleted one is not in the way */
    assert_ok(store_folder_delete(fixture.mailbox, b, STORE_DELETE_HARD, ID(0x5001), 124));
    assert_int_equal(get_folder(under).folder_id, 0);
}

/* A message with one property of nearly every kind of place: in the row, apart, staged, recipients. */
static void messages_come_back_with_everything(void **state)
{
    uint64_t root = make_folder(0, "root"), staged_id;
    struct bytes body = filled(1500, 1), page = filled(100000, 2), streamed = filled(3000000, 3);
    struct property_value values[] = {string_value(TAG_SUBJECT, "Grüße"), {.tag = TAG_DELIVERY_TIME, .time = 5},
        {.tag = TAG_BODY, .bytes = body}, {.tag = PROPERTY_TAG(0x1013, PTYP_BINARY), .bytes = page}};
    struct property_value to[] = {{.tag = PROPERTY_TAG(0x3000, PTYP_INTEGER32), .integer32 = 0}, string_value(TAG_DISPLAY_NAME, "Anna")};
    struct property_value cc[] = {{.tag = PROPERTY_TAG(0x3000, PTYP_INTEGER32), .integer32 = 7}};
    struct property_list recipients[] = {{2, to}, {1, cc}};
    assert_ok(store_value_create(fixture.mailbox, &staged_id));
    assert_ok(store_value_write(fixture.mailbox, staged_id, 0, streamed));
    struct store_value large[] = {{.tag = TAG_ATTACH_DATA, .value_id = staged_id}};
    struct store_message_write write = {.message_id = ID(50), .folder_id = root, .read = true, .flags = 0x18,
        .change_number = ID(51), .commit_time = 52,
        .origin = {BYTES_LITERAL("s"), BYTES_LITERAL("c"), BYTES_LITERAL("p")},
        .content = {.properties = {4, values}, .values = large, .value_count = 1, .recipients = recipients,
            .recipient_count = 2}};
    assert_ok(store_message_create(fixture.mailbox, &write));
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_INVALID); /* the staged value is taken */
    contract_reopen();
    struct store_message message = get_message(ID(50));
    assert_int_equal(message.folder_id, root);
    assert_true(message.read);
    assert_int_equal(message.flags, 0x18);
    assert_int_equal(message.change_number, ID(51));
    assert_int_equal(message.commit_time, 52);
    assert_bytes(message.origin.change_key, BYTES_LITERAL("c"));
    assert_true(message.size >= body.size + page.size + streamed.size);
    assert_bytes(get_property(message.properties, TAG_SUBJECT), utf16("Grüße"));
    assert_bytes(get_property(message.properties, TAG_BODY), body);
    assert_bytes(get_property(message.properties, PROPERTY_TAG(0x1013, PTYP_BINARY)), page);
    assert_bytes(get_property(message.properties, TAG_ATTACH_DATA), streamed);
    struct property_value value;
    assert_int_equal(store_property_get(fixture.mailbox, &fixture.arena, message.properties, PROPERTY_ID(TAG_ATTACH_DATA),
                         100, &value), STORE_TOO_LARGE);
    assert_int_equal(store_property_get(fixture.mailbox, &fixture.arena, message.properties, PROPERTY_ID(TAG_SUBJECT), 2,
                         &value), STORE_TOO_LARGE);
    assert_int_equal(store_property_get(fixture.mailbox, &fixture.arena, message.properties, 0x6666, 2, &value),
        STORE_NOT_FOUND);
    const struct property_list *got;
    uint32_t count;
    assert_ok(store_recipient_list(fixture.mailbox, &fixture.arena, message.properties, &got, &count));
    assert_int_equal(count, 2);
    assert_int_equal(got[0].count, 2);
    assert_bytes(got[0].values[1].bytes, utf16("Anna"));
    assert_int_equal(got[1].values[0].integer32, 7);
    assert_int_equal(store_value_write(fixture.mailbox, staged_id, 0, BYTES_LITERAL("x")), STORE_INVALID); /* saved now */
}

static void saving_keeps_and_drops_large_values(void **state)
{
    uint64_t root = make_folder(0, "root"), size;
    struct bytes body = filled(5000, 1), html = filled(6000, 2);
    struct property_value values[] = {string_value(TAG_SUBJECT, "one"), {.tag = TAG_BODY, .bytes = body},
        {.tag = PROPERTY_TAG(0x1013, PTYP_BINARY), .bytes = html}};
    struct property_value person[] = {string_value(TAG_DISPLAY_NAME, "Anna")};
    struct property_list recipient = {1, person};
    struct store_message_write write = {.message_id = ID(50), .folder_id = root, .change_number = ID(51),
        .content = {.properties = {3, values}, .recipients = &recipient, .recipient_count = 1}};
    assert_ok(store_message_create(fixture.mailbox, &write));
    struct property_list inline_values;
    const struct store_value *apart;
    uint32_t apart_count, count;
    assert_true(packed_properties_list(&fixture.arena, get_message(ID(50)).properties, &inline_values, &apart, &apart_count));
    assert_int_equal(apart_count, 2);
    struct property_value subject = string_value(TAG_SUBJECT, "two");
    write.content = (struct store_content){.properties = {1, &subject}, .values = &apart[0], .value_count = 1,
        .keep_recipients = true};
    write.change_number = ID(60);
    assert_ok(store_message_update(fixture.mailbox, &write));
    struct store_message message = get_message(ID(50));
    assert_int_equal(message.change_number, ID(60));
    assert_bytes(get_property(message.properties, TAG_SUBJECT), utf16("two"));
    assert_bytes(get_property(message.properties, TAG_BODY), body);
    assert_int_equal(store_value_size(fixture.mailbox, apart[0].value_id, &size), STORE_OK);
    assert_int_equal(store_value_size(fixture.mailbox, apart[1].value_id, &size), STORE_NOT_FOUND);
    const struct property_list *got;
    assert_ok(store_recipient_list(fixture.mailbox, &fixture.arena, message.properties, &got, &count));
    assert_int_equal(count, 1);
    write.content.values = &apart[1]; /* the one that went: not kept, not staged */
    assert_ok(store_begin(fixture.mailbox));
    assert_int_equal(store_message_update(fixture.mailbox, &write), STORE_NOT_FOUND);
    store_rollback(fixture.mailbox);
    assert_bytes(get_property(get_message(ID(50)).properties, TAG_BODY), body);
}

static void messages_that_cannot_be_written(void **state)
{
    uint64_t root = make_folder(0, "root"), other = make_folder(root, "other");
    uint64_t id = make_message(root, "there", 1);
    struct store_message_write write = message_write(ID(0x7777), "no folder", 1);
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_NOT_FOUND);
    assert_int_equal(store_message_update(fixture.mailbox, &write), STORE_NOT_FOUND);
    assert_int_equal(get_message(write.message_id).message_id, 0);
    write = message_write(root, "the id is taken", 1);
    write.message_id = id;
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_EXISTS);
    write.kind = STORE_MESSAGE_DELETED;
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_INVALID);
    write.kind = STORE_MESSAGE_ASSOCIATED;
    assert_int_equal(store_message_update(fixture.mailbox, &write), STORE_INVALID);
    write.kind = STORE_MESSAGE_NORMAL;
    write.folder_id = other;
    assert_int_equal(store_message_update(fixture.mailbox, &write), STORE_INVALID);
    struct property_value twice[] = {{.tag = TAG_BODY, .bytes = filled(5000, 1)}, {.tag = TAG_BODY, .bytes = filled(6000, 1)}};
    write = message_write(root, "a large property given twice", 1);
    write.content.properties = (struct property_list){2, twice};
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_INVALID);
    struct property_value bad = {.tag = PROPERTY_TAG(0x6000, PTYP_RESTRICTION)};
    write = message_write(root, "x", 1);
    write.content.properties = (struct property_list){1, &bad};
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_INVALID);
    assert_int_equal(get_folder(root).counts.content, 1);
}

static void counts_follow_every_change(void **state)
{
    uint64_t root = make_folder(0, "root"), other = make_folder(root, "other"), ids[3];
    bool flags[3];
    for (int i = 0; i < 3; i++)
        ids[i] = make_message(root, "m", (uint64_t)i);
    struct store_message_write write = message_write(root, "hidden", 1);
    write.kind = STORE_MESSAGE_ASSOCIATED;
    assert_ok(store_message_create(fixture.mailbox, &write));
    struct store_folder_counts counts = get_folder(root).counts;
    assert_int_equal(counts.content, 3);
    assert_int_equal(counts.unread, 3);
    assert_int_equal(counts.associated, 1);
    assert_int_equal(counts.size, 3 * get_message(ids[0]).size);
    assert_int_equal(counts.local_commit_time_max, write.commit_time);

    uint64_t read_ids[] = {ids[0], ID(0x9999), ids[1]};
    assert_ok(store_message_set_read(fixture.mailbox, read_ids, 3, true, ID(0x2000), 0x400, 0x100, flags));
    assert_true(flags[0] && !flags[1] && flags[2]);
    assert_int_equal(get_message(ids[0]).read_change_number, ID(0x2000));
    assert_int_equal(get_message(ids[1]).read_change_number, ID(0x2001));
    assert_int_equal(get_message(ids[1]).flags, 0x400);
    assert_ok(store_message_set_read(fixture.mailbox, read_ids, 3, true, ID(0x2002), 0x400, 0x100, flags));
    assert_false(flags[0] || flags[1] || flags[2]);
    assert_int_equal(get_folder(root).counts.unread, 1);
    const struct store_message *rows;
    uint32_t count;
    assert_ok(store_change_list(fixture.mailbox, &fixture.arena, root, STORE_MESSAGE_NORMAL, true, ID(0x2000), 10, &rows,
        &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].message_id, ids[1]);

    assert_ok(store_message_delete(fixture.mailbox, root, read_ids, 3, STORE_DELETE_SOFT, ID(0x3000), 500, flags));
    assert_true(flags[0] && !flags[1] && flags[2]);
    assert_ok(store_message_delete(fixture.mailbox, root, read_ids, 3, STORE_DELETE_SOFT, ID(0x3001), 500, flags));
    assert_false(flags[0] || flags[1] || flags[2]);
    counts = get_folder(root).counts;
    assert_int_equal(counts.content, 1);
    assert_int_equal(counts.unread, 1);
    assert_int_equal(counts.deleted_content, 2);
    assert_int_equal(counts.deleted_total, 2);
    assert_int_equal(get_message(ids[0]).kind, STORE_MESSAGE_DELETED);
    assert_int_equal(get_message(ids[0]).deleted_time, 500);

    assert_ok(store_message_delete(fixture.mailbox, other, &ids[2], 1, STORE_DELETE_HARD, ID(0x3002), 501, flags));
    assert_false(flags[0]); /* not in that folder */
    assert_ok(store_message_delete(fixture.mailbox, root, ids, 3, STORE_DELETE_HARD, ID(0x3003), 501, flags));
    assert_true(flags[0] && flags[1] && flags[2]);
    counts = get_folder(root).counts;
    assert_int_equal(counts.content + counts.deleted_content + counts.unread, 0);
    assert_int_equal(counts.size + counts.deleted_size, 0);
    assert_int_equal(counts.deleted_total, 3);
    const struct store_deleted_object *gone;
    assert_ok(store_deletion_list(fixture.mailbox, &fixture.arena, root, 0, 10, &gone, &count));
    assert_int_equal(count, 3);
    assert_ok(store_deletion_list(fixture.mailbox, &fixture.arena, root, ID(0x3000), 10, &gone, &count));
    assert_int_equal(count, 1);
    assert_int_equal(gone[0].object_id, ids[2]);
    assert_int_equal(gone[0].time, 501);
    assert_ok(store_message_set_status(fixture.mailbox, write.message_id, 0x55));
    assert_int_equal(get_message(write.message_id).status, 0x55);
    assert_int_equal(store_message_set_status(fixture.mailbox, ids[0], 1), STORE_NOT_FOUND);
}

static struct store_attachment_write attachment(uint64_t id, uint64_t parent, uint32_t number, struct property_value *value)
{
    return (struct store_attachment_write){.action = STORE_ATTACHMENT_CREATE, .attachment_id = id, .parent_id = parent,
        .number = number, .content.properties = {1, value}};
}

/* A message with a file and a forwarded message that itself has a file. */
static uint64_t make_message_with_attachments(uint64_t folder_id, struct property_value *small, struct property_value *large,
    const struct store_content *embedded)
{
    struct store_message_write write = message_write(folder_id, "attachments", 3);
    struct store_attachment_write writes[] = {attachment(ID(0x800), 0, 0, large), attachment(ID(0x801), 0, 1, small),
        attachment(ID(0x802), ID(0x801), 0, large)};
    writes[1].embedded = embedded;
    write.attachments = writes;
    write.attachment_count = 3;
    assert_ok(store_message_create(fixture.mailbox, &write));
    return write.message_id;
}

static void assert_attachments(uint64_t message_id, struct bytes small, struct bytes large)
{
    const struct store_attachment *rows, *inner;
    uint32_t count;
    struct bytes embedded;
    assert_ok(store_attachment_list(fixture.mailbox, &fixture.arena, message_id, 0, &rows, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].number, 1);
    assert_false(rows[0].has_embedded);
    assert_true(rows[1].has_embedded);
    assert_true(rows[0].size >= large.size && rows[1].size >= large.size + small.size);
    assert_bytes(get_property(rows[0].properties, TAG_ATTACH_DATA), large);
    assert_bytes(get_property(rows[1].properties, TAG_ATTACH_DATA), small);
    assert_int_equal(store_attachment_get_embedded(fixture.mailbox, &fixture.arena, rows[0].attachment_id, &embedded),
        STORE_NOT_FOUND);
    assert_ok(store_attachment_get_embedded(fixture.mailbox, &fixture.arena, rows[1].attachment_id, &embedded));
    assert_bytes(get_property(embedded, TAG_SUBJECT), utf16("inner"));
    assert_ok(store_attachment_list(fixture.mailbox, &fixture.arena, message_id, rows[1].attachment_id, &inner, &count));
    assert_int_equal(count, 1);
    assert_bytes(get_property(inner[0].properties, TAG_ATTACH_DATA), large);
    struct store_message message = get_message(message_id);
    assert_int_equal(message.attachment_count, 2);
    assert_true(message.size >= rows[0].size + rows[1].size);
}

static void attachments_inside_embedded_messages(void **state)
{
    uint64_t root = make_folder(0, "root"), other = make_folder(root, "other");
    struct property_value small = {.tag = TAG_ATTACH_DATA, .bytes = filled(100, 1)};
    struct property_value large = {.tag = TAG_ATTACH_DATA, .bytes = filled(90000, 2)};
    struct property_value subject = string_value(TAG_SUBJECT, "inner");
    struct store_content embedded = {.properties = {1, &subject}};
    uint64_t id = make_message_with_attachments(root, &small, &large, &embedded);
    contract_reopen();
    assert_attachments(id, small.bytes, large.bytes);

    struct store_transfer copy = {id, ID(0x900), ID(0x901), false}, move = {id, ID(0x902), ID(0x903), false};
    assert_ok(store_allocate_counters(fixture.mailbox, 0x4000, &(uint64_t){0})); /* ids above those made up here */
    assert_ok(store_message_copy(fixture.mailbox, root, other, 9, &copy, 1));
    assert_ok(store_message_move(fixture.mailbox, root, other, 9, &move, 1));
    assert_true(copy.done && move.done);
    assert_int_equal(get_message(id).message_id, 0);
    assert_attachments(ID(0x900), small.bytes, large.bytes);
    assert_attachments(ID(0x902), small.bytes, large.bytes);
    assert_int_equal(get_folder(root).counts.size, 0);
    assert_int_equal(get_folder(other).counts.content, 2);
    bool deleted;
    assert_ok(store_message_delete(fixture.mailbox, other, &move.new_message_id, 1, STORE_DELETE_HARD, 1, 1, &deleted));
    assert_true(deleted);
    assert_attachments(ID(0x900), small.bytes, large.bytes);
}

static void attachments_change_with_their_message(void **state)
{
    uint64_t root = make_folder(0, "root");
    struct property_value small = {.tag = TAG_ATTACH_DATA, .bytes = filled(100, 1)};
    struct property_value large = {.tag = TAG_ATTACH_DATA, .bytes = filled(90000, 2)};
    struct property_value subject = string_value(TAG_SUBJECT, "inner");
    struct store_content embedded = {.properties = {1, &subject}};
    uint64_t id = make_message_with_attachments(root, &small, &large, &embedded);
    uint64_t size = get_message(id).size;
    struct store_message_write write = message_write(root, "attachments", 3);
    write.message_id = id;

    struct store_attachment_write writes[] = {attachment(ID(0x802), ID(0x801), 0, &small)};
    writes[0].action = STORE_ATTACHMENT_UPDATE; /* the innermost shrinks */
    write.attachments = writes;
    write.attachment_count = 1;
    assert_ok(store_message_update(fixture.mailbox, &write));
    assert_int_equal(get_message(id).size, size - 90000 + 100 - 12); /* the value moves into the row */
    writes[0] = attachment(ID(0x801), 0, 1, &small);
    writes[0].action = STORE_ATTACHMENT_UPDATE; /* the embedded message stays as it was */
    assert_ok(store_message_update(fixture.mailbox, &write));
    struct bytes packed;
    assert_ok(store_attachment_get_embedded(fixture.mailbox, &fixture.arena, ID(0x801), &packed));
    writes[0] = attachment(ID(0x803), 0, 1, &small);
    assert_int_equal(store_message_update(fixture.mailbox, &write), STORE_EXISTS); /* the number is taken */
    writes[0] = attachment(ID(0x803), ID(0x800), 1, &small);
    assert_int_equal(store_message_update(fixture.mailbox, &write), STORE_INVALID); /* nothing embedded there */
    writes[0] = attachment(ID(0x999), 0, 1, &small);
    writes[0].action = STORE_ATTACHMENT_DELETE;
    assert_int_equal(store_message_update(fixture.mailbox, &write), STORE_NOT_FOUND);
    writes[0].attachment_id = ID(0x801);
    assert_ok(store_message_update(fixture.mailbox, &write));
    const struct store_attachment *rows;
    uint32_t count;
    assert_ok(store_attachment_list(fixture.mailbox, &fixture.arena, id, 0, &rows, &count));
    assert_int_equal(count, 1);
    assert_int_equal(get_message(id).attachment_count, 1);
    assert_ok(store_attachment_list(fixture.mailbox, &fixture.arena, id, ID(0x801), &rows, &count));
    assert_int_equal(count, 0);
}

static void embedded_messages_go_as_deep_as_allowed(void **state)
{
    uint64_t root = make_folder(0, "root");
    struct property_value subject = string_value(TAG_SUBJECT, "x"), data = {.tag = TAG_ATTACH_DATA, .bytes = filled(9, 1)};
    struct store_content embedded = {.properties = {1, &subject}};
    struct store_attachment_write writes[EMBEDDED_DEPTH_MAX + 3];
    for (uint32_t i = 0; i < EMBEDDED_DEPTH_MAX + 3; i++) {
        writes[i] = attachment(ID(0x800 + i), i ? ID(0x800 + i - 1) : 0, 0, &data);
        writes[i].embedded = &embedded;
    }
    struct store_message_write write = message_write(root, "deep", 3);
    write.attachments = writes;
    write.attachment_count = EMBEDDED_DEPTH_MAX + 3;
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_INVALID);
    assert_int_equal(get_message(write.message_id).message_id, 0);
    write.attachment_count = EMBEDDED_DEPTH_MAX;
    assert_ok(store_message_create(fixture.mailbox, &write));
    writes[0].action = STORE_ATTACHMENT_DELETE;
    write.attachment_count = 1;
    assert_ok(store_message_update(fixture.mailbox, &write));
}

static void moving_what_is_not_there_or_to_nowhere(void **state)
{
    uint64_t root = make_folder(0, "root"), other = make_folder(root, "other"), id = make_message(root, "m", 1);
    struct store_transfer items[] = {{ID(0x7777), ID(0x900), ID(0x901), true}, {id, ID(0x902), ID(0x903), false}};
    assert_int_equal(store_message_move(fixture.mailbox, root, ID(0x7777), 1, items, 2), STORE_NOT_FOUND);
    assert_int_equal(get_message(id).folder_id, root);
    assert_ok(store_message_move(fixture.mailbox, root, other, 1, items, 2));
    assert_false(items[0].done);
    assert_true(items[1].done);
    items[1].message_id = ID(0x902);
    items[1].new_message_id = 0;
    assert_int_equal(store_message_move(fixture.mailbox, other, root, 1, items, 2), STORE_INVALID);
    items[1].new_message_id = ID(0x910);
    assert_ok(store_message_move(fixture.mailbox, other, other, 1, &items[1], 1)); /* within a folder: a new id */
    assert_int_equal(get_folder(other).counts.content, 1);
    assert_int_equal(get_message(ID(0x910)).folder_id, other);
}

static void deleting_a_folder_takes_its_messages_along(void **state)
{
    uint64_t root = make_folder(0, "root"), a = make_folder(root, "a"), b = make_folder(a, "b");
    struct property_value data = {.tag = TAG_ATTACH_DATA, .bytes = filled(90000, 2)}, subject = string_value(TAG_SUBJECT, "i");
    struct store_content embedded = {.properties = {1, &subject}};
    for (int i = 0; i < 600; i++)
        make_message(a, "m", (uint64_t)i);
    uint64_t id = make_message_with_attachments(b, &data, &data, &embedded);
    assert_ok(store_folder_delete(fixture.mailbox, a, STORE_DELETE_HARD, ID(0x6000), 1));
    assert_int_equal(get_message(id).message_id, 0);
    assert_int_equal(get_folder(b).folder_id, 0);
    assert_int_equal(get_folder(root).counts.child_folders, 0);
    const struct store_attachment *rows;
    uint32_t count;
    assert_ok(store_attachment_list(fixture.mailbox, &fixture.arena, id, 0, &rows, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(folders_that_are_not_there),
        CONTRACT_TEST(names_of_siblings_differ_by_more_than_case),
        CONTRACT_TEST(folders_come_back_with_everything),
        CONTRACT_TEST(folders_move_but_never_below_themselves),
        CONTRACT_TEST(folder_lists_are_in_the_order_of_names),
        CONTRACT_TEST(messages_come_back_with_everything),
        CONTRACT_TEST(saving_keeps_and_drops_large_values),
        CONTRACT_TEST(messages_that_cannot_be_written),
        CONTRACT_TEST(counts_follow_every_change),
        CONTRACT_TEST(attachments_inside_embedded_messages),
        CONTRACT_TEST(attachments_change_with_their_message),
        CONTRACT_TEST(embedded_messages_go_as_deep_as_allowed),
        CONTRACT_TEST(moving_what_is_not_there_or_to_nowhere),
        CONTRACT_TEST(deleting_a_folder_takes_its_messages_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
