"""Writes the C of a schema: one header for each schema file, the registry headers, and structures.c with all rows."""
import re
import wireschema
from wireschema import INTEGERS

C_TYPES = {'u8': 'uint8_t', 'u16': 'uint16_t', 'u32': 'uint32_t', 'u64': 'uint64_t', 'i16': 'int16_t', 'i32': 'int32_t',
           'i64': 'int64_t', 'bool8': 'uint8_t', 'bool16': 'uint16_t', 'tag': 'uint32_t', 'id': 'uint64_t', 'time': 'uint64_t',
           'count': 'uint32_t', 'guid': 'struct guid', 'sz': 'struct bytes', 'wsz': 'struct bytes', 'text': 'struct bytes',
           'bytes': 'struct bytes', 'rest': 'struct bytes', 'tagged': 'struct property_value', 'typed': 'struct property_value',
           'filter_value': 'struct property_value', 'row': 'struct property_row'}
FORMS = {'i16': 'SIGNED', 'i32': 'SIGNED', 'i64': 'SIGNED', 'bool8': 'BOOLEAN', 'bool16': 'BOOLEAN', 'tag': 'TAG', 'id': 'ID', 'time': 'TIME'}
ROW_KINDS = {'count': 'COUNT', 'guid': 'GUID', 'sz': 'STRING8', 'wsz': 'STRING', 'text': 'TEXT', 'bytes': 'BYTES', 'rest': 'BYTES',
             'tagged': 'TAGGED', 'typed': 'TYPED', 'filter_value': 'FILTER_VALUE', 'row': 'ROW'}
OPERATORS = {'==': 'EQUAL', '!=': 'NOT_EQUAL', '<': 'LESS', '<=': 'LESS_OR_EQUAL', '>': 'GREATER', '>=': 'GREATER_OR_EQUAL'}
WIDTHS = {'u8': 1, 'u16': 2, 'u32': 4, 'count': 0, None: 0}
NOTICE = '/* Made by tools/wiregen.py from the schemas in src/protocol: change those, not this. %s */\n'


def structures_of(item):
    if isinstance(item, wireschema.Structure):
        return [item]
    if isinstance(item, wireschema.Rop):
        same = item.failure is item.success
        parts = [item.request, item.success, None if same else item.failure] + [special[2] for special in item.specials]
        return [part for part in parts if part]
    if isinstance(item, wireschema.Body):
        return [part for part in (item.request, item.success) if part]
    return []


def groups(fields):
    """Consecutive cases of one choice together, everything else alone."""
    result = []
    for field in fields:
        if field.union and result and result[-1][0].union is field.union:
            result[-1].append(field)
        else:
            result.append([field])
    return result


# C structs

def member(field):
    kind = C_TYPES.get(field.kind) or 'struct ' + field.kind
    comment = ' /* %s */' % field.comment if field.comment else ''
    if field.kind == 'bytes' and field.list:
        return ['uint8_t %s[%d];%s' % (field.name, field.list[1], comment)]
    if field.list and field.list[0] == 'constant':
        return ['%s %s[%d];%s' % (kind, field.name, field.list[1], comment)]
    if field.list and field.list[0] == 'rest':
        return ['uint32_t %s_count;' % field.name, 'const %s *%s;%s' % (kind, field.name, comment)]
    if field.list or field.pointer:
        return ['const %s *%s;%s' % (kind, field.name, comment)]
    return ['%s %s;%s' % (kind, field.name, comment)]


def members(fields):
    lines = []
    for group in groups(fields):
        first = group[0]
        if first.union:
            inner = []
            for case in group:
                part = members(case.fields)
                if not part:
                    continue
                if case.case:
                    inner += ['struct {'] + ['    ' + line for line in part] + ['} %s;' % case.case]
                elif len(part) == 1:
                    inner += part
                else:
                    inner += ['struct {'] + ['    ' + line for line in part] + ['};']
            lines += ['union {'] + ['    ' + line for line in inner] + ['};']
        elif first.kind in ('if', 'sized'):
            part = members(first.fields)
            if first.kind == 'if' and part:
                part[0] += ' /* if %s */' % first.condition.text if '/*' not in part[0] else ''
            lines += part
        else:
            lines += member(first)
    return lines


def line_directive(where):
    return '#line %d "%s"\n' % (where[1], where[0])


