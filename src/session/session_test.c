/* The rules of session contexts, without HTTP: MS-OXCMAPIHTTP 3.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"

#define IDLE_MS 1000u
#define MAILBOX SESSION_ENDPOINT_MAILBOX

struct fixture {
    struct session_table *table;
    uint32_t ended[SESSION_END_SHUTDOWN + 1];
    uint32_t released;
    const struct session_context *last_ended;
    bool delivered; /* what the delivery of every answer says */
    uint32_t deliveries_released;
};

static const char *const no_addresses[] = {"ada@engine.test"};
static const struct directory_user ada = {.id = {{1}}, .account = "ada", .display_name = "Ada", .address = "ada@engine.test",
                                          .addresses = no_addresses, .address_count = 1, .legacy_dn = "/o=E/cn=ada",
                                          .enabled = true};
static const struct directory_user bob = {.id = {{2}}, .account = "bob", .display_name = "Bob", .address = "ada@engine.test",
                                          .addresses = no_addresses, .address_count = 1, .legacy_dn = "/o=E/cn=bob",
                                          .enabled = true};

static void count_ended(void *user, struct session_context *context, enum session_end_reason reason)
{
    struct fixture *fixture = user;
    fixture->ended[reason]++;
    fixture->last_ended = context;
}

static void free_released(void *user, struct session_context *context)
{
    struct fixture *fixture = user;
    fixture->released++;
    session_context_free(context);
}

static bool was_delivered(void *user, void *delivery)
{
    assert_ptr_equal(delivery, user);
    return ((struct fixture *)user)->delivered;
}

static void count_delivery(void *user, void *delivery)
{
    ((struct fixture *)user)->deliveries_released++;
}

static int open_table(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->table = session_table_new(
        &(struct session_settings){.idle_timeout_ms = IDLE_MS, .contexts_per_user_max = 3, .resend = true,
                                   .kept_answers_size_max = 1000},
        &(struct session_hooks){.user = fixture, .ended = count_ended, .released = free_released, .delivered = was_delivered,
                                .delivery_release = count_delivery});
    assert_non_null(fixture->table);
    *state = fixture;
    return 0;
}

static int close_table(void **state)
{
    struct fixture *fixture = *state;
    session_table_free(fixture->table);
    free(fixture);
    return 0;
}

/* As a client does: keeps the cookies of an answer. */
static void keep_cookies(struct session_cookies *jar, const struct session_ticket *ticket)
{
    *jar = (struct session_cookies){.context_state = SESSION_COOKIE_PRESENT, .sequence_state = SESSION_COOKIE_PRESENT,
                                    .context = ticket->cookie_context, .sequence = ticket->cookie_sequence};
}

static struct session_cookies connect_as(struct fixture *fixture, const struct directory_user *user,
                                         const struct session_cookies *cookies, uint64_t now_ms)
{
    struct session_ticket ticket;
    struct session_cookies jar;
    assert_true(session_create(fixture->table, MAILBOX, cookies, user, now_ms, &ticket));
    keep_cookies(&jar, &ticket);
    session_return(fixture->table, &ticket, now_ms);
    assert_null(ticket.context);
    return jar;
}

static struct session_request request_of(const struct session_cookies *cookies, enum session_request_kind kind,
                                         const char *request_id)
{
    struct session_request request = {.endpoint = MAILBOX, .kind = kind, .cookies = cookies, .user_id = ada.id};
    strncpy((char *)request.fingerprint, request_id, sizeof request.fingerprint - 1);
    return request;
}

static enum mapi_response_code begin(struct fixture *fixture, const struct session_cookies *cookies,
                                     enum session_request_kind kind, const char *request_id, uint64_t now_ms,
                                     struct session_ticket *ticket)
{
    struct session_request request = request_of(cookies, kind, request_id);
    return session_begin(fixture->table, &request, now_ms, ticket);
}

/* Begins and returns at once; the jar takes the new cookies. */
static enum mapi_response_code run(struct fixture *fixture, struct session_cookies *jar, enum session_request_kind kind,
                                   const char *request_id, uint64_t now_ms)
{
    struct session_ticket ticket;
    enum mapi_response_code code = begin(fixture, jar, kind, request_id, now_ms, &ticket);
    if (ticket.context)
        keep_cookies(jar, &ticket);
    if (ticket.answer)
        session_answer_release(ticket.answer);
    session_return(fixture->table, &ticket, now_ms);
    return code;
}

