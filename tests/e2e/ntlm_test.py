"""NTLM and NTLM within Negotiate against a running server: connections by hand, clients that misbehave, channel bindings, locks,
half-finished log-ons, and ntlm_auth's protocol spoken by a program of our own. (MS-NLMP, MS-NTHT, RFC 4559, RFC 5929)"""
import base64
import glob
import os
import pathlib
import re
import stat
import struct
import subprocess
import sys
import threading
import time
import unittest

import endpoints
import harness
import ntlm_client
from ntlm_client import Client, Connection

MAILBOX = '/mapi/emsmdb/'
PATHS = {'mailbox': MAILBOX, 'address book': '/mapi/nspi/', 'autodiscover': '/autodiscover/autodiscover.xml'}
HALF_FINISHED = int(os.environ.get('NTLM_HALF_FINISHED', '2000'))


def alice(**options):
    return Client('alice', harness.PASSWORD, **options)


def spnego(*pieces):
    """DER elements: (tag, content), nested."""
    output = b''
    for tag, content in pieces:
        content = content if isinstance(content, bytes) else spnego(*content)
        size = len(content)
        head = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else struct.pack('>BH', 0x82, size)
        output += bytes([tag]) + head + content
    return output


class NtlmTest(unittest.TestCase):
    SETTINGS = {'methods': 'basic ntlm negotiate', 'failure_delay': '0', 'failures_per_account': '0', 'failures_per_address': '0',
                'others_over_plain': 'yes'}

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server({'authentication': cls.SETTINGS}, users=('alice', 'bob', 'carol'))
        for user in ('alice', 'bob'):
            cls.server._admin('user', 'set', user, '--ntlm', 'yes')
            cls.server._admin('user', 'set-password', user, input=harness.PASSWORD + '\n')

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.__exit__()

    def setUp(self):
        self.configured = False

    def tearDown(self):
        if self.configured:
            self.configure()

    def configure(self, **more):
        """Other settings; they hold once the server has read them."""
        before = self.server.log_text(1 << 22).count(' info reloaded')
        self.server.configure({'authentication': {**self.SETTINGS, **more}})
        self.server.reload()
        self.configured = bool(more)
        for _ in range(500):
            if self.server.log_text(1 << 22).count(' info reloaded') > before:
                return
            time.sleep(0.02)
        self.fail(f'not reloaded:\n{self.server.log_text()}')

    def logged(self, since, pattern):
        for _ in range(100):
            if re.search(pattern, self.server.log_text(1 << 22)[since:]):
                return
            time.sleep(0.02)
        self.fail(f'{pattern!r} is not in\n{self.server.log_text(1 << 22)[since:]}')

    def log_size(self):
        return len(self.server.log_text(1 << 22))

    def refused(self, client, cause, path=MAILBOX, plain=False):
        since = self.log_size()
        with Connection(self.server, plain) as connection:
            answer = connection.log_on(client, path)
            self.assertEqual(answer.status, 401)
            self.assertIsNone(answer.challenge())
            self.assertEqual(connection.ask(path).status, 401)
        self.logged(since, cause)

    # --- connections ---

    def test_every_endpoint_and_the_connection_afterwards(self):
        body = endpoints.AUTODISCOVER_REQUEST.format(address='alice@example.org').encode()
        for name, path in PATHS.items():
            with self.subTest(name), Connection(self.server) as connection:
                headers = (('Content-Type', 'text/xml'),) if name == 'autodiscover' else ntlm_client.PING
                more = {'headers': headers, 'body': body if name == 'autodiscover' else b''}
                self.assertEqual(connection.ask(path, **more).status, 401)
                self.assertEqual(connection.log_on(alice(), path, **more).status, 200)
                for _ in range(3):
                    self.assertEqual(connection.ask(path, **more).status, 200)
                with Connection(self.server) as other:
                    self.assertEqual(other.ask(path, **more).status, 401)
                # Who has logged on is known at the other endpoints too.
                self.assertEqual(connection.ask('/mapi/nspi/').status, 200)

    def test_offers_in_order(self):
        with Connection(self.server) as connection:
            offers = [value.split()[0] for value in connection.ask(MAILBOX).all('WWW-Authenticate')]
        self.assertEqual(offers, ['Negotiate', 'NTLM', 'Basic'])

    def test_bodies_during_the_legs_do_not_break_the_connection(self):
        with Connection(self.server) as connection:
            body = bytes(50000)
            self.assertEqual(connection.ask(MAILBOX, body=body).status, 401)
            response = connection.begin(alice(), MAILBOX, body=body)
            self.assertEqual(connection.ask(MAILBOX, response).status, 200)
            self.assertEqual(connection.ask(MAILBOX).status, 200)

    def test_failures_leave_the_connection_to_another_try(self):
        with Connection(self.server) as connection:
            for client in (Client('alice', 'wrong'), Client('nobody', 'x'), Client('carol', harness.PASSWORD)):
                answer = connection.log_on(client, MAILBOX)
                self.assertEqual(answer.status, 401)
                self.assertEqual(len(answer.all('WWW-Authenticate')), 3)
            self.assertEqual(connection.log_on(alice(), MAILBOX).status, 200)

    def test_pipelined_requests_keep_their_order_and_identity(self):
        with Connection(self.server) as connection:
            first = 'NTLM ' + base64.b64encode(alice().negotiate()).decode()
            connection.send(MAILBOX, first)
            connection.send(MAILBOX)  # half-way: nobody
            self.assertIsNotNone(connection.receive().challenge())
            self.assertEqual(connection.receive().status, 401)
            response = connection.begin(alice(), MAILBOX)
            connection.send(MAILBOX, response)
            connection.send(MAILBOX)
            connection.send(MAILBOX, 'NTLM AAAA')
            connection.send(MAILBOX)
            self.assertEqual([connection.receive().status for _ in range(4)], [200, 200, 401, 401])

    def test_a_request_between_the_legs_does_not_end_them(self):
        with Connection(self.server) as connection:
            response = connection.begin(alice(), MAILBOX)
            self.assertEqual(connection.ask(MAILBOX).status, 401)
            self.assertEqual(connection.ask(MAILBOX, response).status, 200)

    def test_interrupted_log_ons_leave_nothing_behind(self):
        for _ in range(50):
            with Connection(self.server) as connection:
                connection.begin(alice(), MAILBOX)
        with Connection(self.server) as connection:
            self.assertEqual(connection.log_on(alice(), MAILBOX).status, 200)

    def test_without_persistence_each_request_logs_on(self):
        self.configure(persist='no')
        with Connection(self.server) as connection:
            self.assertEqual(connection.log_on(alice(), MAILBOX).status, 200)
            self.assertEqual(connection.ask(MAILBOX).status, 401)
            self.assertEqual(connection.log_on(alice(), MAILBOX).status, 200)

    def test_another_identity_on_the_connection_has_not_the_first_ones_contexts(self):
        dn = self.server.user_dn('alice').encode() + b'\0'
        connect = dn + struct.pack('<IIIII', 0, 1252, 1033, 1033, 0)
        headers = dict(ntlm_client.PING)
        with Connection(self.server) as connection:
            self.assertEqual(connection.log_on(alice(), MAILBOX).status, 200)
            headers['X-RequestType'] = 'Connect'
            answer = connection.ask(MAILBOX, body=connect, headers=tuple(headers.items()))
            self.assertEqual(answer.all('X-ResponseCode'), ['0'])
            cookies = '; '.join(value.split(';')[0] for value in answer.all('Set-Cookie'))
            self.assertTrue(cookies)
            headers.update({'X-RequestType': 'Disconnect', 'Cookie': cookies})
            self.assertEqual(connection.log_on(Client('bob', harness.PASSWORD), MAILBOX).status, 200)
            answer = connection.ask(MAILBOX, body=bytes(4), headers=tuple(headers.items()))
            self.assertEqual(answer.all('X-ResponseCode'), ['10'])  # MS-OXCMAPIHTTP R1331: identity decides
            self.assertEqual(connection.log_on(alice(), MAILBOX).status, 200)
            answer = connection.ask(MAILBOX, body=bytes(4), headers=tuple(headers.items()))
            self.assertEqual(answer.all('X-ResponseCode'), ['0'])

    # --- credentials ---

    def test_names(self):
        for client in (Client('ALICE', harness.PASSWORD), Client('alice', harness.PASSWORD, 'EXAMPLE'),
                       Client('alice', harness.PASSWORD, 'example.org'), Client('alice@example.org', harness.PASSWORD),
                       Client('alice', harness.PASSWORD, 'SOMEBODYS-LAPTOP')):
            with self.subTest(client.account + ' ' + client.domain), Connection(self.server) as connection:
                self.assertEqual(connection.log_on(client, MAILBOX).status, 200)

    def test_refusals_and_their_causes(self):
        self.refused(Client('alice', 'wrong'), r"wrong password; account 'alice', from 127\.0\.0\.1, by NTLM")
        self.refused(Client('nobody', 'wrong', 'EXAMPLE'), r"no such user; account 'EXAMPLE\\nobody'")
        self.refused(Client('carol', harness.PASSWORD), 'no NT hash is kept for this user')
        self.refused(alice(strip_mic=True), 'wrong message integrity code')
        self.refused(alice(version_1=True), 'NTLMv1')
        self.refused(Client('', ''), 'anonymous')

    def test_mic_may_be_required(self):
        with Connection(self.server) as connection:
            self.assertEqual(connection.log_on(alice(mic=False), MAILBOX).status, 200)
        self.configure(ntlm_mic_required='yes')
        self.refused(alice(mic=False), 'no message integrity code')

    def test_replays(self):
        since = self.log_size()
        with Connection(self.server) as one, Connection(self.server) as two:
            response = one.begin(alice(), MAILBOX)
            self.assertEqual(two.ask(MAILBOX, response).status, 401)      # never asked there
            two.begin(alice(), MAILBOX)
            self.assertEqual(two.ask(MAILBOX, response).status, 401)      # another challenge
            self.assertEqual(one.ask(MAILBOX, response).status, 200)
            self.assertEqual(one.ask(MAILBOX, response).status, 401)      # twice
            self.assertEqual(one.ask(MAILBOX).status, 401)
        self.logged(since, 'a response without a challenge on this connection')

    def test_a_response_too_late(self):
        self.configure(handshake_timeout='1s')
        with Connection(self.server) as connection:
            response = connection.begin(alice(), MAILBOX)
            time.sleep(1.2)
            self.assertEqual(connection.ask(MAILBOX, response).status, 401)

    def test_one_answer_after_one_time_for_all_failures(self):
        self.configure(failure_delay='400ms')
        seen = set()
        for client in (Client('alice', 'wrong'), Client('nobody', 'x'), Client('carol', harness.PASSWORD), alice(version_1=True)):
            with Connection(self.server) as connection:
                response = connection.begin(client, MAILBOX)
                start = time.monotonic()
                answer = connection.ask(MAILBOX, response)
                self.assertGreaterEqual(time.monotonic() - start, 0.38)
                seen.add((answer.status, answer.body, tuple(item for item in answer.headers if item[0] != 'Date')))
        self.assertEqual(len(seen), 1)

    def test_locks(self):
        self.configure(failures_per_account='3', lock='2s')
        since = self.log_size()
        with Connection(self.server) as logged_on, Connection(self.server) as guesser:
            bob = Client('bob', harness.PASSWORD)
            self.assertEqual(logged_on.log_on(bob, MAILBOX).status, 200)
            for _ in range(3):
                self.assertEqual(guesser.log_on(Client('bob', 'wrong'), MAILBOX).status, 401)
            self.logged(since, 'by NTLM; locked from now on')
            self.assertEqual(guesser.log_on(bob, MAILBOX).status, 401)
            self.assertEqual(logged_on.ask(MAILBOX).status, 401)
            self.logged(since, "account locked after failed log-ons; account 'bob'")
            self.assertEqual(guesser.log_on(alice(), MAILBOX).status, 200)
            time.sleep(2.2)
            self.assertEqual(logged_on.log_on(bob, MAILBOX).status, 200)

    def test_methods_of_a_mailbox(self):
        self.server._admin('user', 'set', 'bob', '--methods', 'basic')
        try:
            self.refused(Client('bob', harness.PASSWORD), 'this method is switched off for this mailbox')
        finally:
            self.server._admin('user', 'set', 'bob', '--methods', 'all')
        with Connection(self.server) as connection:
            self.assertEqual(connection.log_on(Client('bob', harness.PASSWORD), MAILBOX).status, 200)
            self.server._admin('user', 'set', 'bob', '--methods', 'basic')  # while he is logged on
            self.assertEqual(connection.ask(MAILBOX).status, 401)
            self.server._admin('user', 'set', 'bob', '--methods', 'all')

    # --- Negotiate ---

    def test_ntlm_in_negotiate_bare_and_wrapped(self):
        with Connection(self.server) as connection:
            self.assertEqual(connection.log_on(alice(), MAILBOX, 'Negotiate').status, 200)
            self.assertEqual(connection.ask(MAILBOX).status, 200)
        ntlm_id = bytes.fromhex('2b06010401823702020a')
        client = alice()
        first = spnego((0x60, [(6, bytes.fromhex('2b0601050502')), (0xA0, [(0x30, [
            (0xA0, [(0x30, [(6, ntlm_id)])]), (0xA2, [(4, client.negotiate())])])])]))
        with Connection(self.server) as connection:
            answer = connection.ask(MAILBOX, 'Negotiate ' + base64.b64encode(first).decode())
            challenge = answer.challenge('Negotiate')
            self.assertEqual(answer.status, 401)
            self.assertIn(ntlm_id, challenge)
            message = challenge[challenge.index(b'NTLMSSP\0'):]
            last = spnego((0xA1, [(0x30, [(0xA2, [(4, client.authenticate(message))])])]))
            answer = connection.ask(MAILBOX, 'Negotiate ' + base64.b64encode(last).decode())
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.challenge('Negotiate')[:2], b'\xa1\x07')  # accept-completed goes with the answer
            self.assertEqual(connection.ask(MAILBOX).status, 200)

    def test_malformed_headers(self):
        with Connection(self.server) as connection:
            for header in ('NTLM', 'NTLM AAAA', 'NTLM ====', 'Negotiate', 'Negotiate YIIB', 'Negotiate oQA=', 'NTLM ' + 'A' * 40000,
                           'Negotiate ' + base64.b64encode(b'NTLMSSP\0\3\0\0\0' + b'\xff' * 80).decode(), 'Digest x=y'):
                self.assertEqual(connection.ask(MAILBOX, header).status, 401, header[:40])
            self.assertEqual(connection.log_on(alice(), MAILBOX).status, 200)

    # --- Extended Protection (RFC 5929) ---

    def test_channel_bindings(self):
        wrong = ntlm_client.binding(b'of somebody in between')
        for protection, right_status, wrong_status, absent_status in (('none', 200, 200, 200), ('allow', 200, 401, 200),
                                                                      ('require', 200, 401, 401)):
            with self.subTest(protection):
                self.configure(extended_protection=protection)
                for bound, status in (('right', right_status), ('wrong', wrong_status), (None, absent_status)):
                    with Connection(self.server) as connection:
                        right = ntlm_client.binding(connection.certificate())
                        client = alice(channel_binding={'right': right, 'wrong': wrong}.get(bound))
                        self.assertEqual(connection.log_on(client, MAILBOX).status, status, bound)
        self.refused(alice(channel_binding=wrong), 'wrong channel bindings')
        self.refused(alice(), 'no channel bindings')

    def test_protection_of_one_endpoint(self):
        self.configure(extended_protection='none', mapi_extended_protection='require')
        body = endpoints.AUTODISCOVER_REQUEST.format(address='alice@example.org').encode()
        with Connection(self.server) as connection:
            headers = (('Content-Type', 'text/xml'),)
            self.assertEqual(connection.log_on(alice(), PATHS['autodiscover'], headers=headers, body=body).status, 200)
            self.assertEqual(connection.ask(MAILBOX).status, 401)  # who is known there is not bound enough for here
            self.assertEqual(connection.ask(PATHS['autodiscover'], headers=headers, body=body).status, 200)
            client = alice(channel_binding=ntlm_client.binding(connection.certificate()))
            self.assertEqual(connection.log_on(client, MAILBOX).status, 200)

    def test_a_balancers_certificates(self):
        folder = self.server.folder
        ders = []
        for name in ('old', 'new'):
            pem = os.path.join(folder, f'balancer-{name}.pem')
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                            '-days', '2', '-subj', f'/CN={name}', '-keyout', '/dev/null', '-out', pem], check=True,
                           capture_output=True)
            ders.append(subprocess.run(['openssl', 'x509', '-in', pem, '-outform', 'der'], check=True,
                                       capture_output=True).stdout)
        both = f'{folder}/balancer-old.pem {folder}/balancer-new.pem'
        self.configure(extended_protection='require', balancer_certificates=both)
        for der in ders:
            for plain in (False, True):  # also where the balancer speaks plain HTTP to us
                with Connection(self.server, plain) as connection:
                    client = alice(channel_binding=ntlm_client.binding(der))
                    self.assertEqual(connection.log_on(client, MAILBOX).status, 200)
        with Connection(self.server) as living:
            client = alice(channel_binding=ntlm_client.binding(ders[0]))
            self.assertEqual(living.log_on(client, MAILBOX).status, 200)
            self.configure(extended_protection='require', balancer_certificates=f'{folder}/balancer-new.pem')
            self.assertEqual(living.ask(MAILBOX).status, 200)  # who is in stays in
            self.assertEqual(living.log_on(client, MAILBOX).status, 401)
        since = self.log_size()
        self.configure(extended_protection='require', balancer_certificates=f'{folder}/no-such.pem')
        self.logged(since, 'balancer_certificates: certificate .*no-such.pem')
        with Connection(self.server) as connection:  # what could not be read stays as it was
            client = alice(channel_binding=ntlm_client.binding(ders[1]))
            self.assertEqual(connection.log_on(client, MAILBOX).status, 200)

    def test_the_servers_own_new_certificate(self):
        self.configure(extended_protection='require')
        with Connection(self.server) as living:
            old = ntlm_client.binding(living.certificate())
            keep = pathlib.Path(self.server.certificate).read_bytes()
            key_path = pathlib.Path(self.server.folder, 'key.pem')
            key = key_path.read_bytes()
            os.unlink(self.server.certificate)
            try:
                self.server._write_certificate()
                self.configure(extended_protection='require')
                with Connection(self.server) as fresh:
                    new = ntlm_client.binding(fresh.certificate())
                    self.assertNotEqual(old, new)
                    self.assertEqual(fresh.log_on(alice(channel_binding=old), MAILBOX).status, 401)
                    self.assertEqual(fresh.log_on(alice(channel_binding=new), MAILBOX).status, 200)
                self.assertEqual(living.log_on(alice(channel_binding=old), MAILBOX).status, 200)
            finally:
                pathlib.Path(self.server.certificate).write_bytes(keep)
                key_path.write_bytes(key)

    # --- bounds ---

    def resident_kb(self):
        with open(f'/proc/{self.server.process.pid}/smaps_rollup', encoding='ascii') as file:
            return int(re.search(r'^Pss:\s+(\d+)', file.read(), re.M).group(1))

    def test_half_finished_log_ons_are_bounded(self):
        self.configure(handshakes_max='64')
        before = self.resident_kb()
        connections = [Connection(self.server, plain=True, timeout=60) for _ in range(HALF_FINISHED)]
        try:
            responses = [connection.begin(alice(), MAILBOX) for connection in connections]
            growth = self.resident_kb() - before
            self.assertEqual(connections[0].ask(MAILBOX, responses[0]).status, 401)  # made room
            self.assertEqual(connections[-64 - 1].ask(MAILBOX, responses[-64 - 1]).status, 401)
            self.assertEqual(connections[-1].ask(MAILBOX, responses[-1]).status, 200)
            self.assertEqual(connections[-64].ask(MAILBOX, responses[-64]).status, 200)
            if not os.environ.get('MAPIHTTP_SANITIZED'):
                self.assertLess(growth, 4 * HALF_FINISHED + 2048, f'{growth} KB for {HALF_FINISHED} connections')
        finally:
            for connection in connections:
                connection.socket.close()

    def test_many_at_once(self):
        results = []

        def work():
            for _ in range(10):
                with Connection(self.server) as connection:
                    results.append(connection.log_on(alice(), MAILBOX).status)
                    results.append(connection.ask(MAILBOX).status)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [200] * 160)


