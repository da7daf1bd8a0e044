#include "client/cookie_jar.h"
#include "base/text.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a name or value may consist of: visible ASCII without the separators that would end it (RFC 6265 4.1.1, a little
 * wider, as real servers quote and use slashes). */
static bool sound(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7F || text[i] == ';')
            return false;
    return true;
}

static bool expired(const char *attributes)
{
    bool gone = false;
    for (const char *at = attributes; at && *at; at = strchr(at, ';')) {
        while (*at == ';' || *at == ' ')
            at++;
        if (text_has_prefix_ignoring_case(at, "max-age=")) /* wins over Expires (RFC 6265 5.3) */
            return strtol(at + 8, NULL, 10) <= 0;
        if (text_has_prefix_ignoring_case(at, "expires=")) {
            char date[64] = "";
            size_t size = strcspn(at + 8, ";");
            if (size < sizeof date)
                memcpy(date, at + 8, size);
            time_t when = curl_getdate(date, NULL);
            gone = when != (time_t)-1 && when <= time(NULL);
        }
    }
    return gone;
}

static void remove_at(struct cookie_jar *jar, uint32_t index)
{
    free(jar->cookies[index].name);
    free(jar->cookies[index].value);
    memmove(&jar->cookies[index], &jar->cookies[index + 1], (jar->count - index - 1) * sizeof jar->cookies[0]);
    jar->count--;
}

static bool put(struct cookie_jar *jar, const char *name, size_t name_size, const char *value, size_t value_size)
{
    uint32_t index = 0;
    while (index < jar->count && (strlen(jar->cookies[index].name) != name_size ||
                                  memcmp(jar->cookies[index].name, name, name_size)))
        index++;
    if (index == COOKIE_COUNT_MAX)
        return false;
    char *new_value = strndup(value, value_size);
    if (!new_value)
        return false;
    if (index == jar->count) {
        char *new_name = strndup(name, name_size);
        if (!new_name) {
            free(new_value);
            return false;
        }
        jar->cookies[jar->count++] = (struct cookie){.name = new_name};
    }
    free(jar->cookies[index].value);
    jar->cookies[index].value = new_value;
    return true;
}

bool cookie_jar_take(struct cookie_jar *jar, const char *set_cookie)
{
    while (*set_cookie == ' ' || *set_cookie == '\t')
        set_cookie++;
    size_t name_size = strcspn(set_cookie, "=;");
    if (!name_size || set_cookie[name_size] != '=')
        return false;
    const char *value = set_cookie + name_size + 1;
    size_t value_size = strcspn(value, ";");
    const char *attributes = value + value_size;
    while (value_size && value[value_size - 1] == ' ')
        value_size--;
    if (name_size + value_size > COOKIE_SIZE_MAX || !sound(set_cookie, name_size) || !sound(value, value_size))
        return false;
    if (!expired(attributes))
        return put(jar, set_cookie, name_size, value, value_size);
    for (uint32_t i = 0; i < jar->count; i++)
        if (strlen(jar->cookies[i].name) == name_size && !memcmp(jar->cookies[i].name, set_cookie, name_size)) {
            remove_at(jar, i);
            break;
        }
    return true;
}

bool cookie_jar_append_header(const struct cookie_jar *jar, struct buffer *buffer)
{
    bool good = true;
    for (uint32_t i = 0; i < jar->count; i++)
        good = buffer_append_format(buffer, "%s%s=%s", i ? "; " : "", jar->cookies[i].name, jar->cookies[i].value) && good;
    return good;
}

const char *cookie_jar_find(const struct cookie_jar *jar, const char *name)
{
    for (uint32_t i = 0; i < jar->count; i++)
        if (!strcmp(jar->cookies[i].name, name))
            return jar->cookies[i].value;
    return NULL;
}

void cookie_jar_clear(struct cookie_jar *jar)
{
    while (jar->count)
        remove_at(jar, jar->count - 1);
}
