/* What each call of the store costs, beside plain SQLite doing the same rows: 'operation CPU_us WALL_us' a line.
 *
 * usage: store_bench NEW_DIRECTORY [MESSAGES]      (default 2346)
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/filetime.h"
#include "base/text.h"
#include "store/packed_properties.h"
#include "store/sqlite/sqlite_store.h"

#define ROOT (1ull << 48 | 1)
#define INBOX (1ull << 48 | 2)
#define CREATES 1000
#define PAGES 2000
#define BODY_SIZE 10000

static struct arena values_arena;
static struct store_mailbox *mailbox;
static uint8_t body[BODY_SIZE];

static void must(enum store_status status, const char *what)
{
    if (status == STORE_OK)
        return;
    fprintf(stderr, "store_bench: %s: %s\n", what, store_status_name(status));
    exit(1);
}

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

struct timer {
    double cpu, wall;
};
static struct timer start(void) { return (struct timer){now(CLOCK_PROCESS_CPUTIME_ID), now(CLOCK_MONOTONIC)}; }

static void report(const char *what, struct timer timer, uint64_t count)
{
    printf("%-44s %10.2f %10.2f\n", what, (now(CLOCK_PROCESS_CPUTIME_ID) - timer.cpu) / (double)count,
        (now(CLOCK_MONOTONIC) - timer.wall) / (double)count);
    fflush(stdout);
}

static struct property_value text(uint32_t tag, const char *string)
{
    return (struct property_value){.tag = tag, .bytes = text_utf16_of_utf8(&values_arena, bytes_of_string(string))};
}

/* What a mail has that Outlook or the import wrote. */
static uint32_t mail_properties(struct property_value *values, int number, const struct bytes *body_bytes)
{
    static uint8_t entry_id[120], search_key[60];
    char subject[64];
    uint32_t n = 0;
    snprintf(subject, sizeof(subject), "Quarterly figures, number %d", number);
    values[n++] = text(0x001A001F, "IPM.Note");
    values[n++] = (struct property_value){.tag = 0x00170003, .integer32 = 1};
    values[n++] = (struct property_value){.tag = 0x00360003, .integer32 = 0};
    values[n++] = text(0x0037001F, subject);
    values[n++] = (struct property_value){.tag = 0x00390040, .time = 130000000000000000ull + (uint64_t)number * 600000000};
    values[n++] = (struct property_value){.tag = 0x003B0102, .bytes = {search_key, sizeof(search_key)}};
    values[n++] = text(0x003D001F, "");
    values[n++] = (struct property_value){.tag = 0x003F0102, .bytes = {entry_id, sizeof(entry_id)}};
    values[n++] = text(0x0042001F, "Alice Example");
    values[n++] = (struct property_value){.tag = 0x00410102, .bytes = {entry_id, sizeof(entry_id)}};
    values[n++] = text(0x0070001F, subject);
    values[n++] = text(0x0C1A001F, "Alice Example");
    values[n++] = (struct property_value){.tag = 0x0C190102, .bytes = {entry_id, sizeof(entry_id)}};
    values[n++] = text(0x0C1E001F, "SMTP");
    values[n++] = text(0x0C1F001F, "alice@example.org");
    values[n++] = text(0x0E03001F, "");
    values[n++] = text(0x0E04001F, "Bob Example; Carol Example");
    values[n++] = (struct property_value){.tag = 0x0E060040, .time = 130000000000000000ull + (uint64_t)number * 600000000};
    values[n++] = text(0x0E1D001F, subject);
    if (body_bytes)
        values[n++] = (struct property_value){.tag = 0x1000001F, .bytes = *body_bytes};
    values[n++] = text(0x1035001F, "<20261122.4711.0815@mail.example.org>");
    values[n++] = (struct property_value){.tag = 0x30070040, .time = 130000000000000000ull};
    values[n++] = (struct property_value){.tag = 0x30080040, .time = 130000000000000000ull};
    values[n++] = (struct property_value){.tag = 0x300B0102, .bytes = {search_key, 16}};
    values[n++] = (struct property_value){.tag = 0x3FDE0003, .integer32 = 65001};
    return n;
}

