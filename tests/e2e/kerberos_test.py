"""Negotiate with Kerberos at every endpoint: a KDC of Debian's packages, tickets by kinit, curl, and tokens of our own
(RFC 4120, RFC 4121, RFC 4178, RFC 4559)."""
import base64
import hashlib
import http.client
import os
import re
import ssl
import subprocess
import time
import unittest

import endpoints
import harness
import kerberos_realm

CURL = ('--negotiate', '-u', ':')


def der(tag, *contents):
    content = b''.join(contents)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x80 | 1, size]) if size < 256 else bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + length + content


KERBEROS = der(6, bytes.fromhex('2a864886f712010202'))
MICROSOFT_KERBEROS = der(6, bytes.fromhex('2a864882f712010202'))
NTLM = der(6, bytes.fromhex('2b06010401823702020a'))
NEGOEX = der(6, bytes.fromhex('2b06010401823702021e'))
SPNEGO = der(6, bytes.fromhex('2b0601050502'))


def negotiation(mechanisms, token=None):
    """A NegTokenInit (RFC 4178 4.2.1)."""
    inner = der(0xA0, der(0x30, *mechanisms)) + (der(0xA2, der(4, token)) if token else b'')
    return base64.b64encode(der(0x60, SPNEGO, der(0xA0, der(0x30, inner)))).decode()


def next_negotiation(token):
    """A NegTokenResp (RFC 4178 4.2.2) with a further token."""
    return base64.b64encode(der(0xA1, der(0x30, der(0xA2, der(4, token))))).decode()


class KerberosTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.realm = kerberos_realm.Realm()
        for user in ('alice', 'bob', 'carol', 'stranger'):
            cls.realm.add_user(user)
        cls.services = ('HTTP/localhost', 'HTTP/outlook.example.org')
        for service in (*cls.services, 'host/localhost', 'HTTP/elsewhere.example.org'):
            cls.realm.add_service(service)
        cls.realm.write_keytab(*cls.services)
        os.environ['KRB5_CONFIG'] = cls.realm.configuration  # for the server
        cls.server = harness.Server(cls.settings(), users=('alice', 'bob', 'carol'))
        cls.alice = cls.realm.log_on('alice')

    @classmethod
    def settings(cls, **more):
        return {'authentication': {'methods': 'basic negotiate', 'failure_delay': '0ms', 'failures_per_address': '0', **more},
                'kerberos': {'keytab': cls.realm.keytab}}

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.__exit__()
        cls.realm.close()
        del os.environ['KRB5_CONFIG']

    def ask(self, endpoint='autodiscover', environment=None, **options):
        return endpoints.ask(self.server, endpoint, *CURL, environment=environment or self.alice, **options)

    def send(self, token, endpoint='autodiscover', **options):
        """A token by hand: each call is a connection of its own."""
        return endpoints.ask(self.server, endpoint, '-H', f'Authorization: Negotiate {token}', environment=self.alice, **options)

    def token(self, *words, environment=None, service='HTTP@localhost', **options):
        result = subprocess.run([harness.program('negotiate_token'), *words, service], env=environment or self.alice,
                                capture_output=True, text=True, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.strip()

    def log_of(self, act):
        before = len(self.server.log_text(1 << 20))
        result = act()
        return result, self.server.log_text(1 << 20)[before:]

    def refused(self, act, *causes):
        answer, logged = self.log_of(act)
        self.assertEqual(answer.status, 401, logged)
        self.assertTrue(any(cause in logged for cause in causes), (causes, logged))
        for cause in causes:
            self.assertNotIn(cause.encode(), answer.body)
        return answer

    def wait_for(self, status, act, what):
        for _ in range(60):
            if act().status == status:
                return
            time.sleep(0.05)
        self.fail(f'{what}\n{self.server.log_text()}')

    # --- who comes in ---

    def test_ticket_at_every_endpoint(self):
        names = endpoints.present(self.server)
        self.assertIn('mailbox', names)
        for name in names:
            answer = self.ask(name)
            self.assertTrue(answer.known, (name, answer.status, self.server.log_text()))
        self.assertEqual(self.ask().who, 'alice@example.org')
        bob = self.realm.log_on('bob')
        self.assertEqual(self.ask(environment=bob, address='bob@example.org').who, 'bob@example.org')

    def test_offer(self):
        offers = endpoints.ask(self.server, 'mailbox').header('WWW-Authenticate')
        self.assertEqual([offer.split()[0] for offer in offers], ['Negotiate', 'Basic'])

    def test_shared_service_name(self):
        """One name for several servers behind a balancer: one more entry of the keytab."""
        port = self.server.tls_port
        answer = endpoints.ask(self.server, 'autodiscover', *CURL, '--insecure', '--resolve', f'outlook.example.org:{port}:127.0.0.1',
                               environment=self.alice, host='outlook.example.org')
        self.assertEqual(answer.who, 'alice@example.org')

    def test_bare_kerberos(self):
        """A client may leave out SPNEGO (as Windows' own does for 'Kerberos')."""
        self.assertEqual(self.send(self.token('--raw')).status, 200)

    def test_mutual_authentication(self):
        program = subprocess.Popen([harness.program('negotiate_token'), '--complete', 'HTTP@localhost'], env=self.alice, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        answer = self.send(program.stdout.readline().strip())
        proofs = [value.split()[1] for value in answer.header('WWW-Authenticate') if value.startswith('Negotiate ')]
        self.assertEqual((answer.status, len(proofs)), (200, 1))
        output, _ = program.communicate(proofs[0] + '\n')
        self.assertEqual((program.returncode, output.strip()), (0, 'complete'))

    def test_connection_stays_logged_on(self):
        """Two requests on one connection, one ticket; a new connection is nobody's."""
        url = f'https://localhost:{self.server.tls_port}/mapi/emsmdb/'
        result = subprocess.run(['curl', '--silent', '--cacert', self.server.certificate, *CURL, '-w', '%{http_code} %{num_connects}\n',
                                 '-o', '/dev/null', '-o', '/dev/null', *endpoints.MAPI_HEADERS, '--data-binary', '', url, url],
                                capture_output=True, text=True, env=self.alice)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()], ['200', '200'])
        self.assertEqual(result.stdout.split()[-1], '0')  # no new connection for the second
        self.assertEqual(endpoints.ask(self.server, 'mailbox').status, 401)

    # --- who does not ---

    def test_no_ticket(self):
        answer = self.ask(environment=self.realm.environment('nobody.ccache'))
        self.assertEqual(answer.status, 401)

    def test_replay(self):
        """The same token on a second connection is somebody else's."""
        token = self.token()
        self.assertEqual(self.send(token).status, 200)
        self.refused(lambda: self.send(token), 'replayed')
        self.refused(lambda: self.send(token, 'mailbox'), 'replayed')
        raw = self.token('--raw')
        self.assertEqual(self.send(raw).status, 200)
        self.refused(lambda: self.send(raw), 'replayed')
        # The token inside may not come in another wrapping either.
        inner = base64.b64decode(self.token('--raw'))
        self.assertEqual(self.send(negotiation([KERBEROS], inner)).status, 200)
        self.refused(lambda: self.send(negotiation([MICROSOFT_KERBEROS, KERBEROS], inner)), 'replayed')

    def test_replay_after_restart(self):
        token = self.token()
        self.assertEqual(self.send(token).status, 200)
        self.server.stop()
        self.server.start()
        self.refused(lambda: self.send(token), 'replayed')

    def test_other_service(self):
        self.refused(lambda: self.send(self.token(service='host@localhost')), 'key')
        self.refused(lambda: self.send(self.token(service='HTTP@elsewhere.example.org')), 'key')

    def test_people(self):
        self.refused(lambda: self.ask(environment=self.realm.log_on('stranger')), 'no such user')
        bob = self.realm.log_on('bob')
        self.server._admin('user', 'set', 'bob', '--methods', 'basic,bearer')
        self.refused(lambda: self.ask(environment=bob), 'method')
        self.server._admin('user', 'set', 'bob', '--methods', 'all', '--enabled', 'no')
        self.refused(lambda: self.ask(environment=bob), 'switched off')
        self.server._admin('user', 'set', 'bob', '--enabled', 'yes')
        self.assertEqual(self.ask(environment=bob).status, 200)

    def test_principal_of_the_directory(self):
        """The user principal name is what counts, where the directory has one."""
        self.server._admin('user', 'set', 'carol', '--principal', 'stranger@example.org')
        answer = self.ask(environment=self.realm.log_on('stranger'), address='carol@example.org')
        self.server._admin('user', 'set', 'carol', '--principal', 'carol@example.org')
        self.assertEqual(answer.who, 'carol@example.org')
        self.refused(lambda: self.ask(environment=self.realm.log_on('stranger')), 'no such user')

    def test_services_are_no_users(self):
        self.realm.admin('addprinc -pw service alice/admin')
        self.refused(lambda: self.ask(environment=self.realm.log_on('alice/admin', 'service')), "not a user's")

    def test_garbage(self):
        good = base64.b64decode(self.token())
        raw = base64.b64decode(self.token('--raw'))
        for token in ('', '=', 'AAAA', '####', base64.b64encode(good[:20]).decode(), base64.b64encode(good[:-7]).decode(),
                      base64.b64encode(good[:200] + bytes([good[200] ^ 1]) + good[201:]).decode(),
                      negotiation([KERBEROS], raw[:30]), negotiation([KERBEROS], b'x'), negotiation([]), negotiation([NEGOEX], raw),
                      base64.b64encode(b'\x60\x84\xff\xff\xff\xff').decode()):
            answer = self.send(token)
            self.assertEqual(answer.status, 401, token)
        self.assertEqual(self.send(base64.b64encode(good).decode()).status, 200)  # and was not used up by its fragments

    # --- choosing a mechanism ---

    def reply_of(self, token):
        """The server's NegTokenResp to a token; it must be the only offer of a 401 (RFC 4559 5)."""
        answer = self.send(token)
        self.assertEqual(answer.status, 401, self.server.log_text())
        offers = answer.header('WWW-Authenticate')
        self.assertEqual(len(offers), 1, offers)
        return base64.b64decode(offers[0].split()[1])

    def test_client_guessed_another_mechanism(self):
        """Its first choice is one that we have not: we ask for Kerberos, on the same connection it goes on."""
        reply = self.reply_of(negotiation([NEGOEX, KERBEROS], b'whatever that is'))
        self.assertIn(KERBEROS, reply)
        reply = self.reply_of(negotiation([NTLM, MICROSOFT_KERBEROS], b'NTLMSSP\0\1\0\0\0'))  # 'ntlm' is not offered here
        self.assertIn(MICROSOFT_KERBEROS, reply)

    def test_downgrade(self):
        """Where not the client's first choice is taken, somebody may have changed its list: without its integrity code over the
        list (RFC 4178 5) even a good ticket lets nobody in."""
        connection = http.client.HTTPSConnection('localhost', self.server.tls_port,
                                                 context=ssl.create_default_context(cafile=self.server.certificate))
        headers = dict(words.split(': ', 1) for words in endpoints.MAPI_HEADERS if ': ' in words)

        def ask(**more):
            connection.request('POST', '/mapi/emsmdb/', b'', {**headers, **more})
            answer = connection.getresponse()
            answer.read()
            return answer

        first = ask(Authorization='Negotiate ' + negotiation([NEGOEX, KERBEROS], b'whatever that is'))
        self.assertIn(KERBEROS, base64.b64decode(first.getheader('WWW-Authenticate').split()[1]))
        ticket = base64.b64decode(self.token('--raw'))
        self.assertEqual(ask(Authorization='Negotiate ' + next_negotiation(ticket)).status, 401)
        self.assertEqual(ask().status, 401)
        connection.close()

    # --- what changes while the server runs ---

    def test_key_changes_and_keytab_is_read_again(self):
        self.realm.change_key('HTTP/localhost')
        alice = self.realm.log_on('alice')
        self.refused(lambda: self.ask(environment=alice), 'key')
        self.realm.write_keytab(*self.services)
        self.refused(lambda: self.ask(environment=alice), 'key')  # not by itself
        self.server.reload()
        self.wait_for(200, lambda: self.ask(environment=alice), 'the keytab was not read again')
        self.__class__.alice = alice

    def test_broken_keytab_leaves_the_old_keys(self):
        with open(self.realm.keytab, 'rb') as file:
            good = file.read()
        with open(self.realm.keytab, 'wb') as file:
            file.write(b'garbage')
        _, logged = self.log_of(lambda: (self.server.reload(), time.sleep(0.5)))
        with open(self.realm.keytab, 'wb') as file:
            file.write(good)
        self.assertIn('the keys read before stay', logged)
        self.assertEqual(self.ask().status, 200)


