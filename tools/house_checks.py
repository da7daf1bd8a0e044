#!/usr/bin/env python3
"""The rules of the house that a machine can check; run by ./check in the project's root.

 - An include may only point to the same layer or one above it (the order stands in meson.build).
 - No absolute path of somebody's machine, no tab in C, no trailing blanks, no file names that say nothing.
 - Files over 600 lines say why at their top ('Long because ...'), generated files excepted.
"""
import os
import re
import subprocess
import sys

LONG = 600
EMPTY_NAMES = ('common', 'util', 'utils', 'misc', 'helper', 'helpers', 'manager')
failures = []


def fail(path, line, text):
    failures.append(f'{path}:{line}: {text}')


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


def layers():
    found = re.search(r'^layers = \[(.*?)\]', read('meson.build'), re.S | re.M)
    return re.findall(r"'(\w+)'", found.group(1))


def check_includes(files):
    order = {name: i for i, name in enumerate(layers())}
    for path in files:
        parts = path.split('/')
        if parts[0] != 'src' or not path.endswith(('.c', '.h')) or parts[1] not in order:
            continue
        for number, line in enumerate(read(path).split('\n'), 1):
            found = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
            if found and found.group(1) in order and order[found.group(1)] > order[parts[1]]:
                fail(path, number, f'{parts[1]} may not include {found.group(1)} (order: {" ".join(order)})')


def check_text(files):
    paths = re.compile(r'(?<![A-Za-z0-9_.])/(?:work|farm)/|/home/[a-z]')
    for path in files:
        if path.startswith('tests/corpus/') or not path.endswith(('.c', '.h', '.py', '.build', '.wire', '.md', '.sh', '.scd')):
            continue
        for number, line in enumerate(read(path).split('\n'), 1):
            if path.endswith(('.c', '.h')) and '\t' in line:
                fail(path, number, 'a tab')
            if line != line.rstrip() and not path.endswith('.md'):
                fail(path, number, 'blanks at the end of the line')
            if paths.search(line) and path != 'tools/house_checks.py':
                fail(path, number, "an absolute path of somebody's machine")


def check_names(files):
    for path in files:
        if not path.endswith(('.c', '.h', '.py')):
            continue
        words = os.path.splitext(os.path.basename(path))[0].split('_')
        for word in words:
            if word in EMPTY_NAMES:
                fail(path, 1, f"'{word}' in a file name says nothing")


def check_sizes(files):
    for path in files:
        if path.endswith(('.c', '.h')):
            text = read(path)
            lines = text.count('\n')
            if lines > LONG and not re.search(r'\bLong because\b', text[:3000]):
                fail(path, lines, f'over {LONG} lines; two things, or say at the top: Long because ...')


def main():
    files = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], capture_output=True,
                           text=True, check=True).stdout.split('\n')
    files = [f for f in files if f and os.path.isfile(f)]
    for check in (check_includes, check_text, check_names, check_sizes):
        check(files)
    for line in failures:
        print(line)
    print(f'house checks: {len(files)} files, {len(failures)} findings')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
