"""Bearer tokens at every endpoint: good ones, and every kind of bad one; the provider's keys from a file and over http and
https, rotated and withdrawn (RFC 6750, RFC 7515, RFC 7519, RFC 8725)."""
import hashlib
import hmac
import os
import subprocess
import time
import unittest

import endpoints
import harness
import identity_provider

OUTLOOK_CHALLENGE = ('Bearer client_id="00000002-0000-0ff1-ce00-000000000000", '
                     'token_types="app_asserted_user_v1 service_asserted_app_v1", '
                     'authorization_uri="https://login.example.org/oauth2/authorize"')


def settings_of(provider, location, **more):
    return {'authentication': {'methods': 'basic bearer', 'failure_delay': '0ms', 'failures_per_address': '0'},
            'bearer': {'jwks': location, 'issuers': provider.issuer, 'audiences': provider.audience,
                       'authorization_uri': 'https://login.example.org/oauth2/authorize', **more}}


class BearerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = identity_provider.Provider()
        cls.key = cls.provider.add_key('one')
        cls.curve_key = cls.provider.add_key('two', 'prime256v1')
        cls.stranger = identity_provider.Key(cls.provider.folder, 'stranger')
        cls.server = harness.Server(settings_of(cls.provider, cls.provider.jwks_path), users=('alice', 'bob', 'carol'))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.__exit__()
        cls.provider.close()

    def ask(self, token, endpoint='autodiscover', **options):
        return endpoints.bearer(self.server, endpoint, token, **options)

    def refused(self, token, cause, **options):
        before = self.server.log_text(1 << 20)
        answer = self.ask(token, **options)
        self.assertEqual(answer.status, 401, answer.body)
        self.assertIn('error="invalid_token"', ' '.join(answer.header('WWW-Authenticate')))
        logged = self.server.log_text(1 << 20)[len(before):]
        self.assertIn(cause, logged)
        self.assertNotIn(cause.encode(), answer.body)
        if len(token) > 20:
            self.assertNotIn(token[-20:], logged)

    def good(self, token, **options):
        answer = self.ask(token, **options)
        self.assertEqual(answer.status, 200, self.server.log_text())
        return answer

    # --- who comes in ---

    def test_good_token_at_every_endpoint(self):
        token = self.provider.token(self.key)
        names = endpoints.present(self.server)
        self.assertIn('mailbox', names)
        for name in names:
            answer = self.ask(token, name)
            self.assertTrue(answer.known, (name, answer.status))
        self.assertEqual(self.good(token).who, 'alice@example.org')

    def test_algorithms(self):
        keys = {'RS256': self.key, 'RS384': self.key, 'RS512': self.key, 'PS256': self.key, 'PS384': self.key, 'PS512': self.key,
                'ES256': self.curve_key, 'ES384': self.provider.add_key('three', 'secp384r1'),
                'ES512': self.provider.add_key('four', 'secp521r1')}
        time.sleep(1.1)  # the file is looked at once a second
        for algorithm, key in keys.items():
            with self.subTest(algorithm):
                self.good(self.provider.token(key, algorithm=algorithm))

    def test_names(self):
        """The first claim of the list that the token has decides: upn, then preferred_username."""
        self.good(self.provider.token(self.key, upn=None, preferred_username='alice@example.org'))
        self.good(self.provider.token(self.key, preferred_username='nobody@example.org'))
        self.refused(self.provider.token(self.key, 'nobody@example.org', preferred_username='alice@example.org'), 'no such user')
        self.refused(self.provider.token(self.key, None), 'names no user')
        self.refused(self.provider.token(self.key, ['alice@example.org']), "user's name cannot be used")
        self.refused(self.provider.token(self.key, ''), "user's name cannot be used")
        self.refused(self.provider.token(self.key, 'alice@example.net'), 'no such user')

    def test_audience_may_be_a_list(self):
        self.good(self.provider.token(self.key, aud=['other', 'mapihttp']))
        self.refused(self.provider.token(self.key, aud=['other', 'another']), 'another audience')

    # --- the challenge ---

    def test_challenge(self):
        for words in ([], ['-H', 'Authorization: Bearer'], ['-H', 'Authorization: Bearer ', '-H', 'X-User-Identity: alice@example.org']):
            answer = endpoints.ask(self.server, 'mailbox', *words)
            self.assertEqual(answer.status, 401)
            self.assertIn(OUTLOOK_CHALLENGE, answer.header('WWW-Authenticate'))
            self.assertEqual(len(answer.header('WWW-Authenticate')), 2)  # and Basic

    # --- who does not ---

    def test_times(self):
        now = int(time.time())
        self.refused(self.provider.token(self.key, lifetime_s=-120), 'expired')
        self.refused(self.provider.token(self.key, exp=None), 'without an end')
        self.refused(self.provider.token(self.key, exp='soon'), 'malformed time')
        self.refused(self.provider.token(self.key, exp=-1), 'malformed time')
        self.refused(self.provider.token(self.key, exp=1e300), 'malformed time')
        self.refused(self.provider.token(self.key, nbf=now + 120), 'not yet valid')
        self.refused(self.provider.token(self.key, iat=now + 120), 'not yet valid')
        self.good(self.provider.token(self.key, lifetime_s=-30))  # within clock_skew
        self.good(self.provider.token(self.key, nbf=now + 30, iat=now + 30))

    def test_issuer_and_audience(self):
        self.refused(self.provider.token(self.key, iss='https://login.example.org'), 'another issuer')
        self.refused(self.provider.token(self.key, iss=None), 'another issuer')
        self.refused(self.provider.token(self.key, iss=['https://login.example.org/']), 'another issuer')
        self.refused(self.provider.token(self.key, aud='mapi'), 'another audience')
        self.refused(self.provider.token(self.key, aud=None), 'another audience')
        self.refused(self.provider.token(self.key, aud=''), 'another audience')

    def test_signatures(self):
        self.refused(self.provider.token(self.stranger, header={'kid': 'one'}), "not signed with the provider's key")
        self.refused(self.provider.token(self.stranger), 'the provider does not name')
        # A key's header may not name another algorithm, nor a key of another kind.
        self.refused(self.provider.token(self.curve_key, header={'kid': 'one'}), 'the provider does not name')
        self.refused(self.provider.token(self.key, header={'kid': 'two'}), 'the provider does not name')
        good = self.provider.token(self.key)
        head, claims, signature = good.split('.')
        other = self.provider.token(self.key, 'bob@example.org').split('.')
        self.refused('.'.join((head, other[1], signature)), "not signed with the provider's key")
        self.refused('.'.join((head, claims, identity_provider.base64url(b'\0' * 256))), "not signed with the provider's key")

    def test_algorithm_confusion(self):
        """RFC 8725 2.1: no 'none', no HS256 with the public key as its secret."""
        pem = self.key.public_pem
        self.refused(self.provider.token(self.key, header={'alg': 'HS256'},
                                         signature=lambda data: hmac.new(pem, data, hashlib.sha256).digest()), 'not allowed')
        head, claims, _ = self.provider.token(self.key, header={'alg': 'none'}).split('.')
        self.refused(f'{head}.{claims}.', 'malformed')
        for name in ('none', 'NONE', 'nOnE', 'rs256', '', 1, None, ['RS256']):
            self.refused(self.provider.token(self.key, header={'alg': name}), 'not allowed')

    def test_header_members(self):
        own = {'jwk': self.stranger.jwk(), 'jku': 'http://localhost:1/keys', 'x5u': 'http://localhost:1/certificate'}
        self.refused(self.provider.token(self.stranger, header={**own, 'kid': None}), 'not signed with')
        self.good(self.provider.token(self.key, header=own))  # they are not looked at
        self.refused(self.provider.token(self.key, header={'crit': ['exp']}), 'extensions')
        self.refused(self.provider.token(self.key, header={'b64': False, 'crit': ['b64']}), 'extensions')
        self.refused(self.provider.token(self.key, header={'typ': 'dpop+jwt'}), 'of a type')
        self.refused(self.provider.token(self.key, header={'kid': 7}), 'malformed')
        self.good(self.provider.token(self.key, header={'typ': 'at+jwt'}))
        self.good(self.provider.token(self.key, header={'typ': None}))

    def test_malformed(self):
        good = self.provider.token(self.key)
        parts = good.split('.')
        for token in ('x', '..', 'a.b.c', good + '.', '.' + good, parts[0] + '.' + parts[1], good + '.' + parts[2], '=' + good,
                      '!' * 100,
                      identity_provider.base64url(b'{"alg":"RS256","alg":"none","kid":"one"}') + '.' + parts[1] + '.' + parts[2],
                      identity_provider.base64url(b'[]') + '.' + parts[1] + '.' + parts[2]):
            self.refused(token, 'malformed')
        for size in (len(good) - 1, len(good) - 5, len(good) // 2, 10):
            answer = self.ask(good[:size])
            self.assertEqual(answer.status, 401, size)
        self.refused(good[:-3] + 'A' * 17000, 'oversized')
        self.assertEqual(self.ask('A' * 70000).status, 431)  # the head of the request has a limit of its own
        deep = identity_provider.base64url(b'{"alg":' + b'[' * 2100 + b']' * 2100 + b'}')
        self.refused(deep + '.' + parts[1] + '.' + parts[2], 'malformed')

    def test_users(self):
        """Switched off, and a method that this mailbox may not use: the same answer as for nobody."""
        token = self.provider.token(self.key, 'bob@example.org')
        self.good(token, address='bob@example.org')
        self.server._admin('user', 'set', 'bob', '--methods', 'basic')
        self.refused(token, 'method')  # at once, though it was remembered
        self.server._admin('user', 'set', 'bob', '--methods', 'all')
        self.good(token, address='bob@example.org')
        self.server._admin('user', 'set', 'bob', '--enabled', 'no')
        self.refused(token, 'switched off')
        self.refused(self.provider.token(self.key, 'mallory@example.org'), 'no such user')

    def test_plain_connections(self):
        """others_over_plain is off: a token that came without TLS counts nothing, and is not offered there."""
        answer = self.ask(self.provider.token(self.key), plain=True)
        self.assertEqual(answer.status, 401)
        self.assertEqual([value.split()[0] for value in answer.header('WWW-Authenticate')], ['Basic'])

    def test_withdrawn_key(self):
        """A remembered token does not outlive its key once the server knows of it."""
        withdrawn = self.provider.add_key('withdrawn')
        time.sleep(1.1)
        token = self.provider.token(withdrawn)
        self.good(token)
        self.good(token)
        self.provider.remove_key('withdrawn')
        time.sleep(1.1)
        self.good(self.provider.token(self.key, lifetime_s=601))  # another token, for which the file is looked at
        self.refused(token, 'the provider does not name')

    def test_reload(self):
        withdrawn = self.provider.add_key('reloaded')
        time.sleep(1.1)
        token = self.provider.token(withdrawn)
        self.good(token)
        self.provider.remove_key('reloaded')
        self.server.reload()
        for _ in range(50):
            if self.ask(token).status == 401:
                break
            time.sleep(0.05)
        else:
            self.fail('still good after a reload')

    def test_broken_file_keeps_the_keys(self):
        with open(self.provider.jwks_path, 'w', encoding='utf-8') as file:
            file.write('{"keys": [')
        time.sleep(1.1)
        self.good(self.provider.token(self.key, lifetime_s=602))
        self.assertIn('no keys for bearer tokens', self.server.log_text(1 << 20))
        self.provider.write()


class RulesTest(unittest.TestCase):
    """Settings that narrow who comes in."""
    @classmethod
    def setUpClass(cls):
        cls.provider = identity_provider.Provider()
        cls.key = cls.provider.add_key('one')
        cls.server = harness.Server(settings_of(cls.provider, cls.provider.jwks_path, claims='email=address sub=account',
                                                scopes='mail.read mail.write', roles='staff', algorithms='RS256',
                                                authorization_uri='', token_size_max='2K', clock_skew='0s'))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.__exit__()
        cls.provider.close()

    def status(self, **changes):
        claims = {'email': 'alice@example.org', 'email_verified': True, 'scp': 'openid mail.read', 'roles': ['staff'], **changes}
        header = claims.pop('header', None)
        algorithm = claims.pop('algorithm', None)
        return endpoints.bearer(self.server, 'autodiscover', self.provider.token(self.key, None, algorithm=algorithm, header=header,
                                                                                 **claims)).status

    def test_email(self):
        self.assertEqual(self.status(), 200)
        self.assertEqual(self.status(email_verified=False), 401)
        self.assertEqual(self.status(email_verified='true'), 401)
        self.assertEqual(self.status(email_verified=None), 401)
        self.assertEqual(self.status(email=None, sub='alice'), 200)
        self.assertEqual(self.status(email=None, sub='alice@example.org'), 401)  # an address is no account
        self.assertEqual(self.status(email=None, sub='EXAMPLE\\alice'), 401)

    def test_scopes_and_roles(self):
        self.assertEqual(self.status(scp=None, scope='mail.write'), 200)
        self.assertEqual(self.status(scp=['mail.write']), 200)
        self.assertEqual(self.status(scp='mail.readall'), 401)
        self.assertEqual(self.status(scp=None), 401)
        self.assertEqual(self.status(roles='staff'), 200)
        self.assertEqual(self.status(roles=['guests']), 401)
        self.assertEqual(self.status(roles=None), 401)

    def test_algorithms_and_size(self):
        self.assertEqual(self.status(algorithm='PS256'), 401)
        self.assertEqual(self.status(padding='x' * 2000), 401)

    def test_challenge_without_outlook(self):
        answer = endpoints.ask(self.server, 'mailbox')
        self.assertIn('Bearer realm="mapihttp"', answer.header('WWW-Authenticate'))


class SourceTest(unittest.TestCase):
    """Keys from an address: rotation, failures, what is not accepted."""
    def setUp(self):
        self.provider = identity_provider.Provider()
        self.key = self.provider.add_key('one')
        self.server = None

    def tearDown(self):
        if self.server:
            self.server.stop()
            self.server.__exit__()
        self.provider.close()

    def start(self, tls=False, path=None, **more):
        folder = os.path.join(self.provider.folder, 'server')
        os.makedirs(folder)
        self.server = harness.Server(start=False, users=('alice',), folder=folder)
        certificate = (self.server.certificate, os.path.join(folder, 'key.pem')) if tls else None
        location = self.provider.serve(certificate)
        if path:
            location = location.replace('/keys', path)
        self.server.configure(settings_of(self.provider, location, retry='1s', timeout='2s', **more))
        self.server.start()

    def status(self, token):
        return endpoints.bearer(self.server, 'autodiscover', token).status

    def settled(self, token, status, seconds=5):
        """What it is once a fetch that may be under way is done (503 meanwhile)."""
        end = time.monotonic() + seconds
        while (found := self.status(token)) == 503 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(found, status, self.server.log_text())

    def test_rotation(self):
        self.start()
        self.settled(self.provider.token(self.key), 200)
        self.assertEqual(self.provider.requests, 1)
        new = self.provider.add_key('new')
        time.sleep(1.1)
        self.settled(self.provider.token(new), 200)  # the unknown key has them fetched
        self.assertEqual(self.provider.requests, 2)
        stranger = identity_provider.Key(self.provider.folder, 'stranger')
        for i in range(20):  # but not by everybody as often as he likes
            self.assertEqual(self.status(self.provider.token(stranger, lifetime_s=600 + i)), 401)
        self.assertLessEqual(self.provider.requests, 4)
        self.provider.remove_key('one')
        self.server.reload()
        time.sleep(0.5)
        self.settled(self.provider.token(self.key), 401)

    def test_https(self):
        self.start(tls=True, ca_file=os.path.join(self.provider.folder, 'server', 'certificate.pem'))
        self.settled(self.provider.token(self.key), 200)

    def test_https_of_nobody_we_trust(self):
        self.start(tls=True)
        self.settled(self.provider.token(self.key), 503, seconds=2)
        self.assertIn('self-signed certificate', self.server.log_text(1 << 20))

    def test_old_keys_stay_when_the_provider_fails(self):
        self.start(refresh='1s')
        self.settled(self.provider.token(self.key), 200)
        for answer in ((500, {}, b'broken'), (200, {}, b'<html>'), (302, {'Location': '/elsewhere'}, b''),
                       (200, {}, b'{"keys":{}}'), (200, {}, b'{"keys":"' + b'x' * (300 << 10) + b'"}')):
            self.provider.answer = answer
            time.sleep(1.1)
            self.assertEqual(self.status(self.provider.token(self.key, lifetime_s=600 + answer[0])), 200)
        log = self.server.log_text(1 << 20)
        for cause in ('answer 500', 'not JSON', 'redirects are not followed', "an array 'keys' is missing", 'too large'):
            self.assertIn(cause, log)
        self.provider.answer = None
        self.provider.remove_key('one')
        time.sleep(1.1)
        self.status(self.provider.token(self.key, lifetime_s=900))
        self.settled(self.provider.token(self.key, lifetime_s=901), 401)

    def test_slow_provider_stops_nobody_else(self):
        self.provider.delay_s = 5
        self.start()
        token = self.provider.token(self.key)
        began = time.monotonic()
        self.assertEqual(self.status(token), 503)
        answer = endpoints.ask(self.server, 'autodiscover', '--basic', '-u', f'alice:{harness.PASSWORD}')
        self.assertEqual(answer.status, 200)
        self.assertLess(time.monotonic() - began, 4)

    def test_chunked(self):
        self.start()
        body = self.provider.document
        chunked = b''.join(b'%x\r\n%s\r\n' % (len(body[i:i + 100]), body[i:i + 100]) for i in range(0, len(body), 100)) + b'0\r\n\r\n'
        self.provider.answer = (200, {'Transfer-Encoding': 'chunked'}, chunked)
        self.server.reload()
        time.sleep(0.3)
        self.settled(self.provider.token(self.key), 200)
        self.assertNotIn('no keys for bearer tokens', self.server.log_text(1 << 20))


class SettingsTest(unittest.TestCase):
    """What is refused before the server starts, with its name."""
    def test_settings(self):
        provider = identity_provider.Provider()
        provider.add_key('one')
        good = settings_of(provider, provider.jwks_path)
        server = harness.Server(start=False)
        cases = [('jwks', 'http://login.example.org/keys', 'jwks'), ('jwks', 'ftp://x/', 'jwks'), ('jwks', '', 'jwks'),
                 ('issuers', ' ', 'issuers'), ('audiences', '', 'audiences'), ('claims', 'upn=name', 'claims'), ('claims', '', 'claims'),
                 ('algorithms', 'RS256 HS256', 'HS256'), ('algorithms', 'none', 'none'),
                 ('authorization_uri', 'http://login.example.org/', 'authorization_uri'), ('client_id', 'a"b', 'client_id')]
        for name, value, expected in cases:
            with self.subTest(f'{name} = {value}'):
                server.configure({**good, 'bearer': {**good['bearer'], name: value}})
                result = subprocess.run([harness.program('mapihttpd'), '--config', server.configuration], capture_output=True,
                                        text=True, timeout=20)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(expected, result.stderr + result.stdout)
        server.configure(good)
        self.assertEqual(self.check(server).returncode, 0)
        os.unlink(provider.jwks_path)
        self.assertIn('No such file', self.check(server).stderr)
        server.__exit__()
        provider.close()

    def check(self, server):
        return subprocess.run([harness.program('mapihttpd'), '--config', server.configuration, '--check'], capture_output=True, text=True)


if __name__ == '__main__':
    unittest.main(verbosity=2)
