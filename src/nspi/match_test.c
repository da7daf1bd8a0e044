#include "nspi/table_fixture.h"

/* Which entries: GetMatches with restrictions and with links, ResolveNames. */

static const uint32_t name_column[] = {PID_TAG_DISPLAY_NAME};

static struct restriction text_restriction(struct table_fixture *fixture, uint8_t type, uint16_t how, uint32_t tag, const char *text)
{
    struct restriction restriction = {.type = type};
    struct property_value value = {.tag = tag, .bytes = PROPERTY_TYPE(tag) == PTYP_STRING ? utf16(fixture, text)
                                                                                         : bytes_of_string(text)};
    if (type == RESTRICTION_TYPE_CONTENT) {
        restriction.content.fuzzy_level_low = how;
        restriction.content.fuzzy_level_high = 1;
        restriction.content.property_tag = tag;
        restriction.content.value = value;
    } else {
        restriction.property.relational_operator = (uint8_t)how;
        restriction.property.property_tag = tag;
        restriction.property.value = value;
    }
    return restriction;
}

static struct restriction number_restriction(uint8_t relational_operator, uint32_t tag, int32_t number)
{
    struct restriction restriction = {.type = RESTRICTION_TYPE_PROPERTY};
    restriction.property.relational_operator = relational_operator;
    restriction.property.property_tag = tag;
    restriction.property.value = (struct property_value){.tag = tag, .integer32 = number};
    return restriction;
}

static struct restriction exist_restriction(uint32_t tag)
{
    struct restriction restriction = {.type = RESTRICTION_TYPE_EXIST};
    restriction.exist.property_tag = tag;
    return restriction;
}

static struct restriction joined(uint8_t type, uint32_t count, const struct restriction *parts)
{
    struct restriction restriction = {.type = type};
    restriction.count = count;
    restriction.restrictions = parts;
    return restriction;
}

static uint32_t run_matches(struct table_fixture *fixture, const struct restriction *filter, struct stat stat, uint32_t row_count,
                            struct nspi_get_matches_success *ret_answer)
{
    struct nspi_get_matches_request request = {.has_state = true, .state = stat, .has_filter = filter != NULL, .filter = filter,
                                               .row_count = row_count, .has_columns = true, .column_count = 1,
                                               .columns = name_column};
    uint32_t error = table_run(fixture, "GetMatches", &request, ret_answer);
    assert_int_equal(ret_answer->has_minimal_ids, error == EC_SUCCESS); /* MS-OXNSPI R1635 R1756 R1636 */
    assert_int_equal(ret_answer->has_columns_and_rows, error == EC_SUCCESS);
    assert_int_equal(ret_answer->has_state, error == EC_SUCCESS);
    return error;
}

static const char *matches(struct table_fixture *fixture, struct restriction filter)
{
    struct nspi_get_matches_success answer;
    assert_int_equal(run_matches(fixture, &filter, stat_in(0, 0), 1000, &answer), EC_SUCCESS);
    return accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids);
}

#define CONTENT(how, tag, text) text_restriction(fixture, RESTRICTION_TYPE_CONTENT, how, tag, text)
#define PROPERTY(how, tag, text) text_restriction(fixture, RESTRICTION_TYPE_PROPERTY, how, tag, text)
#define FULL_STRING 0
#define SUBSTRING 1
#define PREFIX 2

