#include "directory/attribute.h"

#include <strings.h>

const struct directory_attribute_definition directory_attributes[DIRECTORY_ATTRIBUTE_COUNT] = {
#define ATTRIBUTE(identifier, name_text, value_kind, is_multiple, is_large, tag, inet_org_person_name, free_ipa_name, title_text)  \
    [DIRECTORY_ATTRIBUTE_##identifier] = {.name = name_text, .kind = DIRECTORY_VALUE_##value_kind, .multiple = is_multiple,      \
                                          .large = is_large, .property_tag = tag, .inet_org_person = inet_org_person_name,         \
                                          .free_ipa = free_ipa_name, .title = title_text},
#include "directory/attribute_table.h"
#undef ATTRIBUTE
};

enum directory_attribute directory_attribute_named(const char *name)
{
    unsigned found = 0;
    while (found < DIRECTORY_ATTRIBUTE_COUNT && strcasecmp(directory_attributes[found].name, name) != 0)
        found++;
    return found;
}

enum directory_attribute directory_attribute_of_tag(uint32_t property_tag)
{
    unsigned found = 0;
    while (found < DIRECTORY_ATTRIBUTE_COUNT && (!directory_attributes[found].property_tag ||
                                                 directory_attributes[found].property_tag >> 16 != property_tag >> 16))
        found++;
    return found;
}
