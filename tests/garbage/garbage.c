/* Throws malformed requests at a running server and looks at four things: each class gets its documented answer, a good
 * request in between still succeeds, the server's memory does not grow after the first tenth, and a bystander's PINGs
 * keep their pace. Every input comes from a seeded generator, so a failure can be repeated.
 *
 * usage: garbage PORT SERVER_PID USER PASSWORD USER_DN COUNT [SEED [CLASS]]      (plain HTTP on 127.0.0.1)
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../raw/raw_client.h"

#define MEMORY_GROWTH_MAX_KIB 8192

static const char *authorization;
static uint64_t random_state;

static uint32_t random_u32(void)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(random_state >> 32);
}

static uint32_t random_below(uint32_t limit)
{
    return random_u32() % limit;
}

/* ---- requests ---- */

struct request {
    char head[70000];
    uint8_t body[70000];
    size_t body_size;
    long announced; /* Content-Length to claim; -1: the true one */
    const char *method, *path, *type, *request_id, *cookies, *extra;
    bool omit_type, omit_request_id, omit_authorization;
};

static struct request fresh(const char *type)
{
    return (struct request){.announced = -1, .method = "POST", .path = "/mapi/emsmdb/?MailboxId=x@example.org", .type = type,
                            .request_id = "{11111111-2222-3333-4444-555555555555}:7"};
}

static size_t serialise(struct request *request, char *out, size_t capacity)
{
    long announced = request->announced >= 0 ? request->announced : (long)request->body_size;
    int size = snprintf(out, capacity,
                        "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/mapi-http\r\nContent-Length: %ld\r\n"
                        "X-ClientInfo: {33333333-2222-3333-4444-555555555555}:1\r\nX-ClientApplication: Outlook/15.0.4815.1002\r\n",
                        request->method, request->path, announced);
    if (!request->omit_authorization)
        size += snprintf(out + size, capacity - (size_t)size, "Authorization: %s\r\n", authorization);
    if (!request->omit_type)
        size += snprintf(out + size, capacity - (size_t)size, "X-RequestType: %s\r\n", request->type);
    if (!request->omit_request_id)
        size += snprintf(out + size, capacity - (size_t)size, "X-RequestId: %s\r\n", request->request_id);
    if (request->cookies)
        size += snprintf(out + size, capacity - (size_t)size, "Cookie: %s\r\n", request->cookies);
    size += snprintf(out + size, capacity - (size_t)size, "%s\r\n", request->extra ? request->extra : "");
    memcpy(out + size, request->body, request->body_size);
    return (size_t)size + request->body_size;
}

static void put_u32(struct request *request, uint32_t value)
{
    memcpy(request->body + request->body_size, &value, 4);
    request->body_size += 4;
}

static void put_u16(struct request *request, uint16_t value)
{
    memcpy(request->body + request->body_size, &value, 2);
    request->body_size += 2;
}

static void put_random(struct request *request, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        request->body[request->body_size++] = (uint8_t)random_u32();
}

static char user_dn[512];

static void connect_body(struct request *request)
{
    size_t size = strlen(user_dn) + 1;
    memcpy(request->body, user_dn, size);
    request->body_size = size;
    put_u32(request, 0);
    put_u32(request, 1252);
    put_u32(request, 1033);
    put_u32(request, 1033);
    put_u32(request, 0);
}

/* An Execute body around a ROP list of which the sizes are right. */
static void execute_body(struct request *request, const uint8_t *rops, uint16_t size, uint32_t handles)
{
    request->body_size = 0;
    put_u32(request, 3);
    put_u32(request, 8u + 2u + size + 4 * handles);
    put_u16(request, 0);
    put_u16(request, 4);
    put_u16(request, (uint16_t)(2u + size + 4 * handles));
    put_u16(request, (uint16_t)(2u + size + 4 * handles));
    put_u16(request, (uint16_t)(2u + size));
    if (size)
        memcpy(request->body + request->body_size, rops, size);
    request->body_size += size;
    for (uint32_t i = 0; i < handles; i++)
        put_u32(request, 0xFFFFFFFF);
    put_u32(request, 0x10000);
    put_u32(request, 0);
}

/* ---- the classes: each makes one request and says which answers are right ---- */

static char live_cookies[1024];

struct expectation {
    int status;        /* 0: any, or a closed connection */
    int response_code; /* -1: not looked at */
};

typedef struct expectation make_function(struct request *request, char *out, size_t capacity, size_t *ret_size);

#define FINISH(status_, code_) (*ret_size = serialise(request, out, capacity), (struct expectation){status_, code_})

