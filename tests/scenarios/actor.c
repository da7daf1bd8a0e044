/* What is sent. */
#include "actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define ANSWER_TIMEOUT_MS 10000u

struct sending {
    struct actor *actor, *all;
    struct server_fixture *fixture;
    struct client_request request;
    struct buffer body;
    struct buffer units; /* of Execute */
    unsigned unit_start; /* of the last unit */
    const char *dn;
    unsigned flags, page, sort, room, auxiliary_size;
    bool flags_given, body_given, later, hangs_up, again;
    unsigned connection, cut;
};

static void put_hex(struct buffer *buffer, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], 0};
        buffer_append_u8(buffer, (uint8_t)strtoul(pair, NULL, 16));
    }
}

static const char *own_dn(struct sending *sending, const char *account)
{
    struct directory_user user;
    if (directory_find(sending->fixture->directory, &sending->actor->arena, DIRECTORY_KEY_LOGON, account, &user) != DIRECTORY_OK)
        scenario_fail("no user %s", account);
    return user.legacy_dn;
}

/* RPC_HEADER_EXT: version 0, flags Last, size, actual size. */
static void put_unit(struct sending *sending, struct bytes payload)
{
    if (sending->units.size)
        store_u16(sending->units.data + sending->unit_start + 2, 0); /* the one before is not the last */
    sending->unit_start = (unsigned)sending->units.size;
    buffer_append_u16(&sending->units, 0);
    buffer_append_u16(&sending->units, 4);
    buffer_append_u16(&sending->units, (uint16_t)payload.size);
    buffer_append_u16(&sending->units, (uint16_t)payload.size);
    buffer_append(&sending->units, payload.data, payload.size);
}

/* rops "hex" "hex": a ROP list and its handle table; $0 stands for a handle of the last answer, 'DN' for the own DN with its
 * size in front, as RopLogon has it. */
static void put_rops(struct sending *sending, const char *rops, const char *handles)
{
    struct buffer payload = {0};
    const char *dn = strstr(rops, "DN");
    buffer_append_u16(&payload, 0);
    if (dn) {
        const char *own = own_dn(sending, sending->actor->account);
        put_hex(&payload, arena_string_of(&sending->actor->arena, bytes_of(rops, (size_t)(dn - rops))));
        buffer_append_u16(&payload, (uint16_t)(strlen(own) + 1));
        buffer_append(&payload, own, strlen(own) + 1);
        rops = dn + 2;
    }
    put_hex(&payload, rops);
    store_u16(payload.data, (uint16_t)payload.size);
    for (; *handles; handles += *handles == '$' ? 2 : 8) {
        if (*handles == '$')
            buffer_append(&payload, sending->actor->handles[(handles[1] - '0') & 7], 4);
        else
            put_hex(&payload, arena_string_of(&sending->actor->arena, bytes_of(handles, 8)));
    }
    put_unit(sending, buffer_bytes(&payload));
    buffer_free(&payload);
}

static void put_auxiliary(struct sending *sending)
{
    buffer_append_u32(&sending->body, sending->auxiliary_size);
    for (unsigned i = 0; i < sending->auxiliary_size; i++)
        buffer_append_u8(&sending->body, 0);
}

static void make_body(struct sending *sending)
{
    struct buffer *body = &sending->body;
    const char *type = sending->request.type ? sending->request.type : "";
    if (sending->body_given)
        return;
    if (strcmp(type, "Connect") == 0) {
        const char *dn = sending->dn ? sending->dn : own_dn(sending, sending->actor->account);
        buffer_append(body, dn, strlen(dn) + 1);
        buffer_append_u32(body, sending->flags_given ? sending->flags : 0);
        buffer_append_u32(body, sending->page);
        buffer_append_u32(body, sending->sort);
        buffer_append_u32(body, 0x409);
    } else if (strcmp(type, "Execute") == 0) {
        if (!sending->units.size)
            put_unit(sending, BYTES_LITERAL("count"));
        buffer_append_u32(body, sending->flags_given ? sending->flags : 3);
        buffer_append_u32(body, (uint32_t)sending->units.size);
        buffer_append(body, sending->units.data, sending->units.size);
        buffer_append_u32(body, sending->room);
    } else if (strcmp(type, "NotificationWait") == 0 || strcmp(type, "Unbind") == 0) {
        buffer_append_u32(body, sending->flags);
    } else if (strcmp(type, "Bind") == 0) {
        buffer_append_u32(body, sending->flags);
        buffer_append_u8(body, 0);
    } else if (strcmp(type, "Disconnect") != 0) {
        return;
    }
    put_auxiliary(sending);
}

static const char *join_cookies(struct arena *arena, const char *context, const char *sequence)
{
    return arena_format(arena, "MapiContext=%s; MapiSequence=%s", context, sequence);
}

