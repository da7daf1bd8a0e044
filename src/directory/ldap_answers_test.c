/* What only other servers answer, played by a small one: Active Directory's words about accounts, 389 Directory Server's codes,
 * members in parts, no paging, entries that make no sense. */
#include "directory/slapd_fixture.h"

#include <lber.h>
#include <ldap.h>
#include <pthread.h>

#define CONNECTIONS_MAX 64
#define PEOPLE 3200u
#define PART 1500u

struct player {
    int listener;
    uint16_t port;
    pthread_t accepting, threads[CONNECTIONS_MAX];
    int sockets[CONNECTIONS_MAX];
    unsigned count;
};


/* --- the server's side --- */

static void send_message(int socket, BerElement *message)
{
    struct berval bytes;
    assert_int_equal(ber_flatten2(message, &bytes, 0), 0);
    for (size_t sent = 0; sent < bytes.bv_len;) {
        ssize_t part = send(socket, bytes.bv_val + sent, bytes.bv_len - sent, MSG_NOSIGNAL);
        if (part <= 0)
            break;
        sent += (size_t)part;
    }
    ber_free(message, 1);
}

static void send_result(int socket, ber_int_t id, ber_tag_t tag, int code, const char *diagnostic)
{
    BerElement *message = ber_alloc_t(LBER_USE_DER);
    ber_printf(message, "{it{ess}}", id, tag, code, "", diagnostic);
    send_message(socket, message);
}

static BerElement *begin_entry(ber_int_t id, const char *dn, const uint8_t *guid, size_t guid_size)
{
    BerElement *message = ber_alloc_t(LBER_USE_DER);
    ber_printf(message, "{it{s{", id, (ber_tag_t)LDAP_RES_SEARCH_ENTRY, dn);
    ber_printf(message, "{s[o]}", "objectGUID", guid, (ber_len_t)guid_size);
    return message;
}

static void end_entry(int socket, BerElement *message)
{
    ber_printf(message, "}}}");
    send_message(socket, message);
}

static void send_person(int socket, ber_int_t id, unsigned index, size_t guid_size)
{
    uint8_t guid[16] = {0x50, [12] = (uint8_t)(index >> 8), (uint8_t)index};
    char name[32], dn[64], address[64];
    snprintf(name, sizeof name, index ? "user%u" : "ada", index);
    snprintf(dn, sizeof dn, "cn=%s,dc=example,dc=org", name);
    snprintf(address, sizeof address, "%s@example.org", name);
    BerElement *message = begin_entry(id, dn, guid, guid_size);
    ber_printf(message, "{s[s]}{s[s]}{s[s]}", "sAMAccountName", name, "mail", address, "userAccountControl", "512");
    end_entry(socket, message);
}

/* The group's members from 'first' on, as Active Directory gives them: at most PART, the rest by range. */
static void send_group(int socket, ber_int_t id, unsigned first)
{
    static const uint8_t guid[16] = {0x60};
    char name[48], dn[64];
    unsigned end = first + PART < PEOPLE ? first + PART : PEOPLE;
    BerElement *message = begin_entry(id, "cn=big,dc=example,dc=org", guid, sizeof guid);
    ber_printf(message, "{s[s]}{s[s]}{s[]}", "cn", "big", "mail", "big@example.org", "member");
    if (end < PEOPLE)
        snprintf(name, sizeof name, "member;range=%u-%u", first, end - 1);
    else
        snprintf(name, sizeof name, "member;range=%u-*", first);
    ber_printf(message, "{s[", name);
    for (unsigned i = first; i < end; i++) {
        snprintf(dn, sizeof dn, i ? "cn=user%u,dc=example,dc=org" : "cn=ada,dc=example,dc=org", i);
        ber_printf(message, "s", dn);
    }
    ber_printf(message, "]}");
    end_entry(socket, message);
}

static bool contains(const struct berval *text, const char *word)
{
    return memmem(text->bv_val, text->bv_len, word, strlen(word)) != NULL;
}

