/* Our HTTP layer alone: what a request costs before MAPI, and what a parked exchange costs.
 *
 *   http_floor serve PLAIN_PORT TLS_PORT CERTIFICATE KEY   /ping answers at once, /park never (a sign of life a minute)
 *   http_floor park PORT COUNT SERVER_PID                  parks COUNT exchanges over TLS and prints the server's memory
 *
 * bench/http_floor.py runs it beside nginx. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/http_server.h"

static void ping(struct http_exchange *exchange, void *argument)
{
    http_answer_header(exchange, "Content-Type", "application/mapi-http");
    http_answer_header(exchange, "X-ResponseCode", "0");
    http_answer_whole(exchange, BYTES_LITERAL("PROCESSING\r\nDONE\r\n\r\n"));
}

static void park_broken(struct http_exchange *exchange, void *argument)
{
    http_answer_finish(exchange);
}

static void park(struct http_exchange *exchange, void *argument)
{
    http_exchange_set_callbacks(exchange, &(struct http_exchange_callbacks){.broken = park_broken});
    http_exchange_forget_request(exchange);
    if (http_answer_write(exchange, BYTES_LITERAL("PROCESSING\r\n")))
        http_answer_repeat(exchange, "PENDING\r\n", 60000);
}

static void raise_open_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int fail(const char *what)
{
    perror(what);
    return EXIT_FAILURE;
}

static int serve(const char *plain_port, const char *tls_port, const char *certificate, const char *key)
{
    struct loop *loops[2];
    struct http_router *router = http_router_new();
    struct http_ticket_keys *keys = http_ticket_keys_new();
    struct http_tls *tls;
    struct http_tls_error error;
    struct http_server_limits limits = HTTP_SERVER_LIMITS_DEFAULT;
    signal(SIGPIPE, SIG_IGN);
    raise_open_files();
    if (!router || !keys || !http_tls_load(certificate, key, keys, &tls, &error)
        || !http_router_add(router, &(struct http_route){.path = "/ping", .handler = ping})
        || !http_router_add(router, &(struct http_route){.path = "/park", .handler = park}))
        return fail("set-up");
    unsigned count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    count = count < 1 ? 1 : count > 2 ? 2 : count;
    for (unsigned i = 0; i < count; i++)
        if (!(loops[i] = loop_new()))
            return fail("loop");
    struct http_server *server = http_server_new(loops, count, router, &limits);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(plain_port));
    if (!server || !http_server_listen(server, (struct sockaddr *)&address, sizeof address, NULL, NULL))
        return fail("listen");
    address.sin_port = htons((uint16_t)atoi(tls_port));
    if (!http_server_listen(server, (struct sockaddr *)&address, sizeof address, tls, NULL))
        return fail("listen");
    http_server_accept(server);
    for (unsigned i = 1; i < count; i++)
        if (!loop_start(loops[i], i))
            return fail("thread");
    loop_run(loops[0]); /* until killed */
    return EXIT_SUCCESS;
}

/* Resident memory of a process in KiB. */
static long resident_kib(const char *pid)
{
    char path[64], line[128];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static SSL *open_parked(SSL_CTX *context, uint16_t port)
{
    static const char request[] = "POST /park HTTP/1.1\r\nHost: mail.example.org\r\nContent-Type: application/mapi-http\r\n"
                                  "X-RequestType: NotificationWait\r\nX-RequestId: {9D4EA1B4-0DE1-47B6-8D9A-6F4A9C1D2E3F}:1\r\n"
                                  "X-ClientInfo: {3CA0A6E4-0AE3-4D0B-8A0F-1A0A1F9D7A51}:1\r\nContent-Length: 8\r\n\r\n\0\0\0\0\0\0\0\0";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char answer[512];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return NULL;
    SSL *tls = SSL_new(context);
    if (!tls || SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1 || SSL_write(tls, request, sizeof request - 1) <= 0)
        return NULL;
    return SSL_read(tls, answer, sizeof answer) > 0 ? tls : NULL;
}

static int park_many(uint16_t port, long count, const char *pid)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    raise_open_files();
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    long before_kib = resident_kib(pid);
    for (long i = 0; i < count; i++)
        if (!open_parked(context, port))
            return fail("connection");
    sleep(1);
    long after_kib = resident_kib(pid);
    printf("%ld parked over TLS: %ld KiB before, %ld KiB after, %.2f KiB each\n", count, before_kib, after_kib,
        (double)(after_kib - before_kib) / (double)count);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], argv[3], argv[4], argv[5]);
    if (argc == 5 && strcmp(argv[1], "park") == 0)
        return park_many((uint16_t)atoi(argv[2]), atol(argv[3]), argv[4]);
    fprintf(stderr, "usage: http_floor serve PLAIN_PORT TLS_PORT CERTIFICATE KEY | park PORT COUNT SERVER_PID\n");
    return 2;
}
