#include "directory/ldap_connection.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/filetime.h"
#include "directory/ldap_text.h"

#define SERVERS_OF_A_POOL_MAX 16u
#define IDLE_CONNECTIONS_MAX 64u
#define IDLE_MAX_MS 120000u      /* Active Directory itself closes after 15 minutes, firewalls earlier */
#define AGE_MAX_MS 900000u       /* so that a preferred server that is back is used again */
#define SERVER_REST_MS 5000u     /* one that let us wait is not asked again before */
#define DIAGNOSTIC_SIZE_MAX 160
#define MESSAGE_SIZE_MAX (64u << 20) /* of one entry or answer, before anything is allocated for it */

struct ldap_connection {
    LDAP *handle;
    struct ldap_conncb socket_made; /* libldap keeps a pointer to it */
    int socket;
    uint32_t timeout_ms;       /* of one read or write */
    uint64_t connect_until_ms; /* while connecting: of all of them together; then 0 */
    unsigned server;
    uint64_t opened_ms, used_ms;
};

struct ldap_server {
    char *url;
    uint64_t rests_until_ms;
    bool failed; /* told already */
};

struct ldap_pool {
    struct ldap_pool_settings settings;
    struct ldap_server servers[SERVERS_OF_A_POOL_MAX];
    unsigned server_count;
    pthread_mutex_t lock; /* guards what follows, and the servers' states */
    pthread_cond_t released;
    struct ldap_connection *idle[IDLE_CONNECTIONS_MAX]; /* the last used one last */
    unsigned idle_count, used_count;
};

/* --- life --- */

static bool url_allowed(const char *url, char *ret_error, size_t error_size)
{
    LDAPURLDesc *parts = NULL;
    bool allowed = ldap_url_parse(url, &parts) == LDAP_SUCCESS && !(parts->lud_dn && *parts->lud_dn) && !parts->lud_attrs &&
                   !parts->lud_filter &&
                   (!strcmp(parts->lud_scheme, "ldap") || !strcmp(parts->lud_scheme, "ldaps") || !strcmp(parts->lud_scheme, "ldapi"));
    if (!allowed)
        snprintf(ret_error, error_size, "'%s' is not ldap://host, ldaps://host or ldapi://socket", url);
    ldap_free_urldesc(parts);
    return allowed;
}

static bool read_urls(struct ldap_pool *pool, char *ret_error, size_t error_size)
{
    const char *rest = pool->settings.urls + strspn(pool->settings.urls, " \t,");
    for (; *rest; rest += strspn(rest, " \t,")) {
        size_t size = strcspn(rest, " \t,");
        if (pool->server_count == SERVERS_OF_A_POOL_MAX) {
            snprintf(ret_error, error_size, "more than %u servers", SERVERS_OF_A_POOL_MAX);
            return false;
        }
        char *url = pool->servers[pool->server_count++].url = strndup(rest, size);
        if (!url || !url_allowed(url, ret_error, error_size))
            return false;
        rest += size;
    }
    if (!pool->server_count)
        snprintf(ret_error, error_size, "no server is given");
    return pool->server_count > 0;
}

struct ldap_pool *ldap_pool_new(const struct ldap_pool_settings *settings, char *ret_error, size_t error_size)
{
    struct ldap_pool *pool = calloc(1, sizeof *pool);
    snprintf(ret_error, error_size, "out of memory");
    if (!pool)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->released, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&pool->lock, NULL);
    pool->settings = *settings;
    if (pool->settings.connections_max > IDLE_CONNECTIONS_MAX)
        pool->settings.connections_max = IDLE_CONNECTIONS_MAX;
    if (!read_urls(pool, ret_error, error_size)) {
        ldap_pool_free(pool);
        return NULL;
    }
    return pool;
}

static void connection_close(struct ldap_connection *connection)
{
    if (!connection)
        return;
    if (connection->handle)
        ldap_unbind_ext(connection->handle, NULL, NULL);
    free(connection);
}