static const struct session_cookies none;

static void runs_requests_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0), first = jar;
    for (int i = 0; i < 5; i++) {
        struct session_sequence before = jar.sequence;
        char id[8] = {(char)('a' + i)};
        assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, id, 0), MAPI_RESPONSE_SUCCESS);
        assert_memory_not_equal(before.data, jar.sequence.data, 16);
        assert_true(jar.sequence.number == before.number + 1);
        assert_memory_equal(&first.context, &jar.context, sizeof jar.context);
    }
    /* Any but the newest sequence: 15, and the newest still works. */
    struct session_cookies old = first;
    assert_int_equal(run(fixture, &old, SESSION_REQUEST_SEQUENCED, "z", 0), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_memory_equal(&old.sequence, &jar.sequence, sizeof jar.sequence); /* the refusal gave the current ones */
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "y", 0), MAPI_RESPONSE_SUCCESS);
}

/* MS-OXCMAPIHTTP R1227 R1228 R1170 */
static void refuses_overlap_but_of_wait_and_ping(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    struct session_ticket running, wait, second, ping;
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", 0, &running), MAPI_RESPONSE_SUCCESS);
    struct session_cookies newer;
    keep_cookies(&newer, &running);
    /* Every later one while the first runs, with old or new cookies. */
    struct session_cookies with_old = jar, with_new = newer;
    assert_int_equal(run(fixture, &with_old, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_int_equal(run(fixture, &with_new, SESSION_REQUEST_SEQUENCED, "2", 0), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_int_equal(run(fixture, &with_new, SESSION_REQUEST_LAST, "3", 0), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_int_equal(begin(fixture, &newer, SESSION_REQUEST_WAIT, "4", 0, &wait), MAPI_RESPONSE_SUCCESS);
    assert_int_equal(begin(fixture, &newer, SESSION_REQUEST_WAIT, "5", 0, &second), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_non_null(second.context);
    session_return(fixture->table, &second, 0);
    assert_int_equal(begin(fixture, &newer, SESSION_REQUEST_PING, "6", 0, &ping), MAPI_RESPONSE_SUCCESS);
    session_return(fixture->table, &ping, 0);
    assert_int_equal(session_table_counts(fixture->table).waits, 1);
    session_return(fixture->table, &running, 0);
    /* Beside a parked wait requests go on. */
    assert_int_equal(run(fixture, &newer, SESSION_REQUEST_SEQUENCED, "7", 0), MAPI_RESPONSE_SUCCESS);
    session_return(fixture->table, &wait, 0);
    assert_int_equal(session_table_counts(fixture->table).waits, 0);
    assert_int_equal(run(fixture, &newer, SESSION_REQUEST_WAIT, "8", 0), MAPI_RESPONSE_SUCCESS);
}

/* The answer of a wait can bring the client an older sequence after that of an Execute: its next request is no repetition. */
static void takes_the_sequence_a_wait_has_lent(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    struct session_ticket wait;
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_WAIT, "w", 0, &wait), MAPI_RESPONSE_SUCCESS);
    struct session_cookies lent;
    keep_cookies(&lent, &wait);
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_SUCCESS);
    struct session_cookies repeated = lent;
    assert_int_equal(run(fixture, &repeated, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_int_equal(run(fixture, &lent, SESSION_REQUEST_SEQUENCED, "2", 0), MAPI_RESPONSE_SUCCESS);
    /* Once only: without a further wait the same old value is stale again. */
    struct session_cookies stale = jar;
    assert_int_equal(run(fixture, &stale, SESSION_REQUEST_SEQUENCED, "3", 0), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_int_equal(run(fixture, &lent, SESSION_REQUEST_SEQUENCED, "4", 0), MAPI_RESPONSE_SUCCESS);
    session_return(fixture->table, &wait, 0);
}

/* MS-OXCMAPIHTTP R1223 R1224 R1225 R1283: 13 absent, 6 malformed, 10 dead or foreign */
static void answers_bad_cookies_each_with_its_code(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    static const enum session_request_kind kinds[] = {SESSION_REQUEST_SEQUENCED, SESSION_REQUEST_WAIT, SESSION_REQUEST_LAST,
                                                      SESSION_REQUEST_PING};
    for (size_t i = 0; i < 4; i++) {
        struct session_cookies cookies = none;
        assert_int_equal(run(fixture, &cookies, kinds[i], "1", 0),
                         kinds[i] == SESSION_REQUEST_PING ? MAPI_RESPONSE_SUCCESS : MAPI_RESPONSE_MISSING_COOKIE);
        cookies.context_state = SESSION_COOKIE_MALFORMED;
        assert_int_equal(run(fixture, &cookies, kinds[i], "1", 0), MAPI_RESPONSE_INVALID_CONTEXT_COOKIE);
        cookies = jar;
        cookies.context.data[3] ^= 1;
        assert_int_equal(run(fixture, &cookies, kinds[i], "1", 0), MAPI_RESPONSE_CONTEXT_NOT_FOUND);
        struct session_request request = request_of(&jar, kinds[i], "1");
        struct session_ticket ticket;
        request.user_id = bob.id;
        assert_int_equal(session_begin(fixture->table, &request, 0, &ticket), MAPI_RESPONSE_CONTEXT_NOT_FOUND);
        assert_null(ticket.context);
        request.user_id = ada.id;
        request.endpoint = SESSION_ENDPOINT_ADDRESS_BOOK;
        assert_int_equal(session_begin(fixture->table, &request, 0, &ticket), MAPI_RESPONSE_CONTEXT_NOT_FOUND);
    }
    struct session_cookies without_sequence = jar;
    without_sequence.sequence_state = SESSION_COOKIE_ABSENT;
    assert_int_equal(run(fixture, &without_sequence, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_MISSING_COOKIE);
    without_sequence.sequence_state = SESSION_COOKIE_ABSENT;
    assert_int_equal(run(fixture, &without_sequence, SESSION_REQUEST_WAIT, "1", 0), MAPI_RESPONSE_SUCCESS);
    without_sequence.sequence_state = SESSION_COOKIE_MALFORMED;
    assert_int_equal(run(fixture, &without_sequence, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_INVALID_SEQUENCE);
    /* None of this hurt the context. */
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "2", 0), MAPI_RESPONSE_SUCCESS);
}

static void an_invalid_body_advances_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    struct session_request request = request_of(&jar, SESSION_REQUEST_SEQUENCED, "1");
    struct session_ticket ticket;
    request.body_invalid = true;
    assert_int_equal(session_begin(fixture->table, &request, 0, &ticket), MAPI_RESPONSE_INVALID_REQUEST_BODY);
    assert_memory_equal(&ticket.cookie_sequence, &jar.sequence, sizeof jar.sequence);
    session_return(fixture->table, &ticket, 0);
    request.kind = SESSION_REQUEST_WAIT;
    assert_int_equal(session_begin(fixture->table, &request, 0, &ticket), MAPI_RESPONSE_INVALID_REQUEST_BODY);
    session_return(fixture->table, &ticket, 0);
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_SUCCESS);
}

/* MS-OXCMAPIHTTP R1217 R1284 R1285 R1248 R1260 */
static void expires_idle_contexts(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", IDLE_MS - 1), MAPI_RESPONSE_SUCCESS);
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_PING, "2", 2 * IDLE_MS - 2), MAPI_RESPONSE_SUCCESS); /* refreshes */
    struct session_ticket wait;
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_WAIT, "3", 3 * IDLE_MS - 3, &wait), MAPI_RESPONSE_SUCCESS);
    session_expire(fixture->table, 100 * IDLE_MS); /* a pending wait keeps it alive, however long */
    assert_int_equal(fixture->ended[SESSION_END_EXPIRED], 0);
    session_return(fixture->table, &wait, 100 * IDLE_MS); /* and refreshes at its end */
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "4", 101 * IDLE_MS - 1), MAPI_RESPONSE_SUCCESS);
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "5", 102 * IDLE_MS - 1), MAPI_RESPONSE_CONTEXT_NOT_FOUND);
    assert_int_equal(fixture->ended[SESSION_END_EXPIRED], 1);
    assert_int_equal(fixture->released, 1);
}

