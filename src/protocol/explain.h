/* Captured bodies explained field by field: offset, name, value, section of the specification. A session remembers what
 * answers need (the requests they answer, columns of tables), so explain the bodies in their order. One thread at a time. */
#pragma once
#include "protocol/body_definition.h"
#include "protocol/rop_list.h"

/* A zeroed one is ready. */
struct explain_session {
    struct arena arena;                /* holds the last requests */
    bool has_requests;
    struct rop_request_list requests;  /* of the last Execute request */
    struct rop_columns columns;
    struct rop_logon_kinds logons;
};

void explain_session_free(struct explain_session *session);

/* Appends lines; false where the body, or something inside it, cannot be read: the lines end with what is wrong and where.
 * base is what the body's first byte is called. */
bool explain_request(struct explain_session *session, const struct body_definition *definition, struct bytes body, size_t base, struct buffer *text)
    __attribute__((warn_unused_result));
bool explain_response(struct explain_session *session, const struct body_definition *definition, struct bytes body, size_t base, struct buffer *text)
    __attribute__((warn_unused_result));

/* The definition whose request (or response) these bytes can be, NULL for none; where several fit, the likeliest. */
const struct body_definition *explain_guess(struct bytes body, bool is_response);
