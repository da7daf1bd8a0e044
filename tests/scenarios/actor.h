/* The people of a scenario: who they are, what cookies they hold, what they sent last, what they were answered. */
#pragma once
#include "client.h"
#include "server_fixture.h"

#define ACTORS_MAX 16
#define CONNECTIONS_MAX 16

struct actor {
    char name[32];
    char account[64];          /* what is typed as the account; the name unless said otherwise */
    char password[64];
    struct client_jar jars[2]; /* mailbox, address book */
    struct client_jar before;  /* the jar as it was before the last answer */
    bool address_book;         /* the last request's endpoint */
    int connections[CONNECTIONS_MAX]; /* -1: none */
    unsigned request_number;
    struct client_request request; /* the last one, for 'again' */
    struct arena arena;            /* of request and answer */
    struct client_answer answer;
    uint8_t handles[8][4];         /* the handle table of the last answer with ROPs: $0 to $7 */
};

/* The words of one line; quoted ones without their quotes. */
struct words {
    char *word[64];
    unsigned count, at;
};
const char *words_next(struct words *words);              /* NULL at the end */
bool words_take(struct words *words, const char *expected); /* the next word, if it is that one */
unsigned words_number(struct words *words);               /* decimal or 0x...; fails the test otherwise */

/* Stops the program with the line that went wrong. */
void scenario_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* 'ada sends Execute payload "count"' from the type on. */
void actor_send(struct actor *actor, struct actor *all, struct server_fixture *fixture, struct words *words);
void actor_receive(struct actor *actor, unsigned connection);
/* A line about the last answer; false where the word is none of its. */
bool actor_expect(struct actor *actor, struct words *words);