static void sweeps_what_has_expired(void **state)
{
    struct fixture *fixture = *state;
    connect_as(fixture, &ada, &none, 0);
    connect_as(fixture, &ada, &none, 500);
    assert_true(session_expire(fixture->table, 999) == 1000);
    assert_int_equal(session_table_counts(fixture->table).contexts, 2);
    assert_true(session_expire(fixture->table, 1000) == 1500);
    assert_int_equal(session_table_counts(fixture->table).contexts, 1);
    session_expire(fixture->table, 1500);
    struct session_counts counts = session_table_counts(fixture->table);
    assert_int_equal(counts.contexts, 0);
    assert_int_equal(counts.users, 0);
}

/* MS-OXCMAPIHTTP R1277 R1278 R1279 R1329 R1195 */
static void reconnects_with_old_cookies(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    struct session_cookies without_sequence = jar, stale = jar;
    stale.sequence.number = 77;
    struct session_cookies second = connect_as(fixture, &ada, &stale, 0);
    assert_int_equal(fixture->ended[SESSION_END_RECONNECT], 1);
    assert_memory_not_equal(&second.context, &jar.context, sizeof jar.context);
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_CONTEXT_NOT_FOUND);
    without_sequence = second;
    without_sequence.sequence_state = SESSION_COOKIE_ABSENT;
    struct session_cookies third = connect_as(fixture, &ada, &without_sequence, 0);
    assert_int_equal(fixture->ended[SESSION_END_RECONNECT], 2);
    /* Dead and malformed cookies do not hinder; another's context does not end. */
    connect_as(fixture, &ada, &jar, 0);
    struct session_cookies malformed = {.context_state = SESSION_COOKIE_MALFORMED};
    connect_as(fixture, &bob, &malformed, 0);
    connect_as(fixture, &bob, &third, 0);
    assert_int_equal(fixture->ended[SESSION_END_RECONNECT], 2);
    assert_int_equal(run(fixture, &third, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_SUCCESS);
}

