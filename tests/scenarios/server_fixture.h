/* A whole server in the test's process: loops, workers, endpoints, over loopback without TLS; with a directory of two users
 * and an executor that does what its payloads say instead of ROPs. */
#pragma once
#include "server/services.h"

/* What a payload may say (text; everything else is answered as it is):
 *   count          runs an effect and answers how many there have been
 *   sleep MS       works that long on its worker
 *   yield N        gives its turn away N times
 *   move USER      goes on at that user's mailbox and back
 *   size N         answers N bytes
 *   chain N        answers N payloads
 *   fail HEX       ErrorCode
 *   status HEX     StatusCode
 *   packed         answers how many payloads came
 *   events         takes the events that were queued, answers how many
 *   raise USER     queues an event for every session of that user
 *   codepage       answers what Connect said: code page, locales, administrator */
struct fake_executor;
struct rop_server;
struct store;

struct server_fixture {
    struct config *defaults;        /* whose texts it shares */
    struct config config;           /* change it, then server_fixture_start */
    struct server server;
    struct services *services;
    struct fake_executor *fake;
    char directory_path[64];
    char data_path[64], mailboxes_path[80]; /* what the health check looks at */
    struct directory *directory;
    struct settings *settings;
    uint16_t port;
    bool started;
    bool real; /* ROPs over a store in a folder of its own, instead of the executor that obeys words */
    struct rop_server *rops;
    struct store *store;
    char store_path[64];
};

/* Users ada and bob, password 'secret of <account>'; chief is an administrator, off is switched off, plain may not use
 * MAPI. Made once: hashing is slow. */
void server_fixture_open(struct server_fixture *fixture);
void server_fixture_close(struct server_fixture *fixture);
/* A fresh server with the configuration; defaults: server_fixture_configure. */
void server_fixture_configure(struct server_fixture *fixture);
void server_fixture_start(struct server_fixture *fixture);
void server_fixture_stop(struct server_fixture *fixture);

struct fake_executor *fake_executor_new(void);
void fake_executor_free(struct fake_executor *fake);
struct rop_executor fake_executor_contract(struct fake_executor *fake, struct directory *directory);
uint32_t fake_executor_effects(struct fake_executor *fake);
uint32_t fake_executor_sessions(struct fake_executor *fake);
void fake_executor_raise(struct fake_executor *fake, const char *account);