/* MS-OXNSPI R1911 R1912 R1914 R473 R474 R475: texts, without regard to case and accents. */
static void texts(void **state)
{
    struct table_fixture *fixture = *state;
    assert_string_equal(matches(fixture, CONTENT(PREFIX, PID_TAG_DISPLAY_NAME, "ann lee")), "ann anna");
    assert_string_equal(matches(fixture, CONTENT(PREFIX, PID_TAG_DISPLAY_NAME, "ORJ")), "orjan");
    assert_string_equal(matches(fixture, CONTENT(FULL_STRING, PID_TAG_DISPLAY_NAME, "OSKAR WEISS")), "oskar");
    assert_string_equal(matches(fixture, CONTENT(SUBSTRING, PID_TAG_DISPLAY_NAME, "mit")), "mike1 mike2");
    assert_string_equal(matches(fixture, CONTENT(SUBSTRING, PID_TAG_DISPLAY_NAME, "")),
                        "adam ake ann anna atrium empty mike1 mike2 nordics orjan oskar otto obrien zoe alexis yamada aoki");
    assert_string_equal(matches(fixture, CONTENT(SUBSTRING, PID_TAG_DISPLAY_NAME, "παπαδο")), "alexis");
    assert_string_equal(matches(fixture, CONTENT(SUBSTRING, PID_TAG_DISPLAY_NAME, "太郎")), "yamada");
    assert_string_equal(matches(fixture, CONTENT(PREFIX, STRING8(PID_TAG_DISPLAY_NAME), "\xD6rjan")), "orjan"); /* MS-OXNSPI R470 R464 */
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_DISPLAY_NAME, "mike SMITH")), "mike1 mike2");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_LESS, PID_TAG_DISPLAY_NAME, "ann leeson")), "adam ake ann");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_GREATER_OR_EQUAL, PID_TAG_DISPLAY_NAME, "zoe zander")),
                        "zoe alexis yamada aoki");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_DEPARTMENT_NAME, "research")), "zoe");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_NOT_EQUAL, PID_TAG_DEPARTMENT_NAME, "research")), "adam");
    assert_string_equal(matches(fixture, exist_restriction(PID_TAG_DEPARTMENT_NAME)), "adam zoe");
    assert_string_equal(matches(fixture, exist_restriction(PID_TAG_OFFICE_LOCATION)), "ann");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ACCOUNT, "zoe")), "zoe");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_SMTP_ADDRESS, "ZOE@example.org")), "zoe");
}

/* MS-OXNSPI R1908 R1909 R1910 R1913, R509 R510 R1127 R1128: combined, in the order of the table. */
static void combinations(void **state)
{
    struct table_fixture *fixture = *state;
    struct restriction two[] = {CONTENT(PREFIX, PID_TAG_DISPLAY_NAME, "zo"), CONTENT(PREFIX, PID_TAG_DISPLAY_NAME, "ad")};
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_OR, 2, two)), "adam zoe");
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_AND, 2, two)), "");
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_OR, 0, two)), "");
    assert_int_equal(strlen(matches(fixture, joined(RESTRICTION_TYPE_AND, 0, two))),
                     strlen(matches(fixture, exist_restriction(PID_TAG_DISPLAY_NAME))));
    struct restriction negated = {.type = RESTRICTION_TYPE_NOT, .negated = &two[0]};
    struct restriction three[] = {negated, exist_restriction(PID_TAG_DEPARTMENT_NAME)};
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_AND, 2, three)), "adam");
    assert_string_equal(matches(fixture, number_restriction(RELATIONAL_OPERATOR_EQUAL, PID_TAG_DISPLAY_TYPE, 1)), "empty nordics");
    assert_string_equal(matches(fixture, number_restriction(RELATIONAL_OPERATOR_GREATER, PID_TAG_OBJECT_TYPE, 6)), "empty nordics");
    struct restriction entry_id = {.type = RESTRICTION_TYPE_PROPERTY};
    struct nspi_get_matches_success answer;
    struct nspi_query_rows_success rows;
    uint32_t zoe = mid_of(fixture, "zoe"), column = PID_TAG_ENTRY_ID;
    struct nspi_query_rows_request request = {.has_state = true, .state = stat_in(0, 0), .explicit_table_count = 1,
                                              .explicit_table = &zoe, .row_count = 1, .has_columns = true, .column_count = 1,
                                              .columns = &column};
    assert_int_equal(table_run(fixture, "QueryRows", &request, &rows), EC_SUCCESS);
    entry_id.property.relational_operator = RELATIONAL_OPERATOR_EQUAL;
    entry_id.property.property_tag = PID_TAG_ENTRY_ID;
    entry_id.property.value = rows.rows[0].values[0];
    assert_int_equal(run_matches(fixture, &entry_id, stat_in(0, 0), 10, &answer), EC_SUCCESS);
    assert_string_equal(accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids), "zoe");
}

