"""A slapd of Debian's packages on loopback for end-to-end tests: a temporary folder, free ports, people made by the test;
stopped with it. Standard library only.

    with slapd.Slapd({'alice': {...attributes...}}) as directory: ...
"""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import harness

SLAPD, SLAPADD, MODIFY, SCHEMAS = '/usr/sbin/slapd', '/usr/sbin/slapadd', 'ldapmodify', '/etc/ldap/schema'
BASE = 'dc=example,dc=org'
READER, READER_PASSWORD = f'cn=reader,{BASE}', 'reader secret'


def is_there():
    return os.access(SLAPD, os.X_OK) and os.access(SLAPADD, os.X_OK) and shutil.which(MODIFY) and os.path.exists(f'{SCHEMAS}/core.schema')


def entry(dn, classes, attributes):
    lines = [f'dn: {dn}', *(f'objectClass: {name}' for name in classes)]
    for name, values in attributes.items():
        lines += [f'{name}: {value}' for value in (values if isinstance(values, list) else [values])]
    return '\n'.join(lines) + '\n\n'


def person_dn(account):
    return f'uid={account},ou=people,{BASE}'


def person(account, **attributes):
    name = account.capitalize() + ' Example'
    values = {'uid': account, 'cn': name, 'sn': 'Example', 'givenName': account.capitalize(),
              'mail': f'{account}@{harness.DOMAIN}', 'userPassword': harness.PASSWORD, **attributes}
    return entry(person_dn(account), ['inetOrgPerson'], values)


class Slapd:
    def __init__(self, *people):
        self.folder = tempfile.mkdtemp(prefix='mapihttp-slapd-')
        self.port = harness.free_port()
        self.url = f'ldap://127.0.0.1:{self.port}'
        self.ca_file = os.path.join(self.folder, 'certificate.pem')
        self.password_file = os.path.join(self.folder, 'reader.password')
        self.configuration = os.path.join(self.folder, 'slapd.conf')
        self.process = None
        self._write('reader.password', READER_PASSWORD + '\n')
        os.chmod(self.password_file, 0o600)
        self._configure()
        self._load(people)
        atexit.register(self.stop)  # where a test's preparation fails
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as file:
            file.write(text)

    def _configure(self):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days',
                        '2', '-subj', '/CN=directory', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout',
                        os.path.join(self.folder, 'key.pem'), '-out', self.ca_file], check=True, capture_output=True)
        os.mkdir(os.path.join(self.folder, 'db'))
        schemas = ''.join(f'include {SCHEMAS}/{name}.schema\n' for name in ('core', 'cosine', 'nis', 'inetorgperson'))
        self._write('slapd.conf', f'''{schemas}modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {self.folder}/pid
TLSCertificateFile {self.ca_file}
TLSCertificateKeyFile {self.folder}/key.pem
security simple_bind=128
database mdb
suffix {BASE}
directory {self.folder}/db
maxsize 67108864
overlay ppolicy
ppolicy_default cn=policy,{BASE}
limits dn.exact="{READER}" size.prtotal=unlimited
access to attrs=userPassword by dn.exact="{READER}" write by anonymous auth by * none
access to * by dn.exact="{READER}" manage by * none
''')

    def _load(self, people):
        self._write('people.ldif', ''.join([
            entry(BASE, ['domain'], {'dc': 'example'}),
            entry(f'ou=people,{BASE}', ['organizationalUnit'], {'ou': 'people'}),
            entry(f'ou=groups,{BASE}', ['organizationalUnit'], {'ou': 'groups'}),
            entry(READER, ['organizationalRole', 'simpleSecurityObject'], {'cn': 'reader', 'userPassword': READER_PASSWORD}),
            entry(f'cn=policy,{BASE}', ['organizationalRole', 'pwdPolicy'],
                  {'cn': 'policy', 'pwdAttribute': 'userPassword', 'pwdLockout': 'TRUE', 'pwdMaxFailure': '100'}),
            *people]))
        subprocess.run([SLAPADD, '-q', '-f', self.configuration, '-l', os.path.join(self.folder, 'people.ldif')], check=True,
                       capture_output=True)

    def start(self):
        self.process = subprocess.Popen([SLAPD, '-d', '0', '-f', self.configuration, '-h', self.url + '/'], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit('slapd does not listen')

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None

    def change(self, changes):
        """LDIF change records, or whole entries to add."""
        subprocess.run([MODIFY, '-a', '-ZZ', '-x', '-H', self.url, '-D', READER, '-w', READER_PASSWORD], input=changes, text=True,
                       check=True, capture_output=True, env=dict(os.environ, LDAPTLS_CACERT=self.ca_file))

    def settings(self, **more):
        """The [directory] section of a mapihttpd that has its users here."""
        return {'backend': 'ldap', 'servers': self.url, 'ca_file': self.ca_file, 'bind_dn': READER,
                'bind_password_file': self.password_file, 'base_dn': BASE, 'schema': 'inetorgperson', 'cache': '1s',
                'timeout': '10s', 'connect_timeout': '5s', 'refresh': '1s', **more}