static void ends_the_longest_idle_at_the_cap(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jars[4];
    struct session_ticket wait;
    for (uint64_t i = 0; i < 3; i++)
        jars[i] = connect_as(fixture, &ada, &none, i);
    connect_as(fixture, &bob, &none, 0);
    assert_int_equal(begin(fixture, &jars[0], SESSION_REQUEST_WAIT, "1", 5, &wait), MAPI_RESPONSE_SUCCESS);
    assert_int_equal(run(fixture, &jars[1], SESSION_REQUEST_SEQUENCED, "1", 6), MAPI_RESPONSE_SUCCESS);
    jars[3] = connect_as(fixture, &ada, &none, 7);
    assert_int_equal(fixture->ended[SESSION_END_CAP], 1);
    assert_int_equal(run(fixture, &jars[2], SESSION_REQUEST_SEQUENCED, "1", 7), MAPI_RESPONSE_CONTEXT_NOT_FOUND);
    assert_int_equal(run(fixture, &jars[1], SESSION_REQUEST_SEQUENCED, "2", 7), MAPI_RESPONSE_SUCCESS);
    session_return(fixture->table, &wait, 7);
    /* Where all have a request pending, the one that spoke longest ago goes; its wait is told. */
    struct session_ticket waits[3];
    struct session_cookies *live[] = {&jars[0], &jars[1], &jars[3]};
    for (int i = 0; i < 3; i++)
        assert_int_equal(begin(fixture, live[i], SESSION_REQUEST_WAIT, "w", 8, &waits[i]), MAPI_RESPONSE_SUCCESS);
    connect_as(fixture, &ada, &none, 9);
    assert_ptr_equal(fixture->last_ended, waits[0].context);
    assert_int_equal(fixture->released, 1); /* not before its wait is back */
    for (int i = 0; i < 3; i++)
        session_return(fixture->table, &waits[i], 10);
    assert_int_equal(fixture->released, 2);
}

