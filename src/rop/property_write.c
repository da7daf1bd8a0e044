/* Changing and copying properties (MS-OXCPRPT 3.2.5.4, .5, .7, .8). What cannot be done to a property is said in a
 * PropertyProblem of its own; the rest is done. The NoReplicate forms differ for the replication of public folders only. */
#include "mailbox/properties.h"

#include "rop/handlers.h"
#include "rop/object_properties.h"

#define PROBLEM_SIZE 10u

/* The answers of all these ROPs are a list of problems. */
static uint32_t give_problems(struct rop_call *call, const struct property_failures *failures)
{
    struct rop_set_properties_success *answer = rop_call_answer(call, struct rop_set_properties_success);
    size_t count = failures->count < call->room / PROBLEM_SIZE ? failures->count : call->room / PROBLEM_SIZE;
    struct property_problem *problems = arena_array(call->arena, struct property_problem, count + 1);
    if (!answer || !problems)
        return EC_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++) {
        problems[i] = (struct property_problem){
            .index = failures->failures[i].index,
            .property_tag = failures->failures[i].tag,
            .error_code = failures->failures[i].error,
        };
    }
    answer->property_problem_count = (uint16_t)count;
    answer->property_problems = problems;
    return 0;
}

uint32_t rop_set_properties(struct rop_call *call)
{
    const struct rop_set_properties_request *request = call->request;
    const struct property_list properties = {request->property_value_count, request->property_values};
    struct property_failures failures = {0};
    uint32_t error = properties_set(call->arena, call->logon, rop_object_properties(call->input), properties, &failures);
    return error ? error : give_problems(call, &failures);
}

uint32_t rop_delete_properties(struct rop_call *call)
{
    const struct rop_delete_properties_request *request = call->request;
    struct property_failures failures = {0};
    uint32_t error = properties_delete(call->arena, call->logon, rop_object_properties(call->input), request->property_tags,
        request->property_tag_count, &failures);
    return error ? error : give_problems(call, &failures);
}

/* Both objects of one kind (R821), one of those that can be copied; both flags together are not taken (R86502). */
static uint32_t check_copy(const struct rop_call *call, uint8_t flags)
{
    if (call->destination->kind != call->input->kind)
        return EC_NOT_SUPPORTED;
    if ((flags & ~(PROPERTY_COPY_MOVE | PROPERTY_COPY_NO_OVERWRITE)) ||
        flags == (PROPERTY_COPY_MOVE | PROPERTY_COPY_NO_OVERWRITE))
        return EC_INVALID_PARAMETER;
    return 0;
}

uint32_t rop_copy_properties(struct rop_call *call)
{
    const struct rop_copy_properties_request *request = call->request;
    struct property_failures failures = {0};
    uint32_t error = check_copy(call, request->copy_flags);
    if (!error)
        error = properties_copy(call->arena, call->logon, rop_object_properties(call->input),
            rop_object_properties(call->destination), request->property_tags, request->property_tag_count,
            request->copy_flags, &failures);
    return error ? error : give_problems(call, &failures);
}

uint32_t rop_copy_to(struct rop_call *call)
{
    const struct rop_copy_to_request *request = call->request;
    struct property_failures failures = {0};
    uint32_t error = check_copy(call, request->copy_flags);
    if (!error)
        error = properties_copy_to(call->arena, call->logon, rop_object_properties(call->input),
            rop_object_properties(call->destination), request->excluded_tags, request->excluded_tag_count,
            request->want_sub_objects, request->copy_flags, &failures);
    return error ? error : give_problems(call, &failures);
}
