#include "auth/mechanism.h"

#include <string.h>

struct bytes channel_binding_application_data(struct arena *arena, struct bytes hash)
{
    static const char prefix[] = "tls-server-end-point:";
    uint8_t *room = arena_allocate(arena, sizeof prefix - 1 + hash.size);
    if (!room)
        return BYTES_NONE;
    memcpy(room, prefix, sizeof prefix - 1);
    memcpy(room + sizeof prefix - 1, hash.data, hash.size);
    return bytes_of(room, sizeof prefix - 1 + hash.size);
}

struct mechanism *mechanism_keep(struct mechanism *mechanism)
{
    if (mechanism)
        atomic_fetch_add_explicit(&mechanism->references, 1, memory_order_relaxed);
    return mechanism;
}

void mechanism_release(struct mechanism *mechanism)
{
    if (mechanism && atomic_fetch_sub_explicit(&mechanism->references, 1, memory_order_acq_rel) == 1)
        mechanism->type->free(mechanism);
}
