#include "session/cookie.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEQUENCE_DIGITS_MAX 19 /* stays within 64 bits */

static int hex_digit(uint8_t character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

/* Exactly 32 lower-case digits, as they were given out. */
static bool read_random(struct bytes text, uint8_t ret_data[16])
{
    if (text.size != 32)
        return false;
    uint8_t data[16];
    for (size_t i = 0; i < 16; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        data[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret_data, data, 16);
    return true;
}

static bool read_sequence(struct bytes text, struct session_sequence *ret_sequence)
{
    struct session_sequence sequence = {0};
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9') {
        if (digits == SEQUENCE_DIGITS_MAX)
            return false;
        sequence.number = sequence.number * 10 + (uint64_t)(text.data[digits++] - '0');
    }
    if (digits == 0 || digits == text.size || text.data[digits] != '-')
        return false;
    if (!read_random(bytes_of(text.data + digits + 1, text.size - digits - 1), sequence.data))
        return false;
    *ret_sequence = sequence;
    return true;
}

static void take_context(struct session_cookies *cookies, struct bytes value)
{
    struct session_context_id id;
    if (!read_random(value, id.data) ||
        (cookies->context_state == SESSION_COOKIE_PRESENT && memcmp(&id, &cookies->context, sizeof id) != 0)) {
        cookies->context_state = SESSION_COOKIE_MALFORMED;
    } else if (cookies->context_state == SESSION_COOKIE_ABSENT) {
        cookies->context_state = SESSION_COOKIE_PRESENT;
        cookies->context = id;
    }
}

static void take_sequence(struct session_cookies *cookies, struct bytes value)
{
    struct session_sequence sequence;
    if (!read_sequence(value, &sequence) ||
        (cookies->sequence_state == SESSION_COOKIE_PRESENT &&
         (sequence.number != cookies->sequence.number || memcmp(sequence.data, cookies->sequence.data, 16) != 0))) {
        cookies->sequence_state = SESSION_COOKIE_MALFORMED;
    } else if (cookies->sequence_state == SESSION_COOKIE_ABSENT) {
        cookies->sequence_state = SESSION_COOKIE_PRESENT;
        cookies->sequence = sequence;
    }
}

static struct bytes trimmed(struct bytes text)
{
    while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_of(text.data + 1, text.size - 1);
    while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

void session_cookies_read(struct session_cookies *cookies, struct bytes header)
{
    while (header.size) {
        const uint8_t *end = memchr(header.data, ';', header.size);
        size_t length = end ? (size_t)(end - header.data) : header.size;
        struct bytes pair = trimmed(bytes_of(header.data, length));
        const uint8_t *equals = pair.size ? memchr(pair.data, '=', pair.size) : NULL;
        if (equals) {
            struct bytes name = trimmed(bytes_of(pair.data, (size_t)(equals - pair.data)));
            struct bytes value = trimmed(bytes_of(equals + 1, pair.size - (size_t)(equals - pair.data) - 1));
            if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
                value = bytes_of(value.data + 1, value.size - 2);
            if (bytes_equal(name, BYTES_LITERAL(SESSION_CONTEXT_COOKIE_NAME)))
                take_context(cookies, value);
            else if (bytes_equal(name, BYTES_LITERAL(SESSION_SEQUENCE_COOKIE_NAME)))
                take_sequence(cookies, value);
        }
        header = end ? bytes_of(end + 1, header.size - length - 1) : BYTES_NONE;
    }
}

static void format_random(const uint8_t data[16], char text[33])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[32] = '\0';
}

void session_context_id_format(const struct session_context_id *id, char text[SESSION_COOKIE_TEXT_SIZE])
{
    format_random(id->data, text);
}

void session_sequence_format(const struct session_sequence *sequence, char text[SESSION_COOKIE_TEXT_SIZE])
{
    int length = snprintf(text, SESSION_COOKIE_TEXT_SIZE - 33, "%" PRIu64 "-", sequence->number);
    format_random(sequence->data, text + length);
}
