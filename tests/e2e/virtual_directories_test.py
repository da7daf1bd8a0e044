"""Virtual directories and the certificate of a running server: addresses, ways to log on and Extended Protection take effect at once under
connected clients, by Exchange's commands and the ordinary ones; what is wrong with a certificate is said by command, at the start and at
a reload; a reload with a new certificate loses no context; renewal by a file that an ACME client replaces."""
import base64
import http.client
import json
import os
import socket
import ssl
import subprocess

import harness
import ntlm_client
from autodiscover_test import Client, wait_for
from switches_test import Outlook, seen

failures = []
checked = 0


def check(condition, text):
    global checked
    checked += 1
    if not condition:
        failures.append(text)
        print('FAILED:', text)


def administer(server, *words, fails=False):
    name = 1 if '-' in words[0] else 2
    result = subprocess.run([harness.program('mapihttp'), *words[:name], '--config', server.configuration, *words[name:]], capture_output=True, text=True)
    check((result.returncode != 0) == fails, f'{" ".join(words)}: {result.returncode} {result.stderr}')
    return result


def shown(server, *words):
    rows = json.loads(administer(server, *words, '--json').stdout)
    return rows[0] if isinstance(rows, list) and len(rows) == 1 else rows


def urls(client):
    answer = client.discover('alice@example.org', {'X-ClientCanHandle': 'Negotiate, ExHttpInfo'})
    return {name: answer.text(path) for name, path in (
        ('internal', 'Account/Protocol/MailStore/InternalUrl'), ('external', 'Account/Protocol/MailStore/ExternalUrl'),
        ('book', 'Account/Protocol/AddressBook/InternalUrl'), ('files', 'Account/Protocol[2]/OABUrl'), ('files outside', 'Account/Protocol[3]/OABUrl'))}


def challenges(client, path='/mapi/emsmdb/'):
    connection = http.client.HTTPSConnection('localhost', client.server.tls_port, context=client.context, timeout=30)
    connection.request('POST', path, b'')
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, [value.split()[0] for value in answer.headers.get_all('WWW-Authenticate') or []]


def test_addresses(server, client):
    first = shown(server, 'Get-MapiVirtualDirectory')
    check(first['InternalUrl'] == f'https://localhost:{server.tls_port}/mapi' and first['InternalUrlOrigin'] == 'Configuration', f'at first: {first}')
    check(first['Name'] == 'mapi (Default Web Site)' and first['Identity'].endswith('\\mapi (Default Web Site)'), f'names: {first}')
    check(first['IISAuthenticationMethods'] == ['Basic', 'Ntlm', 'Negotiate', 'OAuth'], f'methods allowed: {first}')
    check(first['InternalAuthenticationMethods'] == ['Basic', 'Ntlm', 'Negotiate'], f'methods offered: {first}')
    # As typed on the web, with its en dash.
    administer(server, 'Set-MapiVirtualDirectory', '-Identity', first['Identity'], '-InternalUrl', 'https://inside.example.org/mapi',
               '\u2013ExternalUrl', 'https://Mail.Example.org:8443/MAPI/', '-IISAuthenticationMethods', 'NTLM,Basic,negotiate')
    got = urls(client)
    check(got['internal'].startswith('https://inside.example.org/mapi/emsmdb/?MailboxId='), f'InternalUrl: {got}')
    check(got['external'].startswith('https://mail.example.org:8443/mapi/emsmdb/?MailboxId='), f'ExternalUrl: {got}')
    check(got['book'].startswith('https://inside.example.org/mapi/nspi/?MailboxId='), f'AddressBook: {got}')
    check(got['files'].startswith(f'https://localhost:{server.tls_port}/oab/'), f'the address book files stay where they are: {got}')
    now = shown(server, 'vdir', 'show', 'mapi')
    check(now['ExternalUrl'] == 'https://mail.example.org:8443/mapi' and now['ExternalUrlOrigin'] == 'Set', f'shown: {now}')
    administer(server, 'Set-OabVirtualDirectory', '-InternalUrl', 'https://files.example.org/OAB')
    check(urls(client)['files'].startswith('https://files.example.org/oab/'), f'OAB: {urls(client)}')
    administer(server, 'Set-AutodiscoverVirtualDirectory', '-ExternalUrl', 'https://auto.example.org/Autodiscover/Autodiscover.xml')
    _, _, content = client.ask('GET', '/autodiscover/autodiscover.json?Email=alice@example.org&Protocol=AutodiscoverV1', user=None)
    check(json.loads(content)['Url'] == 'https://auto.example.org/autodiscover/autodiscover.xml', f'Autodiscover version 2: {content}')
    administer(server, 'vdir', 'set', 'mapi', '--external-url', 'none')
    check(seen(client) == 'mapiHttp InternalUrl', f'ExternalUrl $null: {seen(client)}')
    administer(server, 'Set-MapiVirtualDirectory', '-InternalUrl', '$null')
    answer = client.discover('alice@example.org')
    check(answer.error() == 501 and 'no address' in answer.message(), f'neither is told: {answer.content}')
    for name in ('mapi', 'OAB', 'Autodiscover'):
        administer(server, 'Set-VirtualDirectory', name, '-ApplyDefaults', '$true')
    check(seen(client) == 'mapiHttp InternalUrl ExternalUrl' and shown(server, 'Get-MapiVirtualDirectory') == first, 'ApplyDefaults')
    changes = json.loads(administer(server, 'Get-AdminChangeRecord', '--json').stdout)
    check(any(row['CmdletName'] == 'Set-MapiVirtualDirectory' and 'inside.example.org' in json.dumps(row['After']) for row in changes), 'the record of changes')


