/* Bytes as an LDAP server may have them in values and messages; the first says for which reader. */
#include <stdlib.h>
#include <string.h>

#include "directory/ldap_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void filter(struct bytes value)
{
    struct buffer text = {0};
    ldap_text_filter_value(&text, value);
    for (size_t i = 0; i < text.size; i++)
        if (memchr("*()", text.data[i], 3) || text.data[i] < 0x20 || text.data[i] > 0x7E)
            abort();
    buffer_free(&text);
}

static void diagnostic(struct bytes value)
{
    struct arena arena = {0};
    const char *text = arena_string_of(&arena, value);
    if (text && ldap_text_windows_error(text) > UINT32_MAX)
        abort();
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    /* Exactly as long as it is, so that a read beyond is seen. */
    uint8_t *copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    struct bytes value = bytes_of(copy, size - 1), address;
    struct guid guid;
    uint8_t hash[16];
    int64_t number;
    size_t name_size;
    uint32_t next;
    switch (data[0] % 8) {
    case 0: filter(value); break;
    case 1: diagnostic(value); break;
    case 2:
        if (ldap_text_proxy_address(value, &address) != LDAP_PROXY_OTHER && (!address.size || address.size >= value.size))
            abort();
        break;
    case 3: (void)!ldap_text_time(value); break;
    case 4: (void)!ldap_text_guid(value, &guid); break;
    case 5: (void)!ldap_text_hash(value, hash); break;
    case 6: (void)!ldap_text_number(value, &number); break;
    default:
        (void)!ldap_text_range(value, &name_size, &next);
        if (name_size > value.size)
            abort();
        break;
    }
    free(copy);
    return 0;
}
