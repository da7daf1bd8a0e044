/* What the mailbox layer costs without a connection or ROPs around it: 'operation CPU_us' a line. Run it under
 * 'valgrind --tool=callgrind' to see where it goes.
 *
 * usage: mailbox_bench NEW_DIRECTORY [MESSAGES]      (default 2346)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/text.h"
#include "mailbox/folder.h"
#include "mailbox/mailbox.h"
#include "mailbox/message.h"
#include "mailbox/properties.h"
#include "mailbox/table.h"
#include "protocol/id.h"
#include "protocol/property_tags.h"
#include "store/sqlite/sqlite_store.h"

#define REPEATS 1000
#define BODY_SIZE 10000

static struct arena arena;
static struct logon logon = {.display_name = "Bench", .address_book_dn = "/o=Org/cn=bench", .smtp_address = "bench@example.org",
    .codepage = 1252, .locale_id = 0x409};
static uint8_t body[BODY_SIZE];
static uint64_t inbox;

static void must(uint32_t code, const char *what)
{
    if (code == 0)
        return;
    fprintf(stderr, "mailbox_bench: %s: 0x%x\n", what, code);
    exit(1);
}

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void report(const char *what, double start, unsigned long count)
{
    printf("%-44s %10.2f\n", what, (now_us() - start) / (double)count);
    fflush(stdout);
}

static struct property_value text(uint32_t tag, const char *string)
{
    return (struct property_value){.tag = tag, .bytes = text_utf16_of_utf8(&arena, bytes_of_string(string))};
}

/* What our import or Outlook sets on a received mail. */
static void create(unsigned long number, size_t body_size, bool transaction)
{
    struct message *message;
    struct property_failures failures;
    uint64_t id;
    arena_reset(&arena);
    uint64_t time = 130000000000000000ull + number * 600000000ull;
    const struct property_value values[] = {
        text(PID_TAG_MESSAGE_CLASS, "IPM.Note"),
        text(PID_TAG_SUBJECT, arena_format(&arena, "Quarterly figures, number %lu", number)),
        text(PID_TAG_SENT_REPRESENTING_NAME, "Alice Example"),
        text(PID_TAG_SENT_REPRESENTING_ADDRESS_TYPE, "SMTP"),
        text(PID_TAG_SENT_REPRESENTING_EMAIL_ADDRESS, "alice@example.org"),
        text(PID_TAG_SENDER_NAME, "Alice Example"),
        text(PID_TAG_SENDER_ADDRESS_TYPE, "SMTP"),
        text(PID_TAG_SENDER_EMAIL_ADDRESS, "alice@example.org"),
        {.tag = PID_TAG_MESSAGE_DELIVERY_TIME, .time = time},
        {.tag = PID_TAG_CLIENT_SUBMIT_TIME, .time = time},
        {.tag = PID_TAG_MESSAGE_FLAGS, .integer32 = (int32_t)(number % 3 == 0)},
        {.tag = PID_TAG_IMPORTANCE, .integer32 = 1},
        text(PID_TAG_INTERNET_MESSAGE_ID, "<20261122.4711.0815@mail.example.org>"),
        {.tag = PID_TAG_BODY, .bytes = {body, body_size}},
    };
    const struct property_value person[] = {text(PID_TAG_DISPLAY_NAME, "Bob Example"), text(PID_TAG_ADDRESS_TYPE, "SMTP"),
        text(PID_TAG_EMAIL_ADDRESS, "bob@example.org")};
    const struct recipient recipients[] = {{0, 1, {3, person}}, {1, 2, {3, person}}};
    const bool removed[2] = {false, false};
    if (transaction) {
        must(mailbox_begin(logon.mailbox), "begin");
        must(mailbox_savepoint(logon.mailbox), "savepoint");
    }
    must(message_create(&logon, inbox, false, MESSAGE_CODEPAGE_OF_LOGON, &message), "create");
    must(properties_set(&arena, &logon, OBJECT_OF_MESSAGE(message),
        (struct property_list){sizeof(values) / sizeof(values[0]), values}, &failures), "set");
    must(failures.count, "set all");
    must(message_modify_recipients(&logon, message, recipients, removed, 2), "recipients");
    must(message_save(&logon, message, MESSAGE_SAVE_FORCE, &id), "save");
    message_close(&logon, message);
    if (transaction) {
        must(mailbox_savepoint_keep(logon.mailbox), "keep");
        must(mailbox_commit(logon.mailbox), "commit");
    }
}

static bool take_row(void *context, const struct property_value *values, uint32_t count)
{
    *(uint64_t *)context += count + values[0].tag;
    return true;
}

static const uint32_t columns[7] = {PID_TAG_MID, PID_TAG_SUBJECT, PID_TAG_SENT_REPRESENTING_NAME, PID_TAG_MESSAGE_DELIVERY_TIME,
    PID_TAG_MESSAGE_SIZE, PID_TAG_MESSAGE_FLAGS, PID_TAG_HAS_ATTACHMENTS};
static const struct table_sort_order by_time = {PID_TAG_MESSAGE_DELIVERY_TIME, 1};

static struct table *open_table(void)
{
    struct table *table;
    uint32_t count;
    must(table_open_contents(&logon, inbox, 0, &table, &count), "table");
    must(table_set_columns(table, columns, 7), "columns");
    must(table_sort(&logon, table, &by_time, 1, 0, 0), "sort");
    return table;
}

