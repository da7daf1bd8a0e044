"""docs/seeds.md, the walk through what Exchange's pages let administrators do, typed from its first line to its last.

    seeds_test.py --rewrite     writes what is printed now into the page
"""
import json
import os
import shutil
import subprocess
import sys
import time

import harness

harness.DOMAIN = 'contoso.com'
harness.CERTIFICATE_DAYS = 365
import page_runner  # noqa: E402

PAGE = os.path.join(harness.ROOT, 'docs', 'seeds.md')
REQUEST = ('<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
           '<EMailAddress>user@contoso.com</EMailAddress><AcceptableResponseSchema>'
           'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>')
SCRIPT = ('# For all mailboxes, and to export results to a .csv file:\n'
          'Get-Mailbox | Search-MailboxAuditLog -LogonTypes owner -ShowDetails | ? { $_.ClientInfoString -like "*Outlook*" } | '
          'select MailboxOwnerUPN,Operation,LogonType,LastAccessed,ClientInfoString | export-csv .\\OutlookConnections.csv\n')


class Clients:
    """Outlooks that stay connected until they are told to stop."""

    def __init__(self, server, environment):
        self.server, self.environment, self.running = server, environment, []

    def connected(self):
        rows = subprocess.run([harness.program('mapihttp'), 'session', 'list', '--json'], env=self.environment, check=True, capture_output=True)
        return len(json.loads(rows.stdout))

    def outlook(self, user, version):
        self.server.command('folders', '--client-application', f'Outlook/{version}', user=user)
        words = [harness.program('mapihttp'), 'watch', '--address', self.server.address(user), '--client-application', f'Outlook/{version}']
        before, end = self.connected(), time.monotonic() + 20
        self.running.append(subprocess.Popen(words, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        while self.connected() == before and time.monotonic() < end:
            time.sleep(0.05)

    def autodiscover(self, user, version):
        agent = f'Microsoft Office/{version.split(".")[0]}.0 (Windows NT 5.1; Microsoft Outlook {version}; Pro)'
        subprocess.run(['curl', '-s', '--fail', '--user', f'{self.server.address(user)}:{harness.PASSWORD}', '--cacert', self.server.certificate, '-A', agent,
                        '-H', 'Content-Type: text/xml', '-d', REQUEST.replace('user@', f'{user}@'),
                        f'https://localhost:{self.server.tls_port}/autodiscover/autodiscover.xml'], check=True, capture_output=True)

    def stop(self):
        for process in self.running:
            process.terminate()
            process.wait(10)
        self.running = []


def main():
    if not shutil.which('curl'):
        harness.skip('curl is not installed')
    methods = {'authentication': {'methods': 'basic ntlm negotiate'}} # as ./start has it: what Exchange offers, and Basic
    with harness.Server(methods, users=('alice', 'user', 'ada', 'bob')) as server:
        for user in server.users:
            server._admin('user', 'set', user, '--ntlm', 'yes', '--administrator', 'yes' if user == 'alice' else 'no')
            server._admin('user', 'set-password', user, input=harness.PASSWORD + '\n')
        folder = os.path.join(server.folder, 'work')
        os.mkdir(folder)
        os.symlink(server.data, os.path.join(folder, 'data'))
        for name, text in ('outlook.xml', REQUEST), ('audit.ps1', SCRIPT):
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(text)
        environment = dict(os.environ, PATH=os.path.dirname(harness.program('mapihttp')) + ':' + os.environ['PATH'], LC_ALL='C.UTF-8',
                           MAPIHTTP_CONFIG=server.configuration, MAPIHTTP_ADDRESS=server.address('user'), MAPIHTTP_PASSWORD=harness.PASSWORD,
                           MAPIHTTP_SERVER=f'localhost:{server.tls_port}', MAPIHTTP_CA_FILE=server.certificate)
        environment.pop('MapiHttpDisabled', None)
        clients = Clients(server, environment)
        steps = {'outlook': clients.outlook, 'autodiscover': clients.autodiscover, 'stop': clients.stop,
                 'wait': lambda seconds: time.sleep(float(seconds))} # until usage is written
        runner = page_runner.Runner(PAGE, environment, folder, steps, [(os.uname().nodename, 'mail'), (server.folder, '/srv'), (str(server.tls_port), '44300')])
        differences = runner.run(rewrite='--rewrite' in sys.argv)
        clients.stop()
    print('\n\n'.join(differences) or 'the page is as it is typed')
    return 1 if differences and '--rewrite' not in sys.argv else 0


if __name__ == '__main__':
    sys.exit(main())
