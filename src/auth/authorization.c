#include "auth/authorization.h"

#include <string.h>
#include <strings.h>

const char *const authentication_scheme_names[SCHEME_COUNT] = {
    [SCHEME_NEGOTIATE] = "Negotiate", [SCHEME_NTLM] = "NTLM", [SCHEME_BASIC] = "Basic", [SCHEME_BEARER] = "Bearer",
};

uint32_t authentication_scheme_method(enum authentication_scheme scheme)
{
    static const uint32_t methods[SCHEME_COUNT] = {
        [SCHEME_NEGOTIATE] = DIRECTORY_METHOD_KERBEROS, [SCHEME_NTLM] = DIRECTORY_METHOD_NTLM,
        [SCHEME_BASIC] = DIRECTORY_METHOD_BASIC, [SCHEME_BEARER] = DIRECTORY_METHOD_BEARER,
    };
    return scheme < SCHEME_COUNT ? methods[scheme] : 0;
}

struct authorization authorization_read(struct bytes header)
{
    struct authorization authorization = {.scheme = SCHEME_COUNT};
    if (!header.data || header.size > AUTHORIZATION_SIZE_MAX)
        return authorization;
    size_t name_size = 0;
    while (name_size < header.size && header.data[name_size] != ' ')
        name_size++;
    for (unsigned scheme = 0; scheme < SCHEME_COUNT; scheme++) {
        const char *name = authentication_scheme_names[scheme];
        if (strlen(name) == name_size && strncasecmp(name, (const char *)header.data, name_size) == 0)
            authorization.scheme = scheme;
    }
    struct bytes token = bytes_of(header.data + name_size, header.size - name_size);
    while (token.size && token.data[0] == ' ')
        token = bytes_of(token.data + 1, token.size - 1);
    authorization.token = token;
    return authorization;
}
