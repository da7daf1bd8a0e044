"""Administration from outside the server's process: the Unix socket, HTTPS, the record of changes. docs/operations.md."""
import http.client
import json
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import time

import harness

JSON = {'Content-Type': 'application/json'}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


def lines(body):
    return [json.loads(line) for line in body.decode().splitlines()]


def basic(user):
    import base64
    return 'Basic ' + base64.b64encode(f'{user}@{harness.DOMAIN}:{harness.PASSWORD}'.encode()).decode()


class Caller:
    """Requests to /admin/api by the socket, or over HTTPS as a user."""

    def __init__(self, server, user=None):
        self.server, self.user = server, user

    def request(self, method, path, body=None, headers=None):
        if self.user:
            connection = http.client.HTTPSConnection('localhost', self.server.tls_port, timeout=30,
                                                     context=ssl.create_default_context(cafile=self.server.certificate))
            headers = {'Authorization': basic(self.user), **(headers or {})}
        else:
            connection = UnixConnection(os.path.join(self.server.data, 'admin.sock'))
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response, content

    def call(self, name, headers=None, **parameters):
        response, content = self.request('POST', '/admin/api/' + name, json.dumps(parameters), {**JSON, **(headers or {})})
        return response.status, lines(content)

    def objects(self, name, **parameters):
        status, rows = self.call(name, **parameters)
        assert status == 200, (name, status, rows)
        return [row['object'] for row in rows if 'object' in row]

    def refused(self, status, category, parameter, name, **parameters):
        got, rows = self.call(name, **parameters)
        error = rows[-1]['error']
        assert (got, error['category'], error['parameter']) == (status, category, parameter), (name, parameters, got, rows)
        return error['message']


def state(caller):
    return [caller.objects(name) for name in ('Get-OrganizationConfig', 'Get-Mailbox', 'Get-CasMailbox')]


def test_socket(server, local):
    mode = os.stat(os.path.join(server.data, 'admin.sock')).st_mode
    assert mode & 0o777 == 0o600, oct(mode)
    organization = local.objects('get-organizationconfig')[0]
    assert organization['MapiHttpEnabled'] is True and organization['Name'] == 'Example'
    assert [row['Alias'] for row in local.objects('Get-Mailbox')] == ['alice', 'bob', 'carol', 'root-of-all']
    assert [row['Alias'] for row in local.objects('Get-Mailbox', id='?o?')] == ['bob']
    assert [row['Alias'] for row in local.objects('Get-Mailbox', id='BOB EXAMPLE')] == ['bob']
    status, rows = local.call('Get-Mailbox', ResultSize=2)
    assert len(rows) == 2, rows
    assert local.objects('Get-Mailbox', id='nobody*') == []
    mailbox = local.objects('Get-Mailbox', id='carol')[0]
    for name in ('Guid', 'ExchangeGuid', 'LegacyExchangeDN', 'UserPrincipalName', 'PrimarySmtpAddress'):
        assert local.objects('Get-Mailbox', id=mailbox[name])[0]['Alias'] == 'carol', name


