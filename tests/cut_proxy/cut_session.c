/* A session - connect, log on, create a message with an attachment, list, read, disconnect - through a proxy that cuts the
 * connection at one byte, again and again for every byte (or every STEPth) of both directions. Always exactly one message.
 *
 * cut_session PORT DN ADDRESS STEP resend|plain     password in MAPIHTTP_PASSWORD */
#include "cutting_proxy.h"
#include <mapihttp/mapihttp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORKERS 2
#define SESSIONS_PER_FOLDER 400u
#define ATTACHMENT_SIZE 1500u
#define SUBJECT 0x0037001Fu
#define BODY 0x1000001Fu
#define ATTACH_DATA 0x37010102u
#define ATTACH_METHOD 0x37050003u
#define ATTACH_NAME 0x3707001Fu
#define FOLDERS_MAX 4096u

struct sweep {
    uint16_t server_port;
    const char *dn, *address, *password;
    bool resend;
    unsigned step;
    uint64_t length[2];          /* bytes of an uncut session in the two directions */
    atomic_uint_fast64_t next;   /* cut number: direction and byte */
    uint64_t cut_count;
    uint64_t folders[FOLDERS_MAX];
    pthread_mutex_t lock;        /* guards what follows */
    unsigned failures;
    uint64_t sessions, cuts, logons[4], resends, repeats, reconnects;
};

struct worker {
    struct sweep *sweep;
    struct cutting_proxy proxy;
    pthread_t thread;
};

static void complain(struct sweep *sweep, const char *subject, const char *what, const struct mapihttp_error *error)
{
    pthread_mutex_lock(&sweep->lock);
    if (sweep->failures++ < 20)
        fprintf(stderr, "%s: %s%s%s\n", subject, what, error ? ": " : "", error ? error->text : "");
    pthread_mutex_unlock(&sweep->lock);
}

static enum mapihttp_status open_session(const struct sweep *sweep, uint16_t port, struct mapihttp_session **ret_session,
                                         struct mapihttp_error *error)
{
    char url[64];
    struct mapihttp_options options;
    mapihttp_options_initialize(&options);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/mapi/emsmdb/", port);
    options.url = url;
    options.user_dn = sweep->dn;
    options.address = sweep->address;
    options.password = sweep->password;
    options.authentication = MAPIHTTP_AUTHENTICATION_BASIC;
    options.resend = sweep->resend;
    options.keep_alive = false;
    options.attempts_max = 12;
    options.retry_pause_ms = 1;
    options.response_timeout_ms = 20000;
    return mapihttp_session_open(&options, ret_session, error);
}

static struct mapihttp_message *make_message(const char *subject)
{
    char content[ATTACHMENT_SIZE];
    memset(content, 'a', sizeof content);
    struct mapihttp_message *message = mapihttp_message_new();
    struct mapihttp_properties *properties = mapihttp_message_properties(message);
    struct mapihttp_properties *attachment = mapihttp_message_add_attachment(message);
    bool bad = mapihttp_properties_set_string(properties, SUBJECT, subject) || mapihttp_properties_set_string(properties, BODY, "text") ||
               mapihttp_properties_set_integer(attachment, ATTACH_METHOD, 1) ||
               mapihttp_properties_set_string(attachment, ATTACH_NAME, "a.bin") ||
               mapihttp_properties_set_binary(attachment, ATTACH_DATA, content, sizeof content);
    if (bad)
        abort();
    return message;
}

static unsigned count_subject(struct mapihttp_session *session, uint64_t folder, const char *subject, uint64_t *ret_id, struct mapihttp_error *error)
{
    static const uint32_t columns[] = {SUBJECT};
    struct mapihttp_condition condition = {.relation = MAPIHTTP_EQUAL,
                                           .value = {.tag = SUBJECT, .blob = {.data = subject, .size = strlen(subject)}}};
    struct mapihttp_query query = {.columns = columns, .column_count = 1, .conditions = &condition, .condition_count = 1};
    struct mapihttp_table *table;
    unsigned count = 0;
    const struct mapihttp_row *row;
    if (mapihttp_table_open(session, folder, &query, &table, error))
        return UINT32_MAX;
    enum mapihttp_status status;
    while (!(status = mapihttp_table_next(table, &row, error)) && row) {
        *ret_id = row->message_id;
        count++;
    }
    mapihttp_table_close(table);
    return status ? UINT32_MAX : count;
}

