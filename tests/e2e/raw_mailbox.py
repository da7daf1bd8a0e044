"""The mailbox endpoint spoken byte by byte (MS-OXCMAPIHTTP 2.2.4), one session whose connections and client address a test owns: it can
drop them, wait, and go on from elsewhere with the same cookies. And operations over the server's Unix socket."""
import base64
import http.client
import json
import os
import socket
import struct
import uuid

OUTLOOK = 'Outlook/16.0.14326.20454'
AGENT = 'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14326; Pro)'


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        data = response.read()
        self.code = int(response.headers.get('X-ResponseCode', -1))
        done = data.find(b'DONE\r\n')
        trailer, _, self.body = data[done:].partition(b'\r\n\r\n') if done >= 0 else (b'', b'', data)
        for line in trailer.decode().splitlines(): # a failure found late
            name, _, value = line.partition(':')
            if name.lower() == 'x-responsecode':
                self.code = int(value)


class Mailbox:
    def __init__(self, server, user='alice', password=None, dn=None, source='127.0.0.1', application=OUTLOOK, agent=AGENT,
                 client_info=None, endpoint='emsmdb'):
        from harness import PASSWORD
        self.server, self.user, self.source, self.endpoint = server, user, source, endpoint
        self.authorization = 'Basic ' + base64.b64encode(f'{server.address(user)}:{password or PASSWORD}'.encode()).decode()
        self.dn = dn or server.user_dn(user)
        self.application, self.agent = application, agent
        self.client_info = client_info or '{' + str(uuid.uuid4()) + '}:1'
        self.request_guid, self.request_number = '{' + str(uuid.uuid4()) + '}', 0
        self.cookies, self.connection = {}, None

    def open(self):
        return http.client.HTTPConnection('127.0.0.1', self.server.plain_port, timeout=30, source_address=(self.source, 0))

    def drop(self):
        """The connection ends; the session does not."""
        if self.connection:
            self.connection.close()
        self.connection = None

    def request_id(self):
        return f'{self.request_guid}:{self.request_number}'

    def headers(self, kind):
        self.request_number += 1
        headers = {'Authorization': self.authorization, 'Content-Type': 'application/mapi-http', 'X-RequestType': kind,
                   'X-RequestId': self.request_id(), 'X-ClientInfo': self.client_info, 'X-ClientApplication': self.application,
                   'User-Agent': self.agent}
        if self.cookies:
            headers['Cookie'] = '; '.join(f'{name}={value}' for name, value in self.cookies.items())
        return headers

    def ask(self, kind, body=b'', connection=None, **more):
        if not connection:
            self.connection = self.connection or self.open()
        connection = connection or self.connection
        connection.request('POST', f'/mapi/{self.endpoint}/?MailboxId=x@example.org', body, {**self.headers(kind), **more})
        answer = Answer(connection.getresponse())
        for cookie in answer.headers.get_all('Set-Cookie', []):
            name, _, value = cookie.split(';')[0].partition('=')
            self.cookies[name] = value
        return answer

    def connect(self, **more):
        return self.ask('Connect', self.dn.encode() + b'\0' + struct.pack('<IIIII', 0, 1252, 0x409, 0x409, 0), **more)

    def execute(self, rops=b'', handles=(), **more):
        """ROPs as bytes; neither compressed nor hidden."""
        payload = struct.pack('<H', len(rops) + 2) + rops + b''.join(struct.pack('<I', handle) for handle in handles)
        buffer = struct.pack('<HHHH', 0, 4, len(payload), len(payload)) + payload
        return self.ask('Execute', struct.pack('<II', 3, len(buffer)) + buffer + struct.pack('<II', 0x10008, 0), **more)

    def logon(self, **more):
        dn = self.dn.encode() + b'\0'
        return self.execute(struct.pack('<BBBBIIH', 0xFE, 0, 0, 1, 0x01000000, 0, len(dn)) + dn, (0xFFFFFFFF,), **more)

    def ping(self, **more):
        return self.ask('PING', **more)

    def wait(self, connection=None, **more):
        return self.ask('NotificationWait', struct.pack('<II', 0, 0), connection, **more)

    def disconnect(self, **more):
        return self.ask('Disconnect', struct.pack('<I', 0), **more)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


def operate(server, operation, **parameters):
    """An operation over the server's Unix socket: its objects, its warnings, its error (None)."""
    connection = UnixConnection(os.path.join(server.data, 'admin.sock'))
    connection.request('POST', f'/admin/api/{operation}', json.dumps(parameters), {'Content-Type': 'application/json'})
    lines = [json.loads(line) for line in connection.getresponse().read().decode().splitlines()]
    connection.close()
    return ([line['object'] for line in lines if 'object' in line], [line['warning'] for line in lines if 'warning' in line],
            next((line['error'] for line in lines if 'error' in line), None))
