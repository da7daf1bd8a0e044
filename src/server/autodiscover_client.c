#include "server/autodiscover_client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAPI_VERSION_MAX 1u

/* From which version on a release counts, oldest first. Sources: Exchange's support matrix (page 'MAPI over HTTP in Exchange
 * 2016', which names the releases) and the build numbers of Office's update history for them. Builds marked '(unsure)' are
 * second-hand; a client's own X-MapiHttpCapability decides in any case, the table only explains and feeds the tests. */
static const struct {
    struct client_version from;
    struct client_release release;
} releases[] = {
    {{{12, 0}, 2}, {"Outlook 2007", false}},
    {{{14, 0}, 2}, {"Outlook 2010 without the updates of April 2015", false}},
    /* KB2956191 and KB2965295, 14 April 2015 (unsure) */
    {{{14, 0, 7147}, 3}, {"Outlook 2010 SP2 with the updates of April 2015", true}},
    {{{15, 0}, 2}, {"Outlook 2013 without SP1", false}}, /* RTM is 15.0.4420.1017 (unsure) */
    {{{15, 0, 4569}, 3}, {"Outlook 2013 SP1", true}},    /* 15.0.4569.1506 */
    {{{16, 0}, 2}, {"Outlook 2016 or later", true}},     /* RTM is 16.0.4266.1001 (unsure) */
};

unsigned autodiscover_mapi_version(const char *capability)
{
    if (!capability || !*capability || strlen(capability) > 9 || capability[strspn(capability, "0123456789")] != '\0')
        return 0;
    unsigned version = (unsigned)strtoul(capability, NULL, 10);
    return version < MAPI_VERSION_MAX ? version : MAPI_VERSION_MAX;
}

bool client_version_parse(const char *text, struct client_version *ret_version, const char **ret_rest)
{
    struct client_version version = {0};
    while (version.count < CLIENT_VERSION_PARTS) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 6)
            return false;
        version.parts[version.count++] = (uint32_t)strtoul(text, NULL, 10);
        text += digits;
        if (*text != '.' || version.count == CLIENT_VERSION_PARTS)
            break;
        text++;
    }
    *ret_version = version;
    if (ret_rest)
        *ret_rest = text;
    return true;
}

int client_version_compare(const struct client_version *a, const struct client_version *b)
{
    for (uint32_t i = 0; i < a->count && i < b->count; i++)
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    return 0;
}

const struct client_release *client_release_of(const struct client_version *version)
{
    const struct client_release *found = NULL;
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
        if (client_version_compare(version, &releases[i].from) >= 0)
            found = &releases[i].release;
    return found;
}

/* One of '-B', 'A-', 'A-B'; the ends belong to it. */
static bool in_range(const char *range, const struct client_version *version)
{
    struct client_version bound;
    if (*range != '-') {
        if (!client_version_parse(range, &bound, &range) || *range != '-' || client_version_compare(version, &bound) < 0)
            return false;
    }
    range++;
    if (*range == '\0')
        return true;
    const char *rest;
    return client_version_parse(range, &bound, &rest) && *rest == '\0' && client_version_compare(version, &bound) <= 0;
}

bool client_version_blocked(const char *block_versions, const struct client_version *version)
{
    struct client_version least;
    const char *rest;
    if (!block_versions || !*block_versions)
        return false;
    if (client_version_parse(block_versions, &least, &rest) && *rest == '\0')
        return client_version_compare(version, &least) < 0;
    for (const char *at = block_versions; *at;) {
        char range[64];
        at += strspn(at, "; ");
        size_t size = strcspn(at, "; ");
        if (size > 1 && size < sizeof range) {
            memcpy(range, at, size);
            range[size] = '\0';
            if (in_range(range, version))
                return true;
        }
        at += size;
    }
    return false;
}

/* 'Microsoft Outlook 16.0.4266' and 'Outlook/15.0.4569.1506'. 'Microsoft Office/16.0' says too little. */
static bool find_version(const char *text, struct client_version *ret_version)
{
    for (const char *at = text; at && (at = strcasestr(at, "outlook")); ) {
        at += strlen("outlook");
        if ((*at == ' ' || *at == '/') && client_version_parse(at + 1, ret_version, NULL) && ret_version->count >= 2)
            return true;
    }
    return false;
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
    client.has_version = find_version(user_agent, &client.version) || find_version(client_application, &client.version);
    if (!client.has_version)
        client.version = (struct client_version){0};
    return client;
}
