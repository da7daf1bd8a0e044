"""A Kerberos realm of our own for tests: a KDC of Debian's krb5-kdc on loopback, its database in a temporary folder, no root
needed. Tickets are fetched by kinit; environment() is what programs need to use them.

    with kerberos_realm.Realm() as realm:
        realm.add_user('alice'); realm.add_service('HTTP/localhost'); keytab = realm.write_keytab('HTTP/localhost')
        subprocess.run([...], env=realm.log_on('alice'))
"""
import os
import shutil
import socket
import subprocess
import tempfile
import time

import harness

PROGRAMS = ('krb5kdc', 'kdb5_util', 'kadmin.local', 'kinit', 'kvno')
PASSWORD = 'a ticket to ride'


def find(program):
    return shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')


def require():
    for program in PROGRAMS:
        if not find(program):
            harness.skip(f'{program} is not installed (packages krb5-kdc, krb5-admin-server, krb5-user)')


class Realm:
    def __init__(self, name='EXAMPLE.ORG', clock_skew_s=300):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix='kerberos-realm-')
        self.port = harness.free_port()
        self.configuration = os.path.join(self.folder, 'krb5.conf')
        self.profile = os.path.join(self.folder, 'kdc.conf')
        self.keytab = os.path.join(self.folder, 'http.keytab')
        self.process = None
        self._write(self.configuration, f'''[libdefaults]
 default_realm = {name}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
 clockskew = {clock_skew_s}
[realms]
 {name} = {{
  kdc = 127.0.0.1:{self.port}
 }}
[domain_realm]
 localhost = {name}
 .example.org = {name}
''')
        self._write(self.profile, f'''[kdcdefaults]
 kdc_listen = 127.0.0.1:{self.port}
 kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
 {name} = {{
  database_name = {self.folder}/principal
  key_stash_file = {self.folder}/stash
  acl_file = {self.folder}/acl
  max_life = 10h
  max_renewable_life = 1d
 }}
[logging]
 kdc = FILE:{self.folder}/kdc.log
''')
        self._run('kdb5_util', 'create', '-s', '-r', name, '-P', 'master password')
        self._start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def _write(self, path, text):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def environment(self, cache=None):
        return dict(os.environ, KRB5_CONFIG=self.configuration, KRB5_KDC_PROFILE=self.profile,
                    KRB5CCNAME='FILE:' + os.path.join(self.folder, cache or 'nobody.ccache'))

    def _run(self, program, *words, cache=None, input=None, check=True):
        result = subprocess.run([find(program), *words], env=self.environment(cache), capture_output=True, text=True, input=input)
        if check and result.returncode:
            raise SystemExit(f'{program} {" ".join(words)}: {result.stderr}{result.stdout}')
        return result

    def _start(self):
        self.process = subprocess.Popen([find('krb5kdc'), '-n', '-r', self.name], env=self.environment(), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 15
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit('krb5kdc does not listen')

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def admin(self, command):
        return self._run('kadmin.local', '-r', self.name, '-q', command).stdout

    def add_user(self, user, password=PASSWORD):
        self.admin(f'addprinc -pw "{password}" {user}')

    def add_service(self, service):
        self.admin(f'addprinc -randkey {service}')

    def change_key(self, service):
        """As an administrator who forgets to renew the keytab."""
        self.admin(f'cpw -randkey {service}')

    def write_keytab(self, *services, path=None):
        """The keys as they are now, in a new file at the place of the old one."""
        path = path or self.keytab
        new = path + '.new'
        if os.path.exists(new):
            os.unlink(new)
        for service in services:
            self.admin(f'ktadd -k {new} -norandkey {service}')
        os.replace(new, path)
        return path

    def log_on(self, user, password=PASSWORD, lifetime='1h'):
        """Fetches a ticket; returns the environment in which programs use it."""
        cache = user.replace('/', '_') + '.ccache'
        self._run('kinit', '-l', lifetime, user, cache=cache, input=password + '\n')
        return self.environment(cache)

    def forget_service_tickets(self, user, password=PASSWORD):
        """The next request asks the KDC for a ticket anew, as after another key or log-on."""
        return self.log_on(user, password)