/* docs/resend.md: a lost answer is given again, never made again */
static void gives_a_lost_answer_again(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0), next;
    struct session_ticket ticket, again;
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", 0, &ticket), MAPI_RESPONSE_SUCCESS);
    keep_cookies(&next, &ticket);
    assert_true(session_keeps_answers(fixture->table, &ticket));
    session_keep_answer(fixture->table, &ticket, BYTES_LITERAL("the answer"), fixture);
    /* Still running: 15. */
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", 0, &again), MAPI_RESPONSE_INVALID_SEQUENCE);
    session_return(fixture->table, &again, 0);
    session_return(fixture->table, &ticket, 0);
    for (int i = 0; i < 3; i++) { /* as often as needed */
        assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_SEQUENCED, "1", 0, &again), MAPI_RESPONSE_SUCCESS);
        assert_non_null(again.answer);
        assert_false(session_keeps_answers(fixture->table, &again));
        assert_true(bytes_equal(session_answer_content(again.answer), BYTES_LITERAL("the answer")));
        assert_memory_equal(&again.cookie_sequence, &next.sequence, sizeof next.sequence);
        session_answer_release(again.answer);
        session_return(fixture->table, &again, 0);
    }
    /* Same sequence, something else in it: not the same request. */
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_SEQUENCED, "2", 0, &again), MAPI_RESPONSE_INVALID_SEQUENCE);
    session_return(fixture->table, &again, 0);
    /* Delivered after all: 15 with the current cookies, unless our client marks the resend. */
    fixture->delivered = true;
    struct session_request request = request_of(&jar, SESSION_REQUEST_SEQUENCED, "1");
    assert_int_equal(session_begin(fixture->table, &request, 0, &again), MAPI_RESPONSE_INVALID_SEQUENCE);
    assert_memory_equal(&again.cookie_sequence, &next.sequence, sizeof next.sequence);
    assert_null(again.answer);
    session_return(fixture->table, &again, 0);
    request.resend_marked = true;
    assert_int_equal(session_begin(fixture->table, &request, 0, &again), MAPI_RESPONSE_SUCCESS);
    assert_non_null(again.answer);
    /* The next request forgets it, also while a resend is still being sent. */
    assert_int_equal(run(fixture, &next, SESSION_REQUEST_SEQUENCED, "1", 0), MAPI_RESPONSE_SUCCESS);
    assert_true(bytes_equal(session_answer_content(again.answer), BYTES_LITERAL("the answer")));
    session_answer_release(again.answer);
    session_return(fixture->table, &again, 0);
    assert_int_equal(fixture->deliveries_released, 1);
    assert_int_equal(session_begin(fixture->table, &request, 0, &again), MAPI_RESPONSE_INVALID_SEQUENCE);
    session_return(fixture->table, &again, 0);
    assert_int_equal(session_table_counts(fixture->table).kept_answers_size, 0);
}

/* Runs "1" with an answer of that size and asks for it again: 0 if it was given. */
static enum mapi_response_code keep_and_resend(struct fixture *fixture, struct session_cookies *jar, size_t size)
{
    struct session_ticket ticket, again;
    struct session_cookies used = *jar;
    char *content = calloc(1, size);
    assert_int_equal(begin(fixture, jar, SESSION_REQUEST_SEQUENCED, "1", 0, &ticket), MAPI_RESPONSE_SUCCESS);
    keep_cookies(jar, &ticket);
    session_keep_answer(fixture->table, &ticket, bytes_of(content, size), fixture);
    free(content);
    session_return(fixture->table, &ticket, 0);
    enum mapi_response_code code = begin(fixture, &used, SESSION_REQUEST_SEQUENCED, "1", 0, &again);
    assert_true((code == MAPI_RESPONSE_SUCCESS) == (again.answer != NULL));
    if (again.answer)
        session_answer_release(again.answer);
    session_return(fixture->table, &again, 0);
    return code;
}

static void keeps_answers_within_bounds(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies one = connect_as(fixture, &ada, &none, 0), two = connect_as(fixture, &ada, &none, 0);
    struct session_cookies one_used = one;
    struct session_ticket again;
    assert_int_equal(keep_and_resend(fixture, &one, 600), MAPI_RESPONSE_SUCCESS);
    assert_int_equal(keep_and_resend(fixture, &two, 600), MAPI_RESPONSE_SUCCESS); /* the other one's had to go */
    assert_int_equal(session_table_counts(fixture->table).kept_answers_size, 600);
    assert_int_equal(begin(fixture, &one_used, SESSION_REQUEST_SEQUENCED, "1", 0, &again), MAPI_RESPONSE_INVALID_SEQUENCE);
    session_return(fixture->table, &again, 0);
    assert_int_equal(keep_and_resend(fixture, &one, 1001), MAPI_RESPONSE_INVALID_SEQUENCE); /* too large for all of it */
    assert_int_equal(fixture->deliveries_released, 2);
    assert_int_equal(keep_and_resend(fixture, &one, 0), MAPI_RESPONSE_SUCCESS);
    session_table_configure(fixture->table, &(struct session_settings){.idle_timeout_ms = IDLE_MS,
                                                                       .contexts_per_user_max = 3, .resend = false,
                                                                       .kept_answers_size_max = 1000});
    assert_int_equal(keep_and_resend(fixture, &one, 1), MAPI_RESPONSE_INVALID_SEQUENCE); /* switched off */
}

