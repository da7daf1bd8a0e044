"""A mapihttpd whose users are on an LDAP server: a real slapd, StartTLS, log-on by curl and by our client, mail, Autodiscover,
the address book; users switched off, the server restarted meanwhile."""
import json
import os
import subprocess
import time
import unittest

import endpoints
import harness
import slapd

MAIL = b'From: bob@example.org\r\nTo: alice@example.org\r\nSubject: by way of LDAP\r\nMessage-ID: <1@example.org>\r\n\r\nhello\r\n'
GROUPS = slapd.entry(f'cn=staff,ou=groups,{slapd.BASE}', ['groupOfNames'],
                     {'cn': 'staff', 'member': [slapd.person_dn('alice'), slapd.person_dn('bob')]})


def basic(user, password=harness.PASSWORD):
    return '--basic', '-u', f'{user}:{password}'


class LdapTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = slapd.Slapd(slapd.person('alice', title='Head of Research', mail=['alice@example.org', 'a.example@example.org']),
                                    slapd.person('bob'), slapd.person('off', pwdAccountLockedTime='000001010000Z'), GROUPS)
        cls.server = harness.Server({'directory': cls.directory.settings(),
                                     'authentication': {'failure_delay': '100ms', 'failures_per_account': '0',
                                                        'failures_per_address': '0'}}, users=(), start=False)
        os.remove(os.path.join(cls.server.data, 'directory.sqlite'))  # nobody runs 'organization init' first
        cls.server.users = ('alice', 'bob')
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.directory.__exit__()

    def ask(self, endpoint, *words, **options):
        return endpoints.ask(self.server, endpoint, *words, **options)

    def until(self, condition, seconds=15):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.1)
        return condition()

    def test_every_endpoint_knows_who_is_in_the_directory(self):
        for endpoint in endpoints.ENDPOINTS:
            for user in ('alice', 'a.example@example.org', 'EXAMPLE\\alice', 'ALICE'):
                self.assertTrue(self.ask(endpoint, *basic(user)).known, f'{endpoint}: {user}')
            for user, password in (('alice', 'wrong'), ('alice', ''), ('off', harness.PASSWORD), ('nobody', harness.PASSWORD),
                                   ('*', harness.PASSWORD), ('alice)(uid=*', harness.PASSWORD), ('reader', slapd.READER_PASSWORD)):
                self.assertEqual(self.ask(endpoint, *basic(user, password)).status, 401, f'{endpoint}: {user}')

    def test_autodiscover_leads_to_the_mailbox(self):
        answer = self.ask('autodiscover', *basic('alice'))
        self.assertEqual(answer.status, 200)
        self.assertIn(b'<DisplayName>Alice Example</DisplayName>', answer.body)
        self.assertIn(b'mapiHttp', answer.body)
        self.assertEqual(answer.who, 'alice@example.org')

    def test_mail_goes_in_and_is_listed(self):
        path = os.path.join(self.server.folder, 'one.eml')
        with open(path, 'wb') as file:
            file.write(MAIL)
        self.server.command('import', path)
        self.assertIn('by way of LDAP', self.server.command('list', '--json').stdout.decode())
        self.assertNotIn('by way of LDAP', self.server.command('list', '--json', user='bob').stdout.decode())

    def test_the_address_book_shows_people_and_groups(self):
        names = [row['display_name'] for row in json.loads(self.server.command('gal', '--json').stdout)]
        for name in ('Alice Example', 'Bob Example', 'staff'):
            self.assertIn(name, names)
        found = json.loads(self.server.command('resolve', '--json', 'alice').stdout)
        self.assertIn('alice@example.org', json.dumps(found))
        self.assertIn('alice@example.org', self.server.command('whoami', '--json').stdout.decode())

    def test_changes_of_the_directory_arrive(self):
        self.assertEqual(self.ask('mailbox', *basic('carol')).status, 401)
        self.directory.change(slapd.person('carol'))
        self.assertTrue(self.until(lambda: self.ask('mailbox', *basic('carol')).known), 'a new user logs on')
        self.assertTrue(self.until(lambda: 'Carol Example' in self.server.command('gal').stdout.decode()), 'and is seen')
        self.directory.change(f'dn: {slapd.person_dn("carol")}\nchangetype: modify\nreplace: cn\ncn: Carol Renamed\n')
        self.assertTrue(self.until(lambda: 'Carol Renamed' in self.server.command('gal').stdout.decode()), 'renamed')
        self.directory.change(f'dn: {slapd.person_dn("carol")}\nchangetype: delete\n')
        self.assertTrue(self.until(lambda: self.ask('mailbox', *basic('carol')).status == 401, 70), 'gone')
        self.assertTrue(self.until(lambda: 'Carol' not in self.server.command('gal').stdout.decode()), 'and not seen any more')

    def test_a_restart_of_the_directory_is_survived(self):
        self.assertTrue(self.ask('mailbox', *basic('alice')).known)
        self.directory.stop()
        try:
            self.assertTrue(self.ask('mailbox', *basic('alice')).known, 'remembered for a minute')
            self.assertEqual(self.ask('mailbox', *basic('bob', 'not asked before')).status, 503)
        finally:
            self.directory.start()
        self.assertTrue(self.ask('mailbox', *basic('bob')).known)
        self.assertIn(self.directory.url, self.server.log_text(20000))
        self.server.command('list')

    def test_a_password_changed_there_is_the_one_that_counts(self):
        self.directory.change(slapd.person('dave'))
        self.assertTrue(self.until(lambda: self.ask('mailbox', *basic('dave')).known))
        self.directory.change(f'dn: {slapd.person_dn("dave")}\nchangetype: modify\nreplace: userPassword\nuserPassword: another one\n')
        self.assertTrue(self.ask('mailbox', *basic('dave', 'another one')).known)
        self.assertEqual(self.ask('mailbox', *basic('dave', 'wrong')).status, 401)

    def test_what_stands_beside_counts(self):
        """An entry of the server's own file switches MAPI off for one user of the LDAP server."""
        self.directory.change(slapd.person('erin'))
        self.assertTrue(self.until(lambda: b'mapiHttp' in self.ask('autodiscover', *basic('erin'), address='erin@example.org').body))
        name = self.server._admin('ldap', 'beside', 'erin').strip()
        self.assertRegex(name, '^[0-9a-f-]{36}$')
        self.assertEqual(self.server._admin('ldap', 'beside', 'erin@example.org').strip(), name, 'made once')
        self.server._admin('user', 'set', name, '--mapi', 'no')
        self.assertTrue(self.until(lambda: b'mapiHttp' not in self.ask('autodiscover', *basic('erin'), address='erin@example.org').body))
        self.assertIs(json.loads(self.server._admin('ldap', 'show', 'erin', '--json'))['mapi'], False)
        self.assertNotIn('beside', self.server.command('gal').stdout.decode())
        self.assertEqual(self.ask('mailbox', *basic(name)).status, 401)
        # Entries of the file alone are there like those of the server, and name its people by what stands beside them.
        self.server._admin('contact', 'add', 'zoe', '--display-name', 'Zoe Outside', '--email', 'zoe@elsewhere.example')
        self.server._admin('group', 'add', 'friends', '--display-name', 'Friends', '--managedBy', name)
        self.server._admin('group', 'add-member', 'friends', name, 'zoe')
        self.assertTrue(self.until(lambda: {'Zoe Outside', 'Friends'} <= set(
            row['display_name'] for row in json.loads(self.server.command('gal', '--json').stdout))))
        self.assertEqual(json.loads(self.server._admin('ldap', 'show', 'friends', '--json'))['members'], 2)

    def test_switches_need_no_entry_beside(self):
        """What the directory takes no switches for is kept in the administrators' settings."""
        self.assertTrue(self.until(lambda: b'mapiHttp' in self.ask('autodiscover', *basic('bob'), address='bob@example.org').body))
        self.server._admin('cas', 'set', 'bob', '--mapi-http', 'off')
        self.assertNotIn(b'mapiHttp', self.ask('autodiscover', *basic('bob'), address='bob@example.org').body)
        self.assertIs(json.loads(self.server._admin('cas', 'show', 'bob', '--json'))[0]['MapiHttpEnabled'], False)
        self.assertIn(b'mapiHttp', self.ask('autodiscover', *basic('alice')).body)
        self.server._admin('cas', 'set', 'bob', '--mapi-http', 'inherit')
        self.server._admin('org', 'set', '--mapi-http', 'off')
        self.assertNotIn(b'mapiHttp', self.ask('autodiscover', *basic('bob'), address='bob@example.org').body)
        self.server._admin('org', 'set', '--mapi-http', 'on')
        self.assertIn(b'mapiHttp', self.ask('autodiscover', *basic('bob'), address='bob@example.org').body)

    def test_the_command_says_what_the_server_sees(self):
        counts = dict(line.split() for line in self.server._admin('ldap', 'check').splitlines())
        self.assertGreaterEqual(int(counts['user']), 3)
        self.assertEqual(counts['group'], '1')
        alice = json.loads(self.server._admin('ldap', 'show', 'a.example@example.org', '--json'))
        self.assertEqual((alice['account'], alice['addresses'], alice['enabled']),
                         ('alice', 'alice@example.org a.example@example.org', True))
        for words in (('ldap', 'show', 'nobody'), ('ldap', 'show'), ('ldap', 'what'), ('ldap', 'check', 'me')):
            with self.assertRaises(SystemExit):
                self.server._admin(*words)