class ExtendedProtectionTest(KerberosTest):
    """The same with Extended Protection required: curl, which binds to nothing, stays outside."""
    @classmethod
    def settings(cls):
        return KerberosTest.settings.__func__(cls, extended_protection='require')

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificate = ssl.PEM_cert_to_DER_cert(open(cls.server.certificate, encoding='ascii').read())
        cls.binding = hashlib.sha256(certificate).hexdigest()

    def token(self, *words, binding=True, **options):
        bound = ('--binding', self.binding) if binding is True else ('--binding', binding) if binding else ()
        return super().token(*bound, *words, **options)

    def ask(self, endpoint='autodiscover', environment=None, **options):
        return self.send(self.token(environment=environment), endpoint, **options)

    def test_unbound_and_wrongly_bound(self):
        self.refused(lambda: self.send(self.token(binding=None)), 'not bound')
        self.refused(lambda: self.send(self.token(binding='00' * 32)), 'bound to another')
        self.refused(lambda: self.send(self.token('--binding-type', 'tls-unique:')), 'bound to another')
        self.refused(lambda: endpoints.ask(self.server, 'mailbox', *CURL, environment=self.alice), 'not bound')
        self.assertEqual(self.send(self.token()).status, 200)

    test_no_ticket = test_shared_service_name = test_connection_stays_logged_on = None  # those are curl's
    test_mutual_authentication = test_replay = None                                      # nothing of bindings in them


