"""Autodiscover of a real server, from an e-mail address to mail: POX and version 2 over TLS with Basic, the mailbox's and the
organisation's switches while Outlook is connected, rate limits, every URL that is named answering, and no difference between
addresses that exist and others for those who have not logged on."""
import base64
import http.client
import json
import os
import re
import ssl
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import harness

OUTLOOK = '{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}'
OUTER = '{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}'
failures = []
checked = 0


def check(condition, text):
    global checked
    checked += 1
    if not condition:
        failures.append(text)
        print('FAILED:', text)


class Client:
    def __init__(self, server):
        self.server = server
        self.context = ssl.create_default_context(cafile=server.certificate)

    def ask(self, method, path, body=None, headers=None, user='alice', password=harness.PASSWORD):
        connection = http.client.HTTPSConnection('localhost', self.server.tls_port, context=self.context, timeout=30)
        fields = dict(headers or {})
        if user:
            fields['Authorization'] = 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def discover(self, address, headers=None, legacy_dn=None, path='/autodiscover/autodiscover.xml', extra='', **options):
        key = f'<LegacyDN>{legacy_dn}</LegacyDN>' if legacy_dn else f'<EMailAddress>{address}</EMailAddress>'
        body = ('<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
                f'requestschema/2006"><Request>{key}{extra}<AcceptableResponseSchema>{OUTLOOK[1:-1]}</AcceptableResponseSchema>'
                '</Request></Autodiscover>')
        fields = {'Content-Type': 'text/xml; charset=utf-8', 'X-MapiHttpCapability': '1',
                  'User-Agent': 'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)', 'X-AnchorMailbox': address or ''}
        fields.update(headers or {})
        fields = {name: value for name, value in fields.items() if value is not None}
        return Answer(*self.ask('POST', path, body, fields, **options))


class Answer:
    def __init__(self, status, headers, content):
        self.status, self.headers, self.content = status, headers, content
        self.root = ElementTree.fromstring(content) if status == 200 else None

    def error(self):
        element = self.root.find(f'{OUTER}Response/{OUTER}Error') if self.root is not None else None
        return int(element.find(f'{OUTER}ErrorCode').text) if element is not None else 0

    def message(self):
        return self.root.find(f'{OUTER}Response/{OUTER}Error/{OUTER}Message').text

    def text(self, path):
        element = self.root.find(f'{OUTLOOK}Response/' + '/'.join(OUTLOOK + part for part in path.split('/')))
        return element.text if element is not None else None

    def blocks(self):
        return [block.get('Type') or block.find(OUTLOOK + 'Type').text
                for block in self.root.findall(f'{OUTLOOK}Response/{OUTLOOK}Account/{OUTLOOK}Protocol')]

    def urls(self):
        return [element.text for element in self.root.iter() if element.text and re.match(r'https?://', element.text)]

    def mailboxes(self):
        return [{child.tag.replace(OUTLOOK, ''): child.text for child in element}
                for element in self.root.iter(OUTLOOK + 'AlternativeMailbox')]


def directory(server, *words, **options):
    return server._admin(*words, **options)


