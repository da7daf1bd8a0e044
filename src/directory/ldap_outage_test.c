/* Servers that are down, come back, say nothing, say half of something, are not who they should be, or give less than was asked
 * for; and many who ask at once. */
#include "directory/slapd_fixture.h"

#include <fcntl.h>
#include <pthread.h>

#include "base/filetime.h"
#include "directory/ldap_cache.h"

#define MANY 5000
#define SLACK_MS 2500 /* a busy machine */

static struct slapd *slapd;

static int start_many(void **state)
{
    char path[64] = "/tmp/mapihttp-many-XXXXXX", original[512];
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    int descriptor = mkstemp(path), c;
    FILE *file = fdopen(descriptor, "w");
    snprintf(original, sizeof original, "%s/tests/ldap/inetorgperson.ldif", root ? root : ".");
    FILE *from = fopen(original, "r");
    assert_non_null(file);
    assert_non_null(from);
    while ((c = fgetc(from)) != EOF)
        fputc(c, file);
    fclose(from);
    for (unsigned i = 0; i < MANY; i++)
        fprintf(file, "\ndn: uid=user%u,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: user%u\ncn: User %u\nsn: User\n"
                      "mail: user%u@example.org\n", i, i, i, i);
    fprintf(file, "\ndn: ou=elsewhere,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n"
                  "ref: ldap://127.0.0.1:1/ou=elsewhere,dc=example,dc=org\n");
    assert_int_equal(fclose(file), 0);
    slapd = slapd_new(path, "");
    unlink(path);
    return 0;
}

static int stop_many(void **state)
{
    slapd_free(slapd);
    return 0;
}

static struct ldap_directory_settings settings_of(const char *urls)
{
    struct ldap_directory_settings settings = slapd_settings(slapd, LDAP_SCHEMA_INET_ORG_PERSON);
    settings.urls = urls;
    settings.connect_timeout_ms = 4000;
    settings.timeout_ms = 10000;
    *slapd->notices = '\0';
    return settings;
}

static enum directory_status find(struct directory *directory, const char *account)
{
    struct arena arena = {0};
    struct directory_user user;
    enum directory_status status = directory_find(directory, &arena, DIRECTORY_KEY_LOGON, account, &user);
    arena_free(&arena);
    return status;
}

static enum directory_status verify(struct directory *directory, const char *account, const char *password)
{
    struct arena arena = {0};
    struct directory_user user;
    enum directory_status status = directory_verify_password(directory, &arena, account, password, &user);
    arena_free(&arena);
    return status;
}

static enum directory_status count_entries(struct directory *directory, uint32_t page, uint32_t *ret_count)
{
    struct arena arena = {0};
    struct guid after;
    struct directory_entry *entries;
    uint32_t count, total = 0;
    enum directory_status status;
    do {
        status = directory_entries(directory, &arena, total ? &after : NULL, page, &count, &entries);
        if (status == DIRECTORY_OK && count) {
            assert_true(!total || memcmp(after.data, entries[0].id.data, sizeof after.data) < 0);
            after = entries[count - 1].id;
            total += count;
        }
        arena_reset(&arena);
    } while (status == DIRECTORY_OK && count == page);
    arena_free(&arena);
    *ret_count = total;
    return status;
}

/* --- down and up again --- */

static void a_restarted_server_is_not_noticed(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    struct directory *directory = slapd_directory(&settings, NULL);
    assert_int_equal(find(directory, "ada"), DIRECTORY_OK);
    slapd_stop(slapd);
    slapd_start(slapd);
    assert_int_equal(find(directory, "ada"), DIRECTORY_OK); /* on a connection that is dead */
    slapd_stop(slapd);
    uint64_t start = monotonic_ms();
    assert_int_equal(find(directory, "ada"), DIRECTORY_UNAVAILABLE);
    assert_int_equal(verify(directory, "ada", "ada secret"), DIRECTORY_UNAVAILABLE);
    assert_true(monotonic_ms() - start < 1500 + SLACK_MS);
    assert_non_null(strstr(slapd->notices, slapd->url));
    slapd_start(slapd);
    assert_int_equal(find(directory, "ada"), DIRECTORY_OK);
    assert_int_equal(verify(directory, "ada", "ada secret"), DIRECTORY_OK);
    assert_non_null(strstr(slapd->notices, "answers again"));
    directory_close(directory);
}