def test_mailboxes_by_name(server, local):
    server._admin('room', 'add', 'blue', '--display-name', 'Blue room')
    server._admin('shared', 'add', 'sales', '--display-name', 'Bob Example')
    server._admin('user', 'set', 'carol', '--add-email', 'cc@example.org')
    names = lambda **parameters: [row['Alias'] for row in local.objects('Get-Mailbox', **parameters)]
    assert names() == ['alice', 'blue', 'bob', 'carol', 'root-of-all', 'sales']
    assert names(RecipientTypeDetails='RoomMailbox, sharedmailbox') == ['blue', 'sales']
    assert names(id='EXAMPLE\\carol') == names(id='CC@example.org') == names(id='cc@*') == ['carol']
    assert names(Anr='ro') == ['blue', 'root-of-all'] and names(Anr='b*') == []
    local.refused(409, 'Conflict', 'Identity', 'Get-Mailbox', id='Bob Example')
    local.refused(409, 'Conflict', 'Identity', 'Set-Mailbox', id='Bob Example', AuditEnabled=True)
    assert names(Filter="DisplayName -eq 'Bob Example' -and RecipientTypeDetails -ne 'UserMailbox'") == ['sales']
    assert names(Filter='{ $_.Alias -like "[a-b]*" }', ResultSize=2) == ['alice', 'blue']
    for condition in ('Alias', '-eq', "Alias -like 'a*", "Alias -match '('", '{', '(' * 200):
        status, rows = local.call('Get-Mailbox', Filter=condition)
        assert condition == 'Alias' or (status == 400 and rows[-1]['error']['parameter'] == 'Filter'), (condition, rows)
    status, rows = local.call('Get-Mailbox', Filter="Alias -ne 'alice'")
    assert len(rows) == 5 and status == 200
    server._admin('room', 'remove', 'blue')
    server._admin('shared', 'remove', 'sales')


def test_bad_input_changes_nothing(local):
    before = state(local)
    refused = local.refused
    refused(400, 'InvalidArgument', 'Colour', 'Set-CasMailbox', id='bob', Colour='red')
    refused(400, 'InvalidArgument', 'MapiHttpEnabled', 'Set-CasMailbox', id='bob', MapiHttpEnabled='perhaps')
    refused(400, 'InvalidArgument', 'MAPIBlock', 'Set-CasMailbox', id='bob', MAPIBlock=True)
    refused(400, 'InvalidArgument', 'Identity', 'Set-CasMailbox', MapiHttpEnabled=False)
    refused(400, 'InvalidArgument', None, 'Set-CasMailbox', id='bob')
    refused(400, 'InvalidArgument', 'MAPIBlockOutlookVersions', 'Set-CasMailbox', id='bob', MAPIBlockOutlookVersions='fifteen',
            MapiHttpEnabled=False)
    refused(400, 'InvalidArgument', 'AuthenticationMethods', 'Set-CasMailbox', id='bob', AuthenticationMethods=[])
    refused(404, 'NotFound', 'Identity', 'Set-CasMailbox', id='nobody', MapiHttpEnabled=False)
    refused(404, 'NotFound', 'Identity', 'Set-CasMailbox', id='*', MapiHttpEnabled=False)
    refused(404, 'NotFound', 'Identity', 'Set-Mailbox', id='', AuditEnabled=True)
    refused(400, 'InvalidArgument', 'AuditOwner', 'Set-Mailbox', id='bob', AuditOwner='FolderBind', AuditEnabled=True)
    refused(400, 'InvalidArgument', 'AuditLogAgeLimit', 'Set-Mailbox', id='bob', AuditLogAgeLimit='soon')
    refused(400, 'InvalidArgument', 'MapiHttpEnabled', 'Set-OrganizationConfig', MapiHttpEnabled=None)
    refused(404, 'NotFound', None, 'Remove-Everything')
    refused(404, 'NotFound', None, '../api/Get-Mailbox')
    refused(400, 'InvalidArgument', 'StartDate', 'Get-AdminChangeRecord', StartDate='2026-08-02', EndDate='2026-08-01')
    for body in ('', '{', '[]', '"x"', '{"a":1,"a":2}', '{"id":' + '[' * 3000, '\xff', '{"MapiHttpEnabled":1}{}'):
        response, content = local.request('POST', '/admin/api/Set-OrganizationConfig', body.encode('latin-1'), JSON)
        assert response.status == 400 and lines(content)[0]['error']['category'] == 'InvalidArgument', (body[:20], content)
    assert state(local) == before


