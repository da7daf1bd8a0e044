"""mapihttp discover and dns against servers that do what servers on the way do: redirect to strangers, answer with the wrong
certificate, go in circles, send junk. The rule under test: credentials reach no host to which the address does not lead."""
import base64
import json
import os
import pty
import shutil
import subprocess
import tempfile

import fake_web
import harness

ADDRESS = 'ada@example.test'
PASSWORD = 'a password that must not get lost'
FOLDER = tempfile.mkdtemp(prefix='mapihttp-discover-')
web = fake_web.Web(FOLDER)
failures = []
checked = 0


def check(condition, text):
    global checked
    checked += 1
    if not condition:
        failures.append(text)
        print('FAILED:', text)


class Run:
    """discover ADDRESS with these sites and no other names."""

    def __init__(self, name, *sites, words=(), records=()):
        self.name, self.sites = name, sites
        resolve = [word for site in sites for word in ('--resolve', site.resolve)]
        resolve += [word for record in records for word in ('--resolve', record)]
        result = subprocess.run([harness.program('mapihttp'), 'discover', ADDRESS, '--json', '--ca-file', web.ca, '--timeout', '5',
                                 *resolve, '--resolve', '*=', *words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                env=dict(os.environ, MAPIHTTP_PASSWORD=PASSWORD), timeout=100, start_new_session=True)
        self.status, self.error = result.returncode, result.stderr
        try:
            self.answer = json.loads(result.stdout)
        except ValueError:
            self.answer = {'settings': None, 'steps': [], 'error': result.stdout}
            check(False, f'{name}: no JSON: {result.stdout!r} {result.stderr!r}')
        self.steps = self.answer['steps']
        for site in sites:
            for request in site.credentials:
                check(request[0] == 'https', f'{name}: credentials over {request[0]} to {site.name}')
                check(request[1] == 'POST', f'{name}: credentials with {request[1]}')

    def verdicts(self):
        return ' | '.join(f"{step['way']}: {step['verdict']}" for step in self.steps)

    def found(self, expected=True):
        check((self.status == 0) == expected and (self.answer['settings'] is not None) == expected,
              f'{self.name}: status {self.status}; {self.verdicts()} {self.error}')
        return self

    def says(self, text):
        check(text in self.verdicts() or text in self.answer['error'], f'{self.name}: {text!r} is not in {self.verdicts()}')
        return self

    def kept_from(self, *sites):
        for site in sites:
            check(not site.credentials, f'{self.name}: {site.name} got credentials')
        return self

    def given_to(self, site):
        expected = 'Basic ' + base64.b64encode(f'{ADDRESS}:{PASSWORD}'.encode()).decode()
        check([request[3]['authorization'] for request in site.credentials] == [expected] * len(site.credentials) and site.credentials,
              f'{self.name}: {site.name} got no credentials, or others')
        return self


def domain(answers, **options):
    return web.site('example.test', answers, **options)


def autodiscover(answers, **options):
    return web.site('autodiscover.example.test', answers, **options)


P = fake_web.PATH


def test_ways():
    site = domain({P: fake_web.settings()})
    run = Run('domain', site).found().given_to(site).says('settings: mapiHttp EXHTTP')
    check([step['way'] for step in run.steps] == ['active directory', 'domain'], f'domain: {run.verdicts()}')
    check(run.answer['settings']['mailbox'].startswith('https://mail.example.test/mapi/emsmdb/'), 'domain: mailbox')
    check(run.steps[1]['host']['tls']['verified'] and 'example.test' in run.steps[1]['host']['tls']['names'] and
          run.steps[1]['host']['tls']['expires'], f"domain: {run.steps[1]['host']}")
    check(run.steps[1]['credentials'] == 'Basic', 'domain: credentials')

    first, second = domain({}), autodiscover({P: fake_web.settings()})
    Run('autodiscover host', first, second).found().given_to(second).kept_from(first).says('HTTP status 404')

    refusing, second = domain({P: fake_web.Answer(401, headers={'WWW-Authenticate': 'Basic realm="x"'})}), autodiscover({P: fake_web.settings()})
    Run('401 goes on', refusing, second).found().given_to(second).says('HTTP status 401, asks for a log-on by Basic')

    erring, second = domain({P: fake_web.error(500)}), autodiscover({P: fake_web.settings()})
    Run('error 500 goes on', erring, second).found().says('error 500 no')

    site = autodiscover({P: fake_web.settings()})
    run = Run('all ways', domain({P: fake_web.settings()}), site, words=['--all']).found().given_to(site)
    check([step['way'] for step in run.steps] == ['active directory', 'domain', 'autodiscover host', 'http redirect', 'service record',
                                                 'json', 'json', 'local file', 'cache'], f'all ways: {run.verdicts()}')
    run = Run('nothing at all').found(False).says('the name does not exist').says('no such record')
    check(run.status == 1, 'nothing at all: exit status')


def test_no_password():
    site = domain({P: fake_web.settings()})
    run = Run('no password', site, words=['--no-password']).found(False).kept_from(site).says('asks for a log-on by Basic')
    check(run.steps[1]['credentials'] == 'Anonymous' and run.steps[1]['offered'] == 'Basic', 'no password: what is offered')
    site = domain({P: fake_web.settings()}, certificate=web.certificate('other.test'))
    Run('insecure', site, words=['--insecure']).found(False).kept_from(site).says('asks for a log-on by Basic')


def test_certificates():
    second = autodiscover({P: fake_web.settings()})
    wrong = domain({P: fake_web.settings()}, certificate=web.certificate('shop.test', 'www.shop.test'))
    run = Run('wrong name', wrong, second).found().kept_from(wrong).given_to(second)
    check('shop.test' in run.steps[1]['host']['tls']['names'] and not run.steps[1]['host']['tls']['verified'], 'wrong name: shown')
    check(not wrong.requests, 'wrong name: something was asked')
    unknown = domain({P: fake_web.settings()}, certificate=web.certificate('example.test', trusted=False))
    Run('unknown authority', unknown, autodiscover({P: fake_web.settings()})).found().kept_from(unknown)
    expired = domain({P: fake_web.settings()}, certificate=web.certificate('example.test', days='-1')) if expiry_possible() else None
    if expired:
        Run('expired', expired, autodiscover({P: fake_web.settings()})).found().kept_from(expired)


def expiry_possible():
    try:
        web.certificate('probe.test', days='-1')
        return True
    except subprocess.CalledProcessError:
        return False


def test_http_redirect():
    def stranger():
        return web.site('mail.hosting.test', {P: fake_web.settings()})
    way = {'http ' + P: fake_web.redirect('https://mail.hosting.test' + P)}
    evil = stranger()
    plain = autodiscover(way)
    Run('plain redirect to a stranger', plain, evil).found(False).kept_from(evil, plain).says('does not lead to mail.hosting.test')
    check(not evil.requests, 'plain redirect to a stranger: it was asked something')
    allowed = stranger()
    Run('plain redirect allowed', autodiscover(way), allowed, words=['--allow-redirect', 'MAIL.hosting.test']).found().given_to(allowed)
    other = stranger()
    Run('another one allowed', autodiscover(way), other, words=['--allow-redirect', 'hosting.test']).found(False).kept_from(other)
    below = web.site('mail.example.test', {P: fake_web.settings()})
    Run('plain redirect below the domain', autodiscover({'http ' + P: fake_web.redirect('https://mail.example.test' + P)}), below) \
        .found(False).kept_from(below).says('does not lead to mail.example.test')
    back = domain({'https ' + P: [fake_web.Answer(404), fake_web.settings(), fake_web.settings()]})
    Run('plain redirect back to the domain', autodiscover({'http ' + P: fake_web.redirect('https://example.test/Autodiscover/other.xml')}),
        back).found(False)
    plain = autodiscover({'http ' + P: fake_web.redirect('http://autodiscover.example.test' + P)})
    Run('plain redirect to http', plain).found(False).kept_from(plain).says('no redirect to an https URL')
    plain = autodiscover({'http ' + P: fake_web.settings()})
    Run('settings over http', plain).found(False).kept_from(plain)
    plain = autodiscover({'http ' + P: fake_web.Answer(401, headers={'WWW-Authenticate': 'Basic realm="x"'})})
    Run('401 over http', plain).found(False).kept_from(plain)
    evil = stranger()
    Run('user name in the URL', autodiscover({'http ' + P: fake_web.redirect('https://autodiscover.example.test@mail.hosting.test' + P)}), evil) \
        .found(False).kept_from(evil).says('user name in the URL')


def test_https_redirect():
    evil = web.site('evil.test', {P: fake_web.settings()})
    Run('302 to a stranger', domain({P: fake_web.redirect('https://evil.test' + P)}), evil).found(False).kept_from(evil).says('does not lead to evil.test')
    evil = web.site('example.test.evil.test', {P: fake_web.settings()})
    Run('302 to a name that begins well', domain({P: fake_web.redirect('https://example.test.evil.test' + P)}), evil).found(False).kept_from(evil)
    below = web.site('mail.example.test', {P: fake_web.settings()})
    Run('302 below the domain', domain({P: fake_web.redirect('https://mail.example.test' + P)}), below).found().given_to(below)
    plain = web.site('mail.example.test', {P: fake_web.settings()})
    Run('302 to http', domain({P: fake_web.redirect('http://mail.example.test' + P)}), plain).found(False).kept_from(plain).says('not https')
    local = web.site('127.0.0.1', {P: fake_web.settings()})
    Run('302 to this machine', domain({P: fake_web.redirect(f'http://127.0.0.1:{local.port}{P}')}), local).found(False).kept_from(local)
    second = autodiscover({P: fake_web.settings()})
    Run('302 without Location', domain({P: fake_web.Answer(302)}), second).found().given_to(second)
    evil = web.site('evil.test', {P: fake_web.settings()})
    wrong = domain({P: fake_web.redirect('https://evil.test' + P)}, certificate=web.certificate('shop.test'))
    Run('302 of an unverified host', wrong, evil).found(False).kept_from(evil, wrong)


def test_answers_that_redirect():
    def url(to):
        return fake_web.account(f'<Action>redirectUrl</Action><RedirectUrl>{to}</RedirectUrl>')

    def address(to):
        return fake_web.account(f'<Action>redirectAddr</Action><RedirectAddr>{to}</RedirectAddr>')
    evil = web.site('evil.test', {P: fake_web.settings()})
    Run('redirectUrl to a stranger', domain({P: url('https://evil.test' + P)}), evil).found(False).kept_from(evil).says('does not lead to evil.test')
    below = web.site('mail.example.test', {P: fake_web.settings()})
    Run('redirectUrl below the domain', domain({P: url('https://mail.example.test' + P)}), below).found().given_to(below)
    evil = web.site('evil.test', {P: fake_web.settings()})
    Run('redirectAddr to a stranger', domain({P: address('ada@evil.test')}), evil).found(False).kept_from(evil).says('does not lead to evil.test')
    other = web.site('other.test', {P: fake_web.settings()})
    Run('redirectAddr allowed', domain({P: address('ada@other.test')}), other, words=['--allow-redirect', 'other.test']).found().given_to(other)
    site = domain({P: [address('bob@example.test')] * 2 + [fake_web.settings()] * 2})
    run = Run('redirectAddr in the domain', site).found()
    check(b'bob@example.test' in site.requests[-1][4], 'redirectAddr in the domain: the new address was not asked for')
    check(run.answer['settings']['address'] == 'bob@example.test', 'redirectAddr in the domain: address')
    Run('redirectAddr to nothing', domain({P: address('nobody')})).found(False).says('a redirect to what is no address')


def test_circles():
    a = domain({P: fake_web.redirect('https://autodiscover.example.test' + P)})
    b = autodiscover({P: fake_web.redirect('https://example.test' + P)})
    Run('a circle', a, b).found(False).says('goes in circles')
    check(len(a.requests) < 5 and len(b.requests) < 6, f'a circle: {len(a.requests)} and {len(b.requests)} requests')

    def further(target, _headers, _body):
        number = int(target.rsplit('/', 1)[1]) if '/n/' in target else 0
        return fake_web.redirect(f'https://example.test/n/{number + 1}')
    site = domain({P: further, **{f'/n/{i}': further for i in range(100)}})
    Run('redirects without end', site).found(False).says('too many redirects')
    check(len(site.requests) <= 12, f'redirects without end: {len(site.requests)} requests')


def test_service_record():
    name = '_autodiscover._tcp.example.test'
    other = web.site('mail.hosting.test', {P: fake_web.settings()})
    Run('SRV to a stranger', other, records=[f'{name}=mail.hosting.test:443']).found(False).kept_from(other) \
        .says('does not lead to mail.hosting.test')
    other = web.site('mail.hosting.test', {P: fake_web.settings()})
    Run('SRV allowed', other, words=['--allow-redirect', 'mail.hosting.test'], records=[f'{name}=mail.hosting.test:8443']).found().given_to(other)
    below = web.site('mail.example.test', {P: fake_web.settings()})
    Run('SRV below the domain', below, records=[f'{name}=mail.example.test:443']).found(False).kept_from(below)


def json_answer(url):
    return fake_web.Answer(body=json.dumps({'Protocol': 'AutodiscoverV1', 'Url': url}), headers={'Content-Type': 'application/json'})


def test_json():
    site = domain({fake_web.JSON_PATH: json_answer('https://mail.example.test' + P)})
    below = web.site('mail.example.test', {P: fake_web.settings()})
    Run('json below the domain', site, below).found().given_to(below).kept_from(site)
    check(any('Email=ada@example.test&Protocol=AutodiscoverV1' in request[2] for request in site.requests), 'json: the question')
    evil = web.site('evil.test', {P: fake_web.settings()})
    Run('json to a stranger', domain({fake_web.JSON_PATH: json_answer('https://evil.test' + P)}), evil).found(False).kept_from(evil)
    Run('json in circles', domain({fake_web.JSON_PATH: json_answer('https://example.test' + P)})).found(False).says('goes in circles')
    asking = domain({fake_web.JSON_PATH: fake_web.Answer(401, headers={'WWW-Authenticate': 'Basic realm="x"'})})
    Run('json that asks for a log-on', asking).found(False).kept_from(asking)
    Run('json that is none', domain({fake_web.JSON_PATH: fake_web.Answer(body='<html>')})).found(False).says('no answer of Autodiscover version 2')


def test_junk():
    bomb = '<!DOCTYPE a [<!ENTITY a "1234567890">' + ''.join(
        f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)) + ']><Autodiscover><Response>&j;</Response></Autodiscover>'
    entity = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]><Autodiscover><Response><Account>&a;</Account></Response></Autodiscover>'
    for name, answer, says in (
            ('entities that grow', fake_web.Answer(body=bomb), ''), ('a file as entity', fake_web.Answer(body=entity), 'document type'),
            ('a page', fake_web.Answer(body='<!DOCTYPE html><html><body>Welcome</body></html>'), ''),
            ('nothing', fake_web.Answer(), 'not well-formed XML'), ('noise', fake_web.Answer(body=os.urandom(5000)), ''),
            ('2 MB', fake_web.Answer(body=b'<a>' + b'x' * 2000000 + b'</a>'), ''), ('half an answer', fake_web.Answer(body='x' * 500, cut=200), ''),
            ('silence', fake_web.Answer(pause=30), 'no sign of life'), ('503', fake_web.Answer(503), 'HTTP status 503'),
            ('redirect to nowhere', fake_web.account('<Action>redirectUrl</Action>'), 'a redirect to nowhere'),
            ('a mailbox without TLS', fake_web.settings('http://mail.example.test/mapi/emsmdb/'), 'the mailbox\'s address is not https')):
        second = autodiscover({P: fake_web.settings()})
        Run(name, domain({P: answer}), second, words=['--timeout', '2']).found().given_to(second).says(says)
    site = domain({P: fake_web.account('<Action>settings</Action><Protocol><Type>EXPR</Type></Protocol>')})
    Run('no MAPI over HTTP', site).found(False).says('the server offers no MAPI over HTTP for this mailbox, but EXPR')