static void create_message(int number, const struct bytes *body_bytes)
{
    struct property_value values[40], recipient[6];
    uint64_t counters;
    arena_reset(&values_arena);
    must(store_allocate_counters(mailbox, 2, &counters), "counters");
    recipient[0] = (struct property_value){.tag = 0x30000003, .integer32 = 0};
    recipient[1] = (struct property_value){.tag = 0x0C150003, .integer32 = 1};
    recipient[2] = text(0x3001001F, "Bob Example");
    recipient[3] = text(0x3002001F, "SMTP");
    recipient[4] = text(0x3003001F, "bob@example.org");
    struct property_list recipients[2] = {{5, recipient}, {5, recipient}};
    struct store_message_write write = {.message_id = 1ull << 48 | counters, .folder_id = INBOX,
        .read = number % 2, .flags = 0, .change_number = 1ull << 48 | (counters + 1), .commit_time = 1,
        .content = {.properties = {mail_properties(values, number, body_bytes), values}, .recipients = recipients,
            .recipient_count = 2}};
    must(store_message_create(mailbox, &write), "create");
}

static void make_folder(uint64_t id, uint64_t parent)
{
    struct property_value name = text(0x3001001F, parent ? "Inbox" : "root");
    struct store_folder_write write = {.folder_id = id, .parent_id = parent,
        .type = parent ? STORE_FOLDER_GENERIC : STORE_FOLDER_ROOT, .change_number = id, .content.properties = {1, &name}};
    must(store_folder_create(mailbox, &write), "folder");
}

static const uint32_t columns[7] = {0x0037001F, 0x0042001F, 0x0C1A001F, 0x0E060040, 0x001A001F, 0x0E04001F, 0x00170003};

/* One table page: the view by its order, 50 rows from its end, seven columns of each. */
static uint64_t read_page(struct arena *arena, const struct store_sort_column *order)
{
    struct store_view view;
    const struct store_message *rows;
    uint32_t count;
    uint64_t found = 0;
    bool end;
    must(store_view_open(mailbox, INBOX, STORE_MESSAGE_NORMAL, order, 1, &view), "view");
    while (!view.complete)
        must(store_view_build(mailbox, view.view_id, 10000, &view.complete), "build");
    struct store_page_request request = {.view_id = view.view_id, .from.place = STORE_PLACE_LAST, .backward = true,
        .rows_max = 50};
    must(store_view_page(mailbox, arena, &request, &rows, &count, &end), "page");
    for (uint32_t i = 0; i < count; i++) {
        struct packed_entry entries[7];
        packed_properties_pick(arena, rows[i].properties, columns, 7, entries);
        for (int column = 0; column < 7; column++)
            found += entries[column].value.tag != 0;
    }
    return found;
}

static void pages(const char *what, const struct store_sort_column *order, bool transaction)
{
    struct arena arena = {0};
    uint64_t found = read_page(&arena, order);
    struct timer timer = start();
    for (int i = 0; i < PAGES; i++) {
        arena_reset(&arena);
        if (transaction)
            must(store_begin(mailbox), "begin");
        if (read_page(&arena, order) != found)
            exit(1);
        if (transaction)
            must(store_commit(mailbox), "commit");
    }
    report(what, timer, PAGES);
    arena_free(&arena);
}

/* What QueryPosition and SeekRowApprox ask of the middle of a table. */
static void positions(uint64_t messages)
{
    struct arena arena = {0};
    struct store_view view;
    struct store_position first = {.place = STORE_PLACE_FIRST}, middle;
    uint64_t moved, rank;
    must(store_view_open(mailbox, INBOX, STORE_MESSAGE_NORMAL, NULL, 0, &view), "view");
    must(store_view_move(mailbox, &arena, view.view_id, &first, (int64_t)messages / 2, &middle, &moved), "move");
    must(store_view_rank(mailbox, view.view_id, &middle, &rank), "rank");
    if (moved != messages / 2 || rank != moved)
        exit(1);
    struct timer timer = start();
    for (int i = 0; i < 100; i++)
        must(store_view_rank(mailbox, view.view_id, &middle, &rank), "rank");
    report("number of the row in the middle", timer, 100);
    timer = start();
    for (int i = 0; i < 100; i++) {
        struct store_position to;
        arena_reset(&arena);
        must(store_view_move(mailbox, &arena, view.view_id, &first, (int64_t)messages / 2 + i, &to, &moved), "move");
    }
    report("move to the middle", timer, 100);
    arena_free(&arena);
}