def test_changes_are_recorded(local):
    assert local.call('Set-CasMailbox', id='bob', MapiHttpEnabled='$false', WhatIf=True)[1][0]['warning']
    assert local.objects('Get-CasMailbox', id='bob')[0]['MapiHttpEnabled'] is None
    local.objects('Set-CasMailbox', id='bob', MapiHttpEnabled='$false', MAPIBlockOutlookVersions='15.0.4569')
    bob = local.objects('Get-CasMailbox', id='bob')[0]
    assert bob['MapiHttpEnabled'] is False and bob['MapiHttpEffective'] is False and bob['MAPIBlockOutlookVersions'] == '15.0.4569'
    newest = local.objects('Get-AdminChangeRecord', ResultSize=1)[0]
    assert newest['CmdletName'] == 'Set-CasMailbox' and newest['ObjectModified'] == 'bob@example.org' and newest['Succeeded']
    assert newest['Before'] == {'MapiHttpEnabled': None, 'MAPIBlockOutlookVersions': ''}, newest
    assert newest['After'] == {'MapiHttpEnabled': False, 'MAPIBlockOutlookVersions': '15.0.4569'}, newest
    assert newest['Way'] == 'local' and newest['Caller'], newest
    local.objects('Set-CasMailbox', id='bob', MapiHttpEnabled=None, MAPIBlockOutlookVersions=None)
    assert local.objects('Get-CasMailbox', id='bob')[0]['MapiHttpEffective'] is True
    local.objects('Set-Mailbox', id='bob', AuditOwner='MailboxLogin', AuditEnabled='$true', AuditLogAgeLimit='30')
    bob = local.objects('Get-Mailbox', id='bob')[0]
    assert bob['AuditEnabled'] and bob['AuditOwner'] == ['MailboxLogin'] and bob['AuditLogAgeLimit'] == '30.00:00:00', bob
    assert 'MailboxLogin' not in local.objects('Get-Mailbox', id='carol')[0]['AuditOwner']
    failed = local.objects('Search-AdminAuditLog', IsSuccess=False, ResultSize=1)[0]
    assert failed['Error'] and not failed['Succeeded']
    assert local.objects('Test-AdminChangeRecord')[0]['Result'] == 'Intact'


def test_directory_commands_are_recorded(server, local):
    server._admin('user', 'set', 'carol', '--title', 'Countess')
    server._admin('user', 'set-password', 'carol', '--password-hash', '$6$abcdefgh$' + 'x' * 86)
    server._admin('user', 'list')
    password, title = local.objects('Get-AdminChangeRecord', ResultSize=2)
    assert title['CmdletName'] == 'user set' and title['ObjectModified'] == 'carol' and title['After'] == {'title': 'Countess'}, title
    assert password['CmdletName'] == 'user set-password' and 'xxxx' not in json.dumps(password), password


def test_https(server, local):
    admin, user = Caller(server, 'root-of-all'), Caller(server, 'alice')
    assert admin.objects('Get-OrganizationConfig')[0]['Name'] == 'Example'
    assert user.refused(403, 'Denied', None, 'Get-OrganizationConfig') == 'you are no administrator'
    response, content = Caller(server, 'alice').request('POST', '/admin/api/Get-Mailbox', '{}', {**JSON, 'Authorization': 'Basic Og=='})
    assert response.status == 401 and b'Alias' not in content
    admin.objects('Set-CasMailbox', id='carol', MAPIEnabled='no')
    newest = local.objects('Get-AdminChangeRecord', ResultSize=1)[0]
    assert newest['Caller'] == 'root-of-all@example.org' and newest['Way'] == 'https' and newest['ClientAddress'] == '127.0.0.1', newest
    admin.objects('Set-CasMailbox', id='carol', MAPIEnabled='yes')