void ldap_pool_free(struct ldap_pool *pool)
{
    if (!pool)
        return;
    for (unsigned i = 0; i < pool->idle_count; i++)
        connection_close(pool->idle[i]);
    for (unsigned i = 0; i < pool->server_count; i++)
        free(pool->servers[i].url);
    pthread_cond_destroy(&pool->released);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* --- answers --- */

static struct timeval time_until(uint64_t deadline_ms)
{
    uint64_t now = monotonic_ms();
    uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
    return (struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)};
}

int ldap_await(LDAP *handle, int message_id, uint64_t deadline_ms, LDAPMessage **ret_answer)
{
    struct timeval wait = time_until(deadline_ms);
    LDAPMessage *answer = NULL;
    int code = LDAP_SERVER_DOWN;
    switch (ldap_result(handle, message_id, LDAP_MSG_ALL, &wait, &answer)) {
    case -1:
        ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code);
        return code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
    case 0:
        ldap_abandon_ext(handle, message_id, NULL, NULL);
        return LDAP_TIMEOUT;
    default:
        *ret_answer = answer;
        return LDAP_SUCCESS;
    }
}

int ldap_answer_code(LDAP *handle, LDAPMessage *answer)
{
    int code = LDAP_OTHER;
    int parsed = ldap_parse_result(handle, answer, &code, NULL, NULL, NULL, NULL, 0);
    return parsed == LDAP_SUCCESS ? code : parsed;
}

bool ldap_connection_is_lost(int code)
{
    return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR || code == LDAP_LOCAL_ERROR ||
           code == LDAP_DECODING_ERROR || code == LDAP_ENCODING_ERROR || code == LDAP_UNAVAILABLE || code == LDAP_BUSY;
}

/* --- connecting --- */

/* Under libldap's TLS and above the socket: reads and writes that wait no longer than they may. libldap waits with a limit for
 * the first byte of an answer only, and its TLS handshake asks a silent server again and again without waiting at all. */
static bool wait_for_socket(struct ldap_connection *connection, short event)
{
    uint64_t now = monotonic_ms(), left = connection->timeout_ms;
    if (connection->connect_until_ms)
        left = connection->connect_until_ms > now ? connection->connect_until_ms - now : 0;
    struct pollfd socket = {.fd = connection->socket, .events = event};
    int ready;
    do
        ready = poll(&socket, 1, (int)left);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

static ber_slen_t limited_read(Sockbuf_IO_Desc *layer, void *data, ber_len_t size)
{
    ber_slen_t taken = -1;
    do {
        if (!wait_for_socket(layer->sbiod_pvt, POLLIN))
            return -1;
        taken = LBER_SBIOD_READ_NEXT(layer, data, size);
    } while (taken < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    return taken;
}

static ber_slen_t limited_write(Sockbuf_IO_Desc *layer, void *data, ber_len_t size)
{
    ber_slen_t given = -1;
    do {
        if (!wait_for_socket(layer->sbiod_pvt, POLLOUT))
            return -1;
        given = LBER_SBIOD_WRITE_NEXT(layer, data, size);
    } while (given < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    return given;
}

static int limited_setup(Sockbuf_IO_Desc *layer, void *connection)
{
    layer->sbiod_pvt = connection;
    return 0;
}

static int limited_nothing(Sockbuf_IO_Desc *layer)
{
    return 0;
}

static int limited_control(Sockbuf_IO_Desc *layer, int option, void *argument)
{
    return LBER_SBIOD_CTRL_NEXT(layer, option, argument);
}

static const Sockbuf_IO limited_socket = {.sbi_setup = limited_setup, .sbi_remove = limited_nothing, .sbi_ctrl = limited_control,
                                          .sbi_read = limited_read, .sbi_write = limited_write, .sbi_close = limited_nothing};
#define LIMITED_SOCKET_LEVEL 15 /* between LBER_SBIOD_LEVEL_PROVIDER, the socket, and LBER_SBIOD_LEVEL_TRANSPORT, TLS */

static int socket_made(LDAP *handle, Sockbuf *buffer, LDAPURLDesc *url, struct sockaddr *address, struct ldap_conncb *callback)
{
    struct ldap_connection *connection = callback->lc_arg;
    struct timeval timeout = {connection->timeout_ms / 1000, connection->timeout_ms % 1000 * 1000};
    ber_socket_t socket = -1;
    ber_len_t size_max = MESSAGE_SIZE_MAX;
    if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &socket) != 1 || socket < 0 ||
        ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &size_max) != 1)
        return -1;
    connection->socket = socket;
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout); /* a write of much blocks in its middle */
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    return ber_sockbuf_add_io(buffer, (Sockbuf_IO *)&limited_socket, LIMITED_SOCKET_LEVEL, connection);
}

