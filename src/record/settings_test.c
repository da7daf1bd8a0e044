#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/stat.h>

#include "record/settings.h"
#include "record/settings_file.h"

struct fixture {
    char folder[64], path[96];
    struct settings *settings;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/mapihttp-settings-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/administration.sqlite", fixture->folder);
    assert_int_equal(settings_open(fixture->path, &fixture->settings), SETTINGS_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    settings_close(fixture->settings);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static void put(struct settings *settings, const char *scope, const char *name, const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_int_equal(settings_set(settings, scope, name, value), SETTINGS_OK);
    json_decref(value);
}

static void expect(struct settings *settings, const char *scope, const char *name, const char *text)
{
    json_t *value = NULL, *wanted = text ? json_loads(text, 0, NULL) : NULL;
    assert_int_equal(settings_get(settings, scope, name, &value), text ? SETTINGS_OK : SETTINGS_NOT_FOUND);
    if (text)
        assert_true(json_equal(value, wanted));
    json_decref(value);
    json_decref(wanted);
}

static void values_are_kept_by_scope_and_name(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture->settings, SETTINGS_VIRTUAL_DIRECTORY, "mapi", NULL);
    put(fixture->settings, SETTINGS_VIRTUAL_DIRECTORY, "mapi", "{\"InternalUrl\": \"https://a/mapi\"}");
    expect(fixture->settings, SETTINGS_VIRTUAL_DIRECTORY, "MAPI", "{\"InternalUrl\": \"https://a/mapi\"}");
    expect(fixture->settings, SETTINGS_ORGANIZATION, "mapi", NULL);
    put(fixture->settings, SETTINGS_VIRTUAL_DIRECTORY, "Mapi", "{\"InternalUrl\": null}");
    expect(fixture->settings, SETTINGS_VIRTUAL_DIRECTORY, "mapi", "{\"InternalUrl\": null}");
    assert_int_equal(settings_set(fixture->settings, SETTINGS_VIRTUAL_DIRECTORY, "mapi", NULL), SETTINGS_OK);
    expect(fixture->settings, SETTINGS_VIRTUAL_DIRECTORY, "mapi", NULL);
}

/* A name that does not fit into what is kept in memory is read from the file each time. */
static void long_names_are_names_too(void **state)
{
    struct fixture *fixture = *state;
    char a[1000], b[1000];
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    a[999] = b[999] = 0;
    b[998] = 'y';
    put(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, a, "{\"n\": 1}");
    put(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, b, "{\"n\": 2}");
    expect(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, a, "{\"n\": 1}");
    expect(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, b, "{\"n\": 2}");
}

static void a_scope_is_listed_in_order(void **state)
{
    struct fixture *fixture = *state;
    json_t *values = NULL;
    put(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, "zebra", "{\"n\": 1}");
    put(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, "Ant", "{\"n\": 2}");
    put(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 3}");
    assert_int_equal(settings_list(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, &values), SETTINGS_OK);
    assert_int_equal(json_object_size(values), 2);
    assert_string_equal(json_object_iter_key(json_object_iter(values)), "Ant");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(values, "zebra"), "n")), 1);
    json_decref(values);
}

/* The command may change what the server has read: both have the file open. */
static void another_handle_sees_a_change_soon(void **state)
{
    struct fixture *fixture = *state;
    struct settings *other;
    put(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 1}");
    assert_int_equal(settings_open(fixture->path, &other), SETTINGS_OK);
    expect(other, SETTINGS_ORGANIZATION, "", "{\"n\": 1}");
    uint64_t version = settings_version(other);
    put(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 2}");
    nanosleep(&(struct timespec){0, 2 * CHANGE_COUNTER_PERIOD_MS * 1000000L}, NULL);
    assert_true(settings_version(other) != version);
    expect(other, SETTINGS_ORGANIZATION, "", "{\"n\": 2}");
    version = settings_version(other);
    expect(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 2}");
    assert_true(settings_version(other) == version);
    settings_close(other);
}

/* What was handed out stays what it was. */
static void values_handed_out_do_not_change(void **state)
{
    struct fixture *fixture = *state;
    json_t *value;
    put(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 1}");
    assert_int_equal(settings_get(fixture->settings, SETTINGS_ORGANIZATION, "", &value), SETTINGS_OK);
    put(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 2}");
    assert_int_equal(json_integer_value(json_object_get(value, "n")), 1);
    json_decref(value);
}