def struct_text(structure):
    lines = members(structure.fields) or ['uint8_t nothing; /* it has no fields */']
    comment = '/* %s%s */\n' % (structure.section, ': ' + structure.comment if structure.comment else '')
    return comment + 'struct %s {\n%s};\n' % (structure.name, ''.join('    %s\n' % line for line in lines))


def inline_records(fields, schema):
    for field in fields:
        if field.kind in schema.structures and not field.pointer and not (field.list and field.list[0] != 'constant'):
            yield field.kind
        yield from inline_records(field.fields, schema)


def all_records(fields, schema):
    for field in fields:
        if field.kind in schema.structures:
            yield field.kind
        yield from all_records(field.fields, schema)


def enum_text(values):
    prefix = values.name.upper()
    rows = ''.join('    %s_%s = 0x%X,%s\n' % (prefix, name.upper(), number, ' /* %s */' % comment if comment else '')
                   for number, name, comment in values.rows)
    return '%senum %s {\n%s};\nextern const struct wire_values %s_values;\n' % (
        '/* %s */\n' % values.comment if values.comment else '', values.name, rows, values.name)


def header(schema, stem, items):
    own = [structure for item in items for structure in structures_of(item)]
    includes = {'wire/property_row.h', 'wire/structure.h'}
    for structure in own:
        if structure.existing:
            includes.add(structure.existing)
        for name in all_records(structure.fields, schema):
            if schema.file_of[name] != stem:
                includes.add('protocol/%s.h' % schema.file_of[name])
    text = NOTICE % 'Lists and strings\n * belong to whoever made them: the input and the arena of a decoder, or the caller.'
    text += '#pragma once\n' + ''.join('#include "%s"\n' % name for name in sorted(includes)) + '\n'
    ordered, done = [], set()

    def visit(structure):
        if structure.name in done:
            return
        done.add(structure.name)
        for name in inline_records(structure.fields, schema):
            if schema.file_of[name] == stem:
                visit(schema.structures[name])
        ordered.append(structure)

    for structure in own:
        visit(structure)
    forward = sorted({name for structure in own for name in all_records(structure.fields, schema)})
    text += ''.join('struct %s;\n' % name for name in forward if not schema.structures[name].existing) + '\n'
    for item in items:
        if isinstance(item, wireschema.Values):
            text += enum_text(item) + '\n'
    for structure in ordered:
        if not structure.existing:
            text += struct_text(structure)
        text += 'extern const struct wire_structure %s_structure;\n\n' % structure.name
    return text


# Rows

