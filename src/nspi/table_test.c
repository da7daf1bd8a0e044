#include "nspi/table_fixture.h"

/* Positions and rows: UpdateStat, QueryRows, SeekEntries, CompareMIds, ResortRestriction. */

#define TABLE "adam ake ann anna atrium empty mike1 mike2 nordics orjan oskar otto obrien zoe alexis yamada aoki"
#define TABLE_COUNT 17u

static const uint32_t name_column[] = {PID_TAG_DISPLAY_NAME};

static uint32_t update_stat(struct table_fixture *fixture, struct stat stat, struct stat *ret_stat, int32_t *ret_delta)
{
    struct nspi_update_stat_request request = {.has_state = true, .state = stat, .delta_requested = ret_delta != NULL};
    struct nspi_update_stat_success answer;
    uint32_t error = table_run(fixture, "UpdateStat", &request, &answer);
    assert_int_equal(answer.has_state, error == EC_SUCCESS);
    assert_int_equal(answer.has_delta, error == EC_SUCCESS && ret_delta);
    if (error == EC_SUCCESS)
        *ret_stat = answer.state;
    if (error == EC_SUCCESS && ret_delta)
        *ret_delta = answer.delta;
    return error;
}

static struct nspi_query_rows_success query_rows(struct table_fixture *fixture, struct stat stat, uint32_t count)
{
    struct nspi_query_rows_request request = {.has_state = true, .state = stat, .row_count = count, .has_columns = true,
                                              .column_count = 1, .columns = name_column};
    struct nspi_query_rows_success answer;
    assert_int_equal(table_run(fixture, "QueryRows", &request, &answer), EC_SUCCESS);
    assert_true(answer.has_state && answer.has_columns_and_rows);
    return answer;
}

/* All Minimal Entry IDs of the global list, in order. */
static uint32_t walk(struct table_fixture *fixture, uint32_t lcid, uint32_t mids[64])
{
    struct stat stat = stat_in(0, NSPI_BEGINNING_OF_TABLE);
    uint32_t count = 0;
    stat.sort_locale = lcid;
    assert_int_equal(update_stat(fixture, stat, &stat, NULL), EC_SUCCESS);
    while (stat.current_rec != NSPI_END_OF_TABLE && count < 64) {
        mids[count++] = stat.current_rec;
        stat.delta = 1;
        assert_int_equal(update_stat(fixture, stat, &stat, NULL), EC_SUCCESS);
        assert_int_equal(stat.delta, 0);
    }
    return count;
}

/* MS-OXNSPI R497 R499 R500 R535 R1763 R556 R537 R538, R557 R558 R561, R93 R94 R1749, R494 R496 R1605, R501 R502. */
static void the_table_is_sorted(void **state)
{
    struct table_fixture *fixture = *state;
    uint32_t mids[64], count = walk(fixture, ENGLISH, mids);
    assert_string_equal(accounts_of(fixture, count, mids), TABLE);
    for (uint32_t i = 0; i < count; i++) {
        struct stat stat;
        assert_int_equal(update_stat(fixture, stat_in(0, mids[i]), &stat, NULL), EC_SUCCESS);
        assert_int_equal(stat.num_pos, i);
        assert_int_equal(stat.total_recs, TABLE_COUNT);
        assert_int_equal(stat.current_rec, mids[i]);
    }
    count = walk(fixture, SWEDISH, mids); /* MS-OXNSPI R477 R532 R343: the client's language */
    assert_string_equal(accounts_of(fixture, 3, mids + count - 6), "zoe ake orjan");
}

/* MS-OXNSPI R542 R1758 R80 R81, R547 R548 R549 R550, R1743 R1744 R554 R1704: where movements end;
 * MS-OXNSPI R795 R1868: what they were. */
