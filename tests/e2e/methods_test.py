"""Every way to log on at every endpoint, by curl: --basic, --ntlm, --negotiate with a ticket, a bearer token; wrong credentials of
each; methods switched off for the server, for an endpoint, for a mailbox; NTLM without its handshake."""
import base64
import http.client
import os
import re
import ssl
import struct
import subprocess
import time
import unittest

import endpoints
import harness
import identity_provider
import kerberos_realm

WRONG = 'not that password'


def add_nt_hash(server, user):
    server._admin('user', 'set', user, '--ntlm', 'yes')
    server._admin('user', 'set-password', user, input=harness.PASSWORD + '\n')


class MethodsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.realm = kerberos_realm.Realm()
        for user in ('alice', 'bob', 'stranger'):
            cls.realm.add_user(user)
        cls.realm.add_service('HTTP/localhost')
        cls.realm.add_service('HTTP/elsewhere.example.org')
        cls.realm.write_keytab('HTTP/localhost')
        os.environ['KRB5_CONFIG'] = cls.realm.configuration
        cls.tickets = {user: cls.realm.log_on(user) for user in ('alice', 'bob', 'stranger')}
        cls.provider = identity_provider.Provider()
        cls.key = cls.provider.add_key('one')
        cls.stranger = identity_provider.Key(cls.provider.folder, 'stranger')
        cls.server = harness.Server(cls.settings(), users=('alice', 'bob', 'carol'))
        for user in ('alice', 'bob'):
            add_nt_hash(cls.server, user)
        cls.names = endpoints.present(cls.server)

    @classmethod
    def settings(cls, **more):
        return {'authentication': {'methods': 'basic ntlm negotiate bearer', 'failure_delay': '0ms', 'failures_per_address': '0',
                                   'failures_per_account': '0', **more},
                'kerberos': {'keytab': cls.realm.keytab},
                'bearer': {'jwks': cls.provider.jwks_path, 'issuers': cls.provider.issuer, 'audiences': cls.provider.audience}}

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.__exit__()
        cls.realm.close()
        cls.provider.close()
        del os.environ['KRB5_CONFIG']

    def setUp(self):
        self.configure()

    def configure(self, **more):
        """Other settings of [authentication]; they hold once the server has read them."""
        before = self.server.log_text(1 << 22).count('reloaded')
        self.server.configure(self.settings(**more))
        self.server.reload()
        for _ in range(200):
            if self.server.log_text(1 << 22).count('reloaded') > before:
                return
            time.sleep(0.02)
        self.fail(self.server.log_text())

    def ask(self, method, endpoint, user='alice', password=harness.PASSWORD, ticket=None, token=None, **options):
        address = f'{user}@example.org'
        if method == 'bearer':
            return endpoints.bearer(self.server, endpoint, token or self.provider.token(self.key, address), address=address, **options)
        if method == 'negotiate':
            return endpoints.ask(self.server, endpoint, '--negotiate', '-u', ':', address=address,
                                 environment=ticket or self.tickets[user], **options)
        return endpoints.ask(self.server, endpoint, '--' + method, '-u', f'{user}:{password}', address=address, **options)

    def status(self, method, endpoint, **options):
        return self.ask(method, endpoint, **options).status

    def test_matrix(self):
        self.assertEqual([name for name in endpoints.ENDPOINTS if name in self.names], list(endpoints.ENDPOINTS))
        for method in ('basic', 'ntlm', 'negotiate', 'bearer'):
            for name in self.names:
                with self.subTest(method=method, endpoint=name):
                    answer = self.ask(method, name)
                    self.assertTrue(answer.known, (answer.status, self.server.log_text()))
            self.assertEqual(self.ask(method, 'autodiscover').who, 'alice@example.org', method)
            self.assertEqual(self.ask(method, 'autodiscover', user='bob').who, 'bob@example.org', method)

    def test_wrong_credentials(self):
        for name in self.names:
            with self.subTest(name):
                self.assertEqual(self.status('basic', name, password=WRONG), 401)
                self.assertEqual(self.status('basic', name, user='nobody'), 401)
                self.assertEqual(self.status('ntlm', name, password=WRONG), 401)
                self.assertEqual(self.status('ntlm', name, user='nobody'), 401)
                self.assertEqual(self.status('ntlm', name, user='carol'), 401)  # has no NT hash
                self.assertEqual(self.status('negotiate', name, user='stranger'), 401)
                self.assertEqual(self.status('negotiate', name, ticket=self.realm.environment()), 401)
                self.assertEqual(self.status('bearer', name, token=self.provider.token(self.stranger, header={'kid': 'one'})), 401)
                self.assertEqual(self.status('bearer', name, token=self.provider.token(self.key, 'nobody@example.org')), 401)

    def test_anonymous(self):
        for name in self.names:
            answer = endpoints.ask(self.server, name)
            offers = [offer.split()[0] for offer in answer.header('WWW-Authenticate')]
            self.assertEqual((answer.status, offers), (401, ['Negotiate', 'NTLM', 'Basic', 'Bearer']))
            for header in ('Digest x', 'Basic', 'NTLM', 'Negotiate', 'Basic =', 'NTLM x', 'x', 'Basic ' + 'A' * 30000):
                answer = endpoints.ask(self.server, name, '-H', f'Authorization: {header}')
                self.assertEqual(answer.status, 401, header)
            # Who a header says one is, is nothing.
            answer = endpoints.ask(self.server, name, '-H', 'X-User-Identity: alice@example.org', '-H', 'X-Forwarded-User: alice',
                                   '-H', 'Cookie: MapiContext=x; MapiSequence=y')
            self.assertEqual(answer.status, 401)

    def test_switched_off_for_the_server(self):
        for methods in ('basic', 'ntlm', 'negotiate', 'bearer', 'basic bearer'):
            self.configure(methods=methods)
            for method in ('basic', 'ntlm', 'negotiate', 'bearer'):
                with self.subTest(offered=methods, method=method):
                    self.assertEqual(self.ask(method, 'mailbox').known, method in methods.split())

    def test_switched_off_for_an_endpoint(self):
        self.configure(mapi_methods='negotiate bearer', autodiscover_methods='basic', oab_methods='ntlm')
        allowed = {'mailbox': ('negotiate', 'bearer'), 'address book': ('negotiate', 'bearer'), 'autodiscover': ('basic',),
                   'offline address book': ('ntlm',)}
        for name in self.names:
            offers = {offer.split()[0].lower() for offer in endpoints.ask(self.server, name).header('WWW-Authenticate')}
            self.assertEqual(offers, set(allowed[name]))
            for method in ('basic', 'ntlm', 'negotiate', 'bearer'):
                with self.subTest(endpoint=name, method=method):
                    self.assertEqual(self.ask(method, name).known, method in allowed[name])

    def test_switched_off_for_a_mailbox(self):
        switch = {'basic': 'basic', 'ntlm': 'ntlm', 'negotiate': 'kerberos', 'bearer': 'bearer'}
        for only in switch:
            self.server._admin('user', 'set', 'bob', '--methods', switch[only])
            for method in switch:
                with self.subTest(allowed=only, method=method):
                    self.assertEqual(self.ask(method, 'mailbox', user='bob').known, method == only)
        self.server._admin('user', 'set', 'bob', '--methods', 'all')

    def test_plain_connections(self):
        """Without TLS nothing is offered but what the settings say: here, Basic (harness.py)."""
        for name in self.names:
            for method in ('ntlm', 'negotiate', 'bearer'):
                self.assertEqual(self.status(method, name, plain=True), 401)
            self.assertTrue(self.ask('basic', name, plain=True).known)
        self.configure(basic_over_plain='no')
        for name in self.names:
            self.assertEqual(self.status('basic', name, plain=True), 403)
        self.configure(basic_over_plain='no', others_over_plain='yes', extended_protection='none')
        for method in ('ntlm', 'negotiate', 'bearer'):
            self.assertTrue(self.ask(method, 'mailbox', plain=True).known, method)

    def test_ntlm_without_handshake(self):
        """A connection's log-on is its own: a second one begins with nothing, and a response without its challenge is refused."""
        url = f'https://localhost:{self.server.tls_port}/mapi/emsmdb/'
        base = ['curl', '--silent', '--cacert', self.server.certificate, *endpoints.MAPI_HEADERS, '--data-binary', '', '-o', '/dev/null',
                '-w', '%{http_code} %{num_connects}\n']
        result = subprocess.run([*base, '--ntlm', '-u', f'alice:{harness.PASSWORD}', url, '--next', *base[1:], url], capture_output=True,
                                text=True)
        rows = [row.split() for row in result.stdout.splitlines()]
        self.assertEqual(rows[0][0], '200')
        # curl gives a request without credentials another connection, or the server would know it by the old one
        self.assertEqual(rows[1], ['401', '1'])
        trace = subprocess.run(['curl', '--silent', '--verbose', '--cacert', self.server.certificate, *endpoints.MAPI_HEADERS,
                                '--data-binary', '', '--ntlm', '-u', f'alice:{harness.PASSWORD}', url], capture_output=True, text=True).stderr
        sent = re.findall(r'^> Authorization: (NTLM \S+)', trace, re.M)
        self.assertEqual(len(sent), 2)
        answer = endpoints.ask(self.server, 'mailbox', '-H', 'Authorization: ' + sent[1])
        self.assertEqual(answer.status, 401)
        first = endpoints.ask(self.server, 'mailbox', '-H', 'Authorization: ' + sent[0])
        self.assertEqual(first.status, 401)
        self.assertTrue(first.header('WWW-Authenticate')[0].startswith('NTLM '))

    def test_ntlm_version_1_is_refused(self):
        """A response of 24 octets (NTLMv1) to our own challenge, on its own connection."""
        connection = http.client.HTTPSConnection('localhost', self.server.tls_port,
                                                 context=ssl.create_default_context(cafile=self.server.certificate))
        negotiate = b'NTLMSSP\0' + struct.pack('<II', 1, 0x00088207) + b'\0' * 16

        def ask(token):
            connection.request('POST', '/mapi/emsmdb/', b'', {'Authorization': 'NTLM ' + base64.b64encode(token).decode(),
                                                              'Content-Type': 'application/mapi-http', 'X-RequestType': 'PING'})
            answer = connection.getresponse()
            answer.read()
            return answer

        answer = ask(negotiate)
        self.assertEqual(answer.status, 401)
        self.assertTrue(answer.getheader('WWW-Authenticate').startswith('NTLM '))
        name, response, at = 'alice'.encode('utf-16-le'), b'\x11' * 24, 64

        def field(data, offset):
            return struct.pack('<HHI', len(data), len(data), offset)

        message = b'NTLMSSP\0' + struct.pack('<I', 3) + field(response, at) + field(response, at + 24) + field(b'', at) + \
            field(name, at + 48) + field(b'', at) + field(b'', at) + struct.pack('<I', 0x00088205) + response + response + name
        answer = ask(message)
        connection.close()
        self.assertEqual(answer.status, 401)
        self.assertIn('log-on failed', self.server.log_text())


if __name__ == '__main__':
    kerberos_realm.require()
    unittest.main(verbosity=2)
