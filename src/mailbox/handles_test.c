/* Random use of handles: messages in messages, attachments and streams opened, changed, saved and released in any order, in
 * transactions that are committed, rolled back or fail, over storage that fails now and then. Nothing is compared but what
 * must always hold: no misuse of memory (run it with the sanitizers), errors are errors of this protocol, what one handle
 * set it also reads, and the store is sound at the end (the fixture checks it). */
#include "mailbox/test_fixture.h"

#include "base/limits.h"

#define HANDLES 24
#define STEPS 4000

enum handle_kind { NOTHING, MESSAGE, ATTACHMENT, STREAM };
struct handle {
    enum handle_kind kind;
    union {
        struct message *message;
        struct attachment *attachment;
        struct stream *stream;
    };
};

static struct world {
    uint64_t random;
    uint32_t seed, step;
    struct handle handles[HANDLES];
    uint64_t saved[64];
    bool in_transaction, in_savepoint, failing;
} world;

static uint32_t below(uint32_t bound)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return (uint32_t)((world.random >> 20) % bound);
}

/* Success, or an error that may be: storage fails only when it was told to. */
static bool ok(uint32_t error)
{
    bool storage = error == EC_DISK_ERROR || error == EC_OUT_OF_DISK;
    if (storage && !world.failing)
        fail_msg("seed %u, step %u: storage failed by itself", world.seed, world.step);
    if (error == EC_INVALID_PARAMETER || error == EC_GENERAL_FAILURE)
        return false; /* a read-only handle's save */
    return error == EC_SUCCESS;
}

static struct handle *slot(void)
{
    for (int i = 0; i < HANDLES; i++)
        if (world.handles[i].kind == NOTHING)
            return &world.handles[i];
    return NULL;
}

static struct handle *any(enum handle_kind kind)
{
    for (int tries = 0; tries < 40; tries++) {
        struct handle *handle = &world.handles[below(HANDLES)];
        if (handle->kind == kind)
            return handle;
    }
    return NULL;
}

static void keep_message(struct message *message)
{
    struct handle *free_slot = slot();
    if (free_slot == NULL)
        message_close(LOGON, message);
    else
        *free_slot = (struct handle){.kind = MESSAGE, .message = message};
}

static void release(struct handle *handle)
{
    switch (handle->kind) {
    case MESSAGE: message_close(below(20) ? LOGON : NULL, handle->message); break;
    case ATTACHMENT: attachment_close(LOGON, handle->attachment); break;
    case STREAM: stream_close(LOGON, handle->stream); break;
    case NOTHING: break;
    }
    handle->kind = NOTHING;
}

static void create_message(void)
{
    struct message *message;
    if (ok(message_create(LOGON, below(2) ? INBOX : DRAFTS, below(8) == 0, 0, &message)))
        keep_message(message);
}

static void open_message_again(void)
{
    struct message *message;
    uint64_t id = world.saved[below(64)];
    if (id != 0 && ok(message_open(LOGON, 0, id, (uint8_t)below(4), 0, &message)))
        keep_message(message);
}

static void delete_message(void)
{
    uint64_t id = world.saved[below(64)];
    bool partial;
    if (id != 0 && below(4) == 0)
        (void)ok(folder_delete_messages(LOGON, INBOX, &id, 1, below(2) != 0, &partial));
}

static struct object any_object(void)
{
    struct handle *handle = any(below(2) ? MESSAGE : ATTACHMENT);
    if (handle == NULL)
        return OBJECT_OF_STORE;
    return handle->kind == MESSAGE ? OBJECT_OF_MESSAGE(handle->message) : OBJECT_OF_ATTACHMENT(handle->attachment);
}