static void movements_stay_in_the_table(void **state)
{
    struct table_fixture *fixture = *state;
    static const struct { const char *from; uint32_t rec; int32_t delta; const char *to; int32_t moved; } cases[] = {
        {NULL, NSPI_BEGINNING_OF_TABLE, 0, "adam", 0}, {NULL, NSPI_BEGINNING_OF_TABLE, -5, "adam", 0},
        {NULL, NSPI_BEGINNING_OF_TABLE, 2, "ann", 2}, {NULL, NSPI_END_OF_TABLE, 0, "?", 0}, {NULL, NSPI_END_OF_TABLE, -1, "aoki", -1},
        {NULL, NSPI_END_OF_TABLE, 7, "?", 0}, {"zoe", 0, 0, "zoe", 0}, {"zoe", 0, -13, "adam", -13}, {"zoe", 0, -14, "adam", -13},
        {"zoe", 0, 3, "aoki", 3}, {"zoe", 0, 4, "?", 4}, {"zoe", 0, 5, "?", 4}, {"zoe", 0, INT32_MAX, "?", 4},
        {"zoe", 0, INT32_MIN, "adam", -13}, {NULL, NSPI_BEGINNING_OF_TABLE, INT32_MAX, "?", 17},
        {NULL, NSPI_END_OF_TABLE, INT32_MIN, "adam", -17},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stat stat = stat_in(0, cases[i].from ? mid_of(fixture, cases[i].from) : cases[i].rec), after;
        int32_t moved;
        stat.delta = cases[i].delta;
        stat.num_pos = stat.total_recs = 12345; /* MS-OXNSPI R326001 R331001: of no meaning here */
        assert_int_equal(update_stat(fixture, stat, &after, &moved), EC_SUCCESS);
        assert_string_equal(accounts_of(fixture, 1, &after.current_rec), cases[i].to);
        if (*cases[i].to == '?')
            assert_int_equal(after.current_rec, NSPI_END_OF_TABLE);
        assert_int_equal(moved, cases[i].moved);
        assert_int_equal(after.num_pos, *cases[i].to == '?' ? TABLE_COUNT : after.num_pos);
        /* MS-OXNSPI R324 R799 R314 R318 R337 R340 R344 */
        stat.current_rec = after.current_rec;
        stat.num_pos = after.num_pos;
        stat.total_recs = TABLE_COUNT;
        stat.delta = 0;
        assert_true(same_stat(&stat, &after));
    }
}

/* MS-OXNSPI R577 R578 R580 R584 R586 R1745 R1746 R1747 R1748 R595 R601, R82 R793: a fraction of the table, rounded down. */
static void fractions(void **state)
{
    struct table_fixture *fixture = *state;
    static const struct { uint32_t num_pos, total; int32_t delta; uint32_t row; } cases[] = {
        {0, 17, 0, 0}, {8, 17, 0, 8}, {17, 17, 0, 17}, {18, 17, 0, 17}, {1, 2, 0, 8}, {1, 3, 0, 5}, {2, 3, 0, 11}, {99, 100, 0, 16},
        {1, 2, 3, 11}, {1, 2, -9, 0}, {1, 2, 100, 17}, {UINT32_MAX, UINT32_MAX, 0, 17}, {UINT32_MAX, 1, 0, 17},
        {1, UINT32_MAX, 0, 0}, {0, 0, 0, 0}, {5, 0, 0, 0}, {UINT32_MAX, 1, -1, 16}, {UINT32_MAX, 2, INT32_MIN, 0},
    };
    uint32_t mids[64];
    walk(fixture, ENGLISH, mids);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stat stat = stat_in(0, NSPI_CURRENT);
        stat.num_pos = cases[i].num_pos;
        stat.total_recs = cases[i].total;
        stat.delta = cases[i].delta;
        assert_int_equal(update_stat(fixture, stat, &stat, NULL), EC_SUCCESS);
        assert_int_equal(stat.num_pos, cases[i].row);
        assert_int_equal(stat.total_recs, TABLE_COUNT);
        assert_int_equal(stat.current_rec, cases[i].row < TABLE_COUNT ? mids[cases[i].row] : NSPI_END_OF_TABLE);
    }
}

