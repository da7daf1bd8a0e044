#include "mailbox/named_properties.h"

#include "base/limits.h"
#include "base/text.h"
#include "mailbox/model.h"

const struct guid PS_MAPI_GUID = {
    {0x28, 0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};
const struct guid PS_PUBLIC_STRINGS_GUID = {
    {0x29, 0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};
const struct guid PS_INTERNET_HEADERS_GUID = {
    {0x86, 0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};

#define KIND_LID 0u
#define KIND_NAME 1u
#define KIND_NONE 0xFFu

/* Internet header names are lower case (MS-OXCPRPT R529). */
static bool lower_case(struct arena *arena, struct bytes name, struct bytes *ret_name)
{
    struct bytes copy = arena_bytes(arena, name);
    if (copy.data == NULL && name.size > 0)
        return false;
    uint8_t *data = (uint8_t *)copy.data;
    for (size_t i = 0; i + 1 < copy.size; i += 2) {
        uint16_t unit = load_u16(data + i);
        if (unit >= 'A' && unit <= 'Z')
            store_u16(data + i, (uint16_t)(unit + 32));
    }
    *ret_name = copy;
    return true;
}

uint32_t property_ids_of_names(
    struct logon *logon, const struct property_name *names, uint32_t count, bool create, uint16_t *ret_ids)
{
    struct arena arena = {0};
    struct property_name *asked = arena_array(&arena, struct property_name, count);
    uint16_t *ids = arena_array(&arena, uint16_t, count);
    uint32_t *places = arena_array(&arena, uint32_t, count);
    uint32_t asked_count = 0;
    uint32_t error = count > 0 && (asked == NULL || ids == NULL || places == NULL) ? EC_OUT_OF_MEMORY : EC_SUCCESS;
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        struct property_name name = names[i];
        ret_ids[i] = 0;
        if (guid_equal(name.guid, PS_MAPI_GUID)) { /* R642: the LID is the id */
            if (name.kind == KIND_LID && name.lid < PROPERTY_ID_NAMED_MIN)
                ret_ids[i] = (uint16_t)name.lid;
            continue;
        }
        if (name.kind > KIND_NAME || (name.kind == KIND_NAME && name.name.size == 0))
            continue;
        if (name.kind == KIND_NAME && guid_equal(name.guid, PS_INTERNET_HEADERS_GUID) &&
            !lower_case(&arena, name.name, &name.name))
            error = EC_OUT_OF_MEMORY;
        asked[asked_count] = name;
        places[asked_count++] = i;
    }
    if (error == EC_SUCCESS && asked_count > 0) {
        enum store_status status = store_named_property_ids(logon->mailbox->store, asked, asked_count, create, ids);
        error = status == STORE_TOO_LARGE ? EC_OUT_OF_MEMORY : mailbox_error(status); /* R53502 */
        for (uint32_t i = 0; error == EC_SUCCESS && i < asked_count; i++)
            ret_ids[places[i]] = ids[i];
    }
    arena_free(&arena);
    return error;
}

uint32_t property_names_of_ids(
    struct arena *arena, struct logon *logon, const uint16_t *ids, uint32_t count, struct property_name *ret_names)
{
    if (count == 0)
        return EC_SUCCESS;
    struct property_name *names = arena_array(arena, struct property_name, count);
    if (names == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = mailbox_error(store_named_property_names(logon->mailbox->store, arena, ids, count, names));
    if (error != EC_SUCCESS)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        ret_names[i] = names[i];
        if (ids[i] < PROPERTY_ID_NAMED_MIN) /* R518..R520 */
            ret_names[i] = (struct property_name){.kind = KIND_LID, .guid = PS_MAPI_GUID, .lid = ids[i]};
        else if (names[i].kind == KIND_NONE)
            ret_names[i] = (struct property_name){.kind = KIND_NONE};
    }
    return EC_SUCCESS;
}

uint32_t property_names_all(struct arena *arena, struct logon *logon, bool no_strings, bool no_ids, const struct guid *set,
    uint16_t **ret_ids, struct property_name **ret_names, uint32_t *ret_count)
{
    const uint16_t *ids;
    const struct property_name *names;
    uint32_t count = 0;
    uint32_t error = mailbox_error(store_named_property_list(logon->mailbox->store, arena, set, &ids, &names, &count));
    if (error != EC_SUCCESS)
        return error;
    uint16_t *kept_ids = arena_array(arena, uint16_t, count);
    struct property_name *kept_names = arena_array(arena, struct property_name, count);
    if (count > 0 && (kept_ids == NULL || kept_names == NULL))
        return EC_OUT_OF_MEMORY;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if ((no_strings && names[i].kind == KIND_NAME) || (no_ids && names[i].kind == KIND_LID))
            continue;
        kept_ids[kept] = ids[i];
        kept_names[kept++] = names[i];
    }
    *ret_ids = kept_ids;
    *ret_names = kept_names;
    *ret_count = kept;
    return EC_SUCCESS;
}
