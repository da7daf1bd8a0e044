/* One MAPI/HTTP request on its way through the server. It is freed with the sending of its answer, and touched on the loop of
 * its connection, but for the time that 'work' runs on a strand: then the loop looks at nothing but 'streaming'.
 *
 *   handler -> authentication -> headers -> session ticket -> (strand: work) -> answer
 *
 * The answer is whole, with a Content-Length, when it is ready within MAPI_PROCESSING_DELAY_MS; otherwise PROCESSING is sent
 * then, and the rest follows in chunks. */
#pragma once
#include <time.h>

#include "server/mapi_context.h"

#define MAPI_PROCESSING_DELAY_MS 20u

struct mapi_exchange {
    struct http_exchange *exchange;
    struct services *services;
    struct identity *identity;
    bool path_exists;
    enum session_endpoint endpoint;
    struct mapi_request request;
    struct session_ticket ticket;
    uint64_t started_ms;
    uint64_t began_us;              /* when its headers were looked at */
    uint64_t step_us;               /* when the running step of the work began; 0 between steps */
    uint32_t processing_us;         /* work so far on strands */
    time_t started;
    const char *peer;               /* the client's address */
    bool parked;                    /* the http_request is gone; what is left of it: */
    bool tls;
    uint32_t body_size;
    char *kept;                     /* the strings of 'request' and 'peer'; NULL without memory for them */
    bool streaming;                 /* PROCESSING was sent */
    struct loop_timer processing;
    struct mailbox_strand *other_strand; /* while the work is at another mailbox */
    struct strand_task work;
    enum strand_result (*first_step)(struct strand_task *task); /* NULL: no work on a strand */
    struct loop_task completed;
    struct worker_job switch_lookup;   /* whether the mailbox is switched off, where that is not remembered */
    struct loop_task switch_looked_up;
    struct mailbox_verdict verdict;    /* of them */
    void (*enter)(struct mapi_exchange *mapi); /* what follows where it allows the request */
    struct arena arena;             /* of the decoded body and the work */
    void *body;                     /* the decoded request, struct ..._request */
    const struct rop_execution *rops; /* of an Execute that ran, in the arena; NULL */
    struct buffer answer;           /* the response body */
    enum mapi_response_code code;   /* of the work: SUCCESS, or a failure found late */
    bool end_context;               /* the context ends with this answer: a refused Connect, Disconnect */
    struct notification_wait *wait; /* NULL unless parked */
};

/* The handler of everything under /mapi; 'argument' is a struct mapi_endpoint. */
http_handler mapi_exchange_handle;

/* Connect and Bind. */
bool mapi_exchange_creates_context(const struct mapi_exchange *mapi);

/* Begins the work on a strand; 'run' ends with mapi_exchange_done(). Where the strand takes no task the answer is 'busy'. */
void mapi_exchange_work(struct mapi_exchange *mapi, struct strand *strand,
                        enum strand_result (*run)(struct strand_task *task));
/* To be called where a step of the work begins and ends of its own accord, to go on later or elsewhere. */
void mapi_exchange_step_begins(struct mapi_exchange *mapi);
void mapi_exchange_step_ends(struct mapi_exchange *mapi);
/* The work is finished: code and answer are set. On any thread; mapi belongs to the loop again. */
void mapi_exchange_done(struct mapi_exchange *mapi);
struct mapi_exchange *mapi_exchange_of_work(struct strand_task *task);

/* Sends what 'answer' and 'code' say, ends the exchange and frees 'mapi'. On the loop. */
void mapi_exchange_finish(struct mapi_exchange *mapi);
/* The same with a code other than SUCCESS and a page that says why. */
void mapi_exchange_refuse(struct mapi_exchange *mapi, enum mapi_response_code code, const char *detail);
/* Tells of the request by observe(): before anything of it is given back. */
void mapi_exchange_observe(struct mapi_exchange *mapi, enum mapi_response_code code, const char *detail);
/* The strings of the request are kept, as much of them as there is memory for: its http_request goes. */
void mapi_exchange_keep_strings(struct mapi_exchange *mapi);
/* Sends headers and PROCESSING if that has not been done; false when the client is known to be gone. On the loop. */
bool mapi_exchange_stream(struct mapi_exchange *mapi);

/* Encode into mapi->answer. A body that cannot be encoded makes the code INVALID_RESPONSE. */
void mapi_exchange_encode(struct mapi_exchange *mapi, const struct wire_structure *structure, const void *body);
/* A failure body: StatusCode and no more (MS-OXCMAPIHTTP 2.2.4.1.3 and its like). */
void mapi_exchange_encode_failure(struct mapi_exchange *mapi, uint32_t status_code);
/* The two codes that only a fault on purpose gives (2.2.3.3.3); SUCCESS without one. */
enum mapi_response_code mapi_exchange_fault(const struct mapi_exchange *mapi);

/* The endpoints. On the loop, with the body decoded and an accepted ticket (Connect and Bind: on the new context). */
void emsmdb_handle(struct mapi_exchange *mapi);
void nspi_handle(struct mapi_exchange *mapi);