/* MS-OXNSPI R789 R792 R541 R545 R784, R84: what is not there, and the STAT stays with the client as it was. */
static void unknown_positions(void **state)
{
    struct table_fixture *fixture = *state;
    struct stat stat = stat_in(1, 0);
    struct nspi_update_stat_request request = {0};
    struct nspi_update_stat_success answer;
    assert_int_equal(update_stat(fixture, stat, &stat, NULL), EC_INVALID_BOOKMARK);
    assert_int_equal(update_stat(fixture, stat_in(mid_of(fixture, "nordics"), 0), &stat, NULL), EC_INVALID_BOOKMARK);
    assert_int_equal(update_stat(fixture, stat_in(0, UNKNOWN_MID), &stat, NULL), EC_NOT_FOUND);
    assert_int_equal(update_stat(fixture, stat_in(0, mid_of(fixture, "ghost")), &stat, NULL), EC_NOT_FOUND);
    uint32_t rooms = address_book_container(fixture->book, 1)->number;
    assert_int_equal(update_stat(fixture, stat_in(rooms, mid_of(fixture, "adam")), &stat, NULL), EC_NOT_FOUND);
    stat = stat_in(0, 0);
    stat.sort_type = 1;
    assert_int_equal(update_stat(fixture, stat, &stat, NULL), EC_GENERAL_FAILURE);
    assert_int_equal(table_run(fixture, "UpdateStat", &request, &answer), EC_INVALID_PARAMETER); /* no STAT at all */
    /* An entry that was deleted under a client's position: the client starts anew. */
    uint32_t zoe = mid_of(fixture, "zoe");
    fake_remove(fixture->fake, fake_find(fixture->fake, "zoe"));
    address_book_release(fixture->book);
    fixture->book = address_book_acquire(fixture->cache);
    assert_int_equal(update_stat(fixture, stat_in(0, zoe), &stat, NULL), EC_NOT_FOUND);
}

/* Tables of address lists, and of nothing at all. */
static void containers(void **state)
{
    struct table_fixture *fixture = *state;
    struct stat stat = stat_in(address_book_container(fixture->book, 1)->number, NSPI_BEGINNING_OF_TABLE);
    assert_int_equal(update_stat(fixture, stat, &stat, NULL), EC_SUCCESS);
    assert_int_equal(stat.current_rec, mid_of(fixture, "atrium"));
    assert_int_equal(stat.total_recs, 1);
    uint32_t nobody = address_book_container(fixture->book, 2)->number;
    for (uint32_t rec = 0; rec < 3; rec++) {
        stat = stat_in(nobody, rec);
        stat.num_pos = stat.total_recs = 4;
        assert_int_equal(update_stat(fixture, stat, &stat, NULL), EC_SUCCESS);
        assert_int_equal(stat.current_rec, NSPI_END_OF_TABLE);
        assert_int_equal(stat.num_pos, 0);
        assert_int_equal(stat.total_recs, 0);
    }
    struct nspi_query_rows_success rows = query_rows(fixture, stat_in(nobody, 0), 10); /* MS-OXNSPI R986: no row is a success */
    assert_int_equal(rows.row_count, 0);
}

/* Every u32 that is at an edge, in every field: each answer is one of the permitted ones (MS-OXNSPI R1659 R1661), and what is given
 * lies in the table. */