static void answers_are_remembered_for_a_while(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    settings.cache_ms = 2500;
    struct directory *directory = slapd_directory(&settings, NULL);
    assert_int_equal(find(directory, "ada"), DIRECTORY_OK);
    assert_int_equal(find(directory, "nobody"), DIRECTORY_NOT_FOUND);
    slapd_stop(slapd);
    assert_int_equal(find(directory, "ada"), DIRECTORY_OK);
    assert_int_equal(find(directory, "ADA"), DIRECTORY_OK);
    assert_int_equal(find(directory, "nobody"), DIRECTORY_NOT_FOUND);
    assert_int_equal(find(directory, "bob"), DIRECTORY_UNAVAILABLE);
    assert_int_equal(verify(directory, "ada", "ada secret"), DIRECTORY_UNAVAILABLE); /* passwords never are */
    sleep_ms(2600);
    assert_int_equal(find(directory, "ada"), DIRECTORY_UNAVAILABLE);
    slapd_start(slapd);
    assert_int_equal(find(directory, "ada"), DIRECTORY_OK);
    directory_close(directory);
}

static void the_cache_is_bounded(void **state)
{
    struct ldap_cache *cache = ldap_cache_new(60000);
    struct ldap_record record = {.dn = "cn=x", .principal = "", .entry = {.account = "x", .display_name = "x", .address = "", .legacy_dn = "", .rule = ""}};
    struct ldap_record found;
    struct arena arena = {0};
    char key[32];
    uint32_t count;
    size_t size;
    for (unsigned i = 0; i < LDAP_CACHE_COUNT_MAX * 2; i++) {
        snprintf(key, sizeof key, "key %u", i);
        ldap_cache_put(cache, key, i % 2 ? &record : NULL, 0);
    }
    ldap_cache_extent(cache, &count, &size);
    assert_true(count > 1000 && count <= LDAP_CACHE_COUNT_MAX && size <= LDAP_CACHE_SIZE_MAX);
    assert_int_equal(ldap_cache_get(cache, "key 0", &arena, &found), LDAP_CACHE_UNKNOWN);
    assert_int_equal(ldap_cache_get(cache, key, &arena, &found), LDAP_CACHE_FOUND);
    assert_string_equal(found.entry.account, "x");
    ldap_cache_clear(cache);
    assert_int_equal(ldap_cache_get(cache, key, &arena, &found), LDAP_CACHE_UNKNOWN);
    ldap_cache_put(cache, key, &record, 0); /* asked before the clear, answered after it */
    assert_int_equal(ldap_cache_get(cache, key, &arena, &found), LDAP_CACHE_UNKNOWN);
    ldap_cache_extent(cache, &count, &size);
    assert_int_equal(size, 0);
    ldap_cache_free(cache);
    arena_free(&arena);
}

/* --- silence --- */

/* Accepts connections, reads, and after the first bytes sends 'answer' (NULL: nothing), then waits until it is ended. */
struct silent {
    int listener;
    uint16_t port;
    const char *answer;
    size_t answer_size;
    pthread_t thread;
    int stop[2];
};

static void *be_silent(void *argument)
{
    struct silent *silent = argument;
    int clients[64];
    unsigned count = 0;
    char unread[1024];
    bool answered[64] = {false};
    while (count < 64) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(silent->listener, &set);
        FD_SET(silent->stop[0], &set);
        int highest = silent->listener > silent->stop[0] ? silent->listener : silent->stop[0];
        for (unsigned i = 0; i < count; i++) {
            if (!answered[i])
                FD_SET(clients[i], &set);
            highest = clients[i] > highest ? clients[i] : highest;
        }
        select(highest + 1, &set, NULL, NULL, NULL);
        if (FD_ISSET(silent->stop[0], &set))
            break;
        for (unsigned i = 0; i < count; i++) {
            if (answered[i] || !FD_ISSET(clients[i], &set))
                continue;
            answered[i] = true;
            if (read(clients[i], unread, sizeof unread) > 0 && silent->answer &&
                write(clients[i], silent->answer, silent->answer_size) < 0)
                break;
        }
        if (FD_ISSET(silent->listener, &set))
            clients[count++] = accept(silent->listener, NULL, NULL);
    }
    while (count)
        close(clients[--count]);
    return NULL;
}

static void silent_start(struct silent *silent, const char *answer, size_t answer_size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *silent = (struct silent){.answer = answer, .answer_size = answer_size};
    silent->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(silent->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(silent->listener, 16), 0);
    assert_int_equal(getsockname(silent->listener, (struct sockaddr *)&address, &size), 0);
    silent->port = ntohs(address.sin_port);
    assert_int_equal(pipe2(silent->stop, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&silent->thread, NULL, be_silent, silent), 0);
}