def test_session():
    """Other commands find their server by the same rules."""
    evil = web.site('mail.hosting.test', {P: fake_web.settings()})
    way = autodiscover({'http ' + P: fake_web.redirect('https://mail.hosting.test' + P)})
    result = subprocess.run([harness.program('mapihttp'), 'folders', '--address', ADDRESS, '--ca-file', web.ca, '--resolve', way.resolve,
                             '--resolve', evil.resolve, '--resolve', '*='], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            env=dict(os.environ, MAPIHTTP_PASSWORD=PASSWORD), timeout=60, start_new_session=True)
    check(result.returncode == 1 and '--allow-redirect' in result.stderr, f'folders: {result.returncode} {result.stderr}')
    check(not evil.requests, 'folders: the stranger was asked')


def on_a_terminal(answer, *sites):
    """discover with a terminal, on which the question is answered."""
    process, terminal = pty.fork()
    if process == 0:
        resolve = [word for site in sites for word in ('--resolve', site.resolve)]
        os.environ['MAPIHTTP_PASSWORD'] = PASSWORD
        os.execv(harness.program('mapihttp'), ['mapihttp', 'discover', ADDRESS, '--ca-file', web.ca, '--timeout', '5', *resolve, '--resolve', '*='])
    seen = b''
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        if b'[y/N] ' in part or seen.endswith(b'[y/N] '):
            os.write(terminal, answer + b'\n')
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), seen.decode()


