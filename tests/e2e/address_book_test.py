"""The address book end to end: a directory with entries of every kind, made by the directory commands, seen by the client's
commands (gal, resolve, whoami) and by requests made here byte by byte, which also change it."""
import base64
import csv
import http.client
import io
import json
import ssl
import struct
import subprocess
import sys

import harness

failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print('FAILED:', what)


def admin(server, *words, check_status=True, **options):
    result = subprocess.run([harness.program('mapihttp'), *words[:2], '--config', server.configuration, *words[2:]],
                            capture_output=True, text=True, **options)
    if check_status and result.returncode:
        raise SystemExit(f'mapihttp {" ".join(words)}: {result.stderr}')
    return result


def fill(server):
    admin(server, 'user', 'set', 'alice', '--display-name', 'Alice Example', '--givenName', 'Alice', '--sn', 'Example',
          '--title', 'Head of Research', '--department', 'Research', '--telephoneNumber', '+49 30 1')
    admin(server, 'user', 'set', 'bob', '--manager', 'alice', '--physicalDeliveryOfficeName', '12b')
    admin(server, 'user', 'add', 'bob2', '--display-name', 'Bob Zürcher', '--no-password', check_status=False)
    admin(server, 'user', 'add', 'secret', '--display-name', 'Secret Person', '--hidden', 'yes', input=harness.PASSWORD + '\n')
    admin(server, 'shared', 'add', 'info', '--display-name', 'Information')
    admin(server, 'room', 'add', 'room1', '--display-name', 'Room 1', '--msExchResourceCapacity', '12')
    admin(server, 'contact', 'add', 'zoe', '--display-name', 'Zoë Outside', '--email', 'zoe@elsewhere.example')
    admin(server, 'group', 'add', 'staff', '--display-name', 'Staff', '--managedBy', 'alice')
    admin(server, 'group', 'add-member', 'staff', 'bob', 'zoe')
    admin(server, 'group', 'add', 'researchers', '--display-name', 'Researchers', '--rule', '(department=Research)')


def rows(server, *words, **options):
    return json.loads(server.command(*words, '--json', **options).stdout)


def names(server, *words):
    return [row['display_name'] for row in rows(server, 'gal', *words)]


def test_gal(server):
    """MS-OXNSPI R497 R498: containers page by page (by STAT), and lists of those that match."""
    everybody = names(server)
    check(everybody == sorted(everybody, key=str.casefold), f'in order: {everybody}')
    for name in ('Alice Example', 'Bob Example', 'Information', 'Room 1', 'Zoë Outside', 'Staff', 'Researchers'):
        check(name in everybody, f'{name} is in the global address list')
    check('Secret Person' not in everybody, 'hidden entries are not listed')
    check(names(server, '--limit', '2') == everybody[:2], '--limit')
    check(names(server, '--from', 'Room')[0] == 'Room 1', '--from')
    check(names(server, '--from', 'zzzz') == [], '--from behind all')
    check(names(server, '--search', 'bob e') == ['Bob Example'], '--search')
    check(names(server, '--search', 'nobody at all') == [], '--search without a match')
    row = rows(server, 'gal', '--search', 'alice', '--columns', 'display_name,title,Surname,0x3A18001F,telephone')[0]
    check(row == {'display_name': 'Alice Example', 'title': 'Head of Research', 'Surname': 'Example', '0x3A18001F': 'Research',
                  'telephone': '+49 30 1'}, f'--columns: {row}')
    table = list(csv.reader(io.StringIO(server.command('gal', '--csv', '--columns', 'display_name,smtp_address').stdout.decode())))
    check(table[0] == ['display_name', 'smtp_address'] and ['Zoë Outside', 'zoe@elsewhere.example'] in table, f'--csv: {table}')
    check(b'Alice Example' in server.command('gal').stdout, 'as a table')
    lists = rows(server, 'gal', '--lists')
    check(lists[0]['dn'] == '/' and lists[0]['id'] == 0, f'--lists: {lists}')
    check(len(lists) > 1, 'address lists beside the global one')
    for name in (entry['name'] for entry in lists[1:]):
        inside = names(server, '--list', name)
        check(set(inside) <= set(everybody), f'list {name}: {inside}')
    failed = server.command('gal', '--list', 'No such list', check=False)
    check(failed.returncode == 1 and b'No such list' in failed.stderr, 'an unknown list is said')
    for words in (['--limit', '0'], ['--limit', 'x'], ['--columns', 'NoSuchProperty'], ['--nonsense'], ['--search', 'a', '--from', 'b']):
        check(server.command('gal', *words, check=False).returncode == 2, f'refused words: {words}')