static void hostile_stats(void **state)
{
    struct table_fixture *fixture = *state;
    static const uint32_t edges[] = {0, 1, 2, 3, 0xF, 0x10, 0x100, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    const unsigned count = sizeof edges / sizeof *edges;
    unsigned seed = 7;
    for (unsigned i = 0; i < 4000; i++) {
        uint32_t fields[9];
        for (unsigned j = 0; j < 9; j++)
            fields[j] = edges[(unsigned)rand_r(&seed) % count];
        if (i % 2)
            fields[0] = fields[1] = 0;
        if (i % 4 == 3)
            fields[6] = 1252;
        struct stat stat = {fields[0], fields[1], fields[2], (int32_t)fields[3], fields[4], fields[5], fields[6], fields[7], fields[8]};
        struct stat after;
        int32_t delta;
        uint32_t error = update_stat(fixture, stat, &after, &delta);
        assert_true(error == EC_SUCCESS || error == EC_INVALID_BOOKMARK || error == EC_NOT_FOUND || error == EC_GENERAL_FAILURE);
        if (error == EC_SUCCESS)
            assert_true(after.num_pos <= after.total_recs && after.total_recs == TABLE_COUNT);
        struct nspi_query_rows_request request = {.has_state = true, .state = stat, .row_count = fields[(i + 1) % 9],
                                                  .has_columns = true, .column_count = 1, .columns = name_column};
        struct nspi_query_rows_success rows;
        error = table_run(fixture, "QueryRows", &request, &rows);
        assert_true(error == EC_SUCCESS || error == EC_INVALID_BOOKMARK || error == EC_NOT_FOUND || error == EC_GENERAL_FAILURE ||
                    error == EC_INVALID_CODEPAGE || error == EC_INVALID_PARAMETER);
        assert_int_equal(rows.has_columns_and_rows, error == EC_SUCCESS);
        arena_reset(&fixture->arena);
    }
}

/* MS-OXNSPI R967 R969 R973 R974 R975 R988 R1701: paging with any step gives the whole table once. */
static void paging(void **state)
{
    struct table_fixture *fixture = *state;
    char whole[1024], paged[1024];
    strcpy(whole, first_texts(fixture, TABLE_COUNT, query_rows(fixture, stat_in(0, 0), 1000).rows));
    for (uint32_t step = 1; step <= TABLE_COUNT + 1; step++) {
        struct stat stat = stat_in(0, NSPI_BEGINNING_OF_TABLE);
        paged[0] = '\0';
        for (uint32_t read = 0; stat.current_rec != NSPI_END_OF_TABLE;) {
            struct nspi_query_rows_success rows = query_rows(fixture, stat, step);
            assert_true(rows.row_count >= 1 && rows.row_count <= step); /* MS-OXNSPI R962 R927 */
            snprintf(paged + strlen(paged), sizeof paged - strlen(paged), "%s%s", *paged ? "|" : "",
                     first_texts(fixture, rows.row_count, rows.rows));
            read += rows.row_count;
            stat = rows.state;
            assert_int_equal(stat.num_pos, read);
            assert_int_equal(stat.total_recs, TABLE_COUNT);
            assert_int_equal(stat.delta, 0);
        }
        assert_string_equal(paged, whole);
    }
}

/* There and back again: a movement by UpdateStat and its contrary end where they began. */
static void there_and_back(void **state)
{
    struct table_fixture *fixture = *state;
    uint32_t mids[64], count = walk(fixture, ENGLISH, mids);
    for (uint32_t i = 0; i < count; i++) {
        for (int32_t delta = -20; delta <= 20; delta++) {
            struct stat stat = stat_in(0, mids[i]);
            int32_t moved, back;
            stat.delta = delta;
            assert_int_equal(update_stat(fixture, stat, &stat, &moved), EC_SUCCESS);
            stat.delta = -moved;
            assert_int_equal(update_stat(fixture, stat, &stat, &back), EC_SUCCESS);
            assert_int_equal(back, -moved);
            assert_int_equal(stat.current_rec, mids[i]);
        }
    }
}

/* MS-OXNSPI R969: the STAT's Delta counts before the first row; MS-OXNSPI R948 R943 R1762 R982: refusals. */
static void rows_from_a_position(void **state)
{
    struct table_fixture *fixture = *state;
    struct stat stat = stat_in(0, mid_of(fixture, "zoe"));
    stat.delta = -2;
    struct nspi_query_rows_success rows = query_rows(fixture, stat, 2);
    assert_string_equal(first_texts(fixture, rows.row_count, rows.rows), "Otto Weiss|Pat O'Brien");
    assert_int_equal(rows.state.current_rec, mid_of(fixture, "zoe"));
    struct nspi_query_rows_request request = {.has_state = true, .state = stat_in(1, 0), .row_count = 1};
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_INVALID_BOOKMARK);
    assert_false(rows.has_state || rows.has_columns_and_rows);
    request.state = stat_in(0, UNKNOWN_MID);
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_NOT_FOUND);
    request.state = stat_in(0, NSPI_CURRENT); /* MS-OXNSPI R83 R84 R1742: for UpdateStat alone */
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_NOT_FOUND);
    request.state = stat_in(0, 0);
    request.state.code_page = 0xFF;
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_INVALID_CODEPAGE);
    request.state.code_page = 1252;
    request.row_count = 0; /* MS-OXNSPI R939 */
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_INVALID_PARAMETER);
    static uint32_t many[NSPI_COLUMNS_MAX + 1];
    request.row_count = request.has_columns = 1;
    request.column_count = NSPI_COLUMNS_MAX + 1;
    request.columns = many;
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_TABLE_TOO_BIG);
}

