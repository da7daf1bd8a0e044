/* For tests of the embedded directory: one in a temporary file, with the organisation 'Engine' of engine.test. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/change_counter.h"
#include "directory/embedded.h"

/* Until what another handle has changed is noticed. */
static inline void embedded_fixture_wait(void)
{
    nanosleep(&(struct timespec){0, 2 * CHANGE_COUNTER_PERIOD_MS * 1000000L}, NULL);
}

struct embedded_fixture {
    char path[64];
    struct directory *directory;
    struct arena arena;
    struct embedded_error error;
};

/* A file that is there and empty. */
static inline struct embedded_fixture *new_embedded_fixture(void)
{
    struct embedded_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    strcpy(fixture->path, "/tmp/mapihttp-directory-XXXXXX");
    int file = mkstemp(fixture->path);
    assert_true(file >= 0);
    close(file);
    return fixture;
}

static inline int open_embedded_fixture(void **state)
{
    struct embedded_fixture *fixture = new_embedded_fixture();
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
    assert_int_equal(embedded_directory_set_organization(fixture->directory, "Engine", "Engine.Test", NULL), DIRECTORY_OK);
    *state = fixture;
    return 0;
}

static inline int close_embedded_fixture(void **state)
{
    struct embedded_fixture *fixture = *state;
    directory_close(fixture->directory);
    unlink(fixture->path);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* Fails with the error's text. */
#define assert_done(fixture, call)                                                                   \
    do {                                                                                             \
        enum directory_status status_ = (call);                                                      \
        if (status_ != DIRECTORY_OK)                                                                 \
            fail_msg("%s: %s: %s", #call, directory_status_text(status_), (fixture)->error.text);    \
    } while (0)
/* Fails unless the status is that one and the error's text has 'words' in it. */
#define assert_refused(fixture, call, expected, words)                                               \
    do {                                                                                             \
        enum directory_status status_ = (call);                                                      \
        if (status_ != (expected) || !strstr((fixture)->error.text, words))                          \
            fail_msg("%s: %s: %s", #call, directory_status_text(status_), (fixture)->error.text);    \
    } while (0)

static inline struct directory_entry add_entry(struct embedded_fixture *fixture, const struct embedded_entry *entry)
{
    struct directory_entry added = {0};
    assert_done(fixture, embedded_directory_add_entry(fixture->directory, &fixture->arena, entry, &added, &fixture->error));
    return added;
}

static inline struct directory_entry entry_by(struct embedded_fixture *fixture, enum directory_key key, const char *value)
{
    struct directory_entry entry = {0};
    enum directory_status status = directory_find_entry(fixture->directory, &fixture->arena, key, value, &entry);
    if (status != DIRECTORY_OK)
        fail_msg("%s: %s", value, directory_status_text(status));
    return entry;
}