def server_dn(server, kind, account):
    return next(row['legacy_dn'] for row in json.loads(directory(server, kind, 'list', '--json')) if row['account'] == account)


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_settings(server, client):
    answer = client.discover('alice@example.org', {'X-ClientCanHandle': 'Negotiate, ExHttpInfo'})
    check(answer.blocks() == ['mapiHttp', 'EXHTTP', 'EXHTTP'] and '/oab/' in answer.text('Account/Protocol[2]/OABUrl'), f'settings: {answer.blocks()}')
    check(answer.status == 200 and answer.headers['content-type'] == 'text/xml; charset=utf-8', 'settings: status, type')
    check('no-store' in answer.headers['cache-control'], 'settings: may be kept by a proxy')
    check(answer.blocks()[0] == 'mapiHttp' and not set(answer.blocks()) & {'EXCH', 'EXPR'}, f'settings: {answer.blocks()}')
    check(answer.text('User/LegacyDN') == server.user_dn('alice'), 'settings: LegacyDN')
    check(answer.text('User/AutoDiscoverSMTPAddress') == 'alice@example.org', 'settings: address')
    check(answer.text('Account/Protocol/MailStore/InternalUrl').startswith(f'https://localhost:{server.tls_port}/mapi/emsmdb/?MailboxId='),
          'settings: mailbox')
    for url in answer.urls(): # every URL that is named answers
        path = url.split(f'localhost:{server.tls_port}', 1)[1]
        if path.startswith('/oab/'): # a folder: its list of files is made soon after the start
            path += 'oab.xml'
            check(wait_for(lambda: client.ask('GET', path)[0] == 200, 20), f'settings: {url} has no oab.xml')
        status, _, _ = client.ask('GET', path)
        check(status in (200, 403), f'settings: {url} answers {status}')
    for path in ('/AutoDiscover/AutoDiscover.XML', '/AUTODISCOVER/AUTODISCOVER.XML', '/autodiscover/autodiscover.xml/', '/autodiscover/autodiscover.xml?x=y'):
        check(client.discover('alice@example.org', path=path).blocks()[:1] == ['mapiHttp'], f'settings: {path}')
    other = client.discover('bob@example.org')
    check(other.text('User/AutoDiscoverSMTPAddress') == 'bob@example.org', 'settings of somebody else are told, as in the address book')
    by_dn = client.discover(None, legacy_dn=server.user_dn('bob'))
    check(by_dn.text('User/AutoDiscoverSMTPAddress') == 'bob@example.org', 'settings by LegacyDN')
    strange = client.discover('alice@example.org', extra='<Unknown a="b"><EMailAddress>bob@example.org</EMailAddress></Unknown><LegacyDN/>')
    check(strange.text('User/AutoDiscoverSMTPAddress') == 'alice@example.org', 'unknown and empty elements')