/* MS-OXNSPI R1601 R484 R488 R490 R491 R493 R462 R435: properties of native type PtypString8 by their bytes, the shorter less. */
static void eight_bit_properties(void **state)
{
    struct table_fixture *fixture = *state;
    const uint32_t tag = PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE;
    fake_set_text(fixture->fake, fake_find(fixture->fake, "otto"), DIRECTORY_ATTRIBUTE_SIMPLE_DISPLAY_NAME, "Otto");
    fake_set_text(fixture->fake, fake_find(fixture->fake, "oskar"), DIRECTORY_ATTRIBUTE_SIMPLE_DISPLAY_NAME, "OSKAR");
    address_book_release(fixture->book);
    fixture->book = address_book_acquire(fixture->cache);
    struct restriction both[] = {PROPERTY(RELATIONAL_OPERATOR_EQUAL, tag, "Otto"), PROPERTY(RELATIONAL_OPERATOR_EQUAL, tag, "oskar")};
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_OR, 2, both)), "otto");
    struct restriction less[] = {PROPERTY(RELATIONAL_OPERATOR_LESS, STRING8(tag), "AAAAA"),
                                 CONTENT(PREFIX, STRING8(tag), "O")};
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_AND, 2, less)), "otto");
    less[0] = PROPERTY(RELATIONAL_OPERATOR_GREATER, STRING8(tag), "AAAAA");
    less[1] = CONTENT(FULL_STRING, STRING8(tag), "OSKAR");
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_AND, 2, less)), "oskar");
}

/* The name that somebody typed, as a restriction: alone, among others, in another table. */
static void ambiguous_names(void **state)
{
    struct table_fixture *fixture = *state;
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "smith m")), "mike1 mike2");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, STRING8(PID_TAG_ANR), "\xD6rj")), "orjan");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "nobody")), "");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "")), "");
    assert_string_equal(matches(fixture, PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "ghost@example.org")), "ghost");
    struct restriction both[] = {exist_restriction(PID_TAG_OFFICE_LOCATION),
                                 PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "ann")};
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_AND, 2, both)), "ann");
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_OR, 2, both)), "ann anna");
    struct restriction hidden[] = {exist_restriction(PID_TAG_DISPLAY_NAME),
                                   PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "ghost@example.org")};
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_AND, 2, hidden)), "ghost");
    struct restriction negated = {.type = RESTRICTION_TYPE_NOT, .negated = &both[1]};
    struct restriction without[] = {negated, CONTENT(PREFIX, PID_TAG_DISPLAY_NAME, "a")};
    assert_string_equal(matches(fixture, joined(RESTRICTION_TYPE_AND, 2, without)), "adam ake atrium");
    struct restriction anr = PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "a");
    struct nspi_get_matches_success answer;
    struct stat stat = stat_in(address_book_container(fixture->book, 1)->number, 0);
    assert_int_equal(run_matches(fixture, &anr, stat, 10, &answer), EC_SUCCESS);
    assert_string_equal(accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids), "atrium");
}

/* MS-OXNSPI R1146 R1147 R1696 R1165 R1166, R1154 R1155, R1945: STAT and rows of the answer. */
static void answers(void **state)
{
    struct table_fixture *fixture = *state;
    struct restriction filter = CONTENT(PREFIX, PID_TAG_DISPLAY_NAME, "ann");
    struct stat stat = stat_in(0, mid_of(fixture, "zoe"));
    struct nspi_get_matches_success answer;
    stat.delta = 5;
    stat.num_pos = 6;
    assert_int_equal(run_matches(fixture, &filter, stat, 10, &answer), EC_SUCCESS);
    stat.container_id = stat.current_rec;
    assert_true(same_stat(&stat, &answer.state));
    assert_string_equal(first_texts(fixture, answer.row_count, answer.rows), "Ann Lee|Ann Leeson");
    struct nspi_get_matches_request request = {.reserved = 3, .has_state = true, .state = stat_in(0, 0), .has_filter = true,
                                               .interface_option_flags = 99, .filter = &filter, .row_count = 2};
    assert_int_equal(table_run(fixture, "GetMatches", &request, &answer), EC_SUCCESS); /* MS-OXNSPI R1084 R1899 */
    assert_int_equal(answer.minimal_id_count, 2);
    assert_false(answer.has_columns_and_rows);
}

/* MS-OXNSPI R1128 R95: in the order of the table, whichever it is. */
static void phonetic_order(void **state)
{
    struct table_fixture *fixture = *state;
    struct restriction filters[] = {exist_restriction(PID_TAG_ADDRESS_BOOK_PHONETIC_DISPLAY_NAME),
                                    PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_ANR, "a")};
    static const char *const by_sound[] = {"aoki yamada", "adam ake ann anna atrium"}, *const by_name[] = {"yamada aoki", ""};
    for (unsigned i = 0; i < 2; i++) {
        struct stat stat = stat_in(0, 0);
        struct nspi_get_matches_success answer;
        stat.sort_type = NSPI_SORT_PHONETIC_DISPLAY_NAME;
        stat.sort_locale = JAPANESE;
        assert_int_equal(run_matches(fixture, &filters[i], stat, 100, &answer), EC_SUCCESS);
        const char *accounts = accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids);
        assert_memory_equal(accounts, by_sound[i], strlen(by_sound[i]));
        if (*by_name[i])
            assert_string_equal(matches(fixture, filters[i]), by_name[i]);
    }
}

