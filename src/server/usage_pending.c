#include "server/usage_pending.h"

#include <stdlib.h>
#include <string.h>

#include "server/autodiscover_client.h"

#define SLOT_COUNT 1024u /* a power of two */
#define TEXT_SIZE_MAX 256u /* of one, with its NUL; what comes after is not looked at */
#define TEXT_COUNT 5u

struct usage_pending {
    uint32_t count;
    struct usage_pending_row *rows;
    struct usage_pending_row *slots[SLOT_COUNT];
};

/* What a request is about, before there is a row for it. */
struct key {
    int32_t day;
    struct guid user;
    enum usage_protocol protocol;
    const char *texts[TEXT_COUNT];
    uint32_t sizes[TEXT_COUNT]; /* without the NUL */
    uint32_t text_size, hash;
};

struct usage_pending *usage_pending_new(void)
{
    return calloc(1, sizeof(struct usage_pending));
}

void usage_pending_free(struct usage_pending *pending)
{
    if (!pending)
        return;
    for (struct usage_pending_row *row = usage_pending_take(pending), *next; row; row = next) {
        next = row->next;
        free(row);
    }
    free(pending);
}

uint32_t usage_pending_count(const struct usage_pending *pending)
{
    return pending->count;
}

/* --- what counts --- */

/* Requests of somebody who has logged on; of Autodiscover the POSTs that Outlook sends, also where no log-on is asked for. What was
 * refused for want of a log-on says nothing that can be believed. */
static bool find_protocol(const struct observation *observation, enum usage_protocol *ret_protocol)
{
    switch (observation->endpoint) {
    case OBSERVATION_MAILBOX:
    case OBSERVATION_ADDRESS_BOOK:
        *ret_protocol = USAGE_MAPI_HTTP;
        return observation->user && strcmp(observation->method, "POST") == 0;
    case OBSERVATION_AUTODISCOVER:
        if (observation->http_status != 200 || strcmp(observation->method, "POST") != 0 || !observation->request)
            return false;
        *ret_protocol = autodiscover_mapi_version(http_request_header(observation->request, "X-MapiHttpCapability"))
            ? USAGE_AUTODISCOVER : USAGE_AUTODISCOVER_LEGACY;
        return true;
    default:
        return false;
    }
}

static void add_hash(struct key *key, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        key->hash = (key->hash ^ bytes[i]) * 16777619u;
}

static void take_text(struct key *key, unsigned index, const char *text)
{
    key->texts[index] = text;
    key->sizes[index] = (uint32_t)strnlen(text, TEXT_SIZE_MAX - 1);
    key->text_size += key->sizes[index] + 1;
    add_hash(key, text, key->sizes[index]);
    add_hash(key, "", 1);
}

static void make_key(const struct observation *observation, enum usage_protocol protocol, struct key *ret_key)
{
    struct key key = {.day = usage_day_of(observation->time), .protocol = protocol, .hash = 2166136261u};
    if (observation->user)
        key.user = observation->user->id;
    add_hash(&key, &key.day, sizeof key.day);
    add_hash(&key, &key.user, sizeof key.user);
    add_hash(&key, &key.protocol, sizeof key.protocol);
    take_text(&key, 0, observation->user ? observation->user->address : "");
    take_text(&key, 1, observation->client_application);
    /* Where the client names itself, its User-Agent tells nothing more. */
    take_text(&key, 2, *observation->client_application ? "" : observation->user_agent);
    take_text(&key, 3, observation->authentication);
    take_text(&key, 4, observation->peer);
    *ret_key = key;
}

/* --- rows --- */

static bool is_about(const struct usage_pending_row *row, const struct key *key)
{
    const char *at = row->texts;
    if (row->hash != key->hash || row->day != key->day || row->protocol != key->protocol || row->text_size != key->text_size ||
        !guid_equal(row->user, key->user))
        return false;
    for (unsigned i = 0; i < TEXT_COUNT; at += key->sizes[i] + 1, i++)
        if (memcmp(at, key->texts[i], key->sizes[i]) != 0 || at[key->sizes[i]] != '\0')
            return false;
    return true;
}