static void answer_search(int socket, ber_int_t id, BerElement *request)
{
    struct berval base, filter, *attributes = NULL;
    ber_int_t scope, dereference, size, time_limit, types_only;
    unsigned first = 0;
    if (ber_scanf(request, "{meeiib", &base, &scope, &dereference, &size, &time_limit, &types_only) == LBER_ERROR ||
        ber_skip_element(request, &filter) == LBER_ERROR || ber_scanf(request, "{W}", &attributes) == LBER_ERROR) {
        send_result(socket, id, LDAP_RES_SEARCH_RESULT, LDAP_PROTOCOL_ERROR, "");
        return;
    }
    for (unsigned i = 0; attributes && attributes[i].bv_val; i++)
        if (sscanf(attributes[i].bv_val, "member;range=%u-*", &first) == 1)
            break;
    ber_bvarray_free(attributes);
    if (first || contains(&filter, "big")) {
        send_group(socket, id, first);
    } else if (contains(&filter, "ada")) {
        send_person(socket, id, 0, 16);
    } else if (contains(&filter, "nonsense")) {
        send_person(socket, id, 1, 3); /* no GUID */
    } else if (contains(&filter, "person")) {
        for (unsigned i = 0; i < PEOPLE; i++)
            send_person(socket, id, i, i == 7 ? 3 : 16);
    } else if (contains(&filter, "group"))
        send_group(socket, id, 0);
    send_result(socket, id, LDAP_RES_SEARCH_RESULT, LDAP_SUCCESS, "");
}

/* The password says what is answered: 'windows 533' or 'code 53'. */
static void answer_bind(int socket, ber_int_t id, BerElement *request)
{
    struct berval dn, password;
    ber_int_t version;
    unsigned number = 0;
    char text[160] = "";
    int code = LDAP_INVALID_CREDENTIALS;
    if (ber_scanf(request, "{imm", &version, &dn, &password) == LBER_ERROR)
        code = LDAP_PROTOCOL_ERROR;
    else if (contains(&dn, "cn=reader"))
        code = LDAP_SUCCESS;
    else if (sscanf(password.bv_val, "windows %x", &number) == 1)
        snprintf(text, sizeof text, "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data %x, v2580", number);
    else if (sscanf(password.bv_val, "code %u", &number) == 1)
        code = (int)number;
    send_result(socket, id, LDAP_RES_BIND, code, text);
}

static void *serve(void *argument)
{
    int socket = (int)(intptr_t)argument;
    Sockbuf *buffer = ber_sockbuf_alloc();
    ber_sockbuf_add_io(buffer, &ber_sockbuf_io_tcp, LBER_SBIOD_LEVEL_PROVIDER, &socket);
    for (;;) {
        BerElement *request = ber_alloc_t(LBER_USE_DER);
        ber_len_t size;
        ber_int_t id;
        ber_tag_t tag = ber_get_next(buffer, &size, request);
        if (tag != LDAP_TAG_MESSAGE || ber_scanf(request, "i", &id) == LBER_ERROR) {
            ber_free(request, 1);
            break;
        }
        tag = ber_peek_tag(request, &size);
        if (tag == LDAP_REQ_BIND)
            answer_bind(socket, id, request);
        else if (tag == LDAP_REQ_SEARCH)
            answer_search(socket, id, request);
        ber_free(request, 1);
        if (tag == LDAP_REQ_UNBIND)
            break;
    }
    shutdown(socket, SHUT_RDWR);
    ber_sockbuf_remove_io(buffer, &ber_sockbuf_io_tcp, LBER_SBIOD_LEVEL_PROVIDER);
    ber_sockbuf_free(buffer);
    return NULL;
}

static void *accept_all(void *argument)
{
    struct player *player = argument;
    while (player->count < CONNECTIONS_MAX) {
        int socket = accept(player->listener, NULL, NULL);
        if (socket < 0)
            break;
        player->sockets[player->count] = socket;
        assert_int_equal(pthread_create(&player->threads[player->count], NULL, serve, (void *)(intptr_t)socket), 0);
        player->count++;
    }
    return NULL;
}

/* --- the fixture --- */

struct fixture {
    struct player player;
    struct slapd notices; /* for slapd_notice only */
    char url[64];
    struct directory *directory;
    struct arena arena;
};

