"""The client's side of every way to log on: commands with --auth basic, ntlm, negotiate and bearer against our server, each alone
and all offered; where secrets come from, and where they are never sent."""
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

import harness
import identity_provider
import kerberos_realm

NAMES = {'basic': 'Basic', 'ntlm': 'NTLM', 'negotiate': 'Nego', 'bearer': 'Bearer'}


class Listener:
    """A web server that is not ours: keeps what it was sent, answers what it was told."""
    def __init__(self, status=401, headers=()):
        self.seen = []
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self):
                listener.seen.append((self.command, self.path, self.headers.get('Authorization')))
                self.rfile.read(int(self.headers.get('Content-Length') or 0))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header('Content-Length', '0')
                self.end_headers()

            do_GET = do_POST = answer

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def secrets(self):
        return [row for row in self.seen if row[2]]


class ClientAuthenticationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.realm = kerberos_realm.Realm()
        cls.realm.add_user('alice')
        cls.realm.add_service('HTTP/localhost')
        cls.realm.write_keytab('HTTP/localhost')
        os.environ['KRB5_CONFIG'] = cls.realm.configuration
        cls.ticket = cls.realm.log_on('alice')
        cls.provider = identity_provider.Provider()
        cls.key = cls.provider.add_key('one')
        cls.server = harness.Server(cls.settings('basic ntlm negotiate bearer'))
        cls.server._admin('user', 'set', 'alice', '--ntlm', 'yes')
        cls.server._admin('user', 'set-password', 'alice', input=harness.PASSWORD + '\n')
        cls.folder = tempfile.mkdtemp(prefix='client-authentication-')

    @classmethod
    def settings(cls, methods, **more):
        return {'authentication': {'methods': methods, 'failure_delay': '0ms', 'failures_per_account': '0', 'failures_per_address': '0',
                                   **more},
                'kerberos': {'keytab': cls.realm.keytab},
                'bearer': {'jwks': cls.provider.jwks_path, 'issuers': cls.provider.issuer, 'audiences': cls.provider.audience}}

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.__exit__()
        cls.realm.close()
        cls.provider.close()
        shutil.rmtree(cls.folder)
        del os.environ['KRB5_CONFIG']

    def restart(self, methods, **more):
        self.server.stop()
        self.server.configure(self.settings(methods, **more))
        self.server.start()

    def file(self, text):
        path = os.path.join(self.folder, 'secret')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text + '\n')
        return path

    def run_command(self, name, *words, method=None, password=harness.PASSWORD, token=None, ticket=True, environment=None, server=True):
        variables = {key: value for key, value in (self.ticket if ticket else self.realm.environment('nobody')).items()
                     if not key.startswith('MAPIHTTP_P')}
        variables.update(environment or {})
        secret = ['--password-file', self.file(password)] if password is not None and method not in ('bearer', 'negotiate') else \
                 ['--token-file', self.file(token or self.provider.token(self.key))] if method == 'bearer' and token != '' else []
        target = ['--server', f'localhost:{self.server.tls_port}', '--ca-file', self.server.certificate] if server else []
        return subprocess.run([harness.program('mapihttp'), name, '--address', 'alice@example.org', *target, *secret,
                               *(['--auth', method] if method else []), *words], capture_output=True, text=True, env=variables,
                              stdin=subprocess.DEVNULL, timeout=60)

    def good(self, name, *words, **options):
        result = self.run_command(name, *words, **options)
        self.assertEqual(result.returncode, 0, (name, options, result.stderr, result.stdout, self.server.log_text()))
        return result.stdout

    def used(self, **options):
        """By which method the client says that it logged on; the server must have taken it."""
        return {row['authn'] for row in json.loads(self.good('status', '--json', **options))['connections']}

    def test_each_method(self):
        for method, name in NAMES.items():
            with self.subTest(method):
                self.assertEqual(self.used(method=method), {name})
                self.good('test', method=method)
                self.good('list', 'Inbox', method=method)
                self.good('whoami', method=method)
                self.good('gal', method=method)

    def test_each_log_on_is_written_down(self):
        """MailboxLogin in the mailbox audit whatever the method (Exchange: not for NTLM and Kerberos)."""
        def operate(*words):
            return subprocess.run([harness.program('mapihttp'), *words], capture_output=True, text=True, check=True,
                                  env=dict(os.environ, MAPIHTTP_CONFIG=self.server.configuration)).stdout

        operate('Set-Mailbox', 'alice', '-AuditOwner', 'MailboxLogin', '-AuditEnabled', '$true')
        for method, name in (('basic', 'Basic'), ('ntlm', 'NTLM'), ('negotiate', 'Kerberos'), ('bearer', 'Bearer')):
            with self.subTest(method):
                self.good('list', 'Inbox', '--client-application', 'Outlook/16.0.17726.20126', method=method)
                row = json.loads(operate('Search-MailboxAuditLog', 'alice', '-LogonTypes', 'Owner', '-ShowDetails', '-ResultSize', '1', '--json'))[0]
                self.assertEqual((row['Operation'], row['AuthenticationType'], row['LogonUserUPN'], row['ClientVersion']),
                                 ('MailboxLogin', name, 'alice@example.org', '16.0.17726.20126'))
                self.assertIn('Outlook/16.0.17726.20126', row['ClientInfoString'])
        operate('Set-Mailbox', 'alice', '-AuditEnabled', '$false')

    def test_each_method_alone(self):
        """Nothing else is offered: no other way is taken."""
        for method, name in NAMES.items():
            with self.subTest(method):
                self.restart(method)
                self.assertEqual(self.used(method=method), {name})
                others = set(NAMES) - {method}
                for other in others:
                    result = self.run_command('test', method=other)
                    self.assertNotEqual(result.returncode, 0, (method, other))
        self.restart('basic ntlm negotiate bearer')

    def test_found_by_what_is_offered(self):
        """Without --auth: the strongest that password or ticket can serve."""
        self.assertEqual(self.used(), {'NTLM'})
        self.restart('basic bearer')
        self.assertEqual(self.used(), {'Basic'})
        self.restart('basic ntlm negotiate bearer')
        token = self.file(self.provider.token(self.key))
        self.assertEqual(self.used(password=None, environment={'MAPIHTTP_PASSWORD': 'unused'}, method='bearer'), {'Bearer'})
        result = self.run_command('status', '--json', '--token-file', token, password=None)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_where_secrets_come_from(self):
        token = self.provider.token(self.key, padding='x' * 5000)  # longer than a line of stdio's buffer
        self.good('test', method='bearer', token=token)
        self.good('test', method='bearer', token='', environment={'MAPIHTTP_TOKEN': token})
        self.good('test', password=None, environment={'MAPIHTTP_PASSWORD': harness.PASSWORD})
        self.assertNotEqual(self.run_command('test', '--token-file', self.file(token), method='basic', password=None).returncode, 0)
        self.assertNotEqual(self.run_command('test', '--token-file', self.file(''), method='bearer', token='').returncode, 0)
        result = self.run_command('test', password=None)
        self.assertIn('no password', result.stderr)

    def test_wrong_secrets(self):
        self.assertNotEqual(self.run_command('test', method='basic', password='wrong').returncode, 0)
        self.assertNotEqual(self.run_command('test', method='ntlm', password='wrong').returncode, 0)
        self.assertNotEqual(self.run_command('test', method='negotiate', ticket=False).returncode, 0)
        expired = self.provider.token(self.key, lifetime_s=-600)
        self.assertNotEqual(self.run_command('test', method='bearer', token=expired).returncode, 0)
        for result in (self.run_command('list', 'Inbox', method='basic', password='wrong'),
                       self.run_command('list', 'Inbox', method='bearer', token=expired)):
            self.assertNotEqual(result.returncode, 0)
            self.assertNotIn('wrong', result.stderr + result.stdout)
            self.assertNotIn(expired, result.stderr + result.stdout)

    def test_long_session(self):
        """Many requests over connections that come and go: each new one logs on again by itself."""
        for method in NAMES:
            with self.subTest(method):
                self.good('folders', method=method)
                self.restart('basic ntlm negotiate bearer', remember='0s')
                self.good('folders', method=method)

    def test_nothing_over_plain_http(self):
        listener = Listener(headers=[('WWW-Authenticate', offer) for offer in ('Basic realm="x"', 'NTLM', 'Negotiate', 'Bearer')])
        for method in (None, *NAMES):
            result = self.run_command('test', '--url', 'http://mail.example.org/mapi/emsmdb/', '--dn', '/o=x/cn=y', '--resolve',
                                      f'mail.example.org=127.0.0.1:{listener.port}', method=method, server=False)
            self.assertNotEqual(result.returncode, 0)
            self.assertEqual(listener.secrets, [], method)
        listener.close()

    def test_nothing_to_another_host(self):
        """An endpoint that redirects is not followed, with or without credentials."""
        other = Listener(headers=[('WWW-Authenticate', 'Basic realm="x"'), ('WWW-Authenticate', 'NTLM')])
        redirecting = Listener(302, [('Location', f'http://127.0.0.1:{other.port}/mapi/emsmdb/')])
        for method in NAMES:
            result = self.run_command('test', '--url', f'http://localhost:{redirecting.port}/mapi/emsmdb/', '--dn', '/o=x/cn=y',
                                      method=method, server=False)
            self.assertNotEqual(result.returncode, 0)
        self.assertTrue(redirecting.seen)
        self.assertEqual(other.seen, [])
        other.close()
        redirecting.close()


if __name__ == '__main__':
    kerberos_realm.require()
    unittest.main(verbosity=2)
