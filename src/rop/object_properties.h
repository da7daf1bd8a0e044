/* What a ROP on properties acts on, in the mailbox layer's terms. */
#pragma once
#include "mailbox/properties.h"
#include "rop/call.h"

static inline struct object rop_object_properties(const struct rop_object *object)
{
    switch (object->kind) {
    case ROP_OBJECT_FOLDER:
        return OBJECT_OF_FOLDER(object->folder_id);
    case ROP_OBJECT_MESSAGE:
        return OBJECT_OF_MESSAGE(object->message);
    case ROP_OBJECT_ATTACHMENT:
        return OBJECT_OF_ATTACHMENT(object->attachment);
    default:
        return OBJECT_OF_STORE;
    }
}