static void socket_gone(LDAP *handle, Sockbuf *buffer, struct ldap_conncb *callback)
{
}

static bool set_tls_options(LDAP *handle, const struct ldap_pool_settings *settings)
{
    int demand = settings->verify_certificate ? LDAP_OPT_X_TLS_HARD : LDAP_OPT_X_TLS_NEVER;
    int protocol_min = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client_side = 0;
    if (*settings->ca_file && ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, settings->ca_file) != LDAP_OPT_SUCCESS)
        return false;
    ldap_set_option(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &protocol_min); /* not every TLS library behind libldap has it */
    return ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_OPT_SUCCESS &&
           ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &client_side) == LDAP_OPT_SUCCESS;
}

/* Whatever a ldap.conf of the machine says, these are ours. */
static bool set_options(struct ldap_connection *connection, const struct ldap_pool_settings *settings, bool tls, uint32_t wait_ms)
{
    int version = LDAP_VERSION3, never = LDAP_DEREF_NEVER, none = LDAP_NO_LIMIT;
    struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
    LDAP *handle = connection->handle;
    connection->socket_made = (struct ldap_conncb){.lc_add = socket_made, .lc_del = socket_gone, .lc_arg = connection};
    ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF); /* nobody else is shown our password */
    ldap_set_option(handle, LDAP_OPT_RESTART, LDAP_OPT_ON);
    ldap_set_option(handle, LDAP_OPT_DEREF, &never);
    ldap_set_option(handle, LDAP_OPT_SIZELIMIT, &none);
    ldap_set_option(handle, LDAP_OPT_TIMELIMIT, &none);
    return ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &wait) == LDAP_OPT_SUCCESS &&
           ldap_set_option(handle, LDAP_OPT_TIMEOUT, &wait) == LDAP_OPT_SUCCESS &&
           ldap_set_option(handle, LDAP_OPT_CONNECT_CB, &connection->socket_made) == LDAP_OPT_SUCCESS &&
           (!tls || set_tls_options(handle, settings));
}

static int start_tls(LDAP *handle, uint64_t deadline_ms)
{
    int message_id;
    LDAPMessage *answer;
    int code = ldap_start_tls(handle, NULL, NULL, &message_id);
    if (code != LDAP_SUCCESS || (code = ldap_await(handle, message_id, deadline_ms, &answer)) != LDAP_SUCCESS)
        return code;
    code = ldap_answer_code(handle, answer);
    ldap_msgfree(answer);
    if (code == LDAP_SUCCESS)
        code = ldap_install_tls(handle);
    return code;
}

static struct ldap_bind_answer await_bind(LDAP *handle, int message_id, uint64_t deadline_ms)
{
    struct ldap_bind_answer bound = {.policy_error = PP_noError};
    LDAPMessage *answer;
    LDAPControl **controls = NULL;
    char *diagnostic = NULL;
    bound.code = ldap_await(handle, message_id, deadline_ms, &answer);
    if (bound.code != LDAP_SUCCESS)
        return bound;
    int parsed = ldap_parse_result(handle, answer, &bound.code, NULL, &diagnostic, NULL, &controls, 1);
    if (parsed != LDAP_SUCCESS)
        bound.code = parsed;
    if (diagnostic)
        bound.windows_error = ldap_text_windows_error(diagnostic);
    LDAPControl *policy = ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, controls, NULL);
    LDAPPasswordPolicyError error = PP_noError;
    if (policy && ldap_parse_passwordpolicy_control(handle, policy, NULL, NULL, &error) == LDAP_SUCCESS)
        bound.policy_error = (int)error;
    ldap_memfree(diagnostic);
    ldap_controls_free(controls);
    return bound;
}

