#!/usr/bin/env python3
"""Compares the schemas of the ROPs with the requirement sheet of MS-OXCROPS (../shared/spec beside the source; skipped with a
message where it is not there): the names of the fields, their order and their sizes. usage: sheet_test.py SOURCE_ROOT"""
import glob
import os
import re
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else '.'
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import wireschema

SIZES = dict(wireschema.INTEGERS, guid=16, long_term_id=24, logon_time=8)
WIDTHS = {'u8': 1, 'u16': 2, 'u32': 4}
SLOTS = {'rop_id', 'ropid', 'input_handle_index', 'output_handle_index', 'source_handle_index', 'response_handle_index', 'dest_handle_index'}

# Sections that cannot be compared, and why.
EXCEPTIONS = {
    '2.2.3.1.2': 'one structure holds the private and the public form of the answer, chosen by LogonFlags',
    '2.2.3.1.3': 'the same',
    '2.2.3.7.2': 'the sheet has no line for Servers',
    '2.2.6.1.1': 'the sheet writes the slots in another order than everywhere else',
    '2.2.6.18.1': 'the sheet spells RopId in two ways',
    '2.2.6.18.2': 'R2334 has 4 bytes for AttachmentIdCount, two parsers 2; no server of today serves it (R1413)',
    '2.2.6.9.2': 'the sheet refers to RopSetMessageStatus (R2046)',
    '2.2.9.12.2': 'the sheet refers to RopWriteStream (R3481)',
    '2.2.12.4.2': 'TransferBuffer and BackoffTime exclude each other (R3745, R3748)',
}


def snake(name):
    name = name.replace('IDs', 'Ids').replace('ID', 'Id').replace('GUID', 'Guid')
    return re.sub(r'(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_', name).lower()


def sheet(path):
    sections = {}
    with open(path, encoding='utf-8', errors='replace') as file:
        for line in file:
            cells = line.split('\t')
            if len(cells) < 3 or not re.match(r'^2\.2\.\d+\.\d+\.\d+$', cells[1]):
                continue
            fields = sections.setdefault(cells[1], {})
            for name, size in re.findall(r'\b([A-Z][A-Za-z0-9]+) ?\((\d+ ?bytes?|variable)[^)]*\)', cells[2]):
                fields.setdefault(snake(name), int(re.match(r'\d+', size).group()) if size[0].isdigit() else None)
    return {section: list(fields.items()) for section, fields in sections.items()}


def flat(fields):
    """(name or None for a size, bytes or None) in the order of the wire"""
    for field in fields:
        if field.kind in ('if', 'sized'):
            if field.kind == 'sized':
                yield None, WIDTHS[field.width]
            yield from flat(field.fields)
            continue
        if field.width:
            yield None, WIDTHS.get(field.width)
        size = SIZES.get(field.kind)
        if field.kind == 'bytes' and field.list:
            size = field.list[1]
        elif field.list:
            size = size * field.list[1] if size and field.list[0] == 'constant' else None
        yield field.name, size


def difference(structure, wanted):
    mine = list(flat(structure.fields))
    for index, (name, size) in enumerate(mine):
        if index == len(wanted):
            return 'the sheet has no %s' % (name or 'size')
        said, said_size = wanted[index]
        if name is None and not said.endswith('size') or name is not None and name != said:
            return '%s where the sheet has %s' % (name or 'a size', said)
        if size and said_size and size != said_size:
            return '%s has %d bytes, in the sheet %d' % (said, size, said_size)
    return '%s is missing' % wanted[len(mine)][0] if len(mine) < len(wanted) else None


def differences(rop, fields):
    names = [name for name, _ in fields]
    if 'return_value' in names:
        wanted = fields[names.index('return_value') + 1:]
        candidates = [rop.success, rop.failure] + [special[2] for special in rop.specials]
    else:
        wanted = [field for field in fields if field[0] not in SLOTS]
        if rop.request and wanted and wanted[0][0] == 'logon_id':
            wanted = wanted[1:]
        candidates = [rop.request or rop.success]
    if 'return_value' in names and not wanted:
        return []
    found = [difference(structure, wanted) for structure in candidates if structure]
    return [] if None in found else found


def main():
    path = os.path.join(ROOT, '..', 'shared', 'spec', 'MS-OXCROPS.tsv')
    if not os.path.isfile(path):
        print('skipped: no', path)
        return 77
    schema = wireschema.read(sorted(glob.glob(os.path.join(ROOT, 'src', 'protocol', '*.wire'))))
    sections, compared, failed = sheet(path), 0, 0
    for rop in schema.rops.values():
        own = rop.section.split()[1] + '.'
        for section, fields in sorted(sections.items()):
            if not section.startswith(own) or section in EXCEPTIONS:
                continue
            compared += 1
            found = differences(rop, fields)
            if found:
                failed += 1
                print('%s %s: %s' % (section, rop.name, '; '.join(found)))
    print('%d sections compared, %d differ, %d excepted' % (compared, failed, len(EXCEPTIONS)))
    return 1 if failed or compared < 200 else 0


if __name__ == '__main__':
    sys.exit(main())