def test_log_on(server, client):
    session = Outlook(client, server.user_dn('alice'))
    check(session.connect() == (0, 0) and session.ping() == 0, 'Connect by Basic')
    check(challenges(client) == (401, ['Negotiate', 'NTLM', 'Basic']), f'offered: {challenges(client)}')
    administer(server, 'Set-MapiVirtualDirectory', '-IISAuthenticationMethods', 'Ntlm')
    check(challenges(client) == (401, ['NTLM']), f'Ntlm alone: {challenges(client)}')
    check(session.ping() == -1, 'Basic is asked to log on otherwise at its next request')
    check(challenges(client, '/autodiscover/autodiscover.xml')[1] == ['Negotiate', 'NTLM', 'Basic'], 'Autodiscover is not concerned')
    check(client.discover('alice@example.org', {'X-ClientCanHandle': 'Negotiate, ExHttpInfo'}).text('Account/Protocol[2]/AuthPackage') == 'Ntlm', 'AuthPackage')
    administer(server, 'Set-MapiVirtualDirectory', '-IISAuthenticationMethods', '@{Add="Basic"}')
    check(session.ping() == 0, 'with Basic again the same context goes on')
    warned = administer(server, 'Set-MapiVirtualDirectory', '-IISAuthenticationMethods', 'Basic,OAuth')
    check('OAuth' in warned.stderr and 'does not offer' in warned.stderr, f'a method that is not offered: {warned.stderr}')
    refused = administer(server, 'Set-MapiVirtualDirectory', '-IISAuthenticationMethods', 'OAuth', fails=True)
    check('nobody could log on' in refused.stderr and session.ping() == 0, f'nobody could log on: {refused.stderr}')
    administer(server, 'Set-MapiVirtualDirectory', '-IISAuthenticationMethods', 'Negotiate')
    check(challenges(client) == (401, ['Negotiate']), f'Negotiate alone: {challenges(client)}')
    with ntlm_client.Connection(server) as connection:
        client_of_alice = ntlm_client.Client('alice', harness.PASSWORD)
        check(connection.log_on(client_of_alice, '/mapi/emsmdb/', 'Negotiate').status == 200, 'NTLM inside of Negotiate')
        check(connection.ask('/mapi/emsmdb/').status == 200, 'its connection stays logged on')
    with ntlm_client.Connection(server) as connection:
        first = connection.ask('/mapi/emsmdb/', 'NTLM ' + base64.b64encode(client_of_alice.negotiate()).decode())
        check(first.status == 401 and first.challenge('NTLM') is None, 'NTLM of its own is not allowed then')
    administer(server, 'Set-MapiVirtualDirectory', '-IISAuthenticationMethods', 'Basic,Ntlm', '-ExtendedProtectionTokenChecking', 'Require')
    ntlm = subprocess.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', server.certificate, '--ntlm', '-u', f'alice:{harness.PASSWORD}',
                           f'https://localhost:{server.tls_port}/mapi/emsmdb/'], capture_output=True, text=True).stdout
    administer(server, 'Set-MapiVirtualDirectory', '-ExtendedProtectionTokenChecking', 'None')
    open_ntlm = subprocess.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', server.certificate, '--ntlm', '-u', f'alice:{harness.PASSWORD}',
                                f'https://localhost:{server.tls_port}/mapi/emsmdb/'], capture_output=True, text=True).stdout
    check((ntlm, open_ntlm) == ('401', '200'), f'NTLM without channel bindings (curl): required {ntlm}, not looked at {open_ntlm}')
    refused = administer(server, 'Set-MapiVirtualDirectory', '-ExtendedProtectionFlags', 'Proxy', fails=True)
    check('balancer_certificates' in refused.stderr, f"a proxy whose certificate is not known: {refused.stderr}")
    check('not judged' in administer(server, 'Set-MapiVirtualDirectory', '-ExtendedProtectionSPNList', 'HTTP/mail.example.org').stderr, 'SPN list')
    check(shown(server, 'Get-MapiVirtualDirectory')['ExtendedProtectionSPNList'] == ['HTTP/mail.example.org'], 'SPN list shown')
    administer(server, 'Set-MapiVirtualDirectory', '-ApplyDefaults', '$true')