static void ends_once_and_keeps_what_is_held(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    struct session_ticket ticket;
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_LAST, "1", 0, &ticket), MAPI_RESPONSE_SUCCESS);
    struct session_context *context = ticket.context;
    assert_false(session_context_ended(fixture->table, context));
    session_end(fixture->table, context, SESSION_END_DISCONNECT);
    session_end(fixture->table, context, SESSION_END_DISCONNECT);
    assert_int_equal(fixture->ended[SESSION_END_DISCONNECT], 1);
    assert_int_equal(fixture->released, 0);
    assert_true(session_context_ended(fixture->table, context));
    assert_string_equal(session_context_user(context)->account, "ada");
    session_return(fixture->table, &ticket, 0);
    assert_int_equal(fixture->released, 1);
    assert_int_equal(run(fixture, &jar, SESSION_REQUEST_PING, "2", 0), MAPI_RESPONSE_CONTEXT_NOT_FOUND);
}

static void gives_every_live_context_its_own_index(void **state)
{
    struct fixture *fixture = *state;
    bool seen[65536] = {false};
    session_table_configure(fixture->table, &(struct session_settings){.idle_timeout_ms = IDLE_MS,
                                                                       .contexts_per_user_max = 100000});
    struct session_context_id ids[1000];
    for (size_t i = 0; i < 1000; i++) {
        struct session_ticket ticket;
        assert_true(session_create(fixture->table, MAILBOX, &none, i % 2 ? &ada : &bob, i, &ticket));
        ids[i] = ticket.cookie_context;
        uint16_t index = session_context_index(ticket.context);
        assert_false(seen[index]);
        seen[index] = true;
        session_return(fixture->table, &ticket, i);
    }
    for (size_t i = 1; i < 1000; i++)
        assert_memory_not_equal(&ids[0], &ids[i], sizeof ids[0]);
    assert_int_equal(session_table_counts(fixture->table).contexts, 1000);
    assert_int_equal(session_table_counts(fixture->table).users, 2);
}

