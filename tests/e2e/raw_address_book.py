"""The address book endpoint spoken byte by byte (MS-OXCMAPIHTTP 2.2.5), so that tests share no code with what they test. One
user, one context, one connection. Bodies are made and read here; numbers are little-endian."""
import base64
import http.client
import struct
import uuid

SUCCESS, ERRORS_RETURNED = 0, 0x00040380
UNICODE, TELETEX, WINDOWS = 1200, 20261, 1252
STRING8, STRING, ERROR, OBJECT, BINARY, INTEGER, MULTIPLE_STRING8 = 0x1E, 0x1F, 0x0A, 0x0D, 0x102, 0x03, 0x101E


class State:
    """STAT, MS-OXNSPI 2.2.2.1... as a client begins with it."""
    FIELDS = ('sort_type', 'container', 'current', 'delta', 'position', 'total', 'code_page', 'template_locale', 'sort_locale')

    def __init__(self, data=None, **fields):
        values = struct.unpack('<IIIiIIIII', data) if data else (0, 0, 0, 0, 0, 0, TELETEX, 0x409, 0x409)
        for name, value in zip(self.FIELDS, values):
            setattr(self, name, fields.get(name, value))

    def encode(self):
        return b'\xff' + struct.pack('<IIIiIIIII', *(getattr(self, name) & 0xFFFFFFFF if name != 'delta' else self.delta
                                                     for name in self.FIELDS))

    def __eq__(self, other):
        return self.encode() == other.encode()

    def __repr__(self):
        return ' '.join(f'{name}={getattr(self, name)}' for name in self.FIELDS)


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, size):
        piece = self.data[self.place:self.place + size]
        if len(piece) != size:
            raise AssertionError(f'the answer ends at {len(self.data)}, {size} more wanted at {self.place}')
        self.place += size
        return piece

    def number(self, format_):
        return struct.unpack('<' + format_, self.take(struct.calcsize('<' + format_)))[0]

    def present(self):
        return self.number('B') != 0

    def string8(self):
        end = self.data.index(b'\0', self.place)
        text = self.data[self.place:end]
        self.place = end + 1
        return text

    def string(self):
        start = self.place
        while self.take(2) != b'\0\0':
            pass
        return self.data[start:self.place - 2].decode('utf-16-le')

    def state(self):
        return State(self.take(36)) if self.present() else None

    def numbers(self):
        return [self.number('I') for _ in range(self.number('I'))]

    def optional_numbers(self):
        return self.numbers() if self.present() else None

    def value(self, kind):
        """A value of a type as the address book writes it (MS-OXCMAPIHTTP 2.2.1.1)."""
        if kind & 0x1000:
            return [self.value(kind & 0xFFF) for _ in range(self.number('I'))] if self.present() else None
        if kind in (STRING, STRING8, BINARY):
            if not self.present():
                return None
            return self.string() if kind == STRING else self.string8() if kind == STRING8 else self.take(self.number('I'))
        if kind == OBJECT:
            return self.take(4)
        return {0x02: lambda: self.number('h'), INTEGER: lambda: self.number('i'), ERROR: lambda: self.number('I'),
                0x0B: lambda: bool(self.number('B')), 0x14: lambda: self.number('q'), 0x40: lambda: self.number('q'),
                0x48: lambda: uuid.UUID(bytes_le=self.take(16))}[kind]()

    def row(self, columns):
        """[(tag, value)]; a tag with type ERROR where there is no value."""
        flagged, values = self.number('B') == 1, []
        for tag in columns:
            kind = tag & 0xFFFF
            if kind == 0:
                kind = self.number('H')
            flag = self.number('B') if flagged else 0
            if flag == 0:
                values.append((tag & 0xFFFF0000 | kind, self.value(kind)))
            else:
                values.append((tag & 0xFFFF0000 | ERROR, self.number('I') if flag == 0x0A else None))
        return values

    def rows(self):
        if not self.present():
            return None, None
        columns = self.numbers()
        return columns, [self.row(columns) for _ in range(self.number('I'))]

    def list_of_values(self):
        return [(tag, self.value(tag & 0xFFFF)) for tag in (self.number('I') for _ in range(self.number('I')))]

    def end(self):
        self.take(self.number('I'))
        if self.place != len(self.data):
            raise AssertionError(f'{len(self.data) - self.place} bytes behind the answer')


def optional(data):
    return b'\0' if data is None else b'\xff' + data