HELPER = '''#!{python}
"""What ntlm_auth says, without a domain: the account decides."""
import base64, os, sys, time
spnego = '{protocol}' == 'gss-spnego'
challenge = (b'NTLMSSP\\0' + bytes([2, 0, 0, 0]) + bytes(8) + bytes([0x05, 0x82, 0x88, 0xa2]) + os.urandom(8) + bytes(8)
             + bytes([4, 0, 4, 0, 56, 0, 0, 0]) + bytes(8) + bytes(4))
asked = False
for line in sys.stdin:
    verb, _, token = line.strip().partition(' ')
    message = base64.b64decode(token)
    if verb == 'YR':
        asked = True
        print('TT', base64.b64encode(challenge).decode(), flush=True)
        continue
    if verb != 'KK' or not asked:
        print('BH out of order', flush=True)
        continue
    asked = False
    message = message[message.index(b'NTLMSSP'):]
    size, at = int.from_bytes(message[36:38], 'little'), int.from_bytes(message[40:44], 'little')
    account = message[at:at + size].decode('utf-16-le')
    extra = '* ' if spnego else ''
    if account == 'dies':
        sys.exit(1)
    if account == 'hangs':
        time.sleep(60)
    if account == 'babbles':
        print('AF ' + extra + 'EXAMPLE\\\\alice\\nAF ' + extra + 'EXAMPLE\\\\bob', flush=True)
    elif account == 'offline':
        print('NA ' + extra + 'NT_STATUS_NO_LOGON_SERVERS', flush=True)
    elif account == 'breaks':
        print('BH NT_STATUS_INVALID_PARAMETER', flush=True)
    elif account in ('alice', 'bob', 'stranger'):
        print('AF ' + extra + 'EXAMPLE\\\\' + account, flush=True)
    else:
        print('NA ' + extra + 'NT_STATUS_LOGON_FAILURE', flush=True)
'''


