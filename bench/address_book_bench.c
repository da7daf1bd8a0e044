/* The address book without HTTP around it: what reading a directory into memory costs, and each kind of request after that.
 *
 * usage: address_book_bench DIRECTORY.SQLITE      (bench/fill_directory makes one)
 *
 * Prints a line for each row: name, CPU milliseconds, what it is to be under. Every request is decoded and encoded as for a
 * client. Processor time is of this process, all threads.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "directory/address_book.h"
#include "directory/embedded.h"
#include "nspi/request.h"
#include "protocol/property.h"
#include "protocol/property_tags.h"
#include "wire/wire.h"

#define REPETITIONS 200u

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double heap_mib(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 1048576.0;
}

static void print(const char *row, double value, double limit)
{
    printf("%-52s %10.3f   [%g]%s\n", row, value, limit, value > limit ? "   OVER" : "");
}

/* What Outlook asks for in a row of the list (a page of its address book window). */
static const uint32_t columns[] = {
    PID_TAG_ENTRY_ID, PID_TAG_DISPLAY_NAME, PID_TAG_ADDRESS_TYPE, PID_TAG_EMAIL_ADDRESS, PID_TAG_SMTP_ADDRESS, PID_TAG_OBJECT_TYPE,
    PID_TAG_DISPLAY_TYPE, PID_TAG_DISPLAY_TYPE_EX, PID_TAG_INSTANCE_KEY, PID_TAG_RECORD_KEY, PID_TAG_SEARCH_KEY, PID_TAG_TITLE,
    PID_TAG_BUSINESS_TELEPHONE_NUMBER, PID_TAG_OFFICE_LOCATION, PID_TAG_DEPARTMENT_NAME, PID_TAG_COMPANY_NAME, PID_TAG_ACCOUNT,
    PID_TAG_MOBILE_TELEPHONE_NUMBER,
};
#define COLUMN_COUNT (sizeof columns / sizeof *columns)
#define STAT(locale) {.code_page = 1252, .template_locale = 0x409, .sort_locale = (locale)}

static struct address_book_cache *cache;
static struct directory *directory;
static struct directory_user user;

static void fail(const char *what)
{
    fprintf(stderr, "address_book_bench: %s\n", what);
    exit(1);
}

/* One request from bytes to bytes, and its ErrorCode. */
static uint32_t request(struct arena *arena, const char *type, const void *body)
{
    static const struct wire_context context = {.wide = true, .address_book = true};
    const struct body_definition *definition = body_definition_find(type, true);
    struct buffer bytes = {0}, answer_bytes = {0};
    struct {
        uint32_t status_code, error_code;
        uint8_t rest[1024];
    } answer = {0};
    void *decoded = arena_allocate(arena, 4096);
    if (!definition || !wire_encode(definition->request, body, &context, &bytes, NULL) ||
        !wire_decode(arena, definition->request, buffer_bytes(&bytes), &context, decoded, NULL))
        fail(type);
    struct nspi_call call = {.arena = arena, .book = address_book_acquire(cache), .directory = directory, .user = &user,
                             .mailbox_url = "", .address_book_url = ""};
    nspi_execute(&call, definition, decoded, &answer);
    if (!wire_encode(definition->success, &answer, &context, &answer_bytes, NULL))
        fail(type);
    address_book_release(call.book);
    buffer_free(&bytes);
    buffer_free(&answer_bytes);
    return answer.error_code;
}

/* CPU of one request on average, after one that warms up. */
static void measure(const char *row, double limit, const char *type, const void *body, uint32_t expected)
{
    struct arena arena = {0};
    double start = 0;
    for (unsigned i = 0; i <= REPETITIONS; i++) {
        if (i == 1)
            start = cpu_ms();
        arena_reset(&arena);
        uint32_t error = request(&arena, type, body);
        if (error != expected) {
            fprintf(stderr, "%s: error 0x%08x\n", row, error);
            exit(1);
        }
    }
    print(row, (cpu_ms() - start) / REPETITIONS, limit);
    arena_free(&arena);
}

static struct bytes utf16(struct arena *arena, const char *text)
{
    return text_utf16_of_utf8(arena, bytes_of_string(text));
}

static void measure_pages(void)
{
    struct nspi_query_rows_request rows = {.has_state = true, .state = STAT(0x409), .row_count = 50, .has_columns = true,
                                           .column_count = COLUMN_COUNT, .columns = columns};
    measure("first page: QueryRows(50), 18 columns", 2, "QueryRows", &rows, EC_SUCCESS);
    rows.state.delta = (int32_t)address_book_count(address_book_acquire(cache)) / 2;
    measure("a page in the middle", 2, "QueryRows", &rows, EC_SUCCESS);
    struct nspi_update_stat_request stat = {.has_state = true, .state = STAT(0x409), .delta_requested = true};
    stat.state.current_rec = NSPI_CURRENT;
    stat.state.num_pos = 2;
    stat.state.total_recs = 3;
    measure("UpdateStat to two thirds", 2, "UpdateStat", &stat, EC_SUCCESS);
}