static uint64_t read_whole(struct arena *arena, const struct store_message *message)
{
    struct property_list list;
    const struct store_value *apart;
    const struct property_list *recipients;
    uint32_t apart_count, recipient_count;
    uint64_t size = 0;
    if (!packed_properties_list(arena, message->properties, &list, &apart, &apart_count))
        exit(1);
    must(store_recipient_list(mailbox, arena, message->properties, &recipients, &recipient_count), "recipients");
    for (uint32_t i = 0; i < apart_count; i++) {
        struct property_value value;
        must(store_property_get(mailbox, arena, message->properties, PROPERTY_ID(apart[i].tag), SIZE_MAX, &value), "value");
        size += value.bytes.size;
    }
    return size + list.count;
}

static void opens(uint64_t messages)
{
    struct arena arena = {0};
    struct timer timer = start();
    for (uint64_t i = 0; i < PAGES; i++) {
        struct store_message message;
        uint64_t id = 1ull << 48 | (STORE_COUNTER_FIRST + 2 * (i * 7919 % messages));
        arena_reset(&arena);
        must(store_message_get(mailbox, &arena, &id, 1, &message), "get");
        if (!message.message_id)
            exit(1);
        (void)read_whole(&arena, &message);
    }
    report("open a message, all properties", timer, PAGES);
    arena_free(&arena);
}

static void download(void)
{
    struct arena arena = {0};
    struct store_view view;
    uint64_t rows_read = 0, size = 0;
    bool end = false;
    struct bytes key = BYTES_NONE;
    must(store_view_open(mailbox, INBOX, STORE_MESSAGE_NORMAL, NULL, 0, &view), "view");
    struct store_page_request request = {.view_id = view.view_id, .rows_max = 100};
    struct timer timer = start();
    while (!end) {
        const struct store_message *rows;
        uint32_t count;
        uint8_t last[64];
        arena_reset(&arena);
        must(store_view_page(mailbox, &arena, &request, &rows, &count, &end), "page");
        for (uint32_t i = 0; i < count; i++)
            size += read_whole(&arena, &rows[i]);
        rows_read += count;
        if (count) {
            key = rows[count - 1].key;
            memcpy(last, key.data, key.size);
            request.from = (struct store_position){STORE_PLACE_AFTER, {last, key.size}, rows[count - 1].message_id};
        }
    }
    report("download, a message", timer, rows_read ? rows_read : 1);
    printf("  (%llu messages, %llu KB)\n", (unsigned long long)rows_read, (unsigned long long)size / 1024);
    arena_free(&arena);
}

static void changes(uint64_t messages)
{
    struct timer timer = start();
    for (uint64_t i = 0; i < CREATES; i++) {
        uint64_t id = 1ull << 48 | (STORE_COUNTER_FIRST + 2 * (i * 7919 % messages)), counter;
        bool changed;
        must(store_allocate_counters(mailbox, 1, &counter), "counters");
        must(store_message_set_read(mailbox, &id, 1, !((id - (STORE_COUNTER_FIRST | 1ull << 48)) / 2 % 2), 1ull << 48 | counter, 0, 0, &changed), "read");
    }
    report("mark read or unread, commit", timer, CREATES);
    timer = start();
    for (uint64_t i = 0; i < CREATES; i++) {
        uint64_t id = 1ull << 48 | (STORE_COUNTER_FIRST + 2 * (messages + i));
        bool deleted;
        must(store_message_delete(mailbox, INBOX, &id, 1, STORE_DELETE_HARD, 1ull << 48 | i, 5, &deleted), "delete");
        if (!deleted)
            exit(1);
    }
    report("delete hard, commit", timer, CREATES);
}

static void run_sql(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return;
    fprintf(stderr, "store_bench: %s: %s\n", sql, sqlite3_errmsg(database));
    exit(1);
}

static void plain_insert(sqlite3_stmt *statement, uint64_t number, size_t size)
{
    sqlite3_bind_text(statement, 1, "Quarterly figures, number one", -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, "Alice Example", -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)(130000000000000000ull + number * 600000000));
    sqlite3_bind_int(statement, 4, 10500);
    sqlite3_bind_int(statement, 5, number % 2);
    sqlite3_bind_blob(statement, 6, body, 1200, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 7, body, (int)size, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_DONE)
        exit(1);
    sqlite3_reset(statement);
}