static int open_fixture(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct player *player = &fixture->player;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    signal(SIGPIPE, SIG_IGN);
    player->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(player->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(player->listener, 16), 0);
    assert_int_equal(getsockname(player->listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&player->accepting, NULL, accept_all, player), 0);
    snprintf(fixture->url, sizeof fixture->url, "ldap://127.0.0.1:%u", ntohs(address.sin_port));
    struct ldap_directory_settings settings = {
        .urls = fixture->url, .ca_file = "", .bind_dn = SLAPD_READER, .bind_password = SLAPD_READER_PASSWORD,
        .base_dn = "dc=example,dc=org", .schema = LDAP_SCHEMA_ACTIVE_DIRECTORY, .administrators_dn = "", .page_size = 500,
        .connections_max = 2, .connect_timeout_ms = 3000, .timeout_ms = 10000, .refresh_ms = 3600000, .organization_name = "Example",
        .domain = "", .notice = slapd_notice, .notice_user = &fixture->notices};
    fixture->directory = slapd_directory(&settings, NULL);
    *state = fixture;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *fixture = *state;
    struct player *player = &fixture->player;
    directory_close(fixture->directory);
    shutdown(player->listener, SHUT_RDWR);
    pthread_join(player->accepting, NULL);
    for (unsigned i = 0; i < player->count; i++) {
        shutdown(player->sockets[i], SHUT_RDWR);
        pthread_join(player->threads[i], NULL);
        close(player->sockets[i]);
    }
    close(player->listener);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* --- the tests --- */

static void words_about_accounts_are_understood(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *password;
        enum directory_status status;
    } cases[] = {
        {"code 0", DIRECTORY_OK}, {"windows 52e", DIRECTORY_WRONG_PASSWORD}, {"windows 525", DIRECTORY_WRONG_PASSWORD},
        {"windows 530", DIRECTORY_DISABLED}, {"windows 531", DIRECTORY_DISABLED}, {"windows 532", DIRECTORY_DISABLED},
        {"windows 533", DIRECTORY_DISABLED}, {"windows 701", DIRECTORY_DISABLED}, {"windows 773", DIRECTORY_DISABLED},
        {"windows 775", DIRECTORY_DISABLED}, {"code 49", DIRECTORY_WRONG_PASSWORD}, {"code 48", DIRECTORY_WRONG_PASSWORD},
        {"code 32", DIRECTORY_WRONG_PASSWORD}, {"code 53", DIRECTORY_DISABLED}, {"code 19", DIRECTORY_DISABLED},
        {"code 8", DIRECTORY_UNAVAILABLE}, {"code 13", DIRECTORY_UNAVAILABLE}, {"code 51", DIRECTORY_UNAVAILABLE},
        {"code 52", DIRECTORY_UNAVAILABLE}, {"code 80", DIRECTORY_UNAVAILABLE}, {"", DIRECTORY_WRONG_PASSWORD},
    };
    struct directory_user user;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum directory_status status = directory_verify_password(fixture->directory, &fixture->arena, "ada", cases[i].password, &user);
        if (status != cases[i].status)
            fail_msg("'%s': %s\n%s", cases[i].password, directory_status_text(status), fixture->notices.notices);
    }
}

static void members_come_in_parts(void **state)
{
    struct fixture *fixture = *state;
    struct directory_entry group, *entries;
    uint32_t count;
    assert_int_equal(directory_find_entry(fixture->directory, &fixture->arena, DIRECTORY_KEY_ADDRESS, "big@example.org", &group), DIRECTORY_OK);
    assert_int_equal(group.member_count, PEOPLE - 1); /* one is nobody: he has no GUID */
    assert_int_equal(directory_entries(fixture->directory, &fixture->arena, NULL, 10000, &count, &entries), DIRECTORY_OK);
    assert_int_equal(count, PEOPLE);                  /* no pages: all at once */
    assert_int_equal(entries[PEOPLE - 1].kind, DIRECTORY_GROUP);
    assert_int_equal(entries[PEOPLE - 1].member_count, PEOPLE - 1);
    assert_non_null(strstr(fixture->notices.notices, "1 entries"));
}

static void what_makes_no_sense_is_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct directory_user user;
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, "nonsense", &user), DIRECTORY_NOT_FOUND);
    /* The server found somebody who is not who was asked for. */
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, "ada2", &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, "somebody", &user), DIRECTORY_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_about_accounts_are_understood, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(members_come_in_parts, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_nobody, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