static void the_file_is_for_its_owner_alone(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void damaged_and_later_files_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct settings *other = NULL;
    assert_int_equal(settings_run(settings_query(fixture->settings, "PRAGMA user_version=2")), SETTINGS_OK);
    assert_int_equal(settings_open(fixture->path, &other), SETTINGS_CORRUPT);
    settings_close(fixture->settings);
    fixture->settings = NULL;
    FILE *file = fopen(fixture->path, "w");
    for (int i = 0; i < 4096; i++)
        fputs("no database ", file);
    fclose(file);
    assert_int_equal(settings_open(fixture->path, &other), SETTINGS_CORRUPT);
    assert_int_equal(settings_open("/nowhere/administration.sqlite", &other), SETTINGS_UNAVAILABLE);
    assert_null(other);
}

static void a_value_that_is_no_object_is_damage(void **state)
{
    struct fixture *fixture = *state;
    json_t *value = NULL;
    assert_int_equal(settings_run(settings_query(fixture->settings, "INSERT INTO setting VALUES('organization', '', '{broken')")), SETTINGS_OK);
    assert_int_equal(settings_get(fixture->settings, SETTINGS_ORGANIZATION, "", &value), SETTINGS_CORRUPT);
    assert_int_equal(settings_list(fixture->settings, SETTINGS_ORGANIZATION, &value), SETTINGS_CORRUPT);
    assert_null(value);
}

/* --- changing what is there --- */

static bool count_up(json_t *object, void *argument)
{
    json_int_t n = json_integer_value(json_object_get(object, "n"));
    json_object_set_new(object, "n", json_integer(n + 1));
    return *(bool *)argument;
}

static void a_change_keeps_what_came_out(void **state)
{
    struct fixture *fixture = *state;
    bool keep = true;
    put(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"other\": 7}");
    for (int i = 0; i < 3; i++)
        assert_int_equal(settings_change(fixture->settings, SETTINGS_ORGANIZATION, "", count_up, &keep), SETTINGS_OK);
    expect(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"other\": 7, \"n\": 3}");
    keep = false;
    uint64_t version = settings_version(fixture->settings);
    assert_int_equal(settings_change(fixture->settings, SETTINGS_ORGANIZATION, "", count_up, &keep), SETTINGS_OK);
    assert_true(settings_version(fixture->settings) == version);
    expect(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"other\": 7, \"n\": 3}");
}

static bool forget(json_t *object, void *argument)
{
    (void)argument;
    return json_object_clear(object) == 0;
}

static void an_object_that_becomes_empty_is_gone(void **state)
{
    struct fixture *fixture = *state;
    put(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 7}");
    assert_int_equal(settings_change(fixture->settings, SETTINGS_ORGANIZATION, "", forget, NULL), SETTINGS_OK);
    expect(fixture->settings, SETTINGS_ORGANIZATION, "", NULL);
}

struct counter {
    pthread_t thread;
    const char *path;
};

static void *count_in_a_thread(void *argument)
{
    const struct counter *counter = argument;
    struct settings *settings;
    bool keep = true;
    if (settings_open(counter->path, &settings) != SETTINGS_OK)
        return NULL;
    for (int i = 0; i < 10; i++)
        if (settings_change(settings, SETTINGS_ORGANIZATION, "", count_up, &keep) != SETTINGS_OK)
            break;
    settings_close(settings);
    return NULL;
}

/* Several processes change the same object: none of the changes is lost. */
static void changes_do_not_overwrite_one_another(void **state)
{
    struct fixture *fixture = *state;
    struct counter counters[4];
    for (int i = 0; i < 4; i++) {
        counters[i].path = fixture->path;
        assert_int_equal(pthread_create(&counters[i].thread, NULL, count_in_a_thread, &counters[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(counters[i].thread, NULL);
    expect(fixture->settings, SETTINGS_ORGANIZATION, "", "{\"n\": 40}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_kept_by_scope_and_name, setup, teardown),
        cmocka_unit_test_setup_teardown(long_names_are_names_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_scope_is_listed_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(another_handle_sees_a_change_soon, setup, teardown),
        cmocka_unit_test_setup_teardown(values_handed_out_do_not_change, setup, teardown),
        cmocka_unit_test_setup_teardown(the_file_is_for_its_owner_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_and_later_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_that_is_no_object_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_keeps_what_came_out, setup, teardown),
        cmocka_unit_test_setup_teardown(an_object_that_becomes_empty_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_do_not_overwrite_one_another, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