static void fingerprints_tell_parts_apart(void **state)
{
    struct fixture *fixture = *state;
    uint8_t a[SESSION_FINGERPRINT_SIZE], b[SESSION_FINGERPRINT_SIZE];
    session_fingerprint(fixture->table, BYTES_LITERAL("ab"), BYTES_LITERAL("c"), BYTES_LITERAL("d"), a);
    session_fingerprint(fixture->table, BYTES_LITERAL("ab"), BYTES_LITERAL("c"), BYTES_LITERAL("d"), b);
    assert_memory_equal(a, b, sizeof a);
    session_fingerprint(fixture->table, BYTES_LITERAL("a"), BYTES_LITERAL("bc"), BYTES_LITERAL("d"), b);
    assert_memory_not_equal(a, b, sizeof a);
    session_fingerprint(fixture->table, BYTES_LITERAL("ab"), BYTES_LITERAL("c"), BYTES_NONE, b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void reads_cookies(void **state)
{
    char context_text[SESSION_COOKIE_TEXT_SIZE], sequence_text[SESSION_COOKIE_TEXT_SIZE], header[300];
    struct session_context_id id;
    struct session_sequence sequence = {.number = 18};
    random_bytes(&id, sizeof id);
    random_bytes(sequence.data, sizeof sequence.data);
    session_context_id_format(&id, context_text);
    session_sequence_format(&sequence, sequence_text);

    struct session_cookies cookies = {0};
    snprintf(header, sizeof header, "a=b; MapiContext=%s ;MapiSequence=\"%s\"; MapiContextX=1", context_text, sequence_text);
    session_cookies_read(&cookies, bytes_of_string(header));
    assert_int_equal(cookies.context_state, SESSION_COOKIE_PRESENT);
    assert_int_equal(cookies.sequence_state, SESSION_COOKIE_PRESENT);
    assert_memory_equal(&cookies.context, &id, sizeof id);
    assert_true(cookies.sequence.number == 18);
    session_cookies_read(&cookies, bytes_of_string(header)); /* the same again, in another header */
    assert_int_equal(cookies.context_state, SESSION_COOKIE_PRESENT);
    session_cookies_read(&cookies, BYTES_LITERAL("MapiContext=00000000000000000000000000000000"));
    assert_int_equal(cookies.context_state, SESSION_COOKIE_MALFORMED); /* twice and different */

    static const char *const malformed[] = {"MapiContext=", "MapiContext=0", "MapiContext=0000000000000000000000000000000g",
                                            "MapiContext=0000000000000000000000000000000000",
                                            "MapiContext=0000000000000000000000000000000G"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        cookies = (struct session_cookies){0};
        session_cookies_read(&cookies, bytes_of_string(malformed[i]));
        assert_int_equal(cookies.context_state, SESSION_COOKIE_MALFORMED);
        assert_int_equal(cookies.sequence_state, SESSION_COOKIE_ABSENT);
    }
    static const char *const absent[] = {"", ";", "; ;;", "=", "=x", "mapicontext=1", "MapiContext", "xMapiContext=1", "\x80\xFF"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        cookies = (struct session_cookies){0};
        session_cookies_read(&cookies, bytes_of_string(absent[i]));
        assert_int_equal(cookies.context_state, SESSION_COOKIE_ABSENT);
    }
    static const char *const sequences[] = {"MapiSequence=1", "MapiSequence=1-", "MapiSequence=-0", "MapiSequence=x-",
                                            "MapiSequence=99999999999999999999-00000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        cookies = (struct session_cookies){0};
        session_cookies_read(&cookies, bytes_of_string(sequences[i]));
        assert_int_equal(cookies.sequence_state, SESSION_COOKIE_MALFORMED);
    }
}

/* Many threads on one context: exactly one of each round's equal requests is executed. For the thread sanitizer. */
struct racer {
    struct fixture *fixture;
    struct session_cookies jar;
    uint32_t executed;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    for (int i = 0; i < 2000; i++) {
        struct session_ticket ticket;
        char id[16];
        snprintf(id, sizeof id, "%p", (void *)racer);
        enum mapi_response_code code = begin(racer->fixture, &racer->jar, SESSION_REQUEST_SEQUENCED, id, 0, &ticket);
        assert_true(code == MAPI_RESPONSE_SUCCESS || code == MAPI_RESPONSE_INVALID_SEQUENCE);
        if (code == MAPI_RESPONSE_SUCCESS && !ticket.answer)
            racer->executed++;
        if (ticket.answer)
            session_answer_release(ticket.answer);
        keep_cookies(&racer->jar, &ticket);
        session_return(racer->fixture->table, &ticket, 0);
        session_expire(racer->fixture->table, 0);
    }
    return NULL;
}

static void one_of_many_threads_runs(void **state)
{
    struct fixture *fixture = *state;
    struct session_cookies jar = connect_as(fixture, &ada, &none, 0);
    pthread_t threads[4];
    struct racer racers[4];
    uint64_t executed = 0;
    for (int i = 0; i < 4; i++) {
        racers[i] = (struct racer){.fixture = fixture, .jar = jar};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        executed += racers[i].executed;
    }
    struct session_ticket ticket;
    assert_int_equal(begin(fixture, &jar, SESSION_REQUEST_PING, "", 0, &ticket), MAPI_RESPONSE_SUCCESS);
    assert_true(executed > 0);
    assert_true(ticket.cookie_sequence.number == 1 + executed); /* each execution moved it once, nothing else did */
    session_return(fixture->table, &ticket, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)
    const struct CMUnitTest tests[] = {
        TEST(runs_requests_in_order),
        TEST(refuses_overlap_but_of_wait_and_ping),
        TEST(takes_the_sequence_a_wait_has_lent),
        TEST(answers_bad_cookies_each_with_its_code),
        TEST(an_invalid_body_advances_nothing),
        TEST(expires_idle_contexts),
        TEST(sweeps_what_has_expired),
        TEST(reconnects_with_old_cookies),
        TEST(ends_the_longest_idle_at_the_cap),
        TEST(gives_a_lost_answer_again),
        TEST(keeps_answers_within_bounds),
        TEST(ends_once_and_keeps_what_is_held),
        TEST(gives_every_live_context_its_own_index),
        TEST(fingerprints_tell_parts_apart),
        TEST(reads_cookies),
        TEST(one_of_many_threads_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
