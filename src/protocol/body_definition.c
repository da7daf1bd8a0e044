#include "protocol/body_definition.h"
#include <string.h>

const struct body_definition *body_definition_find(const char *request_type, bool address_book)
{
    for (uint32_t i = 0; i < body_definition_count; i++)
        if (body_definitions[i].address_book == address_book && !strcmp(body_definitions[i].request_type, request_type))
            return &body_definitions[i];
    return NULL;
}