static bool read_back(struct mapihttp_session *session, uint64_t folder, uint64_t id, const char *subject, struct mapihttp_error *error)
{
    struct mapihttp_message *message;
    if (mapihttp_message_get(session, folder, id, &message, error))
        return false;
    const struct mapihttp_property *title = mapihttp_properties_get(mapihttp_message_properties(message), SUBJECT);
    struct mapihttp_properties *attachment = mapihttp_message_attachment(message, 0);
    const struct mapihttp_property *data = attachment ? mapihttp_properties_get(attachment, ATTACH_DATA) : NULL;
    bool good = title && !strcmp(title->blob.data, subject) && mapihttp_message_attachment_count(message) == 1 && data &&
                data->blob.size == ATTACHMENT_SIZE && ((const char *)data->blob.data)[ATTACHMENT_SIZE - 1] == 'a';
    if (!good)
        snprintf(error->text, sizeof error->text, "it reads back differently");
    mapihttp_message_free(message);
    return good;
}

static void tally(struct sweep *sweep, struct mapihttp_session *session, const char *subject, bool cut)
{
    const struct mapihttp_session_state *state = mapihttp_session_state(session);
    pthread_mutex_lock(&sweep->lock);
    sweep->sessions++;
    sweep->cuts += cut;
    sweep->logons[state->logon_count < 3 ? state->logon_count : 3]++;
    sweep->resends += state->resend_count;
    sweep->repeats += state->repeat_count;
    sweep->reconnects += state->reconnect_count;
    pthread_mutex_unlock(&sweep->lock);
    /* With the extension no cut costs a logon; without it one that an answer was lost to costs one more. */
    if (state->logon_count > (sweep->resend ? 1u : 2u))
        complain(sweep, subject, "too many logons", NULL);
}

static void run_session(struct worker *worker, uint64_t folder, const char *subject)
{
    struct sweep *sweep = worker->sweep;
    struct mapihttp_session *session;
    struct mapihttp_error error = {0};
    uint64_t id = 0, found = 0, passed[2];
    if (open_session(sweep, worker->proxy.port, &session, &error)) {
        complain(sweep, subject, "open", &error);
        return;
    }
    struct mapihttp_message *message = make_message(subject);
    if (mapihttp_message_put(session, folder, message, &id, &error))
        complain(sweep, subject, "put", &error);
    mapihttp_message_free(message);
    unsigned count = count_subject(session, folder, subject, &found, &error);
    if (count != 1) {
        char what[64];
        snprintf(what, sizeof what, "listed %u times", count);
        complain(sweep, subject, what, &error);
    } else if (found != id) {
        complain(sweep, subject, "another message id than the one saved", NULL);
    } else if (!read_back(session, folder, id, subject, &error)) {
        complain(sweep, subject, "read", &error);
    }
    tally(sweep, session, subject, cutting_proxy_result(&worker->proxy, passed));
    mapihttp_session_close(session);
}

static void *work(void *data)
{
    struct worker *worker = data;
    struct sweep *sweep = worker->sweep;
    for (uint64_t number; (number = atomic_fetch_add(&sweep->next, 1)) < sweep->cut_count;) {
        uint64_t at = number * sweep->step;
        enum cutting_direction direction = at < sweep->length[0] ? CUTTING_REQUESTS : CUTTING_ANSWERS;
        if (direction == CUTTING_ANSWERS)
            at -= sweep->length[0];
        char subject[64];
        snprintf(subject, sizeof subject, "%s byte %06" PRIu64, direction == CUTTING_REQUESTS ? "request" : "answer", at);
        cutting_proxy_arm(&worker->proxy, direction, at, number & 1);
        run_session(worker, sweep->folders[number / SESSIONS_PER_FOLDER], subject);
    }
    return NULL;
}

/* How long an uncut session is. Run twice: the first one makes named properties, caches and the like. */
static bool measure(struct sweep *sweep, struct worker *worker)
{
    for (int i = 0; i < 2; i++) {
        char subject[32];
        snprintf(subject, sizeof subject, "whole %06d", i);
        cutting_proxy_arm(&worker->proxy, CUTTING_REQUESTS, UINT64_MAX, false);
        run_session(worker, sweep->folders[0], subject);
        cutting_proxy_result(&worker->proxy, sweep->length);
    }
    sweep->length[0] += 8; /* numbers in headers grow a digit now and then */
    sweep->length[1] += 16;
    sweep->cut_count = (sweep->length[0] + sweep->length[1]) / sweep->step;
    return !sweep->failures && sweep->cut_count / SESSIONS_PER_FOLDER < FOLDERS_MAX;
}