def test_other_process(server, client):
    """What is set in the file while the socket is not used (the server is told by nobody) is taken up too."""
    path, hidden = os.path.join(server.data, 'admin.sock'), os.path.join(server.data, 'hidden.sock')
    os.rename(path, hidden)
    try:
        administer(server, 'Set-MapiVirtualDirectory', '-InternalUrl', 'https://later.example.org/mapi', '-IISAuthenticationMethods', 'Basic,Ntlm,Negotiate')
        check(wait_for(lambda: 'later.example.org' in urls(client)['internal'], 5), 'a change by another process')
        administer(server, 'Set-MapiVirtualDirectory', '-ApplyDefaults', '$true')
        check(wait_for(lambda: 'localhost' in urls(client)['internal'], 5), 'the change taken back')
    finally:
        os.rename(hidden, path)


def test_bad_input(server, client):
    for words, part in (
            (['Set-MapiVirtualDirectory', '-InternalUrl', 'mail.example.org/mapi'], 'InternalUrl'),
            (['Set-MapiVirtualDirectory', '-InternalUrl', 'https://mail.example.org/'], '/mapi'),
            (['Set-MapiVirtualDirectory', '-InternalUrl', 'https://mail.example.org/oab'], '/mapi'),
            (['Set-MapiVirtualDirectory', '-ExternalUrl', 'https://u:p@mail.example.org/mapi'], 'ExternalUrl'),
            (['Set-MapiVirtualDirectory', '-InternalUrl', 'https://mail.example.org:99999/mapi'], 'port'),
            (['Set-MapiVirtualDirectory', '-IISAuthenticationMethods', 'Digest'], 'Digest'),
            (['Set-MapiVirtualDirectory', '-ExtendedProtectionTokenChecking', 'Always'], 'Always'),
            (['Set-MapiVirtualDirectory', '-ExtendedProtectionFlags', 'None,AllowDotlessSPN'], 'None'),
            (['Set-MapiVirtualDirectory', '-Identity', 'ELSEWHERE\\mapi (Default Web Site)', '-InternalUrl', 'https://a.example/mapi'], 'ELSEWHERE'),
            (['Set-MapiVirtualDirectory', '-Identity', 'owa', '-InternalUrl', 'https://a.example/mapi'], 'owa'),
            (['Set-MapiVirtualDirectory', '-Identity', 'oab', '-InternalUrl', 'https://a.example/mapi'], 'oab'),
            (['Set-MapiVirtualDirectory'], 'nothing to change'),
            (['Set-VirtualDirectory', '-InternalUrl', 'https://a.example/mapi'], 'Identity'),
            (['Set-OutlookAnywhere', '-InternalHostname', 'a.example'], 'RPC over HTTP'),
            (['Get-MapiVirtualDirectory', '-Server', 'elsewhere'], 'elsewhere')):
        result = administer(server, *words, fails=True)
        check(part in result.stderr, f'{words}: {result.stderr}')
    check('transport is off' in administer(server, 'Get-OutlookAnywhere').stderr, 'RPC over HTTP')
    check(urls(client)['internal'].startswith(f'https://localhost:{server.tls_port}/'), 'bad input has changed something')
    what_if = administer(server, 'Set-MapiVirtualDirectory', '-InternalUrl', 'https://a.example/mapi', '-WhatIf')
    check('What if' in what_if.stderr + what_if.stdout and 'localhost' in urls(client)['internal'], f'-WhatIf: {what_if.stderr}')


# --- the certificate ---