static struct usage_pending_row *find_row(const struct usage_pending *pending, const struct key *key)
{
    struct usage_pending_row *row = pending->slots[key->hash & (SLOT_COUNT - 1)];
    while (row && !is_about(row, key))
        row = row->next_in_slot;
    return row;
}

static void link_row(struct usage_pending *pending, struct usage_pending_row *row)
{
    struct usage_pending_row **slot = &pending->slots[row->hash & (SLOT_COUNT - 1)];
    row->next_in_slot = *slot;
    *slot = row;
    row->next = pending->rows;
    pending->rows = row;
    pending->count++;
}

static struct usage_pending_row *new_row(struct usage_pending *pending, const struct key *key)
{
    struct usage_pending_row *row =
        pending->count < USAGE_PENDING_MAX ? calloc(1, sizeof *row + key->text_size) : NULL;
    if (!row)
        return NULL;
    row->hash = key->hash;
    row->text_size = key->text_size;
    row->day = key->day;
    row->user = key->user;
    row->protocol = key->protocol;
    row->first_seen = UINT64_MAX;
    char *at = row->texts;
    for (unsigned i = 0; i < TEXT_COUNT; at += key->sizes[i] + 1, i++)
        memcpy(at, key->texts[i], key->sizes[i]);
    link_row(pending, row);
    return row;
}

bool usage_pending_observe(struct usage_pending *pending, const struct observation *observation)
{
    enum usage_protocol protocol;
    struct key key;
    if (!find_protocol(observation, &protocol))
        return true;
    make_key(observation, protocol, &key);
    struct usage_pending_row *row = find_row(pending, &key);
    if (!row)
        row = new_row(pending, &key);
    if (!row)
        return false;
    bool failed = observation_is_failure(observation);
    row->requests++;
    row->failures += failed;
    row->sessions += !failed && strcmp(observation->request_type, "Connect") == 0;
    if (observation->time < row->first_seen)
        row->first_seen = observation->time;
    if (observation->time > row->last_seen)
        row->last_seen = observation->time;
    return true;
}

struct usage_pending_row *usage_pending_take(struct usage_pending *pending)
{
    struct usage_pending_row *rows = pending->rows;
    *pending = (struct usage_pending){0};
    return rows;
}

static struct key key_of_row(const struct usage_pending_row *row)
{
    struct key key = {.day = row->day, .user = row->user, .protocol = row->protocol, .text_size = row->text_size, .hash = row->hash};
    const char *at = row->texts;
    for (unsigned i = 0; i < TEXT_COUNT; at += key.sizes[i] + 1, i++) {
        key.texts[i] = at;
        key.sizes[i] = (uint32_t)strlen(at);
    }
    return key;
}

uint64_t usage_pending_return(struct usage_pending *pending, struct usage_pending_row *rows)
{
    uint64_t lost = 0;
    for (struct usage_pending_row *row = rows, *next; row; row = next) {
        struct key key = key_of_row(row);
        struct usage_pending_row *there = find_row(pending, &key);
        next = row->next;
        if (!there && pending->count < USAGE_PENDING_MAX) {
            link_row(pending, row);
            continue;
        }
        if (there) {
            there->requests += row->requests;
            there->failures += row->failures;
            there->sessions += row->sessions;
            there->first_seen = row->first_seen; /* it came before */
            if (row->last_seen > there->last_seen)
                there->last_seen = row->last_seen;
        } else {
            lost += row->requests;
        }
        free(row);
    }
    return lost;
}

struct usage_entry usage_pending_entry(const struct usage_pending_row *row, struct client_identity *ret_identity,
                                       char ret_version[CLIENT_VERSION_TEXT_SIZE])
{
    struct key key = key_of_row(row);
    client_identify(key.texts[1], key.texts[2], ret_identity);
    client_version_format(&ret_identity->version, ret_version);
    return (struct usage_entry){
        .day = row->day, .user = row->user, .user_address = key.texts[0], .protocol = row->protocol,
        .software = ret_identity->software, .version = ret_version, .class = ret_identity->class, .authentication = key.texts[3],
        .address = key.texts[4], .requests = row->requests, .failures = row->failures, .sessions = row->sessions,
        .first_seen = row->first_seen, .last_seen = row->last_seen};
}
