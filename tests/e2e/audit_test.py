"""The mailbox audit with a real server: switched on under running clients, every kind of logon, what is written down and what is found
again, also after the server has stopped or was killed; the chain, and Exchange's pipelines as they are typed."""
import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import unittest

import harness
from raw_mailbox import Mailbox

OUTLOOK = 'Outlook/16.0.17726.20126'
MAIL = b'From: anna@example.org\r\nTo: alice@example.org\r\nSubject: %s\r\nMessage-ID: <%s@example.org>\r\n\r\nServus\r\n'


class AuditTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server(users=('alice', 'bob', 'carol'))
        self.addCleanup(shutil.rmtree, self.server.folder)
        self.addCleanup(self.server.stop)

    # --- as an administrator ---

    def run_command(self, *words, status=0, input=None):
        environment = dict(os.environ, MAPIHTTP_CONFIG=self.server.configuration)
        result = subprocess.run([harness.program('mapihttp'), *words], capture_output=True, text=True, env=environment, input=input,
                                cwd=self.server.folder)
        self.assertEqual(result.returncode, status, (words, result.stdout, result.stderr))
        return result.stdout if status == 0 else result.stdout + result.stderr

    def set_audit(self, user, *words):
        self.run_command('Set-Mailbox', user, '-AuditEnabled', '$true', *words)

    def search(self, *words):
        return json.loads(self.run_command('Search-MailboxAuditLog', '-ShowDetails', *words, '--json') or '[]')

    def told(self, *words):
        """Oldest first: 'bob Delegate HardDelete Succeeded \\Inbox'."""
        return [' '.join([row['LogonUserUPN'].split('@')[0], row['LogonType'], row['Operation'], row['OperationResult'],
                          row['FolderPathName']]).strip() for row in reversed(self.search(*words))]

    # --- as a client ---

    def client(self, name, *words, user='alice', actor=None, check=True):
        more = ['--user', self.server.address(actor)] if actor else []
        return self.server.command(name, '--client-application', OUTLOOK, *more, *words, user=user, check=check)

    def put(self, subject, user='alice', actor=None):
        path = os.path.join(self.server.folder, 'mail.eml')
        with open(path, 'wb') as file:
            file.write(MAIL % (subject.encode(), subject.encode()))
        self.client('put', 'inbox', path, user=user, actor=actor)

    # --- tests ---

    def test_nothing_unless_asked_for(self):
        self.put('one')
        self.assertFalse(os.path.exists(os.path.join(self.server.data, 'audit.sqlite')))
        self.assertIn('AuditEnabled', subprocess.run(
            [harness.program('mapihttp'), 'audit', 'search', '--details', '--config', self.server.configuration], capture_output=True,
            text=True).stderr)
        self.set_audit('alice')  # on, but the owner's doings are not among the defaults
        self.put('two')
        self.assertEqual(self.told(), [])

    def test_under_a_running_client(self):
        """No restart, no new connection: the next request is written down, or is not."""
        mailbox = Mailbox(self.server)
        self.addCleanup(mailbox.drop)
        mailbox.connect()
        mailbox.logon()
        self.assertEqual(self.told(), [])
        self.set_audit('alice', '-AuditOwner', 'MailboxLogin')
        mailbox.logon()
        self.assertEqual(self.told(), ['alice Owner MailboxLogin Succeeded'])
        self.run_command('mailbox', 'set', 'alice', '--audit', 'off')
        mailbox.logon()
        self.assertEqual(len(self.told()), 1)
        self.set_audit('alice')  # what was asked for before holds again
        mailbox.logon()
        self.assertEqual(len(self.told()), 2)
        self.assertEqual(self.search()[0]['ClientInfoString'], f'Client=MapiHttp;{mailbox.application};{mailbox.agent}')
        self.assertEqual(self.search()[0]['ClientVersion'], '16.0.14326.20454')
        self.assertEqual(self.search()[0]['ClientIPAddress'], '127.0.0.1')

    def test_owner_delegate_and_stranger(self):
        self.set_audit('alice', '-AuditOwner', 'Create,HardDelete', '-AuditDelegate', 'FolderBind,Create,HardDelete,MailboxLogin')
        self.put('by the owner')
        self.run_command('right', 'grant', 'alice', 'bob', '--right', 'full-access')
        self.put('by a delegate', actor='bob')
        self.client('folders', '--create', 'Inbox/Old', actor='bob')
        self.client('folders', '--delete', 'Inbox/Old', actor='bob')
        self.client('folders', actor='carol', check=False)
        self.assertEqual(self.told('-LogonTypes', 'Owner'), ['alice Owner Create Succeeded \\Inbox'])
        told = self.told('-LogonTypes', 'Delegate', '-Identity', 'alice')
        self.assertIn('bob Delegate MailboxLogin Succeeded', told)
        self.assertIn('bob Delegate Create Succeeded \\Inbox', told)
        self.assertIn('carol Delegate MailboxLogin Failed', told)
        self.assertEqual(len([row for row in told if row == 'bob Delegate FolderBind Succeeded \\Inbox']), 1)  # once in 24 hours
        deleted = self.search('-Operations', 'HardDelete')
        self.assertEqual([row['SourceFolderPathNamesList'] for row in deleted], ['\\Inbox\\Old'])
        created = self.search('-Operations', 'Create', '-LogonTypes', 'Delegate')[0]
        self.assertEqual((created['ItemSubject'], created['ItemInternetMessageId'], created['LogonUserDisplayName'],
                          created['DelegateUserDisplayName'], created['MailboxOwnerUPN']),
                         ('by a delegate', '<by a delegate@example.org>', 'Bob Example', 'Bob Example', 'alice@example.org'))
        mailboxes = json.loads(self.run_command('Search-MailboxAuditLog', '--json'))
        self.assertEqual([row['MailboxOwnerUPN'] for row in mailboxes], ['alice@example.org'])

    def test_the_pipelines_of_exchanges_page(self):
        """Support page 4046320, step 2 and 3."""
        shell = f'export MAPIHTTP_CONFIG={self.server.configuration}; set -e -o pipefail; cd {self.server.folder}; '
        mapihttp = harness.program('mapihttp')

        def pipe(*stages):
            line = ' | '.join(f'{mapihttp} {stage}' for stage in stages)
            result = subprocess.run(['bash', '-c', shell + line], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, (line, result.stdout, result.stderr))
            return result.stdout

        pipe('Get-Mailbox', "Set-Mailbox -AuditOwner MailboxLogin -AuditEnabled '$true'")
        self.client('list', 'inbox')
        self.server.command('list', 'inbox', '--client-application', 'Other/1.0', user='bob')
        pipe('Get-Mailbox', 'Search-MailboxAuditLog -LogonTypes owner -ShowDetails',
             '''? '{ $_.ClientInfoString -like "*Outlook*" }' ''',
             'select MailboxOwnerUPN,Operation,LogonType,LastAccessed,ClientInfoString', "export-csv '.\\OutlookConnections.csv'")
        with open(os.path.join(self.server.folder, 'OutlookConnections.csv'), encoding='utf-8-sig', newline='') as file:
            lines = [line for line in file if not line.startswith('#TYPE')]
        rows = list(csv.DictReader(lines))
        self.assertTrue(rows)
        self.assertEqual({row['MailboxOwnerUPN'] for row in rows}, {'alice@example.org'})
        self.assertEqual(list(rows[0]), ['MailboxOwnerUPN', 'Operation', 'LogonType', 'LastAccessed', 'ClientInfoString'])
        self.assertEqual({(row['Operation'], row['LogonType']) for row in rows}, {('MailboxLogin', 'Owner')})
        self.assertIn(OUTLOOK, rows[0]['ClientInfoString'])

    def test_after_a_stop_and_after_a_kill(self):
        self.set_audit('alice', '-AuditOwner', 'Create')
        self.put('one')
        self.server.stop()  # writes what is queued
        self.assertEqual(len(self.told()), 1)  # without a server the command reads the file itself
        noted = re.search(r'audit ends with record (\d+), hash ([0-9a-f]{64})', self.server.log_text())
        self.assertTrue(noted, self.server.log_text())
        self.server.start()
        self.put('two')
        self.assertEqual(len(self.told()), 2)
        self.server.kill()
        self.server.start()
        self.put('three')
        self.assertEqual(len(self.told()), 3)
        known = ['-Record', noted[1], '-Hash', noted[2]]
        verified = json.loads(self.run_command('audit', 'verify', '--json', '--record', noted[1], '--hash', noted[2]))
        verified = verified[0] if isinstance(verified, list) else verified
        self.assertEqual((verified['Result'], verified['Records'], verified['Interruptions']), ('Intact', 3, 1))
        self.run_command('Test-MailboxAuditLog', *known)

    def test_tampering_is_found(self):
        self.set_audit('alice', '-AuditOwner', 'Create')
        for subject in ('one', 'two', 'three'):
            self.put(subject)
        self.server.stop()
        path = os.path.join(self.server.data, 'audit.sqlite')
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.run_command('audit', 'verify')
        with sqlite3.connect(path) as database:
            database.execute("UPDATE record SET detail = replace(detail, 'two', 'ten') WHERE number = 2")
        self.assertIn('record 2', self.run_command('audit', 'verify', status=1))

    def test_bad_questions(self):
        for words, says in ((['-LogonTypes', 'Owner'], 'ShowDetails'), (['-Operations', 'Teleport'], 'Teleport'), (['-ResultSize', '0'], 'ResultSize'),
                            (['-Identity', 'nobody'], 'nobody'), (['-Colour', 'red'], 'Colour'), (['-StartDate', 'soon'], 'soon'),
                            (['-StartDate', '2026-02-01', '-EndDate', '2026-01-01'], 'StartDate')):
            output = self.run_command('Search-MailboxAuditLog', *words, status=1 if words[0] == '-Identity' else 2)
            self.assertIn(says, output)


if __name__ == '__main__':
    unittest.main()
