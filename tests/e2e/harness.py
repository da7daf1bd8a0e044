"""A mapihttpd of our own for end-to-end tests and benchmarks: a temporary folder, one organisation, users, a certificate,
free ports; started, stopped, killed and started again as a test needs. Standard library only.

    with harness.Server() as server:
        server.command('folders', '--json')                  # 'mapihttp folders' as the first user
        server.kill(); server.start()
"""
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.environ.get('MAPIHTTP_SOURCE_ROOT') or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get('MAPIHTTP_BUILD_ROOT') or os.path.join(ROOT, 'build')
DOMAIN = 'example.org'
CERTIFICATE_DAYS = 2
PASSWORD = 'correct horse battery staple'


PORTS = itertools.count(10000 + os.getpid() % 220 * 100)


def free_port():
    """Outside of those that the system gives to connections, and in another hundred for each program: tests run side by side."""
    while True:
        port = next(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
                return port
            except OSError:
                pass


def program(name):
    for folder in ('src/server', 'src/cli', 'tests', 'bench', '.'):
        path = os.path.join(BUILD, folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise SystemExit(f'{name} is not built in {BUILD}')


class Server:
    """settings: {section: {name: value, or a list of them}} over those the test needs anyway; users: accounts, each with PASSWORD."""

    def __init__(self, settings=None, users=('alice', 'bob'), folder=None, start=True):
        self.folder = folder or tempfile.mkdtemp(prefix='mapihttp-')
        self.temporary = folder is None
        self.users = users
        self.plain_port, self.tls_port = free_port(), free_port()
        self.data = os.path.join(self.folder, 'data')
        self.certificate = os.path.join(self.folder, 'certificate.pem')
        self.configuration = os.path.join(self.folder, 'mapihttp.conf')
        self.log = os.path.join(self.folder, 'server.log')
        self.process = None
        os.makedirs(self.data, exist_ok=True)
        self._write_certificate()
        self.configure(settings or {})
        self._make_organization()
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
        if self.temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _write_certificate(self):
        key = os.path.join(self.folder, 'key.pem')
        if not os.path.exists(self.certificate):
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                            '-days', str(CERTIFICATE_DAYS), '-subj', '/CN=localhost', '-addext',
                            f'subjectAltName=DNS:localhost,DNS:{DOMAIN},DNS:autodiscover.{DOMAIN},IP:127.0.0.1',
                            '-keyout', key, '-out', self.certificate], check=True, capture_output=True)

    def configure(self, settings):
        """Writes the configuration; takes effect at the next start or reload."""
        sections = {
            'server': {'data': self.data, 'log_level': 'info'},
            'http': {'listen': [f'127.0.0.1:{self.plain_port} plain', f'127.0.0.1:{self.tls_port} tls']},
            'tls': {'certificate': self.certificate, 'key': os.path.join(self.folder, 'key.pem')},
            'mapi': {},
            'authentication': {'basic_over_plain': 'yes'},
            'organisation': {'name': 'Example', 'default_domain': DOMAIN, 'public_url': f'https://localhost:{self.tls_port}'},
        }
        for section, values in settings.items():
            sections.setdefault(section, {}).update(values)
        with open(self.configuration, 'w', encoding='utf-8') as file:
            for section, values in sections.items():
                if values:
                    file.write(f'[{section}]\n')
                    for name, value in values.items():
                        for one in value if isinstance(value, list) else [value]:
                            file.write(f'{name} = {one}\n')

    def _make_organization(self):
        if os.path.exists(os.path.join(self.data, 'directory.sqlite')):
            return
        self._admin('organization', 'init', '--name', 'Example', '--domain', DOMAIN)
        for user in self.users:
            self._admin('user', 'add', user, '--display-name', user.capitalize() + ' Example', input=PASSWORD + '\n')

    def _admin(self, *words, **options):
        result = subprocess.run([program('mapihttp'), words[0], words[1], '--config', self.configuration, *words[2:]],
                                capture_output=True, text=True, **options)
        if result.returncode:
            raise SystemExit(f'mapihttp {" ".join(words)}: {result.stderr.strip() or result.stdout.strip()}')
        return result.stdout

    def user_dn(self, user=None):
        for row in json.loads(self._admin('user', 'list', '--json')):
            if row['account'] == (user or self.users[0]):
                return row['legacy_dn']
        raise SystemExit(f'no user {user}')

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([program('mapihttpd'), '--config', self.configuration], stderr=log, stdout=log)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f'mapihttpd ended with {self.process.returncode}:\n{self.log_text()}')
            try:
                socket.create_connection(('127.0.0.1', self.tls_port), 1).close()
                with socket.socket(socket.AF_UNIX) as administration:  # made last, once the modules have started
                    administration.connect(os.path.join(self.data, 'admin.sock'))
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit('mapihttpd does not listen after 30 s')

    def stop(self):
        """A clean shutdown; fails when the server does not end, or ends badly (a sanitizer's finding)."""
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SystemExit(f'mapihttpd did not stop within a minute:\n{self.log_text()}')
        if status:
            raise SystemExit(f'mapihttpd ended with {status}:\n{self.log_text()}')

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def log_text(self, size=4000):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()[-size:]

    def address(self, user=None):
        return f'{user or self.users[0]}@{DOMAIN}'

    def command(self, name, *words, user=None, check=True, **options):
        """Runs a client command of 'mapihttp' against this server; returns the completed process."""
        environment = dict(os.environ, MAPIHTTP_PASSWORD=PASSWORD)
        result = subprocess.run([program('mapihttp'), name, '--address', self.address(user), '--server',
                                 f'localhost:{self.tls_port}', '--ca-file', self.certificate, *words],
                                capture_output=True, env=environment, **options)
        if check and result.returncode:
            raise SystemExit(f'mapihttp {name} {" ".join(words)}: exit {result.returncode}\n{result.stderr.decode()}'
                             f'{result.stdout.decode()}')
        return result


def skip(why):
    """Ends a test as skipped (meson's exit status for that)."""
    print(f'SKIP: {why}')
    sys.exit(77)
