#include "auth/basic.h"

#include <openssl/crypto.h>
#include <string.h>

#include "auth/authorization.h"
#include "auth/base64.h"

bool basic_credentials_read(struct arena *arena, struct bytes authorization, struct basic_credentials *ret_credentials)
{
    struct authorization read = authorization_read(authorization);
    struct bytes decoded;
    if (read.scheme != SCHEME_BASIC || !base64_decode(arena, read.token, &decoded))
        return false;
    char *text = (char *)decoded.data;
    size_t size = decoded.size;
    char *colon = memchr(text, ':', size);
    bool good = colon != NULL;
    for (size_t i = 0; i < size; i++)
        good = good && (unsigned char)text[i] >= 0x20 && text[i] != 0x7F;
    if (!good) {
        OPENSSL_cleanse(text, size);
        return false;
    }
    *colon = '\0';
    *ret_credentials = (struct basic_credentials){.logon = text, .password = colon + 1};
    return true;
}

void basic_credentials_wipe(struct basic_credentials *credentials)
{
    OPENSSL_cleanse(credentials->password, strlen(credentials->password));
}
