#!/usr/bin/env python3
"""Makes a C file of files that a program carries with it: their bytes, media types, entity tags, and SHA-256 as a content
security policy names it.

usage: tools/embed.py OUTPUT.c HEADER ARRAY FILE...
"""
import base64
import hashlib
import os
import sys

MEDIA_TYPES = {'.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml'}


def literal(data):
    """Bytes as C string literals, one line of the file a line where that is short; octal escapes never run on into digits."""
    lines = []
    for start in range(0, len(data), 96):
        text = ''
        for octet in data[start:start + 96]:
            character = chr(octet)
            if character in '"\\?':
                text += '\\' + character
            elif character == '\n':
                text += '\\n'
            elif 32 <= octet < 127:
                text += character
            else:
                text += f'\\{octet:03o}'
        lines.append(f'"{text}"')
    return '\n    '.join(lines) or '""'


def main():
    output, header, array, *paths = sys.argv[1:]
    rows = []
    for path in paths:
        with open(path, 'rb') as file:
            data = file.read()
        digest = hashlib.sha256(data).digest()
        name = os.path.basename(path)
        media_type = MEDIA_TYPES[os.path.splitext(name)[1]]
        rows.append(f'    {{"{name}", "{media_type}", "\\"{digest.hex()[:20]}\\"", "{digest.hex()[:10]}", '
                    f'"sha256-{base64.b64encode(digest).decode()}", {len(data)}u,\n    {literal(data)}}},\n')
    with open(output, 'w', encoding='ascii') as file:
        file.write(f'/* Made by tools/embed.py. */\n#include "{header}"\n\nconst struct embedded_file {array}[] = {{\n')
        file.writelines(rows)
        file.write('    {0},\n};\n')


if __name__ == '__main__':
    main()
