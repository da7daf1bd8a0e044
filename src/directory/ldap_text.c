#include "directory/ldap_text.h"

#include <string.h>
#include <strings.h>

#include "base/filetime.h"

void ldap_text_filter_value(struct buffer *filter, struct bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        bool plain = c >= 0x20 && c < 0x7F && c != '*' && c != '(' && c != ')' && c != '\\';
        if (plain)
            buffer_append_u8(filter, c);
        else
            buffer_append_format(filter, "\\%02x", c);
    }
}

void ldap_text_filter_equal(struct buffer *filter, const char *attribute, struct bytes value)
{
    buffer_append_format(filter, "(%s=", attribute);
    ldap_text_filter_value(filter, value);
    buffer_append_string(filter, ")");
}

enum ldap_proxy_kind ldap_text_proxy_address(struct bytes value, struct bytes *ret_address)
{
    if (value.size <= 5 || value.data[4] != ':')
        return LDAP_PROXY_OTHER;
    enum ldap_proxy_kind kind = LDAP_PROXY_OTHER;
    if (memcmp(value.data, "SMTP", 4) == 0)
        kind = LDAP_PROXY_PRIMARY;
    else if (strncasecmp((const char *)value.data, "smtp", 4) == 0)
        kind = LDAP_PROXY_SMTP;
    else if (strncasecmp((const char *)value.data, "x500", 4) == 0)
        kind = LDAP_PROXY_X500;
    if (kind != LDAP_PROXY_OTHER)
        *ret_address = bytes_of(value.data + 5, value.size - 5);
    return kind;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

uint32_t ldap_text_windows_error(const char *diagnostic)
{
    const char *place = strstr(diagnostic, ", data ");
    uint32_t error = 0;
    if (!place)
        return 0;
    unsigned digits = 0;
    for (place += 7; hex_digit((uint8_t)*place) >= 0; place++, digits++) {
        if (digits == 8)
            return 0;
        error = error << 4 | (uint32_t)hex_digit((uint8_t)*place);
    }
    return *place == ',' || *place == '\0' ? error : 0;
}

/* 'count' digits at 'place', which moves on; -1 where they are not there. */
static int digits(struct bytes value, size_t *place, size_t count)
{
    int number = 0;
    if (value.size - *place < count)
        return -1;
    for (size_t end = *place + count; *place < end; ++*place) {
        uint8_t c = value.data[*place];
        if (c < '0' || c > '9')
            return -1;
        number = number * 10 + (c - '0');
    }
    return number;
}

/* 'Z', '+hh', '-hhmm' at the end: seconds to take away. */
static bool zone_offset(struct bytes value, size_t place, int *ret_seconds)
{
    if (place >= value.size)
        return false;
    uint8_t sign = value.data[place++];
    if (sign == 'Z' && place == value.size) {
        *ret_seconds = 0;
        return true;
    }
    if (sign != '+' && sign != '-')
        return false;
    int hours = digits(value, &place, 2);
    int minutes = place == value.size ? 0 : digits(value, &place, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || place != value.size)
        return false;
    *ret_seconds = (hours * 3600 + minutes * 60) * (sign == '+' ? 1 : -1);
    return true;
}

uint64_t ldap_text_time(struct bytes value)
{
    size_t place = 0;
    int seconds_off, minute = 0, second = 0;
    int year = digits(value, &place, 4), month = digits(value, &place, 2), day = digits(value, &place, 2);
    int hour = digits(value, &place, 2);
    if (year < 1601 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23)
        return 0;
    if (place < value.size && value.data[place] >= '0' && value.data[place] <= '9') {
        minute = digits(value, &place, 2);
        if (place < value.size && value.data[place] >= '0' && value.data[place] <= '9')
            second = digits(value, &place, 2);
    }
    if (minute < 0 || minute > 59 || second < 0 || second > 60)
        return 0;
    if (place < value.size && (value.data[place] == '.' || value.data[place] == ',')) {
        do
            place++;
        while (place < value.size && value.data[place] >= '0' && value.data[place] <= '9');
    }
    if (!zone_offset(value, place, &seconds_off))
        return 0;
    struct tm moment = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute,
                        .tm_sec = second};
    return filetime_of_unix(timegm(&moment) - seconds_off);
}

bool ldap_text_guid(struct bytes value, struct guid *ret_guid)
{
    char text[GUID_TEXT_SIZE] = "";
    const char *data = (const char *)value.data;
    if (value.size == sizeof ret_guid->data) {
        memcpy(ret_guid->data, value.data, sizeof ret_guid->data);
        return true;
    }
    if (value.size == GUID_TEXT_SIZE - 1) {
        memcpy(text, data, GUID_TEXT_SIZE - 1);
    } else if (value.size == 35 && data[8] == '-' && data[17] == '-' && data[26] == '-') {
        /* 01234567-89abcdef-01234567-89abcdef */
        memcpy(text, data, 13);
        text[13] = '-';
        memcpy(text + 14, data + 13, 4);
        text[18] = '-';
        memcpy(text + 19, data + 18, 4);
        text[23] = '-';
        memcpy(text + 24, data + 22, 4);
        memcpy(text + 28, data + 27, 8);
    } else
        return false;
    return guid_parse(text, ret_guid);
}

bool ldap_text_hash(struct bytes value, uint8_t ret_hash[16])
{
    uint8_t hash[16];
    if (value.size == 16) {
        memcpy(ret_hash, value.data, 16);
        return true;
    }
    if (value.size != 32)
        return false;
    for (size_t i = 0; i < 16; i++) {
        int high = hex_digit(value.data[2 * i]), low = hex_digit(value.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret_hash, hash, 16);
    return true;
}

bool ldap_text_number(struct bytes value, int64_t *ret_number)
{
    bool negative = value.size && value.data[0] == '-';
    int64_t number = 0;
    if (value.size == negative || value.size > 20)
        return false;
    for (size_t i = negative; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, value.data[i] - '0', &number))
            return false;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *ret_number = negative ? number : -number;
    return true;
}

bool ldap_text_boolean(struct bytes value)
{
    return value.size == 4 && strncasecmp((const char *)value.data, "true", 4) == 0;
}

bool ldap_text_range(struct bytes description, size_t *ret_name_size, uint32_t *ret_next)
{
    const uint8_t *semicolon = description.size ? memchr(description.data, ';', description.size) : NULL;
    *ret_name_size = semicolon ? (size_t)(semicolon - description.data) : description.size;
    static const char option[] = ";range=";
    size_t place = *ret_name_size;
    if (description.size - place < sizeof option || strncasecmp((const char *)description.data + place, option,
                                                                sizeof option - 1) != 0)
        return false;
    place += sizeof option - 1;
    while (place < description.size && description.data[place] >= '0' && description.data[place] <= '9')
        place++;
    if (place == description.size || description.data[place++] != '-' || place == description.size)
        return false;
    int64_t last;
    if (description.data[place] == '*' && place + 1 == description.size) {
        *ret_next = 0;
        return true;
    }
    if (!ldap_text_number(bytes_of(description.data + place, description.size - place), &last) || last < 0 || last >= INT32_MAX)
        return false;
    *ret_next = (uint32_t)last + 1;
    return true;
}