static void silent_stop(struct silent *silent)
{
    assert_int_equal(write(silent->stop[1], "x", 1), 1);
    pthread_join(silent->thread, NULL);
    close(silent->listener);
    close(silent->stop[0]);
    close(silent->stop[1]);
}

/* Nobody waits longer than the time-out, whatever part of an answer came. */
static void silence_ends_in_time(void **state)
{
    /* the beginnings of a bind response, and what is no LDAP at all */
    static const struct {
        const char *answer;
        size_t size;
    } answers[] = {{NULL, 0}, {"\x30", 1}, {"\x30\x0c\x02\x01\x01\x61", 6}, {"\x30\x84\x7f\xff\xff\xff\x02\x01", 8}, {"HTTP/1.1 400 Bad Request\r\n\r\n", 28}};
    static const char *const schemes[] = {"ldap", "ldaps"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        for (size_t j = 0; j < 4; j++) {
            struct silent silent;
            char url[64];
            silent_start(&silent, answers[i].answer, answers[i].size);
            snprintf(url, sizeof url, "%s://127.0.0.1:%u", schemes[j % 2], silent.port);
            struct ldap_directory_settings settings = settings_of(url);
            settings.start_tls = j / 2;
            settings.connect_timeout_ms = 200;
            settings.timeout_ms = 600;
            struct directory *directory = slapd_directory(&settings, NULL);
            uint64_t start = monotonic_ms();
            assert_int_equal(find(directory, "ada"), DIRECTORY_UNAVAILABLE);
            uint64_t first = monotonic_ms() - start;
            if (first >= settings.timeout_ms + SLACK_MS)
                fail_msg("answer %zu over %s: %u ms", i, url, (unsigned)first);
            start = monotonic_ms();
            assert_int_equal(verify(directory, "ada", "ada secret"), DIRECTORY_UNAVAILABLE);
            assert_true(monotonic_ms() - start < settings.timeout_ms + SLACK_MS);
            directory_close(directory);
            silent_stop(&silent);
        }
    }
}

static void another_server_takes_over(void **state)
{
    struct silent silent;
    char urls[256];
    silent_start(&silent, NULL, 0);
    snprintf(urls, sizeof urls, "ldap://127.0.0.1:%u ldap://127.0.0.1:1 %s", silent.port, slapd->url);
    struct ldap_directory_settings settings = settings_of(urls);
    settings.connect_timeout_ms = 2000;
    struct directory *directory = slapd_directory(&settings, NULL);
    uint64_t start = monotonic_ms();
    assert_int_equal(find(directory, "ada"), DIRECTORY_OK);
    assert_true(monotonic_ms() - start < 2000 + SLACK_MS);
    start = monotonic_ms();
    assert_int_equal(verify(directory, "ada", "ada secret"), DIRECTORY_OK);
    assert_int_equal(verify(directory, "ada", "wrong"), DIRECTORY_WRONG_PASSWORD);
    assert_true(monotonic_ms() - start < 2000); /* the silent one rests */
    directory_close(directory);
    silent_stop(&silent);
}

/* --- certificates --- */

static enum directory_status find_with(struct ldap_directory_settings settings)
{
    struct directory *directory = slapd_directory(&settings, NULL);
    enum directory_status status = find(directory, "ada");
    directory_close(directory);
    return status;
}

static void certificates_are_verified(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    char other[128];
    slapd_make_certificate(slapd, "other", "IP:127.0.0.1");
    snprintf(other, sizeof other, "%s/other.pem", slapd->folder);
    const char *const urls[] = {slapd->url, slapd->tls_url};
    for (size_t i = 0; i < 2; i++) {
        settings.urls = urls[i];
        settings.ca_file = slapd->ca_file;
        settings.verify_certificate = true;
        assert_int_equal(find_with(settings), DIRECTORY_OK);
        settings.ca_file = other; /* signed by somebody else */
        assert_int_equal(find_with(settings), DIRECTORY_UNAVAILABLE);
        settings.ca_file = "";
        assert_int_equal(find_with(settings), DIRECTORY_UNAVAILABLE);
        settings.verify_certificate = false;
        assert_int_equal(find_with(settings), DIRECTORY_OK);
    }
    settings = settings_of(slapd->url);
    settings.start_tls = false;
    assert_int_equal(find_with(settings), DIRECTORY_OK);
    /* A good certificate of another name. */
    slapd_stop(slapd);
    slapd_make_certificate(slapd, "server", "DNS:elsewhere.test");
    slapd_start(slapd);
    settings.start_tls = true;
    assert_int_equal(find_with(settings), DIRECTORY_UNAVAILABLE);
    settings.urls = slapd->tls_url;
    assert_int_equal(find_with(settings), DIRECTORY_UNAVAILABLE);
    settings.verify_certificate = false;
    assert_int_equal(find_with(settings), DIRECTORY_OK);
    slapd_stop(slapd);
    slapd_make_certificate(slapd, "server", "IP:127.0.0.1");
    slapd_start(slapd);
}