/* cookies none|dead|malformed|previous|context|crooked|of NAME|"literal" */
static const char *cookies_of(struct sending *sending, struct words *words)
{
    struct actor *actor = sending->actor;
    struct arena *arena = &actor->arena;
    const struct client_jar *jar = &actor->jars[actor->address_book];
    if (!words) /* what the client keeps, as a client does */
        return *jar->context ? join_cookies(arena, jar->context, jar->sequence) : NULL;
    if (words_take(words, "none"))
        return NULL;
    if (words_take(words, "dead"))
        return join_cookies(arena, "0123456789abcdef0123456789abcdef", "1-0123456789abcdef0123456789abcdef");
    if (words_take(words, "malformed"))
        return "MapiContext=%%%; MapiSequence=zz";
    if (words_take(words, "previous"))
        return join_cookies(arena, actor->before.context, actor->before.sequence);
    if (words_take(words, "context"))
        return arena_format(arena, "MapiContext=%s", jar->context);
    if (words_take(words, "crooked")) /* the sequence is no cookie of ours */
        return join_cookies(arena, jar->context, "what-is-this");
    if (words_take(words, "old")) /* a sequence that is long gone */
        return join_cookies(arena, jar->context, "1-00000000000000000000000000000000");
    if (words_take(words, "of")) {
        const char *name = words_next(words);
        for (int i = 0; i < ACTORS_MAX; i++)
            if (name && strcmp(sending->all[i].name, name) == 0)
                return join_cookies(arena, sending->all[i].jars[actor->address_book].context,
                                    sending->all[i].jars[actor->address_book].sequence);
        scenario_fail("no client %s", name);
    }
    return arena_string(arena, words_next(words));
}

