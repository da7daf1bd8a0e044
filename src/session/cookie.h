/* The two cookies of a session context (MS-OXCMAPIHTTP 2.2.3.2.3, 2.2.3.2.4): MapiContext, 128 random bits that name the
 * context, and MapiSequence, a counter and 128 random bits that change with every sequenced request. No state, any thread. */
#pragma once
#include "base/bytes.h"

#define SESSION_CONTEXT_COOKIE_NAME "MapiContext"
#define SESSION_SEQUENCE_COOKIE_NAME "MapiSequence"

struct session_context_id {
    uint8_t data[16];
};
struct session_sequence {
    uint64_t number;
    uint8_t data[16];
};

enum session_cookie_state { SESSION_COOKIE_ABSENT, SESSION_COOKIE_PRESENT, SESSION_COOKIE_MALFORMED };

/* What a request's Cookie headers said. Start with a zeroed one. */
struct session_cookies {
    enum session_cookie_state context_state;
    enum session_cookie_state sequence_state;
    struct session_context_id context;
    struct session_sequence sequence;
};

/* Takes one Cookie header's value ('a=b; c=d'); several headers may be read into the same struct. Foreign cookies are passed
 * over. One of ours twice with different values is malformed. */
void session_cookies_read(struct session_cookies *cookies, struct bytes header);

#define SESSION_COOKIE_TEXT_SIZE 64
void session_context_id_format(const struct session_context_id *id, char text[SESSION_COOKIE_TEXT_SIZE]);
void session_sequence_format(const struct session_sequence *sequence, char text[SESSION_COOKIE_TEXT_SIZE]);
