"""Who uses which transport with which client, as an administrator learns it: real clients come, reports count them by both faces of the
command and over the socket, also after the server has stopped or was killed; readiness says what stands in the way, live."""
import csv
import glob
import io
import json
import os
import shutil
import subprocess
import time
import unittest

import endpoints
import harness
from raw_mailbox import Mailbox, operate

OLD = 'Microsoft Office/14.0 (Windows NT 6.1; Microsoft Outlook 14.0.7015; Pro)'
NEW = 'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)'


def run(server, *words, status=0, input=None):
    """A command of the administrator's; its standard output."""
    environment = dict(os.environ, MAPIHTTP_CONFIG=server.configuration)
    result = subprocess.run([harness.program('mapihttp'), *words], capture_output=True, text=True, env=environment, input=input)
    assert result.returncode == status, (words, result.returncode, result.stdout, result.stderr)
    return result.stdout if status == 0 else result.stdout + result.stderr


def rows(server, *words):
    return json.loads(run(server, *words, '--json'))


def discover(server, user, agent, *words, capable=True, password=harness.PASSWORD):
    """Outlook asks where its mailbox is."""
    body = endpoints.AUTODISCOVER_REQUEST.format(address=f'{user}@example.org')
    capability = ['-H', 'X-MapiHttpCapability: 1'] if capable else []
    result = subprocess.run(['curl', '--silent', '--noproxy', '*', '--cacert', server.certificate, '-u', f'{user}:{password}', '-A', agent, '-o',
                             os.devnull, '-w', '%{http_code}', '-H', 'Content-Type: text/xml', *capability, *words, '--data-binary', body,
                             f'https://localhost:{server.tls_port}/autodiscover/autodiscover.xml'], capture_output=True, text=True, check=True)
    return int(result.stdout)


def wait_for(what, condition):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.1)
    raise AssertionError(f'{what} does not come')


def protocols(server, *words):
    return {row['Protocol']: row for row in rows(server, 'report', 'protocols', *words)}


def session(server, user='alice', **options):
    """A session begins, and its connection is cut."""
    mailbox = Mailbox(server, user, **options)
    assert mailbox.connect().code == 0
    mailbox.drop()


def clients_come(server):
    """Alice over MAPI/HTTP with a new Outlook; Bob with one too old; Carol with a new one that does not ask; somebody who fails to log on."""
    for _ in range(2):
        mailbox = Mailbox(server, 'alice')
        assert (mailbox.connect().code, mailbox.logon().code, mailbox.ping().code, mailbox.disconnect().code) == (0, 0, 0, 0)
        mailbox.drop()
    assert mailbox.ping().code == 10  # its session is gone
    mailbox.drop()
    assert discover(server, 'alice', NEW) == 200
    assert discover(server, 'bob', OLD, capable=False) == 200
    assert discover(server, 'carol', NEW, capable=False) == 200
    assert discover(server, 'carol', NEW, capable=False, password='wrong') == 401
    assert discover(server, 'carol', 'Android-Mail/2026.1', capable=False) == 200
    wait_for('usage', lambda: protocols(server)['Autodiscover (legacy)']['Requests'] == 3)