def make_certificate(server, names, days=90, key=None, name='new'):
    certificate, own_key = os.path.join(server.folder, f'{name}.pem'), os.path.join(server.folder, f'{name}-key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', str(days), '-subj', '/CN=localhost',
                    '-addext', f'subjectAltName={names}', '-keyout', own_key, '-out', certificate], check=True, capture_output=True)
    return certificate, own_key


def problems(report):
    return {(finding['Problem'], finding['Name']) for finding in report['Findings']}


NAMES = 'DNS:localhost,DNS:example.org,DNS:autodiscover.example.org,IP:127.0.0.1'


def test_check(server, client):
    result = administer(server, 'Test-MapiHttpCertificate', '--json')
    report = json.loads(result.stdout)
    report = report[0] if isinstance(report, list) else report
    check(report['Status'] == 'Warning' and report['InUse'] and report['Listening'], f'the one in use: {report}')
    check(problems(report) == {('SelfSigned', None), ('ExpiresSoon', None)}, f'the one in use: {problems(report)}')
    check({'localhost', 'autodiscover.example.org'} == {name['Host'] for name in report['ClientNames']}, f'names looked for: {report["ClientNames"]}')
    check('signed by itself' in result.stderr, f'warnings: {result.stderr}')
    check('certificate: the certificate expires in' in server.log_text(1 << 20), 'the log at the start')
    warned = administer(server, 'Set-MapiVirtualDirectory', '-ExternalUrl', 'https://mail.example.org/mapi')
    check('does not cover mail.example.org' in warned.stderr, f'a URL that the certificate does not cover: {warned.stderr}')
    failed = administer(server, 'cert', 'check', '--json', fails=True)
    check('does not cover mail.example.org (ExternalUrl of mapi)' in failed.stderr, f'an error ends with another status: {failed.stderr}')
    good, good_key = make_certificate(server, NAMES + ',DNS:*.example.org')
    checked_file = administer(server, 'cert', 'check', '--file', good, '--key', good_key, '--json')
    check('NameMissing' not in checked_file.stdout, f'a wildcard covers it: {checked_file.stdout}')
    failed = administer(server, 'cert', 'check', '--file', good, '--key', os.path.join(server.folder, 'key.pem'), fails=True)
    check('does not belong to the certificate' in failed.stderr, f'another key: {failed.stderr}')
    for words, part in ((['--file', '/nowhere.pem'], '/nowhere.pem'), (['--file', 'new.pem'], 'whole path'), (['--key', good_key], 'CertificatePath'),
                        (['--file', good, '--names', 'other.test'], 'other.test'), (['--file', good_key], 'new-key.pem')):
        failed = administer(server, 'cert', 'check', *words, fails=True)
        check(part in failed.stderr, f'{words}: {failed.stderr}')
    administer(server, 'Set-MapiVirtualDirectory', '-ApplyDefaults', '$true')