class SettingsTest(unittest.TestCase):
    """Wrong settings are refused at the start, by name."""

    def refused(self, words, **settings):
        self.server.configure({'directory': {'backend': 'ldap', 'servers': 'ldap://127.0.0.1:1', 'base_dn': slapd.BASE, **settings}})
        result = subprocess.run([harness.program('mapihttpd'), '--config', self.server.configuration], capture_output=True, text=True,
                                timeout=60)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(words, result.stderr)

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(users=(), start=False)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_each_is_named(self):
        self.refused('needs servers and base_dn', servers='')
        self.refused('needs servers and base_dn', base_dn='')
        self.refused('base DN', base_dn='example.org')
        self.refused('needs bind_password_file', bind_dn=slapd.READER)
        self.refused('/nowhere/password', bind_dn=slapd.READER, bind_password_file='/nowhere/password')
        self.refused('not a filter', user_filter='(uid=*')
        self.refused('https://ldap', servers='https://ldap')
        self.refused('schema', schema='novell')
        self.refused('administrators', administrators='admins')


if __name__ == '__main__':
    if os.environ.get('MAPIHTTP_SANITIZED'):  # sanitizers load modules themselves, without the program's run path
        os.environ['LD_LIBRARY_PATH'] = os.path.join(harness.BUILD, 'src', 'server')
    if not slapd.is_there():
        harness.skip('slapd and ldap-utils are not installed')
    unittest.main()
