#include "server/same_site.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"

/* An Origin is 'https://host[:port]', without the port where it is the scheme's own; what stands before us may end TLS, so that the scheme
 * says nothing. 'null' comes from nowhere we know. */
bool same_site_is_host(const char *origin, const char *host)
{
    const char *rest = strstr(origin, "://");
    bool https = text_has_prefix_ignoring_case(origin, "https://"), plain = text_has_prefix_ignoring_case(origin, "http://");
    size_t host_size = strlen(host);
    if ((!https && !plain) || !*host)
        return false;
    rest += 3;
    if (text_equal_ignoring_case(rest, host))
        return true;
    const char *port = https ? ":443" : ":80";
    size_t port_size = strlen(port);
    return host_size > port_size && strcmp(host + host_size - port_size, port) == 0 && strlen(rest) == host_size - port_size &&
           strncasecmp(rest, host, host_size - port_size) == 0;
}

const char *same_site_refusal(const struct http_request *request)
{
    unsigned index = 0;
    const char *value;
    while ((value = http_request_header_next(request, "Sec-Fetch-Site", &index)))
        if (!text_equal_ignoring_case(value, "same-origin") && !text_equal_ignoring_case(value, "none"))
            return "the request comes from another site (Sec-Fetch-Site)";
    index = 0;
    while ((value = http_request_header_next(request, "Origin", &index)))
        if (!same_site_is_host(value, request->host))
            return "the request comes from another site (Origin)";
    return NULL;
}

bool form_token_key_new(struct form_token_key *ret_key)
{
    return getrandom(ret_key->octets, sizeof ret_key->octets, 0) == (ssize_t)sizeof ret_key->octets;
}

void form_token(const struct form_token_key *key, struct guid user_id, char ret_token[FORM_TOKEN_TEXT_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key->octets, sizeof key->octets, (const uint8_t *)&user_id, sizeof user_id, digest, &size))
        abort(); /* only without memory for a few hundred octets */
    for (unsigned i = 0; i < size; i++)
        snprintf(ret_token + 2 * (size_t)i, 3, "%02x", digest[i]);
}

bool form_token_fits(const struct form_token_key *key, struct guid user_id, const char *token)
{
    char right[FORM_TOKEN_TEXT_SIZE];
    form_token(key, user_id, right);
    return token && strlen(token) == sizeof right - 1 && CRYPTO_memcmp(token, right, sizeof right - 1) == 0;
}
