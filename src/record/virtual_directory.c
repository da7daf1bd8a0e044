#include "record/virtual_directory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const virtual_directory_names[VIRTUAL_DIRECTORY_COUNT] = {"mapi", "Autodiscover", "OAB"};
const char *const virtual_directory_paths[VIRTUAL_DIRECTORY_COUNT] = {"/mapi", "/Autodiscover", "/OAB"};
const char *const virtual_directory_method_names[4] = {"Basic", "Ntlm", "Negotiate", "OAuth"};

/* --- URLs --- */

/* Behind the host, and whether it is one. */
static const char *skip_host(const char *host)
{
    if (*host == '[') {
        const char *end = host + 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        return *end == ']' && end > host + 2 ? end + 1 : host;
    }
    return host + strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
}

/* Behind the port, where there is one; NULL where it is none. */
static const char *skip_port(const char *at)
{
    if (*at != ':')
        return at;
    size_t digits = strspn(at + 1, "0123456789");
    unsigned long port = digits >= 1 && digits <= 5 ? strtoul(at + 1, NULL, 10) : 0;
    return port >= 1 && port <= 65535 ? at + 1 + digits : NULL;
}

/* '/mapi' and '/mapi/'; of Autodiscover also the whole of '/Autodiscover/Autodiscover.xml'. */
static bool is_path_of(enum virtual_directory which, const char *path)
{
    size_t size = strlen(virtual_directory_paths[which]);
    if (strncasecmp(path, virtual_directory_paths[which], size) != 0)
        return false;
    path += size;
    return *path == '\0' || strcmp(path, "/") == 0 || (which == VIRTUAL_DIRECTORY_AUTODISCOVER && strcasecmp(path, "/autodiscover.xml") == 0);
}

static const char *host_of(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0 ? url + 8 : strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

bool virtual_directory_base_of(enum virtual_directory which, const char *url, char ret_base[VIRTUAL_DIRECTORY_BASE_SIZE], const char **ret_wrong)
{
    static const char *const wrong_paths[VIRTUAL_DIRECTORY_COUNT] = {
        "its path is not /mapi, as in https://mail.example.org/mapi",
        "its path is not /Autodiscover, as in https://mail.example.org/Autodiscover",
        "its path is not /OAB, as in https://mail.example.org/OAB"};
    const char *host = host_of(url), *end = host ? skip_host(host) : NULL, *path = end && end != host ? skip_port(end) : NULL;
    if (!host)
        *ret_wrong = "it does not begin with https://";
    else if (end == host || *host == '.' || *host == '-')
        *ret_wrong = "it names no host";
    else if (strchr(host, '@'))
        *ret_wrong = "it has a user's name in it";
    else if (!path)
        *ret_wrong = "its port is not between 1 and 65535";
    else if (*path != '/' && *path != '\0')
        *ret_wrong = "its host has a character that no host has";
    else if (!is_path_of(which, path))
        *ret_wrong = wrong_paths[which];
    else if (path - url >= (ptrdiff_t)VIRTUAL_DIRECTORY_BASE_SIZE || end - host >= (ptrdiff_t)VIRTUAL_DIRECTORY_HOST_SIZE - 2)
        *ret_wrong = "it is too long";
    else {
        for (const char *at = url; at < path; at++)
            *ret_base++ = (char)tolower((unsigned char)*at);
        *ret_base = '\0';
        return true;
    }
    return false;
}

bool virtual_directory_host_of(const char *base, char ret_host[VIRTUAL_DIRECTORY_HOST_SIZE])
{
    const char *host = host_of(base), *end = host ? skip_host(host) : NULL;
    if (!host || end == host)
        return false;
    if (*host == '[') {
        host++;
        end--;
    }
    if (end - host >= (ptrdiff_t)VIRTUAL_DIRECTORY_HOST_SIZE)
        return false;
    snprintf(ret_host, VIRTUAL_DIRECTORY_HOST_SIZE, "%.*s", (int)(end - host), host);
    return true;
}

/* --- methods --- */

uint32_t virtual_directory_methods_of_words(const char *words)
{
    static const char *const names[] = {"basic", "ntlm", "negotiate", "bearer"};
    uint32_t methods = 0;
    while (*(words += strspn(words, " ,"))) {
        size_t size = strcspn(words, " ,");
        for (unsigned i = 0; i < 4; i++)
            if (strlen(names[i]) == size && strncmp(names[i], words, size) == 0)
                methods |= 1u << i;
        words += size;
    }
    return methods;
}

uint32_t virtual_directory_methods_of(const json_t *names)
{
    uint32_t methods = 0;
    size_t index;
    json_t *name;
    json_array_foreach((json_t *)names, index, name)
        for (unsigned i = 0; i < 4; i++)
            if (json_is_string(name) && strcasecmp(json_string_value(name), virtual_directory_method_names[i]) == 0)
                methods |= 1u << i;
    return methods;
}

json_t *virtual_directory_method_list(uint32_t methods)
{
    json_t *list = json_array();
    for (unsigned i = 0; list && i < 4; i++)
        if (methods & 1u << i)
            json_array_append_new(list, json_string(virtual_directory_method_names[i]));
    return list;
}

/* --- what is kept --- */

static void read_side(enum virtual_directory which, const json_t *value, struct virtual_directory_side *side)
{
    const char *wrong;
    if (json_is_null(value))
        side->state = VIRTUAL_DIRECTORY_URL_NONE;
    else if (json_is_string(value) && virtual_directory_base_of(which, json_string_value(value), side->base, &wrong))
        side->state = VIRTUAL_DIRECTORY_URL_SET;
}

static void read_protection(const json_t *value, struct virtual_directory_settings *settings)
{
    static const char *const names[] = {"None", "Allow", "Require"}; /* in the order of enum extended_protection */
    const char *text = json_string_value(value);
    for (unsigned i = 0; text && i < 3; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            settings->has_protection = true;
            settings->protection = i;
        }
    }
}

enum settings_status virtual_directory_read(struct settings *settings, enum virtual_directory which,
                                            struct virtual_directory_settings *ret_settings)
{
    struct virtual_directory_settings read = {0};
    json_t *kept = NULL;
    enum settings_status status = settings_get(settings, SETTINGS_VIRTUAL_DIRECTORY, virtual_directory_names[which], &kept);
    if (status != SETTINGS_OK && status != SETTINGS_NOT_FOUND)
        return status;
    read_side(which, json_object_get(kept, "InternalUrl"), &read.internal);
    read_side(which, json_object_get(kept, "ExternalUrl"), &read.external);
    read.methods = virtual_directory_methods_of(json_object_get(kept, "IISAuthenticationMethods"));
    read.has_methods = read.methods != 0;
    read_protection(json_object_get(kept, "ExtendedProtectionTokenChecking"), &read);
    json_decref(kept);
    *ret_settings = read;
    return SETTINGS_OK;
}
