#!/usr/bin/env python3
"""kill -9 in the middle of saving, again and again: after the restart every acknowledged message is there exactly once, none
is there twice, and the store passes its own check and SQLite's. 1,000 saves, or as many as the first argument says."""
import os
import random
import sqlite3
import subprocess
import sys
import time

import harness


def client(server, dn, *words):
    return [harness.program('save_messages'), str(server.plain_port), server.address(), harness.PASSWORD, dn, *words]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    random.seed(20261122)
    kills = 0
    with harness.Server() as server:
        dn = server.user_dn()
        saver = subprocess.Popen(client(server, dn, 'save', '0', str(count)), stdout=subprocess.PIPE, text=True)
        acknowledged = []
        until_kill = random.randint(5, 60)
        for line in saver.stdout:
            acknowledged.append(int(line))
            until_kill -= 1
            if until_kill == 0:
                time.sleep(random.uniform(0, 0.003))  # somewhere in the middle of one of the next saves
                server.kill()
                kills += 1
                server.start()
                until_kill = random.randint(5, 60)
        if saver.wait():
            raise SystemExit(f'the client gave up with {saver.returncode}')
        listed = subprocess.run(client(server, dn, 'list'), capture_output=True, text=True, check=True).stdout.split('\n')
        numbers = [int(line[5:]) for line in listed if line.startswith('save-')]
        lost = set(acknowledged) - set(numbers)
        twice = {number for number in numbers if numbers.count(number) > 1}
        server.stop()
        mailboxes = os.path.join(server.data, 'mailboxes')
        for name in os.listdir(mailboxes):
            if name.endswith('.sqlite'):
                result = sqlite3.connect(os.path.join(mailboxes, name)).execute('PRAGMA integrity_check').fetchone()[0]
                assert result == 'ok', f'{name}: {result}'
        print(f'{count} saves, {kills} kills, {len(acknowledged)} acknowledged, {len(numbers)} there, {len(lost)} lost, '
              f'{len(twice)} twice')
        assert kills > 0 and len(acknowledged) > count // 2, 'too few saves to prove anything'
        assert not lost, f'lost: {sorted(lost)[:10]}'
        assert not twice, f'twice: {sorted(twice)[:10]}'


if __name__ == '__main__':
    main()
