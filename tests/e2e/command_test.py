"""Operating the server by the command: what the seeds' pages have, typed in a shell after the word 'mapihttp'; the same by ordinary names;
pipes of objects; forms of output; what is typed wrong; completion and manual pages."""
import csv
import json
import os
import pty
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import harness

MAPIHTTP = harness.program('mapihttp')
USERS = ('ada', 'bob', 'eve')


def environment(server, **more):
    return dict(os.environ, MAPIHTTP_CONFIG=server.configuration, PATH=os.path.dirname(MAPIHTTP) + ':' + os.environ['PATH'], **more)


class Commands(unittest.TestCase):
    """All of it with a server that runs."""
    running = True

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(users=USERS, start=cls.running)
        cls.environment = environment(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.server.folder)
        self.unchanged = None  # the state that the last refusal left

    def shell(self, line, **options):
        """A line of bash, as a person types it, in an empty folder."""
        options.setdefault('stdin', subprocess.DEVNULL)
        return subprocess.run(['bash', '-o', 'pipefail', '-c', line], capture_output=True, text=True, cwd=self.folder, env=self.environment,
                              check=False, timeout=120, **options)

    def good(self, line, **options):
        result = self.shell(line, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ''), line)
        return result.stdout

    def objects(self, line, **options):
        return [json.loads(row) for row in self.good(line, **options).splitlines() if row]

    def state(self):
        return self.good('mapihttp Get-OrganizationConfig; mapihttp Get-Mailbox; mapihttp Get-CasMailbox')

    def refused(self, line, saying, status=2):
        """Fails, says what and where, changes nothing."""
        before = self.unchanged or self.state()
        result = self.shell(line)
        self.assertEqual(result.returncode, status, line + '\n' + result.stderr)
        self.assertIn(saying, result.stderr, line)
        self.unchanged = self.state()
        self.assertEqual(before, self.unchanged, line)

    def cas(self, user, name):
        return self.objects(f'mapihttp Get-CasMailbox {user}')[0][name]

    # --- the seeds ---

    def test_organization_switch(self):
        self.good("mapihttp Set-OrganizationConfig -MapiHttpEnabled '$false'")
        self.assertIs(self.objects('mapihttp Get-OrganizationConfig')[0]['MapiHttpEnabled'], False)
        self.good("mapihttp Set-OrganizationConfig -MapiHttpEnabled '$true'")
        self.assertIs(self.objects('mapihttp org show')[0]['MapiHttpEnabled'], True)

    def test_mailbox_switch_by_both_faces(self):
        self.good("mapihttp Set-CasMailbox -id ada -MapiHttpEnabled '$true'")
        self.assertIs(self.cas('ada', 'MapiHttpEnabled'), True)
        self.good('mapihttp cas set ada --mapi-http off')
        self.assertIs(self.cas('ada', 'MapiHttpEnabled'), False)
        self.good('mapihttp cas set ada --mapi-http inherit')
        self.assertIsNone(self.cas('ada', 'MapiHttpEnabled'))
        self.good("mapihttp set-casmailbox \u2013Identity ada \u2014mapihttpe:'$false'")
        self.assertIs(self.cas('ada', 'MapiHttpEnabled'), False)
        self.good("mapihttp Set-CASMailbox ada -MapiHttpEnabled '$null'")
        self.assertIsNone(self.cas('ada', 'MapiHttpEnabled'))

    def test_a_dollar_that_the_shell_took_away(self):
        self.refused('mapihttp Set-CasMailbox -id ada -MapiHttpEnabled $true', "-MapiHttpEnabled needs a value: '$true' or '$false', in quotes")
        self.refused('mapihttp Get-Mailbox | mapihttp Set-Mailbox -AuditOwner MailboxLogin -AuditEnabled $true', 'in quotes')

    def test_virtual_directory_as_the_page_has_it(self):
        """The page lost its URLs: -InternalUrl and -ExternalUrl stand there without a value, one of them with an en dash."""
        result = self.shell('mapihttp Set-MapiVirtualDirectory -InternalUrl \u2013ExternalUrl -IISAuthenticationMethods Negotiate')
        self.assertEqual(result.returncode, 2)
        self.assertIn('-InternalUrl needs a value', result.stderr)

    def test_audit_of_all_mailboxes(self):
        line = "mapihttp Get-Mailbox | mapihttp Set-Mailbox -AuditOwner MailboxLogin -AuditEnabled '$true'"
        self.good("mapihttp Get-Mailbox | mapihttp Set-Mailbox -AuditEnabled '$false' -WarningAction Ignore")
        self.good(line)
        for row in self.objects('mapihttp Get-Mailbox'):
            self.assertEqual((row['AuditEnabled'], row['AuditOwner']), (True, ['MailboxLogin']), row['Alias'])

    def test_the_search_as_it_is_typed(self):
        """With $_ left to the shell, without quotes around the block, with the backslash that a shell takes away."""
        line = ('mapihttp Get-Mailbox | mapihttp Search-MailboxAuditLog -LogonTypes owner -ShowDetails | '
                'mapihttp ? { $_.ClientInfoString -like "*Outlook*" } | '
                'mapihttp select MailboxOwnerUPN,Operation,LogonType,LastAccessed,ClientInfoString | '
                'mapihttp export-csv .\\OutlookConnections.csv')
        result = self.shell(line)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(os.path.exists(os.path.join(self.folder, 'OutlookConnections.csv')), os.listdir(self.folder))
        self.assertEqual(os.listdir(self.folder), ['OutlookConnections.csv'])

    def test_lines_of_a_page_where_the_shell_knows_the_dollars(self):
        known = "true='$true' false='$false' null='$null'; "
        self.good(known + 'mapihttp Set-Mailbox -Identity ada@example.org -AuditOwner MailboxLogin -AuditEnabled $true -wa Ignore')
        self.assertIs(self.objects('mapihttp Get-Mailbox ada')[0]['AuditEnabled'], True)
        self.good(known + 'mapihttp Set-CasMailbox -id ada -MapiHttpEnabled $false; mapihttp Set-CasMailbox -id ada -MapiHttpEnabled $null')
        self.assertIsNone(self.cas('ada', 'MapiHttpEnabled'))

    def test_the_pages_lines_in_the_shell_of_their_own(self):
        text = ('[PS] C:\\>Get-Mailbox | Set-Mailbox -AuditOwner MailboxLogin -AuditEnabled $true\n'
                'Get-Mailbox ada | ? { $_.AuditOwner -contains "MailboxLogin" } | select Alias,AuditEnabled | export-csv .\\A.csv\n'
                'Set-OrganizationConfig -MapiHttpEnabled $true\n')
        result = self.shell('mapihttp shell', input=text, stdin=None)
        self.assertEqual((result.returncode, result.stdout), (0, ''), result.stderr)
        with open(os.path.join(self.folder, 'A.csv'), encoding='utf-8', newline='') as file:
            self.assertEqual(file.read(), '"Alias","AuditEnabled"\r\n"ada","True"\r\n')

    # --- pipes ---

    def test_a_pipe_goes_on_after_an_error(self):
        result = self.shell("printf 'ada\\nnobody\\nbob\\n' | mapihttp Set-CasMailbox -MapiHttpEnabled '$false'")
        self.assertEqual(result.returncode, 1)
        self.assertIn('nobody', result.stderr)
        self.assertEqual([self.cas(user, 'MapiHttpEnabled') for user in USERS], [False, False, None])
        result = self.shell("printf 'ada\\nnobody\\nbob\\n' | mapihttp Set-CasMailbox -MapiHttpEnabled '$null' -ErrorAction Stop")
        self.assertEqual(result.returncode, 1)
        self.assertEqual([self.cas(user, 'MapiHttpEnabled') for user in USERS], [None, False, None])
        result = self.shell("printf 'nobody\\nbob\\n' | mapihttp Set-CasMailbox -MapiHttpEnabled '$null' -ErrorAction SilentlyContinue")
        self.assertEqual((result.returncode, result.stderr), (1, ''))
        self.assertIsNone(self.cas('bob', 'MapiHttpEnabled'))

    def test_no_objects_are_not_all_objects(self):
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp where Alias -eq nobody | mapihttp Get-CasMailbox"), [])
        result = self.shell('mapihttp Get-Mailbox nobody | mapihttp Get-CasMailbox')
        self.assertEqual((result.returncode, result.stdout.strip()), (1, ''))

    def test_standard_input_that_is_no_pipe_of_objects(self):
        """A job of cron has an empty pipe, one of ssh a socket that stays open."""
        self.assertEqual(len(self.objects('true | mapihttp Get-Mailbox')), len(USERS))
        self.assertEqual(len(self.objects('mapihttp Get-Mailbox')), len(USERS))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.assertEqual(len(self.objects('mapihttp Get-Mailbox', stdin=theirs)), len(USERS))
        self.refused("true | mapihttp Set-CasMailbox -MapiHttpEnabled '$false'", 'Identity is missing')

    def test_objects_from_elsewhere(self):
        array = self.good('mapihttp Get-Mailbox --json')
        self.assertEqual(len(json.loads(array)), len(USERS))
        with open(os.path.join(self.folder, 'users.json'), 'w', encoding='utf-8') as file:
            file.write(array)
        with open(os.path.join(self.folder, 'users.csv'), 'w', encoding='utf-8') as file:
            file.write('Identity;Note\nada;x\nbob;y\n')
        self.assertEqual(len(self.objects('mapihttp Get-CasMailbox <users.json')), len(USERS))
        self.assertEqual(len(self.objects("mapihttp Import-Csv users.csv -Delimiter ';' | mapihttp Get-CasMailbox")), 2)
        result = self.shell('echo "{broken" | mapihttp Get-CasMailbox')
        self.assertEqual((result.returncode, result.stdout.strip()), (1, ''))
        self.assertIn('line 1', result.stderr)

    def test_filters(self):
        self.assertEqual([row['Alias'] for row in self.objects("mapihttp Get-Mailbox | mapihttp sort Alias -Descending | mapihttp select -First 2")],
                         ['eve', 'bob'])
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp select -Last 1 -Property alias"), [{'Alias': 'eve'}])
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp select -ExpandProperty Alias -Skip 1"), ['bob', 'eve'])
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp select RecipientTypeDetails -Unique"), [{'RecipientTypeDetails': 'UserMailbox'}])
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp Measure-Object"), [{'Count': 3}])
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp Group-Object RecipientTypeDetails -NoElement"), [{'Count': 3, 'Name': 'UserMailbox'}])
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp ? '{ ($_.Alias -eq \"ada\") -or ($_.Alias -match \"^e\") }' | mapihttp select Alias"),
                         [{'Alias': 'ada'}, {'Alias': 'eve'}])
        self.assertEqual(self.objects("mapihttp Get-Mailbox | mapihttp where Alias -in ada,eve | mapihttp select Al*"), [{'Alias': 'ada'}, {'Alias': 'eve'}])
        self.refused('mapihttp ? "{ broken"', 'the } of the condition is missing')
        self.refused("mapihttp Get-Mailbox | mapihttp select -Bogus 1", "no parameter 'Bogus'")

    # --- forms ---

    def terminal(self, line, answer=None):
        """What a person sees who types the line; 'answer' is typed at the first question."""
        pid, descriptor = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe('bash', ['bash', '-c', 'stty cols 100; ' + line], self.environment)
        shown, end = b'', time.monotonic() + 60
        while time.monotonic() < end:
            ready, _, _ = select.select([descriptor], [], [], 1)
            try:
                chunk = os.read(descriptor, 65536) if ready else b''
            except OSError:
                break
            shown += chunk
            if answer and b'(default is' in shown:
                os.write(descriptor, answer)
                answer = None
        os.close(descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode().replace('\r\n', '\n')

    def test_a_table_for_people_and_lines_for_a_pipe(self):
        status, shown = self.terminal('mapihttp Get-Mailbox')
        self.assertEqual(status, 0)
        lines = shown.splitlines()
        self.assertEqual(len(lines), 1 + len(USERS), shown)
        self.assertNotIn('{"', shown)
        self.assertTrue(all(len(line) <= 100 for line in lines), shown)
        self.assertRegex(self.terminal('mapihttp org show')[1].splitlines()[0], r'^Identity +: Example$')
        self.assertEqual(len(self.good('mapihttp Get-Mailbox').splitlines()), len(USERS))
        self.assertEqual(self.good('mapihttp Get-Mailbox | mapihttp ft Alias'), 'Alias\nada\nbob\neve\n')
        self.assertEqual(self.good('mapihttp Get-Mailbox | mapihttp ft Alias -HideTableHeaders'), 'ada\nbob\neve\n')
        self.assertEqual(self.good('mapihttp Get-Mailbox bob | mapihttp fl Alias,RecipientTypeD*'), 'Alias                : bob\nRecipientTypeDetails : UserMailbox\n')
        self.assertEqual(json.loads(self.good('mapihttp Get-Mailbox ada | mapihttp ConvertTo-Json'))['Alias'], 'ada')
        self.good('mapihttp Get-Mailbox --table >out.txt; mapihttp Get-Mailbox >plain.txt')
        with open(os.path.join(self.folder, 'out.txt'), encoding='utf-8') as one, open(os.path.join(self.folder, 'plain.txt'), encoding='utf-8') as two:
            self.assertEqual(one.read(), two.read())

    def test_csv(self):
        rows = list(csv.DictReader(self.good('mapihttp Get-Mailbox --csv').splitlines()))
        self.assertEqual([row['Alias'] for row in rows], list(USERS))
        self.good('mapihttp Get-Mailbox | mapihttp select Alias,AuditEnabled | mapihttp Export-Csv a.csv -NoTypeInformation')
        self.refused('mapihttp Get-Mailbox | mapihttp Export-Csv a.csv -NoClobber', 'is there already', 1)
        self.refused('mapihttp Get-Mailbox | mapihttp Export-Csv a.csv -Append', 'the file has no column', 1)
        self.refused('mapihttp Get-Mailbox nobody | mapihttp Export-Csv nowhere/a.csv', 'nobody', 1)
        self.refused('mapihttp Get-Mailbox | mapihttp Export-Csv nowhere/a.csv', 'No such file', 1)
        self.refused('mapihttp Get-Mailbox | mapihttp Export-Csv a.csv -Delimiter ab', 'one character', 2)
        self.good('mapihttp Get-Mailbox ada | mapihttp select Alias,AuditEnabled | mapihttp Export-Csv a.csv -Append')
        self.good('mapihttp Get-Mailbox ada | mapihttp Export-Csv a.csv -Append -Force')
        with open(os.path.join(self.folder, 'a.csv'), encoding='utf-8', newline='') as file:
            self.assertEqual([row['Alias'] for row in csv.DictReader(file)], [*USERS, 'ada', 'ada'])
        self.assertEqual(len(self.objects('mapihttp Import-Csv a.csv | mapihttp where Alias -eq ada')), 3)
        self.good("mapihttp Get-Mailbox ada | mapihttp select Alias | mapihttp Export-Csv './.hidden.csv' -Encoding Unicode")
        with open(os.path.join(self.folder, '.hidden.csv'), encoding='utf-16') as file:
            self.assertEqual(file.read(), '"Alias"\n"ada"\n')
        self.assertEqual(self.objects('mapihttp Import-Csv ./.hidden.csv'), [{'Alias': 'ada'}])

    # --- changes ---

    def test_what_if_and_confirm(self):
        before = self.state()
        for line in ("mapihttp Set-CasMailbox ada -MapiHttpEnabled '$false' -WhatIf", 'mapihttp cas set ada --mapi-http off --dry-run'):
            result = self.shell(line)
            self.assertEqual((result.returncode, result.stderr[:9]), (0, 'What if: '), line)
        self.assertEqual(before, self.state())
        self.refused("mapihttp Set-CasMailbox ada -MapiHttpEnabled '$false' -Confirm", 'no terminal', 1)
        line = "mapihttp Set-CasMailbox ada -MapiHttpEnabled '$false' -Confirm"
        status, shown = self.terminal(line, b'n\n')
        self.assertEqual((status, before), (0, self.state()), shown)
        status, shown = self.terminal(line, b'y\n')
        self.assertIn("Set-CasMailbox 'ada'", shown)
        self.assertIs(self.cas('ada', 'MapiHttpEnabled'), False)
        status, shown = self.terminal("mapihttp Get-Mailbox | mapihttp Set-CasMailbox -MapiHttpEnabled '$null' -Confirm", b'a\n')
        self.assertEqual((status, shown.count('(default is')), (0, 1), shown)
        self.assertIsNone(self.cas('ada', 'MapiHttpEnabled'))

    def test_changes_are_recorded(self):
        self.good('mapihttp cas set bob --mapi-http on')
        self.good('mapihttp cas set bob --mapi-http inherit')
        row = self.objects('mapihttp Get-AdminChangeRecord | mapihttp select -First 1')[0]
        self.assertEqual((row['CmdletName'], row['Succeeded']), ('Set-CasMailbox', True))

    def test_what_is_typed_wrong(self):
        self.refused('mapihttp Set-CasMailbox ada -Bogus x', "no parameter 'Bogus'")
        self.refused('mapihttp Set-CasMailbox ada -MAPIBlock x', "'MAPIBlock' may mean MAPIBlockOutlookRpcHttp")
        self.refused('mapihttp Set-CasMailbox ada -MapiHttpEnabled maybe', "'maybe' is neither $true")
        self.refused("mapihttp Set-CasMailbox nobody -MapiHttpEnabled '$true'", 'nobody', 1)
        self.refused("mapihttp Set-CasMailbox -MapiHttpEnabled '$true'", 'Identity is missing')
        self.refused('mapihttp cas set ada --mapi-http', '--mapi-http needs a value')
        self.refused('mapihttp cas set ada --bogus', "no option '--bogus'")
        self.refused('mapihttp cas sett ada', "no command 'cas sett'")
        self.refused("touch x; mapihttp Get-Mailbox | mapihttp ? { $_.Alias -eq ada }", "type 'where'")
        self.refused('mapihttp Set-Nothing', "no command 'Set-Nothing'")
        self.refused('mapihttp Get-Mailbox --config', '--config needs a file')
        self.refused('mapihttp Get-Mailbox --config nowhere.conf', 'nowhere.conf', 1)
        self.refused('mapihttp Get-Mailbox --user ada', '--server is missing')
        self.refused('mapihttp Get-Mailbox -ResultSize -1', 'ResultSize')
        self.refused('mapihttp Get-Mailbox >/dev/full', 'cannot be written', 1)

    # --- help, completion, manual ---

    def test_help(self):
        for line in ('mapihttp help cas set', 'mapihttp help Set-CasMailbox', 'mapihttp Get-Help set-casmailbox', 'mapihttp Set-CasMailbox -?',
                     'mapihttp cas set --help', 'mapihttp help SET-CASMAILBOX'):
            self.assertIn('--mapi-http on|off|inherit', self.good(line), line)
        self.assertIn('Get-CasMailbox', self.good('mapihttp cas --help'))
        self.assertEqual(self.shell('mapihttp help nothing').returncode, 2)
        self.assertEqual({row['Name'] for row in self.objects('mapihttp Get-Command -Noun CasMailbox')}, {'Get-CasMailbox', 'Set-CasMailbox'})

    def completed(self, program, line, *words):
        if not shutil.which(program):
            self.skipTest(f'{program} is not installed')
        result = subprocess.run([program, *words, line], capture_output=True, text=True, env=self.environment, check=False, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.split()

    def test_completion_of_bash(self):
        script = os.path.join(harness.ROOT, 'packaging/completion/mapihttp.bash')

        def candidates(*words):
            quoted = ' '.join(f'"{word}"' for word in words)
            return self.completed('bash', f'source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _mapihttp; printf "%s\\n" "${{COMPREPLY[@]}}"',
                                  '-c')
        self.assertIn('cas', candidates('mapihttp', 'c'))
        self.assertEqual(candidates('mapihttp', 'set-c'), ['Set-CasMailbox'])
        self.assertEqual(candidates('mapihttp', 'cas', ''), ['show', 'set'])
        self.assertEqual(candidates('mapihttp', 'cas', 'set', 'ada', '--mapi-h'), ['--mapi-http'])
        self.assertEqual(candidates('mapihttp', 'cas', 'set', 'ada', '--mapi-http', ''), ['on', 'off', 'inherit'])
        self.assertEqual(candidates('mapihttp', 'Set-CasMailbox', '-mapihttpe'), ['-MapiHttpEnabled'])
        self.assertEqual(candidates('mapihttp', 'Set-CasMailbox', '-MapiHttpEnabled', ''), ["'$true'", "'$false'", "'$null'"])
        self.assertIn('--display-name', candidates('mapihttp', 'user', 'add', '--d'))
        self.assertEqual(candidates('mapihttp', 'nothing', ''), [])

    def test_completion_of_fish(self):
        script = os.path.join(harness.ROOT, 'packaging/completion/mapihttp.fish')
        lines = self.completed('fish', f'source {script}; complete -C "mapihttp cas set ada --mapi-http "', '-c')
        self.assertEqual(sorted(lines), ['inherit', 'off', 'on'])

    def test_completion_of_zsh(self):
        folder = os.path.join(harness.ROOT, 'packaging/completion')
        line = f'''fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D -d {self.folder}/dump
            compadd() {{ while [[ $1 != -- ]]; do shift; done; shift; print -l -- "$@" }}; _files() {{ print files }}
            words=(mapihttp cas set ada --mapi-http ''); CURRENT=6; autoload -Uz _mapihttp; _mapihttp'''
        self.assertEqual(self.completed('zsh', line, '-f', '-c'), ['on', 'off', 'inherit'])

    def test_manual_pages(self):
        pages = os.path.join(self.folder, 'man1')
        subprocess.run([sys.executable, os.path.join(harness.ROOT, 'tools/manual.py'), 'operations', MAPIHTTP, pages], check=True, env=dict(os.environ, DESTDIR=''))
        for row in self.objects('mapihttp Get-Command'):
            with open(os.path.join(pages, 'mapihttp-' + row['Name'].lower() + '.1'), encoding='utf-8') as file:
                text = file.read()
            self.assertTrue(text.startswith('.TH MAPIHTTP-') and '.SH SYNOPSIS' in text, row['Name'])
            if row['Command']:
                self.assertTrue(os.path.exists(os.path.join(pages, 'mapihttp-' + row['Command'].replace(' ', '-') + '.1')), row['Command'])


class WithoutServer(unittest.TestCase):
    """The same functions in the command's own process, where no server runs."""

    def test_changes_last(self):
        server = harness.Server(users=('ada',), start=False)
        try:
            def run(*words):
                return subprocess.run([MAPIHTTP, *words], capture_output=True, text=True, env=environment(server), check=False, stdin=subprocess.DEVNULL)
            self.assertEqual(run('Set-CasMailbox', 'ada', '-MapiHttpEnabled', '$false').returncode, 0)
            self.assertIs(json.loads(run('cas', 'show', 'ada', '--json').stdout)[0]['MapiHttpEnabled'], False)
            result = run('Get-ConnectionStatus')
            self.assertEqual(result.returncode, 1)
            self.assertIn('only a running server', result.stderr)
            server.start()
            self.assertIs(json.loads(run('cas', 'show', 'ada', '--json').stdout)[0]['MapiHttpEnabled'], False)
        finally:
            server.__exit__()


class Elsewhere(unittest.TestCase):
    """From another machine, over HTTPS, as an administrator."""

    def test_by_https(self):
        with harness.Server(users=('ada', 'bob')) as server:
            server._admin('user', 'set', 'ada', '--administrator', 'on')
            clean = {name: value for name, value in os.environ.items() if name != 'MAPIHTTP_CONFIG'}
            options = ('--server', f'https://localhost:{server.tls_port}', '--ca-file', server.certificate, '--auth', 'basic', '--address')

            def run(user, *words):
                return subprocess.run([MAPIHTTP, *words, *options, server.address(user)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                                      env=dict(clean, MAPIHTTP_PASSWORD=harness.PASSWORD))
            result = run('ada', 'Set-CasMailbox', 'bob', '-MapiHttpEnabled', '$false')
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            self.assertIs(json.loads(run('ada', 'cas', 'show', 'bob', '--json').stdout)[0]['MapiHttpEnabled'], False)
            result = run('bob', 'cas', 'set', 'bob', '--mapi-http', 'on')
            self.assertEqual(result.returncode, 1)
            self.assertIs(json.loads(run('ada', 'cas', 'show', 'bob', '--json').stdout)[0]['MapiHttpEnabled'], False)


if __name__ == '__main__':
    unittest.main()
