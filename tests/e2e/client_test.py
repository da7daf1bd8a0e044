"""The client commands and the client library against a real server: what they do, what they say, what they end with."""
import json
import os
import socket
import subprocess
import threading
import time
import unittest

import client_library
import harness

MAIL = b'''From: Anna <anna@example.org>\r
To: Bob <bob@example.org>, carol@example.org\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus Wien\r
Date: Mon, 3 Aug 2026 10:00:00 +0200\r
Message-ID: <one@example.org>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=x\r
\r
--x\r
Content-Type: text/plain; charset=utf-8\r
\r
Servus!\r
--x\r
Content-Type: message/rfc822\r
\r
From: carol@example.org\r
Subject: inside\r
Date: Mon, 3 Aug 2026 09:00:00 +0200\r
\r
the inner text\r
--x--\r
'''


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def run_command(self, *words, **options):
        return self.server.command(*words, **options)

    def rows(self, *words):
        return json.loads(self.run_command('list', *words, '--json').stdout)

    def fails(self, *words, status=1, says, **options):
        result = self.run_command(*words, check=False, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(says, result.stderr.decode())
        self.assertTrue(result.stderr.startswith(f'mapihttp {words[0]}: '.encode()), result.stderr)
        return result

    def test_help_of_each(self):
        for name in ('folders', 'list', 'show', 'get', 'put', 'watch', 'status', 'test'):
            result = subprocess.run([harness.program('mapihttp'), name, '--help'], capture_output=True, check=True)
            self.assertTrue(result.stdout.startswith(f'mapihttp {name}'.encode()))
            self.assertIn(b'--password-file', result.stdout)

    def test_errors(self):
        self.fails('list', 'nowhere', says="no folder 'nowhere'")
        self.fails('list', '--columns', 'NoSuchThing', status=2, says='not understood')
        self.fails('list', '--where', 'Subject', '--where', 'MessageSize>many', status=2, says='not understood')
        self.fails('show', 'inbox', '0x0001000000FFFFFF', says='error 0x8004010F')
        self.fails('show', 'inbox', 'seven', status=2, says='not a message id')
        self.fails('get', 'inbox', status=2, says='needed')
        self.fails('put', 'inbox', '/no/such/file', says='No such file')
        self.fails('put', 'inbox', status=2, says='needed')
        self.fails('watch', '--events', 'thunder', status=2, says='no such event')
        self.fails('status', '--nonsense', status=2, says='not understood')

    def test_password(self):
        arguments = [harness.program('mapihttp'), 'folders', '--address', self.server.address(), '--server',
                     f'localhost:{self.server.tls_port}', '--ca-file', self.server.certificate]
        wrong = subprocess.run(arguments, capture_output=True, env=dict(os.environ, MAPIHTTP_PASSWORD='wrong'))
        self.assertEqual(wrong.returncode, 1)
        self.assertIn(b'401', wrong.stderr)
        environment = {key: value for key, value in os.environ.items() if key != 'MAPIHTTP_PASSWORD'}
        path = os.path.join(self.server.folder, 'password')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(harness.PASSWORD + '\n')
        subprocess.run(arguments + ['--password-file', path], capture_output=True, env=environment, check=True)
        subprocess.run(arguments + ['--password-file=-'], capture_output=True, env=environment, check=True,
                       input=harness.PASSWORD.encode() + b'\n')
        none = subprocess.run(arguments, capture_output=True, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        self.assertEqual(none.returncode, 1)
        self.assertIn(b'no password', none.stderr)

    def test_certificate(self):
        environment = dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD)
        arguments = [harness.program('mapihttp'), 'folders', '--address', self.server.address(), '--server', f'localhost:{self.server.tls_port}']
        refused = subprocess.run(arguments, capture_output=True, env=environment)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(b'certificate', refused.stderr)
        subprocess.run(arguments + ['--insecure'], capture_output=True, env=environment, check=True)

    def test_autodiscover_by_address(self):
        """Without --server: the domain's own name, here led to this machine."""
        environment = dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD)
        result = subprocess.run([harness.program('mapihttp'), 'folders', '--address', self.server.address(), '--ca-file',
                                 self.server.certificate, '--connect-to', f'127.0.0.1:{self.server.tls_port}', '-v'],
                                capture_output=True, env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f'https://{harness.DOMAIN}/autodiscover/autodiscover.xml: settings'.encode(), result.stderr)

    def test_unreachable(self):
        environment = dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD)
        result = subprocess.run([harness.program('mapihttp'), 'status', '--address', 'a@example.org', '--url',
                                 f'http://127.0.0.1:{harness.free_port()}/mapi/emsmdb/', '--dn', 'x'], capture_output=True, env=environment)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b'127.0.0.1: Connect: ', result.stderr)

    def test_mail(self):
        result = self.run_command('put', 'Inbox/Letters', '-', input=MAIL, check=False)
        self.assertEqual(result.returncode, 1)  # a folder is not made by mistake
        self.run_command('folders', '--create', 'Inbox/Letters')
        identity = self.run_command('put', 'Inbox/Letters', '-', input=MAIL).stdout.decode().strip()
        rows = self.rows('Inbox/Letters')
        self.assertEqual([row['id'] for row in rows], [identity])
        self.assertEqual(rows[0]['subject'], 'Grüße aus Wien')
        self.assertTrue(rows[0]['attachments'])
        shown = self.run_command('show', 'inbox/letters', identity).stdout.decode()
        for text in ('Grüße aus Wien', 'Bob <bob@example.org>', 'Servus!', 'inside', 'the inner text'):
            self.assertIn(text, shown)
        whole = json.loads(self.run_command('show', 'Inbox/Letters', identity, '--json').stdout)
        self.assertEqual(len(whole['recipients']), 2)
        inner = {row['name']: row['value'] for row in whole['attachments'][0]['message']['properties']}
        self.assertEqual(inner['PidTagSubject'], 'inside')
        mail = self.run_command('get', 'Inbox/Letters', identity).stdout
        self.assertIn(b'one@example.org', mail)
        self.assertIn(b'the inner text', mail)
        self.assertIn(b'the inner text', self.run_command('get', 'Inbox/Letters', identity, '--attachment', '1').stdout)

    def test_sizes(self):
        """Around the borders of a ROP buffer, a stream's pieces and a chained answer."""
        paths = []
        for size in (0, 1, 8191, 8192, 30999, 31000, 31001, 62000, 250000, 1000003):
            path = os.path.join(self.server.folder, f'{size}.bin')
            with open(path, 'wb') as file:
                file.write(os.urandom(size))
            paths += ['--attach', path]
        identity = self.run_command('put', 'inbox', '--subject', 'sizes', *paths).stdout.decode().strip()
        for number, path in enumerate(paths[1::2], 1):
            with open(path, 'rb') as file:
                expected = file.read()
            got = self.run_command('get', 'inbox', identity, '--attachment', str(number)).stdout
            self.assertEqual(got, expected, path)

    def test_queries(self):
        self.run_command('folders', '--create', 'Queries')
        for subject in ('alpha one', 'beta', 'ALPHA two', 'x\x1b[2Jy'):
            self.run_command('put', 'Queries', '--subject', subject)
        subjects = [row['Subject'] for row in self.rows('Queries', '--columns', 'Subject', '--sort', 'Subject:desc')]
        self.assertEqual(subjects, ['x\x1b[2Jy', 'beta', 'ALPHA two', 'alpha one'])
        self.assertEqual(len(self.rows('Queries', '--where', 'Subject^alpha')), 2)
        self.assertEqual(len(self.rows('Queries', '--where', 'Subject~TA')), 1)
        self.assertEqual(len(self.rows('Queries', '--where', 'Subject=beta', '--where', 'MessageSize>0')), 1)
        self.assertEqual(len(self.rows('Queries', '--limit', '2')), 2)
        self.assertNotIn(b'\x1b', self.run_command('list', 'Queries').stdout)  # a subject does not steer the terminal

    def test_many_rows(self):
        """More than one answer holds: 300 messages of a kilobyte of subject."""
        self.run_command('folders', '--create', 'Many')
        names = []
        for number in range(300):
            path = os.path.join(self.server.folder, f'{number}.eml')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(f'Subject: {number:04} ' + 'x' * 900 + '\n\ntext\n')
            names.append(path)
        self.run_command('put', 'Many', *names)
        rows = self.rows('Many', '--columns', 'Subject', '--sort', 'Subject')
        self.assertEqual([row['Subject'][:4] for row in rows], [f'{number:04}' for number in range(300)])

    def test_status(self):
        status = json.loads(self.run_command('status', '--json').stdout)
        self.assertEqual([row['type'] for row in status['connections']], ['Exchange Mail', 'Exchange Notification'])
        for row in status['connections']:
            self.assertEqual((row['protocol'], row['authn'], row['encrypt'], row['status']), ('HTTP', 'Basic', 'SSL', 'Established'))
        self.assertTrue(status['resend_supported'])
        self.assertEqual((status['contexts'], status['logons']), (1, 1))

    def test_connectivity_test(self):
        rows = json.loads(self.run_command('test', '--json').stdout)
        self.assertEqual([row['MonitorIdentity'].split('\\')[-1] for row in rows],
                         ['Autodiscover', 'DNS', 'TCP', 'TLS', 'HTTP', 'Endpoint', 'Authentication', 'Connect', 'Logon', 'InboxListing', 'NotificationWait', 'Ping', 'Disconnect'])
        self.assertEqual({row['Result'] for row in rows}, {'Succeeded'})
        result = self.run_command('test', '--json', '--url', f'https://localhost:{self.server.tls_port}/mapi/nowhere/', '--dn', 'x', check=False)
        self.assertEqual(result.returncode, 1)
        results = [row['Result'] for row in json.loads(result.stdout)]
        self.assertIn('Failed', results)
        self.assertEqual(results[-1], 'Skipped')

    def test_session_survives(self):
        """Dropped connections, and a server that was started anew (the kept context is gone: 10, then Connect)."""
        with client_library.Session(self.server) as session:
            count = session.count_folders()
            session.library.mapihttp_session_drop_connections(session.session)
            self.assertEqual(session.count_folders(), count)
            state = session.state()
            self.assertEqual((state.context_count, state.logon_count), (1, 1))
            self.server.kill()
            self.server.start()
            self.assertEqual(session.count_folders(), count)
            state = session.state()
            self.assertEqual((state.context_count, state.logon_count), (2, 2))

    def test_operations(self):
        """The rest of the library's functions, by a C program."""
        result = subprocess.run([harness.program('client_operations'), f'http://127.0.0.1:{self.server.plain_port}/mapi/emsmdb/',
                                 self.server.user_dn(), self.server.address()], capture_output=True, text=True,
                                env=dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_document(self):
        """The program in docs/client.md is the one that is compiled, and it runs with the shared library alone."""
        with open(os.path.join(harness.ROOT, 'docs/client.md'), encoding='utf-8') as file:
            document = file.read()
        with open(os.path.join(harness.ROOT, 'examples/newest.c'), encoding='utf-8') as file:
            program = file.read()
        self.assertEqual(document.split('```c\n')[1].split('```')[0], program)
        self.assertLessEqual(program.count('\n'), 50)
        self.run_command('put', 'inbox', '--subject', 'for the example')
        environment = dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD, MAPIHTTP_CA_FILE=self.server.certificate)
        result = subprocess.run([os.path.join(harness.BUILD, 'examples/newest'), self.server.address(), f'localhost:{self.server.tls_port}'],
                                capture_output=True, env=environment, check=True)
        self.assertIn(b'for the example', result.stdout)