class Rows:
    def __init__(self, schema, structure):
        self.schema, self.structure = schema, structure
        self.rows, self.tables = [], []

    def offset(self, path):
        return 'offsetof(struct %s, %s)' % (self.structure.name, path)

    def table(self, declaration, content):
        name = '%s_%d' % (self.structure.name, len(self.tables))
        self.tables.append('static const %s = %s;\n' % (declaration % name, content))
        return name

    def count_of(self, field, path):
        """width and offset expression of a member read as a number"""
        if field.kind in ('bytes', 'rest', 'sz', 'wsz', 'text'):
            return 8, self.offset(path + '.size')
        if field.pointer:
            return 8, self.offset(path)
        width = 4 if field.kind == 'count' else INTEGERS[field.kind]
        return width, self.offset(path)

    def condition(self, condition, scope):
        terms = []
        for source, mask, operator, value in condition.terms:
            if source in scope:
                width, offset = self.count_of(*scope[source])
                terms.append('{ WIRE_SOURCE_MEMBER, %d, %s, WIRE_%s, 0x%X, 0x%X }' % (width, offset, OPERATORS[operator], mask, value))
            else:
                terms.append('{ %s, 0, 0, WIRE_%s, 0x%X, 0x%X }' % (wireschema.CONTEXT[source], OPERATORS[operator], mask, value))
        name = self.table('struct wire_term %s[]', '{ %s }' % ', '.join(terms))
        return '&' + self.table('struct wire_condition %s', '{ %s, %d, %s }' % ('true' if condition.any_of else 'false', len(terms), name))

    def columns(self, field, scope):
        parts = []
        if isinstance(field.over, tuple):
            tags = self.table('uint32_t %s[]', '{ %s }' % ', '.join('0x%08X' % tag for tag in field.over))
            parts.append('.constant = { %d, %s }' % (len(field.over), tags))
        elif field.over and field.over != 'context':
            tags, path = scope[field.over]
            if tags.list[0] == 'member':
                width, offset = self.count_of(*scope[tags.list[1]])
            else:
                width, offset = 4, self.offset(path + '_count')
            parts.append('.from_member = true, .offset = %s, .count_offset = %s, .count_width = %d' % (self.offset(path), offset, width))
        if field.first:
            width, offset = self.count_of(*scope[field.first])
            parts.append('.first_width = %d, .first_offset = %s' % (width, offset))
        if not parts:
            return None
        return '&' + self.table('struct wire_columns_source %s', '{ %s }' % ', '.join(parts))

    def add(self, where, parts):
        self.rows.append((where, parts))

    def fields(self, fields, scope, prefix=''):
        for field in fields:
            if field.kind in ('if', 'sized'):
                index = len(self.rows)
                if field.kind == 'if':
                    parts = ['.kind = WIRE_IF', '.condition = %s' % self.condition(field.condition, scope)]
                else:
                    parts = ['.kind = WIRE_SIZED', '.width = %d' % WIDTHS[field.width]]
                    if field.inclusive:
                        parts.append('.inclusive = true')
                self.add(field.where, parts)
                if field.case:
                    self.fields(field.fields, dict(scope), prefix + field.case + '.')
                else:
                    self.fields(field.fields, scope, prefix)
                parts.append('.block = %d' % (len(self.rows) - index - 1))
            else:
                self.field(field, scope, prefix)

    def field(self, field, scope, prefix):
        path = prefix + field.name
        offset = '.offset = ' + self.offset(path)
        parts = ['.name = "%s"' % field.name, offset]
        if field.width and field.kind != 'bytes':
            self.add(field.where, ['.name = "%s"' % field.name, '.kind = WIRE_SIZED', '.width = %d' % WIDTHS[field.width], '.block = 1',
                                   offset] + (['.optional = true'] if field.optional else []) + (['.inclusive = true'] if field.inclusive else []))
        if field.kind in INTEGERS:
            parts += ['.kind = WIRE_INTEGER', '.width = %d' % INTEGERS[field.kind]]
            if field.kind in FORMS:
                parts.append('.form = WIRE_FORM_' + FORMS[field.kind])
        elif field.kind == 'bytes' and field.list:
            parts += ['.kind = WIRE_FIXED_BYTES', '.maximum = %d' % field.list[1]]
        elif field.kind in ROW_KINDS:
            parts.append('.kind = WIRE_' + ROW_KINDS[field.kind])
            if field.kind == 'bytes':
                parts.append('.width = %d' % WIDTHS[field.width] if field.width != 'count' else '.width = 0xFF')
        else:
            parts += ['.kind = WIRE_RECORD', '.record = &%s_structure' % field.kind]
        if field.pointer:
            parts.append('.pointer = true')
        if field.list and field.kind != 'bytes':
            if field.list[0] == 'constant':
                parts += ['.list = WIRE_LIST_FIXED', '.maximum = %d' % field.list[1]]
            elif field.list[0] == 'member':
                width, count = self.count_of(*scope[field.list[1]])
                parts += ['.list = WIRE_LIST_COUNTED', '.maximum = %s' % field.maximum, '.count_offset = ' + count, '.count_width = %d' % width]
            else:
                parts += ['.list = WIRE_LIST_REST', '.maximum = %s' % field.maximum, '.count_offset = ' + self.offset(path + '_count'), '.count_width = 4']
        if field.range:
            parts.append('.low = 0x%X, .high = 0x%X' % field.range)
        if field.condition:
            parts.append('.condition = ' + self.condition(field.condition, scope))
        if field.over or field.first:
            columns = self.columns(field, scope)
            if columns:
                parts.append('.columns = ' + columns)
        if field.values:
            parts.append('.values = &%s_values' % field.values)
        self.add(field.where, parts)
        scope[field.name] = (field, path)

    def text(self):
        self.fields(self.structure.fields, {})
        name = self.structure.name
        text = ''.join(self.tables)
        if self.rows:
            text += 'static const struct wire_field %s_fields[] = {\n' % name
            for where, parts in self.rows:
                text += line_directive(where) + '    { %s },\n' % ', '.join(parts)
            text += '};\n'
        words = ''.join(', .%s = true' % word for word in self.structure.words)
        text += ('const struct wire_structure %s_structure = { .name = "%s", .section = "%s", .size = sizeof(struct %s), .least = %d, '
                 '.field_count = %d, .fields = %s%s, .vocabulary = &protocol_vocabulary };\n\n' % (
                     name, name, self.structure.section, name, self.structure.least, len(self.rows), name + '_fields' if self.rows else 'NULL', words))
        return text


