"""mapihttp log over the logs of a real server: filtered, joined by a request's id, followed across files; and fail2ban's filter over its lines."""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import time
import unittest

import harness


class LogTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server({'logs': {'file_size_max': '4K'}, 'authentication': {'failure_delay': '0'}})
        cls.server.command('test')
        cls.wait_for(['ProtocolAction=Disconnect'])
        cls.server.command('test')  # more than a file holds, and not written together with the first
        cls.server.command('folders', user='bob')
        cls.login('alice', 'wrong')
        cls.login("o'brien', from 10.0.0.1, by Basic", 'wrong', '-H', "X-RequestId: {0}', from 10.9.9.9, by Basic")
        cls.wait_for(['autodiscover', 'LogOn=accepted', 'AuthenticatedUser=bob*'])
        cls.wait_for(['client-access', 'operation=Disconnect', '--user', 'bob'])
        cls.wait_for(['LogOn=failed', 'Account=o*'])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.folder, ignore_errors=True)

    @classmethod
    def login(cls, user, password, *words):
        subprocess.run(['curl', '-sS', '--cacert', cls.server.certificate, '-u', f'{user}:{password}', '-o', '/dev/null', *words,
                        f'https://localhost:{cls.server.tls_port}/mapi/emsmdb/'], check=True)

    @classmethod
    def run_log(cls, *words):
        return subprocess.run([harness.program('mapihttp'), 'log', '--config', cls.server.configuration, *words], capture_output=True, text=True)

    @classmethod
    def rows(cls, *words):
        result = cls.run_log(*words, '--json')
        if result.returncode:
            raise AssertionError(result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    @classmethod
    def wait_for(cls, words):
        """Rows are written within a second."""
        end = time.monotonic() + 5
        while not (rows := cls.rows(*words)):
            if time.monotonic() > end:
                raise AssertionError(f'no rows {words}')
            time.sleep(0.1)
        return rows

    def test_all_of_a_log(self):
        rows = self.rows()
        self.assertGreater(len(os.listdir(os.path.join(self.server.data, 'logs', 'HttpProxy', 'Mapi'))), 1)  # it was cut into files
        self.assertEqual(sum(row['ProtocolAction'] == 'Connect' and row['HttpStatus'] == 200 for row in rows), 3)
        self.assertEqual({row['Protocol'] for row in rows}, {'Mapi'})
        written = 0
        for path in self.files('HttpProxy/Mapi'):
            with open(path, encoding='utf-8') as file:
                written += sum(line.startswith('20') for line in file)
        self.assertEqual(len(rows), written)
        table = self.run_log().stdout.splitlines()
        self.assertEqual(table[0].split(), ['Time', 'User', 'From', 'Request', 'HTTP', 'Code', 'ms', 'RequestId', 'Remark'])
        self.assertEqual(len(table), written + 1)

    def files(self, folder):
        path = os.path.join(self.server.data, 'logs', folder)
        return [os.path.join(path, name) for name in os.listdir(path)]

    def test_conditions(self):
        everything = self.rows()
        for words, wanted in ((('HttpStatus=401', 'LogOn=failed'), lambda row: row['LogOn'] == 'failed'),
                              (('http_status>=400', 'logon!=failed'), lambda row: row['HttpStatus'] >= 400 and row['LogOn'] != 'failed'),
                              (('ProtocolAction=exec*',), lambda row: row['ProtocolAction'] == 'Execute'),
                              (('GenericErrors~PASSWORD',), lambda row: 'password' in row['GenericErrors']),
                              (('TotalRequestTime>1', 'User-Agent~mapi'), lambda row: row['TotalRequestTime'] > 1 and row['UserAgent'] == 'mapihttp'),
                              (('--user', 'bob'), lambda row: row['AuthenticatedUser'] == 'bob@example.org')):
            rows = self.rows(*words)
            self.assertTrue(rows, words)
            self.assertEqual(rows, [row for row in everything if wanted(row)], words)
        self.assertEqual({row['Account'] for row in self.rows('--failed')}, {'alice', 'o?brien?, from 10.0.0.1, by Basic'})
        self.assertEqual(self.rows('-n', '3'), everything[-3:])
        self.assertEqual(self.rows('--since', '1h', '--until', 'now'), everything)
        self.assertEqual(self.rows('--until', '1h'), [])
        self.assertEqual(self.rows('--since', everything[5]['DateTime']), [row for row in everything if row['DateTime'] >= everything[5]['DateTime']])

    def test_one_id_through_all(self):
        request = self.rows('ProtocolAction=Execute', '--user', 'alice')[-1]['RequestId']
        rows = self.rows('--request-id', request)
        # The first is the 401 that asked for the log-on, where the connection was new.
        self.assertEqual([row['Log'] for row in rows if row.get('HttpStatus') != 401], ['http', 'client-access'])
        self.assertEqual({row.get('RequestId') or row.get('request-id') for row in rows}, {request})
        self.assertEqual(rows[-1]['client-software'], 'OUTLOOK.EXE')
        self.assertEqual(self.rows('--request-id', request[1:20], 'client-access')[0]['request-id'][:20], request[:20])

    def test_joined_by_time(self):
        rows = self.rows('all')
        times = [row.get('DateTime') or row['date-time'] for row in rows]
        self.assertLessEqual({'http', 'autodiscover', 'client-access'}, {row['Log'] for row in rows})
        # Each log is in the order in which requests were answered: of two neighbours of one log the later one may have come first.
        for log in ('autodiscover', 'client-access'):
            own = [time for row, time in zip(rows, times) if row['Log'] == log]
            self.assertEqual(own, sorted(own))
        self.assertEqual({row['Log'] for row in self.rows('autodiscover', 'mapi')}, {'autodiscover', 'client-access'})

    def test_csv(self):
        text = self.run_log('LogOn=failed', '--csv', '--columns', 'DateTime,Account,HttpStatus').stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([row['Account'] for row in rows], ['alice', 'o?brien?, from 10.0.0.1, by Basic'])
        self.assertEqual({row['HttpStatus'] for row in rows}, {'401'})
        whole = list(csv.DictReader(io.StringIO(self.run_log('client-access', '--csv').stdout)))
        self.assertEqual(whole[0]['operation'], 'Connect')

    def test_objects_for_a_pipe(self):
        lines = self.run_log('--json').stdout
        result = subprocess.run([harness.program('mapihttp'), 'where', '{ $_.HttpStatus -ge 400 -and $_.LogOn -ne "challenged" }'], input=lines,
                                capture_output=True, text=True)
        self.assertEqual([json.loads(line)['Account'] for line in result.stdout.splitlines()], ['alice', 'o?brien?, from 10.0.0.1, by Basic'], result.stderr)

    def test_files_of_others(self):
        path = os.path.join(self.server.folder, 'exchange.LOG')
        with open(path, 'w', encoding='utf-8', newline='') as file:
            file.write('DateTime,RequestId,HttpStatus\r\n#Software: Microsoft Exchange Server\r\n#Fields: DateTime,RequestId,HttpStatus\r\n'
                       '2014-06-01T10:00:00.000Z,a,200\r\n2014-06-01T10:00:01.000Z,b,500\r\nbroken\r\n')
        result = self.run_log(path, 'HttpStatus>=500', '--json')
        self.assertEqual([json.loads(line)['RequestId'] for line in result.stdout.splitlines()], ['b'])
        self.assertIn('1 lines were no rows', result.stderr)

    def test_words(self):
        for words, status, says in ((('nonsense',), 2, "'nonsense' is no log"), (('--since', 'soon'), 2, "'soon' is no time"),
                                    (('-n', '0'), 2, 'is not a number from 1'), (('--columns',), 2, 'needs a value'), (('--json', '--csv'), 2, 'one of'),
                                    (('--follow', '--until', '1h'), 2, 'without --until'), (('HttpStatus>many',), 2, 'no condition'),
                                    (('http', '/dev/null'), 2, 'not both'), (('--what',), 2, 'not understood'),
                                    (('NoSuchField=1',), 1, "has a field 'NoSuchField'"), (('--folder', '/nonexistent'), 1, 'No such file')):
            result = self.run_log(*words)
            self.assertEqual(result.returncode, status, (words, result.stderr))
            self.assertIn(says, result.stderr)
            self.assertEqual(result.stdout, '')

    def test_follow(self):
        """New rows within a second or two, also those of the next file, also where there was no file yet."""
        process = subprocess.Popen([harness.program('mapihttp'), 'log', '--config', self.server.configuration, 'all', '--follow', '-n', '1', '--json'],
                                   stdout=subprocess.PIPE, text=True)
        try:
            process.stdout.readline()
            seen = set()
            before = len(self.files('HttpProxy/Mapi'))
            for _ in range(3):  # more than a file holds
                self.server.command('folders', user='bob')
                time.sleep(0.6)  # what comes together is written together
            self.server.command('gal', user='bob')  # the first of the address book
            end = time.monotonic() + 10
            while 'address-book' not in seen and time.monotonic() < end:
                row = json.loads(process.stdout.readline())
                seen.add(row['Log'])
            self.assertIn('address-book', seen)
            self.assertGreater(len(self.files('HttpProxy/Mapi')), before)
            process.terminate()
            rest = process.communicate(timeout=5)[0]
            self.assertEqual(process.returncode, 0)
            self.assertTrue(seen >= {'http', 'client-access', 'autodiscover', 'address-book'}, (seen, rest))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_fail2ban(self):
        """The address that the line ends with counts, whatever was typed as the account or sent as the request's id."""
        text = self.server.log_text(1 << 20)
        failures = [line for line in text.splitlines() if 'log-on failed' in line]
        self.assertEqual(len(failures), 2, text)
        self.assertIn("account 'o?brien?, from 10.0.0.1, by Basic', from 127.0.0.1, by Basic", failures[1])
        self.assertIn("; request {0}', from 10.9.9.9, by Basic", failures[1])
        if not shutil.which('fail2ban-regex'):
            print('fail2ban is not installed: its filter was not tried')
            return
        journal = os.path.join(self.server.folder, 'journal.log')
        with open(journal, 'w', encoding='utf-8') as file:
            for line in text.splitlines():
                file.write('Nov 22 09:27:35 mail mapihttpd[812]: ' + line.split(' ', 1)[1] + '\n')
        for path in (self.server.log, journal):
            result = subprocess.run(['fail2ban-regex', '-v', path, os.path.join(harness.ROOT, 'packaging/fail2ban/mapihttp.conf')],
                                    capture_output=True, text=True)
            self.assertEqual(re.findall(r'^\|\s+([0-9a-f.:]{7,})  ', result.stdout, re.M), ['127.0.0.1'] * 2, result.stdout + result.stderr)


if __name__ == '__main__':
    unittest.main()
