/* The store contract, third part: views: orders, pages, positions, and that they follow every change. */
#include "store/contract.h"

static const struct store_sort_column by_subject = {TAG_SUBJECT, false};
static const struct store_sort_column by_time_descending = {TAG_DELIVERY_TIME, true};

static struct store_view open_view(uint64_t folder_id, const struct store_sort_column *columns, uint32_t count)
{
    struct store_view view;
    assert_ok(store_view_open(fixture.mailbox, folder_id, STORE_MESSAGE_NORMAL, columns, count, &view));
    assert_true(view.complete);
    return view;
}

/* A page in the asked order: what 'reversed' means for the caller. */
static uint32_t page(struct store_view view, struct store_position from, bool backward, uint32_t rows_max,
    const struct store_message **ret_rows)
{
    struct store_page_request request = {.view_id = view.view_id, .from = from, .backward = backward != view.reversed,
        .rows_max = rows_max};
    uint32_t count;
    bool end;
    assert_ok(store_view_page(fixture.mailbox, &fixture.arena, &request, ret_rows, &count, &end));
    assert_int_equal(end, count < rows_max);
    return count;
}

static struct store_position start_of(struct store_view view)
{
    return (struct store_position){.place = view.reversed ? STORE_PLACE_LAST : STORE_PLACE_FIRST};
}

static struct store_position behind(struct store_view view, const struct store_message *row)
{
    return (struct store_position){view.reversed ? STORE_PLACE_BEFORE : STORE_PLACE_AFTER, row->key, row->message_id};
}

