/* The load generator: speaks MAPI/HTTP from hand-made bytes and repeats one kind of request. It prepares (connects, logs on,
 * opens), prints 'ready', waits for a line on standard input, runs, and prints 'done COUNT SECONDS', so that the caller can
 * read the server's CPU time around exactly the measured part.
 *
 * usage: mapi_load PORT plain|tls USER PASSWORD USER_DN ROW COUNT
 * rows: ping connect open_folder query_rows open_table create open_message download contexts waits
 *       nspi_page nspi_seek nspi_resolve nspi_match
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tests/raw/raw_client.h"

#define BODY_CHARACTERS 5000u /* 10 KB of UTF-16 */

static struct raw_client *client;
static const char *user_dn;
static uint32_t logon_handle, folder_handle;
static uint64_t inbox_id;
static struct raw_body body, rops;

static struct raw_rops execute(const uint32_t *handles, uint32_t count)
{
    struct raw_answer answer;
    raw_execute_body(&body, &rops, handles, count);
    raw_request(client, "Execute", body.data, body.size, &answer);
    return raw_execute_answer(&answer);
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "mapi_load: %s\n", what);
        exit(1);
    }
}

static void connect_context(void)
{
    struct raw_answer answer;
    raw_client_forget_cookies(client);
    raw_connect_body(&body, user_dn);
    raw_request(client, "Connect", body.data, body.size, &answer);
    require(answer.status == 200 && answer.response_code == 0 && answer.body_size >= 8 && raw_load_u32(answer.body + 4) == 0,
            "Connect failed");
}

static void logon(void)
{
    uint32_t handle = 0xFFFFFFFF;
    raw_clear(&rops);
    raw_rop_logon(&rops, user_dn);
    struct raw_rops answer = execute(&handle, 1);
    require(answer.size > 100 && raw_load_u32(answer.rops + 2) == 0, "RopLogon failed");
    memcpy(&inbox_id, answer.rops + 7 + 4 * 8, 8);
    logon_handle = raw_load_u32(answer.handles);
}

static void put_open_folder(uint8_t out_index)
{
    raw_put(&rops, "\x02\x00\x00", 3);
    raw_u8(&rops, out_index);
    raw_u64(&rops, inbox_id);
    raw_u8(&rops, 0);
}

static void open_inbox(void)
{
    const uint32_t handles[] = {logon_handle, 0xFFFFFFFF};
    raw_clear(&rops);
    put_open_folder(1);
    struct raw_rops answer = execute(handles, 2);
    require(raw_load_u32(answer.rops + 2) == 0, "RopOpenFolder failed");
    folder_handle = raw_load_u32(answer.handles + 4);
}

static void put_table(uint8_t folder, uint8_t table)
{
    const uint32_t columns[] = {0x674A0014, 0x0037001F, 0x0042001F, 0x0E060040, 0x0E080003, 0x0E070003, 0x0E1B000B};
    raw_put(&rops, "\x05\x00", 2);
    raw_u8(&rops, folder);
    raw_u8(&rops, table);
    raw_u8(&rops, 0);
    raw_put(&rops, "\x12\x00", 2);
    raw_u8(&rops, table);
    raw_u8(&rops, 0);
    raw_u16(&rops, 7);
    raw_put(&rops, columns, sizeof columns);
}

static void put_query_rows(uint8_t table, bool advance, uint16_t count)
{
    raw_put(&rops, "\x15\x00", 2);
    raw_u8(&rops, table);
    raw_u8(&rops, advance ? 0 : 1);
    raw_u8(&rops, 1);
    raw_u16(&rops, count);
}

static void put_release(uint8_t index)
{
    raw_put(&rops, "\x01\x00", 2);
    raw_u8(&rops, index);
}

/* ---- rows ---- */

static uint32_t table_handle;
static uint64_t *message_ids;
static size_t message_count, message_next;

static void prepare_nothing(unsigned long count)
{
}

static void prepare_logon(unsigned long count)
{
    connect_context();
    logon();
    open_inbox();
}

static void prepare_table(unsigned long count)
{
    prepare_logon(count);
    const uint32_t handles[] = {folder_handle, 0xFFFFFFFF};
    raw_clear(&rops);
    put_table(0, 1);
    struct raw_rops answer = execute(handles, 2);
    require(raw_load_u32(answer.rops + 2) == 0, "RopGetContentsTable failed");
    table_handle = raw_load_u32(answer.handles + 4);
}