/* MS-OXNSPI R1627 R952: the columns of clients that name none; MS-OXNSPI R921 R1926: flags of no meaning change nothing. */
static void default_columns(void **state)
{
    struct table_fixture *fixture = *state;
    struct nspi_query_rows_request request = {.flags = 0xFFFFFFFC, .has_state = true, .state = stat_in(0, 0), .row_count = 1};
    struct nspi_query_rows_success rows;
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_SUCCESS);
    static const uint32_t columns[] = {PID_TAG_ADDRESS_BOOK_CONTAINER_ID, PID_TAG_OBJECT_TYPE, PID_TAG_DISPLAY_TYPE,
                                       STRING8(PID_TAG_DISPLAY_NAME), STRING8(PID_TAG_PRIMARY_TELEPHONE_NUMBER),
                                       STRING8(PID_TAG_DEPARTMENT_NAME), STRING8(PID_TAG_OFFICE_LOCATION)};
    assert_int_equal(rows.column_count, 7);
    assert_memory_equal(rows.columns, columns, sizeof columns);
    assert_memory_equal(rows.rows[0].values[3].bytes.data, "Adam Adamsson", 13);
    assert_memory_equal(rows.rows[0].values[5].bytes.data, "Forschung", 9);
    assert_int_equal(PROPERTY_TYPE(rows.rows[0].values[4].tag), PTYP_ERROR_CODE);
}

/* MS-OXNSPI R955 R958 R971 R1694 R505 R506 R525: rows of an explicit table, in its order, whatever the STAT's container is;
 * MS-OXNSPI R985 R512: entries that are gone give rows of errors. */
static void explicit_tables(void **state)
{
    struct table_fixture *fixture = *state;
    uint32_t mids[] = {mid_of(fixture, "zoe"), mid_of(fixture, "adam"), UNKNOWN_MID, mid_of(fixture, "ghost"), mid_of(fixture, "zoe")};
    struct nspi_query_rows_request request = {.has_state = true, .state = stat_in(0x12345678, 77), .explicit_table_count = 5,
                                              .explicit_table = mids, .row_count = 10, .has_columns = true, .column_count = 1,
                                              .columns = name_column};
    struct nspi_query_rows_success rows;
    request.state.num_pos = 3;
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_SUCCESS);
    assert_string_equal(first_texts(fixture, rows.row_count, rows.rows), "Zoë Zander|Adam Adamsson|!|Ghost Writer|Zoë Zander");
    assert_true(same_stat(&rows.state, &request.state));
    request.row_count = 2;
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_SUCCESS);
    assert_int_equal(rows.row_count, 2);
}

/* MS-OXNSPI R446 R447 R1935 R1943 R1970 R1971 R71 R335 R336, R440: text as it was asked for, 8-bit in the client's code page. */
static void texts_of_rows(void **state)
{
    struct table_fixture *fixture = *state;
    static const uint32_t columns[] = {STRING8(PID_TAG_DISPLAY_NAME), PID_TAG_DISPLAY_NAME};
    uint32_t mid = mid_of(fixture, "orjan");
    struct nspi_query_rows_request request = {.has_state = true, .state = stat_in(0, 0), .explicit_table_count = 1,
                                              .explicit_table = &mid, .row_count = 1, .has_columns = true, .column_count = 2,
                                              .columns = columns};
    static const struct { uint32_t code_page; const char *text; } cases[] = {
        {1252, "\xD6rjan \xD6" "berg"}, {65001, "Örjan Öberg"}, {1251, "?rjan ?berg"}, {1200, NULL}};
    for (unsigned i = 0; i < 4; i++) {
        struct nspi_query_rows_success rows;
        request.state.code_page = cases[i].code_page;
        assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_SUCCESS);
        const struct property_value *values = rows.rows[0].values;
        if (cases[i].text)
            assert_string_equal(arena_string_of(&fixture->arena, values[0].bytes), cases[i].text);
        else /* MS-OXNSPI R935 R936: no 8-bit text in CP_WINUNICODE */
            assert_int_equal(PROPERTY_TYPE(values[0].tag), PTYP_ERROR_CODE);
        assert_string_equal(text_utf8_of_utf16(&fixture->arena, values[1].bytes), "Örjan Öberg");
    }
}

