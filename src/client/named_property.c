#include "base/text.h"
#include "client/error.h"
#include "client/property.h"
#include "client/session.h"
#include <stdlib.h>
#include <string.h>

#define NAMES_PER_REQUEST 128u

static bool same_name(const struct property_name *a, const struct property_name *b)
{
    return a->kind == b->kind && guid_equal(a->guid, b->guid) &&
           (a->kind == 1 ? bytes_equal(a->name, b->name) : a->lid == b->lid);
}

static const struct session_name *known_name(const struct mapihttp_session *session, const struct property_name *name)
{
    for (uint32_t i = 0; i < session->name_count; i++)
        if (same_name(&session->names[i].name, name))
            return &session->names[i];
    return NULL;
}

static const struct session_name *known_id(const struct mapihttp_session *session, uint16_t id)
{
    for (uint32_t i = 0; i < session->name_count; i++)
        if (session->names[i].id == id)
            return &session->names[i];
    return NULL;
}

/* Beyond the cap a name is asked for each time. */
static bool remember(struct mapihttp_session *session, const struct property_name *name, uint16_t id)
{
    if (!id || name->kind > 1 || session->name_count == SESSION_NAMES_MAX || known_name(session, name))
        return true;
    if (!session->names && !(session->names = calloc(SESSION_NAMES_MAX, sizeof *session->names)))
        return false;
    struct session_name entry = {.name = *name, .id = id};
    if (name->kind == 1) {
        entry.name.name = arena_bytes(&session->arena, name->name);
        char *text = text_utf8_of_utf16(&session->arena, name->name);
        entry.text = text ? strdup(text) : NULL;
        if (!entry.text)
            return false;
    }
    session->names[session->name_count++] = entry;
    return true;
}

static enum mapihttp_status ask_ids(struct mapihttp_session *session, const struct property_name *names, uint32_t count,
                                    bool create, uint16_t *ids, struct mapihttp_error *error)
{
    struct rop_batch batch = {0};
    struct rop_get_property_ids_from_names_request request = {
        .flags = create ? PROPERTY_IDS_FLAGS_CREATE : PROPERTY_IDS_FLAGS_GET_ONLY,
        .property_name_count = (uint16_t)count, .property_names = names};
    uint32_t asked = rop_batch_add(&batch, ROP_ID_GET_PROPERTY_IDS_FROM_NAMES, rop_batch_use(&batch, session->logon_handle), 0, &request);
    enum mapihttp_status status = session_execute_expect(session, &batch, asked, "ids of named properties", error);
    const struct rop_get_property_ids_from_names_success *success = status ? NULL : rop_batch_success(&batch, asked);
    if (success && success->property_id_count != count)
        status = error_set(error, MAPIHTTP_PROTOCOL, 0, "%u ids for %u named properties", success->property_id_count, count);
    for (uint32_t i = 0; !status && success && i < count; i++) {
        ids[i] = success->property_ids[i];
        if (!remember(session, &names[i], ids[i]))
            status = session_no_memory(error);
    }
    rop_batch_clear(&batch);
    return status;
}

enum mapihttp_status session_property_ids(struct mapihttp_session *session, const struct property_name *names, uint32_t count,
                                          bool create, uint16_t *ret_ids, struct mapihttp_error *ret_error)
{
    struct property_name wanted[NAMES_PER_REQUEST];
    uint32_t places[NAMES_PER_REQUEST], waiting = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct session_name *known = known_name(session, &names[i]);
        ret_ids[i] = known ? known->id : 0;
        if (!known) {
            wanted[waiting] = names[i];
            places[waiting++] = i;
        }
        if (waiting == NAMES_PER_REQUEST || (waiting && i + 1 == count)) {
            uint16_t ids[NAMES_PER_REQUEST];
            enum mapihttp_status status = ask_ids(session, wanted, waiting, create, ids, ret_error);
            if (status)
                return status;
            for (uint32_t j = 0; j < waiting; j++)
                ret_ids[places[j]] = ids[j];
            waiting = 0;
        }
    }
    return MAPIHTTP_OK;
}

