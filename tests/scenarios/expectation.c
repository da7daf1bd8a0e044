/* What is expected of an answer. One function a word. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"

static const char *header_of(struct actor *actor, const char *name)
{
    return client_header(&actor->arena, actor->answer.head, name, 0);
}

static void same_number(const char *what, long found, long expected)
{
    if (found != expected)
        scenario_fail("%s is %ld (0x%lx), not %ld (0x%lx)", what, found, (unsigned long)found, expected, (unsigned long)expected);
}

static void expect_status(struct actor *actor, struct words *words)
{
    same_number("status", actor->answer.status, words_number(words));
}

static void expect_code(struct actor *actor, struct words *words)
{
    same_number("X-ResponseCode", actor->answer.code, words_number(words));
    same_number("status", actor->answer.status, 200);
    const char *type = header_of(actor, "Content-Type");
    if (!type || !strstr(type, actor->answer.code == 0 ? "application/mapi-http" : "text/html"))
        scenario_fail("Content-Type is %s", type);
    if (actor->answer.code == 0 && (!actor->answer.done || !header_of(actor, "X-PendingPeriod")))
        scenario_fail("no DONE, or no X-PendingPeriod");
    if (!header_of(actor, "X-ServerApplication") || !header_of(actor, "X-ExpirationInfo"))
        scenario_fail("no X-ServerApplication or X-ExpirationInfo");
    if (header_of(actor, "X-DeviceInfo"))
        scenario_fail("X-DeviceInfo is not ours to send");
}

static void expect_late(struct actor *actor, struct words *words)
{
    same_number("late X-ResponseCode", actor->answer.late_code, words_number(words));
    same_number("early X-ResponseCode", actor->answer.code, 0);
}

static void expect_header(struct actor *actor, struct words *words)
{
    const char *name = words_next(words), *expected = words_next(words), *found = header_of(actor, name);
    if (!found || strcmp(found, expected) != 0)
        scenario_fail("%s is '%s', not '%s'", name, found ? found : "(absent)", expected);
}

static void match(const char *what, const char *found, const char *pattern)
{
    regex_t expression;
    if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        scenario_fail("bad pattern %s", pattern);
    int result = found ? regexec(&expression, found, 0, NULL, 0) : REG_NOMATCH;
    regfree(&expression);
    if (result != 0)
        scenario_fail("%s is '%s', not like '%s'", what, found ? found : "(absent)", pattern);
}

static void expect_like(struct actor *actor, struct words *words)
{
    const char *name = words_next(words);
    match(name, header_of(actor, name), words_next(words));
}

static void expect_additional(struct actor *actor, struct words *words)
{
    const char *name = words_next(words);
    match(name, client_header(&actor->arena, actor->answer.additional, name, 0), words_next(words));
}

static void expect_has(struct actor *actor, struct words *words)
{
    const char *name = words_next(words);
    if (!header_of(actor, name))
        scenario_fail("no %s", name);
}

static void expect_lacks(struct actor *actor, struct words *words)
{
    const char *name = words_next(words);
    if (header_of(actor, name))
        scenario_fail("%s is there: %s", name, header_of(actor, name));
}

/* Both cookies, MapiContext first, each with all its attributes; or 'no'. */
static void expect_cookies(struct actor *actor, struct words *words)
{
    if (words_take(words, "absent")) {
        if (header_of(actor, "Set-Cookie"))
            scenario_fail("cookies were set: %s", header_of(actor, "Set-Cookie"));
        return;
    }
    const char *path = actor->address_book ? "/mapi/nspi" : "/mapi/emsmdb";
    match("first cookie", header_of(actor, "Set-Cookie"),
          arena_format(&actor->arena, "^MapiContext=[0-9a-f]{32}; Path=%s; Secure; HttpOnly$", path));
    match("second cookie", client_header(&actor->arena, actor->answer.head, "Set-Cookie", 1),
          arena_format(&actor->arena, "^MapiSequence=[0-9]+-[0-9a-f]{32}; Path=%s; Secure; HttpOnly$", path));
    if (client_header(&actor->arena, actor->answer.head, "Set-Cookie", 2))
        scenario_fail("a third cookie");
}

