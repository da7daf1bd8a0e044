/* Reading properties (MS-OXCPRPT 3.2.5.1 to .3). PropertySizeLimit is passed over, as Exchange 2010 and later do (R9070101):
 * a value is given back as NotEnoughMemory only where it does not fit into the answer (R643), for the client to open a
 * stream. */
#include "mailbox/properties.h"

#include "rop/handlers.h"
#include "rop/object_properties.h"
#include "rop/property_size.h"

#define TAGGED_OVERHEAD 4u
#define FLAGGED_OVERHEAD 1u

/* The value becomes NotEnoughMemory. */
static void give_up(struct property_value *value)
{
    *value = (struct property_value){
        .tag = PROPERTY_TAG(PROPERTY_ID(value->tag), PTYP_ERROR_CODE),
        .error_code = EC_NOT_ENOUGH_MEMORY,
    };
}

/* Makes the values fit into 'room' where the client cannot get more by asking again: the largest go first. */
static void shrink_to(struct property_value *values, uint32_t count, size_t overhead, size_t fixed_size, size_t room)
{
    for (;;) {
        size_t size = fixed_size, largest_size = 8;
        uint32_t largest = UINT32_MAX;
        for (uint32_t i = 0; i < count; i++) {
            size_t value_size = property_size(&values[i]);
            size += overhead + value_size;
            if (value_size > largest_size) {
                largest_size = value_size;
                largest = i;
            }
        }
        if (size <= room || largest == UINT32_MAX)
            return;
        give_up(&values[largest]);
    }
}

static uint32_t limit_of_values(const struct rop_call *call)
{
    return call->room < PROPERTY_ANSWER_SIZE_MAX ? (uint32_t)call->room : PROPERTY_ANSWER_SIZE_MAX;
}

uint32_t rop_get_properties_specific(struct rop_call *call)
{
    const struct rop_get_properties_specific_request *request = call->request;
    uint32_t count = request->property_tag_count;
    struct rop_get_properties_specific_success *answer =
        rop_call_answer(call, struct rop_get_properties_specific_success);
    struct property_value *values = arena_array(call->arena, struct property_value, count + 1u);
    struct wire_columns *columns = arena_new(call->arena, struct wire_columns);
    if (!answer || !values || !columns)
        return EC_OUT_OF_MEMORY;
    uint32_t error = properties_get(call->arena, call->logon, rop_object_properties(call->input), request->property_tags,
        count, limit_of_values(call), request->want_unicode != 0, values);
    if (error)
        return error;
    if (call->room_is_largest)
        shrink_to(values, count, FLAGGED_OVERHEAD + 2, 1, call->room);
    *columns = (struct wire_columns){count, request->property_tags};
    call->columns = columns;
    answer->row_data = (struct property_row){.count = count, .values = values};
    return 0;
}

uint32_t rop_get_properties_all(struct rop_call *call)
{
    const struct rop_get_properties_all_request *request = call->request;
    struct rop_get_properties_all_success *answer = rop_call_answer(call, struct rop_get_properties_all_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    struct property_list properties;
    uint32_t error = properties_get_all(call->arena, call->logon, rop_object_properties(call->input), limit_of_values(call),
        request->want_unicode != 0, &properties);
    if (error)
        return error;
    uint32_t count = properties.count < UINT16_MAX ? properties.count : UINT16_MAX;
    struct property_value *values =
        arena_copy(call->arena, properties.values, count * sizeof *values);
    if (!values && count)
        return EC_OUT_OF_MEMORY;
    if (call->room_is_largest)
        shrink_to(values, count, TAGGED_OVERHEAD, 2, call->room);
    answer->property_value_count = (uint16_t)count;
    answer->property_values = values;
    return 0;
}

uint32_t rop_get_properties_list(struct rop_call *call)
{
    struct rop_get_properties_list_success *answer = rop_call_answer(call, struct rop_get_properties_list_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t *tags, count;
    uint32_t error = properties_list(call->arena, call->logon, rop_object_properties(call->input), &tags, &count);
    if (error)
        return error;
    answer->property_tag_count = (uint16_t)(count < COLUMNS_MAX ? count : COLUMNS_MAX);
    answer->property_tags = tags;
    return 0;
}