static const char *basic(struct arena *arena, const char *account, const char *password)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *plain = arena_format(arena, "%s:%s", account, password);
    size_t size = strlen(plain);
    struct buffer text = {0};
    buffer_append_string(&text, "Basic ");
    for (size_t i = 0; i < size; i += 3) {
        uint32_t quantum = 0;
        for (size_t k = 0; k < 3; k++)
            quantum = quantum << 8 | (i + k < size ? (uint8_t)plain[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buffer_append_u8(&text, (uint8_t)(i + k <= size ? digits[quantum >> (18 - 6 * k) & 63] : '='));
    }
    const char *header = arena_string_of(arena, buffer_bytes(&text));
    buffer_free(&text);
    return header;
}

/* asks ADDRESS: an Autodiscover request with Outlook's header. */
static void put_autodiscover(struct sending *sending, const char *address)
{
    buffer_append_format(&sending->body,
                         "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\">"
                         "<Request><EMailAddress>%s</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/"
                         "autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>", address);
    sending->body_given = true;
    sending->request.path = "/autodiscover/autodiscover.xml";
    sending->request.without = "Content-Type";
}

/* Options about bodies; false for other words. */
static bool take_body_option(struct sending *sending, struct words *words)
{
    struct actor *actor = sending->actor;
    if (words_take(words, "payload")) {
        put_unit(sending, bytes_of_string(words_next(words)));
    } else if (words_take(words, "rops")) {
        const char *rops = words_next(words);
        put_rops(sending, rops, words_next(words));
    } else if (words_take(words, "body")) {
        put_hex(&sending->body, words_next(words));
        sending->body_given = true;
    } else if (words_take(words, "text")) {
        buffer_append_string(&sending->body, words_next(words));
        sending->body_given = true;
    } else if (words_take(words, "asks")) {
        put_autodiscover(sending, words_next(words));
    } else if (words_take(words, "bytes")) { /* so many of them */
        for (unsigned i = words_number(words); i; i--)
            buffer_append_u8(&sending->body, 'x');
        sending->body_given = true;
    } else if (words_take(words, "cut")) {
        sending->cut = words_number(words);
    } else if (words_take(words, "dn")) {
        sending->dn = words_take(words, "of") ? own_dn(sending, words_next(words)) : arena_string(&actor->arena, words_next(words));
    } else if (words_take(words, "flags")) {
        sending->flags = words_number(words);
        sending->flags_given = true;
    } else if (words_take(words, "page")) {
        sending->page = words_number(words);
    } else if (words_take(words, "sort")) {
        sending->sort = words_number(words);
    } else if (words_take(words, "room")) {
        sending->room = words_number(words);
    } else if (words_take(words, "auxiliary")) {
        sending->auxiliary_size = words_number(words);
    } else {
        return false;
    }
    return true;
}

static void take_option(struct sending *sending, struct words *words)
{
    struct client_request *request = &sending->request;
    struct arena *arena = &sending->actor->arena;
    if (take_body_option(sending, words))
        return;
    if (words_take(words, "to"))
        request->path = arena_string(arena, words_next(words));
    else if (words_take(words, "by"))
        request->method = arena_string(arena, words_next(words));
    else if (words_take(words, "without"))
        request->without = arena_string(arena, words_next(words));
    else if (words_take(words, "with"))
        request->lines[request->line_count++] = arena_string(arena, words_next(words));
    else if (words_take(words, "number"))
        request->request_number = words_number(words);
    else if (words_take(words, "cookies"))
        request->cookie = cookies_of(sending, words);
    else if (words_take(words, "anonymously"))
        request->authorization = NULL;
    else if (words_take(words, "authorization"))
        request->authorization = arena_string(arena, words_next(words));
    else if (words_take(words, "marked"))
        request->lines[request->line_count++] = "X-MapiHttp-Resend: 1";
    else if (words_take(words, "chunked"))
        request->chunked = true;
    else if (words_take(words, "on"))
        sending->connection = words_number(words) % CONNECTIONS_MAX;
    else if (words_take(words, "later"))
        sending->later = true;
    else if (words_take(words, "breaking"))
        sending->hangs_up = true;
    else
        scenario_fail("cannot send: '%s'", words->word[words->at]);
}

static void prepare(struct sending *sending, struct words *words)
{
    struct actor *actor = sending->actor;
    const char *type = words_next(words);
    if (strcmp(type, "again") == 0) { /* the same bytes, unless an option says otherwise */
        sending->again = true;
        sending->body_given = true;
        sending->request = actor->request;
        buffer_append(&sending->body, actor->request.body.data, actor->request.body.size);
        return;
    }
    arena_free(&actor->arena);
    const char *path = strcmp(type, "Bind") == 0 || strcmp(type, "Unbind") == 0 ? "/mapi/nspi/?MailboxId=x@engine.test"
                                                                               : "/mapi/emsmdb/?MailboxId=x@engine.test";
    sending->request = (struct client_request){.method = "POST", .path = path, .request_number = ++actor->request_number,
                                               .type = strcmp(type, "-") == 0 ? NULL : arena_string(&actor->arena, type)};
    for (unsigned i = words->at; i + 1 < words->count; i++) /* the endpoint decides about the jar: look ahead */
        if (strcmp(words->word[i], "to") == 0)
            sending->request.path = words->word[i + 1];
    actor->address_book = text_has_prefix_ignoring_case(sending->request.path, "/mapi/nspi");
    sending->request.authorization = basic(&actor->arena, actor->account, actor->password);
    sending->request.cookie = cookies_of(sending, NULL);
}

void actor_send(struct actor *actor, struct actor *all, struct server_fixture *fixture, struct words *words)
{
    struct sending sending = {.actor = actor, .all = all, .fixture = fixture, .page = 1252, .sort = 0x409, .room = 0x10000,
                              .cut = UINT32_MAX};
    struct buffer bytes = {0};
    prepare(&sending, words);
    while (words->at < words->count)
        take_option(&sending, words);
    make_body(&sending);
    if (sending.body.size > sending.cut)
        sending.body.size = sending.cut;
    sending.request.body = arena_bytes(&actor->arena, buffer_bytes(&sending.body));
    actor->request = sending.request;
    int *connection = &actor->connections[sending.connection];
    if (*connection < 0)
        *connection = client_connect(fixture->port);
    if (!client_request_build(&sending.request, &bytes))
        scenario_fail("out of memory");
    client_send(*connection, buffer_bytes(&bytes));
    if (sending.hangs_up) {
        usleep(20000); /* it shall arrive */
        close(*connection);
        *connection = -1;
    } else if (!sending.later) {
        actor_receive(actor, sending.connection);
    }
    buffer_free(&bytes);
    buffer_free(&sending.body);
    buffer_free(&sending.units);
}

static void keep_cookie(struct arena *arena, const char *head, const char *name, char *place, size_t size)
{
    for (unsigned i = 0;; i++) {
        const char *value = client_header(arena, head, "Set-Cookie", i);
        if (!value)
            return;
        size_t name_size = strlen(name);
        if (strncmp(value, name, name_size) == 0 && value[name_size] == '=')
            snprintf(place, size, "%.*s", (int)strcspn(value + name_size + 1, ";"), value + name_size + 1);
    }
}

/* Where the answer is a success of Execute with a ROP list in its first unit. */
static void keep_handles(struct actor *actor)
{
    struct bytes body = actor->answer.body;
    if (actor->answer.status == 0 || body.size < 26 || load_u32(body.data + 12) < 10 || load_u32(body.data + 12) > body.size - 16)
        return;
    size_t payload_size = load_u16(body.data + 20), rops_size = load_u16(body.data + 24);
    if (24 + payload_size > body.size)
        return;
    for (size_t i = 0; i < 8 && rops_size + 4 * i + 4 <= payload_size; i++)
        memcpy(actor->handles[i], body.data + 24 + rops_size + 4 * i, 4);
}

void actor_receive(struct actor *actor, unsigned connection)
{
    int *handle = &actor->connections[connection];
    struct client_jar *jar = &actor->jars[actor->address_book];
    if (*handle < 0)
        scenario_fail("no connection");
    client_receive(*handle, &actor->arena, ANSWER_TIMEOUT_MS, &actor->answer);
    actor->before = *jar;
    if (actor->answer.head) {
        keep_cookie(&actor->arena, actor->answer.head, "MapiContext", jar->context, sizeof jar->context);
        keep_cookie(&actor->arena, actor->answer.head, "MapiSequence", jar->sequence, sizeof jar->sequence);
    }
    keep_handles(actor);
    const char *closing = actor->answer.head ? client_header(&actor->arena, actor->answer.head, "Connection", 0) : NULL;
    if (actor->answer.status == 0 || (closing && strcasecmp(closing, "close") == 0)) {
        close(*handle);
        *handle = -1;
    }
}
