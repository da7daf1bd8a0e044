/* The public API against a running server: what a program does with a mailbox, beyond what the commands do.
 * client_operations URL DN ADDRESS     password in MAPIHTTP_PASSWORD */
#include <mapihttp/mapihttp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define SUBJECT 0x0037001Fu
#define BODY 0x1000001Fu
#define IMPORTANCE 0x00170003u
#define FLAGS 0x0E070003u
#define NAME 0x3001001Fu
#define ADDRESS 0x3003001Fu
#define ADDRESS_TYPE 0x3002001Fu
#define METHOD 0x37050003u

static struct mapihttp_options options;
static struct mapihttp_error failure;

#define good(call) \
    do { \
        if (call) \
            fail_msg("%s: %s", #call, failure.text); \
    } while (0)

static struct mapihttp_session *open_session(void)
{
    struct mapihttp_session *session = NULL;
    good(mapihttp_session_open(&options, &session, &failure));
    return session;
}

static uint64_t make_folder(struct mapihttp_session *session, const char *name)
{
    uint64_t id = 0;
    good(mapihttp_folder_create(session, mapihttp_special_folder(session, MAPIHTTP_FOLDER_TOP), name, "IPF.Note", &id, &failure));
    return id;
}

static uint64_t put_subject(struct mapihttp_session *session, uint64_t folder, const char *subject)
{
    struct mapihttp_message *message = mapihttp_message_new();
    uint64_t id = 0;
    good(mapihttp_properties_set_string(mapihttp_message_properties(message), SUBJECT, subject));
    good(mapihttp_message_put(session, folder, message, &id, &failure));
    mapihttp_message_free(message);
    return id;
}

static unsigned count_messages(struct mapihttp_session *session, uint64_t folder, const struct mapihttp_condition *condition)
{
    struct mapihttp_query query = {.conditions = condition, .condition_count = condition ? 1 : 0};
    struct mapihttp_table *table;
    const struct mapihttp_row *row;
    unsigned count = 0;
    good(mapihttp_table_open(session, folder, &query, &table, &failure));
    for (;;) {
        good(mapihttp_table_next(table, &row, &failure));
        if (!row)
            break;
        count++;
    }
    mapihttp_table_close(table);
    return count;
}

static void test_moves(void **state)
{
    struct mapihttp_session *session = open_session();
    uint64_t from = make_folder(session, "from"), to = make_folder(session, "to"), ids[5];
    for (int i = 0; i < 5; i++)
        ids[i] = put_subject(session, from, "moving");
    good(mapihttp_messages_move(session, from, to, ids, 2, &failure));
    good(mapihttp_messages_copy(session, from, to, ids + 2, 1, &failure));
    good(mapihttp_messages_delete(session, from, ids + 3, 1, &failure));
    assert_int_equal(count_messages(session, from, NULL), 2);
    assert_int_equal(count_messages(session, to, NULL), 3);
    const struct mapihttp_condition unread = {.relation = MAPIHTTP_BITS_CLEAR, .value = {.tag = FLAGS, .integer32 = 1}};
    assert_int_equal(count_messages(session, from, &unread), 0); /* what a client makes is read (MS-OXCMSG 3.2.5.2) */
    good(mapihttp_messages_mark_read(session, from, ids + 4, 1, false, &failure));
    assert_int_equal(count_messages(session, from, &unread), 1);
    good(mapihttp_messages_mark_read(session, from, ids + 4, 1, true, &failure));
    assert_int_equal(count_messages(session, from, &unread), 0);
    /* What is not there is told, once it was not ourselves that took it away. */
    assert_int_equal(mapihttp_messages_move(session, from, to, ids, 1, &failure), MAPIHTTP_SERVER);
    mapihttp_session_close(session);
}

static void test_update(void **state)
{
    struct mapihttp_session *session = open_session();
    uint64_t folder = make_folder(session, "updates"), id = put_subject(session, folder, "before");
    const struct mapihttp_property_name name = {.guid = {0x29, 3, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}, .name = "x-client-test"};
    struct mapihttp_message *change = mapihttp_message_new(), *read;
    struct mapihttp_properties *properties = mapihttp_message_properties(change);
    struct mapihttp_property value = {.tag = MAPIHTTP_TAG(0, MAPIHTTP_TYPE_STRING), .blob = {"named", 5}};
    good(mapihttp_properties_set_string(properties, SUBJECT, "after"));
    good(mapihttp_properties_set_integer(properties, IMPORTANCE, 2));
    good(mapihttp_properties_set_named(properties, &name, &value));
    good(mapihttp_message_update(session, folder, id, properties, &failure));
    mapihttp_message_free(change);
    good(mapihttp_message_get(session, folder, id, &read, &failure));
    properties = mapihttp_message_properties(read);
    assert_string_equal(mapihttp_properties_get(properties, SUBJECT)->blob.data, "after");
    assert_int_equal(mapihttp_properties_get(properties, IMPORTANCE)->integer32, 2);
    assert_non_null(mapihttp_properties_get_named(properties, &name));
    assert_string_equal(mapihttp_properties_get_named(properties, &name)->blob.data, "named");
    mapihttp_message_free(read);
    /* The name is the mailbox's from now on; an unknown one is not made by asking. */
    uint16_t number = 0;
    struct mapihttp_property_name back;
    good(mapihttp_property_id(session, &name, false, &number, &failure));
    assert_true(number >= 0x8000);
    good(mapihttp_property_name_of(session, number, &back, &failure));
    assert_string_equal(back.name, "x-client-test");
    const struct mapihttp_property_name unknown = {.guid = {9}, .lid = 0x1234};
    assert_int_equal(mapihttp_property_id(session, &unknown, false, &number, &failure), MAPIHTTP_NOT_FOUND);
    assert_int_equal(mapihttp_message_get(session, folder, id ^ (1ull << 60), &read, &failure), MAPIHTTP_NOT_FOUND);
    assert_non_null(strstr(failure.text, "open message"));
    mapihttp_session_close(session);
}

/* Hundreds of recipients, a large body, messages inside each other. */
static void test_large_message(void **state)
{
    enum { RECIPIENTS = 700, BODY_SIZE = 300000, DEPTH = 4 };
    struct mapihttp_session *session = open_session();
    struct mapihttp_message *message = mapihttp_message_new(), *level = message, *read;
    uint64_t folder = make_folder(session, "large"), id;
    char *body = malloc(BODY_SIZE + 1);
    memset(body, 'b', BODY_SIZE);
    body[BODY_SIZE] = 0;
    good(mapihttp_properties_set_string(mapihttp_message_properties(message), BODY, body));
    for (int i = 0; i < RECIPIENTS; i++) {
        char address[64];
        struct mapihttp_properties *recipient = mapihttp_message_add_recipient(message);
        snprintf(address, sizeof address, "recipient%d@example.org", i);
        good(mapihttp_properties_set_string(recipient, ADDRESS_TYPE, "SMTP"));
        good(mapihttp_properties_set_string(recipient, ADDRESS, address));
        good(mapihttp_properties_set_string(recipient, NAME, address));
        good(mapihttp_properties_set_integer(recipient, 0x0C150003, 1 + i % 3));
    }
    for (int depth = 0; depth < DEPTH; depth++) {
        struct mapihttp_properties *attachment = mapihttp_message_add_attachment(level);
        good(mapihttp_properties_set_string(attachment, 0x3707001F, "inner.msg"));
        level = mapihttp_attachment_add_message(level, 0);
        char subject[16];
        snprintf(subject, sizeof subject, "level %d", depth);
        good(mapihttp_properties_set_string(mapihttp_message_properties(level), SUBJECT, subject));
    }
    good(mapihttp_message_put(session, folder, message, &id, &failure));
    mapihttp_message_free(message);
    good(mapihttp_message_get(session, folder, id, &read, &failure));
    assert_int_equal(mapihttp_message_recipient_count(read), RECIPIENTS);
    struct mapihttp_properties *last = mapihttp_message_recipient(read, RECIPIENTS - 1);
    assert_string_equal(mapihttp_properties_get(last, ADDRESS)->blob.data, "recipient699@example.org");
    assert_int_equal(mapihttp_properties_get(last, 0x0C150003)->integer32, 1);
    const struct mapihttp_property *text = mapihttp_properties_get(mapihttp_message_properties(read), BODY);
    assert_int_equal(text->blob.size, BODY_SIZE);
    assert_string_equal(text->blob.data, body);
    level = read;
    for (int depth = 0; depth < DEPTH; depth++) {
        char subject[16];
        snprintf(subject, sizeof subject, "level %d", depth);
        level = mapihttp_attachment_message(level, 0);
        assert_non_null(level);
        assert_string_equal(mapihttp_properties_get(mapihttp_message_properties(level), SUBJECT)->blob.data, subject);
    }
    mapihttp_message_free(read);
    free(body);
    mapihttp_session_close(session);
}

static void test_folders(void **state)
{
    struct mapihttp_session *session = open_session();
    uint64_t id, found, again, top = mapihttp_special_folder(session, MAPIHTTP_FOLDER_TOP);
    good(mapihttp_folder_make_path(session, "Pl\xC3\xA4ne/2026\\/27/Q1", &id, &failure));
    good(mapihttp_folder_find(session, "/pl\xC3\xA4ne/2026\\/27/q1", &found, &failure));
    assert_true(id == found);
    good(mapihttp_folder_make_path(session, "Pl\xC3\xA4ne/2026\\/27/Q1", &again, &failure));
    assert_true(id == again);
    good(mapihttp_folder_find(session, "INBOX", &found, &failure));
    assert_true(found == mapihttp_special_folder(session, MAPIHTTP_FOLDER_INBOX));
    good(mapihttp_folder_find(session, "root", &found, &failure));
    assert_true(found == mapihttp_special_folder(session, MAPIHTTP_FOLDER_ROOT));
    assert_int_equal(mapihttp_folder_find(session, "Pl\xC3\xA4ne/none", &found, &failure), MAPIHTTP_NOT_FOUND);
    assert_int_equal(mapihttp_folder_find(session, "0xnothing", &found, &failure), MAPIHTTP_INVALID_ARGUMENT);
    assert_int_equal(mapihttp_folder_create(session, top, "", NULL, &found, &failure), MAPIHTTP_INVALID_ARGUMENT);
    good(mapihttp_folder_find(session, "Pl\xC3\xA4ne", &found, &failure));
    good(mapihttp_folder_delete(session, top, found, &failure));
    assert_int_equal(mapihttp_folder_find(session, "Pl\xC3\xA4ne/2026\\/27", &found, &failure), MAPIHTTP_NOT_FOUND);
    struct mapihttp_table *table;
    struct mapihttp_query query = {0};
    assert_int_equal(mapihttp_table_open(session, id, &query, &table, &failure), MAPIHTTP_NOT_FOUND);
    mapihttp_session_close(session);
}

struct writer {
    struct mapihttp_session *session;
    uint64_t folder;
    int failures;
};

static void *write_some(void *data)
{
    struct writer *writer = data;
    for (int i = 0; i < 20; i++) {
        struct mapihttp_message *message = mapihttp_message_new();
        uint64_t id;
        writer->failures += mapihttp_properties_set_string(mapihttp_message_properties(message), SUBJECT, "by a thread") != 0;
        writer->failures += mapihttp_message_put(writer->session, writer->folder, message, &id, NULL) != 0;
        mapihttp_message_free(message);
    }
    return NULL;
}

static bool stop_after_sixty(void *data, const struct mapihttp_event *event)
{
    unsigned *seen = data;
    assert_true(event->kind != MAPIHTTP_EVENT_GAP);
    return ++*seen < 60;
}

/* One session used by three threads, while a fourth watches it. */
static void test_threads(void **state)
{
    struct mapihttp_session *session = open_session();
    struct writer writers[3];
    pthread_t threads[3];
    unsigned seen = 0;
    uint64_t folder = make_folder(session, "threads");
    for (int i = 0; i < 3; i++) {
        writers[i] = (struct writer){.session = session, .folder = folder};
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, &writers[i]), 0);
    }
    struct mapihttp_session *watcher = open_session();
    struct writer late = {.session = session, .folder = folder};
    pthread_t late_thread;
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(writers[i].failures, 0);
    }
    assert_int_equal(count_messages(session, folder, NULL), 60);
    assert_int_equal(pthread_create(&late_thread, NULL, write_some, &late), 0);
    good(mapihttp_watch(watcher, folder, MAPIHTTP_EVENT_CREATED, 2000, stop_after_sixty, &seen, &failure));
    pthread_join(late_thread, NULL);
    assert_int_equal(late.failures, 0);
    assert_true(seen > 0 && seen <= 20);
    mapihttp_session_close(watcher);
    mapihttp_session_close(session);
}