class HelperTest(unittest.TestCase):
    """'ntlm_helper' and 'negotiate_helper': squid-2.5-ntlmssp and gss-spnego. The programs know accounts, not passwords."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(start=False)
        commands = {}
        for protocol in ('squid-2.5-ntlmssp', 'gss-spnego'):
            path = os.path.join(cls.server.folder, protocol)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(HELPER.format(python=sys.executable, protocol=protocol))
            os.chmod(path, stat.S_IRWXU)
            commands[protocol] = f'{path} --helper-protocol={protocol}'
        cls.server.configure({'authentication': {
            'methods': 'ntlm negotiate', 'failure_delay': '0', 'failures_per_account': '3', 'failures_per_address': '0',
            'lock': '1s', 'helpers_max': '3', 'helper_timeout': '1s', 'ntlm_helper': commands['squid-2.5-ntlmssp'],
            'negotiate_helper': commands['gss-spnego']}})
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.__exit__()

    def log_on(self, account, **options):
        with Connection(self.server) as connection:
            scheme = options.pop('scheme', 'NTLM')
            answer = connection.log_on(Client(account, 'x', **options), MAILBOX, scheme)
            if answer.status == 200:
                self.assertEqual(connection.ask(MAILBOX).status, 200)
            return answer.status

    def helpers(self):
        count = 0
        for path in glob.glob('/proc/[0-9]*/stat'):
            try:
                with open(path, encoding='utf-8', errors='replace') as file:
                    count += int(file.read().rpartition(')')[2].split()[1]) == self.server.process.pid
            except (FileNotFoundError, ProcessLookupError):
                pass # it has ended meanwhile
        return count

    def test_accepts_and_refuses(self):
        for scheme in ('NTLM', 'Negotiate'):
            with self.subTest(scheme):
                self.assertEqual(self.log_on('alice', scheme=scheme), 200)
                self.assertEqual(self.log_on('nobody', scheme=scheme), 401)
                self.assertEqual(self.log_on('stranger', scheme=scheme), 401)  # of the domain, but without a mailbox
        log = self.server.log_text(1 << 20)
        self.assertIn('refused by the helper: NT_STATUS_LOGON_FAILURE', log)
        self.assertIn('no such user', log)

    def test_bindings_and_old_responses_are_looked_at_all_the_same(self):
        self.assertEqual(self.log_on('alice', channel_binding=ntlm_client.binding(b'another')), 401)
        self.assertEqual(self.log_on('alice', version_1=True), 401)
        with Connection(self.server) as connection:
            client = Client('alice', 'x', channel_binding=ntlm_client.binding(connection.certificate()))
            self.assertEqual(connection.log_on(client, MAILBOX).status, 200)

    def test_failing_helpers_are_replaced(self):
        for account, status in (('dies', 503), ('hangs', 503), ('babbles', 503), ('offline', 503), ('breaks', 401)):
            with self.subTest(account):
                start = time.monotonic()
                self.assertEqual(self.log_on(account), status)
                self.assertLess(time.monotonic() - start, 10)
                self.assertEqual(self.log_on('alice'), 200)
        self.assertLessEqual(self.helpers(), 6)

    def test_helpers_are_bounded_and_taken_back(self):
        connections = [Connection(self.server) for _ in range(8)]
        clients = [Client('alice', 'x') for _ in connections]
        responses = [connection.begin(client, MAILBOX) for connection, client in zip(connections, clients)]
        self.assertLessEqual(self.helpers(), 6)
        statuses = [connection.ask(MAILBOX, response).status for connection, response in zip(connections, responses)]
        self.assertEqual(statuses, [401] * 5 + [200] * 3)
        self.assertEqual(connections[0].log_on(clients[0], MAILBOX).status, 200)
        for connection in connections:
            connection.socket.close()

    def test_guesses_lock(self):
        for _ in range(3):
            self.assertEqual(self.log_on('mallory'), 401)
        self.assertIn("account 'mallory', from 127.0.0.1, by NTLM; locked from now on", self.server.log_text(1 << 20))

    def test_a_helper_that_cannot_be_started(self):
        with harness.Server({'authentication': {'methods': 'ntlm', 'ntlm_helper': '/no/such/program'}}) as server:
            with Connection(server) as connection:
                answer = connection.ask(MAILBOX, 'NTLM ' + base64.b64encode(alice().negotiate()).decode())
                self.assertEqual(answer.status, 503)
            self.assertIn('the helper did not answer', server.log_text())


if __name__ == '__main__':
    unittest.main()
