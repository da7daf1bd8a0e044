/* Saves messages one after another and says for each, on a line of its own, when the server has acknowledged it. When the
 * server goes away it connects again and goes on with the next number; it never saves a number twice, so that a number found
 * twice, or an acknowledged one not found, is the server's doing. With 'list' it prints the subjects that are there.
 *
 * usage: save_messages PORT USER PASSWORD USER_DN save FIRST COUNT | list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../raw/raw_client.h"

static struct raw_client *client;
static const char *user_dn;
static struct raw_body body, rops;
static uint32_t handles[3];
static uint64_t inbox_id;

/* Whether the Execute was answered with success at every level but the ROPs' own. */
static bool execute(uint32_t handle_count, struct raw_answer *ret_answer)
{
    raw_execute_body(&body, &rops, handles, handle_count);
    raw_request(client, "Execute", body.data, body.size, ret_answer);
    return ret_answer->status == 200 && ret_answer->response_code == 0 && ret_answer->body_size > 26 &&
           raw_load_u32(ret_answer->body) == 0 && raw_load_u32(ret_answer->body + 4) == 0;
}

static bool log_on(void)
{
    struct raw_answer answer;
    raw_client_forget_cookies(client);
    raw_connect_body(&body, user_dn);
    raw_request(client, "Connect", body.data, body.size, &answer);
    if (answer.status != 200 || answer.response_code != 0)
        return false;
    raw_clear(&rops);
    raw_rop_logon(&rops, user_dn);
    handles[0] = 0xFFFFFFFF;
    if (!execute(1, &answer))
        return false;
    struct raw_rops logon = raw_execute_answer(&answer);
    if (raw_load_u32(logon.rops + 2) != 0)
        return false;
    memcpy(&inbox_id, logon.rops + 7 + 4 * 8, 8);
    handles[0] = raw_load_u32(logon.handles);
    return true;
}

static bool save(unsigned long number)
{
    struct raw_answer answer;
    struct raw_body values = {0};
    char subject[64];
    snprintf(subject, sizeof subject, "save-%06lu", number);
    raw_clear(&rops);
    raw_put(&rops, "\x06\x00\x00\x01\xFF\x0F", 6);
    raw_u64(&rops, inbox_id);
    raw_u8(&rops, 0);
    raw_u32(&values, 0x0037001F);
    raw_utf16(&values, subject);
    raw_u32(&values, 0x1000001F);
    for (int i = 0; i < 2000; i++)
        raw_u16(&values, (uint16_t)('a' + (number + (unsigned)i) % 26));
    raw_u16(&values, 0);
    raw_put(&rops, "\x0A\x00\x01", 3);
    raw_u16(&rops, (uint16_t)(values.size + 2));
    raw_u16(&rops, 2);
    raw_put(&rops, values.data, values.size);
    raw_put(&rops, "\x0C\x00\x01\x01\x0C", 5);
    raw_put(&rops, "\x01\x00\x01", 3);
    raw_free(&values);
    handles[1] = 0xFFFFFFFF;
    if (!execute(2, &answer))
        return false;
    struct raw_rops done = raw_execute_answer(&answer);
    return done.size > 15 && done.rops[done.size - 15] == 0x0C && raw_load_u32(done.rops + done.size - 13) == 0;
}

static void save_all(unsigned long first, unsigned long count)
{
    bool there = false;
    for (unsigned long number = first; number < first + count; number++) {
        for (int attempt = 0; !there; attempt++) {
            there = log_on();
            if (!there && attempt == 100) {
                fprintf(stderr, "no logon after 100 attempts\n");
                exit(1);
            }
        }
        there = save(number);
        if (there) {
            printf("%lu\n", number);
            fflush(stdout);
        }
    }
}

static void list_all(void)
{
    struct raw_answer answer;
    if (!log_on())
        exit(1);
    raw_clear(&rops);
    raw_put(&rops, "\x02\x00\x00\x01", 4);
    raw_u64(&rops, inbox_id);
    raw_u8(&rops, 0);
    raw_put(&rops, "\x05\x00\x01\x02\x00", 5);
    raw_put(&rops, "\x12\x00\x02\x00\x01\x00\x1F\x00\x37\x00", 10);
    handles[1] = handles[2] = 0xFFFFFFFF;
    if (!execute(3, &answer))
        exit(1);
    handles[0] = raw_load_u32(raw_execute_answer(&answer).handles + 8);
    for (;;) {
        raw_clear(&rops);
        raw_put(&rops, "\x15\x00\x00\x00\x01\xC8\x00", 7);
        if (!execute(1, &answer))
            exit(1);
        struct raw_rops done = raw_execute_answer(&answer);
        uint16_t count = (uint16_t)raw_load_u32(done.rops + 7);
        if (count == 0)
            return;
        const uint8_t *at = done.rops + 9;
        for (uint16_t i = 0; i < count; i++) {
            bool flagged = *at++ == 1;
            bool present = !flagged || *at++ == 0;
            if (!present) { /* an error value */
                at += 4;
                puts("(no subject)");
                continue;
            }
            for (; at[0] || at[1]; at += 2)
                putchar(at[0]);
            at += 2;
            putchar('\n');
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 6 || (strcmp(argv[5], "save") == 0 && argc != 8)) {
        fprintf(stderr, "usage: save_messages PORT USER PASSWORD USER_DN save FIRST COUNT | list\n");
        return 2;
    }
    client = raw_client_new(atoi(argv[1]), false, argv[2], argv[3]);
    user_dn = argv[4];
    if (strcmp(argv[5], "save") == 0)
        save_all(strtoul(argv[6], NULL, 10), strtoul(argv[7], NULL, 10));
    else
        list_all();
    raw_client_free(client);
    raw_thread_end();
    return 0;
}