static struct ldap_bind_answer bind_simply(LDAP *handle, const char *dn, const char *password, uint64_t deadline_ms)
{
    struct berval secret = {strlen(password), (char *)password};
    LDAPControl policy = {.ldctl_oid = (char *)LDAP_CONTROL_PASSWORDPOLICYREQUEST, .ldctl_iscritical = 0};
    LDAPControl *controls[] = {&policy, NULL};
    int message_id;
    int code = ldap_sasl_bind(handle, dn, LDAP_SASL_SIMPLE, &secret, controls, NULL, &message_id);
    if (code != LDAP_SUCCESS)
        return (struct ldap_bind_answer){.code = code, .policy_error = PP_noError};
    return await_bind(handle, message_id, deadline_ms);
}

/* As ourselves: with the password, as the owner of the process on a local socket, or as nobody. */
static int bind_service(LDAP *handle, const struct ldap_pool_settings *settings, bool local, uint64_t deadline_ms)
{
    struct berval nothing = {0, (char *)""};
    int message_id;
    if (*settings->bind_dn)
        return bind_simply(handle, settings->bind_dn, settings->bind_password, deadline_ms).code;
    int code = ldap_sasl_bind(handle, local ? NULL : "", local ? "EXTERNAL" : LDAP_SASL_SIMPLE, &nothing, NULL, NULL, &message_id);
    return code == LDAP_SUCCESS ? await_bind(handle, message_id, deadline_ms).code : code;
}

/* What went wrong, once an outage. */
static void tell(struct ldap_pool *pool, unsigned server, LDAP *handle, int code)
{
    char text[512];
    char *detail = NULL;
    pthread_mutex_lock(&pool->lock);
    bool first = !pool->servers[server].failed;
    pool->servers[server].failed = true;
    pthread_mutex_unlock(&pool->lock);
    if (!first || !pool->settings.notice)
        return;
    if (handle)
        ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
    snprintf(text, sizeof text, "%s: %s%s%.*s", pool->servers[server].url, ldap_err2string(code), detail && *detail ? ": " : "",
             DIAGNOSTIC_SIZE_MAX, detail ? detail : "");
    ldap_memfree(detail);
    pool->settings.notice(pool->settings.notice_user, text);
}

/* A connection to one server, as far as TLS. */
static int connect_to(struct ldap_pool *pool, unsigned server, uint64_t deadline_ms, struct ldap_connection **ret_connection)
{
    const char *url = pool->servers[server].url;
    bool plain = strncasecmp(url, "ldap:", 5) == 0, tls = strncasecmp(url, "ldaps:", 6) == 0 || (plain && pool->settings.start_tls);
    uint64_t now = monotonic_ms();
    uint64_t left = deadline_ms > now ? deadline_ms - now : 1;
    uint32_t wait_ms = left < pool->settings.connect_timeout_ms ? (uint32_t)left : pool->settings.connect_timeout_ms;
    struct ldap_connection *connection = calloc(1, sizeof *connection);
    int code = connection ? ldap_initialize(&connection->handle, url) : LDAP_NO_MEMORY;
    if (code == LDAP_SUCCESS) {
        connection->server = server;
        connection->opened_ms = now;
        connection->timeout_ms = wait_ms;
        connection->connect_until_ms = now + wait_ms;
        code = set_options(connection, &pool->settings, tls, wait_ms) ? ldap_connect(connection->handle) : LDAP_LOCAL_ERROR;
    }
    if (code == LDAP_SUCCESS && plain && tls)
        code = start_tls(connection->handle, now + wait_ms);
    if (code != LDAP_SUCCESS) {
        tell(pool, server, connection ? connection->handle : NULL, code);
        connection_close(connection);
        return code;
    }
    connection->connect_until_ms = 0;
    *ret_connection = connection;
    return code;
}

