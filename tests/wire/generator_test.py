#!/usr/bin/env python3
"""The generator's errors: one line each, at the line of the schema, with the likely name; and that the whole of the project's
schemas passes. usage: generator_test.py SOURCE_ROOT"""
import os
import subprocess
import sys
import tempfile

ROOT = sys.argv[1] if len(sys.argv) > 1 else '.'

# (schema, line of the error, what it says)
CASES = [
    ('recrod a "S 1"\n', 1, "'recrod' begins nothing (did you mean 'record'?)"),
    ('record a\n', 1, "'record' wants a name and the section of the specification in quotes"),
    ('record a "S 1"\n  x  u9\n', 2, "'u9' is neither a kind nor a record (did you mean 'u8'?)"),
    ('record a "S 1"\n  x  propety_name\nrecord property_name "S 2"\n  y  u8\n', 2,
     "'propety_name' is neither a kind nor a record (did you mean 'property_name'?)"),
    ('record a "S 1"\n  x_count  u16\n  x  u32[y_count] max M\n', 3, "the count 'y_count' is not an earlier field (did you mean 'x_count'?)"),
    ('record a "S 1"\n  x_count  u16\n  x  u32[x_count]\n', 3, "the list 'x' wants a max"),
    ('record a "S 1"\n  g  guid\n  x  u32[g] max M\n', 3, "'g' is no count"),
    ('record a "S 1"\n  if later\n    x  u8\n  later  u8\n', 2, "a condition looks at earlier fields or the context; 'later' is neither"),
    ('record a "S 1"\n  flag  u8\n  if flga & 0x01\n    x  u8\n', 3,
     "a condition looks at earlier fields or the context; 'flga' is neither (did you mean 'flag'?)"),
    ('record a "S 1"\n  f  u8\n  if f and f or f\n    x  u8\n', 3, "a condition is one term, or several joined by 'and' alone or by 'or' alone"),
    ('record a "S 1"\n  x  text\n', 2, "'text' wants 'if' and the condition for UTF-16"),
    ('record a "S 1"\n  x  bytes\n', 2, "'bytes' wants 'sized' or a constant size; the rest of the input is 'rest'"),
    ('record a "S 1"\n  x  sz optional\n', 2, "'optional' belongs to a field that is 'sized': absent is size 0"),
    ('record a "S 1"\n  x  bytes sized u24\n', 2, "'sized' wants u8, u16, u32 or count"),
    ('record a "S 1"\n  x  row\n', 2, "a row wants 'over' and its columns"),
    ('record a "S 1"\n  x  row over colums\n', 2, "'colums' is not an earlier field"),
    ('record a "S 1"\n  x  u8 as colour\nvalues color\n  1 red\n', 2, "no values or flags are called 'colour' (did you mean 'color'?)"),
    ('record a "S 1"\n  x  u8\n  x  u16\n', 3, "'x' stands here already"),
    ('record a "S 1"\n  union  u8\n', 2, "'union' cannot name a field"),
    ('record a "S 1"\n  x  u8 mx 3\n', 2, "'mx' says nothing about a field (did you mean 'max'?)"),
    ('record a "S 1"\n  x  u8\n    y  u8\n', 3, 'a plain field has nothing below it'),
    ('record a "S 1"\n      x  u8\n', 2, 'indented deeper than the line above allows'),
    ('record a "S 1"\n x  u8\n', 2, 'indent by two spaces'),
    ('record a "S 1"\n\tx  u8\n', 2, 'tabs are not allowed: indent by two spaces'),
    ('record a "S 1"\n  x  u8 in 1\n', 2, "'in' wants a range such as 0..4"),
    ('record a "S 1"\n  x  u8 ;\n', 2, "cannot read ';'"),
    ('record a "S 1"\n  x  u8\n  choice y\n    case 1\n      z  u8\n', 3, "'choice' wants an earlier field, not 'y'"),
    ('record a "S 1"\n  x  u8\n  choice x\n    csae 1\n      z  u8\n', 4, "'csae' in a choice (did you mean 'case'?)"),
    ('record a "S 1"\n  x  u8\n  choice x\n    case one\n      z  u8\n', 4, "a number is wanted here, not 'one'"),
    ('record a "S 1"\n  else\n    x  u8\n', 2, "'else' follows an 'if' with one condition"),
    ('record a "S 1"\nrecord a "S 1"\n', 2, "'a' is already declared at"),
    ('rop 0x02 rop_a "S 1" inn\n', 1, "handle slots are 'in', 'in out', 'out', 'source dest', 'response in' or 'none'"),
    ('rop 0x02 rop_a "S 1" in\nrop 0x02 rop_b "S 2" in\n', 2, 'ROP id 0x02 already belongs to rop_a'),
    ('rop 0x02 rop_a "S 1" in\n  requets\n', 2, "'requets' is no part of a ROP (did you mean 'request'?)"),
    ('body a "S 1" Thing postbox\n', 1, "a body wants its X-RequestType and 'mailbox' or 'address_book'"),
    ('flags a b\n', 1, "'flags' wants a name and nothing else"),
    ('flags a\n  0x01\n', 2, 'a value and its name are wanted'),
]


sys.path.insert(0, os.path.join(ROOT, 'tools'))
import wireschema


def error_of(schema):
    try:
        wireschema.read([schema])
        return 'nothing'
    except wireschema.SchemaError as error:
        return str(error)


def run(schemas, folder):
    generator = os.path.join(ROOT, 'tools', 'wiregen.py')
    return subprocess.run([sys.executable, generator, '--output', folder] + schemas, capture_output=True, text=True)


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        schema = os.path.join(folder, 'test.wire')
        for text, line, said in CASES:
            with open(schema, 'w', encoding='utf-8') as file:
                file.write(text)
            got = error_of(schema)
            expected = '%s:%d: %s' % (schema, line, said)
            if not got.startswith(expected) or '\n' in got:
                print('FAILED: %r\n  wanted %s\n  got    %s' % (text, expected, got))
                failed += 1
        result = run([schema], folder)
        if result.returncode != 1 or len(result.stderr.splitlines()) != 1:
            print('FAILED: an error is one line and exit status 1, not %d and %r' % (result.returncode, result.stderr))
            failed += 1
        schemas = os.path.join(ROOT, 'src', 'protocol')
        result = run([os.path.join(schemas, name) for name in sorted(os.listdir(schemas)) if name.endswith('.wire')], folder)
        if result.returncode or result.stderr:
            print('FAILED: the schemas of the project: %s' % result.stderr)
            failed += 1
    print('%d of %d cases failed' % (failed, len(CASES) + 2))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
