/* Entry ids: any bytes are read or refused; what was read is written and read again the same. */
#include <stdlib.h>
#include <string.h>

#include "mail/mail_address.h"
#include "mail/mail_folder_name.h"
#include "mail/mime_charset.h"
#include "mail/mime_mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_one_off(struct arena *arena, struct bytes input)
{
    struct mail_address first, second;
    if (!one_off_entry_id_parse(arena, input, &first))
        return;
    struct bytes again = one_off_entry_id(arena, &first);
    if (!one_off_entry_id_parse(arena, again, &second) || strcmp(first.address, second.address) != 0
        || strcmp(first.name, second.name) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct bytes input = bytes_of(data, size);
    const struct bytes *entries;
    uint32_t count;
    check_one_off(&arena, input);
    if (flat_entry_list_parse(&arena, input, &entries, &count))
        for (uint32_t i = 0; i < count; i++)
            check_one_off(&arena, entries[i]);
    char *text = arena_string_of(&arena, input);
    if (text) {
        g_free(mail_folder_of_maildir(text));
        g_free(mail_folder_file_name(text, 40));
        g_free(mime_join_encoded_words(text));
        (void)charset_decode(&arena, size % 3 ? "utf-8" : NULL, input);
    }
    uint8_t *decoded = malloc(size / 4 * 3 + 3);
    if (decoded && mime_decode_base64(input, decoded, NULL) > size / 4 * 3 + 3)
        abort();
    free(decoded);
    arena_free(&arena);
    return 0;
}
