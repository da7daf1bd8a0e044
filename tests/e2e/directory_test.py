"""The commands that administer the directory (user, group, contact, room, shared, right, domain, address-list, directory,
organization): as an administrator types them, with what he gets wrong. What a running server makes of a change: log-on and
rights follow at once."""
import base64
import json
import os
import ssl
import subprocess
import unittest
import urllib.error
import urllib.request

import harness

JPEG = bytes.fromhex('ffd8ffe000104a46494600010100000100010000ffd9')


class Directory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(users=('ada', 'bob', 'eve'))

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def run_command(self, *words, text=None):
        return subprocess.run([harness.program('mapihttp'), words[0], words[1], '--config', self.server.configuration, *words[2:]],
                              capture_output=True, text=True, input=text, check=False)

    def good(self, *words, text=None):
        result = self.run_command(*words, text=text)
        self.assertEqual((result.returncode, result.stderr), (0, ''), words)
        return result.stdout

    def refused(self, *words, saying, status=1, text=None):
        """Fails, says why, and changes nothing."""
        before = self.everything()
        result = self.run_command(*words, text=text)
        self.assertEqual(result.returncode, status, words)
        self.assertIn(saying, result.stderr)
        self.assertEqual(before, self.everything())

    def everything(self):
        return self.good('directory', 'list', '--json'), self.good('right', 'list', '--json'), self.good('domain', 'list')

    def show(self, command, name):
        return json.loads(self.good(command, 'show', name, '--json'))

    def file(self, name, text):
        path = os.path.join(self.server.folder, name)
        with open(path, 'wb') as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def log_on(self, user, password=harness.PASSWORD):
        """The HTTP status of a request of this user."""
        request = urllib.request.Request(f'https://localhost:{self.server.tls_port}/mapi/emsmdb', headers={
            'Authorization': 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()})
        try:
            context = ssl.create_default_context(cafile=self.server.certificate)
            return urllib.request.urlopen(request, context=context, timeout=20).status
        except urllib.error.HTTPError as error:
            return error.code

    # --- one entry ---

    def test_user_with_everything_a_card_shows(self):
        photo = self.file('photo.jpg', JPEG)
        self.good('user', 'add', 'grace', '--display-name', 'Grace Hopper', '--givenName', 'Grace', '--sn', 'Hopper', '--title',
                  'Rear Admiral', '--department', 'Compilers', '--telephoneNumber', '+1 202 555 0100', '--set',
                  'otherTelephone=+1 202 555 0101', '--set', 'otherTelephone=+1 202 555 0102', '--manager', 'ada', '--photo',
                  photo, '--certificate', self.server.certificate, '--email', 'grace@example.org', '--email',
                  'amazing@example.org', text='cobol cobol\n')
        row = self.show('user', 'amazing@example.org')
        self.assertEqual((row['account'], row['addresses']), ('grace', ['grace@example.org', 'amazing@example.org']))
        self.assertEqual((row['title'], row['manager']), ('Rear Admiral', 'ada'))
        self.assertEqual(row['otherTelephone'], ['+1 202 555 0101', '+1 202 555 0102'])
        self.assertEqual(row['thumbnailPhoto'], f'{len(JPEG)} bytes')
        self.assertNotIn('BEGIN', row['userSMIMECertificate'][0])
        self.assertRegex(row['legacy_dn'], r'^/o=Example/ou=.*/cn=Recipients/cn=[0-9a-f]{32}-grace$')
        self.assertEqual(self.log_on('grace', 'cobol cobol'), 200)

        self.good('user', 'set', 'grace', '--display-name', 'Grace Brewster Hopper', '--alias', 'ghopper', '--title', '', '--photo', '')
        changed = self.show('user', 'ghopper')
        self.assertEqual((changed['display_name'], changed['legacy_dn']), ('Grace Brewster Hopper', row['legacy_dn']))
        self.assertNotIn('title', changed)
        self.assertNotIn('thumbnailPhoto', changed)
        self.assertEqual(self.log_on('ghopper', 'cobol cobol'), 200)
        self.good('user', 'remove', 'ghopper')
        self.assertEqual(self.log_on('ghopper', 'cobol cobol'), 401)
        self.refused('user', 'show', 'ghopper', saying='ghopper')

    def test_addresses(self):
        self.good('user', 'set', 'eve', '--add-email', 'evelyn@example.org')
        self.good('user', 'set', 'eve', '--primary-email', 'evelyn@example.org')
        self.assertEqual(self.show('user', 'eve')['addresses'], ['evelyn@example.org', 'eve@example.org'])
        self.good('user', 'set', 'eve', '--remove-email', 'evelyn@example.org')
        self.assertEqual(self.show('user', 'eve')['addresses'], ['eve@example.org'])
        self.refused('user', 'set', 'eve', '--add-email', 'bob@example.org', saying='bob')
        self.refused('user', 'set', 'eve', '--add-email', 'not an address', saying='not an address')
        self.refused('user', 'set', 'eve', '--remove-email', 'eve@example.org', saying='needs an address')
        # all of it or nothing
        self.refused('user', 'set', 'eve', '--display-name', 'Changed', '--add-email', 'bob@example.org', saying='bob')

    def test_switches(self):
        self.good('user', 'set', 'eve', '--mapi-http', 'no', '--block-external', 'yes', '--methods', 'basic,ntlm', '--redirect-address',
                  'eve@elsewhere.example', '--archive', 'yes')
        row = self.show('user', 'eve')
        self.assertEqual((row['mapi_http'], row['block_external'], row['methods'], row['redirect_address']),
                         ('no', True, ['basic', 'ntlm'], 'eve@elsewhere.example'))
        self.assertRegex(row['archive'], '^[0-9a-f-]{36}$')
        self.good('user', 'set', 'eve', '--mapi-http', 'inherit', '--block-external', 'no', '--methods', 'all', '--redirect-address', '',
                  '--archive', 'no')
        row = self.show('user', 'eve')
        self.assertEqual((row['mapi_http'], row['methods']), ('inherit', ['basic', 'ntlm', 'kerberos', 'bearer']))
        self.assertNotIn('archive', row)
        self.good('user', 'set', 'eve', '--enabled', 'no')
        self.assertEqual(self.log_on('eve'), 401)
        self.good('user', 'set', 'eve', '--enabled', 'yes')
        self.assertEqual(self.log_on('eve'), 200)
        self.refused('user', 'set', 'eve', '--mapi-http', 'perhaps', saying='--mapi-http', status=2)
        self.refused('user', 'set', 'eve', '--methods', 'basic,telepathy', saying='telepathy', status=2)

    def test_wrong_words(self):
        for words, saying in ((('user', 'add'), 'needs a name'), (('user', 'dance'), 'say one of'),
                              (('user', 'set', 'ada', '--nosuch', 'x'), "'--nosuch'"), (('user', 'set', 'ada', '--title'), '--title'),
                              (('user', 'set', 'ada', '--set', 'colour=red'), 'colour'), (('user', 'list', 'ada'), 'too many'),
                              (('room', 'add', 'r', '--password-file', 'x'), '--password-file'),
                              (('user', 'set', 'ada', '--enabled', 'maybe'), 'maybe')):
            self.refused(*words, saying=saying, status=2)
        self.refused('user', 'set', 'nobody', '--title', 'x', saying='nobody')
        self.refused('user', 'set', 'ada', '--manager', 'nobody', saying="manager: there is nobody called 'nobody'")
        self.refused('user', 'set', 'ada', '--photo', '/nonexistent', saying='/nonexistent')
        self.refused('room', 'add', 'r', '--msExchResourceCapacity', 'many', saying="'many' is not a number")
        self.refused('contact', 'add', 'c', saying='c')
        self.refused('user', 'add', 'ada', saying='ada', text='long enough\n')
        self.refused('user', 'add', 'short', saying='password', text='short\n')
        self.refused('contact', 'show', 'ada', saying='ada is a user')

    # --- the other kinds ---

    def test_contacts_rooms_and_shared_mailboxes(self):
        self.good('contact', 'add', 'babbage', '--email', 'charles@engine.example', '--display-name', 'Charles Babbage')
        self.good('room', 'add', 'attic', '--display-name', 'The Attic', '--msExchResourceCapacity', '12')
        self.good('room', 'add', 'beamer', '--equipment')
        self.good('shared', 'add', 'info', '--display-name', 'Information')
        self.good('shared', 'add', 'folders', '--public-folder')
        self.assertEqual([(row['account'], row['kind']) for row in json.loads(self.good('room', 'list', '--json'))],
                         [('attic', 'room'), ('beamer', 'equipment')])
        self.assertEqual(self.show('room', 'attic')['msExchResourceCapacity'], '12')
        self.assertEqual(self.log_on('info', 'anything at all'), 401)
        self.good('organization', 'set', '--public-folder-mailbox', 'folders')
        self.refused('organization', 'set', '--public-folder-mailbox', 'info', saying='info is a shared')
        self.good('organization', 'set', '--public-folder-mailbox', 'none')
        for command, name in (('contact', 'babbage'), ('room', 'attic'), ('room', 'beamer'), ('shared', 'info'), ('shared', 'folders')):
            self.good(command, 'remove', name)

    def test_groups(self):
        self.good('group', 'add', 'staff', '--display-name', 'All Staff', '--managedBy', 'ada')
        self.good('group', 'add', 'board')
        self.good('group', 'add-member', 'staff', 'ada', 'bob@example.org', 'board')
        self.good('group', 'add-member', 'staff', 'ada')
        self.good('group', 'add', 'analysts', '--rule', '(&(kind=user)(department=Analysis))')
        self.good('user', 'set', 'bob', '--department', 'Analysis')
        members = lambda group: sorted(row['account'] for row in json.loads(self.good('group', 'members', group, '--json')))
        self.assertEqual(members('staff'), ['ada', 'board', 'bob'])
        self.assertEqual(members('analysts'), ['bob'])
        self.good('group', 'remove-member', 'staff', 'bob')
        self.assertEqual(members('staff'), ['ada', 'board'])
        self.refused('group', 'add-member', 'analysts', 'ada', saying='analysts')
        self.refused('group', 'add-member', 'staff', 'eve', 'nobody', saying='nobody')
        self.refused('group', 'add', 'broken', '--rule', '(department=', saying='broken')
        self.refused('group', 'add', 'broken', '--rule', '(departmnt=x)', saying='departmnt')
        self.good('group', 'remove', 'board')
        self.assertEqual(members('staff'), ['ada'])
        self.good('group', 'remove', 'staff')
        self.good('group', 'remove', 'analysts')

    def test_rights(self):
        self.good('shared', 'add', 'sales')
        self.good('group', 'add', 'sellers')
        self.good('group', 'add-member', 'sellers', 'bob')
        self.good('right', 'grant', 'sales', 'sellers', '--right', 'full-access')
        self.good('right', 'grant', 'sales', 'ada', '--right', 'send-as')
        self.assertIn({'owner': 'sales', 'right': 'full-access', 'actor': 'sellers', 'automap': True},
                      json.loads(self.good('right', 'list', 'sales', '--json')))
        self.good('right', 'revoke', 'sales', 'ada', '--right', 'send-as')
        self.assertEqual(len(json.loads(self.good('right', 'list', 'sales', '--json'))), 1)
        self.refused('right', 'grant', 'sales', 'ada', '--right', 'everything', saying='everything', status=2)
        self.refused('right', 'grant', 'sales', 'nobody', '--right', 'send-as', saying='nobody')
        self.refused('right', 'grant', 'ada', 'bob', '--right', 'manage-members', saying='ada')
        self.good('shared', 'remove', 'sales')
        self.assertEqual(json.loads(self.good('right', 'list', '--json')), [])
        self.good('group', 'remove', 'sellers')

    def test_domains_and_address_lists(self):
        self.good('domain', 'add', 'example.net')
        self.good('user', 'set', 'ada', '--add-email', 'ada@example.net')
        self.refused('domain', 'remove', 'example.net', saying='example.net')
        self.good('user', 'set', 'ada', '--remove-email', 'ada@example.net')
        self.refused('domain', 'remove', 'example.org', saying='example.org')
        self.good('domain', 'remove', 'example.net')
        self.good('address-list', 'add', 'Analysts', '--rule', '(department=Analysis)')
        self.assertIn('Analysts', self.good('address-list', 'list'))
        self.assertIn('All Users', self.good('address-list', 'list'))
        self.refused('address-list', 'add', 'Broken', '--rule', '((', saying='Broken')
        self.good('address-list', 'remove', 'Analysts')
        self.refused('address-list', 'remove', 'Analysts', saying='Analysts')
        self.good('organization', 'set', '--mapi-http', 'off')
        self.assertIn('MAPI/HTTP  off', self.good('organization', 'show'))
        self.good('organization', 'set', '--mapi-http', 'on')

    # --- files ---

    def test_csv_import(self):
        path = self.file('people.csv', 'kind,account,displayName,mail,department,manager,members,password\n'
                                       'user,kay,Kay McNulty,,ENIAC,,,programming\n'
                                       'user,jean,"Bartik, Jean",,ENIAC,kay,,programming\n'
                                       'contact,turing,Alan Turing,alan@bletchley.example,,,,\n'
                                       'group,eniac,ENIAC,,,,kay; jean;turing,\n')
        self.assertEqual(self.good('directory', 'import', path, '--dry-run'), 'would be: 4 added, 0 changed, 0 skipped\n')
        self.refused('user', 'show', 'kay', saying='kay')
        self.assertEqual(self.good('directory', 'import', path), '4 added, 0 changed, 0 skipped\n')
        self.assertEqual(self.show('user', 'jean')['manager'], 'kay')
        self.assertEqual(self.log_on('jean', 'programming'), 200)
        self.assertEqual(len(json.loads(self.good('group', 'members', 'eniac', '--json'))), 3)
        self.refused('directory', 'import', path, saying='line 2')
        again = self.file('again.csv', 'account,department\nkay,UNIVAC\n')
        self.assertEqual(self.good('user', 'import', again, '--update'), '0 added, 1 changed, 0 skipped\n')
        self.assertEqual(self.show('user', 'kay')['department'], 'UNIVAC')
        for name in ('kay', 'jean', 'turing', 'eniac'):
            self.good('directory', 'remove', name)

    def test_bad_imports_change_nothing(self):
        for name, text, saying in (('a.csv', 'account,colour\nkay,red\n', "line 2: no attribute 'colour'"),
                                   ('b.csv', 'account,mail\nkay,kay@example.org\nlou,ada@example.org\n', 'line 3:'),
                                   ('c.csv', 'account,manager\nkay,nobody\n', "line 2: manager: there is nobody called 'nobody'"),
                                   ('d.csv', 'account\n"kay\n', 'a quoted value has no end'),
                                   ('e.csv', 'kind,account\nrobot,r2\n', "kind: 'robot'"),
                                   ('f.csv', 'kind,account,mail\ncontact,x,x@y.example\n', 'not about'),
                                   ('g.ldif', 'dn: uid=kay\nobjectClass: inetOrgPerson\n', 'line 1: no account'),
                                   ('h.ldif', 'dn: uid=kay\nuid: kay\nobjectClass: inetOrgPerson\nuserPassword: {SSHA}x\n', '{SSHA}'),
                                   ('i.ldif', 'dn: uid=kay\nchangetype: delete\n', 'change record')):
            with self.subTest(name):
                self.refused('user', 'import', self.file(name, text), saying=saying)
        self.refused('user', 'import', self.file('people.txt', 'x'), saying='--format', status=2)
        self.refused('user', 'import', '/nonexistent.csv', saying='/nonexistent.csv')

    def test_ldif_of_openldap_and_active_directory(self):
        photo = base64.b64encode(JPEG).decode()
        path = self.file('tree.ldif', f'''version: 1

dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: uid=kay,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: kay
cn: Kay McNulty
sn: McNulty
mail: kay@example.org
departmentNumber: ENIAC
jpegPhoto:: {photo}
entryUUID: 597ae2f6-16a6-1027-98f4-d28b5365dc14

dn: CN=Jean Bartik,CN=Users,DC=example,DC=org
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
sAMAccountName: jean
cn: Jean Bartik
manager: uid=kay,ou=people,dc=example,dc=org
proxyAddresses: smtp:bartik@example.org
proxyAddresses: SMTP:jean@example.org
proxyAddresses: X500:/o=Old/ou=Site/cn=Recipients/cn=jean
legacyExchangeDN: /o=First/ou=Site/cn=Recipients/cn=jean

dn: cn=eniac,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: eniac
member: uid=kay,ou=people,dc=example,dc=org
member: cn=jean bartik,cn=users,dc=example,dc=org
''')
        result = self.run_command('directory', 'import', path)
        self.assertEqual((result.returncode, result.stdout), (0, '3 added, 0 changed, 1 skipped\n'), result.stderr)
        self.assertIn('entryUUID', result.stderr)
        jean = self.show('user', 'jean')
        self.assertEqual((jean['addresses'], jean['manager'], jean['legacy_dn'], jean['old_legacy_dns']),
                         (['jean@example.org', 'bartik@example.org'], 'kay', '/o=First/ou=Site/cn=Recipients/cn=jean',
                          ['/o=Old/ou=Site/cn=Recipients/cn=jean']))
        self.assertEqual(self.show('user', 'kay')['department'], 'ENIAC')
        self.assertEqual(self.show('user', 'kay')['thumbnailPhoto'], f'{len(JPEG)} bytes')
        self.assertEqual(len(json.loads(self.good('group', 'members', 'eniac', '--json'))), 2)
        for name in ('kay', 'jean', 'eniac'):
            self.good('directory', 'remove', name)

    # --- what a running server makes of it ---

    def test_full_access_through_a_group_opens_the_mailbox(self):
        self.good('group', 'add', 'deputies')
        self.good('group', 'add-member', 'deputies', 'bob')
        folders = lambda: self.server.command('folders', '--user', 'bob', check=False) # of ada
        self.assertNotEqual(folders().returncode, 0)
        self.good('right', 'grant', 'ada', 'deputies', '--right', 'full-access')
        self.assertEqual(folders().returncode, 0)
        self.good('right', 'revoke', 'ada', 'deputies', '--right', 'full-access')
        self.assertNotEqual(folders().returncode, 0)
        self.good('group', 'remove', 'deputies')


if __name__ == '__main__':
    unittest.main(verbosity=2)