def test_refusals(server, client):
    status, headers, _ = client.ask('GET', '/autodiscover/autodiscover.xml', user=None)
    check(status == 401 and headers['www-authenticate'].startswith('Basic'), 'GET without log-on')
    status, _, content = client.ask('GET', '/autodiscover/autodiscover.xml')
    check(status == 200 and Answer(status, {}, content).error() == 600, 'GET with log-on: 600')
    check(client.discover('alice@example.org', user=None).status == 401, 'POST without log-on')
    check(client.discover('alice@example.org', password='wrong').status == 401, 'POST with a wrong password')
    check(client.discover('nobody@example.org').error() == 500, 'nobody: 500')
    check(client.discover(None, legacy_dn='/o=Example/cn=nobody').error() == 500, 'no such DN: 500')
    check(client.discover('').error() == 600, 'no address: 600')
    bare = client.discover('alice@example.org', {'X-MapiHttpCapability': None})
    check(bare.error() == 501 and 'MAPI over HTTP' in bare.message(), 'without the header: 501')
    status, _, content = client.ask('POST', '/autodiscover/autodiscover.xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
    check(Answer(status, {}, content).error() == 600 and b'root:' not in content, 'a file as entity: 600')


def test_json(server, client):
    url = f'https://localhost:{server.tls_port}/autodiscover/autodiscover.xml'
    answers = {}
    for name in ('alice', 'nobody', 'off'):
        for path in (f'/autodiscover/autodiscover.json?Email={name}@example.org&Protocol=AutodiscoverV1',
                     f'/Autodiscover/Autodiscover.json/v1.0/{name}%40example.org?Protocol=Autodiscoverv1&RedirectCount=1'):
            status, headers, content = client.ask('GET', path, user=None)
            del headers['date']
            answers.setdefault(path.replace(name, '*'), set()).add((status, tuple(sorted(headers.items())), content))
            check(status == 200 and json.loads(content) == {'Protocol': 'AutodiscoverV1', 'Url': url}, f'json: {path}: {status} {content}')
    check(all(len(same) == 1 for same in answers.values()), 'json: an existing and an unknown user can be told apart')
    for query, status, code in (('Email=alice@example.org', 400, 'MandatoryParameterMissing'), ('Protocol=AutodiscoverV1', 400, 'MandatoryParameterMissing'),
                                ('Email=alice@example.org&Protocol=Gopher', 400, 'InvalidProtocol'), ('Email=alice@example.org&Protocol=ActiveSync', 404, 'ProtocolNotSupported'),
                                ('Email=alice&Protocol=AutodiscoverV1', 400, 'InvalidUserId')):
        got, headers, content = client.ask('GET', '/autodiscover/autodiscover.json?' + query, user=None)
        check(got == status and json.loads(content)['ErrorCode'] == code and headers['content-type'].startswith('application/json'), f'json: {query}: {got} {content}')
    check(client.ask('POST', '/autodiscover/autodiscover.json', 'x', user=None)[0] == 405, 'json: POST')


class Session:
    """A client of the MAPI endpoint that stays connected: 'mapihttp watch' would, but here the single answers count."""

    def __init__(self, client, dn, user='alice'):
        self.client, self.user, self.cookies, self.number = client, user, '', 0
        self.dn = dn

    def send(self, kind, body, path='/mapi/emsmdb/'):
        self.number += 1
        headers = {'Content-Type': 'application/mapi-http', 'X-RequestType': kind, 'X-ClientApplication': 'Outlook/15.0.4779.1002',
                   'X-RequestId': '{E2EA6C1C-E61B-49E9-9CFB-38184F907552}:%u' % self.number, 'X-ClientInfo': '{2EF33C39-49C8-421C-B876-CDF7F2AC3AA0}:1'}
        if self.cookies:
            headers['Cookie'] = self.cookies
        status, fields, content = self.client.ask('POST', path, body, headers, user=self.user)
        return status, int(fields.get('x-responsecode', -1)), fields, content

    def connect(self):
        body = self.dn.encode() + b'\0' + bytes(4) + (1252).to_bytes(4, 'little') + bytes(8) + bytes(4)
        status, code, fields, content = self.send('Connect', body)
        self.cookies = '; '.join(part.split(';')[0] for part in re.split(r', (?=Mapi)', fields.get('set-cookie', '')))
        return code, content

    def ping(self):
        return self.send('PING', b'')[1]


def test_switches(server, client):
    session = Session(client, server.user_dn('alice'))
    code, _ = session.connect()
    check(code == 0 and session.ping() == 0, f'switches: Connect {code}')
    directory(server, 'user', 'set', 'alice', '--mapi', 'no')
    check(wait_for(lambda: session.ping() == 16), 'switches: MAPI off, the context gets 16')
    answer = client.discover('alice@example.org')
    check(answer.error() == 501 and 'MAPI is switched off' in answer.message(), 'switches: MAPI off, Autodiscover')
    check(Session(client, server.user_dn('alice')).connect()[0] == 16, 'switches: MAPI off, Connect')
    check(Session(client, server.user_dn('bob'), 'bob').connect()[0] == 0, 'switches: somebody else is not concerned')
    check('MAPI is switched off for the mailbox' in server.log_text(20000), 'switches: the log has the reason')
    directory(server, 'user', 'set', 'alice', '--mapi', 'yes')
    check(wait_for(lambda: session.ping() == 0), 'switches: MAPI on again, the same context goes on')


    for words, connects, message in (
            (('user', 'set', 'alice', '--mapi-http', 'no'), 16, 'use MAPI over HTTP'), (('user', 'set', 'alice', '--mapi-http', 'inherit'), 0, None),
            (('organization', 'set', '--mapi-http', 'off'), 16, 'use MAPI over HTTP'), (('user', 'set', 'alice', '--mapi-http', 'yes'), 0, None),
            (('organization', 'set', '--mapi-http', 'on'), 0, None), (('user', 'set', 'alice', '--mapi-http', 'inherit'), 0, None)):
        directory(server, *words)
        check(wait_for(lambda: session.ping() == connects), f'switches: {words}: the context does not get {connects}')
        answer = client.discover('alice@example.org')
        check(answer.error() == (501 if message else 0) and (not message or message in answer.message()), f'switches: {words}: Autodiscover {answer.content}')
    check('MAPI over HTTP is switched off for the organization' in server.log_text(20000), 'switches: the log has the organisation')
    directory(server, 'user', 'set', 'alice', '--block-external', 'yes')
    answer = client.discover('alice@example.org')
    check(answer.blocks()[:1] == ['mapiHttp'] and b'ExternalUrl' not in answer.content and answer.blocks().count('EXHTTP') <= 1, 'switches: external')
    directory(server, 'user', 'set', 'alice', '--block-external', 'no')
    directory(server, 'user', 'set', 'alice', '--block-versions', '16.0.9000')
    check(client.discover('alice@example.org').error() == 501, 'switches: versions')
    check(client.discover('alice@example.org', {'User-Agent': 'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)'}).error() == 0,
          'switches: later versions')
    directory(server, 'user', 'set', 'alice', '--block-versions', '')


def test_matrix(server, client):
    """tests/autodiscover/switches.tsv against the running server."""
    with open(os.path.join(harness.ROOT, 'tests/autodiscover/switches.tsv'), encoding='ascii') as file:
        rows = [line.rstrip('\n').split('\t') for line in file if not line.startswith('#')]
    for organization in ('off', 'on'):
        directory(server, 'organization', 'set', '--mapi-http', organization)
        for mailbox in ('on', 'off', 'inherit'):
            directory(server, 'user', 'set', 'alice', '--mapi-http', {'on': 'yes', 'off': 'no'}.get(mailbox, mailbox))
            for name, version, capability, _, _, blocks, _ in [row for row in rows if row[3:5] == [organization, mailbox]]:
                answer = client.discover('alice@example.org', {'X-MapiHttpCapability': None if capability == '-' else capability,
                                         'User-Agent': f'Microsoft Office/1.0 (Windows NT 10.0; Microsoft Outlook {version}; Pro)'})
                got = str(answer.error()) if answer.error() else ' '.join(answer.blocks())
                check(got == blocks, f'{name}: {got}, not {blocks}')
    check(len(rows) == 72, f'matrix: {len(rows)} rows')


def test_other_mailboxes(server, client):
    """Shared mailboxes, archives, groups, contacts, redirects."""
    directory(server, 'shared', 'add', 'sales', '--display-name', 'Sales & more')
    directory(server, 'shared', 'add', 'hidden')
    directory(server, 'right', 'grant', 'sales', 'alice', '--right', 'full-access')
    directory(server, 'right', 'grant', 'hidden', 'alice', '--right', 'full-access', '--no-automap')
    directory(server, 'user', 'set', 'alice', '--archive', 'yes')
    answer = client.discover('alice@example.org')
    boxes = {box['Type']: box for box in answer.mailboxes()}
    check(len(answer.mailboxes()) == 2 and boxes['Delegate'] == {'Type': 'Delegate', 'DisplayName': 'Sales & more', 'SmtpAddress': 'sales@example.org',
                                                                'OwnerSmtpAddress': 'sales@example.org'}, f'mailboxes: {answer.mailboxes()}')
    archive = boxes['Archive']
    check(archive['LegacyDN'].startswith(server.user_dn('alice') + '/guid=') and archive['Server'] == archive['LegacyDN'][-36:] + '@example.org',
          f'archive: {archive}')
    check(client.discover('alice@example.org', user='bob').mailboxes() == [], 'mailboxes: told to somebody else')
    check(client.discover('sales@example.org').text('User/AutoDiscoverSMTPAddress') == 'sales@example.org', 'a shared mailbox has settings')
    own = client.discover(None, legacy_dn=archive['LegacyDN'])
    check(own.text('User/LegacyDN') == archive['LegacyDN'] and archive['Server'] in own.text('Account/Protocol/MailStore/InternalUrl') and
          all(box['Type'] != 'Archive' for box in own.mailboxes()), f'archive: settings of its own: {own.content}')
    wrong = archive['LegacyDN'][:-4] + '0000'
    check(client.discover(None, legacy_dn=wrong).error() == 500, 'archive: another GUID')
    for dn, user, expected in ((archive['LegacyDN'], 'alice', 0), (archive['LegacyDN'], 'bob', 1), (wrong, 'alice', 1)):
        result = subprocess.run([harness.program('mapihttp'), 'folders', '--address', f'{user}@example.org', '--ca-file', server.certificate,
                                 '--url', f'https://localhost:{server.tls_port}/mapi/emsmdb/', '--dn', dn], capture_output=True, text=True,
                                env={'MAPIHTTP_PASSWORD': harness.PASSWORD})
        check(result.returncode == expected, f'archive: folders of {dn} as {user}: {result.returncode} {result.stderr}')

    sales = server_dn(server, 'shared', 'sales')
    check(Session(client, sales).connect()[0] == 0, 'a shared mailbox at Connect')
    directory(server, 'shared', 'set', 'sales', '--mapi-http', 'no')
    check(wait_for(lambda: Session(client, sales).connect()[0] == 16), 'a shared mailbox that is switched off: 16 at Connect')
    code, content = Session(client, sales, 'bob').connect()
    check(code == 0 and b'\0\0\0\0\x05\0\x07\x80' in content, 'who may not open it is not told that it is off')
    check(client.discover('sales@example.org').error() == 501, 'a shared mailbox that is switched off: Autodiscover')

    directory(server, 'group', 'add', 'team')
    directory(server, 'contact', 'add', 'outside', '--email', 'outside@elsewhere.test')
    for address in ('team@example.org', 'outside@elsewhere.test'):
        check(client.discover(address).error() == 501, f'{address}: known, without settings')
    directory(server, 'user', 'set', 'bob', '--old-legacy-dn', '/o=Old/ou=Site/cn=Recipients/cn=bob')
    check(client.discover(None, legacy_dn='/o=old/ou=site/CN=recipients/cn=BOB').text('User/LegacyDN') == server.user_dn('bob'), 'an old DN')
    check(Session(client, '/o=Old/ou=Site/cn=Recipients/cn=bob', 'bob').connect()[0] == 0, 'an old DN at Connect')

    directory(server, 'user', 'set', 'bob', '--redirect-address', 'bob@new.test')
    answer = client.discover('bob@example.org', {'X-MapiHttpCapability': None})
    check(answer.text('Account/Action') == 'redirectAddr' and answer.text('Account/RedirectAddr') == 'bob@new.test' and answer.blocks() == [],
          f'redirectAddr: {answer.content}')
    directory(server, 'user', 'set', 'bob', '--redirect-address', '', '--redirect-url', 'https://new.test/autodiscover/autodiscover.xml')
    answer = client.discover('bob@example.org')
    check(answer.text('Account/Action') == 'redirectUrl' and answer.text('Account/RedirectUrl') == 'https://new.test/autodiscover/autodiscover.xml',
          f'redirectUrl: {answer.content}')
    status, _, content = client.ask('GET', '/autodiscover/autodiscover.json?Email=bob@example.org&Protocol=AutodiscoverV1', user=None)
    check(status == 200 and b'new.test' not in content, 'redirects are told to those only who log on')
    directory(server, 'user', 'set', 'bob', '--redirect-url', '')
    directory(server, 'user', 'set', 'bob', '--enabled', 'no')
    check(client.discover('bob@example.org').error() == 500, 'a user who is switched off')

    directory(server, 'shared', 'add', 'folders', '--public-folder')
    directory(server, 'organization', 'set', '--public-folder-mailbox', 'folders')
    check(client.discover('alice@example.org').text('Account/PublicFolderInformation/SmtpAddress') == 'folders@example.org', 'public folders')


def test_discover(server, client):
    """The way of a client that has the address alone."""
    names = [word for name in ('example.org', 'autodiscover.example.org') for word in ('--resolve', f'{name}=127.0.0.1:{server.tls_port}')]
    result = subprocess.run([harness.program('mapihttp'), 'discover', 'alice@example.org', '--json', '--ca-file', server.certificate, '--all',
                             *names, '--resolve', '*='], capture_output=True, text=True, env={'MAPIHTTP_PASSWORD': harness.PASSWORD})
    answer = json.loads(result.stdout)
    check(result.returncode == 0 and answer['settings']['user_dn'] == server.user_dn('alice'), f'discover: {result.stdout} {result.stderr}')
    ways = {step['way']: step for step in answer['steps']}
    check(ways['domain']['settings'] and ways['autodiscover host']['settings'], 'discover: the first two ways')
    check(any(step['way'] == 'json' and step['http_status'] == 200 for step in answer['steps']), 'discover: version 2')
    result = subprocess.run([harness.program('mapihttp'), 'folders', '--address', 'alice@example.org', '--json', '--ca-file', server.certificate,
                             *names, '--resolve', f'localhost=127.0.0.1:{server.tls_port}', '--resolve', '*='], capture_output=True, text=True,
                            env={'MAPIHTTP_PASSWORD': harness.PASSWORD})
    check(result.returncode == 0 and 'Inbox' in result.stdout, f'from address to mail: {result.stderr}')


def test_rates():
    with harness.Server({'autodiscover': {'requests_per_address': 40, 'requests_per_user': 6}}) as server:
        client = Client(server)
        statuses = [client.discover('alice@example.org').status for _ in range(9)]
        check(statuses[:6] == [200] * 6 and 429 in statuses[6:], f'rates of a user: {statuses}')
        limited = client.discover('alice@example.org')
        check(limited.status == 429 and 1 <= int(limited.headers['retry-after']) <= 60, f'rates: Retry-After {limited.headers}')
        check(client.discover('alice@example.org', user='bob').status == 200, 'rates: another user is not concerned')
        statuses = [client.ask('GET', '/autodiscover/autodiscover.json?Email=a@b.c&Protocol=AutodiscoverV1', user=None)[0] for _ in range(50)]
        check(statuses[0] == 200 and statuses[-1] == 429, f'rates of an address: {statuses}')
        check(client.discover('alice@example.org', user=None).status == 429, 'rates: before any log-on')
        check(Session(client, server.user_dn('alice')).connect()[0] == 0, 'rates: mail goes on')


def test_open_door():
    with harness.Server({'autodiscover': {'authentication': 'no', 'json_reveals_users': 'yes'},
                         'organisation': {'internal_url': 'https://inside.example.org', 'external_url': 'https://mail.example.org/'}}) as server:
        client = Client(server)
        answer = client.discover('alice@example.org', user=None)
        check(answer.status == 200 and answer.blocks()[:1] == ['mapiHttp'], f'no log-on: {answer.status}')
        check(answer.mailboxes() == [], 'no log-on: further mailboxes are told')
        check(answer.text('Account/Protocol/MailStore/InternalUrl').startswith('https://inside.example.org/mapi/emsmdb/?'), 'internal_url')
        check(answer.text('Account/Protocol/MailStore/ExternalUrl').startswith('https://mail.example.org/mapi/emsmdb/?'), 'external_url')
        check(client.discover('alice@example.org', password='wrong').status == 401, 'no log-on: a wrong password is not overlooked')
        status, _, content = client.ask('GET', '/autodiscover/autodiscover.json/v1.0/alice@example.org?Protocol=AutodiscoverV1', user=None)
        check(status == 200 and json.loads(content)['Url'] == 'https://mail.example.org/autodiscover/autodiscover.xml', f'json: external_url: {content}')
        status, _, content = client.ask('GET', '/autodiscover/autodiscover.json/v1.0/nobody@example.org?Protocol=AutodiscoverV1', user=None)
        check(status == 404 and json.loads(content)['ErrorCode'] == 'UserNotFound', f'json_reveals_users: {status} {content}')


def test_auth_package():
    with harness.Server({'authentication': {'methods': 'basic ntlm'}}) as server:
        client = Client(server)

        def package(headers=None):
            return client.discover('alice@example.org', headers).text('Account/Protocol[2]/AuthPackage')
        check(package() == 'Ntlm', f'AuthPackage: {package()}')
        directory(server, 'user', 'set', 'alice', '--methods', 'basic')
        check(package() == 'Basic', f'AuthPackage of a mailbox without NTLM: {package()}')
        directory(server, 'user', 'set', 'alice', '--methods', 'all')
        server.stop()
        server.configure({'authentication': {'methods': 'basic ntlm negotiate'}})
        server.start()
        check(package() == 'Ntlm', f'AuthPackage without X-ClientCanHandle: {package()}')
        check(package({'X-ClientCanHandle': 'Negotiate'}) == 'Negotiate', f"AuthPackage with it: {package({'X-ClientCanHandle': 'Negotiate'})}")


def main():
    with harness.Server({'autodiscover': {'requests_per_address': 0, 'requests_per_user': 0}}, users=('alice', 'bob', 'off')) as main_server:
        main_client = Client(main_server)
        directory(main_server, 'user', 'set', 'off', '--enabled', 'no')
        for function in (test_settings, test_refusals, test_json, test_switches, test_matrix, test_discover, test_other_mailboxes):
            function(main_server, main_client)
    test_rates()
    test_open_door()
    test_auth_package()
    print(f'{checked} checks, {len(failures)} failed')
    raise SystemExit(1 if failures else 0)


if __name__ == '__main__':
    main()
