#!/usr/bin/env python3
"""Turns the tables of data/ into C: error_code.h, property_tags.h, named_properties.h and tables.c.

usage: tablegen.py --output FOLDER --data FOLDER"""
import argparse
import os
import re
import sys

NOTICE = '/* Made by tools/tablegen.py from the tables in data: change those, not this. %s */\n'


def constant(name):
    name = name.replace('IDs', 'Ids')
    return re.sub(r'(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_', name).upper()


def rows(path, columns):
    names = {}
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            if line.startswith('#') or not line.strip():
                continue
            cells = line.rstrip('\n').split('\t')
            if len(cells) != columns:
                sys.exit('%s:%d: %d columns wanted, %d found' % (path, number, columns, len(cells)))
            name = next(cell for cell in cells if re.match(r'^[A-Za-z]', cell))
            if constant(name) in names:
                sys.exit('%s:%d: %s stands at line %d already' % (path, number, name, names[constant(name)]))
            names[constant(name)] = number
            yield cells


def errors(data):
    table = list(rows(os.path.join(data, 'errors.tsv'), 3))
    header = NOTICE % 'MAPI error codes (MS-OXCDATA 2.4) and their names.'
    header += '#pragma once\n#include "wire/structure.h"\n\nenum error_code {\n'
    header += ''.join('    EC_%s = 0x%08X,\n' % (constant(name), int(value, 16)) for value, name, _ in table)
    header += '};\n\n/* For printing. */\nextern const struct wire_values error_code_values;\n'
    header += '/* "NotFound", or NULL for an unknown value. */\nconst char *error_code_name(uint32_t value);\n'
    first = {}
    for value, name, _ in table:
        first.setdefault(int(value, 16), name)
    source = 'static const struct wire_value error_code_rows[] = {\n'
    source += ''.join('    { 0x%08X, "%s" },\n' % row for row in sorted(first.items()))
    return header, source + '};\nconst struct wire_values error_code_values = { false, %d, error_code_rows };\n\n' % len(first)


def tags(data):
    table = list(rows(os.path.join(data, 'property_tags.tsv'), 3))
    header = NOTICE % 'Property tags (MS-OXPROPS) and their names.'
    header += '#pragma once\n#include <stdint.h>\n\n'
    header += ''.join('#define %s 0x%08Xu\n' % (constant(name), int(tag, 16)) for tag, name, _ in table)
    header += '\n/* "PidTagSubject"; the type is ignored where no property of that id has it; NULL for an unknown id. */\n'
    header += 'const char *property_tag_name(uint32_t tag);\n'
    header += '/* The tag of "PidTagSubject", or of another name such as "PR_SUBJECT"; 0 where unknown. */\n'
    header += 'uint32_t property_tag_of_name(const char *name);\n'
    source = 'const struct property_tag_row property_tag_rows[] = {\n'
    source += ''.join('    { 0x%08X, "%s", "%s" },\n' % (int(tag, 16), name, other) for tag, name, other in sorted(table, key=lambda r: int(r[0], 16)))
    return header, source + '};\nconst uint32_t property_tag_row_count = %d;\n\n' % len(table)


def names(data):
    table = list(rows(os.path.join(data, 'property_names.tsv'), 5))
    header = NOTICE % 'Named properties (MS-OXPROPS): an index into named_properties for each.'
    header += '#pragma once\n#include "wire/property_value.h"\n\nenum named_property {\n'
    header += ''.join('    %s,\n' % constant(name) for name, _, _, _, _ in table)
    header += '    NAMED_PROPERTY_COUNT\n};\n\n'
    sets = {}
    for _, property_set, guid, _, _ in table:
        sets.setdefault(property_set, guid)
    for property_set, guid in sorted(sets.items()):
        header += '#define %s ((struct guid){{ %s }})\n' % (property_set, guid_bytes(guid))
    header += '''
struct named_property_definition {
    const char *spec_name; /* "PidLidReminderSet" */
    struct guid guid;
    uint32_t lid;          /* where string is NULL */
    const char *string;    /* ASCII */
    uint16_t type;         /* enum property_type; 0 where not known */
};
/* By enum named_property. */
extern const struct named_property_definition named_properties[NAMED_PROPERTY_COUNT];
/* The definition of a name as it comes over the wire, or NULL. */
const struct named_property_definition *named_property_find(const struct property_name *name);
'''
    source = 'const struct named_property_definition named_properties[NAMED_PROPERTY_COUNT] = {\n'
    for name, _, guid, which, kind in table:
        is_lid = re.match(r'^0x[0-9A-Fa-f]+$', which) and name.startswith('PidLid')
        source += '    { "%s", {{ %s }}, %s, %s, %s },\n' % (name, guid_bytes(guid), which if is_lid else 0, 'NULL' if is_lid else '"%s"' % which, kind)
    return header, source + '};\n'


def guid_bytes(text):
    digits = text.replace('-', '')
    raw = bytes.fromhex(digits)
    raw = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
    return ', '.join('0x%02X' % byte for byte in raw)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--output', required=True)
    parser.add_argument('--data', required=True)
    arguments = parser.parse_args()
    source = NOTICE % ''
    source += '#include "protocol/error_code.h"\n#include "protocol/named_properties.h"\n#include "protocol/property_tags.h"\n#include "protocol/table_rows.h"\n\n'
    for name, make in (('error_code.h', errors), ('property_tags.h', tags), ('named_properties.h', names)):
        header, rows_text = make(arguments.data)
        source += rows_text
        with open(os.path.join(arguments.output, name), 'w', encoding='utf-8') as file:
            file.write(header)
    with open(os.path.join(arguments.output, 'tables.c'), 'w', encoding='utf-8') as file:
        file.write(source)


if __name__ == '__main__':
    main()