/* MS-OXNSPI R105 R899 R901 R603 R605: entry ids of the kind that is asked for; ephemeral in SeekEntries, permanent where names
 * are resolved, since those are kept. */
static void entry_ids(void **state)
{
    struct table_fixture *fixture = *state;
    static const uint32_t column[] = {PID_TAG_ENTRY_ID};
    for (uint32_t flags = 0; flags < 4; flags++) {
        struct nspi_query_rows_request request = {.flags = flags, .has_state = true, .state = stat_in(0, 0), .row_count = 3,
                                                  .has_columns = true, .column_count = 1, .columns = column};
        struct nspi_query_rows_success rows;
        assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_SUCCESS);
        assert_int_equal(rows.rows[2].values[0].bytes.data[0], flags & NSPI_EPHEMERAL_IDS ? 0x87 : 0);
    }
    struct nspi_seek_entries_request seek = {.has_state = true, .state = stat_in(0, 0), .has_target = true,
        .target = {.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16(fixture, "a")}, .has_columns = true, .column_count = 1,
        .columns = column};
    struct nspi_seek_entries_success sought;
    assert_int_equal(table_run(fixture, "SeekEntries", &seek, &sought), EC_SUCCESS);
    assert_int_equal(sought.rows[0].values[0].bytes.data[0], 0x87);
    struct bytes zoe = utf16(fixture, "zoe");
    struct nspi_resolve_names_request names = {.has_state = true, .state = stat_in(0, 0), .has_names = true, .name_count = 1,
        .names = &zoe, .has_property_tags = true, .property_tag_count = 1, .property_tags = column};
    struct nspi_resolve_names_success resolved;
    assert_int_equal(table_run(fixture, "ResolveNames", &names, &resolved), EC_SUCCESS);
    assert_int_equal(resolved.rows[0].values[0].bytes.data[0], 0);
}

/* --- SeekEntries --- */

static struct nspi_seek_entries_request seek_for(struct table_fixture *fixture, const char *name)
{
    return (struct nspi_seek_entries_request){.has_state = true, .state = stat_in(0, 0), .has_target = true,
        .target = {.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16(fixture, name)}, .has_columns = true, .column_count = 1,
        .columns = name_column};
}

/* MS-OXNSPI R998 R1047 R1050 R1051 R1053 R1054 R1055 R1035, R1695 R105801 R1075: the first name at or after. */
static void seek(void **state)
{
    struct table_fixture *fixture = *state;
    static const char *const cases[][2] = {{"", "adam"}, {"AN", "ann"}, {"ann lees", "anna"}, {"MIKE SMITH", "mike1"},
                                           {"åke", "ake"}, {"Oskar Weiss", "oskar"}, {"p", "obrien"}, {"zz", "alexis"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nspi_seek_entries_request request = seek_for(fixture, cases[i][0]);
        struct nspi_seek_entries_success answer;
        request.reserved = (uint32_t)i; /* MS-OXNSPI R1702 R1002 */
        request.state.num_pos = 99;
        assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_SUCCESS);
        assert_string_equal(accounts_of(fixture, 1, &answer.state.current_rec), cases[i][1]);
        assert_int_equal(answer.state.total_recs, TABLE_COUNT);
        assert_int_equal(answer.row_count, TABLE_COUNT - answer.state.num_pos);
        struct nspi_query_rows_success rows = query_rows(fixture, answer.state, answer.row_count);
        char texts[1024];
        strcpy(texts, first_texts(fixture, answer.row_count, answer.rows));
        assert_string_equal(texts, first_texts(fixture, rows.row_count, rows.rows));
        request.has_columns = 0; /* MS-OXNSPI R1057: no rows where no columns are named */
        assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_SUCCESS);
        assert_false(answer.has_columns_and_rows);
    }
}