/* The same rows in one plain table with one index. */
static void plain(const char *directory, uint64_t messages)
{
    char path[4096];
    sqlite3 *database;
    sqlite3_stmt *statement;
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "%s/plain.sqlite", directory);
    if (sqlite3_open(path, &database) != SQLITE_OK)
        exit(1);
    run_sql(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE message (id INTEGER PRIMARY KEY, subject, sender, delivery_time, size, flags, other, body);"
        "CREATE INDEX by_time ON message (delivery_time, id); BEGIN");
    sqlite3_prepare_v2(database, "INSERT INTO message (subject, sender, delivery_time, size, flags, other, body) VALUES "
        "(?,?,?,?,?,?,?)", -1, &statement, NULL);
    for (uint64_t i = 0; i < messages; i++)
        plain_insert(statement, i, 0);
    run_sql(database, "COMMIT");
    struct timer timer = start();
    for (uint64_t i = 0; i < CREATES; i++)
        plain_insert(statement, messages + i, BODY_SIZE);
    report("plain SQLite: insert 10 KB, commit", timer, CREATES);
    sqlite3_finalize(statement);
    sqlite3_prepare_v2(database, "SELECT id, subject, sender, delivery_time, size, flags, other FROM message "
        "ORDER BY delivery_time DESC, id DESC LIMIT 50", -1, &statement, NULL);
    timer = start();
    for (int i = 0; i < PAGES; i++) {
        while (sqlite3_step(statement) == SQLITE_ROW)
            for (int column = 0; column < 7; column++)
                bytes += (uint64_t)sqlite3_column_bytes(statement, column);
        sqlite3_reset(statement);
    }
    report("plain SQLite: 50 rows, 7 columns", timer, PAGES);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    if (!bytes)
        exit(1);
}

int main(int argc, char **argv)
{
    uint64_t messages = argc > 2 ? strtoull(argv[2], NULL, 10) : 2346;
    struct store *store;
    if (argc < 2 || !messages || mkdir(argv[1], 0700)) {
        fprintf(stderr, "usage: store_bench NEW_DIRECTORY [MESSAGES]\n");
        return 2;
    }
    memset(body, 'x', sizeof(body));
    struct bytes body_bytes = {body, sizeof(body)};
    struct store_sqlite_configuration configuration = {.directory = argv[1]};
    must(store_sqlite_open(&configuration, &store), "open");
    struct store_mailbox_info info = {guid_random(), guid_random(), guid_random(), BYTES_LITERAL("bench"), 1};
    must(store_mailbox_create(store, &info, &mailbox), "create");
    make_folder(ROOT, 0);
    make_folder(INBOX, ROOT);
    printf("%-44s %10s %10s\n", "operation", "CPU us", "wall us");
    struct timer timer = start();
    for (uint64_t i = 0; i < messages;) {
        must(store_begin(mailbox), "begin");
        for (int batch = 0; batch < 1000 && i < messages; batch++, i++)
            create_message((int)i, i % 4 || messages > 100000 ? NULL : &body_bytes);
        must(store_commit(mailbox), "commit");
    }
    report("fill, 1000 in a transaction", timer, messages);
    timer = start();
    for (int i = 0; i < CREATES; i++)
        create_message((int)messages + i, &body_bytes);
    report("create 10 KB, commit", timer, CREATES);
    struct store_sort_column by_time = {0x0E060040, true}, by_subject = {0x0037001F, true};
    pages("view + 50 rows + 7 columns", &by_time, false);
    pages("the same in a transaction", &by_time, true);
    timer = start();
    struct arena arena = {0};
    (void)read_page(&arena, &by_subject);
    report("first page by subject (builds the view)", timer, 1);
    pages("view + 50 rows + 7 columns, by subject", &by_subject, true);
    timer = start();
    for (int i = 0; i < CREATES; i++)
        create_message((int)messages + CREATES + i, &body_bytes);
    report("create 10 KB, commit, two views", timer, CREATES);
    positions(messages);
    opens(messages);
    download();
    changes(messages);
    struct timer closing = start();
    store_mailbox_release(mailbox);
    store_close(store);
    report("close", closing, 1);
    plain(argv[1], messages);
    arena_free(&arena);
    arena_free(&values_arena);
    return 0;
}
