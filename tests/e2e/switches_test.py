"""Every switch flips while a client is connected, with what docs/switches.md says: what Autodiscover answers, what a context that runs
already gets, what Connect and Bind get, and the reason in the log. By Exchange's commands, at the running server's socket; then the
twelve rows of Exchange's page on enabling MAPI over HTTP."""
import base64
import http.client
import json
import os
import struct
import subprocess

import harness
from autodiscover_test import Client, wait_for

failures = []
checked = 0
VERSION_BLOCKED, CACHED_MODE_REQUIRED = 0x4DF, 0x4E1
DISABLED = 16
CLASSIC, CACHED = 1, 2


def check(condition, text):
    global checked
    checked += 1
    if not condition:
        failures.append(text)
        print('FAILED:', text)


def administer(server, *words, fails=False):
    name = 1 if '-' in words[0] else 2  # 'Set-CasMailbox', 'cas set'
    result = subprocess.run([harness.program('mapihttp'), *words[:name], '--config', server.configuration, *words[name:]], capture_output=True, text=True)
    check((result.returncode != 0) == fails, f'{" ".join(words)}: {result.returncode} {result.stderr}')
    return result


def client_info(mode):
    """An auxiliary buffer of one AUX_PERF_CLIENTINFO (MS-OXCRPC 2.2.2.2.4)."""
    block = struct.pack('<HBB', 32, 1, 2) + struct.pack('<I12H', 1000, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, mode, 0)
    return struct.pack('<4H', 0, 4, len(block), len(block)) + block


def connection_info(flags):
    """AUX_CLIENT_CONNECTION_INFO (2.2.2.2.21)."""
    block = struct.pack('<HBB', 36, 1, 0x4A) + bytes(16) + struct.pack('<HHHHI', 0, 0, 1, 0, flags) + bytes(4)
    return struct.pack('<4H', 0, 4, len(block), len(block)) + block


