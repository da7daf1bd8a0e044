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
    const char *address_book_url; /* "" where not told */
    const char *source_url;       /* who answered */
    uint32_t step_count;          /* what was tried, in order */
    const char *const *steps;     /* 'POST https://...: 401 ...' */
};

/* Uses of the options: address, user, password or token, authentication, server, ca_file, insecure, connect_to, time-outs,
 * trace. On failure *ret_error tells the last step. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_autodiscover(const struct mapihttp_options *options,
    struct mapihttp_autodiscover **ret_found, struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC const struct mapihttp_endpoints *mapihttp_autodiscover_endpoints(const struct mapihttp_autodiscover *found);
MAPIHTTP_PUBLIC void mapihttp_autodiscover_free(struct mapihttp_autodiscover *found);

#ifdef __cplusplus
}
#endif