def numbers(values):
    return struct.pack(f'<I{len(values)}I', len(values), *values)


def string8(text):
    return (text if isinstance(text, bytes) else text.encode('ascii')) + b'\0'


def string(text):
    return (text + '\0').encode('utf-16-le')


def tagged(tag, value):
    """AddressBookTaggedPropertyValue."""
    kind = tag & 0xFFFF
    if kind == STRING8:
        return struct.pack('<I', tag) + b'\xff' + string8(value)
    if kind == STRING:
        return struct.pack('<I', tag) + b'\xff' + string(value)
    if kind == BINARY:
        return struct.pack('<I', tag) + b'\xff' + struct.pack('<I', len(value)) + value
    if kind == 0x1102:
        return struct.pack('<I', tag) + b'\xff' + struct.pack('<I', len(value)) + b''.join(
            b'\xff' + struct.pack('<I', len(item)) + item for item in value)
    return struct.pack('<Ii', tag, value)


def exists(tag):
    return b'\x08' + struct.pack('<I', tag)


def equals(tag, value):
    return b'\x04\x04' + struct.pack('<I', tag) + tagged(tag, value)


def content(tag, value, level=0x00010002):
    return b'\x03' + struct.pack('<II', level, tag) + tagged(tag, value)


def either(*restrictions):
    return b'\x01' + struct.pack('<I', len(restrictions)) + b''.join(restrictions)


