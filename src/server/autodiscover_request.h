/* What an Autodiscover request asks (MS-OXDSCLI 2.2.3). Read with libxml2, which is touched at the first request and not
 * before: no document type, no entities, no network. Any thread. */
#pragma once
#include "base/arena.h"

#define AUTODISCOVER_RESPONSE_SCHEMA "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

struct autodiscover_request {
    const char *address;   /* EMailAddress, or "" */
    const char *legacy_dn; /* LegacyDN, or "" */
};

/* 0, or the ErrorCode of the answer (MS-OXDSCLI 2.2.4.1.1.1): 600 not a request, 601 a schema that is not Outlook's. */
unsigned autodiscover_request_read(struct arena *arena, struct bytes body, struct autodiscover_request *ret_request);
