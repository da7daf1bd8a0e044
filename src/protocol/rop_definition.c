#include "protocol/rop_definition.h"

#define WARNING_MASK 0xFFFF0000u
#define WARNING_FACILITY 0x00040000u /* severity 0, facility ITF: ErrorsReturned, PositionChanged, PartiallyComplete ... */

const struct wire_structure *rop_response_structure(const struct rop_definition *definition, uint32_t return_value)
{
    if (definition->special && definition->special->return_value == return_value)
        return definition->special->structure;
    if (return_value == 0 || (return_value & WARNING_MASK) == WARNING_FACILITY)
        return definition->success;
    return definition->failure;
}