/* --- less than was asked for --- */

static void a_referral_is_not_followed(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    settings.base_dn = "dc=elsewhere,dc=test";
    struct directory *directory = slapd_directory(&settings, NULL);
    struct ldap_directory_error error;
    assert_int_equal(find(directory, "ada"), DIRECTORY_UNAVAILABLE);
    assert_int_equal(ldap_directory_check(directory, &error), DIRECTORY_UNAVAILABLE);
    assert_non_null(strstr(error.text, "dc=elsewhere,dc=test"));
    directory_close(directory);
}

static void too_small_a_limit_is_told(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    uint32_t count;
    settings.bind_dn = "cn=limited,dc=example,dc=org";
    struct directory *directory = slapd_directory(&settings, NULL);
    assert_int_equal(count_entries(directory, 1000, &count), DIRECTORY_UNAVAILABLE); /* rather than a part of the people */
    assert_non_null(strstr(slapd->notices, "no more than"));
    assert_int_equal(find(directory, "user17"), DIRECTORY_OK);
    directory_close(directory);
}

static void a_refused_bind_of_ours_is_told(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    struct ldap_directory_error error;
    settings.bind_password = "wrong";
    struct directory *directory = slapd_directory(&settings, NULL);
    assert_int_equal(find(directory, "ada"), DIRECTORY_UNAVAILABLE);
    assert_int_equal(verify(directory, "ada", "ada secret"), DIRECTORY_UNAVAILABLE);
    assert_non_null(strstr(slapd->notices, "Invalid credentials"));
    assert_int_equal(ldap_directory_check(directory, &error), DIRECTORY_UNAVAILABLE);
    directory_close(directory);
}

static void settings_that_cannot_be_right_are_refused(void **state)
{
    struct ldap_directory_settings good = settings_of(slapd->url), bad[10];
    struct ldap_directory_error error;
    struct directory *directory;
    for (size_t i = 0; i < 10; i++)
        bad[i] = good;
    bad[0].urls = "";
    bad[1].urls = "https://ldap.example.org";
    bad[2].urls = "ldap://host/dc=example,dc=org";
    bad[3].base_dn = "";
    bad[4].base_dn = "example.org";
    bad[5].bind_dn = "reader";
    bad[6].bind_password = "";
    bad[7].filters.user = "(uid=*";
    bad[8].filters.group = "objectClass=group";
    bad[9].administrators_dn = "administrators";
    for (size_t i = 0; i < 10; i++) {
        enum directory_status status = ldap_directory_open(&bad[i], NULL, &directory, &error);
        if (status != DIRECTORY_INVALID || !*error.text)
            fail_msg("settings %zu: %s", i, directory_status_text(status));
    }
    good.bind_dn = "reader@example.org"; /* Active Directory takes principal names */
    directory_close(slapd_directory(&good, NULL));
}

/* --- many --- */

static void thousands_come_page_by_page(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    uint32_t count, pages[] = {1, 7, 1000, 100000};
    settings.timeout_ms = 10000;
    struct directory *directory = slapd_directory(&settings, NULL);
    for (size_t i = 1; i < 4; i++) {
        assert_int_equal(count_entries(directory, pages[i], &count), DIRECTORY_OK);
        assert_int_equal(count, MANY + 15);
    }
    struct arena arena = {0};
    struct directory_entry *entries, again;
    bool *seen = calloc(MANY + 1000, sizeof *seen);
    assert_int_equal(directory_entries(directory, &arena, NULL, 100000, &count, &entries), DIRECTORY_OK);
    for (uint32_t i = 0; i < count; i++) {
        assert_in_range(entries[i].number, DIRECTORY_NUMBER_MIN, DIRECTORY_NUMBER_MIN + MANY + 100);
        assert_false(seen[entries[i].number - DIRECTORY_NUMBER_MIN]);
        seen[entries[i].number - DIRECTORY_NUMBER_MIN] = true;
    }
    free(seen);
    assert_int_equal(directory_find_entry(directory, &arena, DIRECTORY_KEY_LEGACY_DN, entries[4000].legacy_dn, &again), DIRECTORY_OK);
    assert_int_equal(again.number, entries[4000].number);
    arena_free(&arena);
    directory_close(directory);
}