struct reaction {
    struct mapihttp_session *session;
    uint64_t folder;
    unsigned seen;
};

/* Calls on the same session inside the callback. */
static bool react(void *data, const struct mapihttp_event *event)
{
    struct reaction *reaction = data;
    struct mapihttp_message *message;
    good(mapihttp_message_get(reaction->session, reaction->folder, event->message_id, &message, &failure));
    mapihttp_message_free(message);
    reaction->seen++;
    return reaction->seen < 2;
}

static void *write_two(void *data)
{
    struct writer *writer = data;
    usleep(200000);
    put_subject(writer->session, writer->folder, "first");
    put_subject(writer->session, writer->folder, "second");
    return NULL;
}

/* The session that watches is the one that writes: NotificationWait stands beside Execute. */
static void test_watch_beside(void **state)
{
    struct mapihttp_session *session = open_session();
    struct reaction reaction = {.session = session, .folder = make_folder(session, "reactions")};
    struct writer writer = {.session = session, .folder = reaction.folder};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_two, &writer), 0);
    good(mapihttp_watch(session, reaction.folder, MAPIHTTP_EVENT_CREATED, 10000, react, &reaction, &failure));
    pthread_join(thread, NULL);
    assert_int_equal(reaction.seen, 2);
    assert_int_equal(mapihttp_session_state(session)->logon_count, 1);
    mapihttp_session_close(session);
}

static void *cancel_soon(void *data)
{
    usleep(200000);
    mapihttp_session_cancel(data);
    return NULL;
}

static bool unexpected(void *data, const struct mapihttp_event *event)
{
    return false;
}

static void test_cancel(void **state)
{
    struct mapihttp_session *session = open_session();
    uint64_t folder = make_folder(session, "quiet");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, session), 0);
    assert_int_equal(mapihttp_watch(session, folder, MAPIHTTP_EVENT_ALL, 0, unexpected, NULL, &failure), MAPIHTTP_CANCELLED);
    pthread_join(thread, NULL);
    assert_int_equal(mapihttp_session_ping(session, &failure), MAPIHTTP_CANCELLED);
    mapihttp_session_close(session);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),   cmocka_unit_test(test_update),       cmocka_unit_test(test_large_message), cmocka_unit_test(test_folders),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_watch_beside), cmocka_unit_test(test_cancel),
    };
    if (argc != 4)
        return 2;
    mapihttp_options_initialize(&options);
    options.url = argv[1];
    options.user_dn = argv[2];
    options.address = argv[3];
    options.password = getenv("MAPIHTTP_PASSWORD");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
