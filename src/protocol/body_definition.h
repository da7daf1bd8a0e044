/* The registry of MAPI/HTTP request types, generated from src/protocol/ *_body.wire (MS-OXCMAPIHTTP 2.2.4, 2.2.5). PING has
 * no body and no row. Constant, any thread. */
#pragma once
#include "wire/structure.h"

struct body_definition {
    const char *request_type; /* X-RequestType */
    const char *section;
    bool address_book;        /* otherwise the mailbox endpoint */
    const struct wire_structure *request;
    const struct wire_structure *success; /* any failure is a struct failure_response */
};

extern const struct body_definition body_definitions[];
extern const uint32_t body_definition_count;

/* NULL where no endpoint has such a type; the spelling counts (X-RequestType is compared exactly). */
const struct body_definition *body_definition_find(const char *request_type, bool address_book);
