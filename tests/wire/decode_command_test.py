#!/usr/bin/env python3
"""The command 'mapihttp decode': forms of input, guesses, columns from an earlier file, exit statuses, errors on standard error.
usage: decode_command_test.py PROGRAM [SOURCE_ROOT]; real exchanges beside the source root are read where they are."""
import os
import struct
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
ROOT = sys.argv[2] if len(sys.argv) > 2 else '.'
failures = []


def run(arguments, data=b''):
    result = subprocess.run([PROGRAM, 'decode'] + arguments, input=data, capture_output=True, timeout=60)
    return result.returncode, result.stdout.decode('utf-8', 'replace'), result.stderr.decode('utf-8', 'replace')


def expect(name, got, status, *said, wrong=''):
    code, output, errors = got
    for text in said:
        if text not in output:
            failures.append('%s: nothing says %r in\n%s%s' % (name, text, output, errors))
    if code != status:
        failures.append('%s: exit status %d, not %d\n%s' % (name, code, status, errors))
    if wrong not in errors:
        failures.append('%s: standard error does not say %r but %r' % (name, wrong, errors))


def execute(rops, handles, response):
    payload = struct.pack('<H', 2 + len(rops)) + rops + struct.pack('<%dI' % len(handles), *handles)
    unit = struct.pack('<HHHH', 0, 4, len(payload), len(payload)) + payload
    if response:
        return struct.pack('<IIII', 0, 0, 0, len(unit)) + unit + struct.pack('<I', 0)
    return struct.pack('<II', 3, len(unit)) + unit + struct.pack('<II', 0x8000, 0)


REQUEST = execute(bytes.fromhex('1200020001001f003700') + bytes.fromhex('15000200013200'), [1, 2, 3], False)
RESPONSE = b'PROCESSING\r\nDONE\r\nX-ElapsedTime: 5\r\n\r\n' + execute(
    bytes.fromhex('12020000000000') + bytes.fromhex('1502000000000201000041000000'), [1, 2, 3], True)
ROW = '0x0037001F PidTagSubject  "A"'


def main():
    with tempfile.TemporaryDirectory() as folder:
        def path(name, data):
            with open(os.path.join(folder, name), 'wb') as file:
                file.write(data)
            return os.path.join(folder, name)

        request, response = path('request', REQUEST), path('response', RESPONSE)
        expect('raw request', run([], REQUEST), 0, 'taken for: Execute request', 'RopSetColumns request (MS-OXCROPS 2.2.5.1)')
        expect('hexadecimal', run(['--type', 'Execute', '--request'], REQUEST.hex().encode()), 0, 'RopQueryRows request')
        expect('session', run([request, response]), 0, 'X-ElapsedTime: 5', ROW)
        expect('request file', run(['--request-file', request, response]), 0, ROW)
        expect('no columns', run([response]), 1, 'RopSetColumns response', '*** NO_COLUMNS', '--request-file', wrong='cannot be read whole')
        http = b'POST /mapi/emsmdb/ HTTP/1.1\r\nX-RequestType: Execute\r\n\r\n' + REQUEST
        expect('HTTP message', run([], http), 0, 'X-RequestType: Execute', 'RopSetColumns')
        expect('a cut', run(['--type', 'Execute', '--request'], REQUEST[:-1]), 1, '*** TRUNCATED', wrong='cannot be read whole')
        expect('PING', run(['--type', 'PING'], b'POST / HTTP/1.1\r\n\r\n'), 0, 'PING: no body')
        expect('nothing that fits', run([], b'\x01'), 1, wrong='say which with --type')
        expect('no such type', run(['--type', 'Exceute']), 2, wrong='no request type is called Exceute')
        expect('no such option', run(['--tpye']), 2, wrong='mapihttp help decode')
        expect('no such file', run([os.path.join(folder, 'none')]), 1, wrong='cannot open')
        expect('a structure', run(['--structure', 'restriction'], b'081f003700'), 0, 'restriction (MS-OXCDATA 2.12), 5 bytes', 'PidTagSubject')
        expect('a wide one', run(['--structure', 'restriction', '--wide'], b'00 01000000 08 1f003700'), 0, 'count  1')
        expect('a bad one', run(['--structure', 'restriction'], b'0c'), 1, wrong='BAD_VALUE at 0 in restriction.type')
        expect('columns', run(['--structure', 'rop_query_rows_success', '--columns', 'PidTagSubject'], b'01 0100 00 41000000'), 0, ROW)
        expect('an entry id', run(['--structure', 'entry_id'], b'87000000' + b'11' * 16 + b'01000000 06000000 10000000'), 0, 'ephemeral_entry_id')
        expect('no such structure', run(['--structure', 'restricton'], b'00'), 1, wrong='no structure is called restricton')
        expect('the list', run(['--list']), 0, 'rop_open_folder_request', 'nspi_query_rows_success')
    real = os.path.join(ROOT, '..', 'shared', 'data', 'exchange-se', 'exchange-se')
    if os.path.isdir(real):
        for session in sorted(os.listdir(real)):
            names = sorted(name for name in os.listdir(os.path.join(real, session)) if name.endswith('.bin'))
            expect('Exchange, ' + session, run([os.path.join(real, session, name) for name in names]), 0, 'RopQueryRows response',
                   'server_session_context_info', 'PidTagDisplayName' if session == 'hierarchy' else '"First seeded message"')
    else:
        print('skipped: no', real)
    print('\n'.join(failures) or 'decode: all as expected')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
