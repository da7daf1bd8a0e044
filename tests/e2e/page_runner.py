"""Runs a page of docs/ as a person would who types what it shows: every line that begins with '$ ' in a ```console block is given
to bash, and what it prints must be what the page shows. What differs from run to run (times, identifiers, ports, durations) is
compared by its shape; a line '...' stands for any lines. A comment '<!-- meanwhile: NAME WORDS -->' calls a step of the test.

    runner = page_runner.Runner(page, environment, folder, steps={'outlook': function}, replacements=[('127.0.0.1', 'host')])
    runner.run()                 # a list of differences, as texts
    runner.run(rewrite=True)     # writes what was printed into the page
"""
import difflib
import fcntl
import os
import re
import shlex
import struct
import subprocess
import termios
import threading

# What is different in every run, and the word it is compared by; in this order.
SHAPES = [
    (re.compile(r'\b36[3456]\b'), 'DAYS'), # what is left of a new certificate
    (re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', re.I), 'GUID'),
    (re.compile(r'\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z| ?UTC|[+-]\d\d:?\d\d)?'), 'TIME'),
    (re.compile(r'\b\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d(:\d\d)?( [AP]M)?'), 'TIME'),
    (re.compile(r'\d{4}-\d\d-\d\d'), 'DAY'),
    (re.compile(r'\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4}( \d\d:\d\d:\d\d GMT)?|\b\w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT'), 'TIME'),
    (re.compile(r'\b\d\d?:\d\d:\d\d(\.\d+)?'), 'CLOCK'),
    (re.compile(r'\b[0-9a-f]{32,}\b', re.I), 'HEX'),
    (re.compile(r'(\d+(\.\d+)?) ?(ms|µs|us|s|seconds|MiB|KiB|GiB|MB|KB|GB|bytes)\b'), 'AMOUNT'),
    (re.compile(r'\b\d+\.\d+\b(?!\.)'), 'NUMBER'),
    (re.compile(r'\blocalhost:\d+|127\.0\.0\.1:\d+'), 'HOST:PORT'),
]

COLUMNS = 130


class Runner:
    def __init__(self, page, environment, folder, steps=None, replacements=()):
        self.page, self.environment, self.folder = page, environment, folder
        self.steps, self.replacements = steps or {}, replacements

    def shape(self, line):
        for text, word in SHAPES:
            line = text.sub(word, line)
        return re.sub(r'\s+', ' ', re.sub(r'-{3,}', '---', line)).strip()

    def shown(self, text):
        for found, shown in self.replacements:
            text = text.replace(found, shown)
        return text

    def execute(self, command):
        """What a terminal of 130 columns shows: tables, where a pipe would get JSON."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 50, COLUMNS, 0, 0))
        pieces = []

        def read():
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError: # nobody has the other end any more
                    return
                pieces.append(piece)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            subprocess.run(['bash', '-o', 'pipefail', '-c', command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                           stdout=theirs, stderr=theirs, timeout=120, check=False)
        finally:
            os.close(theirs)
            reader.join()
            os.close(ours)
        text = self.shown(b''.join(pieces).decode(errors='replace').replace('\r\n', '\n'))
        lines = [line.rstrip() for line in text.rstrip('\n').split('\n')] if text.strip() else []
        # The warnings of a pipe's stages come when they come: they are shown first.
        return sorted(lines, key=lambda line: not line.startswith('WARNING: ')) if '|' in command else lines

    def fits(self, expected, actual):
        """Both lists of lines; '...' in the expected ones stands for any number of lines."""
        pattern = ''.join('(?:[^\n]*\n)*?' if line.strip() == '...' else re.escape(self.shape(line)) + '\n' for line in expected)
        return re.fullmatch(pattern, ''.join(self.shape(line) + '\n' for line in actual)) is not None

    def run_block(self, lines, number, differences):
        """The lines of a block as they were printed now."""
        result, at = [], 0
        while at < len(lines):
            command = [lines[at]]
            while command[-1].endswith('\\'):
                at += 1
                command.append(lines[at])
            at += 1
            expected = []
            while at < len(lines) and not lines[at].startswith('$ '):
                expected.append(lines[at])
                at += 1
            if not command[0].startswith('$ '):
                raise SystemExit(f'{self.page}:{number}: a console block begins with "$ "')
            text = '\n'.join([command[0][2:]] + [re.sub('^> ', '', line) for line in command[1:]])
            actual = self.execute(text)
            while expected and not expected[-1].strip():
                expected.pop()
            same = self.fits(expected, actual)
            if not same:
                differences.append(f'{os.path.basename(self.page)}:{number}: $ {text}\n' + '\n'.join(
                    difflib.unified_diff(expected, actual, 'on the page', 'printed', lineterm='')))
            result += command + (expected if same else actual)
        return result

    def run(self, rewrite=False):
        differences, result, block = [], [], None
        with open(self.page, encoding='utf-8') as file:
            lines = file.read().split('\n')
        for number, line in enumerate(lines, 1):
            if block is not None and line == '```':
                result += self.run_block(block[1], block[0], differences) + [line]
                block = None
            elif block is not None:
                block[1].append(line)
            else:
                result.append(line)
                if line == '```console':
                    block = (number, [])
                meanwhile = re.fullmatch(r'<!-- meanwhile: (.*) -->', line)
                if meanwhile:
                    words = shlex.split(meanwhile.group(1))
                    self.steps[words[0]](*words[1:])
        if rewrite:
            with open(self.page, 'w', encoding='utf-8') as file:
                file.write('\n'.join(result))
        return differences