static struct expectation random_bytes_class(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    uint32_t size = 1 + random_below(200);
    for (uint32_t i = 0; i < size; i++)
        out[i] = (char)(0x80 | random_u32());
    memcpy(out + size, "\r\n\r\n", 4);
    *ret_size = size + 4;
    return (struct expectation){400, -1};
}

static struct expectation bare_line_feed(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *ret_size = (size_t)snprintf(out, capacity, "POST /mapi/emsmdb HTTP/1.1\nHost: localhost\n\n");
    memcpy(out + *ret_size, "\r\n\r\n", 4);
    *ret_size += 4;
    return (struct expectation){400, -1};
}

static struct expectation long_header(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    int size = snprintf(out, capacity, "POST /mapi/emsmdb HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    memset(out + size, 'a', 140000);
    memcpy(out + size + 140000, "\r\n\r\n", 4);
    *ret_size = (size_t)size + 140004;
    return (struct expectation){431, -1};
}

static struct expectation long_target(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    int size = snprintf(out, capacity, "POST /");
    memset(out + size, 'a', 20000);
    *ret_size = (size_t)size + 20000 + (size_t)snprintf(out + size + 20000, 100, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return (struct expectation){414, -1};
}

static struct expectation announced_gigabytes(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    request->announced = 1000000000L + random_u32();
    return FINISH(200, 9); /* Too Large, the protocol's own word for it */
}

static struct expectation length_and_chunks(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    request->extra = "Transfer-Encoding: chunked\r\n";
    return FINISH(400, -1);
}

static struct expectation two_lengths(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    request->extra = "Content-Length: 5\r\n";
    return FINISH(400, -1);
}

static struct expectation folded_header(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    request->extra = "X-Folded: a\r\n b\r\n";
    return FINISH(400, -1);
}

static struct expectation broken_chunk(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *ret_size = (size_t)snprintf(out, capacity,
                                 "POST /mapi/emsmdb HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nTransfer-Encoding: "
                                 "chunked\r\n\r\n%xg\r\nxx\r\nzz\r\n\r\n", authorization, random_below(100));
    return (struct expectation){400, -1};
}

static struct expectation other_verb(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    static const char *verbs[] = {"PUT", "DELETE", "PATCH", "PROPFIND", "OPTIONS"};
    *request = fresh("Connect");
    request->method = verbs[random_below(5)];
    return FINISH(200, 2);
}

static struct expectation other_path(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    request->path = "/mapi/emsmdbx";
    return FINISH(200, 3);
}

static struct expectation no_request_type(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    request->omit_type = true;
    return FINISH(200, 7);
}

static struct expectation no_request_id(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    connect_body(request);
    request->omit_request_id = true;
    return FINISH(200, 7);
}

static struct expectation bad_request_id(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    connect_body(request);
    request->request_id = "seven";
    return FINISH(200, 4);
}

static struct expectation unknown_request_type(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Detonate");
    return FINISH(200, 5);
}

static struct expectation malformed_cookie(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Execute");
    execute_body(request, NULL, 0, 0);
    request->cookies = "MapiContext=%%%; MapiSequence=zz";
    return FINISH(200, 6);
}

static struct expectation dead_cookie(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    static char dead[1024];
    snprintf(dead, sizeof dead, "%s", live_cookies);
    char *value = strchr(dead, '=') + 1; /* digits and letters change places: well-formed, and nobody's */
    for (int i = 0; i < 16 && value[i] && value[i] != ';'; i++)
        if (value[i] >= '0' && value[i] <= '9')
            value[i] = (char)('0' + (value[i] - '0' + 1 + (int)random_below(9)) % 10);
    *request = fresh("Execute");
    execute_body(request, NULL, 0, 0);
    request->cookies = dead;
    return FINISH(200, 10);
}

static struct expectation no_cookie(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Execute");
    execute_body(request, NULL, 0, 0);
    return FINISH(200, 13);
}

static struct expectation connect_cut_short(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    connect_body(request);
    request->body_size = random_below((uint32_t)request->body_size);
    return FINISH(200, 12);
}

static struct expectation execute_cut_short(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Execute");
    execute_body(request, (const uint8_t *)"\x01\x00\x00", 3, 1);
    request->body_size = random_below((uint32_t)request->body_size);
    request->cookies = live_cookies;
    return FINISH(200, 12);
}

static struct expectation execute_announces_gigabytes(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Execute");
    put_u32(request, 3);
    put_u32(request, 0xF0000000u | random_u32());
    put_random(request, random_below(100));
    request->cookies = live_cookies;
    return FINISH(200, 12);
}

static struct expectation rops_of_noise(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    uint8_t noise[512];
    uint16_t size = (uint16_t)(1 + random_below(sizeof noise - 1));
    for (uint16_t i = 0; i < size; i++)
        noise[i] = (uint8_t)random_u32();
    *request = fresh("Execute");
    execute_body(request, noise, size, random_below(8));
    request->cookies = live_cookies;
    return FINISH(200, 0);
}

static struct expectation mutated_execute(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    static const uint8_t rops[] = {0xFE, 0, 0, 1, 0x0C, 4, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0x0C, 0,
                                   5, 0, 1, 2, 0, 0x12, 0, 2, 0, 2, 0, 0x14, 0, 0x4A, 0x67, 0x1F, 0, 0x37, 0, 0x15, 0, 2, 0, 1, 50, 0};
    *request = fresh("Execute");
    execute_body(request, rops, sizeof rops, 3);
    for (uint32_t i = 1 + random_below(6); i; i--)
        request->body[random_below((uint32_t)request->body_size)] = (uint8_t)random_u32();
    request->cookies = live_cookies;
    return FINISH(200, -1);
}

static struct expectation mutated_head(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("PING");
    *ret_size = serialise(request, out, capacity);
    uint32_t at = random_below((uint32_t)*ret_size - 4);
    out[at] = (char)(1 + random_below(255));
    return (struct expectation){0, -1};
}

static struct expectation without_password(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    connect_body(request);
    request->omit_authorization = true;
    return FINISH(401, -1);
}

static struct expectation crooked_authorization(struct request *request, char *out, size_t capacity, size_t *ret_size)
{
    *request = fresh("Connect");
    request->omit_authorization = true;
    request->extra = "Authorization: Basic %%%%\r\n";
    return FINISH(401, -1);
}

static const struct {
    const char *name;
    make_function *make;
} classes[] = {
    {"random bytes", random_bytes_class},
    {"bare line feed", bare_line_feed},
    {"header of 140 KB", long_header},
    {"target of 20 KB", long_target},
    {"announced gigabytes", announced_gigabytes},
    {"length and chunks", length_and_chunks},
    {"two lengths", two_lengths},
    {"folded header", folded_header},
    {"broken chunk", broken_chunk},
    {"other verb", other_verb},
    {"other path", other_path},
    {"no request type", no_request_type},
    {"no request id", no_request_id},
    {"bad request id", bad_request_id},
    {"unknown request type", unknown_request_type},
    {"malformed cookie", malformed_cookie},
    {"dead cookie", dead_cookie},
    {"no cookie", no_cookie},
    {"Connect cut short", connect_cut_short},
    {"Execute cut short", execute_cut_short},
    {"Execute announces gigabytes", execute_announces_gigabytes},
    {"ROPs of noise", rops_of_noise},
    {"mutated Execute", mutated_execute},
    {"mutated head", mutated_head},
    {"without password", without_password},
    {"crooked authorization", crooked_authorization},
};
#define CLASS_COUNT (sizeof classes / sizeof *classes)

/* ---- a good client in between ---- */

static void live_connect(struct raw_client *client)
{
    struct raw_body body = {0};
    struct raw_answer answer;
    raw_client_forget_cookies(client);
    raw_connect_body(&body, user_dn);
    raw_request(client, "Connect", body.data, body.size, &answer);
    raw_free(&body);
    if (answer.status != 200 || answer.response_code != 0 || !raw_client_cookies(client)[0]) {
        fprintf(stderr, "a good Connect failed: HTTP %d, X-ResponseCode %d\n%.*s\n", answer.status, answer.response_code,
                (int)answer.body_size, (const char *)answer.body);
        exit(1);
    }
    snprintf(live_cookies, sizeof live_cookies, "%s", raw_client_cookies(client));
}

/* ---- bystander ---- */

static atomic_bool bystander_stop;
#define LATENCIES_MAX 2000000
static uint32_t *latencies_us; /* of the phase now running */
static size_t latency_count;

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void *bystander(void *client)
{
    struct raw_answer answer;
    while (!atomic_load(&bystander_stop) && latency_count < LATENCIES_MAX) {
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        raw_request(client, "PING", NULL, 0, &answer);
        clock_gettime(CLOCK_MONOTONIC, &end);
        latencies_us[latency_count++] = (uint32_t)((end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000);
        if (answer.status != 200) {
            fprintf(stderr, "the bystander's PING got HTTP %d\n", answer.status);
            exit(1);
        }
        usleep(2000);
    }
    raw_thread_end();
    return NULL;
}

static uint32_t bystander_p99(pthread_t thread)
{
    atomic_store(&bystander_stop, true);
    pthread_join(thread, NULL);
    qsort(latencies_us, latency_count, sizeof *latencies_us, compare_u32);
    uint32_t value = latency_count ? latencies_us[latency_count * 99 / 100] : 0;
    printf("bystander: %zu PINGs, median %u us, 99th percentile %u us\n", latency_count,
           latency_count ? latencies_us[latency_count / 2] : 0, value);
    latency_count = 0;
    atomic_store(&bystander_stop, false);
    return value;
}

static pthread_t bystander_start(struct raw_client *client)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, bystander, client))
        exit(2);
    return thread;
}