/* MS-OXNSPI R464 R465 R463 R466: an 8-bit target is in the client's code page. */
static void seek_in_code_page(void **state)
{
    struct table_fixture *fixture = *state;
    struct nspi_seek_entries_request request = seek_for(fixture, "");
    struct nspi_seek_entries_success answer;
    request.target = (struct property_value){.tag = STRING8(PID_TAG_DISPLAY_NAME), .bytes = BYTES_LITERAL("\xD6rj")};
    request.state.sort_locale = SWEDISH;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_SUCCESS);
    assert_string_equal(accounts_of(fixture, 1, &answer.state.current_rec), "orjan");
}

/* MS-OXNSPI R1630 R1631 R1033 R1039 R1043 R1048: refusals, and nothing but the error in them. */
static void seek_refused(void **state)
{
    struct table_fixture *fixture = *state;
    struct nspi_seek_entries_request request = seek_for(fixture, "龠");
    struct nspi_seek_entries_success answer;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_NOT_FOUND);
    assert_false(answer.has_state || answer.has_columns_and_rows);
    request = seek_for(fixture, "a");
    request.state.container_id = 1;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_INVALID_BOOKMARK);
    static const uint32_t types[] = {NSPI_SORT_PHONETIC_DISPLAY_NAME, NSPI_SORT_DISPLAY_NAME_READ_ONLY, 9};
    for (unsigned i = 0; i < 3; i++) {
        request = seek_for(fixture, "a");
        request.state.sort_type = types[i];
        assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_GENERAL_FAILURE);
    }
    request = seek_for(fixture, "a");
    request.target.tag = PID_TAG_SURNAME;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_GENERAL_FAILURE);
    request.target = (struct property_value){.tag = PID_TAG_DISPLAY_TYPE, .integer32 = 0};
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_GENERAL_FAILURE);
    request.has_target = 0;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_GENERAL_FAILURE);
    request.has_state = 0;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_INVALID_PARAMETER);
}

/* MS-OXNSPI R1037 R1052 R1755: in an explicit table; an entry that is gone keeps its place there. */
static void seek_in_explicit_table(void **state)
{
    struct table_fixture *fixture = *state;
    uint32_t mids[] = {mid_of(fixture, "ake"), UNKNOWN_MID, mid_of(fixture, "nordics"), mid_of(fixture, "zoe")};
    struct nspi_seek_entries_request request = seek_for(fixture, "b");
    struct nspi_seek_entries_success answer;
    request.has_explicit_table = true;
    request.minimal_id_count = 4;
    request.minimal_ids = mids;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_SUCCESS);
    assert_int_equal(answer.state.current_rec, mids[2]);
    assert_int_equal(answer.state.num_pos, 2);
    assert_int_equal(answer.state.total_recs, 4);
    assert_string_equal(first_texts(fixture, answer.row_count, answer.rows), "Nordics|Zoë Zander");
    request.minimal_id_count = 0;
    assert_int_equal(table_run(fixture, "SeekEntries", &request, &answer), EC_NOT_FOUND);
}

/* --- CompareMIds, ResortRestriction --- */

/* MS-OXNSPI R1210 R1236 R1238 R1240 R1242, R1230 R1234, R1213 R1699. */
static void compare(void **state)
{
    struct table_fixture *fixture = *state;
    struct nspi_compare_mids_request request = {.has_state = true, .state = stat_in(0, 0)};
    struct nspi_compare_mids_success answer;
    uint32_t mids[64], count = walk(fixture, ENGLISH, mids);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++) {
            request.reserved = i;
            request.minimal_id1 = mids[i];
            request.minimal_id2 = mids[j];
            assert_int_equal(table_run(fixture, "CompareMIds", &request, &answer), EC_SUCCESS);
            assert_int_equal(answer.result < 0, i < j);
            assert_int_equal(answer.result > 0, i > j);
        }
    }
    request.minimal_id1 = mid_of(fixture, "ghost");
    assert_int_equal(table_run(fixture, "CompareMIds", &request, &answer), EC_GENERAL_FAILURE);
    request.minimal_id1 = 0;
    request.minimal_id2 = 1;
    assert_int_equal(table_run(fixture, "CompareMIds", &request, &answer), EC_GENERAL_FAILURE);
    request.state.container_id = 1;
    assert_int_equal(table_run(fixture, "CompareMIds", &request, &answer), EC_INVALID_BOOKMARK);
}