def spec_name(name):
    return ''.join(word.capitalize() for word in name.split('_'))


def constant(name):
    return name.upper()


def rop_ids(schema):
    text = NOTICE % 'ROP ids (MS-OXCROPS 2.2.2); ROP_ID_OPEN_FOLDER belongs to struct rop_open_folder_request.'
    text += '#pragma once\n\nenum rop_id {\n'
    for rop in sorted(schema.rops.values(), key=lambda rop: rop.number):
        text += '    ROP_ID_%s = 0x%02X,\n' % (constant(rop.name[4:]), rop.number)
    return text + '};\n'


def source(schema):
    text = NOTICE % ''
    text += '#include "protocol/structures.h"\n#include "base/limits.h"\n#include "protocol/body_definition.h"\n'
    text += '#include "protocol/error_code.h"\n#include "protocol/rop_definition.h"\n#include "protocol/vocabulary.h"\n#include <stddef.h>\n\n'
    for values in schema.values.values():
        rows = ', '.join('{ 0x%X, "%s" }' % (number, name) for number, name, _ in values.rows)
        text += 'static const struct wire_value %s_rows[] = { %s };\n' % (values.name, rows)
        text += 'const struct wire_values %s_values = { %s, %d, %s_rows };\n\n' % (values.name, 'true' if values.flags else 'false', len(values.rows), values.name)
    for structure in schema.structures.values():
        text += Rows(schema, structure).text()
    text += 'const struct wire_structure *const wire_structures[] = {\n'
    text += ''.join('    &%s_structure,\n' % name for name in schema.structures)
    text += '};\nconst uint32_t wire_structure_count = %d;\n\n' % len(schema.structures)
    for rop in schema.rops.values():
        for index, (value, name, structure) in enumerate(rop.specials):
            text += 'static const struct rop_special %s_special_%d = { 0x%X, "%s", &%s_structure };\n' % (rop.name, index, value, name, structure.name)
        if len(rop.specials) > 1:
            raise wireschema.SchemaError(rop.where, 'a ROP has at most one special form')
        text += 'static const struct rop_definition %s_definition = { .id = 0x%02X, .response_id = 0x%02X, .name = "%s", .spec_name = "%s", .section = "%s", .handles = ROP_HANDLES_%s' % (
            rop.name, rop.number, rop.response_number, rop.name, spec_name(rop.name), rop.section, rop.handles)
        if rop.request:
            text += ', .request = &%s_structure' % rop.request.name
        if not rop.silent:
            text += ', .success = &%s_structure' % rop.success.name
        if rop.failure:
            text += ', .failure = &%s_structure' % rop.failure.name
        if rop.reserved:
            text += ', .reserved = true'
        if rop.specials:
            text += ', .special = &%s_special_0' % rop.name
        text += ' };\n'
    text += '\nconst struct rop_definition *const rop_definitions[256] = {\n'
    for rop in schema.rops.values():
        text += '    [0x%02X] = &%s_definition,\n' % (rop.number, rop.name)
    text += '};\n\nconst struct body_definition body_definitions[] = {\n'
    for body in schema.bodies.values():
        text += '    { "%s", "%s", %s, &%s_structure, &%s_structure },\n' % (
            body.request_type, body.section, 'true' if body.endpoint == 'address_book' else 'false', body.request.name, body.success.name)
    return text + '};\nconst uint32_t body_definition_count = %d;\n' % len(schema.bodies)


def umbrella(schema):
    text = NOTICE % 'All structures of the protocol, one header for each schema file.'
    text += '#pragma once\n#include "protocol/rop_id.h"\n' + ''.join('#include "protocol/%s.h"\n' % stem for stem, _ in schema.files)
    text += '\n/* Every declared structure, for tests, fuzzers and the reader by name (protocol/structure_name.h). */\n'
    return text + 'extern const struct wire_structure *const wire_structures[];\nextern const uint32_t wire_structure_count;\n'


def files(schema):
    result = {stem + '.h': header(schema, stem, items) for stem, items in schema.files}
    result['rop_id.h'] = rop_ids(schema)
    result['structures.h'] = umbrella(schema)
    result['structures.c'] = source(schema)
    return result
