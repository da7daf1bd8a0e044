/* Reads an Autodiscover POX answer (MS-OXDSCLI 2.2.4): untrusted XML, namespaces and unknown elements tolerated, document
 * types refused. No state. */
#pragma once
#include "base/arena.h"

#define AUTODISCOVER_ANSWER_SIZE_MAX (1u << 20)

enum autodiscover_answer_kind {
    AUTODISCOVER_SETTINGS,
    AUTODISCOVER_REDIRECT_ADDRESS, /* 'redirect' is an e-mail address */
    AUTODISCOVER_REDIRECT_URL,     /* 'redirect' is a URL */
    AUTODISCOVER_ERROR,
};

/* Strings are UTF-8 in the arena; "" where the answer has none. */
struct autodiscover_answer {
    enum autodiscover_answer_kind kind;
    const char *display_name;
    const char *legacy_dn;
    const char *smtp_address;
    const char *mailbox_url;      /* of the mapiHttp block, external before internal */
    const char *address_book_url;
    const char *offline_address_book_url; /* OABUrl of the last block that has one: what is outside comes last */
    bool mapi_http;               /* there was a mapiHttp block */
    const char *blocks;           /* the types of all: 'mapiHttp EXHTTP EXHTTP' */
    const char *redirect;
    uint32_t error_code;
    const char *error_message;
};

/* False when it is not XML of that kind; *ret_failure then says why in static text. */
bool autodiscover_answer_read(struct arena *arena, struct bytes xml, struct autodiscover_answer *ret_answer,
                              const char **ret_failure);
/* The request for an address (MS-OXDSCLI 2.2.3), or NULL without memory. */
const char *autodiscover_request_write(struct arena *arena, const char *address);
/* The Url of an Autodiscover version 2 answer (JSON) that is about AutodiscoverV1; NULL where it is none. */
const char *autodiscover_json_url(struct arena *arena, struct bytes json);