def test_other_sites_are_refused(server, local):
    admin = Caller(server, 'root-of-all')
    before = state(local)
    own = f'https://localhost:{server.tls_port}'
    body = json.dumps({'MapiHttpEnabled': False})
    for headers, status in (
            ({**JSON, 'Origin': 'https://evil.example'}, 403), ({**JSON, 'Origin': 'null'}, 403), ({**JSON, 'Origin': f'http://localhost:{server.tls_port}'}, 403),
            ({**JSON, 'Origin': own + '.evil.example'}, 403), ({**JSON, 'Sec-Fetch-Site': 'cross-site'}, 403), ({**JSON, 'Sec-Fetch-Site': 'same-site'}, 403),
            ({'Content-Type': 'text/plain'}, 400), ({'Content-Type': 'application/x-www-form-urlencoded'}, 400), ({}, 400),
            ({'Content-Type': 'application/jsonx'}, 400)):
        response, content = admin.request('POST', '/admin/api/Set-OrganizationConfig', body, headers)
        assert response.status == status, (headers, response.status, content)
        assert not response.getheader('Access-Control-Allow-Origin')
    response, content = admin.request('GET', '/admin/api/Set-OrganizationConfig?MapiHttpEnabled=false')
    assert response.status == 405, response.status
    response, content = admin.request('OPTIONS', '/admin/api/Set-OrganizationConfig', None, {'Origin': 'https://evil.example', 'Access-Control-Request-Method': 'POST'})
    assert response.status == 405 and not response.getheader('Access-Control-Allow-Origin')
    assert state(local) == before
    assert admin.call('Get-OrganizationConfig', headers={'Origin': own, 'Sec-Fetch-Site': 'same-origin'})[0] == 200


def test_long_requests_are_refused(server, local):
    before = state(local)
    response, content = local.request('POST', '/admin/api/Set-Mailbox', b'{"id":"' + b'x' * 300000 + b'"}', JSON)
    assert response.status == 400 and 'too long' in lines(content)[0]['error']['message'], (response.status, content)
    local.refused(400, 'InvalidArgument', 'Identity', 'Set-Mailbox', id='x' * 9000, AuditEnabled=True)
    local.refused(400, 'InvalidArgument', 'Cmdlets', 'Get-AdminChangeRecord', Cmdlets=['a'] * 20000)
    assert state(local) == before


def test_rate(server):
    admin = Caller(server, 'root-of-all')
    statuses = []
    for _ in range(40):
        response, _ = admin.request('POST', '/admin/api/Get-OrganizationConfig', '{}', JSON)
        statuses.append(response.status)
        if response.status == 429:
            assert 1 <= int(response.getheader('Retry-After')) <= 60
            break
    assert statuses[-1] == 429, statuses
    assert Caller(server).call('Get-OrganizationConfig')[0] == 200  # the socket is not limited


def test_without_https(server):
    server.configure({'administration': {'https': 'no'}})
    server.reload()
    time.sleep(0.3)
    assert Caller(server, 'root-of-all').call('Get-OrganizationConfig')[0] == 404
    assert Caller(server).call('Get-OrganizationConfig')[0] == 200


def test_tampering_shows(server):
    server.stop()
    assert not os.path.exists(os.path.join(server.data, 'admin.sock'))
    with sqlite3.connect(os.path.join(server.data, 'administration.sqlite')) as database:
        database.execute("UPDATE change SET content=replace(content, 'Countess', 'Baroness')")
    database.close()
    server.start()
    message = Caller(server).refused(500, 'Failed', None, 'Test-AdminChangeRecord')
    assert 'row ' in message, message


def test_sockets(server):
    path = os.path.join(server.data, 'admin.sock')
    server.kill()
    assert os.path.exists(path)  # left by the dead server, replaced by the next
    server.start()
    assert Caller(server).call('Get-OrganizationConfig')[0] == 200
    second = subprocess.run([harness.program('mapihttpd'), '--config', second_configuration(server)], capture_output=True, text=True, timeout=60)
    assert second.returncode and 'admin.sock' in second.stderr, second
    assert Caller(server).call('Get-OrganizationConfig')[0] == 200