/* MS-OXNSPI R1149 R1151 R1122 R1125 R1105: refusals. */
static void refusals(void **state)
{
    struct table_fixture *fixture = *state;
    struct restriction filter = CONTENT(PREFIX, PID_TAG_DISPLAY_NAME, "ann");
    struct nspi_get_matches_success answer;
    assert_int_equal(run_matches(fixture, &filter, stat_in(0, 0), 1, &answer), EC_TABLE_TOO_BIG);
    assert_int_equal(run_matches(fixture, &filter, stat_in(0, 0), 0, &answer), EC_TABLE_TOO_BIG);
    assert_int_equal(run_matches(fixture, &filter, stat_in(1, 0), 10, &answer), EC_INVALID_BOOKMARK);
    struct stat stat = stat_in(0, 0);
    stat.sort_type = 4;
    assert_int_equal(run_matches(fixture, &filter, stat, 10, &answer), EC_GENERAL_FAILURE);
    stat.sort_type = NSPI_SORT_DISPLAY_NAME_READ_ONLY;
    assert_int_equal(run_matches(fixture, &filter, stat, 10, &answer), EC_GENERAL_FAILURE);
    stat = stat_in(0, 0);
    stat.code_page = 0xFF;
    assert_int_equal(run_matches(fixture, &filter, stat, 10, &answer), EC_INVALID_CODEPAGE);
    uint32_t mid = 0x100;
    struct nspi_get_matches_request request = {.has_state = true, .state = stat_in(0, 0), .has_minimal_ids = true,
                                               .minimal_id_count = 1, .minimal_ids = &mid, .has_filter = true, .filter = &filter,
                                               .row_count = 10};
    assert_int_equal(table_run(fixture, "GetMatches", &request, &answer), EC_TOO_COMPLEX);
    request.has_state = 0;
    assert_int_equal(table_run(fixture, "GetMatches", &request, &answer), EC_INVALID_PARAMETER);
}

/* MS-OXNSPI R1125 R1126: what the address book does not evaluate. */
static void too_complex(void **state)
{
    struct table_fixture *fixture = *state;
    struct nspi_get_matches_success answer;
    static struct restriction many[4096];
    struct restriction filters[] = {
        {.type = RESTRICTION_TYPE_BITMASK}, {.type = RESTRICTION_TYPE_SIZE}, {.type = RESTRICTION_TYPE_COMPARE_PROPERTIES},
        exist_restriction(PID_TAG_ADDRESS_BOOK_X509_CERTIFICATE), /* read from the directory, entry by entry */
        CONTENT(3, PID_TAG_DISPLAY_NAME, "a"), PROPERTY(6, PID_TAG_DISPLAY_NAME, "a"), PROPERTY(0x64, PID_TAG_DISPLAY_NAME, "a"),
        number_restriction(RELATIONAL_OPERATOR_EQUAL, PROPERTY_TAG(PROPERTY_ID(PID_TAG_ANR), PTYP_INTEGER32), 3), joined(RESTRICTION_TYPE_OR, 4096, many),
        PROPERTY(RELATIONAL_OPERATOR_EQUAL, PID_TAG_DISPLAY_NAME, "a"),
    };
    const size_t count = sizeof filters / sizeof *filters;
    filters[count - 1].property.property_tag = PID_TAG_SURNAME; /* not the property of its value */
    for (unsigned i = 0; i < 4096; i++)
        many[i] = exist_restriction(PID_TAG_DISPLAY_NAME);
    for (size_t i = 0; i < count; i++)
        if (run_matches(fixture, &filters[i], stat_in(0, 0), 100, &answer) != EC_TOO_COMPLEX)
            fail_msg("restriction %zu is evaluated", i);
    struct restriction inside[] = {exist_restriction(PID_TAG_DISPLAY_NAME), filters[0]};
    struct restriction nested = joined(RESTRICTION_TYPE_OR, 2, inside);
    assert_int_equal(run_matches(fixture, &nested, stat_in(0, 0), 100, &answer), EC_TOO_COMPLEX);
}

/* --- links --- */