/* Reads the ids of up to 'count' messages of the Inbox. */
static void prepare_ids(unsigned long count)
{
    prepare_logon(count);
    const uint32_t handles[] = {folder_handle, 0xFFFFFFFF};
    raw_clear(&rops);
    raw_put(&rops, "\x05\x00\x00\x01\x00", 5);
    raw_put(&rops, "\x12\x00\x01\x00\x01\x00\x14\x00\x4A\x67", 10);
    struct raw_rops answer = execute(handles, 2);
    uint32_t ids_handle[] = {raw_load_u32(answer.handles + 4)};
    message_ids = calloc(count + 1000, sizeof *message_ids);
    while (message_count < count) {
        raw_clear(&rops);
        put_query_rows(0, true, 500);
        answer = execute(ids_handle, 1);
        uint16_t rows = (uint16_t)raw_load_u32(answer.rops + 7);
        if (rows == 0)
            break;
        for (uint16_t i = 0; i < rows; i++)
            memcpy(&message_ids[message_count++], answer.rops + 9 + 9 * (size_t)i + 1, 8);
    }
    require(message_count > 0, "the Inbox is empty");
}

static void run_ping(void)
{
    struct raw_answer answer;
    raw_request(client, "PING", NULL, 0, &answer);
    require(answer.response_code == 0, "PING failed");
}

static void run_connect(void)
{
    struct raw_answer answer;
    connect_context();
    raw_clear(&body);
    raw_u32(&body, 0);
    raw_request(client, "Disconnect", body.data, body.size, &answer);
    require(answer.response_code == 0, "Disconnect failed");
}

static void run_open_folder(void)
{
    const uint32_t handles[] = {logon_handle, 0xFFFFFFFF};
    raw_clear(&rops);
    put_open_folder(1);
    put_release(1);
    struct raw_rops answer = execute(handles, 2);
    require(raw_load_u32(answer.rops + 2) == 0, "RopOpenFolder failed");
}

static void run_query_rows(void)
{
    raw_clear(&rops);
    put_query_rows(0, false, 50);
    struct raw_rops answer = execute(&table_handle, 1);
    require(raw_load_u32(answer.rops + 2) == 0 && (uint16_t)raw_load_u32(answer.rops + 7) == 50, "RopQueryRows: not 50 rows");
}

static void run_open_table(void)
{
    const uint32_t handles[] = {folder_handle, 0xFFFFFFFF};
    raw_clear(&rops);
    put_table(0, 1);
    put_query_rows(1, true, 50);
    put_release(1);
    struct raw_rops answer = execute(handles, 2);
    require(answer.size > 600, "open table, columns, 50 rows: too short an answer");
}

static void run_create(void)
{
    static unsigned long number;
    const uint32_t handles[] = {folder_handle, 0xFFFFFFFF};
    struct raw_body values = {0};
    char subject[64];
    raw_clear(&rops);
    raw_put(&rops, "\x06\x00\x00\x01\xFF\x0F", 6); /* RopCreateMessage, code page as the logon's */
    raw_u64(&rops, inbox_id);
    raw_u8(&rops, 0);
    snprintf(subject, sizeof subject, "Quarterly figures, number %lu", number++);
    raw_u32(&values, 0x0037001F);
    raw_utf16(&values, subject);
    raw_u32(&values, 0x001A001F);
    raw_utf16(&values, "IPM.Note");
    raw_u32(&values, 0x0042001F);
    raw_utf16(&values, "Alice Example");
    raw_u32(&values, 0x0E060040);
    raw_u64(&values, 133000000000000000ull + number * 600000000ull);
    raw_u32(&values, 0x0E070003);
    raw_u32(&values, 0);
    raw_u32(&values, 0x1000001F);
    for (unsigned i = 0; i < BODY_CHARACTERS; i++)
        raw_u16(&values, (uint16_t)("lorem ipsum dolor sit amet "[i % 27]));
    raw_u16(&values, 0);
    raw_put(&rops, "\x0A\x00\x01", 3); /* RopSetProperties */
    raw_u16(&rops, (uint16_t)(values.size + 2));
    raw_u16(&rops, 6);
    raw_put(&rops, values.data, values.size);
    raw_put(&rops, "\x0C\x00\x01\x01\x0C", 5); /* RopSaveChangesMessage, ForceSave */
    put_release(1);
    raw_free(&values);
    struct raw_rops answer = execute(handles, 2);
    require(answer.size > 7 && raw_load_u32(answer.rops + 2) == 0, "RopCreateMessage failed");
    require(answer.rops[answer.size - 15] == 0x0C && raw_load_u32(answer.rops + answer.size - 13) == 0, "RopSaveChangesMessage failed");
}

