"""Reads and checks wire schemas: text to a tree of structures, every name resolved. See docs/wire.md for the notation."""
import difflib
import os
import re

INTEGERS = {'u8': 1, 'u16': 2, 'u32': 4, 'u64': 8, 'i16': 2, 'i32': 4, 'i64': 8, 'bool8': 1, 'bool16': 2, 'tag': 4,
            'id': 8, 'time': 8}
# kind: bytes on the wire at least
KINDS = dict(INTEGERS, count=2, guid=16, sz=1, wsz=2, text=1, bytes=0, rest=0, tagged=4, typed=2, filter_value=4, row=1)
CONTEXT = {'wide': 'WIRE_SOURCE_WIDE', 'address_book': 'WIRE_SOURCE_ADDRESS_BOOK', 'public_logon': 'WIRE_SOURCE_PUBLIC_LOGON',
           'return_value': 'WIRE_SOURCE_RETURN_VALUE'}
HANDLES = {('in',): 'IN', ('in', 'out'): 'IN_OUT', ('out',): 'OUT', ('source', 'dest'): 'SOURCE_DEST',
           ('response', 'in'): 'RESPONSE_IN', ('none',): 'NONE'}
RECORD_WORDS = ['wide', 'wide_values', 'blob', 'address_book']
FIELD_WORDS = ['max', 'as', 'in', 'over', 'first', 'sized', 'optional', 'if']
KEYWORDS = {'if', 'choice', 'case', 'default', 'sized', 'else'}
RESERVED = {'default', 'register', 'restrict', 'union', 'struct', 'int', 'long', 'short', 'char', 'case', 'switch', 'static'}


class SchemaError(Exception):
    def __init__(self, where, message, word=None, choices=()):
        close = difflib.get_close_matches(word, list(choices), 1, 0.5) if word else []
        super().__init__('%s:%d: %s%s' % (where[0], where[1], message, " (did you mean '%s'?)" % close[0] if close else ''))


class Line:
    def __init__(self, where, indent, tokens, comment):
        self.where, self.indent, self.tokens, self.comment = where, indent, tokens, comment
        self.children = []


class Field:
    """One member, or a block: kind 'if' (condition, fields) or 'sized' (width, fields)."""

    def __init__(self, where, kind, name=None):
        self.where, self.kind, self.name, self.comment = where, kind, name, ''
        self.pointer = False
        self.list = None        # None, ('member', name), ('constant', n), ('rest',)
        self.maximum = None
        self.values = None      # name of a 'values' or 'flags'
        self.range = None
        self.over = None        # None, 'context' or the name of a tag list
        self.first = None
        self.width = None       # sized blocks: u8, u16, u32 or count
        self.optional = False
        self.inclusive = False  # the size counts its own bytes
        self.condition = None
        self.fields = []
        self.case = None        # for C: the union and the case's name
        self.union = None


class Condition:
    def __init__(self, any_of, terms, text):
        self.any_of, self.terms, self.text = any_of, terms, text   # terms: (source, mask, operator, value)


class Structure:
    def __init__(self, where, name, section):
        self.where, self.name, self.section = where, name, section
        self.fields = []
        self.words = []
        self.existing = None
        self.comment = ''
        self.least = None


class Rop:
    def __init__(self, where, number, name, section, handles):
        self.where, self.number, self.name, self.section, self.handles = where, number, name, section, handles
        self.request = self.success = self.failure = None
        self.silent = False     # no response ever
        self.reserved = False   # has a layout, but no server serves it
        self.response_number = number
        self.specials = []      # (return value, name, structure)
        self.comment = ''


class Body:
    def __init__(self, where, name, section, request_type, endpoint):
        self.where, self.name, self.section, self.request_type, self.endpoint = where, name, section, request_type, endpoint
        self.request = self.success = None
        self.comment = ''


class Values:
    def __init__(self, where, name, flags):
        self.where, self.name, self.flags = where, name, flags
        self.rows = []
        self.comment = ''


class Schema:
    def __init__(self):
        self.files = []         # (stem, [items in order])
        self.structures = {}
        self.rops = {}
        self.bodies = {}
        self.values = {}
        self.file_of = {}