def serial_seen(server):
    """Of the certificate that a new connection gets, whoever signed it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(('localhost', server.tls_port), 10) as plain, context.wrap_socket(plain, server_hostname='localhost') as tls:
        return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True))


def replace(server, certificate, key):
    """As an ACME client does: new files beside the old ones, moved over them."""
    for new, old in ((certificate, server.certificate), (key, os.path.join(server.folder, 'key.pem'))):
        os.rename(new, old)


def test_reload(server, client):
    session, book = Outlook(client, server.user_dn('alice')), Outlook(client, server.user_dn('alice'))
    check(session.connect() == (0, 0) and book.bind() == 0, 'Connect and Bind')
    kept = http.client.HTTPSConnection('localhost', server.tls_port, context=client.context, timeout=30)
    kept.request('GET', '/mapi/healthcheck.htm')
    kept.getresponse().read()
    before, mark = serial_seen(server), len(server.log_text(1 << 20))

    # A pair that does not fit: refused, logged, nobody notices.
    bad, bad_key = make_certificate(server, NAMES, name='bad')
    os.unlink(bad_key)
    good_copy = os.path.join(server.folder, 'old.pem')
    os.rename(server.certificate, good_copy)
    os.rename(bad, server.certificate)
    server.reload()
    check(wait_for(lambda: 'the certificate stays as it was' in server.log_text(1 << 20)[mark:]), 'a certificate without its key: the log')
    check(wait_for(lambda: 'does not belong to the certificate' in server.log_text(1 << 20)[mark:]), 'a certificate without its key: why')
    check(serial_seen(server) == before and session.ping() == 0, 'the old one serves on')
    report = json.loads(administer(server, 'cert', 'check', '--json', fails=True).stdout)
    report = report[0] if isinstance(report, list) else report
    check(report['InUse'] is False and ('KeyMismatch', None) in problems(report), f'the file is not the one in use: {problems(report)}')
    os.rename(good_copy, server.certificate)

    # Renewed: new connections get it, contexts and connections go on.
    certificate, key = make_certificate(server, NAMES, name='renewed')
    replace(server, certificate, key)
    server.reload()
    check(wait_for(lambda: serial_seen(server) != before), 'the new one is not taken')
    kept.request('GET', '/mapi/healthcheck.htm')
    check(kept.getresponse().status == 200, 'a connection that began with the old certificate goes on')
    kept.close()
    client.context = ssl.create_default_context(cafile=server.certificate)
    check(session.ping() == 0 and session.execute() == 0, 'the context goes on by connections with the new certificate')
    check(book.ping('/mapi/nspi/') == 0, "the address book's context too")
    report = json.loads(administer(server, 'Test-MapiHttpCertificate', '--json').stdout)
    report = report[0] if isinstance(report, list) else report
    check(report['InUse'] and report['DaysLeft'] >= 89 and problems(report) == {('SelfSigned', None)}, f'renewed: {report}')

    # By the hook of an ACME client.
    command = os.path.join(server.folder, 'mapihttp')
    with open(command, 'w', encoding='ascii') as file:
        file.write(f'#!/bin/sh\nfirst=$1 second=$2; shift 2\nexec {harness.program("mapihttp")} "$first" "$second" --config {server.configuration} "$@"\n')
    os.chmod(command, 0o755)
    lineage = os.path.join(server.folder, 'live')
    os.mkdir(lineage)
    environment = dict(os.environ, MAPIHTTP=command, MAPIHTTP_TLS_FOLDER=server.folder, MAPIHTTP_RELOAD=f'kill -HUP {server.process.pid}', RENEWED_LINEAGE=lineage)
    hook = os.path.join(harness.ROOT, 'packaging/acme/deploy-hook')
    before = serial_seen(server)
    certificate, key = make_certificate(server, NAMES, name='acme')
    os.rename(certificate, os.path.join(lineage, 'fullchain.pem'))
    with open(os.path.join(lineage, 'privkey.pem'), 'w', encoding='ascii') as file:
        file.write('none\n')
    result = subprocess.run([hook], env=environment, capture_output=True, text=True)
    check(result.returncode == 1 and 'stays' in result.stderr and serial_seen(server) == before, f'a key that is none: {result}')
    check(not [name for name in os.listdir(server.folder) if name.startswith('.')], 'nothing is left over')
    os.rename(key, os.path.join(lineage, 'privkey.pem'))
    result = subprocess.run([hook], env=environment, capture_output=True, text=True)
    check(result.returncode == 0 and wait_for(lambda: serial_seen(server) != before), f'the hook: {result}')
    check(os.stat(os.path.join(server.folder, 'key.pem')).st_mode & 0o777 == 0o600, 'the key is for its owner alone')
    client.context = ssl.create_default_context(cafile=server.certificate)
    check(session.ping() == 0, 'the context goes on')

    # One that lacks a name is taken, and said so.
    mark = len(server.log_text(1 << 20))
    certificate, key = make_certificate(server, 'DNS:localhost,DNS:other.test', name='narrow')
    administer(server, 'Set-MapiVirtualDirectory', '-InternalUrl', 'https://inside.example.org/mapi')
    replace(server, certificate, key)
    server.reload()
    check(wait_for(lambda: 'does not cover inside.example.org (InternalUrl of mapi)' in server.log_text(1 << 20)[mark:]), 'a lacking name: the log')
    administer(server, 'Set-MapiVirtualDirectory', '-ApplyDefaults', '$true')


def main():
    settings = {'authentication': {'methods': 'basic ntlm negotiate', 'failure_delay': '0'}, 'autodiscover': {'requests_per_user': 0, 'requests_per_address': 0}}
    with harness.Server(settings) as server:
        client = Client(server)
        server._admin('user', 'set', 'alice', '--ntlm', 'yes')
        server._admin('user', 'set-password', 'alice', input=harness.PASSWORD + '\n')
        test_addresses(server, client)
        test_log_on(server, client)
        test_other_process(server, client)
        test_bad_input(server, client)
        test_check(server, client)
        test_reload(server, client)
    print(f'{checked} checks, {len(failures)} failed')
    raise SystemExit(1 if failures else 0)


if __name__ == '__main__':
    main()
