/* A token as it stands in the header, and its claims. The first octet chooses the rules. */
#include <stdlib.h>
#include <string.h>

#include "auth/bearer_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const claims[] = {"upn", "upn preferred_username", "email=address", "sub=account oid=id"};
    struct arena arena = {0};
    struct bearer_header header;
    struct bearer_claims named;
    const char *cause = NULL;
    if (size == 0)
        return 0;
    uint8_t choice = data[0];
    struct bytes token = bytes_of(data + 1, size - 1);
    struct bearer_rules rules = {.issuers = "https://login.example.org/ i", .audiences = "mapihttp a",
                                 .scopes = choice & 4 ? "s" : "", .roles = choice & 8 ? "r" : "", .claims = claims[choice & 3],
                                 .unverified_email = choice & 16, .clock_skew_s = 60};
    if (bearer_header_read(&arena, token, &header, &cause) && header.algorithm >= JWS_ALGORITHM_COUNT)
        abort();
    if (bearer_claims_read(&arena, token, &rules, 1800000000, &named, &cause) && (!named.name || !*named.name || !named.expires_s))
        abort();
    arena_free(&arena);
    return 0;
}