static uint32_t run_links(struct table_fixture *fixture, uint32_t mid, uint32_t tag, uint32_t sort_type, uint32_t row_count,
                          struct nspi_get_matches_success *ret_answer)
{
    struct stat stat = stat_in(tag, mid);
    stat.sort_type = sort_type;
    stat.delta = -3; /* MS-OXNSPI R1131: of no meaning here */
    return run_matches(fixture, NULL, stat, row_count, ret_answer);
}

static const char *links(struct table_fixture *fixture, const char *account, uint32_t tag)
{
    struct nspi_get_matches_success answer;
    uint32_t mid = mid_of(fixture, account);
    assert_int_equal(run_links(fixture, mid, tag, NSPI_SORT_DISPLAY_NAME_READ_ONLY, 100, &answer), EC_SUCCESS);
    assert_int_equal(answer.state.container_id, mid);
    return accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids);
}

/* MS-OXNSPI R513 R514 R515, R1130 R1132 R1134 R1135 R1137 R1142 R1143 R1144 R1145 R1088, R98 R100: what properties name. */
static void linked_entries(void **state)
{
    struct table_fixture *fixture = *state;
    assert_string_equal(links(fixture, "nordics", PID_TAG_ADDRESS_BOOK_MEMBER), "ake orjan zoe"); /* 'ghost' is hidden */
    assert_string_equal(links(fixture, "empty", PID_TAG_ADDRESS_BOOK_MEMBER), "");
    assert_string_equal(links(fixture, "zoe", PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST), "nordics");
    assert_string_equal(links(fixture, "zoe", PID_TAG_ADDRESS_BOOK_REPORTS), "ann");
    assert_string_equal(links(fixture, "ann", PID_TAG_ADDRESS_BOOK_MANAGER), "zoe");
    assert_string_equal(links(fixture, "adam", PID_TAG_ADDRESS_BOOK_MANAGER), "");
    assert_string_equal(links(fixture, "nordics", PID_TAG_ADDRESS_BOOK_OWNER), "adam");
    assert_string_equal(links(fixture, "adam", PID_TAG_ADDRESS_BOOK_OWNER_BACK_LINK), "nordics");
    assert_string_equal(links(fixture, "ghost", PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST), "nordics");
    struct nspi_get_matches_request request = {.has_state = true, .state = stat_in(0, mid_of(fixture, "nordics")),
                                               .has_property_name = true, .property_name_id = 0x8009, .row_count = 10};
    struct nspi_get_matches_success answer;
    request.state.sort_locale = SWEDISH;
    assert_int_equal(table_run(fixture, "GetMatches", &request, &answer), EC_SUCCESS);
    assert_string_equal(accounts_of(fixture, answer.minimal_id_count, answer.minimal_ids), "zoe ake orjan");
}

/* MS-OXNSPI R1138 R1139 R1140 R517, R101: what names nobody, and tables to write in. */
static void links_refused(void **state)
{
    struct table_fixture *fixture = *state;
    struct nspi_get_matches_success answer;
    const uint32_t members = PID_TAG_ADDRESS_BOOK_MEMBER, read_only = NSPI_SORT_DISPLAY_NAME_READ_ONLY;
    uint32_t group = mid_of(fixture, "nordics"), adam = mid_of(fixture, "adam");
    assert_int_equal(run_links(fixture, UNKNOWN_MID, members, read_only, 10, &answer), EC_GENERAL_FAILURE);
    assert_int_equal(run_matches(fixture, NULL, stat_in(0, 0), 10, &answer), EC_GENERAL_FAILURE);
    assert_int_equal(run_links(fixture, group, PID_TAG_DISPLAY_NAME, read_only, 10, &answer), EC_NOT_SUPPORTED);
    assert_int_equal(run_links(fixture, group, members, NSPI_SORT_DISPLAY_NAME, 10, &answer), EC_INVALID_BOOKMARK);
    assert_int_equal(run_links(fixture, group, members, read_only, 2, &answer), EC_TABLE_TOO_BIG);
    const uint32_t writable = NSPI_SORT_DISPLAY_NAME_WRITABLE;
    assert_int_equal(run_links(fixture, group, members, writable, 10, &answer), EC_SUCCESS); /* adam owns it */
    assert_int_equal(run_links(fixture, adam, PID_TAG_ADDRESS_BOOK_REPORTS, writable, 10, &answer), EC_NOT_SUPPORTED);
    fixture->user.id = fake_find(fixture->fake, "zoe")->id;
    assert_int_equal(run_links(fixture, group, members, writable, 10, &answer), EC_NOT_SUPPORTED);
    assert_int_equal(run_links(fixture, group, members, read_only, 10, &answer), EC_SUCCESS);
}

