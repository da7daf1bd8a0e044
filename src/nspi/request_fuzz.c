/* Fuzzes the address book's requests: any bodies, one after the other, decoded and answered by their handlers over a small book,
 * and the answers encoded. Input: a byte that chooses the user, then for each request a byte for its type and its size (u16)
 * before its body; the last one takes what is left. */
#include "nspi/test_book.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 16u

static const char *const types[] = {
    "Bind", "CompareMIds", "DNToMId", "GetMatches", "GetPropList", "GetProps", "GetSpecialTable", "GetTemplateInfo", "ModLinkAtt",
    "ModProps", "QueryRows", "QueryColumns", "ResolveNames", "ResortRestriction", "SeekEntries", "UpdateStat", "GetMailboxUrl",
    "GetAddressBookUrl", "Unbind",
};

static bool error_known(uint32_t error)
{
    static const uint32_t known[] = {EC_SUCCESS, EC_ERRORS_RETURNED, EC_GENERAL_FAILURE, EC_NOT_SUPPORTED, EC_INVALID_OBJECT,
        EC_OUT_OF_RESOURCES, EC_NOT_FOUND, EC_LOGON_FAILED, EC_TOO_COMPLEX, EC_INVALID_CODEPAGE, EC_INVALID_LOCALE,
        EC_TABLE_TOO_BIG, EC_INVALID_BOOKMARK, EC_ACCESS_DENIED, EC_NOT_ENOUGH_MEMORY, EC_INVALID_PARAMETER}; /* MS-OXNSPI 2.2.1.2 */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == error)
            return true;
    return false;
}

static void answer_request(struct test_world *world, uint8_t type, struct bytes body)
{
    const struct body_definition *definition = body_definition_find(types[type % (sizeof types / sizeof *types)], true);
    void *request = arena_allocate(&world->arena, definition->request->size);
    void *answer = arena_allocate(&world->arena, definition->success->size);
    struct buffer encoded = {0};
    if (!request || !answer || !wire_decode(&world->arena, definition->request, body, NULL, request, NULL))
        return;
    nspi_execute(&world->call, definition, request, answer);
    if (!error_known(((struct nspi_unbind_success *)answer)->error_code))
        abort();
    if (!wire_encode(definition->success, answer, NULL, &encoded, NULL))
        abort();
    buffer_free(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct test_world world;
    static bool made;
    if (!size || (!made && !test_world_make(&world)))
        return 0;
    made = true;
    test_world_as(&world, data[0] % TEST_ENTRY_COUNT, data[0] & 0x80);
    size_t at = 1;
    for (unsigned i = 0; i < REQUESTS_MAX && at + 3 <= size; i++) {
        size_t left = size - at - 3, length = load_u16(data + at + 1);
        uint8_t *body = malloc(length < left ? length : left); /* of its own, so that reading past it is found */
        struct bytes bytes = {body, length < left ? length : left};
        memcpy(body, data + at + 3, bytes.size);
        answer_request(&world, data[at], bytes);
        at += 3 + bytes.size;
        arena_reset(&world.arena);
        world.call.whole = NULL; /* it was in the arena: a call lasts one request */
        free(body);
    }
    if (world.test.changes) { /* begin the next input with the same book */
        test_world_free(&world);
        made = false;
    }
    return 0;
}