static void measure_names(struct arena *arena)
{
    struct nspi_seek_entries_request seek = {.has_state = true, .state = STAT(0x409), .has_target = true, .has_columns = true,
                                             .column_count = COLUMN_COUNT, .columns = columns};
    seek.target = (struct property_value){.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16(arena, "m")};
    measure("seek 'm' and 50 rows", 2, "SeekEntries", &seek, EC_SUCCESS);
    struct bytes one[] = {utf16(arena, "bench")}, many[] = {utf16(arena, "a")}, two[] = {utf16(arena, "anna sm")};
    struct nspi_resolve_names_request names = {.has_state = true, .state = STAT(0x409), .has_names = true, .name_count = 1,
                                               .names = one};
    measure("resolve 'bench' (one)", 2, "ResolveNames", &names, EC_SUCCESS);
    names.names = many;
    measure("resolve 'a' (many)", 2, "ResolveNames", &names, EC_SUCCESS);
    names.names = two;
    measure("resolve 'anna sm'", 2, "ResolveNames", &names, EC_SUCCESS);
    struct restriction anr = {.type = RESTRICTION_TYPE_PROPERTY};
    anr.property.relational_operator = RELATIONAL_OPERATOR_EQUAL;
    anr.property.property_tag = PID_TAG_ANR;
    anr.property.value = (struct property_value){.tag = PID_TAG_ANR, .bytes = utf16(arena, "anna sm")};
    struct nspi_get_matches_request matches = {.has_state = true, .state = STAT(0x409), .has_filter = true, .filter = &anr,
                                               .row_count = 100000, .has_columns = true, .column_count = COLUMN_COUNT,
                                               .columns = columns};
    measure("GetMatches ANR 'anna sm'", 5, "GetMatches", &matches, EC_SUCCESS);
    matches.row_count = 50;
    anr.property.value.bytes = utf16(arena, "a");
    measure("GetMatches ANR 'a' (too many)", 2, "GetMatches", &matches, EC_TABLE_TOO_BIG);
    anr.property.value.bytes = utf16(arena, "bench");
    measure("GetMatches ANR 'bench'", 2, "GetMatches", &matches, EC_SUCCESS);
}

/* Restrictions that look at every row: not a client's everyday request. */
static void measure_scan(struct arena *arena)
{
    struct restriction content = {.type = RESTRICTION_TYPE_CONTENT};
    content.content.fuzzy_level_low = 1;
    content.content.property_tag = PID_TAG_DEPARTMENT_NAME;
    content.content.value = (struct property_value){.tag = PID_TAG_DEPARTMENT_NAME, .bytes = utf16(arena, "nowhere")};
    struct nspi_get_matches_request matches = {.has_state = true, .state = STAT(0x409), .has_filter = true, .filter = &content,
                                               .row_count = 50};
    double start = cpu_ms();
    request(arena, "GetMatches", &matches);
    print("GetMatches, substring in every row's department", cpu_ms() - start, 1000);
    content.content.fuzzy_level_low = 2;
    content.content.property_tag = content.content.value.tag = PID_TAG_DISPLAY_NAME;
    start = cpu_ms();
    request(arena, "GetMatches", &matches);
    print("GetMatches, prefix of every row's display name", cpu_ms() - start, 500);
}

static void measure_orders(void)
{
    struct address_book *book = address_book_acquire(cache);
    static const struct { const char *name; uint32_t lcid; } locales[] = {{"Swedish", 0x41D}, {"Japanese", 0x411}};
    for (unsigned i = 0; i < 2; i++) {
        char row[64];
        double start = cpu_ms(), before = heap_mib();
        address_book_order(book, 0, ADDRESS_BOOK_DISPLAY_NAME, locales[i].lcid);
        snprintf(row, sizeof row, "a new order: %s (%.1f MiB)", locales[i].name, heap_mib() - before);
        print(row, cpu_ms() - start, 500);
    }
    address_book_release(book);
}

static void measure_change(void)
{
    struct address_book *old = address_book_acquire(cache);
    struct bytes title = bytes_of_string("Changed");
    struct directory_value value = {DIRECTORY_ATTRIBUTE_TITLE, 1, &title};
    if (directory_set_values(directory, address_book_entry(old, 0)->id, 1, &value) != DIRECTORY_OK)
        fail("cannot change an entry");
    struct timespec pause = {.tv_nsec = 50000000};
    double spent = 0;
    struct address_book *next = NULL;
    do {
        address_book_release(next);
        nanosleep(&pause, NULL);
        double start = cpu_ms();
        next = address_book_acquire(cache);
        spent += cpu_ms() - start;
    } while (next == old);
    print("the next book after one change", spent, 1500);
    address_book_release(next);
    address_book_release(old);
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    if (argc != 2 || embedded_directory_open(argv[1], false, &directory) != DIRECTORY_OK)
        fail("usage: address_book_bench DIRECTORY.SQLITE");
    cache = address_book_cache_new(directory);
    double before = heap_mib(), start = cpu_ms();
    struct address_book *book = address_book_acquire(cache);
    if (!book)
        fail("the directory cannot be read");
    double spent = cpu_ms() - start;
    printf("%u entries\n%-52s %10s   [under]\n", address_book_count(book), "row", "CPU ms");
    print("the book made", spent, 1500);
    address_book_release(book);
    print("its memory, MiB", heap_mib() - before, 120);
    measure_pages();
    measure_names(&arena);
    measure_scan(&arena);
    measure_orders();
    measure_change();
    address_book_cache_free(cache);
    directory_close(directory);
    arena_free(&arena);
    return 0;
}