class AllowTest(KerberosTest):
    """'allow', the default: who sends bindings must send right ones."""
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificate = ssl.PEM_cert_to_DER_cert(open(cls.server.certificate, encoding='ascii').read())
        cls.binding = hashlib.sha256(certificate).hexdigest()

    def test_bindings(self):
        self.assertEqual(self.send(self.token()).status, 200)
        self.assertEqual(self.send(self.token('--binding', self.binding)).status, 200)
        self.refused(lambda: self.send(self.token('--binding', '00' * 32)), 'bound to another')


for name in [name for name in dir(KerberosTest) if name.startswith('test_')]:
    setattr(AllowTest, name, None)  # done once above


class RulesTest(unittest.TestCase):
    """Realms, times, what is told at the start."""
    def setUp(self):
        self.realm = kerberos_realm.Realm(clock_skew_s=1)
        self.realm.add_user('alice')
        self.realm.add_service('HTTP/localhost')
        self.realm.add_service('host/localhost')
        self.realm.write_keytab('HTTP/localhost')
        os.environ['KRB5_CONFIG'] = self.realm.configuration

    def tearDown(self):
        self.realm.close()
        del os.environ['KRB5_CONFIG']

    def server(self, **kerberos):
        return harness.Server({'authentication': {'methods': 'basic negotiate', 'failure_delay': '0ms'},
                               'kerberos': {'keytab': self.realm.keytab, **kerberos}}, users=('alice',))

    def test_realms(self):
        alice = self.realm.log_on('alice')
        for realms, status, who in (('EXAMPLE.ORG', 200, 'alice@example.org'), ('ANOTHER.ORG', 401, None),
                                    ('example.org', 401, None), ('EXAMPLE.ORG=example.org', 200, 'alice@example.org'),
                                    ('EXAMPLE.ORG=example.net', 401, None)):
            with self.subTest(realms), self.server(realms=realms) as server:
                answer = endpoints.ask(server, 'autodiscover', *CURL, environment=alice)
                self.assertEqual((answer.status, answer.who), (status, who), server.log_text())

    def test_ticket_expires(self):
        """Made in time, sent too late."""
        with self.server() as server:
            alice = self.realm.log_on('alice', lifetime='4s')
            token = subprocess.run([harness.program('negotiate_token'), 'HTTP@localhost'], env=alice, capture_output=True, text=True,
                                   check=True).stdout.strip()
            time.sleep(6.5)
            answer = endpoints.ask(server, 'autodiscover', '-H', f'Authorization: Negotiate {token}')
            self.assertEqual(answer.status, 401)
            self.assertTrue(re.search('expired|clock', server.log_text()), server.log_text())

    def test_connection_ends_with_its_ticket(self):
        """A log-on that a connection keeps lasts no longer than the ticket it rests on."""
        with self.server() as server:
            alice = self.realm.log_on('alice', lifetime='4s')
            token = subprocess.run([harness.program('negotiate_token'), 'HTTP@localhost'], env=alice, capture_output=True, text=True,
                                   check=True).stdout.strip()
            context = ssl.create_default_context(cafile=server.certificate)
            connection = http.client.HTTPSConnection('localhost', server.tls_port, context=context)
            headers = {words.split(': ')[0]: words.split(': ')[1] for words in endpoints.MAPI_HEADERS if ': ' in words}

            def status(**more):
                connection.request('POST', '/mapi/emsmdb/', b'', {**headers, **more})
                answer = connection.getresponse()
                answer.read()
                return answer.status

            self.assertEqual(status(Authorization='Negotiate ' + token), 200)
            self.assertEqual(status(), 200)
            time.sleep(6.5)
            self.assertEqual(status(), 401)

    def test_start(self):
        """A keytab that cannot be used is told at the start, by its name."""
        self.realm.write_keytab('host/localhost', path=self.realm.keytab + '.host')
        for path, expected in ((self.realm.keytab + '.absent', 'No such file'), (self.realm.keytab + '.host', 'no HTTP/'),
                               (self.realm.configuration, 'keytab')):
            server = harness.Server({'authentication': {'methods': 'negotiate'}, 'kerberos': {'keytab': path}}, start=False)
            result = subprocess.run([harness.program('mapihttpd'), '--config', server.configuration], capture_output=True, text=True,
                                    timeout=20)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(expected, result.stderr)
            self.assertIn(path, result.stderr)
            checked = subprocess.run([harness.program('mapihttpd'), '--config', server.configuration, '--check'], capture_output=True, text=True)
            self.assertNotEqual(checked.returncode, 0)
            self.assertIn(expected, checked.stderr)
            server.__exit__()

    def test_without_keytab(self):
        """Negotiate then is NTLM alone; without that it is refused as a setting."""
        for methods, good in (('negotiate', False), ('negotiate ntlm', True)):
            server = harness.Server(start=False)
            server.configure({'authentication': {'methods': methods}})
            if good:
                server.start()
                offers = endpoints.ask(server, 'mailbox').header('WWW-Authenticate')
                self.assertEqual(sorted(offers), ['NTLM', 'Negotiate'])
                alice = self.realm.log_on('alice')
                self.assertEqual(endpoints.ask(server, 'mailbox', *CURL, environment=alice).status, 401)
                server.stop()
            else:
                with self.assertRaises(SystemExit) as refused:
                    server.start()
                server.process = None
                self.assertIn('keytab is not set', str(refused.exception))
            server.__exit__()


if __name__ == '__main__':
    kerberos_realm.require()
    unittest.main(verbosity=2)
