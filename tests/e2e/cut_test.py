"""A session through a proxy that cuts the connection at one byte: connect, log on, create a message with an attachment, list,
read. There is always exactly one message. With the server's resend extension no cut costs a second logon; without it an
answer that was cut costs a Connect with the old cookies and a second logon (MS-OXCMAPIHTTP 3.1.7).

usage: cut_test.py            a sample of the bytes
       cut_test.py --full     every byte, both directions, with and without the extension
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import harness

SAMPLE_STEP = 29  # no divisor of the lengths of headers, so that all parts of a request are met


def sweep(server, step, mode):
    environment = dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD)
    result = subprocess.run([harness.program('cut_session'), str(server.plain_port), server.user_dn(), server.address(), str(step), mode],
                            env=environment, stdout=subprocess.PIPE, text=True)
    print(result.stdout.strip(), flush=True)
    if result.returncode:
        raise SystemExit(f'{mode}: failed\n{server.log_text()}')
    return json.loads(result.stdout)


def main():
    step = 1 if '--full' in sys.argv else SAMPLE_STEP
    # In memory: the disk's speed is not what is tested here.
    folder = tempfile.mkdtemp(prefix='mapihttp-', dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else None)
    try:
        server = harness.Server(folder=folder)
        try:
            kept = sweep(server, step, 'resend')
            assert kept['more_logons'] == 0 and kept['two_logons'] == 0, 'with the extension every session logs on once'
            assert kept['resends'] > 0, 'cut answers are asked for again with the mark'
            assert kept['reconnects'] == 0, 'no context is given up'
            plain = sweep(server, step, 'plain')
            assert plain['more_logons'] == 0, 'without it twice at most'
            assert plain['two_logons'] > 0 and plain['reconnects'] > 0 and plain['resends'] == 0, 'by Connect with the old cookies'
            for figures in (kept, plain):
                assert figures['cuts'] > figures['sessions'] * 0.9, 'nearly every session was cut'
                assert figures['messages'] == figures['sessions'], 'one message a session'
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
