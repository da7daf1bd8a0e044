"""The administration's pages in headless Chromium (tests/browser/site_test.mjs): a server with a session, usage of half a year, and an audit."""
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid

import browser
import harness
from raw_mailbox import Mailbox

CLIENTS = [('Outlook', '16.0.18129.20158', 6), ('Outlook', '16.0.10416.20027', 5), ('Outlook', '15.0.5603.1000', 3), ('Outlook', '14.0.6029.1000', 2),
           ('Outlook', '12.0.6691.5000', 1)]  # the last two too old for MAPI over HTTP; the number is their enum client_class
EPOCH = 116444736000000000  # of Unix, as FILETIME
MAPI_HTTP, RPC_HTTP = 0, 1


def write_history(path):
    """A hundred days of twelve people, four of them on Outlook Anywhere until the last month."""
    chance = random.Random(4)
    with sqlite3.connect(path) as database:
        for i, (software, version, kind) in enumerate(CLIENTS):
            database.execute('INSERT INTO clients (id, software, version, class) VALUES (?, ?, ?, ?)', (100 + i, software, version, kind))
        database.execute("INSERT INTO texts (id, text) VALUES (100, 'NTLM'), (101, '192.0.2.7')")
        for i in range(12):
            database.execute('INSERT INTO users (id, guid, address) VALUES (?, ?, ?)', (100 + i, uuid.UUID(int=i + 1).bytes, f'user{i:02}@example.org'))
        today = int(time.time() // 86400)
        for day in range(today - 100, today):
            for i in range(12):
                old = i % 3 == 0 and day < today - 30
                at = EPOCH + (day * 86400 + 30000 + chance.randrange(20000)) * 10**7
                database.execute('INSERT INTO usage VALUES (?, ?, ?, ?, 100, 101, ?, 0, 1, ?, ?)',
                                 (day, 100 + i, 103 + i % 2 if old else 100 + i % 3, RPC_HTTP if old else MAPI_HTTP, chance.randrange(50, 900), at, at + 10**9))


def prepare_server(server):
    server._admin('user', 'set', 'alice', '--administrator', 'yes')
    server.start()
    environment = dict(os.environ, MAPIHTTP_CONFIG=server.configuration)
    subprocess.run([harness.program('mapihttp'), 'Set-Mailbox', 'bob', '-AuditEnabled', '$true', '-AuditOwner', 'MailboxLogin'], check=True,
                   capture_output=True, env=environment)
    server.command('folders', user='alice')
    end = time.monotonic() + 20  # usage is written in batches; the file is made with the first
    usage = os.path.join(server.data, 'usage.sqlite')
    while time.monotonic() < end and not os.path.exists(usage):
        time.sleep(0.1)
    server.stop()
    write_history(usage)
    server.start()


def main():
    browser.prepare()
    server = harness.Server(users=('alice', 'bob'), start=False)
    try:
        prepare_server(server)
        mailbox = Mailbox(server, 'bob')
        mailbox.connect()
        mailbox.logon()
        return browser.run('site_test.mjs', {'SITE_URL': f'https://localhost:{server.tls_port}', 'SITE_USER': 'alice', 'SITE_PASSWORD': harness.PASSWORD,
                                             'OTHER_USER': 'bob'})
    finally:
        server.stop()
        shutil.rmtree(server.folder)


if __name__ == '__main__':
    sys.exit(main())