static void put_open_message(uint8_t index, uint64_t id)
{
    raw_put(&rops, "\x03\x00\x00", 3);
    raw_u8(&rops, index);
    raw_u16(&rops, 0x0FFF);
    raw_u64(&rops, inbox_id);
    raw_u8(&rops, 0);
    raw_u64(&rops, id);
}

static void run_open_message(void)
{
    const uint32_t handles[] = {folder_handle, 0xFFFFFFFF};
    const uint32_t tags[] = {0x0037001F, 0x0042001F, 0x0065001F, 0x0E060040, 0x0E080003, 0x0E070003, 0x0E1B000B, 0x001A001F,
                             0x0E04001F, 0x00170003, 0x30080040, 0x30070040};
    raw_clear(&rops);
    put_open_message(1, message_ids[message_next++ % message_count]);
    raw_put(&rops, "\x07\x00\x01\x00\x00\x01\x00", 7); /* RopGetPropertiesSpecific */
    raw_u16(&rops, sizeof tags / sizeof *tags);
    raw_put(&rops, tags, sizeof tags);
    put_release(1);
    struct raw_rops answer = execute(handles, 2);
    require(raw_load_u32(answer.rops + 2) == 0, "RopOpenMessage failed");
}

/* Two messages a request, all properties: what a client without synchronisation does to fetch a mailbox. */
static void run_download(void)
{
    const uint32_t handles[] = {folder_handle, 0xFFFFFFFF, 0xFFFFFFFF};
    raw_clear(&rops);
    for (uint8_t i = 1; i <= 2; i++) {
        put_open_message(i, message_ids[message_next++ % message_count]);
        raw_put(&rops, "\x08\x00", 2); /* RopGetPropertiesAll */
        raw_u8(&rops, i);
        raw_u16(&rops, 0);
        raw_u16(&rops, 1);
    }
    put_release(1);
    put_release(2);
    struct raw_rops answer = execute(handles, 3);
    require(answer.size > 2 * BODY_CHARACTERS, "RopGetPropertiesAll: too short an answer");
}

static void run_context(void)
{
    connect_context();
    logon();
}

/* One parked NotificationWait on a connection of its own, in a context of its own. */
static void run_wait(void)
{
    connect_context();
    logon();
    raw_clear(&body);
    raw_u32(&body, 0);
    raw_u32(&body, 0);
    char *request = malloc(8192);
    size_t size = raw_request_bytes(client, "NotificationWait", body.data, body.size, request, 8192);
    raw_send(client, request, size);
    free(request);
}

/* --- the address book (MS-OXCMAPIHTTP 2.2.5) --- */

static char name_to_find[512]; /* UTF-16 with terminator: one of the first page */
static size_t name_to_find_size;

static void put_state(void)
{
    const uint32_t state[9] = {0, 0, 0, 0, 0, 0, 1252, 0x409, 0x409};
    raw_u8(&body, 0xFF);
    raw_put(&body, state, sizeof state);
}

static void put_columns(bool all)
{
    /* As Outlook's list: name, kind, telephone, office, title, company, alias, address, entry id. */
    const uint32_t tags[] = {0x3001001F, 0x39000003, 0x3A08001F, 0x3A19001F, 0x3A17001F, 0x3A16001F, 0x3A00001F, 0x39FE001F, 0x0FFF0102};
    uint32_t count = all ? sizeof tags / sizeof *tags : 1;
    raw_u8(&body, 0xFF);
    raw_u32(&body, count);
    raw_put(&body, tags, count * sizeof *tags);
}

static struct raw_answer ask_address_book(const char *type)
{
    struct raw_answer answer;
    raw_u32(&body, 0); /* no auxiliary buffer */
    raw_request(client, type, body.data, body.size, &answer);
    require(answer.status == 200 && answer.response_code == 0 && answer.body_size >= 8 && raw_load_u32(answer.body) == 0 &&
            raw_load_u32(answer.body + 4) == 0, type);
    return answer;
}

static void put_query(bool all_columns)
{
    raw_clear(&body);
    raw_u32(&body, 0);
    put_state();
    raw_u32(&body, 0);
    raw_u32(&body, 50);
    put_columns(all_columns);
}

static void run_nspi_page(void)
{
    put_query(true);
    require(ask_address_book("QueryRows").body_size > 50 * 20, "QueryRows: too short an answer");
}