def second_configuration(server):
    """The same data folder at another port."""
    path = os.path.join(server.folder, 'second.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'[server]\ndata = {server.data}\n[http]\nlisten = 127.0.0.1:{harness.free_port()} plain\n')
    return path


def test_strangers_at_the_socket(server):
    """Another user of this machine, where the socket lets it near: the system says who it is."""
    path = os.path.join(server.data, 'admin.sock')
    if os.geteuid() != 0:
        return
    os.chmod(path, 0o777)
    for folder in (server.folder, server.data):
        os.chmod(folder, 0o755)
    answer = ask_as_stranger(server, [])
    assert answer.startswith(b'403 ') and b'may not administer' in answer and b'Alias' not in answer, answer


def ask_as_stranger(server, groups):
    """What nobody is answered, being in these groups."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups(groups)
        os.setgid(65534)
        os.setuid(65534)
        try:
            response, content = Caller(server).request('POST', '/admin/api/Get-Mailbox', '{}', JSON)
            os.write(writing, f'{response.status} '.encode() + content)
        except OSError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, 'rb') as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer


def test_group(server):
    if os.geteuid() != 0:
        return
    import grp
    group = grp.getgrnam('daemon')
    server.configure({'administration': {'group': group.gr_name}})
    server.stop()
    server.start()
    status = os.stat(os.path.join(server.data, 'admin.sock'))
    assert status.st_mode & 0o777 == 0o660 and status.st_gid == group.gr_gid, status
    answer = ask_as_stranger(server, [group.gr_gid])
    assert answer.startswith(b'200 ') and b'Alias' in answer, answer
    assert b'Permission denied' in ask_as_stranger(server, [])
    server.stop()
    server.configure({'administration': {'group': 'no-such-group'}})
    for words in (['--check'], []):
        failed = subprocess.run([harness.program('mapihttpd'), '--config', server.configuration, *words], capture_output=True, text=True, timeout=60)
        assert failed.returncode and "no group 'no-such-group'" in failed.stderr, failed
    server.configure({})
    server.start()


def test_long_answers(server):
    """20 MB of rows: whole, to one who reads late, and to one who goes away."""
    server.stop()
    content = json.dumps({'RunDate': '2026-08-01T00:00:00Z', 'CmdletName': 'Set-Mailbox', 'Caller': 'x' * 1000})
    with sqlite3.connect(os.path.join(server.data, 'administration.sqlite')) as database:
        database.executemany("INSERT INTO change VALUES(?, ?, x'')", ((100000 + i, content) for i in range(20000)))
    database.close()
    server.start()
    local = Caller(server)
    assert len(local.objects('Get-AdminChangeRecord', ResultSize='Unlimited', UserIds='xxx*')) == 20000
    request = b'POST /admin/api/Get-AdminChangeRecord HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{"ResultSize":"Unlimited"}'
    gone = []
    for _ in range(3):  # one less than there are threads: those that wait for a reader hold one each
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(os.path.join(server.data, 'admin.sock'))
        connection.sendall(request)
        connection.recv(1000)
        gone.append(connection)
    assert local.call('Get-OrganizationConfig')[0] == 200
    for connection in gone[:2]:
        connection.close()
    time.sleep(0.5)  # the last one has read nothing meanwhile
    size = 0
    while True:
        part = gone[2].recv(1 << 20)
        size += len(part)
        if not part or part.endswith(b'0\r\n\r\n'):
            break
    assert size > 20 << 20, size


def mapihttp(server, *words, password=harness.PASSWORD, **options):
    environment = dict(os.environ, MAPIHTTP_PASSWORD=password)
    environment.pop('MAPIHTTP_CONFIG', None)
    return subprocess.run([harness.program('mapihttp'), *words], capture_output=True, text=True, timeout=60, env=environment, **options)


def test_places(server):
    """The same operation in the running server, over HTTPS, and in the command itself where no server runs."""
    here = ['--config', server.configuration]
    away = ['--server', f'localhost:{server.tls_port}', '--ca-file', server.certificate, '--address']
    answers = [mapihttp(server, 'Get-Mailbox', *here), mapihttp(server, 'mailbox', 'show', *away, server.address('root-of-all'))]
    refusals = [mapihttp(server, 'Set-CasMailbox', '-id', 'nobody', '-MapiHttpEnabled', '$false', *place)
                for place in (here, [*away, server.address('root-of-all')])]
    for words, why in (
            ([*away, server.address('alice')], 'you are no administrator'),
            (['--server', f'localhost:{server.tls_port}', '--address', server.address('root-of-all')], 'certificate'),
            (['--server', f'http://localhost:{server.plain_port}', '--address', server.address('root-of-all')], 'https'),
            (['--server', f'localhost:{harness.free_port()}', '--address', server.address('root-of-all')], 'connect'),
            (['--config', server.folder + '/absent.conf'], 'absent.conf')):
        failed = mapihttp(server, 'Get-Mailbox', *words)
        assert failed.returncode == 1 and why in failed.stderr and not failed.stdout.strip(), (words, failed)
    failed = mapihttp(server, 'Get-Mailbox', *away, server.address('bob'), password='wrong password')
    assert failed.returncode == 1 and 'log-on failed' in failed.stderr, failed
    live = mapihttp(server, 'Get-ConnectionStatus', *here)
    assert live.returncode == 0, live
    server.stop()
    answers.append(mapihttp(server, 'Get-Mailbox', *here))
    refusals.append(mapihttp(server, 'Set-CasMailbox', '-id', 'nobody', '-MapiHttpEnabled', '$false', *here))
    for answer in answers:
        assert answer.returncode == 0 and answer.stdout == answers[0].stdout and answer.stdout.count('\n') == 4, answer
    for refusal in refusals:
        assert refusal.returncode == 1 and "no mailbox 'nobody'" in refusal.stderr, refusal
    done = mapihttp(server, 'cas', 'set', 'bob', '--mapi-http', 'off', *here)
    assert done.returncode == 0, done
    row = json.loads(mapihttp(server, 'Get-AdminChangeRecord', '-Cmdlets', 'Set-CasMailbox', '-IsSuccess', '$true', '-ResultSize', '1', *here).stdout)
    assert row['CmdletName'] == 'Set-CasMailbox' and row['After'] == {'MapiHttpEnabled': False} and row['Way'] == 'local', row
    live = mapihttp(server, 'Get-ConnectionStatus', *here)
    assert live.returncode == 1 and 'does not run' in live.stderr, live
    if os.geteuid() == 0:
        os.chmod(server.data, 0o755)
        denied = mapihttp(server, 'Get-Mailbox', *here, user=65534, group=65534, extra_groups=[])
        assert denied.returncode == 1 and 'permission denied' in denied.stderr, denied
    os.unlink(os.path.join(server.data, 'directory.sqlite'))
    failed = mapihttp(server, 'Get-Mailbox', *here)
    assert failed.returncode == 1 and 'organization init' in failed.stderr, failed
    assert not os.path.exists(os.path.join(server.data, 'directory.sqlite'))


def main():
    with harness.Server(users=('alice', 'bob', 'carol')) as server:
        server._admin('user', 'add', 'root-of-all', '--administrator', 'yes', input=harness.PASSWORD + '\n')
        local = Caller(server)
        test_socket(server, local)
        test_mailboxes_by_name(server, local)
        test_bad_input_changes_nothing(local)
        test_changes_are_recorded(local)
        test_directory_commands_are_recorded(server, local)
        test_https(server, local)
        test_other_sites_are_refused(server, local)
        test_long_requests_are_refused(server, local)
        test_tampering_shows(server)
        test_sockets(server)
        test_strangers_at_the_socket(server)
        test_group(server)
        test_long_answers(server)
        server.configure({'administration': {'requests_per_user': '20'}})
        server.reload()
        time.sleep(0.3)
        test_rate(server)
        test_without_https(server)
        server.configure({})
        server.reload()
        time.sleep(0.3)
        test_places(server)
    print('operations: all held')


main()
