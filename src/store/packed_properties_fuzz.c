/* Packed properties from damaged bytes: all that is found packs again and says the same. */
#include <stdlib.h>
#include <string.h>

#include "store/content.h"
#include "store/packed_properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_again(struct arena *arena, const struct property_list *list, const struct store_value *apart,
    uint32_t apart_count)
{
    struct buffer once = {0}, twice = {0};
    struct property_list again;
    const struct store_value *again_apart;
    uint32_t again_count;
    /* Entries that share their bytes may pack to more than is allowed, or than the arena gives. */
    if (packed_properties_write(&once, list, apart, apart_count) && once.size < (1u << 20) &&
        (!packed_properties_list(arena, buffer_bytes(&once), &again, &again_apart, &again_count) ||
            !packed_properties_write(&twice, &again, again_apart, again_count) ||
            !bytes_equal(buffer_bytes(&once), buffer_bytes(&twice))))
        abort();
    buffer_free(&once);
    buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct bytes packed = {data, size};
    struct property_list list;
    const struct store_value *apart;
    const struct property_list *recipients;
    uint32_t apart_count, recipient_count;
    if (packed_properties_list(&arena, packed, &list, &apart, &apart_count))
        pack_again(&arena, &list, apart, apart_count);
    (void)content_read_recipients(&arena, packed, &recipients, &recipient_count);
    for (uint16_t id = 0; id < 64; id++) {
        struct packed_entry entry;
        (void)packed_properties_find(&arena, packed, id, &entry);
    }
    arena_free(&arena);
    return 0;
}
