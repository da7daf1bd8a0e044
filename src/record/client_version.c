#include "record/client_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define OFFICE "Microsoft Office/"

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

/* '15.0.4569', or a range with at least one end, the lower one first. */
static bool rule_valid(const char *rule)
{
    struct client_version low = {0}, high = {0};
    if (*rule != '-' && !client_version_parse(rule, &low, &rule))
        return false;
    if (*rule == '\0')
        return true;
    if (*rule++ != '-')
        return false;
    if (*rule == '\0')
        return low.count > 0;
    return client_version_parse(rule, &high, &rule) && *rule == '\0' && client_version_compare(&low, &high) <= 0;
}

bool client_version_rules_valid(const char *block_versions, const char **ret_part)
{
    bool valid = strlen(block_versions) <= CLIENT_VERSION_RULES_SIZE_MAX;
    const char *at = block_versions, *part = block_versions;
    bool single = false;
    while (valid && *(at += strspn(at, "; "))) {
        char rule[64];
        size_t size = strcspn(at, "; ");
        part = at;
        valid = size < sizeof rule;
        if (valid) {
            memcpy(rule, at, size);
            rule[size] = '\0';
            valid = rule_valid(rule);
            single |= !strchr(rule, '-');
        }
        at += size;
    }
    if (valid && single && strcspn(block_versions, "; -") != strlen(block_versions)) { /* it stands alone: client_version_blocked */
        part = block_versions;
        valid = false;
    }
    if (!valid && ret_part)
        *ret_part = part;
    return valid;
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

/* 'Microsoft Office/16.0' says too little. */
bool client_version_find_outlook(const char *text, struct client_version *ret_version)
{
    struct client_version version;
    for (const char *at = text; at && (at = strcasestr(at, "outlook")); ) {
        at += strlen("outlook");
        if ((*at == ' ' || *at == '/') && client_version_parse(at + 1, &version, NULL) && version.count >= 2) {
            *ret_version = version;
            return true;
        }
    }
    return false;
}

void client_version_format(const struct client_version *version, char text[CLIENT_VERSION_TEXT_SIZE])
{
    size_t size = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < version->count; i++)
        size += (size_t)snprintf(text + size, CLIENT_VERSION_TEXT_SIZE - size, "%s%u", i ? "." : "", version->parts[i]);
}

/* --- the products of reports --- */

const char *const client_class_names[CLIENT_CLASS_COUNT] = {"Undetermined", "Outlook 2007", "Outlook 2010", "Outlook 2013",
                                                            "Outlook 2016", "Outlook 2019", "Outlook M365", "Other"};

/* All of 2016, 2019 and Microsoft 365 are version 16.0; the third part tells them apart. Outlook 2016 installed from a volume
 * licence stays below 6000 (16.0.4266 to 16.0.5xxx); Outlook 2019 is the branch of version 1808, whose updates count from 10336
 * to 104xx (Microsoft's update history of Office 2019); everything else is a release of Microsoft 365, also that of Outlook 2021
 * (14332) and 2024 (17932). A retail Outlook 2016 has the releases of Microsoft 365 and is counted there. */
static enum client_class class_of_outlook(const struct client_version *version)
{
    uint32_t build = version->parts[2];
    if (version->count == 0)
        return CLIENT_UNDETERMINED;
    switch (version->parts[0]) {
    case 12: return CLIENT_OUTLOOK_2007;
    case 14: return CLIENT_OUTLOOK_2010;
    case 15: return CLIENT_OUTLOOK_2013;
    case 16: break;
    default: return CLIENT_UNDETERMINED;
    }
    if (version->count < 3)
        return CLIENT_UNDETERMINED;
    if (build < 6000)
        return CLIENT_OUTLOOK_2016;
    return build >= 10300 && build < 10500 ? CLIENT_OUTLOOK_2019 : CLIENT_OUTLOOK_M365;
}

/* 'Outlook' as a word: not 'MacOutlook', 'Outlook-iOS'. */
static bool names_outlook(const char *text)
{
    for (const char *at = text; (at = strcasestr(at, "outlook")) != NULL; at += strlen("outlook")) {
        bool begins = at == text || strchr(" (;/", at[-1]);
        if (begins && (at[strlen("outlook")] == '\0' || strchr(" /;)", at[strlen("outlook")])))
            return true;
    }
    return false;
}

/* The product before the first '/' and its version behind: 'mapihttp/0.1'. */
static void read_product(const char *text, struct client_identity *identity)
{
    size_t size = strcspn(text, "/ ;(");
    size_t kept = 0;
    for (size_t i = 0; i < size && kept + 1 < sizeof identity->software; i++)
        if (text[i] > ' ' && text[i] < 0x7F)
            identity->software[kept++] = text[i];
    identity->software[kept] = '\0';
    if (text[size] == '/')
        (void)client_version_parse(text + size + 1, &identity->version, NULL);
}

void client_identify(const char *client_application, const char *user_agent, struct client_identity *ret_identity)
{
    struct client_identity identity = {.class = CLIENT_OTHER};
    const char *text = client_application && *client_application ? client_application : user_agent ? user_agent : "";
    /* Outlook asks Autodiscover as 'Microsoft Office/16.0 (...; Microsoft Outlook 16.0.4266; Pro)', some releases without
     * naming themselves; Word and Excel name themselves. */
    bool office = text_has_prefix_ignoring_case(text, OFFICE) && (names_outlook(text) || !strcasestr(text, "; Microsoft "));
    if (office || names_outlook(text)) {
        memcpy(identity.software, "Outlook", sizeof "Outlook");
        if (!client_version_find_outlook(text, &identity.version) && office)
            (void)client_version_parse(text + strlen(OFFICE), &identity.version, NULL);
        identity.class = class_of_outlook(&identity.version);
    } else {
        read_product(text, &identity);
    }
    *ret_identity = identity;
}