class Proxy:
    """Passes connections on to a port; cut() breaks all there are, pause() takes no new ones for a while."""

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.pairs = []
        self.paused = False
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self):
        return f'127.0.0.1:{self.listener.getsockname()[1]}'

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.paused:
                client.close()
                continue
            server = socket.create_connection(('127.0.0.1', self.port))
            self.pairs.append((client, server))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    @staticmethod
    def _pass(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()

    def close(self):
        self.cut()
        self.listener.close()


class Watch:
    """'mapihttp watch --json' with its events read as they come."""

    def __init__(self, server, *words):
        self.process = subprocess.Popen([harness.program('mapihttp'), 'watch', '--address', server.address(), '--server',
                                         f'localhost:{server.tls_port}', '--ca-file', server.certificate, '--json', *words],
                                        env=dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.events = []
        assert 'watching' in self.process.stderr.readline()
        threading.Thread(target=self._read, daemon=True).start()
        time.sleep(0.3)

    def _read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def wait_for(self, kind, count=1, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [event for event in self.events if event['event'] == kind]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f'no {kind} among {self.events}')

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode


class WatchTest(unittest.TestCase):
    def test_events(self):
        with harness.Server() as server:
            watch = Watch(server)
            identity = server.command('put', 'inbox', '--subject', 'one').stdout.decode().strip()
            self.assertEqual(watch.wait_for('created')[0]['message'], identity)
            server.kill()
            server.start()
            watch.wait_for('gap')  # the context was lost with the process
            server.command('put', 'inbox', '--subject', 'two')
            watch.wait_for('created', 2)
            self.assertEqual(watch.stop(), 0)  # a signal is the ordinary end

    def test_cuts(self):
        """A watch goes on in the same context through connections that break and a network that is away for a while."""
        with harness.Server() as server:
            proxy = Proxy(server.tls_port)
            watch = Watch(server, '--connect-to', proxy.address())
            for number in range(1, 4):
                proxy.paused = number == 3
                proxy.cut()
                server.command('put', 'inbox', '--subject', str(number))
                if proxy.paused:
                    time.sleep(1.5)
                    proxy.paused = False
                watch.wait_for('created', number)
            self.assertEqual([event for event in watch.events if event['event'] == 'gap'], [])
            self.assertEqual(watch.stop(), 0)
            proxy.close()

    def test_keep_alive(self):
        """A context that expires after two seconds is kept by PING, and forgotten without."""
        with harness.Server({'mapi': {'context_idle': '2s', 'notification_wait': '1s', 'pending_period': '500ms'}}) as server:
            with client_library.Session(server, keep_alive=True) as kept, client_library.Session(server, keep_alive=False) as idle:
                time.sleep(5)
                kept.count_folders()
                idle.count_folders()
                self.assertEqual((kept.state().context_count, kept.state().logon_count), (1, 1))
                self.assertEqual((idle.state().context_count, idle.state().logon_count), (2, 2))
            watch = Watch(server)
            time.sleep(4)  # several waits that end without an event
            server.command('put', 'inbox', '--subject', 'late')
            watch.wait_for('created')
            self.assertEqual([event['event'] for event in watch.events if event['event'] == 'gap'], [])
            watch.stop()


unittest.main(verbosity=1)
