#include "directory/names.h"

#include <string.h>

#include "base/text.h"
#include "directory/password.h"

#define ADMINISTRATIVE_GROUP "Exchange Administrative Group (FYDIBOHF23SPDLT)"

#define ACCOUNT_SIZE_MAX 64u
#define ADDRESS_SIZE_MAX 254u
#define DISPLAY_NAME_SIZE_MAX 256u
#define PASSWORD_SIZE_MIN 8u
#define LOGON_SIZE_MAX 320u
#define RDN_SIZE_MAX 64u

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

/* How many bytes follow a first byte, and the least code point that needs that many. */
static size_t following_bytes(uint8_t first, uint32_t *ret_bits, uint32_t *ret_least)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0x01}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if ((first & forms[i].mask) == forms[i].lead) {
            *ret_bits = first & (uint8_t)~forms[i].mask;
            *ret_least = forms[i].least;
            return i;
        }
    }
    return SIZE_MAX;
}

bool utf8_allowed(struct bytes text)
{
    for (size_t i = 0; i < text.size;) {
        uint32_t code_point = 0, least = 0;
        size_t more = following_bytes(text.data[i++], &code_point, &least);
        if (more > text.size - i)
            return false;
        for (; more > 0; more--, i++) {
            if ((text.data[i] & 0xC0) != 0x80)
                return false;
            code_point = code_point << 6 | (text.data[i] & 0x3F);
        }
        if (code_point < least || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
            return false;
    }
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
    return size >= 1 && size <= DISPLAY_NAME_SIZE_MAX && utf8_allowed(bytes_of(display_name, size));
}

bool organization_name_allowed(const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < size; i++) {
        if (!is_letter_or_digit(name[i]) && !strchr(" !\"%&'()*+,-.:<>?@[]_|", name[i]))
            return false;
    }
    return size >= 1 && size <= RDN_SIZE_MAX && name[0] != ' ' && name[size - 1] != ' ';
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
    for (uint32_t i = 0; i < organization->domain_count; i++) {
        if (text_equal_ignoring_case(domain, organization->domains[i]))
            return true;
    }
    return text_equal_ignoring_case(domain, organization->netbios_name) ||
           (organization->domain_count == 0 && text_equal_ignoring_case(domain, organization->domain)) ||
           strcmp(domain, ".") == 0;
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
    return arena_format(arena, "/o=%s/ou=" ADMINISTRATIVE_GROUP "/cn=Recipients/cn=%s-%.*s", organization->name, hex,
                        (int)(RDN_SIZE_MAX - sizeof hex), account);
}

const char *server_dn_make(struct arena *arena, const struct directory_organization *organization, struct guid mailbox_guid,
                           const char *address)
{
    char text[GUID_TEXT_SIZE];
    const char *domain = strchr(address, '@');
    guid_format(mailbox_guid, text);
    return arena_format(arena, "/o=%s/ou=" ADMINISTRATIVE_GROUP "/cn=Configuration/cn=Servers/cn=%s%s", organization->name, text,
                        domain ? domain : "");
}
