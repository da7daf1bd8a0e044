#include "auth/identity.h"

#include <stdlib.h>

struct identity {
    atomic_uint references;
    struct directory_user *user;
    const char *method;
};

struct identity *identity_new(const struct directory_user *user, const char *method)
{
    struct identity *identity = calloc(1, sizeof *identity);
    struct directory_user *copy = identity ? directory_user_copy(user) : NULL;
    if (!copy) {
        free(identity);
        return NULL;
    }
    atomic_init(&identity->references, 1);
    identity->user = copy;
    identity->method = method;
    return identity;
}

const struct directory_user *identity_user(const struct identity *identity)
{
    return identity->user;
}

const char *identity_method(const struct identity *identity)
{
    return identity->method;
}

struct identity *identity_reference(struct identity *identity)
{
    atomic_fetch_add_explicit(&identity->references, 1, memory_order_relaxed);
    return identity;
}

void identity_release(struct identity *identity)
{
    if (identity && atomic_fetch_sub_explicit(&identity->references, 1, memory_order_acq_rel) == 1) {
        free(identity->user);
        free(identity);
    }
}