/* Past the proxy: every message of the sweep once, none twice. */
static void verify(struct sweep *sweep, struct mapihttp_session *session, uint64_t *ret_count)
{
    static const uint32_t columns[] = {SUBJECT};
    static const struct mapihttp_sort by_subject = {.tag = SUBJECT};
    struct mapihttp_query query = {.columns = columns, .column_count = 1, .sorts = &by_subject, .sort_count = 1};
    struct mapihttp_error error = {0};
    for (uint64_t i = 0; i <= sweep->cut_count / SESSIONS_PER_FOLDER; i++) {
        struct mapihttp_table *table;
        char last[64] = "";
        const struct mapihttp_row *row;
        enum mapihttp_status status = mapihttp_table_open(session, sweep->folders[i], &query, &table, &error);
        while (!status && !(status = mapihttp_table_next(table, &row, &error)) && row) {
            const char *subject = row->properties[0].blob.data;
            if (!strcmp(subject, last))
                complain(sweep, subject, "there twice", NULL);
            snprintf(last, sizeof last, "%s", subject);
            ++*ret_count;
        }
        if (status)
            complain(sweep, "verification", "list", &error);
        else
            mapihttp_table_close(table);
    }
}

static bool make_folders(struct sweep *sweep, struct mapihttp_session *session, uint64_t from, uint64_t to)
{
    struct mapihttp_error error;
    uint64_t top = mapihttp_special_folder(session, MAPIHTTP_FOLDER_TOP);
    for (uint64_t i = from; i < to; i++) {
        char name[64];
        snprintf(name, sizeof name, "cuts %s %03" PRIu64, sweep->resend ? "resend" : "plain", i);
        if (mapihttp_folder_create(session, top, name, NULL, &sweep->folders[i], &error)) {
            fprintf(stderr, "%s: %s\n", name, error.text);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct sweep sweep;
    static struct worker workers[WORKERS];
    struct mapihttp_session *session;
    struct mapihttp_error error;
    struct timespec start, end;
    if (argc != 6) {
        fprintf(stderr, "usage: cut_session PORT DN ADDRESS STEP resend|plain\n");
        return 2;
    }
    sweep.server_port = (uint16_t)atoi(argv[1]);
    sweep.dn = argv[2];
    sweep.address = argv[3];
    sweep.step = (unsigned)atoi(argv[4]);
    sweep.resend = !strcmp(argv[5], "resend");
    sweep.password = getenv("MAPIHTTP_PASSWORD");
    pthread_mutex_init(&sweep.lock, NULL);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].sweep = &sweep;
        if (!cutting_proxy_start(&workers[i].proxy, sweep.server_port))
            return 1;
    }
    if (open_session(&sweep, sweep.server_port, &session, &error)) {
        fprintf(stderr, "open: %s\n", error.text);
        return 1;
    }
    if (!make_folders(&sweep, session, 0, 1) || !measure(&sweep, &workers[0]) ||
        !make_folders(&sweep, session, 1, sweep.cut_count / SESSIONS_PER_FOLDER + 1))
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    uint64_t messages = 0;
    verify(&sweep, session, &messages);
    if (messages != sweep.cut_count + 2)
        complain(&sweep, "verification", "another number of messages than of sessions", NULL);
    mapihttp_session_close(session);
    for (int i = 0; i < WORKERS; i++)
        cutting_proxy_stop(&workers[i].proxy);
    printf("{\"mode\": \"%s\", \"request_bytes\": %" PRIu64 ", \"answer_bytes\": %" PRIu64 ", \"sessions\": %" PRIu64 ", \"cuts\": %" PRIu64
           ", \"messages\": %" PRIu64 ", \"one_logon\": %" PRIu64 ", \"two_logons\": %" PRIu64 ", \"more_logons\": %" PRIu64
           ", \"resends\": %" PRIu64 ", \"repeats\": %" PRIu64 ", \"reconnects\": %" PRIu64 ", \"failures\": %u, \"seconds\": %.1f}\n",
           argv[5], sweep.length[0], sweep.length[1], sweep.sessions, sweep.cuts, messages, sweep.logons[1], sweep.logons[2],
           sweep.logons[3], sweep.resends, sweep.repeats, sweep.reconnects, sweep.failures,
           (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
    return sweep.failures != 0;
}
