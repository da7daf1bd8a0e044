#include "directory/names.h"

#include <string.h>

#include "base/text.h"
#include "directory/password.h"

#define ACCOUNT_SIZE_MAX 64u
#define ADDRESS_SIZE_MAX 254u
#define DISPLAY_NAME_SIZE_MAX 256u
#define PASSWORD_SIZE_MIN 8u
#define LOGON_SIZE_MAX 320u

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_dotted(const char *text, size_t size, const char *more)
{
    if (size == 0 || text[0] == '.' || text[size - 1] == '.')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_letter_or_digit(text[i]) && (text[i] == '\0' || !strchr(more, text[i])))
            return false;
    return true;
}

bool account_allowed(const char *account)
{
    size_t size = strlen(account);
    return size <= ACCOUNT_SIZE_MAX && is_dotted(account, size, ".-_");
}

bool domain_allowed(const char *domain)
{
    size_t size = strlen(domain);
    return size <= ADDRESS_SIZE_MAX && is_dotted(domain, size, ".-");
}

bool address_allowed(const char *address)
{
    const char *at = strchr(address, '@');
    return at && strlen(address) <= ADDRESS_SIZE_MAX && domain_allowed(at + 1) &&
           is_dotted(address, (size_t)(at - address), ".-_+=!#$%&'*/?^`{|}~");
}

bool display_name_allowed(const char *display_name)
{
    size_t size = strlen(display_name);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)display_name[i] < 0x20 || display_name[i] == 0x7F)
            return false;
    return size >= 1 && size <= DISPLAY_NAME_SIZE_MAX;
}

bool organization_name_allowed(const char *name)
{
    return display_name_allowed(name) && !strpbrk(name, "/=");
}

bool password_allowed(const char *password)
{
    size_t size = strlen(password);
    return size >= PASSWORD_SIZE_MIN && size <= PASSWORD_SIZE_MAX;
}

bool logon_name_read(struct arena *arena, const char *logon, struct logon_name *ret_name)
{
    size_t size = strlen(logon);
    if (size == 0 || size > LOGON_SIZE_MAX)
        return false;
    char *copy = arena_string(arena, logon);
    if (!copy)
        return false;
    char *backslash = strchr(copy, '\\'), *at = strchr(copy, '@');
    struct logon_name name = {.kind = LOGON_NAME_ACCOUNT, .account = copy};
    if (backslash) {
        *backslash = '\0';
        name = (struct logon_name){.kind = LOGON_NAME_DOWN_LEVEL, .account = backslash + 1, .domain = copy};
        if (*name.domain == '\0' || at)
            return false;
    } else if (at) {
        *at = '\0';
        name = (struct logon_name){.kind = LOGON_NAME_ADDRESS, .account = copy, .domain = at + 1};
        if (*name.domain == '\0')
            return false;
    }
    if (*name.account == '\0')
        return false;
    *ret_name = name;
    return true;
}

bool logon_domain_matches(const char *domain, const struct directory_organization *organization)
{
    return text_equal_ignoring_case(domain, organization->netbios_name) ||
           text_equal_ignoring_case(domain, organization->domain) || strcmp(domain, ".") == 0;
}

const char *legacy_dn_make(struct arena *arena, const struct directory_organization *organization, struct guid id,
                           const char *account)
{
    char hex[33];
    for (size_t i = 0; i < sizeof id.data; i++) {
        hex[2 * i] = "0123456789abcdef"[id.data[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[id.data[i] & 15];
    }
    hex[32] = '\0';
    return arena_format(arena, "/o=%s/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=%s-%s",
                        organization->name, hex, account);
}
