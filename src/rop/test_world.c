#include "rop/test_world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "store/failing/failing_store.h"
#include "store/sqlite/sqlite_store.h"

#define PERSON_COUNT 3

struct test_world {
    struct directory directory; /* first */
    struct directory_user people[PERSON_COUNT];
    bool granted[DIRECTORY_RIGHT_COUNT][PERSON_COUNT][PERSON_COUNT]; /* by right, owner, actor */
    char folder[64];
    struct store *store;
    struct rop_server *server;
    const struct audit_hook *audit;
};

static enum directory_status find(struct directory *directory, struct arena *arena, enum directory_key key,
    const char *value, struct directory_user *ret_user)
{
    struct test_world *world = (struct test_world *)directory;
    (void)arena;
    (void)key;
    for (int i = 0; i < PERSON_COUNT; i++) {
        if (text_equal_ignoring_case(world->people[i].legacy_dn, value)) {
            *ret_user = world->people[i];
            return DIRECTORY_OK;
        }
    }
    return strstr(value, "unavailable") ? DIRECTORY_UNAVAILABLE : DIRECTORY_NOT_FOUND;
}

static bool has_right(struct directory *directory, struct guid actor, enum directory_right right, struct guid owner)
{
    struct test_world *world = (struct test_world *)directory;
    bool granted = false;
    for (int i = 0; i < PERSON_COUNT; i++) {
        for (int j = 0; j < PERSON_COUNT; j++)
            granted |= guid_equal(world->people[i].id, owner) && guid_equal(world->people[j].id, actor) && world->granted[right][i][j];
    }
    return granted;
}

static const struct directory_type type = {.find = find, .has_right = has_right};

static void add_person(struct test_world *world, int index, const char *account, const char *display_name,
    const char *address, const char *legacy_dn)
{
    world->people[index] = (struct directory_user){
        .id = guid_random(),
        .mailbox_guid = guid_random(),
        .account = account,
        .display_name = display_name,
        .address = address,
        .legacy_dn = legacy_dn,
        .enabled = true,
    };
}

struct test_world *test_world_new(uint32_t handles_max)
{
    struct test_world *world = calloc(1, sizeof *world);
    if (!world)
        abort();
    world->directory.type = &type;
    add_person(world, 0, "ada", "Ada Lovelace", "ada@example.com", "/o=Example/ou=Site/cn=Recipients/cn=ada");
    add_person(world, 1, "bob", "Bob Boole", "bob@example.com", "/o=Example/ou=Site/cn=Recipients/cn=bob");
    add_person(world, 2, "eve", "Eve Euler", "eve@example.com", "/o=Example/ou=Site/cn=Recipients/cn=eve");
    /* Memory where there is some: a test waits for no disk. */
    snprintf(world->folder, sizeof world->folder, "%s/mapihttp-rop-XXXXXX",
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    struct store *store;
    if (!mkdtemp(world->folder) ||
        store_sqlite_open(&(struct store_sqlite_configuration){.directory = world->folder, .unsafe_without_sync = true}, &store) != STORE_OK)
        abort();
    world->store = store_failing_wrap(store);
    world->server = rop_server_new(&(struct rop_server_settings){
        .store = world->store,
        .directory = &world->directory,
        .open_mailboxes_max = 2,
        .handles_per_context_max = handles_max,
    });
    if (!world->store || !world->server)
        abort();
    return world;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
    (void)status;
    (void)flag;
    (void)walk;
    return remove(path);
}

void test_world_free(struct test_world *world)
{
    rop_server_free(world->server);
    store_close(world->store);
    nftw(world->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(world);
}

struct store *test_world_store(struct test_world *world)
{
    return world->store;
}

void test_world_set_administrator(struct test_world *world, const char *account, bool administrator)
{
    for (int i = 0; i < PERSON_COUNT; i++) {
        if (!strcmp(world->people[i].account, account))
            world->people[i].administrator = administrator;
    }
}

static int person_of(const struct test_world *world, const char *account)
{
    int found = 0;
    while (found < PERSON_COUNT && strcmp(world->people[found].account, account) != 0)
        found++;
    if (found == PERSON_COUNT)
        abort();
    return found;
}

void test_world_grant(struct test_world *world, const char *owner, const char *actor, enum directory_right right)
{
    world->granted[right][person_of(world, owner)][person_of(world, actor)] = true;
}

void test_world_set_audit(struct test_world *world, const struct audit_hook *audit)
{
    world->audit = audit;
}

void test_world_set_enabled(struct test_world *world, const char *account, bool enabled)
{
    for (int i = 0; i < PERSON_COUNT; i++) {
        if (!strcmp(world->people[i].account, account))
            world->people[i].enabled = enabled;
    }
}

static void wake(void *wake_context)
{
    struct test_session *session = wake_context;
    session->wakes++;
}

bool test_session_begin(struct test_world *world, const char *account, uint32_t codepage, bool administrator,
    struct test_session *session)
{
    *session = (struct test_session){.world = world, .executor = rop_server_executor(world->server)};
    for (int i = 0; i < PERSON_COUNT; i++) {
        if (!strcmp(world->people[i].account, account))
            session->user = &world->people[i];
    }
    const struct rop_session_parameters parameters = {
        .user = session->user,
        .codepage = codepage,
        .locale_sort = 0x409,
        .locale_string = 0x409,
        .administrator = administrator,
        .session_index = 7,
        .wake = wake,
        .wake_context = session,
        .audit = world->audit,
    };
    return session->user &&
        session->executor.session_create(session->executor.user, &parameters, &session->session) == 0;
}

void test_session_end(struct test_session *session)
{
    if (session->session)
        session->executor.session_destroy(session->executor.user, session->session);
    session->session = NULL;
}

void test_session_execute(struct test_session *session, struct rop_execution *execution)
{
    execution->mailbox_guid = session->user->mailbox_guid;
    while (session->executor.execute(session->executor.user, session->session, execution) == ROP_EXECUTION_CONTINUE)
        ;
}

bool test_session_event_pending(struct test_session *session)
{
    return session->executor.event_pending(session->executor.user, session->session);
}