/* Those that let us wait rest; those that refuse at once cost nothing and are asked each time. */
static void note_server(struct ldap_pool *pool, unsigned server, bool works, uint64_t since_ms)
{
    uint64_t now = monotonic_ms();
    char text[300] = "";
    pthread_mutex_lock(&pool->lock);
    struct ldap_server *state = &pool->servers[server];
    if (works && state->failed)
        snprintf(text, sizeof text, "%s: answers again", state->url);
    if (works)
        state->failed = false;
    state->rests_until_ms = works || now - since_ms < pool->settings.connect_timeout_ms / 2 ? 0 : now + SERVER_REST_MS;
    pthread_mutex_unlock(&pool->lock);
    if (*text && pool->settings.notice)
        pool->settings.notice(pool->settings.notice_user, text);
}

static bool server_rests(struct ldap_pool *pool, unsigned server)
{
    pthread_mutex_lock(&pool->lock);
    bool rests = pool->servers[server].rests_until_ms > monotonic_ms();
    pthread_mutex_unlock(&pool->lock);
    return rests;
}

/* A new connection to the first server that answers, bound as ourselves where 'bound'. */
static int connect_any(struct ldap_pool *pool, bool bound, uint64_t deadline_ms, struct ldap_connection **ret_connection)
{
    int code = LDAP_SERVER_DOWN;
    for (unsigned server = 0; server < pool->server_count && monotonic_ms() < deadline_ms; server++) {
        struct ldap_connection *connection = NULL;
        uint64_t since = monotonic_ms();
        if (server_rests(pool, server))
            continue;
        code = connect_to(pool, server, deadline_ms, &connection);
        if (code == LDAP_SUCCESS && bound) {
            uint64_t bind_deadline = since + pool->settings.connect_timeout_ms;
            code = bind_service(connection->handle, &pool->settings, strncasecmp(pool->servers[server].url, "ldapi:", 6) == 0,
                                bind_deadline < deadline_ms ? bind_deadline : deadline_ms);
            if (code != LDAP_SUCCESS)
                tell(pool, server, connection->handle, code);
        }
        if (code == LDAP_SUCCESS) {
            if (bound) /* an unbound one has not answered anything yet */
                note_server(pool, server, true, since);
            *ret_connection = connection;
            return code;
        }
        note_server(pool, server, false, since);
        connection_close(connection);
    }
    return code;
}

/* --- the pool --- */

static struct timespec moment_of(uint64_t deadline_ms)
{
    return (struct timespec){(time_t)(deadline_ms / 1000), (long)(deadline_ms % 1000 * 1000000)};
}

/* A place in the pool: with an idle connection, or without one where a new one is to be made. */
static bool take_place(struct ldap_pool *pool, uint64_t deadline_ms, struct ldap_connection **ret_connection)
{
    struct timespec moment = moment_of(deadline_ms);
    struct ldap_connection *connection = NULL;
    bool taken = true;
    pthread_mutex_lock(&pool->lock);
    while (taken && pool->used_count >= pool->settings.connections_max)
        taken = pthread_cond_timedwait(&pool->released, &pool->lock, &moment) == 0;
    if (taken) {
        pool->used_count++;
        if (pool->idle_count)
            connection = pool->idle[--pool->idle_count];
    }
    pthread_mutex_unlock(&pool->lock);
    uint64_t now = monotonic_ms();
    if (connection && (now - connection->used_ms > IDLE_MAX_MS || now - connection->opened_ms > AGE_MAX_MS)) {
        connection_close(connection);
        connection = NULL;
    }
    if (taken)
        *ret_connection = connection;
    return taken;
}

