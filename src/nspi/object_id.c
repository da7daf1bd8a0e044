/* Entry ids of entries (MS-OXNSPI 2.2.9, 3.1.4.6). */
#include "nspi/property.h"
#include "protocol/entry_id.h"
#include "wire/wire.h"

struct bytes nspi_entry_id(struct nspi_call *call, const struct directory_entry *entry, bool ephemeral)
{
    uint32_t display_type = nspi_display_type(entry);
    return ephemeral ? entry_id_of_ephemeral(call->arena, call->server_guid, display_type, entry->number)
                     : entry_id_of_address_book(call->arena, display_type, entry->legacy_dn);
}

uint32_t nspi_entry_id_find(struct nspi_call *call, struct bytes entry_id)
{
    enum entry_id_kind kind = entry_id_kind_of(entry_id);
    if (kind == ENTRY_ID_EPHEMERAL) {
        struct ephemeral_entry_id id;
        if (!wire_decode(call->arena, &ephemeral_entry_id_structure, entry_id, NULL, &id, NULL) ||
            !guid_equal(id.provider_uid, call->server_guid))
            return ADDRESS_BOOK_NONE;
        return address_book_find_number(call->book, id.mid);
    }
    if (kind == ENTRY_ID_ADDRESS_BOOK) {
        struct address_book_entry_id id;
        if (!wire_decode(call->arena, &address_book_entry_id_structure, entry_id, NULL, &id, NULL))
            return ADDRESS_BOOK_NONE;
        const char *dn = arena_string_of(call->arena, id.x500_dn);
        return dn ? address_book_find_dn(call->book, dn) : ADDRESS_BOOK_NONE;
    }
    return ADDRESS_BOOK_NONE;
}
