#include "protocol/vocabulary.h"
#include "protocol/property_tags.h"
#include "protocol/structures.h"

const struct wire_vocabulary protocol_vocabulary = {
    .restriction = &restriction_structure,
    .rule_actions = &rule_actions_structure,
    .property_tag_name = property_tag_name,
};
