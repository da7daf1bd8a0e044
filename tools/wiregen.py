#!/usr/bin/env python3
"""Turns the schemas src/protocol/*.wire into C: structs, constants, the field rows that the engine of src/wire interprets,
the registries of ROPs and of MAPI/HTTP bodies, and the reference page. docs/wire.md explains the notation.

usage: wiregen.py --output FOLDER [--reference FILE] SCHEMA...
A mistake in a schema is one line 'file:line: what (did you mean ...?)' and exit status 1."""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import wireschema
import wireemit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--output', required=True, help='folder for the headers and structures.c')
    parser.add_argument('--reference', help='write the reference page (Markdown) here')
    parser.add_argument('schemas', nargs='+', metavar='SCHEMA')
    arguments = parser.parse_args()
    try:
        schema = wireschema.read(arguments.schemas)
    except wireschema.SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    os.makedirs(arguments.output, exist_ok=True)
    for name, text in wireemit.files(schema).items():
        with open(os.path.join(arguments.output, name), 'w', encoding='utf-8') as file:
            file.write(text)
    if arguments.reference:
        import wirereference
        with open(arguments.reference, 'w', encoding='utf-8') as file:
            file.write(wirereference.page(schema))
    return 0


if __name__ == '__main__':
    sys.exit(main())
