/* Four sessions on threads of their own, three mailboxes, places for two: mailboxes close under some while others work, and
 * notifications cross threads. Strands are played by a lock for each mailbox. Run with the thread sanitizer too. */
#include "rop/open_mailboxes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <cmocka.h>

#include "mailbox/mailbox.h"
#include "protocol/id.h"
#include "protocol/rop_list.h"
#include "rop/test_world.h"

#define ROUNDS 60

static pthread_mutex_t strands[3] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

struct worker {
    struct test_session session;
    int strand;
    bool watches;
    bool failed;
    unsigned notified;
};

#define ROP(id, in, out, request) \
    {.rop_id = ROP_ID_##id, .handle_index = in, .output_handle_index = out, .body = request}

/* The number of responses, 0 where the Execute failed. */
static uint32_t execute(struct worker *worker, struct arena *arena, struct rop_request *requests, uint32_t count,
    uint32_t handles[4])
{
    arena_reset(arena);
    const struct rop_request_list list = {count, requests, 4, handles};
    struct buffer payload = {0};
    if (!rop_requests_encode(&list, NULL, &payload, NULL))
        return 0;
    struct bytes bytes = buffer_bytes(&payload);
    struct rop_execution execution = {.arena = arena, .payload_count = 1, .payloads = &bytes, .max_rop_out = 0x10008};
    pthread_mutex_lock(&strands[worker->strand]);
    test_session_execute(&worker->session, &execution);
    pthread_mutex_unlock(&strands[worker->strand]);
    buffer_free(&payload);
    struct rop_response_list answer;
    if (execution.error_code || execution.status_code ||
        !rop_responses_decode(arena, execution.ret_payloads[0], &list, NULL, &answer, NULL))
        return 0;
    memcpy(handles, answer.handles, 4 * sizeof *handles);
    for (uint32_t i = 0; i < answer.count; i++) {
        if (answer.responses[i].request >= 0 && answer.responses[i].return_value)
            return 0;
        worker->notified += answer.responses[i].rop_id == ROP_ID_NOTIFY;
    }
    return answer.count;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct arena arena = {0};
    uint32_t handles[4] = {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF};
    const uint64_t inbox = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX));
    struct rop_logon_request logon = {
        .logon_flags = 1, .essdn = bytes_of_string(worker->session.user->legacy_dn)};
    struct rop_open_folder_request folder = {.folder_id = inbox};
    struct rop_register_notification_request watch = {.notification_types = 4, .want_whole_store = 1};
    struct rop_request begin[] = {
        ROP(LOGON, 0, 0, &logon), ROP(OPEN_FOLDER, 0, 1, &folder), ROP(REGISTER_NOTIFICATION, 0, 3, &watch)};
    worker->failed = !execute(worker, &arena, begin, worker->watches ? 3 : 2, handles);
    for (int i = 0; i < ROUNDS && !worker->failed; i++) {
        struct rop_create_message_request create = {.code_page_id = 0x0FFF, .folder_id = inbox};
        struct rop_save_changes_message_request save = {.save_flags = 2};
        struct rop_release_request nothing = {0};
        struct rop_request round[] = {ROP(CREATE_MESSAGE, 1, 2, &create), ROP(SAVE_CHANGES_MESSAGE, 2, 2, &save),
            ROP(RELEASE, 2, 0, &nothing)};
        worker->failed = execute(worker, &arena, round, 3, handles) < 2;
        (void)test_session_event_pending(&worker->session);
    }
    arena_free(&arena);
    return NULL;
}

static void sessions_work_side_by_side(void **state)
{
    static const char *const accounts[] = {"ada", "ada", "bob", "eve"};
    static const int strand_of[] = {0, 0, 1, 2};
    struct test_world *world = test_world_new(0);
    struct worker workers[4] = {0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i].strand = strand_of[i];
        workers[i].watches = i != 3;
        assert_true(test_session_begin(world, accounts[i], 1252, false, &workers[i].session));
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++)
        assert_false(workers[i].failed);
    assert_true(workers[0].notified > 0);
    assert_int_equal(workers[2].notified, ROUNDS); /* bob saw all of his own */
    assert_int_equal(workers[3].notified, 0);
    for (int i = 0; i < 4; i++)
        test_session_end(&workers[i].session);
    test_world_free(world);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sessions_work_side_by_side)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