def test_question():
    try:
        for file in os.openpty():
            os.close(file)
    except OSError as error:
        print(f'no terminal to be had ({error}): the question is not tried')
        return
    for answer, allowed in ((b'y', True), (b'n', False), (b'', False), (b'x', False)):
        other = web.site('mail.hosting.test', {P: fake_web.settings()})
        way = autodiscover({'http ' + P: fake_web.redirect('https://mail.hosting.test' + P)})
        status, seen = on_a_terminal(answer, way, other)
        check('does not lead to the host mail.hosting.test' in seen and 'May it have your password?' in seen, f'question: {seen}')
        check((status == 0) == allowed and bool(other.credentials) == allowed, f'question, answered {answer}: {status} {seen}')


def test_text():
    site = domain({P: fake_web.redirect('https://evil.test/\x1b[2Jx')})
    result = subprocess.run([harness.program('mapihttp'), 'discover', ADDRESS, '--ca-file', web.ca, '--resolve', site.resolve, '--resolve', '*='],
                            capture_output=True, text=True, stdin=subprocess.DEVNULL, env=dict(os.environ, MAPIHTTP_PASSWORD=PASSWORD),
                            timeout=60, start_new_session=True)
    check('\x1b' not in result.stdout, 'text: an escape sequence of a server reaches the terminal')
    for part in ('domain  POST https://example.test' + P, 'good; certificate for DNS:example.test, until ', 'HTTP 302 after ', 'verdict'):
        check(part in result.stdout, f'text: {part!r} is not in {result.stdout}')


