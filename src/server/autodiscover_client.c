#include "server/autodiscover_client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAPI_VERSION_MAX 1u

unsigned autodiscover_mapi_version(const char *capability)
{
    if (!capability || !*capability || strlen(capability) > 9 || capability[strspn(capability, "0123456789")] != '\0')
        return 0;
    unsigned version = (unsigned)strtoul(capability, NULL, 10);
    return version < MAPI_VERSION_MAX ? version : MAPI_VERSION_MAX;
}

static bool has_word(const char *list, const char *word)
{
    size_t word_size = strlen(word);
    for (const char *at = list; at && *at;) {
        at += strspn(at, ", \t");
        size_t size = strcspn(at, ", \t");
        if (size == word_size && strncasecmp(at, word, size) == 0)
            return true;
        at += size;
    }
    return false;
}

struct autodiscover_client autodiscover_client_read(const char *capability, const char *can_handle, const char *user_agent,
                                                    const char *client_application)
{
    struct autodiscover_client client = {.mapi_version = autodiscover_mapi_version(capability),
                                         .takes_negotiate = has_word(can_handle, "Negotiate"),
                                         .takes_exhttp = has_word(can_handle, "ExHttpInfo")};
    client.has_version = client_version_find_outlook(user_agent, &client.version) ||
                         client_version_find_outlook(client_application, &client.version);
    return client;
}