static void set_and_read(void)
{
    static uint8_t large[70000];
    static const uint32_t tags[] = {
        PID_TAG_SUBJECT, PID_TAG_BODY, PID_TAG_HTML, PID_TAG_DISPLAY_NAME, PROPERTY_TAG(0x8005, PTYP_BINARY)};
    struct object object = any_object();
    uint32_t tag = tags[below(5)];
    struct property_value value = value_bytes(tag, bytes_of(large, below(4) ? below(50) * 2 : below(35000) * 2)), read;
    struct property_failures failures;
    if (object.kind == OBJECT_STORE ||
        !ok(properties_set(ARENA, LOGON, object, (struct property_list){1, &value}, &failures)) || failures.count > 0)
        return;
    if (ok(properties_get(ARENA, LOGON, object, &tag, 1, 1 << 20, true, &read)) &&
        (read.tag != tag || read.bytes.size != value.bytes.size))
        fail_msg("seed %u, step %u: %08x was set to %zu bytes and read as %08x", world.seed, world.step, tag,
            value.bytes.size, read.tag);
}

static void delete_and_list(void)
{
    struct object object = any_object();
    struct property_failures failures;
    struct property_list all;
    uint32_t tag = below(2) ? PID_TAG_BODY : PID_TAG_HTML;
    (void)ok(properties_delete(ARENA, LOGON, object, &tag, 1, &failures));
    (void)ok(properties_get_all(ARENA, LOGON, object, 0, true, &all));
}

static void use_recipients(void)
{
    struct handle *handle = any(MESSAGE);
    if (handle == NULL)
        return;
    struct property_value name = text_property(PID_TAG_DISPLAY_NAME, "Somebody");
    struct recipient rows[2] = {{below(5), 1, {1, &name}}, {below(5), 2, {1, &name}}};
    bool removed[2] = {below(2) != 0, false};
    struct recipient *got;
    uint32_t count;
    if (below(8) == 0)
        (void)ok(message_remove_all_recipients(LOGON, handle->message));
    else
        (void)ok(message_modify_recipients(LOGON, handle->message, rows, removed, 2));
    (void)ok(message_recipients(ARENA, LOGON, handle->message, &got, &count));
}

static void use_attachment(void)
{
    struct handle *message = any(MESSAGE), *free_slot = slot();
    struct attachment *attachment;
    uint32_t number, error;
    if (message == NULL || free_slot == NULL)
        return;
    switch (below(4)) {
    case 0: (void)ok(attachment_delete(LOGON, message->message, below(4))); return;
    case 1: error = attachment_open(LOGON, message->message, below(4), (uint8_t)below(4), &attachment); break;
    default: error = attachment_create(LOGON, message->message, &attachment, &number); break;
    }
    if (ok(error))
        *free_slot = (struct handle){.kind = ATTACHMENT, .attachment = attachment};
}

static void open_embedded(void)
{
    struct handle *attachment = any(ATTACHMENT);
    struct message *message;
    bool created;
    if (attachment != NULL &&
        ok(attachment_open_embedded(LOGON, attachment->attachment, (uint8_t)below(4), 0, &message, &created)))
        keep_message(message);
}

static void save_something(void)
{
    struct handle *attachment = any(ATTACHMENT), *message = any(MESSAGE);
    uint64_t id = 0;
    if (below(2) && attachment != NULL)
        (void)ok(attachment_save(LOGON, attachment->attachment, (uint8_t)(1 + below(2))));
    else if (message != NULL && ok(message_save(LOGON, message->message, (uint8_t)(below(3) == 0 ? 4 : 2), &id)) && id != 0)
        world.saved[below(64)] = id;
}

