"""What an administrator sees of a running server: sessions with their breaks and changes of address, ended from outside; metrics and who may
read them; the CSV logs, with one request id through all of them."""
import base64
import csv
import glob
import http.client
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

import harness
from raw_mailbox import AGENT, Mailbox, UnixConnection, operate

HTTP, CLIENT_ACCESS, ADDRESS_BOOK = 'HttpProxy/Mapi', 'MAPI Client Access', 'MAPI Address Book Service'


def log_rows(server, folder):
    """All rows of a log as dictionaries; every file is read by its own header."""
    rows = []
    for path in sorted(glob.glob(os.path.join(server.data, 'logs', folder, '*.LOG')), key=lambda path: (os.path.getmtime(path), path)):
        with open(path, encoding='utf-8', newline='') as file:
            lines = file.read().split('\n')
        assert lines[0] == '#Software: mapihttp' and lines[1].startswith('#Version: ') and lines[2].startswith('#Log-type: '), lines[:3]
        assert lines[3].startswith('#Date: 20') and lines[4].startswith('#Fields: ') and lines[-1] == '', lines[3:5]
        fields = lines[4][len('#Fields: '):].split(',')
        for row in csv.reader(line for line in lines[5:-1] if not line.startswith('#')):
            assert len(row) == len(fields), row
            rows.append(dict(zip(fields, row)))
    return rows


def rows_of_request(server, folder, request_id, field):
    """Rows appear within a second."""
    for _ in range(50):
        rows = [row for row in log_rows(server, folder) if row[field] == request_id]
        if rows:
            return rows
        time.sleep(0.1)
    return []


def session(server, **parameters):
    objects, _, error = operate(server, 'Get-ConnectionStatus', **parameters)
    assert not error, error
    return objects


class StatusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(users=('alice', 'bob', 'root'))
        cls.server._admin('user', 'set', 'root', '--administrator', 'yes')
        cls.dn = {user: cls.server.user_dn(user) for user in ('alice', 'bob')}

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.folder)

    def begin(self, user='alice', **options):
        mailbox = Mailbox(self.server, user, dn=self.dn[user], **options)
        self.addCleanup(mailbox.drop)
        self.assertEqual(mailbox.connect().code, 0)
        self.assertEqual(mailbox.logon().code, 0)
        return mailbox

    def newest(self, user='alice'):
        return session(self.server, Identity=f'{user}@example.org')[0]

    # --- sessions ---

    def test_dialog(self):
        mailbox = self.begin()
        self.assertEqual(mailbox.execute(b'\x02\x00\x00\x01' + b'\0' * 9, (1, 0xFFFFFFFF)).code, 0)
        one = self.newest()
        for name, value in {'SmtpAddress': 'alice@example.org', 'Account': 'alice', 'Status': 'Established', 'Protocol': 'HTTP', 'Authn': 'CLEAR',
                            'Encrypt': 'No', 'Type': 'Exchange Mail', 'ReqFail': '3/0', 'Conn': 1, 'Version': '16.0.14326.20454',
                            'UserAgent': AGENT, 'ClientAddress': '127.0.0.1', 'Requests': 3, 'Resumes': 0, 'Notif': 'None',
                            'Rops': 2, 'RopFailures': 1}.items():
            self.assertEqual(one[name], value, name)
        self.assertGreater(one['AvgResp'], 0)
        self.assertGreaterEqual(one['AvgResp'], one['AvgProc'])
        mailbox.cookies['MapiSequence'] = '1-' + '00' * 16
        self.assertEqual(mailbox.logon().code, 15)
        one = self.newest()
        self.assertEqual(one['ReqFail'], '4/1')
        self.assertEqual(one['LastFailure']['ResponseCode'], 15)
        self.assertEqual(one['LastFailure']['RequestId'], mailbox.request_id())

    def test_break_and_another_address(self):
        mailbox = self.begin()
        mailbox.drop()
        time.sleep(1.2)
        self.assertEqual(self.newest()['Status'], 'Paused')
        mailbox.source = '127.0.0.2'
        self.assertEqual(mailbox.logon().code, 0)  # no Connect: the session goes on
        one = self.newest()
        self.assertEqual((one['Status'], one['Resumes'], one['AddressChanges'], one['Connections']), ('Established', 1, 1, 2))
        self.assertEqual((one['Breaks'][0]['From'], one['Breaks'][0]['To']), ('127.0.0.1', '127.0.0.2'))
        self.assertTrue(1.0 < one['Breaks'][0]['Seconds'] < 10, one['Breaks'])
        self.assertEqual(one['ClientAddress'], '127.0.0.2')

    def test_waiting(self):
        mailbox = self.begin()
        other = mailbox.open()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(mailbox.wait(other)))
        thread.start()
        for _ in range(100):
            if self.newest()['Notif'] == 'Async':
                break
            time.sleep(0.02)
        one = self.newest()
        self.assertEqual((one['Notif'], one['Conn'], one['Resumes']), ('Async', 2, 0))
        self.assertEqual(operate(self.server, 'Remove-ConnectionStatus', Identity=str(one['CID']))[2], None)
        thread.join(10)
        self.assertEqual(answers[0].code, 10)  # at once, not after minutes
        other.close()

    def test_end(self):
        mailbox = self.begin('bob')
        cid = self.newest('bob')['CID']
        _, warnings, error = operate(self.server, 'Remove-ConnectionStatus', Identity=str(cid), WhatIf=True)
        self.assertIsNone(error)
        self.assertIn('What if', warnings[0])
        self.assertEqual(mailbox.ping().code, 0)
        self.assertIsNone(operate(self.server, 'Remove-ConnectionStatus', Identity=str(cid))[2])
        self.assertEqual(mailbox.ping().code, 10)
        mailbox.cookies = {}
        self.assertEqual(mailbox.connect().code, 0)  # it connects anew
        ended = [one for one in session(self.server, Status='Ended') if one['CID'] == cid]
        self.assertEqual(ended[0]['EndReason'], 'ended by an administrator')
        self.assertEqual(operate(self.server, 'Remove-ConnectionStatus', Identity=str(cid))[2]['category'], 'NotFound')
        self.assertEqual(operate(self.server, 'Remove-ConnectionStatus')[2]['category'], 'InvalidArgument')
        self.assertEqual(operate(self.server, 'Get-ConnectionStatus', Identity='nobody@example.org')[2]['category'], 'NotFound')
        self.assertEqual(operate(self.server, 'Get-ConnectionStatus', Status='Broken')[2]['parameter'], 'Status')
        changes, _, error = operate(self.server, 'Get-AdminChangeRecord')
        self.assertIsNone(error)
        self.assertIn(str(cid), [row['ObjectModified'].split()[0] for row in changes if row['CmdletName'] == 'Remove-ConnectionStatus'])

    # --- metrics ---

    def get(self, path, source='127.0.0.1', **headers):
        connection = http.client.HTTPConnection('127.0.0.1', self.server.plain_port, timeout=30, source_address=(source, 0))
        connection.request('GET', path, headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response, text

    def metric(self, name):
        for line in self.get('/metrics')[1].splitlines():
            if line.startswith(name + ' '):
                return float(line.split()[-1])
        return 0

    def test_metrics(self):
        name = 'mapihttp_requests_total{endpoint="mailbox",type="PING"}'
        before = self.metric(name)
        mailbox = self.begin()
        for _ in range(7):
            self.assertEqual(mailbox.ping().code, 0)
        self.assertEqual(self.metric(name), before + 7)
        refused = self.metric('mapihttp_responses_total{endpoint="mailbox",response_code="10",name="Context Not Found"}')
        mailbox.cookies['MapiContext'] = '00' * 16
        code = mailbox.ping().code
        self.assertIn(code, (6, 10))
        response, text = self.get('/metrics')
        self.assertEqual(response.headers['Content-Type'], 'text/plain; version=0.0.4; charset=utf-8')
        self.assertIn(f'response_code="{code}"', text)
        self.assertGreaterEqual(refused, 0)
        if shutil.which('promtool'):
            result = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ''))
        samples, _, error = operate(self.server, 'Get-MapiHttpMetric', Name='mapihttp_sessions')
        self.assertIsNone(error)
        self.assertGreaterEqual(samples[0]['Value'], 1)
        self.assertEqual(operate(self.server, 'Get-MapiHttpMetric', Name='nothing')[2]['category'], 'NotFound')

    def test_who_may_read_metrics(self):
        self.assertEqual(self.get('/metrics')[0].status, 200)
        self.assertEqual(self.get('/metrics', **{'X-Forwarded-For': '203.0.113.9'})[0].status, 401)
        log_on = 'Basic ' + base64.b64encode(f'alice@example.org:{harness.PASSWORD}'.encode()).decode()
        response, text = self.get('/metrics', Authorization=log_on, Forwarded='for=203.0.113.9')
        self.assertEqual(response.status, 403)  # no administrator
        self.assertNotIn('mapihttp_requests', text)
        log_on = 'Basic ' + base64.b64encode(f'root@example.org:{harness.PASSWORD}'.encode()).decode()
        response, text = self.get('/metrics', Authorization=log_on, Forwarded='for=203.0.113.9')
        self.assertEqual(response.status, 200)
        self.assertIn('mapihttp_requests', text)
        connection = http.client.HTTPConnection('127.0.0.1', self.server.plain_port)
        connection.request('POST', '/metrics', 'x')
        self.assertEqual(connection.getresponse().status, 405)
        connection.close()

    # --- logs ---

    def test_one_id_through_all_logs(self):
        mailbox = self.begin()
        self.assertEqual(mailbox.execute(b'\x02\x00\x00\x01' + b'\0' * 9, (1, 0xFFFFFFFF)).code, 0)
        row = rows_of_request(self.server, HTTP, mailbox.request_id(), 'RequestId')[0]
        self.assertEqual((row['ProtocolAction'], row['HttpStatus'], row['ResponseCode'], row['AuthenticatedUser'], row['LogOn'], row['UserAgent']),
                         ('Execute', '200', '0', 'alice@example.org', 'accepted', AGENT))
        self.assertEqual(row['AnchorMailbox'], 'x@example.org')
        row = rows_of_request(self.server, CLIENT_ACCESS, mailbox.request_id(), 'request-id')[0]
        self.assertEqual((row['operation'], row['client-software'], row['client-software-version'], row['client-ip'], row['rops'], row['client-info']),
                         ('Execute', 'OUTLOOK.EXE', '16.0.14326.20454', '127.0.0.1', 'OpenFolder', mailbox.client_info))
        self.assertTrue(row['rop-failure'].startswith('OpenFolder=0x'))
        self.assertEqual(row['session-id'], str(self.newest()['CID']))
        self.assertEqual(row['client-name'], self.dn['alice'])

    def test_refused_and_failed(self):
        mailbox = self.begin()
        mailbox.cookies['MapiSequence'] = '1-' + '00' * 16
        self.assertEqual(mailbox.logon().code, 15)
        row = rows_of_request(self.server, HTTP, mailbox.request_id(), 'RequestId')[0]
        self.assertEqual((row['ResponseCode'], row['HttpStatus']), ('15', '200'))
        self.assertTrue(row['ErrorCode'])
        stranger = Mailbox(self.server, 'bob', password='my secret, "quoted"', dn=self.dn['bob'])
        self.addCleanup(stranger.drop)
        self.assertEqual(stranger.connect().status, 401)
        row = rows_of_request(self.server, HTTP, stranger.request_id(), 'RequestId')[0]
        self.assertEqual((row['HttpStatus'], row['LogOn'], row['Account'], row['IsAuthenticated']), ('401', 'failed', 'bob@example.org', 'False'))
        self.assertTrue(row['GenericErrors'])
        self.assertIn(f'request {stranger.request_id()}', self.server.log_text(20000))  # the journal's line has it too

    def test_nothing_breaks_a_row_or_tells_a_secret(self):
        mailbox = self.begin(agent='=HYPERLINK("http://x","y"),\t"')
        self.assertEqual(mailbox.ping().code, 0)
        row = rows_of_request(self.server, HTTP, mailbox.request_id(), 'RequestId')[0]
        self.assertTrue(row['UserAgent'].startswith('\'=HYPERLINK("http://x","y"),'), row['UserAgent'])
        time.sleep(0.7)
        text = ''
        for path in glob.glob(os.path.join(self.server.data, 'logs', '**', '*.LOG'), recursive=True):
            self.assertEqual(os.stat(path).st_mode & 0o007, 0)
            with open(path, encoding='utf-8') as file:
                text += file.read()
        for secret in (harness.PASSWORD, mailbox.cookies['MapiContext'], mailbox.cookies['MapiSequence'].split('-')[-1],
                       mailbox.authorization.split()[1], 'my secret'):
            self.assertNotIn(secret, text)

    def test_address_book(self):
        book = Mailbox(self.server, 'bob', dn=self.dn['bob'], endpoint='nspi')
        self.addCleanup(book.drop)
        bind = b'\0\0\0\0\xff' + b'\0' * 24 + (1252).to_bytes(4, 'little') + (0x409).to_bytes(4, 'little') * 2 + b'\0' * 4
        self.assertEqual(book.ask('Bind', bind).code, 0)
        row = rows_of_request(self.server, ADDRESS_BOOK, book.request_id(), 'request-id')[0]
        self.assertEqual((row['operation'], row['rpc-status'], row['authentication']), ('Bind', '0', 'Basic'))
        self.assertEqual([one['Type'] for one in session(self.server, Identity='bob@example.org') if one['CID'] == int(row['session-id'])],
                         ['Exchange Directory'])