def test_resolve(server):
    def results(*words, status=0):
        done = server.command('resolve', '--json', *words, check=False)
        check(done.returncode == status, f'resolve {words}: exit {done.returncode}: {done.stderr}')
        return [(row['name'], row['result'], row.get('display_name')) for row in json.loads(done.stdout)]
    check(results('alice', '=bob', 'zoe@elsewhere.example', 'Room 1', 'staff', 'info@example.org') ==
          [('alice', 'resolved', 'Alice Example'), ('=bob', 'resolved', 'Bob Example'),
           ('zoe@elsewhere.example', 'resolved', 'Zoë Outside'), ('Room 1', 'resolved', 'Room 1'),
           ('staff', 'resolved', 'Staff'), ('info@example.org', 'resolved', 'Information')], 'resolved, in order')
    check(results('zoe outs') == [('zoe outs', 'resolved', 'Zoë Outside')], 'accents do not count')
    check(results('secret@example.org') == [('secret@example.org', 'resolved', 'Secret Person')], 'hidden, by address')
    check(results('Secret Person', status=1) == [('Secret Person', 'unresolved', None)], 'hidden, by name')
    several = results('example', 'alice', 'nobody', status=1)
    check([row for row in several if row[0] == 'example'] == [('example', 'ambiguous', 'Alice Example'),
                                                              ('example', 'ambiguous', 'Bob Example')], f'candidates: {several}')
    check(several[2:] == [('alice', 'resolved', 'Alice Example'), ('nobody', 'unresolved', None)], f'mixed: {several}')
    check(server.command('resolve', check=False).returncode == 2, 'a name is needed')
    check(results('', status=1) == [('', 'unresolved', None)], 'the empty name')


def test_whoami(server):
    me = json.loads(server.command('whoami', '--json', user='bob').stdout)
    check(me['display_name'] == 'Bob Example' and me['smtp_address'] == 'bob@example.org', f'whoami: {me}')
    check(me['dn'] == server.user_dn('bob') and me['mailbox_dn'] == me['dn'], 'the distinguished name')
    check('/mapi/emsmdb/' in me['mailbox_url'] and '/mapi/nspi/' in me['address_book_url'], 'both endpoints')
    check(me['encrypted'] is True and me['authentication'] == me['address_book_authentication'] != 'Anonymous', f'the method: {me}')
    check(me['version'] and 'SMTP:bob@example.org' in me['proxy_addresses'], f'version and addresses: {me}')
    check(b'Authenticated by' in server.command('whoami').stdout, 'for people')


