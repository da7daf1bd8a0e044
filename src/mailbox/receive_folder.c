/* Receive folders (MS-OXCSTOR 2.2.1.2..4, 3.2.5.2..4). */
#include <string.h>

#include "base/filetime.h"
#include "base/text.h"
#include "mailbox/model.h"

#define MESSAGE_CLASS_LENGTH_MAX 254u /* without the NUL */

/* 2.2.1.2.1.1: printable ASCII, no dot at an end or beside another. */
static bool is_valid_class(struct bytes message_class)
{
    if (message_class.size > MESSAGE_CLASS_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < message_class.size; i++) {
        uint8_t c = message_class.data[i];
        if (c < 32 || c > 126)
            return false;
        bool at_end = i == 0 || i + 1 == message_class.size;
        if (c == '.' && (at_end || message_class.data[i - 1] == '.'))
            return false;
    }
    return true;
}

uint32_t receive_folder_get(
    struct arena *arena, struct logon *logon, struct bytes message_class, struct receive_folder *ret_folder)
{
    if (!is_valid_class(message_class))
        return EC_INVALID_PARAMETER;
    char *wanted = arena_string_of(arena, message_class);
    const struct store_receive_folder *rows;
    uint32_t count = 0;
    if (wanted == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = mailbox_error(store_receive_folder_list(logon->mailbox->store, arena, &rows, &count));
    if (error != EC_SUCCESS)
        return error;
    struct receive_folder best = {.folder_id = special_folder_id(SPECIAL_FOLDER_INBOX), .message_class = ""};
    size_t best_length = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].message_class);
        if (length < best_length || !text_has_prefix_ignoring_case(wanted, rows[i].message_class))
            continue;
        best = (struct receive_folder){.folder_id = rows[i].folder_id,
            .message_class = rows[i].message_class,
            .last_modification_time = rows[i].last_modification_time};
        best_length = length;
    }
    *ret_folder = best;
    return EC_SUCCESS;
}

uint32_t receive_folder_set(struct logon *logon, struct bytes message_class, uint64_t folder_id)
{
    if (!is_valid_class(message_class))
        return EC_INVALID_PARAMETER;
    if (message_class.size == 0 && folder_id == 0)
        return EC_GENERAL_FAILURE;
    struct arena arena = {0};
    char *name = arena_string_of(&arena, message_class);
    uint32_t error = name == NULL ? EC_OUT_OF_MEMORY : EC_SUCCESS;
    if (error == EC_SUCCESS && (text_equal_ignoring_case(name, "IPM") || text_equal_ignoring_case(name, "REPORT.IPM")))
        error = EC_ACCESS_DENIED; /* R859, R272 */
    struct store_folder folder;
    if (error == EC_SUCCESS && folder_id != 0)
        error = mailbox_folder(logon->mailbox, &arena, folder_id, &folder);
    if (error == EC_SUCCESS)
        error = mailbox_error(store_receive_folder_set(logon->mailbox->store, name, folder_id, filetime_now()));
    arena_free(&arena);
    return error;
}

uint32_t receive_folder_list(
    struct arena *arena, struct logon *logon, struct receive_folder **ret_folders, uint32_t *ret_count)
{
    const struct store_receive_folder *rows;
    uint32_t count = 0;
    uint32_t error = mailbox_error(store_receive_folder_list(logon->mailbox->store, arena, &rows, &count));
    if (error != EC_SUCCESS)
        return error;
    struct receive_folder *folders = arena_array(arena, struct receive_folder, count);
    if (folders == NULL && count > 0)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        folders[i] = (struct receive_folder){.folder_id = rows[i].folder_id,
            .message_class = rows[i].message_class,
            .last_modification_time = rows[i].last_modification_time};
    *ret_folders = folders;
    *ret_count = count;
    return EC_SUCCESS;
}