/* --- ResolveNames --- */

#define UNRESOLVED 0u
#define AMBIGUOUS 1u
#define RESOLVED 2u

/* MS-OXNSPI R1393 R1394 R1395 R1402 R1425 R1426 R1428 R1430 R1443, R85 R86 R87 R88 R89 R90:
 * what becomes of names. MS-OXNSPI R612 R613 R614 R615 R616 R618 R620 R622 R623 R624 R1611 R1375 R1947 R1978. */
static void names(void **state)
{
    struct table_fixture *fixture = *state;
    static const struct { const char *name; uint32_t outcome; } cases[] = {
        {"zoe", RESOLVED}, {"ann", AMBIGUOUS}, {"", UNRESOLVED}, {"nobody", UNRESOLVED}, {"=mike1", RESOLVED}, {"Mike Smith", AMBIGUOUS},
        {"SMTP:adam@example.org", RESOLVED}, {"weiß os", RESOLVED}, {"  ", UNRESOLVED}, {"Ann Lee", RESOLVED}, {"ghost", UNRESOLVED},
    };
    const uint32_t count = sizeof cases / sizeof *cases;
    struct bytes typed[sizeof cases / sizeof *cases];
    for (uint32_t i = 0; i < count; i++)
        typed[i] = utf16(fixture, cases[i].name);
    struct nspi_resolve_names_request request = {.reserved = 1, .has_state = true, .state = stat_in(0, 0), .has_names = true,
                                                 .name_count = count, .names = typed, .has_property_tags = true,
                                                 .property_tag_count = 1, .property_tags = name_column};
    struct nspi_resolve_names_success answer;
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_SUCCESS);
    assert_int_equal(answer.minimal_id_count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(answer.minimal_ids[i], cases[i].outcome);
    assert_string_equal(first_texts(fixture, answer.row_count, answer.rows),
                        "Zoë Zander|Mike Smith|Adam Adamsson|Oskar Weiß|Ann Lee");
    assert_int_equal(answer.code_page, 1252);
    request.has_property_tags = 0; /* the default columns, 8-bit */
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_SUCCESS);
    assert_int_equal(answer.column_count, NSPI_DEFAULT_COLUMN_COUNT);
    assert_int_equal(PROPERTY_TYPE(answer.rows[0].values[3].tag), PTYP_STRING8);
    request.has_names = 0;
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_SUCCESS);
    assert_int_equal(answer.minimal_id_count, 0);
    assert_int_equal(answer.row_count, 0);
}

/* MS-OXNSPI R1418 R1761 R1423, R616: refusals, and another container. */
static void names_elsewhere(void **state)
{
    struct table_fixture *fixture = *state;
    struct bytes typed[] = {utf16(fixture, "atrium"), utf16(fixture, "zoe"), utf16(fixture, "zoe@example.org")};
    struct nspi_resolve_names_request request = {.has_state = true, .has_names = true, .name_count = 3, .names = typed};
    struct nspi_resolve_names_success answer;
    request.state = stat_in(address_book_container(fixture->book, 1)->number, 0);
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_SUCCESS);
    assert_int_equal(answer.minimal_ids[0], RESOLVED);
    assert_int_equal(answer.minimal_ids[1], UNRESOLVED);
    assert_int_equal(answer.minimal_ids[2], UNRESOLVED);
    static struct bytes many[2001];
    for (unsigned i = 0; i < 2001; i++)
        many[i] = typed[1];
    request.names = many;
    request.name_count = 2000;
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_SUCCESS);
    request.name_count = 2001;
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_TABLE_TOO_BIG);
    request.name_count = 3;
    request.state = stat_in(1, 0);
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_INVALID_BOOKMARK);
    assert_false(answer.has_minimal_ids || answer.has_rows_and_columns);
    request.state = stat_in(0, 0);
    request.state.code_page = 0xFF;
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_INVALID_CODEPAGE);
    request.has_state = 0;
    assert_int_equal(table_run(fixture, "ResolveNames", &request, &answer), EC_INVALID_PARAMETER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, table_fixture_set_up, table_fixture_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(texts), TEST(combinations), TEST(eight_bit_properties), TEST(ambiguous_names), TEST(answers), TEST(phonetic_order), TEST(refusals),
        TEST(too_complex), TEST(linked_entries), TEST(links_refused), TEST(names), TEST(names_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