def tokens_of(where, text):
    tokens = re.findall(r'"[^"]*"|\.\.|[A-Za-z_][A-Za-z0-9_]*|0x[0-9A-Fa-f]+|\d+|==|!=|>=|<=|[\[\]*,&!()-]|\S', text)
    for token in tokens:
        if not re.match(r'^("[^"]*"|\.\.|[A-Za-z_]\w*|0x[0-9A-Fa-f]+|\d+|==|!=|>=|<=|[\[\]*,&!()-])$', token):
            raise SchemaError(where, "cannot read '%s'" % token)
    return tokens


def number_of(where, token):
    try:
        return int(token, 0)
    except ValueError:
        raise SchemaError(where, "a number is wanted here, not '%s'" % token) from None


def read_lines(path):
    top, stack, pending = [], [], []
    with open(path, encoding='utf-8') as file:
        for number, raw in enumerate(file, 1):
            where = (path, number)
            if '\t' in raw:
                raise SchemaError(where, 'tabs are not allowed: indent by two spaces')
            text, _, comment = raw.rstrip('\n').partition('#')
            if not text.strip():
                pending = pending + [comment.strip()] if comment else []
                continue
            indent = len(text) - len(text.lstrip(' '))
            if indent % 2:
                raise SchemaError(where, 'indent by two spaces')
            line = Line(where, indent // 2, tokens_of(where, text), comment.strip())
            if pending and not line.comment and line.indent == 0:
                line.comment = ' '.join(pending)
            pending = []
            if line.indent > len(stack):
                raise SchemaError(where, 'indented deeper than the line above allows')
            del stack[line.indent:]
            (stack[-1].children if stack else top).append(line)
            stack.append(line)
    return top


class Reader:
    def __init__(self, schema):
        self.schema = schema
        self.unresolved = []    # (field, record name)
        self.unresolved_values = []

    def file(self, path):
        stem = os.path.splitext(os.path.basename(path))[0]
        items = []
        self.schema.files.append((stem, items))
        for line in read_lines(path):
            word = line.tokens[0]
            readers = {'rop': self.rop, 'record': self.record, 'body': self.body, 'values': self.values, 'flags': self.values}
            if word not in readers:
                raise SchemaError(line.where, "'%s' begins nothing" % word, word, readers)
            item = readers[word](line)
            item.comment = line.comment
            for table in (self.schema.structures, self.schema.rops, self.schema.bodies, self.schema.values):
                if item.name in table and table[item.name] is not item:
                    raise SchemaError(line.where, "'%s' is already declared at %s:%d" % ((item.name,) + table[item.name].where))
            self.schema.file_of[item.name] = stem
            items.append(item)

    def head(self, line, count):
        """'word NAME "section"' after 'count' tokens that the caller reads itself."""
        tokens = line.tokens
        if len(tokens) < count + 2 or not tokens[count + 1].startswith('"'):
            raise SchemaError(line.where, "'%s' wants a name and the section of the specification in quotes" % tokens[0])
        return tokens[count], tokens[count + 1].strip('"'), tokens[count + 2:]

    def structure(self, line, name, section, lines):
        structure = Structure(line.where, name, section)
        if name in self.schema.structures:
            raise SchemaError(line.where, "'%s' is already declared at %s:%d" % ((name,) + self.schema.structures[name].where))
        self.schema.structures[name] = structure
        self.schema.file_of[name] = self.schema.files[-1][0]
        structure.fields = self.fields(lines, {}, structure)
        return structure

    def record(self, line):
        name, section, words = self.head(line, 1)
        structure = self.structure(line, name, section, line.children)
        while words:
            word = words.pop(0)
            if word == 'existing':
                structure.existing = words.pop(0).strip('"')
            elif word in RECORD_WORDS:
                structure.words.append(word)
            else:
                raise SchemaError(line.where, "'%s' says nothing about a record" % word, word, ['existing'] + RECORD_WORDS)
        return structure

    def rop(self, line):
        number = number_of(line.where, line.tokens[1])
        name, section, words = self.head(line, 2)
        if tuple(words) not in HANDLES:
            raise SchemaError(line.where, "handle slots are 'in', 'in out', 'out', 'source dest', 'response in' or 'none'")
        for other in self.schema.rops.values():
            if other.number == number:
                raise SchemaError(line.where, 'ROP id 0x%02X already belongs to %s' % (number, other.name))
        rop = Rop(line.where, number, name, section, HANDLES[tuple(words)])
        for child in line.children:
            word = child.tokens[0]
            if word == 'request':
                rop.request = self.structure(child, name + '_request', section, child.children)
            elif word in ('success', 'response'):
                rop.success = self.structure(child, name + '_success', section, child.children)
                if word == 'response':
                    rop.failure = rop.success
            elif word == 'failure':
                rop.failure = self.structure(child, name + '_failure', section, child.children)
            elif child.tokens == ['no', 'response']:
                rop.silent = True
            elif child.tokens == ['reserved']:
                rop.reserved = True
            elif word == 'response_id' and len(child.tokens) == 2:
                rop.response_number = number_of(child.where, child.tokens[1])
            elif word == 'when' and len(child.tokens) == 3:
                special = self.structure(child, name + '_' + child.tokens[2], section, child.children)
                rop.specials.append((number_of(child.where, child.tokens[1]), child.tokens[2], special))
            else:
                raise SchemaError(child.where, "'%s' is no part of a ROP" % word, word, ['request', 'success', 'failure', 'response', 'when', 'reserved', 'response_id'])
        if not rop.request and rop.handles != 'NONE':
            rop.request = self.structure(line, name + '_request', section, [])
        if not rop.success and not rop.silent:
            rop.success = self.structure(line, name + '_success', section, [])
        self.schema.rops[name] = rop
        return rop

    def body(self, line):
        name, section, words = self.head(line, 1)
        if len(words) != 2 or words[1] not in ('mailbox', 'address_book'):
            raise SchemaError(line.where, "a body wants its X-RequestType and 'mailbox' or 'address_book'")
        body = Body(line.where, name, section, words[0], words[1])
        parts = {child.tokens[0]: child for child in line.children}
        for word in parts:
            if word not in ('request', 'success'):
                raise SchemaError(parts[word].where, "'%s' is no part of a body" % word, word, ['request', 'success'])
        for part in ('request', 'success'):
            if part not in parts:
                continue
            structure = self.structure(parts[part], name + '_' + part, section, parts[part].children)
            if part == 'success':
                structure.fields[0:0] = [self.implied(line, 'status_code', 'u32'), self.implied(line, 'error_code', 'u32')]
            tail = self.implied(line, 'auxiliary_buffer', 'bytes')
            tail.width = 'u32'
            structure.fields.append(tail)
            structure.words = ['address_book', 'wide'] if body.endpoint == 'address_book' else []
            setattr(body, part, structure)
        self.schema.bodies[name] = body
        return body

    def implied(self, line, name, kind):
        field = Field(line.where, kind, name)
        field.values = 'error_code' if kind == 'u32' else None
        return field

    def values(self, line):
        if len(line.tokens) != 2:
            raise SchemaError(line.where, "'%s' wants a name and nothing else" % line.tokens[0])
        values = Values(line.where, line.tokens[1], line.tokens[0] == 'flags')
        for child in line.children:
            if len(child.tokens) != 2:
                raise SchemaError(child.where, 'a value and its name are wanted')
            values.rows.append((number_of(child.where, child.tokens[0]), child.tokens[1], child.comment))
        self.schema.values[values.name] = values
        return values

    # Fields

    def fields(self, lines, known, structure):
        result = []
        previous = None
        for line in lines:
            word = line.tokens[0]
            if word == 'if':
                block = Field(line.where, 'if')
                block.condition = self.condition(line.where, line.tokens[1:], known)
                block.fields = self.fields(line.children, known, structure)
                result.append(block)
            elif word == 'else':
                if not previous or previous.kind != 'if' or len(previous.condition.terms) != 1:
                    raise SchemaError(line.where, "'else' follows an 'if' with one condition")
                block = Field(line.where, 'if')
                source, mask, operator, value = previous.condition.terms[0]
                opposite = {'==': '!=', '!=': '==', '>=': '<', '<=': '>', '<': '>=', '>': '<='}[operator]
                block.condition = Condition(False, [(source, mask, opposite, value)], 'not ' + previous.condition.text)
                block.fields = self.fields(line.children, known, structure)
                result.append(block)
            elif word == 'choice':
                result.extend(self.choice(line, known, structure))
            elif word == 'sized':
                if line.tokens[1:2] == [] or line.tokens[1] not in ('u8', 'u16', 'u32', 'count') or line.tokens[2:] not in ([], ['inclusive']):
                    raise SchemaError(line.where, "'sized' wants u8, u16, u32 or count, and perhaps 'inclusive'")
                block = Field(line.where, 'sized')
                block.width, block.inclusive = line.tokens[1], len(line.tokens) == 3
                block.fields = self.fields(line.children, known, structure)
                result.append(block)
            else:
                result.append(self.field(line, known))
            previous = result[-1]
            if word not in ('if', 'else', 'choice', 'sized') and line.children:
                raise SchemaError(line.children[0].where, 'a plain field has nothing below it')
        return result

    def choice(self, line, known, structure):
        if len(line.tokens) != 2 or line.tokens[1] not in known:
            raise SchemaError(line.where, "'choice' wants an earlier field, not '%s'" % ' '.join(line.tokens[1:]),
                              line.tokens[-1], known)
        source = line.tokens[1]
        union = object()
        seen, result = [], []
        for child in line.children:
            tokens = list(child.tokens)
            block = Field(child.where, 'if')
            if tokens[0] == 'default':
                block.condition = Condition(False, [(source, 0, '!=', value) for value in seen], 'any other ' + source)
                tokens = tokens[1:]
            elif tokens[0] == 'case':
                tokens = tokens[1:]
                values = [number_of(child.where, tokens.pop(0))]
                while tokens and tokens[0] == ',':
                    values.append(number_of(child.where, tokens[1]))
                    tokens = tokens[2:]
                seen += values
                block.condition = Condition(True, [(source, 0, '==', value) for value in values],
                                            '%s is %s' % (source, ' or '.join('0x%02X' % v for v in values)))
            else:
                raise SchemaError(child.where, "'%s' in a choice" % tokens[0], tokens[0], ['case', 'default'])
            block.case = tokens[0] if tokens else ''
            block.union = union
            inner = dict(known)
            block.fields = self.fields(child.children, inner if block.case else known, structure)
            result.append(block)
        return result

    def condition(self, where, tokens, known):
        text = ' '.join(tokens)
        terms, joiners = [], set()
        tokens = list(tokens)
        while tokens:
            negated = tokens[0] == '!'
            if negated:
                tokens.pop(0)
            if not tokens:
                raise SchemaError(where, 'the condition ends too early')
            source = tokens.pop(0)
            if source not in known and source not in CONTEXT:
                raise SchemaError(where, "a condition looks at earlier fields or the context; '%s' is neither" % source, source,
                                  list(known) + list(CONTEXT))
            mask, operator, value = 0, '!=', 0
            if tokens and tokens[0] == '&':
                mask = number_of(where, tokens[1])
                tokens = tokens[2:]
            if tokens and tokens[0] in ('==', '!=', '>=', '<=', '<', '>'):
                operator, value = tokens[0], number_of(where, tokens[1])
                tokens = tokens[2:]
            elif negated:
                operator = '=='
            terms.append((source, mask, operator, value))
            if tokens:
                if tokens[0] not in ('and', 'or'):
                    raise SchemaError(where, "'%s' in a condition" % tokens[0], tokens[0], ['and', 'or'])
                joiners.add(tokens.pop(0))
        if not terms or len(joiners) > 1:
            raise SchemaError(where, "a condition is one term, or several joined by 'and' alone or by 'or' alone")
        return Condition(joiners == {'or'}, terms, text)

    def field(self, line, known):
        where, tokens = line.where, list(line.tokens)
        name = tokens.pop(0)
        if name in RESERVED or not re.match(r'^[a-z][a-z0-9_]*$', name):
            raise SchemaError(where, "'%s' cannot name a field" % name, name, KEYWORDS)
        if name in known:
            raise SchemaError(where, "'%s' stands here already" % name)
        if not tokens:
            raise SchemaError(where, "'%s' has no kind" % name)
        field = Field(where, None, name)
        field.comment = line.comment
        if tokens[0] == '*':
            field.pointer = True
            tokens.pop(0)
        field.kind = tokens.pop(0)
        if field.kind not in KINDS:
            self.unresolved.append((field, field.kind))
        if tokens and tokens[0] == '[':
            close = tokens.index(']') if ']' in tokens else -1
            if close != 2:
                raise SchemaError(where, "a list is written kind[count], kind[number] or kind[rest]")
            count = tokens[1]
            if count == 'rest':
                field.list = ('rest',)
            elif count[0].isdigit():
                field.list = ('constant', int(count, 0))
            elif count in known:
                if known[count].kind not in ('u8', 'u16', 'u32', 'count') or known[count].list:
                    raise SchemaError(where, "'%s' is no count" % count)
                field.list = ('member', count)
            else:
                raise SchemaError(where, "the count '%s' is not an earlier field" % count, count, known)
            tokens = tokens[3:]
        self.words(field, tokens, known)
        known[name] = field
        return field

    def words(self, field, tokens, known):
        where = field.where
        while tokens:
            word = tokens.pop(0)
            if word not in FIELD_WORDS:
                raise SchemaError(where, "'%s' says nothing about a field" % word, word, FIELD_WORDS)
            if word == 'optional':
                field.optional = True
                continue
            if word == 'if':
                field.condition = self.condition(where, tokens, known)
                break
            if not tokens:
                raise SchemaError(where, "'%s' wants something after it" % word)
            value = tokens.pop(0)
            if word == 'max':
                field.maximum = value
            elif word == 'as':
                field.values = value
                self.unresolved_values.append(field)
            elif word == 'in':
                if len(tokens) < 2 or tokens[0] != '..':
                    raise SchemaError(where, "'in' wants a range such as 0..4")
                field.range = (number_of(where, value), number_of(where, tokens[1]))
                tokens = tokens[2:]
            elif word == 'over' and value == '(':
                end = tokens.index(')') if ')' in tokens else 0
                field.over = tuple(number_of(where, token) for token in tokens[:end] if token != ',')
                tokens = tokens[end + 1:]
            elif word in ('over', 'first'):
                if value not in known and value != 'context':
                    raise SchemaError(where, "'%s' is not an earlier field" % value, value, list(known) + ['context'])
                setattr(field, word, value)
            elif word == 'sized':
                if value not in ('u8', 'u16', 'u32', 'count'):
                    raise SchemaError(where, "'sized' wants u8, u16, u32 or count", value, ['u8', 'u16', 'u32', 'count'])
                field.width = value
        if field.list and field.list[0] != 'constant' and not field.maximum:
            raise SchemaError(where, "the list '%s' wants a max" % field.name)
        if field.kind == 'text' and not field.condition:
            raise SchemaError(where, "'text' wants 'if' and the condition for UTF-16")
        if field.kind == 'row' and not field.over:
            raise SchemaError(where, "a row wants 'over' and its columns")
        if field.kind == 'bytes' and not (field.width or field.list and field.list[0] == 'constant'):
            raise SchemaError(where, "'bytes' wants 'sized' or a constant size; the rest of the input is 'rest'")
        if field.optional and not field.width:
            raise SchemaError(where, "'optional' belongs to a field that is 'sized': absent is size 0")

    def resolve(self):
        for field, name in self.unresolved:
            if name not in self.schema.structures:
                raise SchemaError(field.where, "'%s' is neither a kind nor a record" % name, name,
                                  list(KINDS) + list(self.schema.structures))
        for field in self.unresolved_values:
            if field.values not in self.schema.values and field.values != 'error_code':
                raise SchemaError(field.where, "no values or flags are called '%s'" % field.values, field.values, self.schema.values)
        self.least_sizes()

    def least_sizes(self):
        """The fewest bytes each structure can take; a recursive one counts what it takes before it recurs."""
        def of_field(field, active):
            if field.kind == 'if':
                return 0
            width = {'u8': 1, 'u16': 2, 'u32': 4, 'count': 2, None: 0}[field.width]
            if field.kind == 'sized':
                return width + sum(of_field(f, active) for f in field.fields)
            if field.optional:
                return width
            if field.list and field.list[0] != 'constant':
                return width
            if field.kind == 'bytes':
                return width + (field.list[1] if field.list else 0)
            one = KINDS[field.kind] if field.kind in KINDS else of_structure(self.schema.structures[field.kind], active)
            return width + one * (field.list[1] if field.list else 1)

        def of_structure(structure, active=()):
            if structure.least is not None:
                return structure.least
            if structure.name in active:
                return 0
            least = sum(of_field(field, active + (structure.name,)) for field in structure.fields)
            if not active:
                structure.least = least
            return least

        for structure in self.schema.structures.values():
            of_structure(structure)


def read(paths):
    schema = Schema()
    reader = Reader(schema)
    for path in paths:
        reader.file(path)
    reader.resolve()
    return schema
