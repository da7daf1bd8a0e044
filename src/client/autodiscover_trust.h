/* Where Autodiscover may take credentials: to the hosts to which the address leads, and to those that somebody consents to.
 * One search, one thread. docs/autodiscover.md. */
#pragma once
#include "base/arena.h"
#include <mapihttp/session.h>

#define TRUSTED_HOSTS_MAX 16u

struct autodiscover_trust {
    const struct mapihttp_options *options; /* allowed_redirects, consent */
    struct arena *arena;
    const char *domain;                     /* of the address, or NULL; hosts below it need no consent from a verified origin */
    const char *hosts[TRUSTED_HOSTS_MAX];
    uint32_t host_count;
};

/* Begins (again) with an address: its domain and autodiscover.<domain>. Hosts consented to before stay. */
void autodiscover_trust_domain(struct autodiscover_trust *trust, const char *domain);
void autodiscover_trust_host(struct autodiscover_trust *trust, const char *host);

/* How a URL was found, and by that how far it may lead. */
enum autodiscover_origin {
    ORIGIN_VERIFIED,   /* said by a host that was asked by https and that may have credentials */
    ORIGIN_UNVERIFIED, /* by plain http, by DNS */
};
/* Whether credentials may go to 'url'; asks for consent where it is needed, and remembers it. On false *ret_reason says why,
 * in the arena: not https, a user name in it, a host that the address does not lead to. */
bool autodiscover_trust_admits(struct autodiscover_trust *trust, const char *url, const char *found_at,
                               enum autodiscover_origin origin, const char **ret_reason);
/* 'example.org' and 'mail.example.org' are in 'example.org' (any case, a dot at the end is none); 'badexample.org' is not. */
bool autodiscover_host_in_domain(const char *host, const char *domain);
