"""Probes against a real server: each step, each way to fail, what monitoring systems get; Exchange's two commands as they are typed; MapiHttpDisabled."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import harness

STEPS = ['Autodiscover', 'DNS', 'TCP', 'TLS', 'HTTP', 'Endpoint', 'Authentication', 'Connect', 'Logon', 'InboxListing', 'NotificationWait',
         'Ping', 'Disconnect']
SELF = r'OutlookMapiHttp.Protocol\OutlookMapiHttpSelfTestProbe'


class ProbeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server({'authentication': {'failure_delay': '0'}})
        cls.where = f'localhost:{cls.server.tls_port}'

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.folder, ignore_errors=True)

    def run_plain(self, *words, password=None, environment=(), **options):
        """A command without the options that harness.command() gives: what stands in the words is all."""
        variables = {key: value for key, value in os.environ.items() if not key.startswith('MAPIHTTP_')}
        variables.update(environment, **({'MAPIHTTP_PASSWORD': password} if password else {}))
        return subprocess.run([harness.program('mapihttp'), *words], capture_output=True, text=True, env=variables, stdin=subprocess.DEVNULL, **options)

    def probe(self, *words, password=harness.PASSWORD, **options):
        return self.run_plain('probe', '--server', self.where, '--ca-file', self.server.certificate, *words, password=password, **options)

    def objects(self, result):
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_deep(self):
        result = self.probe('deep', '--address', self.server.address(), '--json')
        self.assertEqual(result.returncode, 0, result.stderr)
        report, = self.objects(result)
        self.assertEqual([step['Step'] for step in report['Steps']], STEPS)
        self.assertEqual({step['Result'] for step in report['Steps']}, {'Succeeded'})
        self.assertEqual(report['MonitorIdentity'], SELF.replace('Self', 'Deep'))
        self.assertEqual((report['Result'], report['InboxCount'], report['Authentication']), ('Succeeded', 0, 'Basic'))
        self.assertAlmostEqual(report['Latency'], sum(step['Latency'] for step in report['Steps']), places=1)
        self.assertLess(report['StartTime'], report['EndTime'])
        # It leaves nothing behind: its context was ended by Disconnect.
        sessions = self.run_plain('Get-ConnectionStatus', '--config', self.server.configuration, '--json')
        self.assertEqual((sessions.returncode, json.loads(sessions.stdout)), (0, []), sessions.stderr)

    def test_self_needs_no_credentials(self):
        result = self.probe('self', '--json', password=None)
        report, = self.objects(result)
        self.assertEqual((result.returncode, report['MonitorIdentity'], report['Result']), (0, SELF, 'Succeeded'))
        self.assertEqual([step['Step'] for step in report['Steps']], STEPS[1:7])
        self.assertEqual(report['Steps'][-1]['Result'], 'Skipped')
        self.assertIn('Basic', report['Steps'][4]['Detail'])

    def test_failures(self):
        """Where it is seen, and what is said; nothing after it is tried."""
        nobody = f'localhost:{harness.free_port()}'
        https = f'https://localhost:{self.server.plain_port}/mapi/emsmdb/'
        for words, password, step, error, advice in (
                (('self', '--server', nobody), None, 'TCP', 'NETWORK 7', 'Nothing listens'),
                (('deep', '--server', nobody), harness.PASSWORD, 'TCP', 'NETWORK 7', 'Nothing listens'),
                (('self', '--url', https), None, 'TLS', 'TLS 35', 'does not speak TLS'),
                (('deep',), 'wrong', 'Autodiscover', 'AUTHENTICATION 401', 'Is the password right'),
                (('deep', '--url', f'https://{self.where}/mapi/nowhere/', '--dn', 'x'), harness.PASSWORD, 'Connect', 'TRANSPORT 3', 'not one of this server'),
                (('deep', '--url', f'https://{self.where}/mapi/emsmdb/', '--dn', '/o=other'), harness.PASSWORD, 'Connect', 'SERVER 1003', 'no mailbox of that name')):
            result = self.probe('--address', self.server.address(), '--json', *words, password=password)
            self.assertEqual(result.returncode, 1, words)
            report, = self.objects(result)
            self.assertEqual(report['FailedStep'], step, report['Exception'])
            self.assertEqual(report['Error'], error)
            self.assertTrue(report['Exception'])
            self.assertIn(advice, report['Advice'])
            names = [row['Step'] for row in report['Steps']]
            self.assertEqual({row['Result'] for row in report['Steps'][names.index(step) + 1:]} - {'Skipped'}, set())

    def test_certificates(self):
        result = self.run_plain('probe', 'self', '--server', self.where)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r'TLS +Failed.*self-signed certificate.*DNS:localhost')
        self.assertIn('TLS failed. This machine does not trust who issued', result.stdout)
        result = self.probe('self', '--server', f'127.0.0.2:{self.server.tls_port}', '--connect-to', self.where, password=None)
        self.assertRegex(result.stdout, r'TLS +Failed.*127\.0\.0\.2')
        self.assertIn('must name the host', result.stdout)
        result = self.run_plain('probe', 'self', '--server', self.where, '--insecure')
        self.assertEqual(result.returncode, 0)
        self.assertIn('not verified: ', result.stdout)

    def test_words(self):
        for words, says in ((('nonsense',), "no probe 'nonsense'"), (('--watch', '0'), "'0' is not a whole number"), (('--json', '--nagios'), 'one of'),
                            (('--warning', '5'), 'are for --nagios'), (('--count', '3'), 'is for --watch'), (('--output', 'x'), 'is for --prometheus'),
                            (('--time-limit',), 'needs a value'), (('--time-limit', '-1'), 'is not a whole number'), (('--unknown',), 'not understood')):
            result = self.probe('self', *words, password=None)
            self.assertEqual(result.returncode, 3 if '--nagios' in words else 2, words)
            self.assertIn(says, result.stderr)
        result = self.run_plain('probe', 'self')
        self.assertEqual(result.returncode, 2)
        self.assertIn('which server?', result.stderr)
        self.assertIn('--address USER@DOMAIN is needed', self.probe('deep', password=None).stderr)

    # --- monitoring ---

    def nagios(self, *words, **options):
        result = self.probe('--nagios', *words, **options)
        return result.returncode, result.stdout.split('|')[0], result.stdout

    def test_nagios(self):
        mailbox = ('--address', self.server.address())
        status, line, text = self.nagios(*mailbox, '--certificate-days', '0', '--warning', '20000', '--critical', '25000')
        self.assertEqual(status, 0, text)
        self.assertRegex(line, r'^MAPIHTTP OK: alice@example\.org at localhost:\d+: Inbox of 0 messages, [\d.]+ ms $')
        figures = dict(re.findall(r' (\w+)=([\d.]+)', text.split('|')[1]))
        self.assertEqual(set(figures) - {'total', 'inbox', 'certificate_days'}, set(STEPS))
        self.assertIn(';20.000000;25.000000;0; ', text)
        status, line, _ = self.nagios('self', password=None)
        self.assertEqual(status, 1)
        self.assertIn('the certificate ends in 1 days', line)
        self.assertEqual(self.nagios('self', '--certificate-days', '0', '--warning', '1', password=None)[0], 1)
        self.assertEqual(self.nagios('self', '--certificate-days', '0', '--critical', '1', password=None)[0], 2)
        self.assertEqual(self.nagios(*mailbox, password='wrong')[0], 2)
        self.assertEqual(self.nagios('rpc-self', password=None)[0], 2)
        self.assertEqual(self.nagios('deep', password=None)[0], 3)
        self.assertEqual(self.nagios('--warning', '9', '--critical', '3')[0], 3)
        self.assertEqual(self.probe('--nagios', environment={'MapiHttpDisabled': '1'}, password=None).returncode, 3)

    def test_prometheus(self):
        path = os.path.join(self.server.folder, 'probe.prom')
        result = self.probe('self', 'deep', 'rpc-self', '--address', self.server.address(), '--prometheus', '--output', path)
        self.assertEqual((result.returncode, result.stdout), (1, ''))  # the RPC probe fails
        with open(path, encoding='utf-8') as file:
            text = file.read()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o644)
        self.assertEqual([name for name in os.listdir(self.server.folder) if 'probe.prom' in name], ['probe.prom'])
        success = dict(re.findall(r'^mapihttp_probe_success\{probe="(\w+)",.*\} ([01])$', text, re.M))
        self.assertEqual(success, {'OutlookMapiHttpSelfTestProbe': '1', 'OutlookMapiHttpDeepTestProbe': '1', 'OutlookRpcSelfTestProbe': '0'})
        self.assertRegex(text, r'mapihttp_probe_step_duration_seconds\{probe="OutlookMapiHttpDeepTestProbe",.*step="Logon"\} 0\.\d')
        if shutil.which('promtool'):
            check = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True)
            self.assertEqual((check.returncode, check.stderr), (0, ''), check.stdout)
        result = self.probe('self', '--prometheus', '--output', '/nonexistent/x', password=None)
        self.assertEqual(result.returncode, 1)
        self.assertIn('/nonexistent/x: No such file', result.stderr)

    def test_watch(self):
        """A line for each run, also while the server is away; an interrupt ends it after the run."""
        port = harness.free_port()
        with harness.Server(users=(), settings={'http': {'listen': f'127.0.0.1:{port} tls'}}, start=False) as other:
            other.tls_port = port
            other.start()
            process = subprocess.Popen([harness.program('mapihttp'), 'probe', 'self', '--server', f'localhost:{port}', '--ca-file', other.certificate,
                                        '--watch', '1', '--json'], stdout=subprocess.PIPE, text=True)
            try:
                self.assertEqual(json.loads(process.stdout.readline())['Result'], 'Succeeded')
                other.stop()
                failed = json.loads(process.stdout.readline())
                if failed['Result'] == 'Succeeded':  # it was as fast as that
                    failed = json.loads(process.stdout.readline())
                self.assertEqual((failed['Result'], failed['FailedStep']), ('Failed', 'TCP'))
                other.start()
                self.assertEqual(json.loads(process.stdout.readline())['Result'], 'Succeeded')
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(5), 0)
            finally:
                process.kill()
                process.wait()
                process.stdout.close()
        start = time.monotonic()
        result = self.probe('self', '--watch', '1', '--count', '2', password=None)
        self.assertEqual(len(re.findall(r'^20\S+Z  Succeeded  .* ms$', result.stdout, re.M)), 2, result.stdout)
        self.assertLess(1, time.monotonic() - start)

    # --- Exchange's commands ---

    def exchange(self, *words, **options):
        environment = {'MAPIHTTP_CA_FILE': self.server.certificate, 'MAPIHTTP_CONFIG': self.server.configuration}
        return self.run_plain(*words, environment=environment, **options)

    def test_outlook_connectivity(self):
        result = self.exchange('Test-OutlookConnectivity', '-RunFromServerId', self.where, '-ProbeIdentity', 'OutlookMapiHttpSelfTestProbe', '--table')
        self.assertEqual(result.returncode, 0, result.stderr)
        head, row = result.stdout.splitlines()
        self.assertEqual(head.split(), ['MonitorIdentity', 'StartTime', 'EndTime', 'Result', 'Error', 'Exception'])
        self.assertRegex(row, '^' + re.escape(SELF) + r'  \S+Z  \S+Z  Succeeded')
        # The server of this machine's configuration, where none is named; full names in any case, by a pipe as an object.
        result = self.exchange('test-outlookconnectivity', SELF.lower())
        self.assertEqual(json.loads(result.stdout)['Result'], 'Succeeded', result.stderr)
        result = self.exchange('Test-OutlookConnectivity', '-ProbeIdentity', r'OutlookMapiHttpDeepTestProbe\Mailbox Database 1', '-MailboxId',
                               self.server.address(), '-TimeOutSeconds:20', '-Credential', 'alice', password=harness.PASSWORD)
        deep = json.loads(result.stdout)
        self.assertEqual((result.returncode, deep['Result'], deep['InboxCount']), (0, 'Succeeded', 0), result.stderr)
        self.assertEqual(len(deep['Steps']), len(STEPS))
        for name in ('OutlookRpcSelfTestProbe', 'OutlookRpcDeepTestProbe'):
            result = self.exchange('Test-OutlookConnectivity', '-ProbeIdentity', name, '--json')
            self.assertEqual(result.returncode, 1)
            self.assertIn('RPC over HTTP is off', json.loads(result.stdout)[0]['Exception'])
            self.assertIn('WARNING: RpcProxy failed.', result.stderr)
        for words, says in ((('-ProbeIdentity', 'x'), "there is no probe 'x'"), ((), 'ProbeIdentity'), (('OutlookMapiHttpDeepTestProbe',), 'MailboxId'),
                            (('OutlookMapiHttpDeepTestProbe', '-MailboxId', 'alice'), "'alice' is not a mailbox's address"),
                            (('OutlookMapiHttpSelfTestProbe', '-TimeOutSeconds', '0'), 'TimeOutSeconds'), (('self', '-Nonsense', 'x'), 'Nonsense')):
            result = self.exchange('Test-OutlookConnectivity', *words)
            self.assertEqual(result.returncode, 2, words)
            self.assertIn(says, result.stderr)
        result = self.run_plain('Test-OutlookConnectivity', 'self', environment={'MAPIHTTP_CONFIG': '/nonexistent'})
        self.assertEqual(result.returncode, 2)
        self.assertIn('which server? -RunFromServerId', result.stderr)

    def test_mapi_connectivity(self):
        result = self.exchange('Test-MapiConnectivity', '-id', self.server.address(), '-Server', self.where, '--csv', password=harness.PASSWORD)
        self.assertEqual(result.returncode, 0, result.stderr)
        head, row = [line.split(',') for line in result.stdout.splitlines()]
        self.assertEqual(head[:5], ['MailboxServer', 'Database', 'Result', 'Error', 'Latency'])
        self.assertEqual(row[:4], [self.where, self.server.address(), 'Success', ''])
        self.assertGreater(float(row[4]), 0)
        # Two mailboxes by a pipe, with one who may open only his own: the other is told, and the status says so.
        mailboxes = '\n'.join(json.dumps({'PrimarySmtpAddress': self.server.address(user)}) for user in ('alice', 'bob')) + '\n{}\n'
        variables = dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD, MAPIHTTP_CA_FILE=self.server.certificate)
        result = subprocess.run([harness.program('mapihttp'), 'Test-MapiConnectivity', '-Server', self.where, '-Credential', 'alice@example.org'],
                                input=mailboxes, capture_output=True, text=True, env=variables)
        rows = self.objects(result)
        self.assertEqual([(row['Database'], row['Result']) for row in rows], [('alice@example.org', 'Success'), ('bob@example.org', '*FAILURE*')])
        self.assertIn('AccessDenied', rows[1]['Error'])
        self.assertEqual(result.returncode, 1)
        self.assertIn('an object without a mailbox', result.stderr)
        self.assertEqual(self.exchange('Test-MapiConnectivity', password='x').returncode, 2)

    # --- MapiHttpDisabled ---

    def test_disabled(self):
        mailbox = ('--address', self.server.address(), '--server', self.where, '--ca-file', self.server.certificate)
        for words, environment in ((('--mapi-http-disabled',), {}), ((), {'MapiHttpDisabled': '1'})):
            result = self.run_plain('status', *mailbox, *words, '--json', password=harness.PASSWORD, environment=environment)
            self.assertEqual(result.returncode, 1)
            connection, = json.loads(result.stdout)['connections']
            self.assertEqual((connection['protocol'], connection['status']), ('RPC/HTTP', 'Disconnected'))
            self.assertIn('MapiHttpDisabled', connection['cause'])
            self.assertIn('set MapiHttpDisabled to 0', result.stderr)
            result = self.run_plain('folders', *mailbox, *words, password=harness.PASSWORD, environment=environment)
            self.assertEqual(result.returncode, 1)
            self.assertIn('switched off in this client (MapiHttpDisabled)', result.stderr)
        # The server is not told of the capability, and offers the transports of other clients.
        result = self.run_plain('discover', *mailbox, '--mapi-http-disabled', password=harness.PASSWORD)
        self.assertIn('MapiHttpDisabled is set in this client', result.stdout + result.stderr)
        self.assertEqual(self.run_plain('status', *mailbox, password=harness.PASSWORD, environment={'MapiHttpDisabled': '0'}).returncode, 0)


if __name__ == '__main__':
    unittest.main()
