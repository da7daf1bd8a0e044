"""The address book's protocol from outside, byte by byte: what MS-OXNSPI requires and Exchange does, request by request, most of
all where something is wrong. raw_address_book.py speaks it."""
import os
import unittest

import harness
from raw_address_book import (ERROR, ERRORS_RETURNED, OBJECT, STRING, STRING8, SUCCESS, TELETEX, UNICODE, WINDOWS, AddressBook,
                              State, content, either, equals, exists, tagged)

NOT_SUPPORTED, GENERAL_FAILURE, NOT_FOUND, INVALID_PARAMETER = 0x80040102, 0x80004005, 0x8004010F, 0x80070057
INVALID_CODE_PAGE, INVALID_LOCALE, INVALID_BOOKMARK, TABLE_TOO_BIG = 0x8004011E, 0x8004011F, 0x80040405, 0x80040403
TOO_COMPLEX, ACCESS_DENIED, LOGON_FAILED = 0x80040117, 0x80070005, 0x80040111
DEFINED = {0, 1, 2, ERRORS_RETURNED, GENERAL_FAILURE, NOT_SUPPORTED, 0x80040108, 0x8004010E, NOT_FOUND, LOGON_FAILED, TOO_COMPLEX,
           INVALID_CODE_PAGE, INVALID_LOCALE, TABLE_TOO_BIG, INVALID_BOOKMARK, ACCESS_DENIED, 0x8007000E, INVALID_PARAMETER}

DISPLAY_NAME, DISPLAY_NAME_W, ENTRY_ID, DISPLAY_TYPE, OBJECT_TYPE = 0x3001001E, 0x3001001F, 0x0FFF0102, 0x39000003, 0x0FFE0003
MEMBER, DELEGATES, CERTIFICATES, USER_CERTIFICATE, PRINTABLE = 0x8009101E, 0x8015101E, 0x8C6A1102, 0x3A701102, 0x39FF001F
BEGINNING, CURRENT, END = 0, 1, 2
UNKNOWN = 0x0FFFFFF0
EPHEMERAL, SKIP_OBJECTS = 2, 1