static void use_stream(void)
{
    static uint8_t block[200000];
    struct handle *handle = any(STREAM), *free_slot = slot();
    struct object object = any_object();
    struct stream *stream;
    uint32_t size, written;
    uint64_t position;
    struct bytes data;
    if (below(4) == 0 && free_slot != NULL) {
        if (ok(stream_open(LOGON, object,
                below(2) ? PID_TAG_HTML : PROPERTY_TAG(0x1000, below(2) ? PTYP_STRING : PTYP_STRING8), (uint8_t)below(4),
                &stream, &size)))
            *free_slot = (struct handle){.kind = STREAM, .stream = stream};
        return;
    }
    if (handle == NULL)
        return;
    switch (below(6)) {
    case 0: (void)ok(stream_read(ARENA, LOGON, handle->stream, below(100000), &data)); break;
    case 1:
        (void)ok(stream_seek(LOGON, handle->stream, (uint8_t)below(3), (int64_t)below(3000000) - 1000000, &position));
        break;
    case 2: (void)ok(stream_set_size(LOGON, handle->stream, below(2000000))); break;
    case 3: (void)ok(stream_commit(LOGON, handle->stream)); break;
    case 4:
        if (free_slot != NULL && ok(stream_clone(handle->stream, &stream)))
            *free_slot = (struct handle){.kind = STREAM, .stream = stream};
        break;
    default:
        (void)ok(
            stream_write(LOGON, handle->stream, bytes_of(block, below(10) ? below(3000) : below(sizeof block)), &written));
        break;
    }
}

static void copy_something(void)
{
    struct object from = any_object(), to = any_object();
    struct property_failures failures;
    if (below(6) == 0)
        (void)ok(properties_copy_to(ARENA, LOGON, from, to, NULL, 0, below(2) != 0, (uint8_t)below(4), &failures));
}

static void release_something(void)
{
    release(&world.handles[below(HANDLES)]);
}

/* An Execute with a savepoint for each ROP, as the ROP loop does it. */
static void next_transaction_step(void)
{
    if (!world.in_transaction) {
        world.in_transaction = ok(mailbox_begin(fixture.mailbox));
    } else if (!world.in_savepoint) {
        if (below(4)) {
            world.in_savepoint = ok(mailbox_savepoint(fixture.mailbox));
        } else {
            if (below(5))
                (void)ok(mailbox_commit(fixture.mailbox));
            else
                mailbox_rollback(fixture.mailbox);
            world.in_transaction = false;
        }
    } else {
        if (below(3) == 0 || !ok(mailbox_savepoint_keep(fixture.mailbox)))
            mailbox_savepoint_rollback(fixture.mailbox);
        world.in_savepoint = false;
    }
}

static void plan_failure(void)
{
    world.failing = below(3) == 0;
    if (world.failing)
        store_failing_plan(
            fixture.store, STORE_CALL_ANY, 1 + below(20), 1 + below(2), below(2) ? STORE_IO_ERROR : STORE_DISK_FULL);
    else
        store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
}

static void run(uint32_t seed)
{
    static void (*const steps[])(void) = {create_message, create_message, open_message_again, open_message_again,
        delete_message, set_and_read, set_and_read, set_and_read, delete_and_list, use_recipients, use_attachment,
        use_attachment, use_attachment, open_embedded, open_embedded, save_something, save_something, save_something,
        save_something, use_stream, use_stream, use_stream, use_stream, copy_something, release_something, release_something,
        release_something, next_transaction_step, next_transaction_step, next_transaction_step};
    memset(&world, 0, sizeof world);
    world.seed = seed;
    world.random = seed * 0x9E3779B97F4A7C15ull + 1;
    for (world.step = 0; world.step < STEPS; world.step++) {
        if (seed % 2 == 0 && world.step % 16 == 0)
            plan_failure();
        steps[below(sizeof steps / sizeof *steps)]();
        arena_reset(ARENA);
    }
    store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
    if (world.in_transaction && below(2))
        mailbox_rollback(fixture.mailbox);
    else if (world.in_transaction)
        (void)mailbox_commit(fixture.mailbox);
    for (int i = 0; i < HANDLES; i++)
        release(&world.handles[i]);
}

static void seed_1(void **state)
{
    run(1);
}
static void seed_2(void **state)
{
    run(2);
}
static void seed_3(void **state)
{
    run(3);
}
static void seed_4(void **state)
{
    run(4);
}
static void seed_5(void **state)
{
    run(5);
}
static void seed_6(void **state)
{
    run(6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(seed_1),
        MAILBOX_TEST(seed_2),
        MAILBOX_TEST(seed_3),
        MAILBOX_TEST(seed_4),
        MAILBOX_TEST(seed_5),
        MAILBOX_TEST(seed_6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