class AddressBook:
    """A context at the endpoint, request by request."""

    def __init__(self, server, user):
        context = ssl.create_default_context(cafile=server.certificate)
        self.connection = http.client.HTTPSConnection('localhost', server.tls_port, context=context)
        credentials = base64.b64encode(f'{user}@{harness.DOMAIN}:{harness.PASSWORD}'.encode()).decode()
        self.headers = {'Authorization': 'Basic ' + credentials, 'Content-Type': 'application/mapi-http',
                        'X-ClientInfo': '{2EF33C39-49C8-421C-B876-CDF7F2AC3AA0}:1', 'X-ClientApplication': 'Outlook/15.0.5589.1000'}
        self.cookies, self.number = {}, 0
        self.server_guid = self.call('Bind', struct.pack('<IB', 0, 1) + self.stat() + bytes(4))[1][:16]

    @staticmethod
    def stat(current=0, container=0):
        return struct.pack('<IIIiIIIII', 0, container, current, 0, 0, 0, 1252, 0x409, 0x409)

    def call(self, request_type, body):
        """(ErrorCode, what follows it)"""
        self.number += 1
        headers = dict(self.headers, **{'X-RequestType': request_type,
                                        'X-RequestId': '{E2EA6C1C-E61B-49E9-9CFB-38184F907552}:%d' % self.number,
                                        'Cookie': '; '.join(f'{name}={value}' for name, value in self.cookies.items())})
        self.connection.request('POST', '/mapi/nspi/', body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200 or answer.getheader('X-ResponseCode') != '0':
            raise SystemExit(f'{request_type}: {answer.status} {answer.getheader("X-ResponseCode")}')
        for cookie in answer.headers.get_all('Set-Cookie') or []:
            name, value = cookie.split(';')[0].split('=', 1)
            self.cookies[name] = value
        content = content[content.index(b'\r\n\r\n') + 4:]
        status, error = struct.unpack_from('<II', content)
        check(status == 0, f'{request_type}: StatusCode {status:x}')
        return error, content[8:]

    def number_of(self, dn):
        error, answer = self.call('DNToMId', struct.pack('<IBI', 0, 1, 1) + dn.encode() + b'\0' + bytes(4))
        check(error == 0, 'DNToMId')
        return struct.unpack_from('<BII', answer)[2]

    def change_members(self, group, dn, delete=False):
        entry_id = bytes(4) + bytes.fromhex('DCA740C8C042101AB4B908002B2FE182') + struct.pack('<II', 1, 0) + dn.encode() + b'\0'
        body = struct.pack('<IIIBII', 1 if delete else 0, 0x8009000D, group, 1, 1, len(entry_id)) + entry_id + bytes(4)
        return self.call('ModLinkAtt', body)[0]

    def set_text(self, entry, tag, text):
        return self.call('ModProps', struct.pack('<IB', 0, 1) + self.stat(entry) + struct.pack('<BI', 1, 0) +
                         struct.pack('<BII', 1, 1, tag) + b'\xff' + text.encode('utf-16-le') + b'\0\0' + bytes(4))[0]


def test_changes(server):
    """MS-OXNSPI R1332 R1335 R1338 over the embedded directory, seen by others at once; MS-OXNSPI R1301 R1303."""
    staff = json.loads(admin(server, 'group', 'show', 'staff', '--json').stdout)
    dn_of = {row['account']: row['legacy_dn'] for row in json.loads(admin(server, 'user', 'list', '--json').stdout)}
    alice, bob = AddressBook(server, 'alice'), AddressBook(server, 'bob')
    check(alice.server_guid == bob.server_guid, 'one GUID for all contexts')
    group = alice.number_of(staff['legacy_dn'])
    check(group >= 0x100 and group == bob.number_of(staff['legacy_dn'].upper()), 'one number for all contexts')

    def members():
        return sorted(row['account'] for row in json.loads(admin(server, 'group', 'members', 'staff', '--json').stdout))
    check(members() == ['bob', 'zoe'], f'members before: {members()}')
    check(bob.change_members(group, dn_of['alice']) == 0x80070005, 'a member may not change a group')
    check(alice.change_members(group, '/o=nobody') == 0x80070005, 'nobody is no member')
    check(members() == ['bob', 'zoe'], 'refused changes change nothing')
    check(alice.change_members(group, dn_of['alice']) == 0, 'its owner may')
    check(members() == ['alice', 'bob', 'zoe'], f'added: {members()}')
    check(alice.change_members(group, dn_of['alice']) == 0, 'twice is no error')
    check(alice.change_members(group, dn_of['bob'], delete=True) == 0, 'and remove')
    check(members() == ['alice', 'zoe'], f'removed: {members()}')
    admin(server, 'right', 'grant', 'staff', 'bob', '--right', 'manage-members')
    check(bob.change_members(group, dn_of['bob']) == 0, 'so may one with the right')
    own = bob.number_of(dn_of['bob'])
    check(bob.set_text(own, 0x3A08001F, '+49 30 2') == 0, 'people say their telephone')
    check(bob.set_text(own, 0x3A17001F, 'Director') == 0x80070005, 'not their title')
    check(bob.set_text(alice.number_of(dn_of['alice']), 0x3A08001F, '1') == 0x80070005, 'nor anybody else\'s')
    row = rows(server, 'gal', '--search', '=bob', '--columns', 'telephone,title')[0]
    check(row == {'telephone': '+49 30 2'}, f'seen by others: {row}')
    admin(server, 'user', 'set', 'bob', '--display-name', 'Robert Example')
    check(names(server, '--search', 'robert') == ['Robert Example'], 'what the administrator changes is seen at once')
    check(bob.call('Unbind', bytes(8))[0] == 1, 'Unbind succeeds with 1 (MS-OXNSPI R712)')


def main():
    with harness.Server() as server:
        fill(server)
        for test in (test_gal, test_resolve, test_whoami, test_changes):
            test(server)
    if failures:
        raise SystemExit(f'{len(failures)} failed')
    print('address book: all good')


main()