def error_of(tag, value):
    return tag & 0xFFFF == ERROR and value


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server = harness.Server(users=('alice', 'bob', 'carol'))
        admin = lambda *words, **options: server._admin(*words, **options)
        admin('user', 'add', 'root', '--administrator', 'yes', '--display-name', 'Zoe Root', input=harness.PASSWORD + '\n')
        admin('user', 'set', 'bob', '--telephoneNumber', '+1 555', '--title', 'Builder')
        admin('group', 'add', 'list', '--display-name', 'Distribution List', '--managedBy', 'alice')
        admin('group', 'add', 'agents', '--display-name', 'Agents', '--rule', '(title=Builder)')
        admin('contact', 'add', 'bobby', '--display-name', 'Bobby Outside', '--email', 'bobby@elsewhere.example')
        admin('room', 'add', 'attic', '--display-name', 'Attic')
        cls.names = sorted(['Agents', 'Alice Example', 'Attic', 'Bob Example', 'Bobby Outside', 'Carol Example', 'Distribution List',
                            'Zoe Root'], key=str.casefold)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        self.book = self.bound('alice')

    def bound(self, user):
        book = AddressBook(self.server.plain_port, user, harness.PASSWORD)
        self.assertEqual(book.bind().error, SUCCESS)
        self.addCleanup(book.close)
        return book

    def numbers_by_name(self):
        matches = self.book.get_matches(State(), exists(DISPLAY_NAME_W), 5000, [DISPLAY_NAME_W])
        self.assertEqual(matches.error, SUCCESS)
        return {row[0][1]: number for row, number in zip(matches.rows, matches.numbers)}

    def value(self, name, tag, flags=0, book=None):
        return (book or self.book).get_props(State(current=self.numbers_by_name()[name]), [tag], flags).values[0]

    # --- Bind and Unbind ---

    def test_bind_takes_any_flag_but_the_anonymous_one(self):
        """MS-OXNSPI R1668 R700 R712 R1613: other bits change nothing; anonymous log-on is refused."""
        self.assertEqual(self.book.unbind().error, 1)
        self.assertEqual(self.book.bind(flags=1).error, SUCCESS)
        self.assertEqual(self.book.unbind(reserved=5).error, 1)
        anonymous = AddressBook(self.server.plain_port, 'alice', harness.PASSWORD)
        self.assertEqual(anonymous.bind(flags=0x20).error, NOT_SUPPORTED)
        anonymous.close()

    def test_bind_wants_a_code_page_for_8_bit_strings(self):
        """MS-OXNSPI R680 R696."""
        for page in (UNICODE, 0xFF):
            book = AddressBook(self.server.plain_port, 'alice', harness.PASSWORD)
            self.assertEqual(book.bind(state=State(code_page=page)).error, INVALID_CODE_PAGE)
            book.close()

    # --- positions ---

    def test_absolute_positions(self):
        """MS-OXNSPI R542 R548 R549 R550 R554 R556 R558 R1743 R1744 R1758 R1704 R795 R798 R1868."""
        total = len(self.names)
        answer = self.book.update_stat(State())
        self.assertEqual((answer.error, answer.delta, answer.state.position, answer.state.total), (SUCCESS, 0, 0, total))
        first = answer.state.current
        one = self.book.update_stat(State(delta=1))
        self.assertEqual((one.delta, one.state.position), (1, 1))
        three = self.book.update_stat(State(delta=3))
        answer = self.book.update_stat(State(current=one.state.current, delta=2))
        self.assertEqual((answer.delta, answer.state.current, answer.state.delta), (2, three.state.current, 0))
        answer = self.book.update_stat(State(current=one.state.current, delta=-1))
        self.assertEqual((answer.delta, answer.state.position, answer.state.current), (-1, 0, first))
        answer = self.book.update_stat(State(current=three.state.current, delta=-total - 1))
        self.assertEqual((answer.delta, answer.state.position, answer.state.current), (-3, 0, first))
        answer = self.book.update_stat(State(current=first, delta=total + 1))
        self.assertEqual((answer.delta, answer.state.position, answer.state.current), (total, total, END))
        answer = self.book.update_stat(State(current=END, delta=1))
        self.assertEqual((answer.state.current, answer.state.position), (END, total))
        self.assertIsNone(self.book.update_stat(State(), delta=False).delta)
        self.assertEqual(self.book.update_stat(State(delta=2), reserved=1).error, SUCCESS)

    def test_fractional_positions(self):
        """MS-OXNSPI R575 R577 R578 R580 R588 R595 R601 R1742 R1745 R1747 R1748."""
        total = len(self.names)
        answer = self.book.update_stat(State(current=CURRENT, delta=1))
        self.assertEqual((answer.error, answer.state.position), (SUCCESS, 1))
        answer = self.book.update_stat(State(current=CURRENT, position=1, total=2))
        self.assertEqual(answer.state.position, total // 2)
        answer = self.book.update_stat(State(current=CURRENT, position=99, total=10))
        self.assertEqual((answer.state.position, answer.state.current), (total, END))
        answer = self.book.update_stat(State(current=CURRENT, position=1, total=2, delta=-total))
        self.assertEqual(answer.state.position, 0)

    def test_positions_that_are_none(self):
        """MS-OXNSPI R789 R792: and the state stays as it was."""
        for state, error in ((State(container=1), INVALID_BOOKMARK), (State(current=UNKNOWN), NOT_FOUND)):
            answer = self.book.update_stat(state)
            self.assertEqual(answer.error, error)
            self.assertIn(answer.state, (None, state))
        for page in (UNICODE, 0xFF):
            self.assertIn(self.book.update_stat(State(code_page=page)).error, DEFINED)

    # --- rows ---

    def test_query_rows_pages(self):
        names, state = [], State()
        while len(names) < len(self.names):
            answer = self.book.query_rows(state, 3, [DISPLAY_NAME_W])
            self.assertEqual(answer.error, SUCCESS)
            names += [row[0][1] for row in answer.rows]
            state = answer.state
        self.assertEqual(names, self.names)
        self.assertEqual((state.current, state.position, state.total), (END, len(names), len(names)))
        answer = self.book.query_rows(state, 3, [DISPLAY_NAME_W])
        self.assertEqual((answer.error, answer.rows), (SUCCESS, []))

    def test_query_rows_of_an_explicit_table(self):
        """Rows in the order given; what is not there has no values (MS-OXNSPI R984 R985)."""
        numbers = self.numbers_by_name()
        answer = self.book.query_rows(State(), 5, [DISPLAY_NAME_W], table=[numbers['Zoe Root'], UNKNOWN, numbers['Agents']])
        self.assertEqual(answer.error, SUCCESS)
        self.assertEqual([row[0][1] for row in answer.rows][::2], ['Zoe Root', 'Agents'])
        self.assertEqual(answer.rows[1][0][0] & 0xFFFF, ERROR)

    def test_query_rows_refused(self):
        """MS-OXNSPI R939 R943 R948 R982 R986 R1762."""
        columns = [ENTRY_ID, DISPLAY_NAME, DISPLAY_TYPE, OBJECT_TYPE]
        state = State(container=1)
        answer = self.book.query_rows(state, 1, columns, flags=SKIP_OBJECTS)
        self.assertEqual((answer.error, answer.rows), (INVALID_BOOKMARK, None))
        self.assertIn(answer.state, (None, state))
        self.assertIn(self.book.query_rows(State(), 0, [DISPLAY_NAME]).error, DEFINED)
        self.assertIn(self.book.query_rows(State(code_page=UNICODE), 10, [DISPLAY_NAME]).error, DEFINED)
        rows = self.book.query_rows(State(code_page=0xFF), 10, columns)
        props = self.book.get_props(State(code_page=0xFF), columns)
        self.assertEqual((rows.error, rows.rows, props.values), (props.error, None, None))
        self.assertNotIn(props.error, (SUCCESS, ERRORS_RETURNED))
        answer = self.book.query_rows(State(), 10, [USER_CERTIFICATE])
        self.assertEqual((answer.error, len(answer.rows)), (SUCCESS, len(self.names)))
        self.assertTrue(all(tag & 0xFFFF == ERROR and value == NOT_FOUND for ((tag, value),) in answer.rows))

    def test_seek(self):
        """To the first at or after the target; rows from there (MS-OXNSPI R1046 R1050)."""
        answer = self.book.seek_entries(State(), DISPLAY_NAME_W, 'Bob', [DISPLAY_NAME_W])
        self.assertEqual((answer.error, answer.rows[0][0][1]), (SUCCESS, 'Bob Example'))
        self.assertEqual(answer.state.position, self.names.index('Bob Example'))
        self.assertEqual(answer.state.total, len(self.names))
        answer = self.book.seek_entries(State(), DISPLAY_NAME, b'carol example', [DISPLAY_NAME])
        self.assertEqual((answer.error, answer.rows[0][0]), (SUCCESS, (DISPLAY_NAME, b'Carol Example')))
        numbers = self.numbers_by_name()
        table = [numbers['Attic'], numbers['Carol Example'], numbers['Zoe Root']]
        answer = self.book.seek_entries(State(), DISPLAY_NAME_W, 'B', [DISPLAY_NAME_W], table=table)
        self.assertEqual((answer.error, answer.rows[0][0][1]), (SUCCESS, 'Carol Example'))

    def test_seek_refused(self):
        """MS-OXNSPI R1033 R1039 R1041 R1043 R1045 R1048 R1630 R1631."""
        for state, tag, value, error in ((State(container=1), DISPLAY_NAME, 'alice', INVALID_BOOKMARK),
                                         (State(), DISPLAY_NAME, b'\xff\xff\xff\xff', NOT_FOUND),
                                         (State(sort_type=3), DISPLAY_NAME, 'alice', GENERAL_FAILURE),
                                         (State(sort_type=0x3E8), DISPLAY_NAME, 'alice', GENERAL_FAILURE),
                                         (State(), DISPLAY_TYPE, 0, GENERAL_FAILURE)):
            with self.subTest(state=state, tag=hex(tag)):
                answer = self.book.seek_entries(state, tag, value, [DISPLAY_NAME])
                self.assertEqual((answer.error, answer.rows), (error, None))
                self.assertIn(answer.state, (None, state))
        self.assertIn(self.book.seek_entries(State(code_page=UNICODE), DISPLAY_NAME_W, 'alice', [DISPLAY_NAME_W]).error, DEFINED)
        self.assertIn(self.book.seek_entries(State(), DISPLAY_NAME, 'alice', [DISPLAY_NAME], reserved=1).error, DEFINED)

    # --- properties ---

    def test_get_props(self):
        """MS-OXNSPI R105 R899 R901 R905 R907 R909 R910 R1925 R1985 R1994."""
        number = self.numbers_by_name()['Alice Example']
        ephemeral = [self.book.get_props(State(current=number), [ENTRY_ID, DISPLAY_NAME], EPHEMERAL).values for _ in range(2)]
        self.assertEqual(ephemeral[0], ephemeral[1])
        self.assertEqual((ephemeral[0][0][1][0], ephemeral[0][1]), (0x87, (DISPLAY_NAME, b'Alice Example')))
        permanent = self.book.get_props(State(current=number), [ENTRY_ID], SKIP_OBJECTS).values[0][1]
        self.assertEqual(permanent[0], 0)
        self.assertEqual(permanent[28:-1].decode().lower(), self.server.user_dn('alice').lower())
        self.assertEqual(self.book.get_props(State(current=number), [ENTRY_ID], 4).values,
                         self.book.get_props(State(current=number), [ENTRY_ID], 8).values)
        for state, tag in ((State(current=number, code_page=UNICODE), 0x0000001E), (State(current=END), DISPLAY_NAME_W),
                           (State(current=number), USER_CERTIFICATE)):
            answer = self.book.get_props(state, [tag])
            self.assertEqual((answer.error, answer.values), (ERRORS_RETURNED, [(tag & 0xFFFF0000 | ERROR, NOT_FOUND)]))
        self.assertNotEqual(self.book.get_props(State(current=CURRENT), [DISPLAY_NAME]).error, SUCCESS)
        self.assertIn(self.book.get_props(State(current=number, code_page=UNICODE), [DISPLAY_NAME]).error, DEFINED)

    def test_strings_come_in_the_type_asked_for(self):
        """MS-OXNSPI R1938 R1946 R1954 R1962."""
        number = self.numbers_by_name()['Alice Example']
        values = self.book.get_props(State(current=number), [PRINTABLE - 1, DISPLAY_NAME_W, PRINTABLE, DISPLAY_NAME]).values
        self.assertEqual([tag for tag, _ in values], [PRINTABLE - 1, DISPLAY_NAME_W, PRINTABLE, DISPLAY_NAME])
        self.assertEqual([values[1][1], values[3][1]], ['Alice Example', b'Alice Example'])
        self.assertTrue(values[0][1].startswith(b'Alice Example'))

    def test_every_entry_has_the_required_properties(self):
        """MS-OXNSPI R1722 R1723 R1724 R1726 R1727 R1728 R1729 R1730 R1732 R1733 R1735 R1736: whatever its kind."""
        required = [OBJECT_TYPE, 0x3F080003, PRINTABLE, 0xFFFD0003, 0x0FF60102, 0x300B0102, 0x0FF90102, 0x3002001F, 0x3003001F,
                    0x39020102, 0x3A20001F, 0x0FF80102, 0x803C001F, ENTRY_ID, DISPLAY_TYPE, DISPLAY_NAME_W]
        answer = self.book.query_rows(State(), 100, required)
        self.assertEqual(len(answer.rows), len(self.names))
        for row in answer.rows:
            self.assertEqual([tag for tag, _ in row], required)
        kinds = {row[-1][1]: (row[0][1], row[-2][1]) for row in answer.rows}
        self.assertEqual([kinds[name] for name in ('Alice Example', 'Distribution List', 'Agents', 'Bobby Outside')],
                         [(6, 0), (8, 1), (8, 3), (6, 6)])

    def test_lists_of_properties(self):
        """MS-OXNSPI R801 R820 R822 R828 R848 R852 R854."""
        columns = self.book.query_columns().tags
        self.assertFalse([tag for tag in columns if tag & 0xFFF == STRING])
        self.assertFalse([tag for tag in self.book.query_columns(0x80000000).tags if tag & 0xFFF == STRING8])
        for flags in (EPHEMERAL, SKIP_OBJECTS):
            self.assertEqual(len(self.book.get_prop_list(0, flags=flags).tags), len(columns))
        number = self.numbers_by_name()['Bob Example']
        mine = self.book.get_prop_list(number, flags=EPHEMERAL).tags
        self.assertIn(0x3A08001E, mine)
        self.assertEqual(mine, self.book.get_prop_list(number, flags=4).tags)
        self.assertNotEqual(len(mine), len(columns))
        self.assertFalse([tag for tag in self.book.get_prop_list(number, flags=SKIP_OBJECTS).tags if tag & 0xFFFF == OBJECT])

    # --- matches ---

    def test_get_matches(self):
        numbers = self.numbers_by_name()
        for restriction, expected in ((equals(DISPLAY_NAME, 'bob example'), ['Bob Example']),
                                      (content(DISPLAY_NAME, 'bob'), ['Bob Example', 'Bobby Outside']),
                                      (content(DISPLAY_NAME_W, 'Distribution List'), ['Distribution List']),
                                      (either(equals(DISPLAY_NAME, 'Attic'), equals(DISPLAY_NAME_W, 'Agents')), ['Agents', 'Attic']),
                                      (equals(0x360C001F, 'bob'), ['Bob Example', 'Bobby Outside']),
                                      (equals(DISPLAY_NAME, 'nobody'), [])):
            answer = self.book.get_matches(State(), restriction, 5000, [ENTRY_ID, DISPLAY_NAME_W])
            self.assertEqual(answer.error, SUCCESS)
            self.assertEqual([row[1][1] for row in answer.rows], expected)
            self.assertEqual(answer.numbers, [numbers[name] for name in expected])
            self.assertTrue(all(row[0][1][0] == 0x87 for row in answer.rows))

    def test_going_on_with_the_state_of_get_matches(self):
        """MS-OXNSPI R1146 R1147 R1899: ContainerID is what CurrentRec was; it is good for more of the same."""
        state = self.book.update_stat(State(delta=1)).state
        first = self.book.get_matches(state, exists(ENTRY_ID), 5000, [ENTRY_ID])
        self.assertEqual((first.error, first.state.container, first.state.current), (SUCCESS, state.current, state.current))
        second = self.book.get_matches(first.state, exists(ENTRY_ID), 5000, [ENTRY_ID], reserved=1)
        self.assertEqual((second.error, second.numbers, second.rows), (SUCCESS, first.numbers, first.rows))
        rows = self.book.query_rows(first.state, 5000, [ENTRY_ID], table=first.numbers, flags=EPHEMERAL)
        self.assertEqual((rows.error, rows.rows), (SUCCESS, first.rows))

    def test_get_matches_of_one_entry(self):
        """Without a filter: the entries that a property of CurrentRec names, the property in ContainerID (MS-OXNSPI R1130 R1135
        R1139 R1140 R1145); without a property the entry itself."""
        numbers = self.numbers_by_name()
        itself = self.book.get_matches(State(current=numbers['Bob Example']), None, 1, [CERTIFICATES])
        self.assertEqual((itself.error, itself.numbers), (SUCCESS, [numbers['Bob Example']]))
        links = lambda name, tag, sort, columns=(DISPLAY_NAME_W,): self.book.get_matches(
            State(current=numbers[name], container=tag, sort_type=sort), None, 100, columns)
        self.assertEqual(links('Agents', MEMBER, 0x3E8).numbers, [numbers['Bob Example']])
        self.assertEqual(links('Distribution List', MEMBER, 0x3E9).error, SUCCESS)
        self.assertEqual(links('Agents', MEMBER, 0x3E9).error, NOT_SUPPORTED)
        self.assertEqual(links('Alice Example', DELEGATES, 0x3E9).numbers, [])
        self.assertEqual(links('Bob Example', DELEGATES, 0x3E9).error, NOT_SUPPORTED)
        self.assertEqual(links('Bob Example', 0x3001001F, 0x3E8).error, NOT_SUPPORTED)

    def test_get_matches_refused(self):
        """MS-OXNSPI R1101 R1105 R1122 R1138 R1149."""
        everybody = exists(ENTRY_ID)
        for state, restriction, count, table, error in (
                (State(container=1), everybody, 100, None, INVALID_BOOKMARK), (State(), everybody, 0, None, TABLE_TOO_BIG),
                (State(), exists(0), 100, [0x10], TOO_COMPLEX), (State(), None, 100, None, GENERAL_FAILURE)):
            answer = self.book.get_matches(state, restriction, count, [ENTRY_ID], table=table)
            self.assertEqual((answer.error, answer.numbers, answer.rows), (error, None, None), repr(state))
            self.assertIn(answer.state, (None, state))
        for state, reserved in ((State(sort_type=4), 0), (State(), 1), (State(code_page=UNICODE), 0)):
            self.assertIn(self.book.get_matches(state, everybody, 100, [ENTRY_ID], reserved=reserved).error, DEFINED)

    def test_resort_and_compare(self):
        """MS-OXNSPI R1181 R1185 R1194002 R1230 R1234 R1757."""
        numbers = self.numbers_by_name()
        table = [numbers['Zoe Root'], UNKNOWN, numbers['Agents'], numbers['Carol Example']]
        answer = self.book.resort(State(current=numbers['Carol Example']), table)
        self.assertEqual((answer.error, answer.numbers), (SUCCESS, [numbers['Agents'], numbers['Carol Example'], numbers['Zoe Root']]))
        self.assertEqual((answer.state.position, answer.state.total), (1, 3))
        answer = self.book.resort(State(sort_type=3), table)
        self.assertEqual((answer.error, len(answer.numbers)), (SUCCESS, 3)) # R1194002: Exchange 2013 and later
        self.assertIn(self.book.resort(State(sort_type=0x3E8), table).error, DEFINED)
        first, last = numbers['Agents'], numbers['Zoe Root']
        self.assertLess(self.book.compare(State(), first, last).result, 0)
        self.assertGreater(self.book.compare(State(), last, first).result, 0)
        self.assertEqual(self.book.compare(State(), first, first).result, 0)
        self.assertEqual(self.book.compare(State(container=1), first, last).error, INVALID_BOOKMARK)
        self.assertEqual(self.book.compare(State(), 0, 1).error, GENERAL_FAILURE)

    # --- names ---

    def test_names_by_dn(self):
        numbers = self.numbers_by_name()
        dn = self.server.user_dn('bob')
        answer = self.book.dn_to_mid([dn, dn.upper(), '/o=nobody', ''])
        self.assertEqual((answer.error, answer.numbers[:3]), (SUCCESS, [numbers['Bob Example']] * 2 + [0]))

    def test_resolve_names(self):
        """MS-OXNSPI R1395 R1399 R1414 R1418 R1423 R1443 R1761: resolved, unresolved, ambiguous; rows of the resolved only."""
        answer = self.book.resolve(State(), ['Alice Example', '', 'Bob', 'nobody at all', '=carol', 'bobby@elsewhere.example', '=bob'],
                                   [ENTRY_ID, DISPLAY_NAME, OBJECT_TYPE])
        self.assertEqual((answer.error, answer.numbers), (SUCCESS, [2, 0, 1, 0, 2, 2, 2]))
        self.assertEqual([row[1][1] for row in answer.rows], [b'Alice Example', b'Carol Example', b'Bobby Outside', b'Bob Example'])
        self.assertEqual([tag for tag, _ in answer.rows[0]], [ENTRY_ID, DISPLAY_NAME, OBJECT_TYPE])
        self.assertEqual(self.book.resolve(State(), ['Alice Example']).error, SUCCESS)
        answer = self.book.resolve(State(container=1), ['Alice Example'])
        self.assertEqual((answer.error, answer.numbers, answer.rows), (INVALID_BOOKMARK, None, None))
        self.assertIn(self.book.resolve(State(), ['Alice'], reserved=1).error, DEFINED)
        self.assertIn(self.book.resolve(State(code_page=UNICODE), ['Alice']).error, DEFINED)

    # --- hierarchy and templates ---

    def test_hierarchy(self):
        """MS-OXNSPI R56 R111 R743 R758 R760 R762 R767 R736."""
        answer = self.book.special_table(State(), 4)
        self.assertEqual(answer.error, SUCCESS)
        for row in answer.rows:
            values = dict(row)
            self.assertIn(0x3001001F, values)
            self.assertEqual(values[ENTRY_ID][24:28], b'\x00\x01\x00\x00')
            self.assertFalse([tag for tag in values if tag & 0xFFFF == STRING8])
        self.assertEqual([dict(row)[0xFFFD0003] for row in answer.rows][0], 0)
        answer8 = self.book.special_table(State(), 0)
        self.assertFalse([tag for row in answer8.rows for tag, _ in row if tag & 0xFFFF == STRING])
        same = self.book.special_table(State(), 4, version=answer.version)
        self.assertEqual((same.error, same.version), (SUCCESS, answer.version))
        bad = self.book.special_table(State(code_page=0xFF), 0)
        self.assertNotEqual(bad.error, SUCCESS)
        self.assertIsNone(bad.rows)

    def test_address_creation_templates(self):
        """MS-OXNSPI R60 R109 R752 R757."""
        answer = self.book.special_table(State(), 2)
        self.assertEqual(answer.error, SUCCESS)
        tags = {tag >> 16 for tag, _ in answer.rows[0]}
        self.assertLessEqual({0x3002, 0x3001, 0x3900, 0x0FFF, 0x3005, 0x3609, 0x0FF6}, tags)
        entry_id = dict(answer.rows[0])[ENTRY_ID]
        self.assertEqual(entry_id[24:28], b'\x02\x01\x00\x00')
        made = self.book.template(1 | 4 | 0x10, 0, entry_id[28:-1], WINDOWS, 0)
        self.assertEqual((made.error, [tag for tag, _ in made.values]), (SUCCESS, [0x00010102, 0x00040102, 0x3002001E]))
        self.assertEqual(made.values[1][1], bytes.fromhex('03000000 02000000 1e000068 00000000'))
        answer = self.book.special_table(State(template_locale=0), 2)
        self.assertEqual((answer.error, answer.rows or []), (SUCCESS, []))

    def test_templates(self):
        """MS-OXNSPI R1467 R1469 R1476."""
        answer = self.book.template(1, 0, None, WINDOWS, 0x409)
        self.assertEqual(answer.error, SUCCESS)
        self.assertGreater(len(dict(answer.values)[0x00010102]), 100)
        for page, locale, error in ((UNICODE, 0x409, INVALID_CODE_PAGE), (0xFF, 0x409, INVALID_CODE_PAGE), (TELETEX, 0, INVALID_LOCALE)):
            answer = self.book.template(0x20, 0, None, page, locale)
            self.assertEqual((answer.error, answer.values), (error, None))

    # --- changes ---

    def test_members_of_a_group(self):
        """MS-OXNSPI R128 R129 R1332 R1335 R1340 R1665 R1666 R1893: by its owner, with both kinds of entry id."""
        numbers = self.numbers_by_name()
        group = numbers['Distribution List']
        self.assertEqual(self.value('Distribution List', MEMBER)[0], MEMBER & 0xFFFF0000 | ERROR)
        for flags in (EPHEMERAL, 0):
            member = bytearray(self.value('Bob Example', ENTRY_ID, flags)[1])
            for display_type in (member[24], 5):
                member[24] = display_type
                self.assertEqual(self.book.mod_link(0, MEMBER, group, [bytes(member)]).error, SUCCESS)
                self.assertEqual(self.value('Distribution List', MEMBER), (MEMBER, [self.server.user_dn('bob').encode()]))
                self.assertEqual(self.book.mod_link(1, MEMBER, group, [bytes(member)]).error, SUCCESS)
                self.assertEqual(self.value('Distribution List', MEMBER)[0] & 0xFFFF, ERROR)

    def test_changes_of_members_refused(self):
        """MS-OXNSPI R1321 R1326 R1328 R1338."""
        numbers = self.numbers_by_name()
        member = self.value('Bob Example', ENTRY_ID)[1]
        self.assertEqual(self.book.mod_link(0, MEMBER, UNKNOWN, [member]).error, INVALID_PARAMETER)
        self.assertEqual(self.book.mod_link(0, DISPLAY_NAME, numbers['Bob Example'], [member]).error, NOT_FOUND)
        self.assertEqual(self.book.mod_link(0, MEMBER, numbers['Agents'], [member]).error, ACCESS_DENIED)
        self.assertEqual(self.book.mod_link(0, DELEGATES, numbers['Agents'], [member]).error, ACCESS_DENIED)
        eve = self.bound('carol')
        self.assertEqual(eve.mod_link(0, MEMBER, numbers['Distribution List'], [member]).error, ACCESS_DENIED)
        self.assertEqual(self.value('Distribution List', MEMBER)[0] & 0xFFFF, ERROR)

    def test_delegates(self):
        """MS-OXNSPI R2002: of oneself, or by an administrator."""
        numbers = self.numbers_by_name()
        delegate = self.value('Carol Example', ENTRY_ID, EPHEMERAL)[1]
        self.assertEqual(self.book.mod_link(0, DELEGATES, numbers['Alice Example'], [delegate]).error, SUCCESS)
        self.assertEqual(self.value('Alice Example', DELEGATES), (DELEGATES, [self.server.user_dn('carol').encode()]))
        self.assertEqual(self.book.mod_link(1, DELEGATES, numbers['Alice Example'], [delegate]).error, SUCCESS)
        self.assertEqual(self.value('Alice Example', DELEGATES)[0], 0x8015000A)
        self.assertEqual(self.book.mod_link(0, DELEGATES, numbers['Bob Example'], [delegate]).error, ACCESS_DENIED)

    def test_certificates(self):
        """MS-OXNSPI R1284 R1293 R1305: set and removed by oneself or an administrator; nobody else's."""
        number = self.numbers_by_name()['Alice Example']
        certificate = tagged(CERTIFICATES, [b'\x30\x03\x02\x01\x01'])
        self.assertEqual(self.book.mod_props(State(current=number), [CERTIFICATES], [certificate]).error, SUCCESS)
        self.assertEqual(self.value('Alice Example', CERTIFICATES), (CERTIFICATES, [b'\x30\x03\x02\x01\x01']))
        self.assertEqual(self.bound('bob').mod_props(State(current=number), [CERTIFICATES], []).error, ACCESS_DENIED)
        self.assertEqual(self.bound('root').mod_props(State(current=number), [CERTIFICATES], []).error, SUCCESS)
        self.assertEqual(self.value('Alice Example', CERTIFICATES)[0] & 0xFFFF, ERROR)
        self.assertEqual(self.book.mod_props(State(current=number), [CERTIFICATES], [tagged(CERTIFICATES, [])]).error, SUCCESS)
        self.assertEqual(self.book.mod_props(State(current=CURRENT), [CERTIFICATES], [certificate]).error, INVALID_PARAMETER)
        self.assertIn(self.book.mod_props(State(current=number, code_page=UNICODE), [CERTIFICATES], []).error, DEFINED)


class Late(unittest.TestCase):
    def test_organization_made_under_a_running_server(self):
        """The GUID of Bind is the organization's, which is not there yet when the server starts."""
        guids = []
        with harness.Server(start=False) as server:
            os.remove(server.folder + '/data/directory.sqlite')
            server.start()
            server._admin('organization', 'init', '--name', 'Example', '--domain', harness.DOMAIN)
            server._admin('user', 'add', 'alice', input=harness.PASSWORD + '\n')
            for _ in range(2):
                book = AddressBook(server.plain_port, 'alice', harness.PASSWORD)
                guids.append(book.bind().guid)
                book.close()
                server.stop()
                server.start()
        self.assertNotEqual(guids[0], bytes(16))
        self.assertEqual(guids[0], guids[1])


if __name__ == '__main__':
    unittest.main(verbosity=2)