/* MS-OXNSPI R1168 R1196 R1197 R1198 R1199 R1201, R1204 R1205 R1759 R1207 R1209, R1194002, R1171 R1915, R95 R96 R495. */
static void resort(void **state)
{
    struct table_fixture *fixture = *state;
    uint32_t mids[] = {mid_of(fixture, "zoe"), mid_of(fixture, "yamada"), UNKNOWN_MID, mid_of(fixture, "aoki"), mid_of(fixture, "adam"), 1};
    struct nspi_resort_restriction_request request = {.reserved = 5, .has_state = true, .state = stat_in(0, mids[0]),
                                                      .has_minimal_ids = true, .minimal_id_count = 6, .minimal_ids = mids};
    struct nspi_resort_restriction_success answer;
    request.state.delta = 3;
    assert_int_equal(table_run(fixture, "ResortRestriction", &request, &answer), EC_SUCCESS);
    assert_string_equal(accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids), "adam zoe yamada aoki");
    struct stat expected = request.state;
    expected.num_pos = 1;
    expected.total_recs = 4;
    assert_true(same_stat(&expected, &answer.state));
    request.state.sort_type = NSPI_SORT_PHONETIC_DISPLAY_NAME;
    request.state.sort_locale = JAPANESE;
    request.state.current_rec = UNKNOWN_MID;
    request.state.num_pos = 9;
    assert_int_equal(table_run(fixture, "ResortRestriction", &request, &answer), EC_SUCCESS);
    assert_string_equal(accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids), "adam zoe aoki yamada");
    assert_int_equal(answer.state.current_rec, NSPI_BEGINNING_OF_TABLE);
    assert_int_equal(answer.state.num_pos, 0);
    request.state.sort_type = NSPI_SORT_DISPLAY_NAME_READ_ONLY; /* MS-OXNSPI R1185 R1189 R1757 */
    assert_int_equal(table_run(fixture, "ResortRestriction", &request, &answer), EC_GENERAL_FAILURE);
    assert_false(answer.has_state || answer.has_minimal_ids);
    request.has_minimal_ids = 0;
    assert_int_equal(table_run(fixture, "ResortRestriction", &request, &answer), EC_INVALID_PARAMETER);
}

/* MS-OXNSPI R602 R610 R1706 R611 R1995: identifiers stay while the directory changes around them. */
static void identifiers_stay(void **state)
{
    struct table_fixture *fixture = *state;
    uint32_t zoe = mid_of(fixture, "zoe"), rooms = address_book_container(fixture->book, 1)->number;
    fake_rename(fixture->fake, fake_find(fixture->fake, "zoe"), "Aaa");
    fake_remove(fixture->fake, fake_find(fixture->fake, "adam"));
    fake_add(fixture->fake, DIRECTORY_USER, "newcomer", "New Comer");
    address_book_release(fixture->book);
    fixture->book = address_book_acquire(fixture->cache);
    assert_int_equal(mid_of(fixture, "zoe"), zoe);
    assert_int_equal(address_book_find_container(fixture->book, rooms), 1);
    struct stat stat;
    assert_int_equal(update_stat(fixture, stat_in(0, zoe), &stat, NULL), EC_SUCCESS);
    assert_int_equal(stat.num_pos, 0); /* it moved with its name */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, table_fixture_set_up, table_fixture_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_is_sorted), TEST(movements_stay_in_the_table), TEST(fractions), TEST(unknown_positions), TEST(containers),
        TEST(hostile_stats), TEST(paging), TEST(there_and_back), TEST(rows_from_a_position), TEST(default_columns),
        TEST(explicit_tables), TEST(texts_of_rows), TEST(entry_ids), TEST(seek), TEST(seek_in_code_page), TEST(seek_refused),
        TEST(seek_in_explicit_table), TEST(compare), TEST(resort), TEST(identifiers_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
