/* What clients say they are, and rules about versions: two texts, a NUL between them. */
#include <stdlib.h>
#include <string.h>

#include "record/client_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_identity identity;
    struct client_version version;
    char text[CLIENT_VERSION_TEXT_SIZE];
    char *first = malloc(size + 2);
    if (!first)
        return 0;
    memcpy(first, data, size);
    first[size] = first[size + 1] = '\0';
    const char *second = first + strlen(first) + 1;
    client_identify(first, second, &identity);
    must(memchr(identity.software, '\0', sizeof identity.software) != NULL);
    must(identity.class < CLIENT_CLASS_COUNT && identity.version.count <= CLIENT_VERSION_PARTS);
    for (const char *c = identity.software; *c; c++)
        must(*c > ' ' && *c < 0x7F);
    client_version_format(&identity.version, text);
    if (identity.version.count) { /* what was formatted reads as the same */
        must(client_version_parse(text, &version, NULL) && version.count == identity.version.count);
        must(client_version_compare(&version, &identity.version) == 0);
    }
    (void)client_version_blocked(first, &identity.version);
    (void)client_version_blocked(second, &identity.version);
    (void)client_version_find_outlook(first, &version);
    free(first);
    return 0;
}