static void query(struct table *table, bool no_advance)
{
    uint64_t sum = 0;
    uint32_t taken;
    uint8_t origin;
    must(table_query_rows(&arena, &logon, table, true, no_advance, 50, take_row, &sum, &taken, &origin), "rows");
    if (taken != 50)
        exit(1);
}

static void tables(void)
{
    struct table *table = open_table();
    query(table, true);
    double start = now_us();
    for (int i = 0; i < REPEATS; i++) {
        arena_reset(&arena);
        must(mailbox_begin(logon.mailbox), "begin");
        query(table, true);
        must(mailbox_commit(logon.mailbox), "commit");
    }
    report("QueryRows(50), 7 columns, open table", start, REPEATS);
    table_close(&logon, table);
    start = now_us();
    for (int i = 0; i < REPEATS; i++) {
        arena_reset(&arena);
        must(mailbox_begin(logon.mailbox), "begin");
        table = open_table();
        query(table, false);
        table_close(&logon, table);
        must(mailbox_commit(logon.mailbox), "commit");
    }
    report("open table, columns, sort, 50 rows", start, REPEATS);
}

static void folders(void)
{
    double start = now_us();
    for (int i = 0; i < REPEATS; i++) {
        struct folder_opened opened;
        arena_reset(&arena);
        must(mailbox_begin(logon.mailbox), "begin");
        must(folder_open(&logon, inbox, false, &opened), "folder");
        must(mailbox_commit(logon.mailbox), "commit");
    }
    report("OpenFolder (Inbox)", start, REPEATS);
}

struct ids {
    uint64_t ids[50];
    uint32_t count;
};

static bool take_id(void *context, const struct property_value *values, uint32_t count)
{
    struct ids *ids = context;
    ids->ids[ids->count++] = id_of_wire((uint64_t)values[0].integer64);
    return count > 0;
}

static uint64_t read_whole(uint64_t id)
{
    struct message *message;
    struct message_summary summary;
    struct property_list list;
    struct recipient *recipients;
    uint32_t recipient_count;
    arena_reset(&arena);
    must(message_open(&logon, inbox, id, MESSAGE_OPEN_READ_ONLY, MESSAGE_CODEPAGE_OF_LOGON, &message), "message");
    must(message_summary(&arena, &logon, message, &summary), "summary");
    must(message_recipients(&arena, &logon, message, &recipients, &recipient_count), "recipients");
    must(properties_get_all(&arena, &logon, OBJECT_OF_MESSAGE(message), 1 << 20, true, &list), "properties");
    message_close(&logon, message);
    return list.count;
}

/* All messages of the Inbox by pages of ids, each opened and read with all it has. */
static void download(unsigned long count)
{
    struct table *table = open_table();
    uint64_t found = 0;
    unsigned long done = 0;
    uint8_t origin = TABLE_CURRENT;
    double start = now_us();
    while (origin == TABLE_CURRENT && done < count) {
        struct ids ids = {.count = 0};
        uint32_t taken;
        arena_reset(&arena);
        must(table_query_rows(&arena, &logon, table, true, false, 50, take_id, &ids, &taken, &origin), "rows");
        must(mailbox_begin(logon.mailbox), "begin");
        for (uint32_t i = 0; i < ids.count; i++, done++)
            found += read_whole(ids.ids[i]);
        must(mailbox_commit(logon.mailbox), "commit");
    }
    report("open and read a message, all properties", start, done);
    table_close(&logon, table);
    if (found < done)
        exit(1);
}

int main(int argc, char **argv)
{
    unsigned long messages = argc > 2 ? strtoul(argv[2], NULL, 10) : 2346;
    struct store *store;
    struct store_mailbox *store_mailbox;
    if (argc < 2 || messages < 50 || mkdir(argv[1], 0700)) {
        fprintf(stderr, "usage: mailbox_bench NEW_DIRECTORY [MESSAGES]\n");
        return 2;
    }
    memset(body, 'x', sizeof(body));
    struct store_sqlite_configuration configuration = {.directory = argv[1]};
    must(store_sqlite_open(&configuration, &store), "store");
    struct store_mailbox_info info = {guid_random(), guid_random(), guid_random(), BYTES_LITERAL("bench"), 1};
    must(store_mailbox_create(store, &info, &store_mailbox), "mailbox");
    const struct mailbox_owner owner = {"Bench", "/o=Org/cn=bench", "bench@example.org", 0};
    must(mailbox_open(store_mailbox, &owner, NULL, &logon.mailbox), "open");
    inbox = special_folder_id(SPECIAL_FOLDER_INBOX);
    printf("%-44s %10s\n", "operation", "CPU us");
    double start = now_us();
    must(mailbox_begin(logon.mailbox), "begin");
    for (unsigned long i = 0; i < messages; i++)
        create(i, i % 4 ? 300 : BODY_SIZE, false);
    must(mailbox_commit(logon.mailbox), "commit");
    report("fill, one transaction", start, messages);
    start = now_us();
    for (int i = 0; i < REPEATS; i++)
        create(messages + (unsigned long)i, BODY_SIZE, true);
    report("create, set, recipients, save 10 KB, commit", start, REPEATS);
    folders();
    tables();
    download(messages);
    mailbox_close(logon.mailbox);
    store_close(store);
    arena_free(&arena);
    return 0;
}
