#!/usr/bin/env python3
"""Mail in and out of a real server over MAPI/HTTP: 'mapihttp import', then 'mapihttp export' in every format, then
'mapihttp compare' with the files that went in. Always with the sample mail and with mails made here (large, many
attachments, odd states); with the collections beside the project where they are.

Checked beside equality: what is read and flagged stays so, a second import with --skip-existing adds nothing, a mail that
cannot be read fails by name and the others get in.
"""
import os
import subprocess
import sys
import tempfile

import harness

failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print('FAILED:', text)


def compare(name, originals, exported):
    result = subprocess.run([harness.program('mapihttp'), 'compare', *originals, exported], capture_output=True, text=True)
    lines = result.stdout.strip().split('\n')
    print(f'{name}: {lines[-1]}')
    for line in lines[:-1]:
        if 'accepted:' not in line:
            print('   ', line)
    check(result.returncode == 0, f'{name}: exported mails differ from those imported')


def write(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content)
    return path


def made_mails(folder):
    """Mails that are too large or too odd for the repository."""
    import base64
    data = bytes((i * 131 + i // 251) % 256 for i in range(3_000_000))
    encoded = base64.encodebytes(data)
    write(folder, 'made/large.eml', b'From: a@example.org\r\nSubject: large\r\nMessage-ID: <large@example.org>\r\nMIME-Version: 1.0\r\n'
          b'Content-Type: application/octet-stream; name="large.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + encoded)
    parts = b''.join(b'--b\r\nContent-Type: image/png; name="%d.png"\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n' % i
                     for i in range(60))
    write(folder, 'made/many parts.eml', b'From: a@example.org\r\nSubject: many\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
          + parts + b'--b--\r\n')
    write(folder, 'made/long text.eml', b'From: a@example.org\r\nSubject: long\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
          + 'Grüße – immer wieder.\r\n'.encode() * 20000)
    write(folder, 'made/many recipients.eml', b'From: a@example.org\r\nSubject: recipients\r\nTo: '
          + b',\r\n '.join(b'"Person, %d" <p%d@example.org>' % (i, i) for i in range(400)) + b'\r\n\r\nhello\r\n')
    nested = b'From: a@example.org\r\nSubject: innermost\r\n\r\ncore\r\n'
    for i in range(6):
        nested = (b'From: a@example.org\r\nSubject: level %d\r\nContent-Type: message/rfc822\r\n\r\n' % i) + nested
    write(folder, 'made/nested.eml', nested)
    return os.path.join(folder, 'made')


def import_mails(server, user, *words):
    result = server.command('import', *words, user=user, check=False)
    print(result.stdout.decode().split('\n')[0])
    return result


def round_trip(server, name, user, paths, format):
    with tempfile.TemporaryDirectory(prefix='mapihttp-export-') as folder:
        target = os.path.join(folder, 'out')
        result = import_mails(server, user, *paths)
        check(result.returncode == 0, f'{name}: import: {result.stderr.decode()}')
        result = server.command('export', '--format', format, target, user=user, check=False)
        check(result.returncode == 0, f'{name}: export: {result.stderr.decode()}')
        compare(f'{name}, {format}', paths, target)


def states(server, user, folder):
    """Flags of a Maildir survive, whatever the way out."""
    for i, flags in enumerate(['', 'S', 'RS', 'FS', 'DS', 'PS']):
        write(folder, f'md/cur/{i}.a:2,{flags}', f'From: a@example.org\nSubject: state {i}\nMessage-ID: <state-{i}@example.org>\n\nx\n'.encode())
    os.makedirs(os.path.join(folder, 'md/new'), exist_ok=True)
    import_mails(server, user, os.path.join(folder, 'md'))
    target = os.path.join(folder, 'md-out')
    server.command('export', '--format', 'maildir', target, user=user)
    found = {}
    for name in os.listdir(os.path.join(target, 'cur')):
        with open(os.path.join(target, 'cur', name), 'rb') as file:
            subject = [line for line in file.read().decode().split('\n') if line.startswith('Subject: ')][0][9:]
        found[subject] = name.rsplit(',', 1)[1]
    expected = {f'state {i}': flags for i, flags in enumerate(['', 'S', 'RS', 'FS', 'DS', 'PS'])}
    check(found == expected, f'states: {found} instead of {expected}')
    result = import_mails(server, user, '--skip-existing', os.path.join(folder, 'md'))
    check(b'Imported 0 mails, 6 were there already' in result.stdout, 'a second import adds nothing')


def failures_are_named(server, user, folder):
    write(folder, 'bad/good.eml', b'From: a@example.org\nSubject: good\n\nx\n')
    write(folder, 'bad/empty.eml', b'')
    write(folder, 'bad/notes.txt', b'no mail at all\n')
    report = os.path.join(folder, 'report.tsv')
    result = import_mails(server, user, '--report', report, os.path.join(folder, 'bad'))
    check(result.returncode == 1, 'an empty mail makes the import fail')
    check(b'empty.eml' in result.stderr, 'the empty mail is named')
    check(b'Imported 1 mails' in result.stdout, 'the good mail gets in all the same')
    with open(report, encoding='utf-8') as file:
        lines = file.read()
    check('notes.txt' in lines and 'empty.eml' in lines, 'the report names what was left out')


def main():
    users = ('sample', 'made', 'eml', 'mbox', 'states', 'bad')
    shared = os.path.join(harness.ROOT, '..', 'shared', 'data')
    with harness.Server(users=users) as server, tempfile.TemporaryDirectory(prefix='mapihttp-mail-') as folder:
        round_trip(server, 'sample mail', 'sample', [os.path.join(harness.ROOT, 'data', 'sample-mail')], 'maildir')
        round_trip(server, 'made mails', 'made', [made_mails(folder)], 'eml')
        states(server, 'states', folder)
        failures_are_named(server, 'bad', folder)
        for name, below, user, format in (('eml', 'eml', 'eml', 'eml'), ('mbox and RFC 822', 'mbox-pst', 'mbox', 'mbox')):
            path = os.path.join(shared, below)
            if os.path.isdir(path):
                round_trip(server, name, user, [path], format)
            else:
                print(f'{path} is not there: not checked')
    print(f'{len(failures)} failures')
    return 1 if failures else 0


sys.exit(main())
