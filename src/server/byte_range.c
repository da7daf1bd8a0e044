#include "server/byte_range.h"

#include <string.h>

#include "base/filetime.h"
#include "base/text.h"

/* --- dates --- */

static bool read_digits(const char *text, unsigned count, int *ret_number)
{
    int number = 0;
    for (unsigned i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + text[i] - '0';
    }
    *ret_number = number;
    return true;
}

bool http_date_read(const char *text, time_t *ret_seconds)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm parts = {0};
    char again[HTTP_DATE_TEXT_SIZE];
    if (strlen(text) != 29 || !read_digits(text + 5, 2, &parts.tm_mday) || !read_digits(text + 12, 4, &parts.tm_year)
        || !read_digits(text + 17, 2, &parts.tm_hour) || !read_digits(text + 20, 2, &parts.tm_min)
        || !read_digits(text + 23, 2, &parts.tm_sec))
        return false;
    while (parts.tm_mon < 12 && memcmp(text + 8, months + 3 * parts.tm_mon, 3) != 0)
        parts.tm_mon++;
    parts.tm_year -= 1900;
    if (parts.tm_mon == 12 || parts.tm_year < 70)
        return false;
    time_t seconds = timegm(&parts);
    http_date_format(seconds, again);
    if (strcmp(again, text) != 0) /* the rest of it: day of the week, blanks, days and hours that exist */
        return false;
    *ret_seconds = seconds;
    return true;
}

/* --- conditions --- */

struct byte_range_request byte_range_request_of(const struct http_request *request)
{
    return (struct byte_range_request){
        .head = request->method == HTTP_METHOD_HEAD,
        .range = http_request_header(request, "Range"),
        .if_range = http_request_header(request, "If-Range"),
        .if_match = http_request_header(request, "If-Match"),
        .if_none_match = http_request_header(request, "If-None-Match"),
        .if_modified_since = http_request_header(request, "If-Modified-Since"),
        .if_unmodified_since = http_request_header(request, "If-Unmodified-Since"),
    };
}

/* Whether a list of entity tags has this one; 'weak': marks of weak ones do not matter. */
static bool tag_listed(const char *list, const char *tag, bool weak)
{
    size_t size = strlen(tag);
    for (const char *at = list; *at;) {
        at += strspn(at, ", \t");
        if (at[0] == '*')
            return true;
        bool is_weak = at[0] == 'W' && at[1] == '/';
        at += is_weak ? 2 : 0;
        if (strncmp(at, tag, size) == 0 && (!at[size] || strchr(", \t", at[size])) && (weak || !is_weak))
            return true;
        const char *end = at[0] == '"' ? strchr(at + 1, '"') : NULL;
        at = end ? end + 1 : at + strcspn(at, ",");
    }
    return false;
}

/* 0 where the request goes on (RFC 9110 13.2.2). */
static unsigned decide_conditions(const struct byte_range_request *request, const char *tag, time_t modified)
{
    time_t date;
    if (request->if_match) {
        if (!tag_listed(request->if_match, tag, false))
            return 412;
    } else if (request->if_unmodified_since && http_date_read(request->if_unmodified_since, &date) && modified > date) {
        return 412;
    }
    if (request->if_none_match) {
        if (tag_listed(request->if_none_match, tag, true))
            return 304;
    } else if (request->if_modified_since && http_date_read(request->if_modified_since, &date) && modified <= date) {
        return 304;
    }
    return 0;
}

/* --- ranges --- */

static bool read_position(const char **text, uint64_t *ret_position)
{
    uint64_t position = 0;
    unsigned digits = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        if (position > UINT64_MAX / 10 - 1)
            return false;
        position = position * 10 + (uint64_t)(**text - '0');
    }
    *ret_position = position;
    return digits > 0;
}

static bool at_end(const char *text)
{
    return !text[strspn(text, " \t")];
}

/* 'bytes=FIRST-LAST', 'bytes=FIRST-' or 'bytes=-COUNT'. False for what is no such range: then it is passed over. */
static bool read_range(const char *text, uint64_t size, struct byte_range_answer *ret_answer)
{
    uint64_t first, last;
    if (!text_has_prefix_ignoring_case(text, "bytes="))
        return false;
    text += 6;
    text += strspn(text, " \t");
    if (*text == '-') { /* so many from the end */
        text++;
        if (!read_position(&text, &last) || !at_end(text))
            return false;
        uint64_t count = last < size ? last : size;
        *ret_answer = count ? (struct byte_range_answer){206, size - count, count} : (struct byte_range_answer){416, 0, 0};
        return true;
    }
    if (!read_position(&text, &first) || *text++ != '-')
        return false;
    last = UINT64_MAX;
    if (!at_end(text) && (!read_position(&text, &last) || !at_end(text) || last < first))
        return false;
    if (first >= size)
        *ret_answer = (struct byte_range_answer){416, 0, 0};
    else
        *ret_answer = (struct byte_range_answer){206, first, (last < size ? last + 1 : size) - first};
    return true;
}

/* Whether what the client has a part of is what there is (RFC 9110 13.1.5). */
static bool range_applies(const struct byte_range_request *request, const char *tag, time_t modified)
{
    time_t date;
    if (!request->if_range)
        return true;
    if (request->if_range[0] == '"')
        return strcmp(request->if_range, tag) == 0;
    return http_date_read(request->if_range, &date) && date == modified;
}

struct byte_range_answer byte_range_decide(const struct byte_range_request *request, const char *tag, time_t modified,
                                           uint64_t size)
{
    struct byte_range_answer whole = {200, 0, size}, part;
    unsigned status = decide_conditions(request, tag, modified);
    if (status)
        return (struct byte_range_answer){status, 0, 0};
    if (request->head || !request->range || !range_applies(request, tag, modified) || !read_range(request->range, size, &part))
        return whole;
    return part;
}