static void run_nspi_seek(void)
{
    raw_clear(&body);
    raw_u32(&body, 0);
    put_state();
    raw_put(&body, "\xFF\x1F\x00\x01\x30\xFF", 6); /* HasTarget, PidTagDisplayName, HasValue */
    raw_utf16(&body, "M");
    raw_u8(&body, 0);
    put_columns(true);
    require(ask_address_book("SeekEntries").body_size > 50, "SeekEntries: too short an answer");
}

static void run_nspi_resolve(void)
{
    raw_clear(&body);
    raw_u32(&body, 0);
    put_state();
    put_columns(true);
    raw_u8(&body, 0xFF);
    raw_u32(&body, 1);
    raw_put(&body, name_to_find, name_to_find_size);
    ask_address_book("ResolveNames");
}

/* What Outlook's search box sends: GetMatches with a restriction on PidTagAnr. */
static void run_nspi_match(void)
{
    raw_clear(&body);
    raw_u32(&body, 0);
    put_state();
    raw_u8(&body, 0);
    raw_u32(&body, 0);
    raw_put(&body, "\xFF\x04\x04\x1F\x00\x0C\x36\x1F\x00\x0C\x36", 11); /* property restriction, equal, PidTagAnr twice */
    raw_u8(&body, 0xFF);
    raw_put(&body, name_to_find, name_to_find_size);
    raw_u8(&body, 0);
    raw_u32(&body, 5000);
    put_columns(true);
    ask_address_book("GetMatches");
}

static void prepare_address_book(unsigned long count)
{
    (void)count;
    raw_client_use_address_book(client);
    raw_clear(&body);
    raw_u32(&body, 0);
    put_state();
    ask_address_book("Bind");
    put_query(false);
    struct raw_answer answer = ask_address_book("QueryRows");
    /* StatusCode, ErrorCode, state, HasColumnsAndRows, one column, the count of rows; the first row: flags, HasValue. */
    size_t place = 8 + 37 + 1 + 8 + 4 + 2, end = place;
    require(answer.body_size > place && answer.body[place - 2] == 0 && answer.body[place - 1] == 0xFF, "QueryRows: no name in the first row");
    while (end + 2 <= answer.body_size && (answer.body[end] || answer.body[end + 1]))
        end += 2;
    name_to_find_size = end + 2 - place;
    require(name_to_find_size <= sizeof name_to_find, "a name too long to look for");
    memcpy(name_to_find, answer.body + place, name_to_find_size);
}

static const struct {
    const char *name;
    void (*prepare)(unsigned long count);
    void (*run)(void);
} rows[] = {
    {"ping", prepare_nothing, run_ping},
    {"connect", prepare_nothing, run_connect},
    {"open_folder", prepare_logon, run_open_folder},
    {"query_rows", prepare_table, run_query_rows},
    {"open_table", prepare_logon, run_open_table},
    {"create", prepare_logon, run_create},
    {"open_message", prepare_ids, run_open_message},
    {"download", prepare_ids, run_download},
    {"contexts", prepare_nothing, run_context},
    {"waits", prepare_nothing, run_wait},
    {"nspi_page", prepare_address_book, run_nspi_page},
    {"nspi_seek", prepare_address_book, run_nspi_seek},
    {"nspi_resolve", prepare_address_book, run_nspi_resolve},
    {"nspi_match", prepare_address_book, run_nspi_match},
};

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: mapi_load PORT plain|tls USER PASSWORD USER_DN ROW COUNT\n");
        return 2;
    }
    int port = atoi(argv[1]);
    bool tls = strcmp(argv[2], "tls") == 0;
    user_dn = argv[5];
    unsigned long count = strtoul(argv[7], NULL, 10);
    client = raw_client_new(port, tls, argv[3], argv[4]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, argv[6]) != 0)
            continue;
        bool many = strcmp(argv[6], "contexts") == 0 || strcmp(argv[6], "waits") == 0;
        rows[i].prepare(count);
        if (!many)
            for (unsigned warm = 0; warm < 20; warm++)
                rows[i].run();
        printf("ready\n");
        fflush(stdout);
        if (getchar() == EOF)
            return 1;
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        for (unsigned long done = 0; done < count; done++) {
            rows[i].run();
            if (strcmp(argv[6], "waits") == 0) /* its connection stays as it is; the next wait gets one of its own */
                client = raw_client_new(port, tls, argv[3], argv[4]);
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("done %lu %.6f\n", count, (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
        fflush(stdout);
        if (many && getchar() == EOF) /* hold everything until memory was read */
            return 0;
        return 0;
    }
    fprintf(stderr, "mapi_load: unknown row '%s'\n", argv[6]);
    return 2;
}
