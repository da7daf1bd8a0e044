/* What mail programs keep in header lines of a mail file. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "mail/mail_file.h"

#define MOZILLA_READ 0x1u
#define MOZILLA_REPLIED 0x2u
#define MOZILLA_MARKED 0x4u
#define MOZILLA_EXPUNGED 0x8u
#define MOZILLA_FORWARDED 0x1000u
#define HEADER_LINE_SIZE_MAX 512u

static bool apply_status(const char *value, struct mail_state *state)
{
    state->read = strchr(value, 'R') != NULL;
    return true;
}

static bool apply_x_status(const char *value, struct mail_state *state)
{
    state->replied |= strchr(value, 'A') != NULL;
    state->flagged |= strchr(value, 'F') != NULL;
    state->draft |= strchr(value, 'T') != NULL;
    state->deleted |= strchr(value, 'D') != NULL;
    return true;
}

static bool apply_mozilla(const char *value, struct mail_state *state)
{
    unsigned long bits = strtoul(value, NULL, 16);
    state->read = bits & MOZILLA_READ;
    state->replied |= (bits & MOZILLA_REPLIED) != 0;
    state->flagged |= (bits & MOZILLA_MARKED) != 0;
    state->deleted |= (bits & MOZILLA_EXPUNGED) != 0;
    state->forwarded |= (bits & MOZILLA_FORWARDED) != 0;
    return true;
}

static bool apply_gmail_labels(const char *value, struct mail_state *state)
{
    state->read = strcasestr(value, "Unread") == NULL;
    state->flagged |= strcasestr(value, "Starred") != NULL;
    state->draft |= strcasestr(value, "Draft") != NULL;
    return true;
}

static bool apply_unsent(const char *value, struct mail_state *state)
{
    if (*value != '1')
        return false;
    state->draft = true;
    return false; /* says nothing about read or unread */
}

static const struct {
    const char *name;
    bool (*apply)(const char *value, struct mail_state *state);
} state_headers[] = {
    {"Status:", apply_status},
    {"X-Status:", apply_x_status},
    {"X-Mozilla-Status:", apply_mozilla},
    {"X-Gmail-Labels:", apply_gmail_labels},
    {"X-Unsent:", apply_unsent},
};

bool mail_state_of_headers(struct bytes mail, struct mail_state *state)
{
    bool known = false;
    for (size_t start = 0; start < mail.size;) {
        const uint8_t *newline = memchr(mail.data + start, '\n', mail.size - start);
        size_t end = newline ? (size_t)(newline - mail.data) : mail.size;
        char line[HEADER_LINE_SIZE_MAX];
        size_t size = end - start < sizeof line - 1 ? end - start : sizeof line - 1;
        memcpy(line, mail.data + start, size);
        line[size] = 0;
        if (line[0] == 0 || line[0] == '\r')
            break;
        for (size_t i = 0; i < sizeof state_headers / sizeof *state_headers; i++)
            if (text_has_prefix_ignoring_case(line, state_headers[i].name)) {
                const char *value = line + strlen(state_headers[i].name);
                known |= state_headers[i].apply(value + strspn(value, " \t"), state);
            }
        start = end + 1;
    }
    return known;
}