static bool version_moves(struct directory *directory, uint64_t from, unsigned wait_ms)
{
    for (unsigned i = 0; i < wait_ms / 20 && directory_version(directory) == from; i++)
        sleep_ms(20);
    return directory_version(directory) != from;
}

static void changes_elsewhere_move_the_version(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    struct arena arena = {0};
    struct directory_entry ada, *entries;
    struct bytes title = BYTES_LITERAL("Countess");
    struct directory_value value = {DIRECTORY_ATTRIBUTE_TITLE, 1, &title};
    uint32_t count, index = 0;
    settings.timeout_ms = 10000;
    settings.refresh_ms = 300;
    struct directory *directory = slapd_directory(&settings, NULL);
    settings.refresh_ms = 3600000;
    settings.writable = true;
    struct directory *elsewhere = slapd_directory(&settings, NULL);
    assert_int_equal(directory_entries(directory, &arena, NULL, 100000, &count, &entries), DIRECTORY_OK);
    uint64_t version = directory_version(directory);
    assert_false(version_moves(directory, version, 1500)); /* read again, nothing new */
    assert_int_equal(directory_find_entry(elsewhere, &arena, DIRECTORY_KEY_LOGON, "ada", &ada), DIRECTORY_OK);
    assert_int_equal(directory_set_values(elsewhere, ada.id, 1, &value), DIRECTORY_OK);
    assert_true(version_moves(directory, version, 20000));
    assert_int_equal(directory_entries(directory, &arena, NULL, 100000, &count, &entries), DIRECTORY_OK);
    while (index < count && !guid_equal(entries[index].id, ada.id))
        index++;
    assert_true(index < count);
    assert_string_equal(directory_entry_text(&arena, &entries[index], DIRECTORY_ATTRIBUTE_TITLE), "Countess");
    /* Down meanwhile: what was read stays. */
    slapd_stop(slapd);
    sleep_ms(500);
    assert_int_equal(directory_entries(directory, &arena, NULL, 100000, &count, &entries), DIRECTORY_OK);
    assert_int_equal(count, MANY + 15);
    slapd_start(slapd);
    arena_free(&arena);
    directory_close(elsewhere);
    directory_close(directory);
}

static void *ask_often(void *argument)
{
    struct directory *directory = argument;
    char account[32];
    uint64_t failed = 0;
    for (unsigned i = 0; i < 40; i++) {
        snprintf(account, sizeof account, "user%u", (unsigned)(monotonic_ms() * 7 + i * 31) % MANY);
        failed += find(directory, account) != DIRECTORY_OK;
        failed += find(directory, "nobody") != DIRECTORY_NOT_FOUND;
        if (i % 8 == 0)
            failed += verify(directory, "ada", "ada secret") != DIRECTORY_OK;
        if (i % 8 == 4)
            failed += verify(directory, "ada", "wrong") != DIRECTORY_WRONG_PASSWORD;
        if (i % 16 == 0) {
            uint32_t count;
            failed += count_entries(directory, 1000, &count) != DIRECTORY_OK || count != MANY + 15;
        }
    }
    return (void *)(uintptr_t)failed;
}

static void many_threads_share_few_connections(void **state)
{
    struct ldap_directory_settings settings = settings_of(slapd->url);
    pthread_t threads[8];
    settings.timeout_ms = 20000;
    settings.connect_timeout_ms = 10000;
    settings.connections_max = 2;
    settings.refresh_ms = 1000;
    struct directory *directory = slapd_directory(&settings, NULL);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, directory), 0);
    for (size_t i = 0; i < 8; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    directory_close(directory);
}

int main(void)
{
    if (!slapd_is_there())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restarted_server_is_not_noticed), cmocka_unit_test(answers_are_remembered_for_a_while),
        cmocka_unit_test(the_cache_is_bounded), cmocka_unit_test(silence_ends_in_time), cmocka_unit_test(another_server_takes_over),
        cmocka_unit_test(certificates_are_verified), cmocka_unit_test(a_referral_is_not_followed), cmocka_unit_test(too_small_a_limit_is_told),
        cmocka_unit_test(a_refused_bind_of_ours_is_told), cmocka_unit_test(settings_that_cannot_be_right_are_refused),
        cmocka_unit_test(thousands_come_page_by_page), cmocka_unit_test(changes_elsewhere_move_the_version),
        cmocka_unit_test(many_threads_share_few_connections),
    };
    return cmocka_run_group_tests(tests, start_many, stop_many);
}