class Outlook:
    """A client that stays connected: its contexts live on between requests, each on a connection of its own."""

    def __init__(self, client, dn, user='alice', mode=None, application='Outlook/16.0.4266.1001', auxiliary=None):
        self.client, self.dn, self.user, self.number, self.cookies = client, dn, user, 0, {}
        self.auxiliary = auxiliary if auxiliary is not None else client_info(mode) if mode else b''
        self.application = application

    def send(self, kind, body, path='/mapi/emsmdb/'):
        self.number += 1
        headers = {'Content-Type': 'application/mapi-http', 'X-RequestType': kind, 'X-ClientApplication': self.application,
                   'X-RequestId': '{E2EA6C1C-E61B-49E9-9CFB-38184F907552}:%u' % self.number, 'X-ClientInfo': '{2EF33C39-49C8-421C-B876-CDF7F2AC3AA0}:1'}
        headers['Authorization'] = 'Basic ' + base64.b64encode(f'{self.user}:{harness.PASSWORD}'.encode()).decode()
        if self.cookies:
            headers['Cookie'] = '; '.join(f'{name}={value}' for name, value in self.cookies.items())
        connection = http.client.HTTPSConnection('localhost', self.client.server.tls_port, context=self.client.context, timeout=30)
        connection.request('POST', path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        for cookie in answer.headers.get_all('Set-Cookie') or []:
            name, value = cookie.split(';')[0].split('=', 1)
            self.cookies[name] = value
        return answer.status, int(answer.headers.get('X-ResponseCode', -1)), answer.headers, content

    def connect(self):
        """(response code, error code of the body)."""
        body = self.dn.encode() + b'\0' + struct.pack('<4I', 0, 1252, 0x409, 0x409) + struct.pack('<I', len(self.auxiliary)) + self.auxiliary
        _, code, _, content = self.send('Connect', body)
        if code:
            return code, 0
        body = content.split(b'\r\n\r\n', 1)[1]
        return code, struct.unpack_from('<I', body, 4)[0]

    def bind(self):
        return self.send('Bind', struct.pack('<IB9II', 0, 1, 0, 0, 0, 0, 0, 0, 1252, 0x409, 0x409, 0), '/mapi/nspi/')[1]

    def ping(self, path='/mapi/emsmdb/'):
        """Response code of a PING in the context; -1 without one (401)."""
        status, code, _, _ = self.send('PING', b'', path)
        return code if status == 200 else -1

    def execute(self):
        return self.send('Execute', struct.pack('<II4HHII', 0, 10, 0, 4, 2, 2, 2, 0x10008, 0))[1]


def seen(client, address='alice@example.org'):
    """What Autodiscover says: '501', or which addresses."""
    answer = client.discover(address)
    if answer.error():
        return str(answer.error())
    return ' '.join(answer.blocks()[:1] + [side for side in ('InternalUrl', 'ExternalUrl') if f'<{side}>'.encode() in answer.content])


EVERYTHING = 'mapiHttp InternalUrl ExternalUrl'
# What is set, how it is undone, Autodiscover, a context that runs (its PING), Connect (code, error), Bind, the reason in the log.
ROWS = [
    (['Set-CasMailbox', '-id', 'alice', '-MAPIEnabled', '$false'], ['Set-CasMailbox', '-id', 'alice', '-MAPIEnabled', '$true'],
     '501', DISABLED, (DISABLED, 0), DISABLED, 'MAPI is switched off for the mailbox'),
    (['Set-CasMailbox', '-id', 'alice', '-MapiHttpEnabled', '$false'], ['Set-CasMailbox', '-id', 'alice', '-MapiHttpEnabled', '$null'],
     '501', DISABLED, (DISABLED, 0), DISABLED, 'MAPI over HTTP is switched off for the mailbox'),
    (['Set-OrganizationConfig', '-MapiHttpEnabled', '$false'], ['Set-OrganizationConfig', '-MapiHttpEnabled', '$true'],
     '501', DISABLED, (DISABLED, 0), DISABLED, 'MAPI over HTTP is switched off for the organization'),
    (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookVersions', '16.0.9000'], ['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookVersions', '$null'],
     '501', DISABLED, (0, VERSION_BLOCKED), DISABLED, 'this version of Outlook is blocked for the mailbox'),
    (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookVersions', '-15.0;16.0.4000-16.0.5000'],
     ['cas', 'set', 'alice', '--block-versions', ''], '501', DISABLED, (0, VERSION_BLOCKED), DISABLED, 'this version of Outlook is blocked for the mailbox'),
    (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookVersions', '15.0.4569'], ['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookVersions', '$null'],
     EVERYTHING, 0, (0, 0), 0, None),
    (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookNonCachedMode', '$true'], ['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookNonCachedMode', '$false'],
     EVERYTHING, DISABLED, (0, CACHED_MODE_REQUIRED), 0, 'by Outlook in cached mode only'),
    (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookExternalConnectivity', '$true'],
     ['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookExternalConnectivity', '$false'], 'mapiHttp InternalUrl', 0, (0, 0), 0, None),
    (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookRpcHttp', '$true'], ['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookRpcHttp', '$false'],
     EVERYTHING, 0, (0, 0), 0, None),
]


def test_rows(server, client, dn):
    """The client runs Outlook 16.0.4266 in online mode."""
    session, book = Outlook(client, dn, mode=CLASSIC), Outlook(client, dn)
    check(session.connect() == (0, 0) and book.bind() == 0, 'Connect and Bind with everything on')
    for words, undo, discovered, running, connect, bind, reason in ROWS:
        name = ' '.join(words)
        log_size = len(server.log_text(1 << 20))
        administer(server, *words)
        got = session.ping()
        check(got == running, f'{name}: a context that runs gets {got}, not {running}')
        got = session.execute()
        check(got == running, f'{name}: Execute in a context that runs gets {got}, not {running}')
        got = seen(client)
        check(got == discovered, f'{name}: Autodiscover: {got}, not {discovered}')
        got = Outlook(client, dn, mode=CLASSIC).connect()
        check(got == connect, f'{name}: Connect: {got}, not {connect}')
        got = Outlook(client, dn).bind()
        check(got == bind, f'{name}: Bind: {got}, not {bind}')
        log = server.log_text(1 << 20)[log_size:]
        check(not reason or reason in log, f'{name}: the log does not say: {reason}: {log}')
        check(Outlook(client, server.user_dn('bob'), 'bob', mode=CLASSIC).connect() == (0, 0) or words[0] == 'Set-OrganizationConfig', f'{name}: somebody else is concerned')
        administer(server, *undo)
        check(session.ping() == 0 and book.ping('/mapi/nspi/') == 0, f'{name}: switched back, the same context does not go on')


def test_cached_mode(server, client, dn):
    """Who says nothing of its mode, or says that it is cached, is not concerned; the last word of the auxiliary buffer counts."""
    administer(server, 'Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookNonCachedMode', '$true')
    check(Outlook(client, dn, mode=CACHED).connect() == (0, 0), 'cached mode is let in')
    check(Outlook(client, dn).connect() == (0, 0), 'a client that says nothing is let in')
    check(Outlook(client, dn, auxiliary=connection_info(1)).connect() == (0, 0), 'AUX_CLIENT_CONNECTION_INFO: cached')
    check(Outlook(client, dn, mode=CLASSIC, application='Outlook/11.0.8000.1').connect() == (0, VERSION_BLOCKED), 'clients before 12.0 do not know the code (R1122)')
    shared_dn = next(row['legacy_dn'] for row in json.loads(server._admin('shared', 'list', '--json')) if row['account'] == 'sales')
    administer(server, 'Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookNonCachedMode', '$false')
    administer(server, 'Set-CasMailbox', '-id', 'sales', '-MAPIBlockOutlookNonCachedMode', '$true')
    check(Outlook(client, shared_dn, mode=CLASSIC).connect() == (0, CACHED_MODE_REQUIRED), "somebody else's mailbox has a switch of its own")
    check(Outlook(client, shared_dn, mode=CACHED).connect() == (0, 0), "somebody else's mailbox in cached mode")
    administer(server, 'Set-CasMailbox', '-id', 'sales', '-MAPIBlockOutlookNonCachedMode', '$false', '-MAPIBlockOutlookVersions', '16.0.9000')
    check(Outlook(client, shared_dn).connect() == (0, VERSION_BLOCKED), "somebody else's mailbox and versions")
    administer(server, 'Set-CasMailbox', '-id', 'sales', '-MAPIBlockOutlookVersions', '$null')


def test_outside(server, client, dn):
    """With [network] internal the endpoints refuse who comes from elsewhere."""
    session = Outlook(client, dn)
    check(session.connect() == (0, 0), 'Connect')
    administer(server, 'Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookExternalConnectivity', '$true')
    check(session.ping() == 0, 'without [network] nobody is outside')
    server.configure({'network': {'internal': '10.0.0.0/8'}})
    server.reload()
    check(wait_for(lambda: session.ping() == DISABLED), 'outside of 10.0.0.0/8: the context that runs')
    check(Outlook(client, dn).connect() == (DISABLED, 0) and Outlook(client, dn).bind() == DISABLED, 'outside: Connect and Bind')
    check("may not be reached from outside" in server.log_text(8000), 'outside: the log')
    check(Outlook(client, server.user_dn('bob'), 'bob').connect() == (0, 0), 'outside: mailboxes without the switch')
    server.configure({'network': {'internal': '10.0.0.0/8 127.0.0.0/8'}})
    server.reload()
    check(wait_for(lambda: session.ping() == 0), 'inside: the same context goes on')
    administer(server, 'Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookExternalConnectivity', '$false')
    server.configure({})
    server.reload()


def test_policies(server, client, dn):
    """Authentication policies: of a user, of the organisation; for one protocol and not for the others; of connections that have logged on."""
    session = Outlook(client, dn)
    check(session.connect() == (0, 0), 'Connect')
    administer(server, 'New-AuthenticationPolicy', '-Name', 'Modern only', '-BlockLegacyAuthMapi')
    check(session.ping() == 0, 'a policy that nobody has')
    administer(server, 'Set-User', '-Identity', 'alice', '-AuthenticationPolicy', 'modern ONLY')
    check(session.ping() == -1 and session.send('PING', b'')[0] == 401, 'Basic at /mapi: 401')
    check(seen(client) == EVERYTHING, 'Basic at Autodiscover goes on')
    check(Outlook(client, server.user_dn('bob'), 'bob').connect() == (0, 0), 'somebody else')
    check("blocked by the user's authentication policy; account 'alice'" in server.log_text(4000), 'the log says why')
    administer(server, 'Set-AuthenticationPolicy', 'Modern only', '-BlockLegacyAuthMapi:$false', '-BlockLegacyAuthAutodiscover')
    check(session.ping() == 0, 'the policy changed: the same context goes on')
    check(client.discover('alice@example.org').status == 401, 'Basic at Autodiscover: 401')
    check(client.ask('GET', '/oab/x/oab.xml')[0] != 401, 'Basic at the offline address book goes on')
    administer(server, 'Set-User', 'alice', '-AuthenticationPolicy', '$null')
    check(seen(client) == EVERYTHING, 'without the policy')
    administer(server, 'Set-OrganizationConfig', '-DefaultAuthenticationPolicy', 'Modern only')
    check(client.discover('alice@example.org').status == 401 and client.discover('bob@example.org', user='bob').status == 401, 'the organisation: everybody')
    administer(server, 'Remove-AuthenticationPolicy', 'Modern only', fails=True)
    administer(server, 'New-AuthenticationPolicy', 'Everything')
    administer(server, 'Set-User', 'alice', '-AuthenticationPolicy', 'Everything')
    check(seen(client) == EVERYTHING and client.discover('bob@example.org', user='bob').status == 401, "a user's own policy counts alone")
    refused = administer(server, 'Remove-AuthenticationPolicy', 'Everything', fails=True)
    check('alice@example.org' in refused.stderr, f'who has it: {refused.stderr}')
    administer(server, 'Set-OrganizationConfig', '-DefaultAuthenticationPolicy', '$null')
    administer(server, 'Set-User', 'alice', '-AuthenticationPolicy', '$null')
    for name in ('Everything', 'Modern only'):
        administer(server, 'Remove-AuthenticationPolicy', name)
    check(json.loads(administer(server, 'Get-AuthenticationPolicy', '--json').stdout or '[]') == [], 'none is left')


def test_bad_input(server, client):
    for words, part in (
            (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookVersions', '15.0;16.0'], '15.0;16.0'),
            (['Set-CasMailbox', '-id', 'alice', '-MAPIBlockOutlookVersions', 'new'], "'new'"),
            (['Set-CasMailbox', '-id', 'alice', '-MapiHttpEnabled', 'perhaps'], 'perhaps'),
            (['Set-CasMailbox', '-id', 'nobody', '-MAPIEnabled', '$false'], 'nobody'),
            (['Set-User', 'alice', '-AuthenticationPolicy', 'none such'], 'none such'),
            (['Set-User', 'alice'], 'nothing to change'),
            (['New-AuthenticationPolicy', '-Name', 'a', '-BlockLegacyAuthMapi', '-BlockModernAuthMapi'], 'BlockModernAuthMapi'),
            (['New-AuthenticationPolicy', '-Name', ''], 'Name'),
            (['New-AuthenticationPolicy', '-Name', 'a*'], 'Name'),
            (['Set-AuthenticationPolicy', 'none', '-BlockLegacyAuthMapi'], 'none'),
            (['Set-OrganizationConfig', '-DefaultAuthenticationPolicy', 'none such', '-MapiHttpEnabled', '$false'], 'none such')):
        result = administer(server, *words, fails=True)
        check(part in result.stderr, f'{words}: {result.stderr}')
    check(seen(client) == EVERYTHING, 'bad input has changed something')


def test_twelve_rows(server, client):
    """Exchange's table on enabling MAPI over HTTP: organisation, mailbox, MAPIBlockOutlookExternalConnectivity; what it calls Outlook Anywhere
    is 501 here, where RPC over HTTP is not answered (tests/autodiscover/connectivity.tsv has both)."""
    with open(os.path.join(harness.ROOT, 'tests/autodiscover/connectivity.tsv'), encoding='ascii') as file:
        rows = [line.rstrip('\n').split('\t') for line in file if not line.startswith('#')]
    check(len(rows) == 12, f'{len(rows)} rows')
    for name, organization, mailbox, blocked, _, _, inside, outside in rows:
        administer(server, 'Set-OrganizationConfig', '-MapiHttpEnabled', {'on': '$true', 'off': '$false'}[organization])
        administer(server, 'Set-CasMailbox', '-Identity', 'alice', '-MapiHttpEnabled', {'on': '$true', 'off': '$false', 'inherit': '$null'}[mailbox],
                   '-MAPIBlockOutlookExternalConnectivity', {'yes': '$true', 'no': '$false'}[blocked])
        expected = '501' if inside == 'none' else EVERYTHING if outside == 'mapi-http' else 'mapiHttp InternalUrl'
        got = seen(client)
        check(got == expected, f'{name}: {got}, not {expected}')
    administer(server, 'Set-OrganizationConfig', '-MapiHttpEnabled', '$true')
    administer(server, 'Set-CasMailbox', '-Identity', 'alice', '-MapiHttpEnabled', '$null', '-MAPIBlockOutlookExternalConnectivity', '$false')


def main():
    with harness.Server({'authentication': {'failure_delay': '0', 'basic_over_plain': 'yes'}, 'autodiscover': {'requests_per_user': 0, 'requests_per_address': 0}}) as server:
        client = Client(server)
        dn = server.user_dn('alice')
        server._admin('shared', 'add', 'sales')
        server._admin('right', 'grant', 'sales', 'alice', '--right', 'full-access')
        test_rows(server, client, dn)
        test_cached_mode(server, client, dn)
        test_policies(server, client, dn)
        test_bad_input(server, client)
        test_twelve_rows(server, client)
        test_outside(server, client, dn)
    print(f'{checked} checks, {len(failures)} failed')
    raise SystemExit(1 if failures else 0)


if __name__ == '__main__':
    main()