# --- mapihttp dns ---

def dns(records, *words):
    server = fake_web.Dns(records)
    result = subprocess.run([harness.program('mapihttp'), 'dns', 'example.test', '--check', '--json', '--resolver', server.address, *words],
                            capture_output=True, text=True, timeout=60)
    server.close()
    rows = {row['name']: row for row in json.loads(result.stdout)}
    return result.returncode, rows


def test_dns():
    a, b = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
    mail, auto, service = 'mail.example.test', 'autodiscover.example.test', '_autodiscover._tcp.example.test'
    status, rows = dns({(mail, 1): [a], (auto, 5): [mail]})
    check(status == 0 and rows[mail]['verdict'] == 'good' and rows[auto]['verdict'] == 'good' and 'CNAME mail.example.test' in rows[auto]['now']
          and 'missing' in rows[service]['verdict'], f'dns, alias: {rows}')
    status, rows = dns({(mail, 1): [a], (mail, 28): [bytes(15) + b'\1'], (auto, 1): [a], ('example.test', 1): [b]})
    check(status == 0 and rows[auto]['verdict'] == 'good' and '::1' in rows[mail]['now'] and 'another server' in rows['example.test']['verdict'],
          f'dns, address: {rows}')
    status, rows = dns({(mail, 1): [a], (auto, 1): [b]})
    check(status == 1 and rows[auto]['verdict'] == 'leads elsewhere', f'dns, elsewhere: {status} {rows}')
    status, rows = dns({(mail, 1): [a]})
    check(status == 1 and rows[auto]['verdict'] == 'missing', f'dns, missing: {status} {rows}')
    status, rows = dns({(auto, 1): [b]})
    check(status == 1 and rows[mail]['verdict'].startswith('missing'), f'dns, no server: {status} {rows}')
    srv = fake_web.Dns.srv
    status, rows = dns({(mail, 1): [a], (service, 33): [srv(20, 0, 443, 'old.test'), srv(10, 5, 443, mail)]})
    check(status == 0 and rows[service]['verdict'] == 'good' and rows[service]['now'] == '10 5 443 mail.example.test', f'dns, SRV: {status} {rows}')
    status, rows = dns({(mail, 1): [a], (service, 33): [srv(0, 0, 443, 'mail.old.test')]})
    check(status == 1 and rows[service]['verdict'] == 'leads elsewhere', f'dns, SRV elsewhere: {rows}')
    status, rows = dns({(mail, 1): [a], (service, 33): [srv(0, 0, 0, '')]})
    check(status == 1 and 'not offered' in rows[service]['verdict'], f'dns, SRV none: {rows}')
    status, rows = dns({(mail, 1): [a], (service, 33): [srv(0, 0, 8443, mail)]})
    check(status == 1 and 'port' in rows[service]['verdict'], f'dns, SRV port: {rows}')
    status, rows = dns({(mail, 1): [a], (auto, 5): ['gone.test']})
    check(status == 1 and rows[auto]['verdict'] == 'its target does not exist', f'dns, dangling alias: {rows}')
    status, rows = dns({('host.test', 1): [a], (auto, 1): [a]}, '--server', 'host.test')
    check(status == 0 and rows['host.test']['verdict'] == 'good' and rows[auto]['value'] == 'host.test', f'dns, --server: {rows}')
    status, rows = dns({(auto, 1): [a]}, '--server', auto)
    check(status == 0 and rows[auto]['type'] == 'A, AAAA', f'dns, the host is autodiscover itself: {rows}')
    for words in (['no_domain'], ['a..b'], ['-x.test'], [], ['a.test', 'b.test'], ['a.test', '--resolver', 'x']):
        result = subprocess.run([harness.program('mapihttp'), 'dns', *words], capture_output=True, text=True)
        check(result.returncode == 2, f'dns {words}: {result.returncode}')


try:
    for name, function in sorted(globals().items()):
        if name.startswith('test_'):
            function()
finally:
    web.close()
    shutil.rmtree(FOLDER, ignore_errors=True)
print(f'{checked} checks, {len(failures)} failed')
raise SystemExit(1 if failures else 0)