static void expect_new(struct actor *actor, struct words *words)
{
    const struct client_jar *jar = &actor->jars[actor->address_book];
    const char *what = words_next(words);
    bool context = strcmp(what, "context") == 0;
    if (strcmp(context ? jar->context : jar->sequence, context ? actor->before.context : actor->before.sequence) == 0)
        scenario_fail("the %s is the old one", what);
}

static void expect_same(struct actor *actor, struct words *words)
{
    const struct client_jar *jar = &actor->jars[actor->address_book];
    const char *what = words_next(words);
    bool context = strcmp(what, "context") == 0;
    if (strcmp(context ? jar->context : jar->sequence, context ? actor->before.context : actor->before.sequence) != 0)
        scenario_fail("the %s is a new one", what);
}

static void expect_whole(struct actor *actor, struct words *words)
{
    if (!header_of(actor, "Content-Length") || header_of(actor, "Transfer-Encoding"))
        scenario_fail("the answer came in %u chunks", actor->answer.chunk_count);
}

static void expect_chunked(struct actor *actor, struct words *words)
{
    const char *encoding = header_of(actor, "Transfer-Encoding");
    if (!encoding || strcasecmp(encoding, "chunked") != 0 || header_of(actor, "Content-Length"))
        scenario_fail("the answer came whole");
}

static void expect_pending(struct actor *actor, struct words *words)
{
    unsigned least = words_number(words);
    if (actor->answer.pending_count < least)
        scenario_fail("PENDING came %u times", actor->answer.pending_count);
    if (words_take(words, "to") && actor->answer.pending_count > words_number(words))
        scenario_fail("PENDING came %u times", actor->answer.pending_count);
}

static uint32_t body_u32(struct actor *actor, size_t offset)
{
    if (actor->answer.body.size < offset + 4)
        scenario_fail("the body has only %zu bytes", actor->answer.body.size);
    return load_u32(actor->answer.body.data + offset);
}

static void expect_error(struct actor *actor, struct words *words)
{
    same_number("StatusCode", body_u32(actor, 0), 0);
    same_number("ErrorCode", body_u32(actor, 4), words_number(words));
}

/* A failure body: StatusCode, then an empty auxiliary buffer. */
static void expect_failure(struct actor *actor, struct words *words)
{
    same_number("StatusCode", body_u32(actor, 0), words_number(words));
    same_number("size of the body", (long)actor->answer.body.size, 8);
}

static void expect_event(struct actor *actor, struct words *words)
{
    same_number("EventPending", body_u32(actor, 8), words_number(words));
    same_number("size of the body", (long)actor->answer.body.size, 16);
}

/* Execute: payload "text" [number N] or units N. StatusCode, ErrorCode, Flags 0, size, units, auxiliary size. */
static struct bytes unit_of(struct actor *actor, unsigned wanted, unsigned *ret_count)
{
    struct bytes found = BYTES_NONE;
    size_t at = 16, end = 16 + body_u32(actor, 12);
    unsigned count = 0;
    same_number("Flags", body_u32(actor, 8), 0);
    while (at + 8 <= end && end <= actor->answer.body.size) {
        const uint8_t *header = actor->answer.body.data + at;
        size_t size = load_u16(header + 4);
        bool last = load_u16(header + 2) & 4;
        if (last != (at + 8 + size == end))
            scenario_fail("Last flag of unit %u", count);
        if (count++ == wanted)
            found = bytes_of(header + 8, size);
        at += 8 + size;
    }
    same_number("end of the units", (long)at, (long)end);
    *ret_count = count;
    return found;
}

static void expect_payload(struct actor *actor, struct words *words)
{
    const char *expected = words_next(words);
    unsigned count;
    struct bytes found = unit_of(actor, 0, &count);
    if (!bytes_equal(found, bytes_of_string(expected)))
        scenario_fail("payload is '%.*s', not '%s'", (int)found.size, found.data, expected);
}

