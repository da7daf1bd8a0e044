/* Autodiscover (MS-OXDSCLI, MS-OXDISCO): from an e-mail address and a password to the endpoints. Credentials go over https
 * only. */
#pragma once
#include <mapihttp/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_autodiscover;

struct mapihttp_endpoints {
    const char *display_name;
    const char *user_dn;          /* LegacyDN */
    const char *smtp_address;     /* AutoDiscoverSMTPAddress, or the address asked for */
    const char *mailbox_url;      /* mailbox endpoint: the external one, or the internal where there is no other */
    const char *address_book_url; /* "" where not told, like the next */
    const char *offline_address_book_url; /* folder of the offline address book's files */
    const char *source_url;       /* who answered */
    uint32_t step_count;          /* what was tried, in order */
    const char *const *steps;     /* 'POST https://...: 401 ...' */
};

/* One thing that was tried, for those who look into it. Valid during the callback. */
struct mapihttp_autodiscover_step {
    uint32_t number;            /* from 1 */
    const char *way;            /* 'domain', 'autodiscover host', 'http redirect', 'service record', 'json', 'server', 'redirect',
                                   and for what this program does not do: 'active directory', 'local file', 'cache' */
    const char *method;         /* POST, GET, SRV; "" where nothing was sent */
    const char *url;            /* or the name asked of DNS; "" */
    const char *found_at;       /* a redirect's origin; "" */
    bool tried;                 /* otherwise it was left out, for the reason in 'verdict' */
    bool settings;              /* it gave settings */
    enum mapihttp_status status; /* OK: an answer to go on with */
    uint32_t http_status;       /* 0 without an answer */
    const char *authentication; /* by which credentials were sent: Basic, NTLM, Nego, Bearer; Anonymous: none were */
    const char *offered;        /* what a 401 offers: 'Negotiate NTLM Basic'; "" */
    const char *verdict;        /* what came of it, in words */
    double elapsed_ms;
};

/* Uses of the options: address, user, password or token, authentication, server, ca_file, insecure, connect_to, resolve,
 * allowed_redirects, consent, discovery_..., discover_..., time-outs, trace. On failure *ret_error tells the most telling step.
 *
 * Credentials go over https only, with the certificate verified, and only to hosts to which the address leads: its domain,
 * autodiscover.<domain>, the 'server' of the options; to a host below the domain where one of those, asked by https, redirects
 * there; to any other with consent. A host that was found by plain http or by DNS always needs consent. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_autodiscover(const struct mapihttp_options *options,
    struct mapihttp_autodiscover **ret_found, struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC const struct mapihttp_endpoints *mapihttp_autodiscover_endpoints(const struct mapihttp_autodiscover *found);
MAPIHTTP_PUBLIC void mapihttp_autodiscover_free(struct mapihttp_autodiscover *found);

#ifdef __cplusplus
}
#endif
