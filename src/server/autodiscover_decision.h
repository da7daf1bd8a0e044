/* Which Protocol blocks an Autodiscover answer has: the decision alone, without XML or directory. docs/autodiscover.md has it
 * as a table; tests/autodiscover has rows for all of it. No state, any thread. */
#pragma once
#include "server/autodiscover_client.h"

struct autodiscover_facts {
    struct autodiscover_client client;
    bool mapi_enabled;                /* the mailbox's MAPIEnabled */
    bool mapi_http_allowed;           /* directory_mapi_http_allowed */
    bool block_rpc_http;              /* the mailbox's */
    bool block_external_connectivity; /* the mailbox's */
    const char *block_versions;       /* the mailbox's */
    bool rpc_over_http_available;     /* the server answers RPC over HTTP */
    bool services_available;          /* there is any service URL (address book files, web services) to name */
    bool web_available;               /* there is anything for browsers, or web services, to name */
};

struct autodiscover_decision {
    bool mapi_http;       /* <Protocol Type="mapiHttp">; then neither EXCH nor EXPR stands at the top */
    bool exch, expr;
    bool exhttp_internal, exhttp_external;
    bool web;
    bool external;        /* external URLs are named */
    const char *refusal;  /* why there is no way to the mailbox: ErrorCode 501. A literal; NULL where there is one */
    const char *remark;   /* for the log: what an administrator may wonder about; NULL */
};

struct autodiscover_decision autodiscover_decide(const struct autodiscover_facts *facts);
