/* Fills the Inbox of a user with messages of one size, past the protocol, for benchmarks on large folders. The server must
 * not have the mailbox open.
 *
 * usage: fill DATA_FOLDER ACCOUNT COUNT BODY_CHARACTERS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "directory/embedded.h"
#include "mailbox/mailbox.h"
#include "mailbox/message.h"
#include "mailbox/properties.h"
#include "protocol/property_tags.h"
#include "store/sqlite/sqlite_store.h"

#define MESSAGES_PER_TRANSACTION 2000u

static void require(bool holds, const char *what, unsigned code)
{
    if (!holds) {
        fprintf(stderr, "fill: %s (0x%x)\n", what, code);
        exit(1);
    }
}

static void add_message(struct arena *arena, struct logon *logon, unsigned long number, struct bytes body)
{
    struct message *message;
    struct property_failures failures;
    uint64_t id;
    uint64_t folder = special_folder_id(SPECIAL_FOLDER_INBOX);
    const struct property_value values[] = {
        {.tag = PID_TAG_SUBJECT, .bytes = text_utf16_of_utf8(arena, bytes_of_string(arena_format(arena, "Message number %lu", number)))},
        {.tag = PID_TAG_SENT_REPRESENTING_NAME,
         .bytes = text_utf16_of_utf8(arena, bytes_of_string(arena_format(arena, "Sender %lu", number * 7919 % 1000)))},
        {.tag = PID_TAG_MESSAGE_DELIVERY_TIME, .time = 130000000000000000ull + number * 600000000ull},
        {.tag = PID_TAG_MESSAGE_FLAGS, .integer32 = (int32_t)(number % 3 == 0)},
        {.tag = PID_TAG_BODY, .bytes = body},
    };
    uint32_t code = message_create(logon, folder, false, MESSAGE_CODEPAGE_OF_LOGON, &message);
    require(code == 0, "message_create", code);
    code = properties_set(arena, logon, OBJECT_OF_MESSAGE(message),
                          (struct property_list){sizeof values / sizeof *values, values}, &failures);
    require(code == 0 && failures.count == 0, "properties_set", code);
    code = message_save(logon, message, MESSAGE_SAVE_FORCE, &id);
    require(code == 0, "message_save", code);
    message_close(logon, message);
}

int main(int argc, char **argv)
{
    struct arena arena = {0}, once = {0};
    struct directory *directory;
    struct directory_user user;
    struct store *store;
    struct store_mailbox *store_mailbox;
    struct mailbox *mailbox;
    if (argc != 5) {
        fprintf(stderr, "usage: fill DATA_FOLDER ACCOUNT COUNT BODY_CHARACTERS\n");
        return 2;
    }
    unsigned long count = strtoul(argv[3], NULL, 10), characters = strtoul(argv[4], NULL, 10);
    unsigned status = embedded_directory_open(arena_format(&once, "%s/directory.sqlite", argv[1]), false, &directory);
    require(status == DIRECTORY_OK, "no directory there", status);
    status = directory_find(directory, &once, DIRECTORY_KEY_LOGON, argv[2], &user);
    require(status == DIRECTORY_OK, "no such user", status);
    const struct store_sqlite_configuration configuration = {
        .directory = arena_format(&once, "%s/mailboxes", argv[1]), .unsafe_without_sync = true, .cache_size = 64u << 20};
    status = store_sqlite_open(&configuration, &store);
    require(status == STORE_OK, "no store", status);
    status = store_mailbox_open(store, user.mailbox_guid, &store_mailbox);
    if (status == STORE_NOT_FOUND) {
        const struct store_mailbox_info info = {.mailbox_guid = user.mailbox_guid, .replica_guid = guid_random(),
                                                .logon_replica_guid = guid_random(), .owner = bytes_of_string(user.account)};
        status = store_mailbox_create(store, &info, &store_mailbox);
    }
    require(status == STORE_OK, "the mailbox cannot be opened", status);
    const struct mailbox_owner owner = {user.display_name, user.legacy_dn, user.address, 0};
    uint32_t code = mailbox_open(store_mailbox, &owner, NULL, &mailbox);
    require(code == 0, "mailbox_open", code);
    struct logon logon = {.mailbox = mailbox, .display_name = user.display_name, .address_book_dn = user.legacy_dn,
                          .smtp_address = user.address};
    struct buffer body = {0};
    for (unsigned long i = 0; i < characters; i++)
        buffer_append_u16(&body, (uint16_t)("lorem ipsum dolor sit amet "[i % 27]));
    for (unsigned long number = 0; number < count; number++) {
        if (number % MESSAGES_PER_TRANSACTION == 0)
            require(mailbox_begin(mailbox) == 0, "mailbox_begin", 0);
        add_message(&arena, &logon, number, buffer_bytes(&body));
        arena_reset(&arena);
        if ((number + 1) % MESSAGES_PER_TRANSACTION == 0 || number + 1 == count)
            require(mailbox_commit(mailbox) == 0, "mailbox_commit", 0);
    }
    mailbox_close(mailbox);
    store_close(store);
    directory_close(directory);
    buffer_free(&body);
    arena_free(&arena);
    arena_free(&once);
    return 0;
}
