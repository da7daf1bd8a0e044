"""Web servers on loopback that play what a test tells them, for Autodiscover: one for each name, which answers TLS (with a
certificate of its own, made by a CA of this test) and plain HTTP on the same port, and keeps what it was asked. Also a DNS server.
Standard library only.

    web = fake_web.Web(folder)
    site = web.site('example.test', {'/autodiscover/autodiscover.xml': fake_web.redirect('https://elsewhere.test/')})
    ... '--resolve', site.resolve, '--ca-file', web.ca ...
    assert not site.credentials
"""
import os
import socket
import ssl
import subprocess
import threading

SCHEMA = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006'
OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a'
PATH = '/autodiscover/autodiscover.xml'
JSON_PATH = '/autodiscover/autodiscover.json'


class Answer:
    def __init__(self, status=200, body='', headers=None, pause=0.0, log_on=False, cut=None):
        self.status, self.body, self.headers, self.pause = status, body, headers or {}, pause
        self.log_on, self.cut = log_on, cut


def redirect(url, status=302):
    return Answer(status, headers={'Location': url})


def account(content, log_on=True):
    """A POX answer, for those who log on."""
    return Answer(body=f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{SCHEMA}"><Response xmlns="{OUTLOOK}">'
                       f'<User><DisplayName>Ada</DisplayName><LegacyDN>/o=Example/cn=ada</LegacyDN></User>'
                       f'<Account><AccountType>email</AccountType>{content}</Account></Response></Autodiscover>', log_on=log_on)


def settings(mailbox='https://mail.example.test/mapi/emsmdb/?MailboxId=1@example.test'):
    return account('<Action>settings</Action><Protocol Type="mapiHttp" Version="1"><MailStore><ExternalUrl>' + mailbox +
                   '</ExternalUrl></MailStore></Protocol><Protocol><Type>EXHTTP</Type></Protocol>')


def error(code):
    return Answer(body=f'<Autodiscover xmlns="{SCHEMA}"><Response><Error Time="10:00:00.0000000" Id="1"><ErrorCode>{code}</ErrorCode>'
                       '<Message>no</Message><DebugData/></Error></Response></Autodiscover>', log_on=True)


class Site:
    """One name. 'answers': path (any case, without query) to an Answer, or a list of them, used up one by one; what is not
    there is 404."""

    def __init__(self, name, answers, certificate):
        self.name, self.certificate = name, certificate
        self.answers = {path.lower(): answer for path, answer in answers.items()}
        self.requests = []     # (scheme, method, target, headers in lower case, body)
        self.connections = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def resolve(self):
        return f'{self.name}=127.0.0.1:{self.port}'

    @property
    def credentials(self):
        """The requests that brought some."""
        return [request for request in self.requests if 'authorization' in request[3]]

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(20)
        try:
            scheme = 'http'
            if connection.recv(1, socket.MSG_PEEK) == b'\x16':
                connection = self.context.wrap_socket(connection, server_side=True)
                scheme = 'https'
            with connection, connection.makefile('rb') as file:
                while self._answer(connection, file, scheme):
                    pass
        except OSError:
            pass

    def _answer(self, connection, file, scheme):
        line = file.readline().decode('latin-1').split()
        if len(line) != 3:
            return False
        headers = {}
        while (field := file.readline().decode('latin-1').strip()):
            name, _, value = field.partition(':')
            headers[name.strip().lower()] = value.strip()
        body = file.read(int(headers.get('content-length', 0)))
        self.requests.append((scheme, line[0], line[1], headers, body))
        path = line[1].split('?')[0].lower()
        answer = self.answers.get(f'{scheme} {path}', self.answers.get(path, Answer(404, 'nothing here')))
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else Answer(500, 'used up')
        if callable(answer):
            answer = answer(line[1], headers, body)
        if answer.pause:
            threading.Event().wait(answer.pause)
        if answer.log_on and 'authorization' not in headers:
            answer = Answer(401, headers={'WWW-Authenticate': 'Basic realm="fake"'})
        content = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
        head = f'HTTP/1.1 {answer.status} Fake\r\nContent-Length: {len(content)}\r\n'
        head += ''.join(f'{name}: {value}\r\n' for name, value in answer.headers.items()) + '\r\n'
        whole = head.encode('latin-1') + content
        connection.sendall(whole[:answer.cut] if answer.cut else whole)
        return not answer.cut


class Web:
    def __init__(self, folder):
        self.folder = folder
        self.ca = os.path.join(folder, 'ca.pem')
        self.ca_key = os.path.join(folder, 'ca-key.pem')
        self._openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
                      '/CN=Fake CA', '-keyout', self.ca_key, '-out', self.ca)
        self.sites = []

    @staticmethod
    def _openssl(*words):
        subprocess.run(['openssl', *words], check=True, capture_output=True)

    def certificate(self, *names, trusted=True, days='2'):
        """A file with key and certificate for these names."""
        base = os.path.join(self.folder, f'{names[0]}-{len(os.listdir(self.folder))}')
        subject = ['-subj', f'/CN={names[0]}', '-addext', 'subjectAltName=' + ','.join(f'DNS:{name}' for name in names)]
        authority = ['-CA', self.ca, '-CAkey', self.ca_key] if trusted else []
        self._openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', days, *subject,
                      *authority, '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', base + '.key', '-out', base + '.crt')
        with open(base + '.pem', 'w', encoding='ascii') as whole:
            for part in ('.crt', '.key'):
                with open(base + part, encoding='ascii') as file:
                    whole.write(file.read())
        return base + '.pem'

    def site(self, name, answers, certificate=None):
        site = Site(name, answers, certificate or self.certificate(name))
        self.sites.append(site)
        return site

    def close(self):
        for site in self.sites:
            site.close()


class Dns:
    """records: {(name, type): [rdata, ...]} with type 1 (A), 5 (CNAME), 28 (AAAA), 33 (SRV); a name with other records only has
    no answer, an unknown one does not exist. 'silent' answers nothing."""

    def __init__(self, records):
        self.records = {(name.lower(), kind): values for (name, kind), values in records.items()}
        self.names = {name for name, _ in self.records}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.address = '127.0.0.1:%d' % self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @staticmethod
    def name(text):
        return b''.join(bytes([len(part)]) + part.encode() for part in text.split('.') if part) + b'\0'

    @classmethod
    def srv(cls, priority, weight, port, target):
        return b''.join(number.to_bytes(2, 'big') for number in (priority, weight, port)) + cls.name(target)

    def _serve(self):
        while True:
            try:
                question, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            at, labels = 12, []
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode('latin-1'))
                at += 1 + question[at]
            name, kind = '.'.join(labels).lower(), int.from_bytes(question[at + 1:at + 3], 'big')
            values = [(kind, value) for value in self.records.get((name, kind), [])]
            if not values and kind != 5:
                for alias in self.records.get((name, 5), []): # one step of an alias, as resolvers give it
                    values.append((5, self.name(alias)))
                    values += [(kind, value) for value in self.records.get((alias.lower(), kind), [])]
            elif kind == 5:
                values = [(5, self.name(value)) for _, value in values]
            answer = question[:2] + bytes([0x81, 0x80 if name in self.names else 0x83, 0, 1]) + len(values).to_bytes(2, 'big') + bytes(4)
            answer += question[12:at + 5]
            for kind_of, value in values:
                answer += b'\xc0\x0c' + kind_of.to_bytes(2, 'big') + b'\0\1\0\0\0\1' + len(value).to_bytes(2, 'big') + value
            self.socket.sendto(answer, peer)

    def close(self):
        self.socket.close()
