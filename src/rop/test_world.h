/* What tests and the fuzzer of this layer run ROPs in: a store in a folder of its own, a directory of three people (ada, bob,
 * and eve, whose mailbox nobody has opened yet), and sessions. Not part of the server. */
#pragma once
#include "rop/executor.h"

struct test_world;

struct test_session {
    struct test_world *world;
    const struct directory_user *user;
    struct rop_executor executor;
    void *session;
    unsigned wakes; /* how often a notification woke it */
};

/* handles_max 0: the default. Aborts where the machine gives no folder or memory. */
struct test_world *test_world_new(uint32_t handles_max);
void test_world_free(struct test_world *world); /* with all its files */
/* The failing store (store/failing) that wraps the world's SQLite store. */
struct store *test_world_store(struct test_world *world);
void test_world_set_administrator(struct test_world *world, const char *account, bool administrator);
/* Gives the actor a right on the owner; both are accounts. */
void test_world_grant(struct test_world *world, const char *owner, const char *actor, enum directory_right right);
/* For sessions that begin from now on; lives as long as they. */
void test_world_set_audit(struct test_world *world, const struct audit_hook *audit);
void test_world_set_enabled(struct test_world *world, const char *account, bool enabled);

bool test_session_begin(struct test_world *world, const char *account, uint32_t codepage, bool administrator,
    struct test_session *ret_session);
void test_session_end(struct test_session *session); /* twice is harmless */
/* Goes on until the Execute is done, from strand to strand. */
void test_session_execute(struct test_session *session, struct rop_execution *execution);
bool test_session_event_pending(struct test_session *session);