static void assert_order(struct store_view view, const uint64_t *expected, uint32_t count)
{
    const struct store_message *rows;
    assert_int_equal(page(view, start_of(view), false, count + 5, &rows), count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(rows[i].message_id, expected[i]);
}

static void views_that_cannot_be(void **state)
{
    struct store_view view;
    struct store_sort_column columns[STORE_SORT_COLUMNS_MAX + 1] = {{0}};
    uint64_t root = make_folder(0, "root"), rank;
    bool complete;
    assert_int_equal(store_view_open(fixture.mailbox, ID(7), STORE_MESSAGE_NORMAL, NULL, 0, &view), STORE_NOT_FOUND);
    assert_int_equal(store_view_open(fixture.mailbox, root, STORE_MESSAGE_NORMAL, columns, STORE_SORT_COLUMNS_MAX + 1, &view),
        STORE_INVALID);
    assert_int_equal(store_view_build(fixture.mailbox, 999, 5, &complete), STORE_NOT_FOUND);
    struct store_position first = {.place = STORE_PLACE_FIRST};
    assert_ok(store_view_rank(fixture.mailbox, 999, &first, &rank));
    assert_int_equal(rank, 0);
    struct bytes key;
    assert_int_equal(store_view_find(fixture.mailbox, &fixture.arena, 999, ID(1), &key), STORE_NOT_FOUND);
}

static void an_empty_view_has_no_rows_anywhere(void **state)
{
    uint64_t root = make_folder(0, "root"), moved;
    struct store_view view = open_view(root, NULL, 0);
    const struct store_message *rows;
    assert_int_equal(view.count, 0);
    assert_int_equal(page(view, (struct store_position){.place = STORE_PLACE_FIRST}, false, 5, &rows), 0);
    assert_int_equal(page(view, (struct store_position){.place = STORE_PLACE_LAST}, true, 5, &rows), 0);
    struct store_position first = {.place = STORE_PLACE_FIRST}, position;
    assert_ok(store_view_move(fixture.mailbox, &fixture.arena, view.view_id, &first, 5, &position, &moved));
    assert_int_equal(moved, 0);
    assert_int_equal(position.place, STORE_PLACE_LAST);
}

static void orders_by_any_column(void **state)
{
    uint64_t root = make_folder(0, "root");
    uint64_t b = make_message(root, "Beta", 30), a = make_message(root, "alpha", 20), o = make_message(root, "Öl", 10);
    uint64_t z = make_message(root, "zeta", 20), none;
    struct store_message_write write = message_write(root, "unused", 1);
    write.content.properties.count = 0; /* neither subject nor time */
    none = write.message_id;
    assert_ok(store_message_create(fixture.mailbox, &write));
    assert_order(open_view(root, &by_subject, 1), (uint64_t[]){none, a, b, o, z}, 5);
    assert_order(open_view(root, &by_time_descending, 1), (uint64_t[]){b, z, a, o, none}, 5);
    assert_order(open_view(root, NULL, 0), (uint64_t[]){none, o, a, z, b}, 5);
    struct store_sort_column two[] = {{TAG_DELIVERY_TIME, false}, {TAG_SUBJECT, true}};
    assert_order(open_view(root, two, 2), (uint64_t[]){none, o, z, a, b}, 5);
    two[0].descending = true;
    two[1].descending = false;
    assert_order(open_view(root, two, 2), (uint64_t[]){b, a, z, o, none}, 5);
    assert_int_equal(open_view(root, two, 2).count, 5);
    assert_true(open_view(root, two, 2).reversed);
}

static void pages_meet_and_survive_what_happens_between(void **state)
{
    uint64_t root = make_folder(0, "root"), ids[100];
    for (int i = 0; i < 100; i++)
        ids[i] = make_message(root, "same", (uint64_t)(i / 10)); /* ten of each time */
    for (int descending = 0; descending < 2; descending++) {
        struct store_sort_column column = {TAG_DELIVERY_TIME, descending};
        struct store_view view = open_view(root, &column, 1);
        struct store_position from = start_of(view);
        const struct store_message *rows;
        uint32_t seen = 0;
        for (uint32_t count = 7; count == 7; seen += count) {
            count = page(view, from, false, 7, &rows);
            for (uint32_t i = 0; i < count; i++)
                assert_int_equal(rows[i].message_id, ids[descending ? 99 - (seen + i) : seen + i]);
            if (count)
                from = behind(view, &rows[count - 1]);
        }
        assert_int_equal(seen, 100);
        assert_int_equal(page(view, from, true, 3, &rows), 3); /* and back, nearest first */
        assert_int_equal(rows[0].message_id, ids[descending ? 0 : 99]);
        assert_int_equal(rows[2].message_id, ids[descending ? 2 : 97]);
    }
    /* The row a position is at goes away: its place stays. */
    struct store_view view = open_view(root, NULL, 0);
    const struct store_message *rows;
    bool deleted;
    page(view, start_of(view), false, 15, &rows);
    struct store_position at = {STORE_PLACE_BEFORE, rows[14].key, rows[14].message_id};
    assert_ok(store_message_delete(fixture.mailbox, root, &ids[14], 1, STORE_DELETE_HARD, 1, 1, &deleted));
    assert_int_equal(page(view, at, false, 1, &rows), 1);
    assert_int_equal(rows[0].message_id, ids[15]);
    assert_int_equal(page(view, at, true, 1, &rows), 1);
    assert_int_equal(rows[0].message_id, ids[13]);
}

static void pages_stop_at_bytes_and_give_ids_alone(void **state)
{
    uint64_t root = make_folder(0, "root");
    for (int i = 0; i < 300; i++)
        make_message(root, "some subject", (uint64_t)i);
    struct store_view view = open_view(root, NULL, 0);
    struct store_page_request request = {.view_id = view.view_id, .rows_max = 300, .size_max = 100};
    const struct store_message *rows;
    uint32_t count;
    bool end;
    assert_ok(store_view_page(fixture.mailbox, &fixture.arena, &request, &rows, &count, &end));
    assert_true(count > 0 && count < 10);
    assert_false(end);
    request.size_max = 0;
    request.ids_only = true;
    assert_ok(store_view_page(fixture.mailbox, &fixture.arena, &request, &rows, &count, &end));
    assert_int_equal(count, 300);
    assert_null(rows[0].properties.data);
    assert_int_equal(rows[299].message_id, rows[0].message_id + 299);
    request.rows_max = 0;
    assert_ok(store_view_page(fixture.mailbox, &fixture.arena, &request, &rows, &count, &end));
    assert_int_equal(count, 0);
}

static void ranks_and_moves(void **state)
{
    uint64_t root = make_folder(0, "root"), rank, moved;
    for (int i = 0; i < 50; i++)
        make_message(root, "m", (uint64_t)(i / 5));
    struct store_view view = open_view(root, NULL, 0);
    const struct store_message *rows;
    assert_int_equal(page(view, start_of(view), false, 50, &rows), 50);
    for (uint32_t i = 0; i < 50; i++) {
        struct store_position before = {STORE_PLACE_BEFORE, rows[i].key, rows[i].message_id}, after = before, to;
        after.place = STORE_PLACE_AFTER;
        assert_ok(store_view_rank(fixture.mailbox, view.view_id, &before, &rank));
        assert_int_equal(rank, i);
        assert_ok(store_view_rank(fixture.mailbox, view.view_id, &after, &rank));
        assert_int_equal(rank, i + 1);
        assert_ok(store_view_move(fixture.mailbox, &fixture.arena, view.view_id, &before, 3, &to, &moved));
        assert_int_equal(moved, i > 47 ? 50 - i : 3);
        assert_ok(store_view_rank(fixture.mailbox, view.view_id, &to, &rank));
        assert_int_equal(rank, i + moved);
        assert_ok(store_view_move(fixture.mailbox, &fixture.arena, view.view_id, &before, -4, &to, &moved));
        assert_int_equal(moved, i < 4 ? i : 4);
        assert_ok(store_view_rank(fixture.mailbox, view.view_id, &to, &rank));
        assert_int_equal(rank, i - moved);
        struct bytes key;
        assert_ok(store_view_find(fixture.mailbox, &fixture.arena, view.view_id, rows[i].message_id, &key));
        assert_bytes(key, rows[i].key);
    }
    struct store_position last = {.place = STORE_PLACE_LAST}, to;
    assert_ok(store_view_rank(fixture.mailbox, view.view_id, &last, &rank));
    assert_int_equal(rank, 50);
    assert_ok(store_view_move(fixture.mailbox, &fixture.arena, view.view_id, &last, INT64_MIN + 1, &to, &moved));
    assert_int_equal(moved, 50);
    assert_int_equal(to.place, STORE_PLACE_FIRST);
    assert_ok(store_view_move(fixture.mailbox, &fixture.arena, view.view_id, &to, 0, &to, &moved));
    assert_int_equal(moved, 0);
}

static void views_follow_updates_read_states_moves_and_deletions(void **state)
{
    uint64_t root = make_folder(0, "root"), other = make_folder(root, "other"), ids[4];
    struct store_sort_column by_read = {TAG_READ, false}, by_size = {TAG_MESSAGE_SIZE, true};
    bool flags[2];
    for (int i = 0; i < 4; i++)
        ids[i] = make_message(root, (const char *[]){"a", "b", "c", "d"}[i], (uint64_t)i);
    open_view(root, &by_subject, 1);
    open_view(root, &by_read, 1);
    open_view(root, &by_size, 1);
    open_view(other, &by_subject, 1);

    struct store_message_write write = message_write(root, "e, once a", 9);
    struct property_value *values = (struct property_value *)write.content.properties.values;
    values[2] = (struct property_value){.tag = TAG_ATTACH_DATA, .bytes = filled(500, 1)};
    write.content.properties.count = 3;
    write.message_id = ids[0];
    assert_ok(store_message_update(fixture.mailbox, &write));
    assert_order(open_view(root, &by_subject, 1), (uint64_t[]){ids[1], ids[2], ids[3], ids[0]}, 4);
    assert_order(open_view(root, NULL, 0), (uint64_t[]){ids[1], ids[2], ids[3], ids[0]}, 4);
    assert_int_equal(open_view(root, &by_size, 1).count, 4);
    const struct store_message *rows;
    struct store_view sizes = open_view(root, &by_size, 1);
    page(sizes, start_of(sizes), false, 1, &rows);
    assert_int_equal(rows[0].message_id, ids[0]);

    assert_ok(store_message_set_read(fixture.mailbox, &ids[2], 1, true, ID(0x3000), 0, 0, flags));
    assert_order(open_view(root, &by_read, 1), (uint64_t[]){ids[0], ids[1], ids[3], ids[2]}, 4);

    struct store_transfer move[] = {{ids[1], ID(0x900), ID(0x901), false}};
    assert_ok(store_message_move(fixture.mailbox, root, other, 9, move, 1));
    assert_order(open_view(root, &by_subject, 1), (uint64_t[]){ids[2], ids[3], ids[0]}, 3);
    assert_order(open_view(other, &by_subject, 1), (uint64_t[]){ID(0x900)}, 1);
    struct store_transfer copy[] = {{ids[3], ID(0x910), ID(0x911), false}};
    assert_ok(store_message_copy(fixture.mailbox, root, other, 9, copy, 1));
    assert_order(open_view(other, &by_subject, 1), (uint64_t[]){ID(0x900), ID(0x910)}, 2);

    assert_ok(store_message_delete(fixture.mailbox, root, &ids[2], 1, STORE_DELETE_SOFT, ID(0x3001), 5, flags));
    assert_order(open_view(root, &by_read, 1), (uint64_t[]){ids[0], ids[3]}, 2);
    struct store_view deleted;
    assert_ok(store_view_open(fixture.mailbox, root, STORE_MESSAGE_DELETED, &by_subject, 1, &deleted));
    assert_int_equal(deleted.count, 1);
    assert_order(deleted, (uint64_t[]){ids[2]}, 1);
    contract_reopen();
    assert_order(open_view(root, &by_subject, 1), (uint64_t[]){ids[3], ids[0]}, 2);
}

static void large_views_are_built_in_steps_while_messages_change(void **state)
{
    uint64_t root = make_folder(0, "root"), ids[2500];
    char subject[16];
    bool complete = false, flag;
    assert_ok(store_begin(fixture.mailbox));
    for (int i = 0; i < 2500; i++) {
        snprintf(subject, sizeof(subject), "%05d", (i * 7919) % 2500);
        ids[i] = make_message(root, subject, 1);
    }
    assert_ok(store_commit(fixture.mailbox));
    struct store_view view;
    assert_ok(store_view_open(fixture.mailbox, root, STORE_MESSAGE_NORMAL, &by_subject, 1, &view));
    assert_false(view.complete);
    assert_int_equal(view.count, 2500);
    for (int step = 0; !complete; step++) {
        struct store_message_write write = message_write(root, "changed", 1);
        write.message_id = ids[step ? 2400 - step : 0]; /* one that is in already, then some that are not yet */
        assert_ok(store_message_update(fixture.mailbox, &write));
        assert_ok(store_message_delete(fixture.mailbox, root, &ids[2000 - step], 1, STORE_DELETE_HARD, 1, 1, &flag));
        make_message(root, "new", 1);
        contract_reopen();
        assert_ok(store_view_build(fixture.mailbox, view.view_id, 300, &complete));
        assert_true(step < 20);
    }
    assert_ok(store_view_build(fixture.mailbox, view.view_id, 300, &complete));
    assert_true(complete);
    view = open_view(root, &by_subject, 1);
    const struct store_message *rows;
    uint32_t count = page(view, start_of(view), false, 3000, &rows);
    assert_int_equal(count, view.count);
    for (uint32_t i = 1; i < count; i++)
        assert_true(bytes_compare(rows[i - 1].key, rows[i].key) <= 0);
}

/* Ranks and moves anywhere agree with the row numbers of the whole list. */
static void assert_positions(struct store_view view, unsigned *seed)
{
    struct arena arena = {0};
    struct store_page_request request = {.view_id = view.view_id, .ids_only = true, .rows_max = UINT32_MAX};
    const struct store_message *rows;
    uint32_t count;
    bool end;
    assert_ok(store_view_page(fixture.mailbox, &arena, &request, &rows, &count, &end));
    assert_int_equal(count, view.count);
    for (int i = 0; i < 40; i++) {
        uint32_t index = (uint32_t)rand_r(seed) % count, target = (uint32_t)rand_r(seed) % (count + 1);
        int64_t move = i % 8 == 0 ? (i % 16 ? 1 : -1) * (int64_t)count : (int64_t)target - index;
        struct store_position from = {STORE_PLACE_BEFORE, rows[index].key, rows[index].message_id}, to;
        uint64_t rank, moved;
        assert_ok(store_view_rank(fixture.mailbox, view.view_id, &from, &rank));
        assert_int_equal(rank, index);
        assert_ok(store_view_move(fixture.mailbox, &arena, view.view_id, &from, move, &to, &moved));
        uint64_t expected = i % 8 == 0 ? (move > 0 ? count : 0) : target;
        assert_int_equal(moved, expected > index ? expected - index : index - expected);
        assert_ok(store_view_rank(fixture.mailbox, view.view_id, &to, &rank));
        assert_int_equal(rank, expected);
    }
    arena_free(&arena);
}

static void positions_in_large_views_while_they_change(void **state)
{
    uint64_t root = make_folder(0, "root"), *ids = arena_array(&fixture.arena, uint64_t, 9000);
    unsigned seed = 7;
    bool deleted;
    assert_ok(store_begin(fixture.mailbox));
    for (int i = 0; i < 9000; i++)
        ids[i] = make_message(root, "m", (uint64_t)rand_r(&seed) % 5000);
    assert_ok(store_commit(fixture.mailbox));
    assert_positions(open_view(root, NULL, 0), &seed);
    assert_ok(store_begin(fixture.mailbox));
    for (int i = 0; i < 3000; i++) /* all in one place, so that parts are divided again */
        make_message(root, "m", 2500);
    for (int i = 0; i < 3000; i++) {
        assert_ok(store_message_delete(fixture.mailbox, root, &ids[i * 2], 1, STORE_DELETE_HARD, 1, 1, &deleted));
        assert_true(deleted);
    }
    assert_ok(store_commit(fixture.mailbox));
    contract_reopen();
    assert_positions(open_view(root, NULL, 0), &seed);
    assert_ok(store_begin(fixture.mailbox)); /* what is rolled back is not counted */
    make_message(root, "m", 2500);
    store_rollback(fixture.mailbox);
    assert_positions(open_view(root, NULL, 0), &seed);
    assert_ok(store_folder_delete(fixture.mailbox, root, STORE_DELETE_HARD, 1, 1));
}

static void views_beyond_the_limit_give_up_the_least_used(void **state)
{
    uint64_t root = make_folder(0, "root"), first;
    make_message(root, "m", 1);
    first = open_view(root, &by_subject, 1).view_id;
    for (uint32_t i = 0; i < 40; i++) {
        struct store_sort_column column = {PROPERTY_TAG(0x6000 + i, PTYP_INTEGER32), false};
        open_view(root, &column, 1);
    }
    bool complete;
    assert_int_equal(store_view_build(fixture.mailbox, first, 1, &complete), STORE_NOT_FOUND);
    make_message(root, "n", 2); /* still within what a change keeps up to date */
    assert_int_equal(open_view(root, &by_subject, 1).count, 2);
}

static void changes_are_listed_by_their_numbers(void **state)
{
    uint64_t root = make_folder(0, "root"), a = make_message(root, "a", 1), b = make_message(root, "b", 1);
    struct store_message_write write = message_write(root, "a again", 1);
    write.message_id = a;
    assert_ok(store_message_update(fixture.mailbox, &write));
    const struct store_message *rows;
    uint32_t count;
    assert_ok(store_change_list(fixture.mailbox, &fixture.arena, root, STORE_MESSAGE_NORMAL, false, 0, 10, &rows, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].message_id, b);
    assert_int_equal(rows[1].message_id, a);
    assert_ok(store_change_list(fixture.mailbox, &fixture.arena, root, STORE_MESSAGE_NORMAL, false, rows[0].change_number, 10,
        &rows, &count));
    assert_int_equal(count, 1);
    assert_ok(store_change_list(fixture.mailbox, &fixture.arena, root, STORE_MESSAGE_ASSOCIATED, false, 0, 10, &rows, &count));
    assert_int_equal(count, 0);
    assert_ok(store_change_list(fixture.mailbox, &fixture.arena, root, STORE_MESSAGE_NORMAL, false, 0, 1, &rows, &count));
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(views_that_cannot_be),
        CONTRACT_TEST(an_empty_view_has_no_rows_anywhere),
        CONTRACT_TEST(orders_by_any_column),
        CONTRACT_TEST(pages_meet_and_survive_what_happens_between),
        CONTRACT_TEST(pages_stop_at_bytes_and_give_ids_alone),
        CONTRACT_TEST(ranks_and_moves),
        CONTRACT_TEST(views_follow_updates_read_states_moves_and_deletions),
        CONTRACT_TEST(large_views_are_built_in_steps_while_messages_change),
        CONTRACT_TEST(positions_in_large_views_while_they_change),
        CONTRACT_TEST(views_beyond_the_limit_give_up_the_least_used),
        CONTRACT_TEST(changes_are_listed_by_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
