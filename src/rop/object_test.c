#include "rop/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void handles_count_up_and_are_not_given_twice(void **state)
{
    struct rop_object_map map = {.count_max = 100};
    struct rop_object *first = rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL);
    struct rop_object *second = rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL);
    assert_int_equal(first->handle, 0);
    assert_int_equal(second->handle, 1);
    rop_object_map_remove(&map, first);
    struct rop_object *third = rop_object_map_add(&map, ROP_OBJECT_MESSAGE, NULL);
    assert_int_equal(third->handle, 2);
    assert_null(rop_object_map_find(&map, 0));
    assert_ptr_equal(rop_object_map_find(&map, 1), second);
    assert_ptr_equal(rop_object_map_find(&map, 2), third);
    assert_true(rop_object_map_was_assigned(&map, 0));
    assert_false(rop_object_map_was_assigned(&map, 3));
    rop_object_map_remove(&map, second);
    rop_object_map_remove(&map, third);
    rop_object_map_free(&map);
    (void)state;
}

static void many_objects_are_found_in_any_order_of_release(void **state)
{
    struct rop_object_map map = {.count_max = 1000};
    struct rop_object *objects[1000];
    for (int i = 0; i < 1000; i++)
        objects[i] = rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL);
    for (int i = 0; i < 1000; i += 3)
        rop_object_map_remove(&map, objects[i]);
    for (uint32_t i = 0; i < 1000; i++) {
        if (i % 3)
            assert_ptr_equal(rop_object_map_find(&map, i), objects[i]);
        else
            assert_null(rop_object_map_find(&map, i));
    }
    for (int i = 0; i < 1000; i++) {
        if (i % 3)
            rop_object_map_remove(&map, objects[i]);
    }
    rop_object_map_free(&map);
    (void)state;
}

static void the_limit_holds(void **state)
{
    struct rop_object_map map = {.count_max = 2};
    struct rop_object *first = rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL);
    struct rop_object *second = rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL);
    assert_non_null(second);
    assert_null(rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL));
    rop_object_map_remove(&map, first);
    assert_non_null(first = rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL));
    rop_object_map_remove(&map, first);
    rop_object_map_remove(&map, second);
    rop_object_map_free(&map);
    (void)state;
}

static void the_unused_value_is_never_a_handle(void **state) /* MS-OXCROPS R4560 */
{
    struct rop_object_map map = {.count_max = 10, .next_handle = ROP_HANDLE_UNUSED - 1};
    struct rop_object *last = rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL);
    assert_int_equal(last->handle, ROP_HANDLE_UNUSED - 1);
    assert_null(rop_object_map_add(&map, ROP_OBJECT_FOLDER, NULL));
    rop_object_map_remove(&map, last);
    rop_object_map_free(&map);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_count_up_and_are_not_given_twice),
        cmocka_unit_test(many_objects_are_found_in_any_order_of_release),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(the_unused_value_is_never_a_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
