"""Dovecot IMAP with the same messages: what an administrator would run instead of MAPI."""
import os
import re
import shutil
import socket

from processes import Server, free_port

CONFIGURATION = """
base_dir = {base}/run
state_dir = {base}/run
log_path = {base}/dovecot.log
protocols = imap
ssl = no
disable_plaintext_auth = no
default_login_user = {login_user}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
mail_location = {location}:{base}/mail
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_min_avail = 1
}}
"""


class Imap:
    """The few commands the benchmark needs, in blocking form."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.file = self.socket.makefile('rb', 1 << 20)
        self.file.readline()
        self.number = 0
        self.command('LOGIN bench bench')

    def command(self, text, literal=None):
        """Sends one command and reads to its tagged line; returns the bytes that came."""
        self.number += 1
        tag = f'a{self.number}'.encode()
        if literal is None:
            self.socket.sendall(tag + b' ' + text.encode() + b'\r\n')
        else:
            self.socket.sendall(tag + b' ' + text.encode() + b' {%d+}\r\n' % len(literal) + literal + b'\r\n')
        size = 0
        while True:
            line = self.file.readline()
            size += len(line)
            if line.startswith(tag + b' '):
                if not line.startswith(tag + b' OK'):
                    raise SystemExit(f'Dovecot: {text[:60]}: {line.decode().strip()}')
                return size
            found = re.search(rb'\{(\d+)\}\r\n$', line)
            if found:
                size += len(self.file.read(int(found.group(1))))


def available():
    return shutil.which('dovecot') is not None


def start(base, location='mdbox'):
    """A Dovecot of our own in the folder 'base'."""
    import grp
    import pwd
    root = os.getuid() == 0
    me = pwd.getpwuid(os.getuid()).pw_name
    mail_user = pwd.getpwnam('nobody') if root else pwd.getpwuid(os.getuid())
    os.makedirs(f'{base}/mail', exist_ok=True)
    os.makedirs(f'{base}/run', exist_ok=True)
    if root:
        os.chown(base, mail_user.pw_uid, mail_user.pw_gid)
        os.chown(f'{base}/mail', mail_user.pw_uid, mail_user.pw_gid)
    port = free_port()
    with open(f'{base}/dovecot.conf', 'w') as file:
        file.write(CONFIGURATION.format(
            base=base, port=port, location=location, uid=mail_user.pw_uid, gid=mail_user.pw_gid,
            login_user='dovenull' if root else me, internal_user='dovecot' if root else me,
            internal_group=grp.getgrgid(pwd.getpwnam('dovecot').pw_gid).gr_name if root else grp.getgrgid(os.getgid()).gr_name))
    return Server('dovecot', ['dovecot', '-F', '-c', f'{base}/dovecot.conf'], port)


def rows(base, messages, results):
    """Measures append, first page and full download; 'results' gets (name, CPU ms, wall ms)."""
    with start(base) as server:
        client = Imap(server.port)
        client.command('CREATE Bench')

        def append():
            for message in messages:
                client.command('APPEND Bench', message)
        results['append'] = server.measure(len(messages), append)
        client.command('SELECT Bench')
        total = len(messages)

        def page():
            for _ in range(200):
                client.command(f'FETCH {max(1, total - 49)}:{total} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)')
        page()
        results['page'] = server.measure(200, page)

        def download():
            client.command('UID FETCH 1:* (FLAGS BODY.PEEK[])')
        download()
        results['download'] = server.measure(1, download)

        def nothing_new():
            for _ in range(500):
                client.command('STATUS Bench (MESSAGES UIDNEXT UNSEEN)')
        results['nothing new'] = server.measure(500, nothing_new)
    return results


if __name__ == '__main__':
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        sample = [b'From: a@example.org\r\nSubject: message %d\r\n\r\n' % i + b'x' * 10000 + b'\r\n' for i in range(500)]
        print(rows(folder + '/d', sample, {}))