static enum mapihttp_status ask_names(struct mapihttp_session *session, const uint16_t *ids, uint32_t count,
                                      struct mapihttp_error *error)
{
    struct rop_batch batch = {0};
    struct rop_get_names_from_property_ids_request request = {.property_id_count = (uint16_t)count, .property_ids = ids};
    uint32_t asked = rop_batch_add(&batch, ROP_ID_GET_NAMES_FROM_PROPERTY_IDS, rop_batch_use(&batch, session->logon_handle), 0, &request);
    enum mapihttp_status status = session_execute_expect(session, &batch, asked, "names of properties", error);
    const struct rop_get_names_from_property_ids_success *success = status ? NULL : rop_batch_success(&batch, asked);
    for (uint32_t i = 0; success && !status && i < count && i < success->property_name_count; i++)
        if (!remember(session, &success->property_names[i], ids[i]))
            status = session_no_memory(error);
    rop_batch_clear(&batch);
    return status;
}

enum mapihttp_status session_property_names(struct mapihttp_session *session, const uint16_t *ids, uint32_t count,
                                            struct property_name *ret_names, struct mapihttp_error *ret_error)
{
    uint16_t unknown[NAMES_PER_REQUEST];
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!known_id(session, ids[i]))
            unknown[waiting++] = ids[i];
        if (waiting == NAMES_PER_REQUEST || (waiting && i + 1 == count)) {
            enum mapihttp_status status = ask_names(session, unknown, waiting, ret_error);
            if (status)
                return status;
            waiting = 0;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct session_name *known = known_id(session, ids[i]);
        ret_names[i] = known ? known->name : (struct property_name){.kind = 0xFF};
    }
    return MAPIHTTP_OK;
}

struct lookup {
    const struct mapihttp_property_name *name;
    bool create;
    uint16_t id;
    struct mapihttp_property_name found;
};

static enum mapihttp_status look_up_id(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct lookup *lookup = data;
    struct arena arena = {0};
    struct property_name name;
    enum mapihttp_status status = session_no_memory(NULL);
    if (property_name_from_public(&arena, lookup->name, &name))
        status = session_property_ids(session, &name, 1, lookup->create, &lookup->id, error);
    arena_free(&arena);
    if (!status && !lookup->id)
        status = error_set(error, MAPIHTTP_NOT_FOUND, 0, "the mailbox has no such named property");
    return status;
}

enum mapihttp_status mapihttp_property_id(struct mapihttp_session *session, const struct mapihttp_property_name *name,
                                          bool create, uint16_t *ret_id, struct mapihttp_error *ret_error)
{
    struct lookup lookup = {.name = name, .create = create};
    enum mapihttp_status status = session_run(session, look_up_id, &lookup, ret_error);
    if (!status)
        *ret_id = lookup.id;
    return status;
}

static enum mapihttp_status look_up_name(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct lookup *lookup = data;
    struct property_name name;
    enum mapihttp_status status = session_property_names(session, &lookup->id, 1, &name, error);
    if (!status && name.kind > 1)
        status = error_set(error, MAPIHTTP_NOT_FOUND, 0, "the mailbox has no name for property id 0x%04X", lookup->id);
    if (!status && !property_name_to_public(&session->arena, &name, &lookup->found))
        status = session_no_memory(error);
    return status;
}

enum mapihttp_status mapihttp_property_name_of(struct mapihttp_session *session, uint16_t id,
                                               struct mapihttp_property_name *ret_name, struct mapihttp_error *ret_error)
{
    struct lookup lookup = {.id = id};
    if (id < PROPERTY_ID_NAMED_MIN)
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "0x%04X is not a named property", id);
    enum mapihttp_status status = session_run(session, look_up_name, &lookup, ret_error);
    if (!status)
        *ret_name = lookup.found;
    return status;
}