class LogFilesTest(unittest.TestCase):
    """Restarts, other settings, and a disk that does not take them."""

    def setUp(self):
        self.server = harness.Server(users=('alice',))
        self.dn = self.server.user_dn('alice')

    def tearDown(self):
        self.server.stop()
        shutil.rmtree(self.server.folder)

    def pings(self, count):
        mailbox = Mailbox(self.server, dn=self.dn)
        self.assertEqual(mailbox.connect().code, 0)
        for _ in range(count):
            self.assertEqual(mailbox.ping().code, 0)
        mailbox.drop()
        return mailbox

    def files(self, folder):
        return sorted(glob.glob(os.path.join(self.server.data, 'logs', folder, '*')))

    def test_stop_writes_all_and_a_start_begins_a_file(self):
        self.pings(20)
        self.server.stop()
        self.assertEqual(len([row for row in log_rows(self.server, HTTP) if row['ProtocolAction'] == 'PING']), 20)
        self.server.start()
        self.pings(5)
        self.server.stop()
        self.assertEqual(len([row for row in log_rows(self.server, CLIENT_ACCESS) if row['operation'] == 'PING']), 25)
        self.assertEqual(len(self.files(CLIENT_ACCESS)), 2)
        self.server.start()

    def test_settings_take_effect_with_a_reload(self):
        self.pings(1)
        self.server.configure({'logs': {'write': 'client_access', 'file_size_max': '4K', 'total_size_max': '40K'}})
        self.server.reload()
        time.sleep(1.2)
        before = len(log_rows(self.server, HTTP))
        for _ in range(6):
            self.pings(30)
            time.sleep(0.6)
        self.assertLessEqual(len(log_rows(self.server, HTTP)), before)
        numbers = [int(path.rpartition('-')[2].partition('.')[0]) for path in self.files(CLIENT_ACCESS)]
        self.assertGreater(len(numbers), 1)
        self.assertGreater(max(numbers), len(numbers))  # the first ones are gone
        self.assertLess(sum(map(os.path.getsize, self.files(CLIENT_ACCESS))), 80000)
        self.server.configure({'logs': {'enabled': 'no'}, 'metrics': {'enabled': 'no'}})
        self.server.reload()
        time.sleep(1)
        files = {path: os.path.getsize(path) for path in self.files(CLIENT_ACCESS)}
        self.pings(3)
        time.sleep(1)
        self.assertEqual(files, {path: os.path.getsize(path) for path in self.files(CLIENT_ACCESS)})
        connection = http.client.HTTPConnection('127.0.0.1', self.server.plain_port)
        connection.request('GET', '/metrics')
        self.assertEqual(connection.getresponse().status, 404)
        connection.close()

    def test_folder_that_cannot_be_written(self):
        blocked = os.path.join(self.server.folder, 'file')
        with open(blocked, 'w', encoding='utf-8'):
            pass
        self.server.configure({'logs': {'folder': blocked}})
        self.server.reload()
        time.sleep(0.3)
        self.pings(3)
        for _ in range(50):
            if 'the CSV logs cannot be written' in self.server.log_text(20000):
                break
            time.sleep(0.1)
        self.assertEqual(self.server.log_text(20000).count('the CSV logs cannot be written'), 1)
        self.pings(3)  # answered all the same
        os.unlink(blocked)
        self.pings(1)
        time.sleep(1)
        self.assertIn('written again', self.server.log_text(20000))
        self.assertTrue(glob.glob(os.path.join(blocked, HTTP, '*.LOG')))

class SettingsTest(unittest.TestCase):
    def test_bad_settings_are_refused(self):
        server = harness.Server(users=(), start=False)
        self.addCleanup(shutil.rmtree, server.folder)
        for section, name, value in (('metrics', 'allow', '10.0.0.0/33'), ('metrics', 'allow', 'localhost'), ('logs', 'rotate', 'week'),
                                     ('logs', 'file_size_max', '1K'), ('logs', 'write', 'http_proxi')):
            server.configure({section: {name: value}})
            result = subprocess.run([harness.program('mapihttpd'), '--check', '--config', server.configuration], capture_output=True, text=True)
            self.assertNotEqual(result.returncode, 0, value)
            self.assertIn(name, result.stderr + result.stdout)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