static void leave_place(struct ldap_pool *pool, struct ldap_connection *connection)
{
    if (connection)
        connection->used_ms = monotonic_ms();
    pthread_mutex_lock(&pool->lock);
    pool->used_count--;
    if (connection && pool->idle_count < IDLE_CONNECTIONS_MAX) {
        pool->idle[pool->idle_count++] = connection;
        connection = NULL;
    }
    pthread_cond_signal(&pool->released);
    pthread_mutex_unlock(&pool->lock);
    connection_close(connection);
}

/* Where one connection was found dead the others to that server are, most likely. */
static void drop_idle(struct ldap_pool *pool, unsigned server)
{
    struct ldap_connection *dropped[IDLE_CONNECTIONS_MAX];
    unsigned dropped_count = 0, kept = 0;
    pthread_mutex_lock(&pool->lock);
    for (unsigned i = 0; i < pool->idle_count; i++) {
        if (pool->idle[i]->server == server)
            dropped[dropped_count++] = pool->idle[i];
        else
            pool->idle[kept++] = pool->idle[i];
    }
    pool->idle_count = kept;
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < dropped_count; i++)
        connection_close(dropped[i]);
}

/* Runs on what is given or on a new connection; gives the connection back in 'connection', NULL where it is lost. */
static int attempt(struct ldap_pool *pool, ldap_operation operation, void *argument, uint64_t deadline_ms,
                   struct ldap_connection **connection)
{
    bool kept = *connection != NULL;
    int code = kept ? LDAP_SUCCESS : connect_any(pool, true, deadline_ms, connection);
    if (code != LDAP_SUCCESS)
        return ldap_connection_is_lost(code) ? code : LDAP_CONNECT_ERROR; /* what the bind said is no answer to the operation */
    uint64_t since = monotonic_ms();
    code = operation((*connection)->handle, deadline_ms, argument);
    if (ldap_connection_is_lost(code)) {
        if (code == LDAP_TIMEOUT && !kept) /* a kept one may just have been forgotten by something on the way */
            note_server(pool, (*connection)->server, false, since);
        if (!kept)
            tell(pool, (*connection)->server, NULL, code);
        drop_idle(pool, (*connection)->server);
        connection_close(*connection);
        *connection = NULL;
    }
    return code;
}

int ldap_pool_run(struct ldap_pool *pool, ldap_operation operation, void *argument)
{
    uint64_t start = monotonic_ms(), deadline = start + pool->settings.timeout_ms;
    struct ldap_connection *connection;
    if (!take_place(pool, deadline, &connection))
        return LDAP_TIMEOUT;
    /* A kept connection may be half open: half of the time is for finding that out. */
    bool kept = connection != NULL;
    int code = attempt(pool, operation, argument, kept ? start + pool->settings.timeout_ms / 2 : deadline, &connection);
    if (ldap_connection_is_lost(code) && monotonic_ms() < deadline && (kept || code != LDAP_TIMEOUT))
        code = attempt(pool, operation, argument, deadline, &connection);
    leave_place(pool, connection);
    return code;
}

struct ldap_bind_answer ldap_pool_bind(struct ldap_pool *pool, const char *dn, const char *password)
{
    uint64_t deadline = monotonic_ms() + pool->settings.timeout_ms;
    struct ldap_bind_answer bound = {.code = LDAP_SERVER_DOWN, .policy_error = PP_noError};
    for (unsigned attempts = 0; attempts < 2 && ldap_connection_is_lost(bound.code) && monotonic_ms() < deadline; attempts++) {
        struct ldap_connection *connection = NULL;
        uint64_t since = monotonic_ms();
        bound.code = connect_any(pool, false, deadline, &connection);
        if (bound.code != LDAP_SUCCESS)
            continue;
        bound = bind_simply(connection->handle, dn, password, deadline);
        if (ldap_connection_is_lost(bound.code)) {
            note_server(pool, connection->server, false, since);
            tell(pool, connection->server, connection->handle, bound.code);
        }
        connection_close(connection);
    }
    return bound;
}
