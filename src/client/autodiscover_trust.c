#include "client/autodiscover_trust.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* A name without the dot at its end. */
static size_t name_size(const char *name)
{
    size_t size = strlen(name);
    return size && name[size - 1] == '.' ? size - 1 : size;
}

static bool same_name(const char *a, const char *b)
{
    return name_size(a) == name_size(b) && strncasecmp(a, b, name_size(a)) == 0;
}

bool autodiscover_host_in_domain(const char *host, const char *domain)
{
    size_t host_size = name_size(host), size = name_size(domain);
    if (!size || host_size < size || strncasecmp(host + host_size - size, domain, size) != 0)
        return false;
    return host_size == size || host[host_size - size - 1] == '.';
}

static bool is_trusted(const struct autodiscover_trust *trust, const char *host)
{
    for (uint32_t i = 0; i < trust->host_count; i++)
        if (same_name(trust->hosts[i], host))
            return true;
    for (const char *const *at = trust->options->allowed_redirects; at && *at; at++)
        if (same_name(*at, host))
            return true;
    return false;
}

void autodiscover_trust_host(struct autodiscover_trust *trust, const char *host)
{
    const char *copy = arena_string(trust->arena, host);
    if (copy && !is_trusted(trust, host) && trust->host_count < TRUSTED_HOSTS_MAX)
        trust->hosts[trust->host_count++] = copy;
}

void autodiscover_trust_domain(struct autodiscover_trust *trust, const char *domain)
{
    const char *host = arena_format(trust->arena, "autodiscover.%s", domain);
    trust->domain = domain;
    autodiscover_trust_host(trust, domain);
    if (host)
        autodiscover_trust_host(trust, host);
}

/* The host of an https URL; NULL with the reason where credentials have no place at all. */
static const char *check_url(struct arena *arena, const char *url, const char **ret_reason)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *host = NULL;
    const char *copy = NULL;
    CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_USER_NOT_ALLOWED)
        *ret_reason = "not followed, as there is a user name in the URL";
    else if (code || curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) || curl_url_get(parsed, CURLUPART_HOST, &host, 0) || !*host)
        *ret_reason = "not followed, as it is not a URL";
    else if (strcasecmp(scheme, "https"))
        *ret_reason = "not followed, as it is not https";
    else
        copy = arena_string(arena, host);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parsed);
    return copy;
}

bool autodiscover_trust_admits(struct autodiscover_trust *trust, const char *url, const char *found_at,
                               enum autodiscover_origin origin, const char **ret_reason)
{
    const struct mapihttp_options *options = trust->options;
    *ret_reason = "no memory";
    const char *host = check_url(trust->arena, url, ret_reason);
    if (!host)
        return false;
    if (is_trusted(trust, host))
        return true;
    bool consented = (origin == ORIGIN_VERIFIED && trust->domain && autodiscover_host_in_domain(host, trust->domain)) ||
                     (options->consent && options->consent(options->consent_data, host, url, found_at));
    if (consented) {
        autodiscover_trust_host(trust, host);
        return true;
    }
    const char *reason = arena_format(trust->arena, "not followed: the address does not lead to %s, so it gets no credentials unless "
                                      "that host is allowed (--allow-redirect)", host);
    if (reason)
        *ret_reason = reason;
    return false;
}
