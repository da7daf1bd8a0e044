/* What a ROP's handler gets and gives. A handler speaks in folders, messages and tables: it reads the decoded request, calls
 * the mailbox layer, and fills the answer; handles, bytes, transactions and room are the caller's (execute.c).
 *
 * To add a ROP: its structure in src/protocol, a handler here, a row in declarations.c, a test (docs/rop.md). */
#pragma once
#include "base/limits.h"
#include "protocol/error_code.h"
#include "protocol/property_tags.h"
#include "protocol/id.h"
#include "protocol/rop_list.h"
#include "protocol/structures.h"
#include "rop/session.h"

struct rop_call {
    /* given */
    struct rop_session *session;
    struct rop_logon *rop_logon; /* NULL for RopLogon alone */
    struct logon *logon;         /* the same for the mailbox layer */
    struct arena *arena;         /* of the whole Execute */
    uint8_t logon_id;
    uint8_t response_handle_index;
    uint8_t input_handle_index;
    struct rop_object *input;       /* of a kind that the declaration admits */
    struct rop_object *destination; /* ROPs with two inputs */
    const void *request;            /* struct rop_..._request */
    size_t room;                    /* bytes the answer may take behind RopId, handle index and ReturnValue */
    bool room_is_largest;           /* no larger room can be had by asking again */
    /* What a handler writes itself goes behind the header that already stands in here (rows); otherwise untouched. */
    struct buffer *out;

    /* to be given */
    void *answer;              /* struct rop_..._success, or NULL for an empty one */
    bool written;              /* the answer stands in 'out' already */
    struct rop_object *output; /* the object opened, made with rop_call_open */
    const struct wire_columns *columns; /* what rows in the answer are shaped by */
    bool more;                 /* the same request, changed by the handler, would give more (packed answers) */
    bool too_small;            /* with EC_BUFFER_TOO_SMALL: a larger room would help */
};

/* 0 or an EC_ code, which becomes ReturnValue. */
typedef uint32_t rop_handler(struct rop_call *call);

struct rop_declaration {
    rop_handler *handler;     /* NULL: answered with 'error' */
    uint16_t inputs;          /* enum rop_object_kind bits; 0: none is looked up */
    uint16_t destinations;
    uint32_t error;           /* for an input of another kind; without a handler: for every call */
    bool writes;              /* runs in a savepoint of the transaction */
    bool ends_list_on_error;  /* MS-OXCTABL R501, R510, R528 */
    bool packs;               /* may be answered by several payloads */
    /* What the answer takes at most behind its header: so many bytes, and what the function says for the request.
     * ROP_ANSWER_OPEN: it depends on what is found. ROPs that write are never of that kind. */
    uint16_t answer_size;
    size_t (*answer_size_of)(const void *request);
};
#define ROP_ANSWER_OPEN 0xFFFFu

/* NULL for ids that are reserved or never requested. */
const struct rop_declaration *rop_declaration_of(uint8_t rop_id);

/* A new object as the call's output; EC_TOO_MANY_OPEN_OBJECTS over the session's limit. The caller sets what it stands for
 * before anything can fail. */
uint32_t rop_call_open(struct rop_call *call, enum rop_object_kind kind, struct rop_object **ret_object);
/* The answer's structure, zeroed, in the arena and set as the answer; the call fails with EC_OUT_OF_MEMORY for NULL. */
#define rop_call_answer(call, type) ((type *)((call)->answer = arena_allocate((call)->arena, sizeof(type))))
/* PtypString8 of requests about anything but a message: in the logon's code page, to UTF-16LE. */
struct bytes rop_call_text(struct rop_call *call, bool unicode, struct bytes text);
/* A list of the wire's ids as the mailbox layer has them; NULL without memory (never for an empty list). */
const uint64_t *rop_call_ids(struct rop_call *call, const uint64_t *wire_ids, uint32_t count);