static long memory_kib(const char *pid)
{
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &value) == 1)
            break;
    if (file)
        fclose(file);
    return value;
}

/* Whether the answer of one malformed request is the documented one. */
static bool right(struct expectation expected, const struct raw_answer *answer)
{
    if (expected.status == 0)
        return true;
    return answer->status == expected.status && (expected.response_code < 0 || answer->response_code == expected.response_code);
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "usage: garbage PORT SERVER_PID USER PASSWORD USER_DN COUNT [SEED [CLASS]]\n");
        return 2;
    }
    int port = atoi(argv[1]);
    const char *pid = argv[2];
    struct raw_client *client = raw_client_new(port, false, argv[3], argv[4]);
    struct raw_client *bystander_client = raw_client_new(port, false, argv[3], argv[4]);
    authorization = raw_client_authorization(client);
    snprintf(user_dn, sizeof user_dn, "%s", argv[5]);
    unsigned long count = strtoul(argv[6], NULL, 10);
    random_state = argc > 7 ? strtoull(argv[7], NULL, 10) : 1;
    size_t only = CLASS_COUNT; /* a class by its name, to look at it alone */
    for (size_t i = 0; argc > 8 && i < CLASS_COUNT; i++)
        if (strcmp(classes[i].name, argv[8]) == 0)
            only = i;
    latencies_us = calloc(LATENCIES_MAX, sizeof *latencies_us);

    live_connect(client);
    pthread_t thread = bystander_start(bystander_client);
    sleep(2);
    uint32_t calm = bystander_p99(thread);

    static struct request request;
    static char out[200000];
    unsigned long wrong[CLASS_COUNT] = {0}, seen[CLASS_COUNT] = {0}, wrong_all = 0;
    long memory_early = 0;
    thread = bystander_start(bystander_client);
    for (unsigned long i = 0; i < count; i++) {
        size_t class = only < CLASS_COUNT ? only : random_below(CLASS_COUNT), size = 0;
        struct raw_answer answer;
        struct expectation expected = classes[class].make(&request, out, sizeof out, &size);
        raw_exchange(client, out, size, &answer);
        seen[class]++;
        if (!right(expected, &answer)) {
            if (wrong[class]++ < 3)
                fprintf(stderr, "request %lu, '%s': expected HTTP %d code %d, got HTTP %d code %d\n", i, classes[class].name,
                        expected.status, expected.response_code, answer.status, answer.response_code);
            wrong_all++;
        }
        if (answer.closed || expected.status == 0 || expected.status >= 400)
            raw_client_hang_up(client);
        if (request.cookies == live_cookies)
            snprintf(live_cookies, sizeof live_cookies, "%s", raw_client_cookies(client));
        if (i == count / 10)
            memory_early = memory_kib(pid);
    }
    long memory_late = memory_kib(pid);
    uint32_t busy = bystander_p99(thread);
    live_connect(client);

    for (size_t i = 0; i < CLASS_COUNT; i++)
        printf("%-30s %8lu requests, %lu wrong answers\n", classes[i].name, seen[i], wrong[i]);
    printf("memory: %ld KiB after a tenth, %ld KiB at the end, growth %ld KiB (limit %d)\n", memory_early, memory_late,
           memory_late - memory_early, MEMORY_GROWTH_MAX_KIB);
    printf("bystander: 99th percentile %u us calm, %u us under garbage, ratio %.2f\n", calm, busy, calm ? busy * 1.0 / calm : 0.0);
    raw_client_free(client);
    raw_client_free(bystander_client);
    raw_thread_end();
    bool grown = memory_late - memory_early > MEMORY_GROWTH_MAX_KIB && !getenv("MAPIHTTP_SANITIZED"); /* they keep freed memory */
    bool failed = wrong_all || memory_early <= 0 || grown;
    return failed ? 1 : 0;
}
