/* SPNEGO's two messages (RFC 4178 4.2), read and written as DER. Strict: definite lengths in their shortest form, nothing
 * behind the end, every element once and in order. Readers give ranges of what they were given. No state, any thread. */
#pragma once
#include "base/arena.h"

#define SPNEGO_MECHANISMS_MAX 16u

/* Whether these bytes begin like a GSS-API initial token (RFC 2743 3.1) of this mechanism, such as a bare Kerberos token. */
bool spnego_is_initial_token_of(struct bytes token, struct bytes object_id);

/* The client's first message, within its GSS-API frame. */
struct spnego_init {
    struct bytes mechanism_list;  /* the DER encoding of MechTypeList: what mechListMIC is over */
    uint32_t mechanism_count;     /* at least 1 */
    struct bytes mechanisms[SPNEGO_MECHANISMS_MAX]; /* contents of object identifiers, most wanted first */
    bool has_token, has_mic;
    struct bytes token;           /* for the first mechanism */
    struct bytes mic;
};
bool spnego_init_read(struct bytes message, struct spnego_init *ret_init);

enum spnego_state { SPNEGO_COMPLETED, SPNEGO_INCOMPLETE, SPNEGO_REJECT, SPNEGO_REQUEST_MIC, SPNEGO_NO_STATE };

/* Everything after it, both ways. */
struct spnego_response {
    enum spnego_state state;      /* NO_STATE: left out */
    struct bytes mechanism;       /* chosen; empty: left out */
    bool has_token, has_mic;
    struct bytes token;
    struct bytes mic;
};
bool spnego_response_read(struct bytes message, struct spnego_response *ret_response);
/* In the arena; empty without memory. Tokens and integrity codes that are empty are left out. */
struct bytes spnego_response_make(struct arena *arena, const struct spnego_response *response);