class ReportsTest(unittest.TestCase):
    """They change nothing: one server for all."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(users=('alice', 'bob', 'carol'))
        clients_come(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.folder)

    def test_reports(self):
        found = protocols(self.server)  # legacy ones fail: there is no RPC over HTTP to name
        self.assertEqual([(name, row['Users'], row['Requests'], row['Failures'], row['Sessions']) for name, row in found.items()],
                         [('MAPI/HTTP', 1, 9, 1, 2), ('RPC/HTTP', 0, 0, 0, 0), ('Autodiscover', 1, 1, 0, 0), ('Autodiscover (legacy)', 2, 3, 3, 0)])
        self.assertEqual(rows(self.server, 'Get-MailProtocolUsage'), list(found.values()))  # both faces
        self.assertEqual(operate(self.server, 'Get-MailProtocolUsage', Period='D7', Identity='bob', Protocol=['AutodiscoverLegacy'])[0][0]['Requests'], 1)

        clients = {(row['Client'], row['Version']): row for row in rows(self.server, 'report', 'clients')}
        self.assertEqual(set(clients), {('Outlook M365', '16.0.14326.20454'), ('Outlook 2016', '16.0.4266'), ('Outlook 2010', '14.0.7015'),
                                        ('Other', '2026.1')})
        self.assertFalse(clients['Outlook 2010', '14.0.7015']['SpeaksMapiHttp'])

        users = {row['UserPrincipalName']: row for row in rows(self.server, 'report', 'users', '--period', 'D7')}
        self.assertEqual([name for name, row in users.items() if row['MapiHttp']], ['alice@example.org'])
        self.assertEqual(users['alice@example.org']['Authentication'], ['Basic'])
        self.assertEqual(sorted(users['carol@example.org']['Clients']), ['Android-Mail 2026.1', 'Outlook 2016 16.0.4266'])

        old = {row['User']: row for row in rows(self.server, 'report', 'old-clients')}
        self.assertEqual({user: row['Reason'] for user, row in old.items()}, {'bob@example.org': 'TooOld', 'carol@example.org': 'NotAsked'})
        self.assertIn('MapiHttpDisabled', old['carol@example.org']['Action'])

        detail = rows(self.server, 'report', 'detail', 'alice')
        self.assertEqual({row['ClientIPAddress'] for row in detail}, {'127.0.0.1'})
        self.assertEqual({(row['Protocol'], row['Requests']) for row in detail}, {('MAPI/HTTP', 9), ('Autodiscover', 1)})

    def test_page_of_microsoft_365(self):
        path = os.path.join(self.server.folder, 'usage.csv')
        lines = run(self.server, 'Get-EmailAppUsage', '-Period', 'D90')
        run(self.server, 'Export-Csv', '-Path', path, '-NoTypeInformation', input=lines)
        with open(path, encoding='utf-8-sig', newline='') as file:
            table = list(csv.DictReader(file))
        self.assertEqual(list(table[0])[:4], ['Report Refresh Date', 'User Principal Name', 'Display Name', 'Is Deleted'])
        self.assertEqual({row['User Principal Name']: row['Outlook For Windows'] for row in table},
                         {'alice@example.org': 'Yes', 'bob@example.org': 'Yes', 'carol@example.org': 'Yes'})
        versions = next(csv.DictReader(io.StringIO(run(self.server, 'report', 'email-apps', '--view', 'VersionsUserCounts', '--csv'))))
        self.assertEqual((versions['Outlook 2010'], versions['Outlook 2016'], versions['Outlook M365'], versions['Outlook 2013']), ('1', '2', '1', '0'))

    def test_what_is_refused(self):
        for words, what in ((('report', 'protocols', '--period', 'D8'), 'D180'),
                            (('Get-MailProtocolUsage', '-Identity', 'nobody'), 'nobody'),
                            (('Get-MailProtocolUsage', '-Colour', 'red'), 'Colour'),
                            (('report', 'users', '--since', '2026-12-02', '--until', '2026-12-01'), 'StartDate'),
                            (('report', 'detail', '--limit', '0'), 'ResultSize'),
                            (('readiness', '--fail-on', 'maybe'), 'FailOn')):
            environment = dict(os.environ, MAPIHTTP_CONFIG=self.server.configuration)
            result = subprocess.run([harness.program('mapihttp'), *words], capture_output=True, text=True, env=environment)
            self.assertNotEqual(result.returncode, 0, words)
            self.assertIn(what, result.stderr, words)
            self.assertEqual(result.stdout.strip(), '', words)


class ChangesTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server(users=('alice', 'bob', 'carol'))
        self.addCleanup(shutil.rmtree, self.server.folder)
        self.addCleanup(self.server.stop)

    def test_names_of_clients_are_no_formulas(self):
        session(self.server, application='=HYPERLINK("http://x")/1.0')
        found = wait_for('the client', lambda: run(self.server, 'report', 'clients', '--csv').splitlines()[1:])
        self.assertNotIn(',=', found[0])
        self.assertIn('HYPERLINK', found[0])

    def test_nothing_is_lost_by_a_stop(self):
        session(self.server)
        self.server.stop()  # before the two seconds are over
        self.assertEqual(protocols(self.server)['MAPI/HTTP']['Requests'], 1)  # the command reads the file itself
        self.server.start()
        session(self.server)
        wait_for('the second', lambda: protocols(self.server)['MAPI/HTTP']['Requests'] == 2)
        self.server.kill()
        self.assertEqual(protocols(self.server)['MAPI/HTTP']['Requests'], 2)
        path = os.path.join(self.server.data, 'usage.sqlite')
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, 'r+b') as file:  # and a damaged file is put aside, told, and counting goes on
            file.write(b'no database at all')
        for beside in glob.glob(path + '-*'):
            os.remove(beside)
        self.assertIn('damaged', run(self.server, 'report', 'protocols', status=1))
        self.server.start()
        session(self.server)
        wait_for('a new file', lambda: os.path.exists(path) and glob.glob(path + '.damaged-*') and protocols(self.server)['MAPI/HTTP']['Requests'] == 1)
        self.assertIn('put aside', self.server.log_text())

    def test_switched_off(self):
        self.server.configure({'usage': {'enabled': 'no'}})
        self.server.reload()
        wait_for('the reload', lambda: 'reloaded' in self.server.log_text())
        self.assertEqual(discover(self.server, 'bob', OLD), 200)
        self.server.stop()
        self.assertFalse(os.path.exists(os.path.join(self.server.data, 'usage.sqlite')))

    def test_readiness(self):
        clients_come(self.server)
        checks = {row['Check']: row for row in rows(self.server, 'readiness')}
        self.assertEqual({name: checks[name]['Severity'] for name in ('WarnMapiHttpNotEnabled', 'ServerRunning', 'Tls', 'ClientsTooOld', 'ClientsNotAsking',
                                                                      'UsersOnRpcHttp', 'InternalUrl', 'CertificateSelfSigned')},
                         {'WarnMapiHttpNotEnabled': 'Passed', 'ServerRunning': 'Passed', 'Tls': 'Passed', 'ClientsTooOld': 'Warning',
                          'ClientsNotAsking': 'Warning', 'UsersOnRpcHttp': 'Passed', 'InternalUrl': 'Warning', 'CertificateSelfSigned': 'Warning'})
        self.assertEqual(checks['ClientsTooOld']['Names'], ['bob@example.org (14.0.7015)'])
        self.assertNotIn('Error', {row['Severity'] for row in checks.values()})
        run(self.server, 'readiness', '--fail-on', 'error')
        self.assertIn('not ready: 0 errors', run(self.server, 'readiness', '--fail-on', 'warning', status=1))

        run(self.server, 'Set-OrganizationConfig', '-MapiHttpEnabled', '$false')
        found = {row['Check']: row for row in rows(self.server, 'Get-MapiHttpReadiness', '-ProblemsOnly')}
        self.assertEqual(found['WarnMapiHttpNotEnabled']['Severity'], 'Error')
        self.assertIn('Set-OrganizationConfig', found['WarnMapiHttpNotEnabled']['Action'])
        self.assertNotIn('Passed', {row['Severity'] for row in found.values()})
        run(self.server, 'readiness', '--fail-on', 'error', status=1)
        run(self.server, 'Set-CasMailbox', 'alice', '-MapiHttpEnabled', '$true')
        found = {row['Check']: row for row in rows(self.server, 'readiness')}
        self.assertEqual(found['WarnMapiHttpNotEnabled']['Severity'], 'Warning')

        self.server.configure({'organisation': {'public_url': 'https://mail.other.test'}})
        self.server.reload()
        found = wait_for('the new name', lambda: [row for row in rows(self.server, 'readiness') if row['Check'] == 'CertificateNameMissing'])
        self.assertEqual({row['Subject'] for row in found}, {'mail.other.test'})
        self.server.stop()
        found = {row['Check']: row for row in rows(self.server, 'readiness')}
        self.assertEqual(found['ServerRunning']['Severity'], 'Error')


if __name__ == '__main__':
    unittest.main(verbosity=2)
