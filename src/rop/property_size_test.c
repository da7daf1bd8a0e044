/* What property_size says is what the encoder writes: shown over random answers of RopGetPropertiesAll. */
#include "rop/property_size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "protocol/structures.h"
#include "wire/wire.h"

static bool has_size(uint32_t tag)
{
    return PROPERTY_TYPE(tag) != PTYP_RESTRICTION && PROPERTY_TYPE(tag) != PTYP_RULE_ACTION;
}

static void sizes_are_those_of_the_encoder(void **state)
{
    struct arena arena = {0};
    uint32_t values_seen = 0;
    struct wire_random random = {.state = 4711};
    for (int i = 0; i < 3000; i++) {
        const struct rop_get_properties_all_success *answer =
            wire_random_object(&arena, &rop_get_properties_all_success_structure, NULL, &random);
        assert_non_null(answer);
        for (uint32_t k = 0; k < answer->property_value_count; k++) {
            if (!has_size(answer->property_values[k].tag))
                continue;
            struct rop_get_properties_all_success one = {1, &answer->property_values[k]};
            struct buffer buffer = {0};
            assert_true(wire_encode(&rop_get_properties_all_success_structure, &one, NULL, &buffer, NULL));
            assert_int_equal(buffer.size, 2 + 4 + property_size(&answer->property_values[k]));
            buffer_free(&buffer);
            values_seen++;
        }
        arena_reset(&arena);
    }
    assert_true(values_seen > 1000);
    arena_free(&arena);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_are_those_of_the_encoder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