/* rops "hex": how the ROP list of the answer begins, behind its size; ?? stands for any byte. */
static void expect_rops(struct actor *actor, struct words *words)
{
    const char *expected = words_next(words);
    unsigned count;
    struct bytes found = unit_of(actor, 0, &count);
    for (size_t i = 0; expected[2 * i]; i++) {
        char pair[3] = {expected[2 * i], expected[2 * i + 1], 0};
        if (i + 2 >= found.size || (pair[0] != '?' && found.data[i + 2] != strtoul(pair, NULL, 16)))
            scenario_fail("byte %zu of the ROPs is not %s", i, pair);
    }
}

static void expect_units(struct actor *actor, struct words *words)
{
    unsigned count;
    unit_of(actor, 0, &count);
    same_number("units", count, words_number(words));
}

/* flags N: those of the first unit. */
static void expect_unit_flags(struct actor *actor, struct words *words)
{
    same_number("unit flags", load_u16(actor->answer.body.data + 18), words_number(words));
}

static bool contains(struct bytes text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static void expect_contains(struct actor *actor, struct words *words)
{
    const char *part = words_next(words);
    if (!contains(actor->answer.stream, part))
        scenario_fail("'%s' is not in: %.*s", part, (int)actor->answer.stream.size, actor->answer.stream.data);
}

static void expect_omits(struct actor *actor, struct words *words)
{
    const char *part = words_next(words);
    if (contains(actor->answer.stream, part))
        scenario_fail("'%s' is in: %.*s", part, (int)actor->answer.stream.size, actor->answer.stream.data);
}

/* says "text": UTF-16 in the body. */
static void expect_says(struct actor *actor, struct words *words)
{
    const char *text = words_next(words);
    char wide[512];
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        wide[2 * i] = text[i];
        wide[2 * i + 1] = 0;
    }
    if (!memmem(actor->answer.body.data, actor->answer.body.size, wide, 2 * size))
        scenario_fail("the body does not say '%s'", text);
}

static void expect_size(struct actor *actor, struct words *words)
{
    same_number("size of the body", (long)actor->answer.body.size, words_number(words));
}

static void expect_under(struct actor *actor, struct words *words)
{
    unsigned limit_ms = words_number(words);
    if (actor->answer.elapsed_ms > limit_ms)
        scenario_fail("it took %lu ms", (unsigned long)actor->answer.elapsed_ms);
}

static void expect_over(struct actor *actor, struct words *words)
{
    unsigned limit_ms = words_number(words);
    if (actor->answer.elapsed_ms < limit_ms)
        scenario_fail("it took only %lu ms", (unsigned long)actor->answer.elapsed_ms);
}

static void expect_begun_under(struct actor *actor, struct words *words)
{
    if (!words_take(words, "under"))
        scenario_fail("begun under what?");
    unsigned limit_ms = words_number(words);
    if (actor->answer.first_ms > limit_ms)
        scenario_fail("its beginning took %lu ms", (unsigned long)actor->answer.first_ms);
}

static const struct {
    const char *word;
    void (*expect)(struct actor *actor, struct words *words);
} expectations[] = {
    {"status", expect_status},     {"code", expect_code},         {"late", expect_late},     {"header", expect_header},
    {"like", expect_like},         {"additional", expect_additional}, {"has", expect_has},   {"lacks", expect_lacks},
    {"cookies", expect_cookies},   {"new", expect_new},           {"same", expect_same},     {"whole", expect_whole},
    {"chunked", expect_chunked},   {"pending", expect_pending},   {"error", expect_error},   {"failure", expect_failure},
    {"event", expect_event},       {"payload", expect_payload},   {"units", expect_units},   {"unitflags", expect_unit_flags},
    {"contains", expect_contains}, {"omits", expect_omits},       {"says", expect_says},     {"size", expect_size},
    {"under", expect_under},       {"over", expect_over},         {"begun", expect_begun_under},
    {"rops", expect_rops},
};

bool actor_expect(struct actor *actor, struct words *words)
{
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        if (!words_take(words, expectations[i].word))
            continue;
        if (actor->answer.status == 0 && expectations[i].expect != expect_status)
            scenario_fail("there was no answer");
        expectations[i].expect(actor, words);
        return true;
    }
    return false;
}
