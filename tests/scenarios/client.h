/* A client made by hand: raw requests and answers over loopback, with the cookies of MAPI/HTTP. It shares no code with the
 * server but bytes and arenas. */
#pragma once
#include "base/arena.h"

#define CLIENT_LINES_MAX 8

/* What a client keeps of its context. */
struct client_jar {
    char context[80], sequence[80]; /* "" without */
};

struct client_request {
    const char *method, *path, *type; /* type NULL: no X-RequestType */
    const char *cookie;               /* the whole value; NULL: no Cookie header */
    const char *authorization;        /* NULL: none */
    const char *without;              /* a header that is left out */
    const char *lines[CLIENT_LINES_MAX]; /* further header lines, without CRLF */
    unsigned line_count;
    unsigned request_number;
    bool chunked;
    struct bytes body;
};
bool client_request_build(const struct client_request *request, struct buffer *bytes);

/* One answer, taken apart. */
struct client_answer {
    int status;               /* 0: the connection ended without one */
    char *head;               /* status line and headers */
    struct bytes stream;      /* the body without chunks */
    uint32_t chunk_count;     /* 0: whole */
    unsigned pending_count;
    bool done;                /* DONE was there */
    int code;                 /* X-ResponseCode; -1 without */
    int late_code;            /* X-ResponseCode behind DONE; -1 without */
    char *additional;         /* additional headers */
    struct bytes body;        /* behind them; for text/html the stream */
    uint64_t elapsed_ms;      /* from the call to the end */
    uint64_t first_ms;        /* from the call to the first bytes */
};

int client_connect(uint16_t port);
void client_send(int socket, struct bytes bytes);
/* Reads one whole answer; at most 'timeout_ms'. */
void client_receive(int socket, struct arena *arena, uint64_t timeout_ms, struct client_answer *ret_answer);
/* The value of a header in 'head', number 'index' of that name; NULL without. In the arena. */
const char *client_header(struct arena *arena, const char *head, const char *name, unsigned index);