class Answer:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class AddressBook:
    def __init__(self, port, user, password):
        self.connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
        self.authorization = 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()
        self.cookies, self.counter = {}, 0

    def close(self):
        self.connection.close()

    def request(self, kind, body):
        """(X-ResponseCode, reader of the body behind the meta-tags)."""
        self.counter += 1
        headers = {'Authorization': self.authorization, 'Content-Type': 'application/mapi-http', 'X-RequestType': kind,
                   'X-RequestId': f'{{11111111-2222-3333-4444-555555555555}}:{self.counter}',
                   'X-ClientInfo': '{33333333-2222-3333-4444-555555555555}:1', 'X-ClientApplication': 'Outlook/16.0.5000.1000'}
        if self.cookies:
            headers['Cookie'] = '; '.join(f'{name}={value}' for name, value in self.cookies.items())
        self.connection.request('POST', '/mapi/nspi/?MailboxId=x@example.org', body, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        for cookie in answer.headers.get_all('Set-Cookie') or []:
            name, _, value = cookie.split(';')[0].partition('=')
            self.cookies[name] = value
        code = int(answer.headers['X-ResponseCode'])
        return code, Reader(data.split(b'\r\n\r\n', 1)[1] if code == 0 else data)

    def ask(self, kind, body):
        """The reader behind StatusCode and ErrorCode, and the latter; an AssertionError for a failed transport."""
        code, reader = self.request(kind, body + b'\0\0\0\0')
        assert code == 0, f'{kind}: response code {code}'
        status = reader.number('I')
        assert status == 0, f'{kind}: status {status:#x}'
        return reader.number('I'), reader

    def bind(self, flags=0, state=None):
        error, reader = self.ask('Bind', struct.pack('<I', flags) + (state or State()).encode())
        guid = reader.take(16)
        reader.end()
        return Answer(error=error, guid=guid)

    def unbind(self, reserved=0):
        error, reader = self.ask('Unbind', struct.pack('<I', reserved))
        reader.end()
        self.cookies = {}
        return Answer(error=error)

    def update_stat(self, state, reserved=0, delta=True):
        error, reader = self.ask('UpdateStat', struct.pack('<I', reserved) + state.encode() + bytes([1 if delta else 0]))
        answer = Answer(error=error, state=reader.state(), delta=reader.number('i') if reader.present() else None)
        reader.end()
        return answer

    def get_props(self, state, tags, flags=0):
        error, reader = self.ask('GetProps', struct.pack('<I', flags) + state.encode() + optional(numbers(tags) if tags is not None else None))
        answer = Answer(error=error, code_page=reader.number('I'), values=reader.list_of_values() if reader.present() else None)
        reader.end()
        return answer

    def get_prop_list(self, number, code_page=TELETEX, flags=0):
        error, reader = self.ask('GetPropList', struct.pack('<III', flags, number, code_page))
        answer = Answer(error=error, tags=reader.optional_numbers())
        reader.end()
        return answer

    def query_columns(self, flags=0):
        error, reader = self.ask('QueryColumns', struct.pack('<II', 0, flags))
        answer = Answer(error=error, tags=reader.optional_numbers())
        reader.end()
        return answer

    def query_rows(self, state, count, tags, table=(), flags=0):
        body = struct.pack('<I', flags) + state.encode() + numbers(table) + struct.pack('<I', count)
        error, reader = self.ask('QueryRows', body + optional(numbers(tags) if tags is not None else None))
        answer = Answer(error=error, state=reader.state())
        answer.columns, answer.rows = reader.rows()
        reader.end()
        return answer

    def seek_entries(self, state, tag, value, tags, table=None, reserved=0):
        body = struct.pack('<I', reserved) + state.encode() + optional(tagged(tag, value))
        body += optional(numbers(table) if table is not None else None) + optional(numbers(tags) if tags is not None else None)
        error, reader = self.ask('SeekEntries', body)
        answer = Answer(error=error, state=reader.state())
        answer.columns, answer.rows = reader.rows()
        reader.end()
        return answer

    def get_matches(self, state, restriction, count, tags, table=None, name=None, reserved=0):
        body = state.encode() + optional(numbers(table) if table is not None else None) + struct.pack('<I', reserved)
        body += optional(restriction) + optional(name) + struct.pack('<I', count)
        error, reader = self.ask('GetMatches', struct.pack('<I', 0) + body + optional(numbers(tags) if tags is not None else None))
        answer = Answer(error=error, state=reader.state(), numbers=reader.optional_numbers())
        answer.columns, answer.rows = reader.rows()
        reader.end()
        return answer

    def resort(self, state, table, reserved=0):
        error, reader = self.ask('ResortRestriction', struct.pack('<I', reserved) + state.encode() + optional(numbers(table)))
        answer = Answer(error=error, state=reader.state(), numbers=reader.optional_numbers())
        reader.end()
        return answer

    def compare(self, state, first, second):
        error, reader = self.ask('CompareMIds', struct.pack('<I', 0) + state.encode() + struct.pack('<II', first, second))
        answer = Answer(error=error, result=reader.number('i'))
        reader.end()
        return answer

    def dn_to_mid(self, names):
        error, reader = self.ask('DNToMId', struct.pack('<I', 0) + optional(struct.pack('<I', len(names)) + b''.join(map(string8, names))))
        answer = Answer(error=error, numbers=reader.optional_numbers())
        reader.end()
        return answer

    def resolve(self, state, names, tags=None, reserved=0):
        body = struct.pack('<I', reserved) + state.encode() + optional(numbers(tags) if tags is not None else None)
        error, reader = self.ask('ResolveNames', body + optional(struct.pack('<I', len(names)) + b''.join(map(string, names))))
        answer = Answer(error=error, code_page=reader.number('I'), numbers=reader.optional_numbers())
        answer.columns, answer.rows = reader.rows()
        reader.end()
        return answer

    def special_table(self, state, flags, version=0):
        error, reader = self.ask('GetSpecialTable', struct.pack('<I', flags) + state.encode() + optional(struct.pack('<I', version)))
        answer = Answer(error=error, code_page=reader.number('I'), version=reader.number('I') if reader.present() else None, rows=None)
        if reader.present():
            answer.rows = [reader.list_of_values() for _ in range(reader.number('I'))]
        reader.end()
        return answer

    def template(self, flags, kind, dn, code_page, locale):
        body = struct.pack('<II', flags, kind) + optional(string8(dn) if dn is not None else None) + struct.pack('<II', code_page, locale)
        error, reader = self.ask('GetTemplateInfo', body)
        answer = Answer(error=error, code_page=reader.number('I'), values=reader.list_of_values() if reader.present() else None)
        reader.end()
        return answer

    def mod_props(self, state, removed, values, reserved=0):
        body = struct.pack('<I', reserved) + state.encode() + optional(numbers(removed) if removed is not None else None)
        listed = struct.pack('<I', len(values)) + b''.join(values) if values is not None else None
        error, reader = self.ask('ModProps', body + optional(listed))
        reader.end()
        return Answer(error=error)

    def mod_link(self, flags, tag, number, entry_ids):
        listed = struct.pack('<I', len(entry_ids)) + b''.join(struct.pack('<I', len(item)) + item for item in entry_ids)
        error, reader = self.ask('ModLinkAtt', struct.pack('<III', flags, tag, number) + optional(listed))
        reader.end()
        return Answer(error=error)
