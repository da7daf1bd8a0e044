"""An NTLM client by hand (MS-NLMP), over connections by hand, that can be told to misbehave. Standard library only.

    with Connection(server) as connection:
        answer = connection.log_on(Client('alice', harness.PASSWORD), '/mapi/emsmdb/')
"""
import base64
import hashlib
import hmac
import socket
import ssl
import struct

PING = (('Content-Type', 'application/mapi-http'), ('X-RequestType', 'PING'), ('X-ClientInfo', '{test}:1'),
        ('X-RequestId', '{00000000-0000-0000-0000-000000000001}:1'), ('X-ClientApplication', 'Outlook/16.0.1.1'))


def md4(data):
    """RFC 1320; hashlib has it only where OpenSSL's legacy provider is on."""
    mask = 0xFFFFFFFF
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b'\x80' + bytes((55 - len(data)) % 64) + struct.pack('<Q', len(data) * 8)
    rounds = ((lambda x, y, z: (x & y) | (~x & z), 0, (3, 7, 11, 19), list(range(16))),
              (lambda x, y, z: (x & y) | (x & z) | (y & z), 0x5A827999, (3, 5, 9, 13), [i // 4 + i % 4 * 4 for i in range(16)]),
              (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1, (3, 9, 11, 15),
               [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]))
    for at in range(0, len(padded), 64):
        words = struct.unpack('<16I', padded[at:at + 64])
        a, b, c, d = state
        for function, constant, shifts, order in rounds:
            for step, word in enumerate(order):
                value = (a + function(b, c, d) + words[word] + constant) & mask
                shift = shifts[step % 4]
                a, b, c, d = d, ((value << shift) | (value >> (32 - shift))) & mask, b, c
        state = [(old + new) & mask for old, new in zip(state, (a, b, c, d))]
    return struct.pack('<4I', *state)


def nt_hash(password):
    return md4(password.encode('utf-16-le'))


def rc4(key, data):
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 255
        box[i], box[j] = box[j], box[i]
    output, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + box[i]) & 255
        box[i], box[j] = box[j], box[i]
        output.append(byte ^ box[(box[i] + box[j]) & 255])
    return bytes(output)


def hmac_md5(key, *parts):
    return hmac.new(key, b''.join(parts), 'md5').digest()


def binding(certificate_der):
    """MsvAvChannelBindings for 'tls-server-end-point' and a certificate signed with SHA-256."""
    data = b'tls-server-end-point:' + hashlib.sha256(certificate_der).digest()
    return hashlib.md5(bytes(16) + struct.pack('<I', len(data)) + data).digest()


class Client:
    def __init__(self, account, password, domain='', mic=True, channel_binding=None, version_1=False, strip_mic=False):
        self.account, self.password, self.domain = account, password, domain
        self.mic, self.channel_binding, self.version_1, self.strip_mic = mic, channel_binding, version_1, strip_mic

    def negotiate(self):
        self.first = b'NTLMSSP\0' + struct.pack('<II', 1, 0xE2088297) + bytes(16) + bytes([10, 0, 0, 0, 0, 0, 0, 15])
        return self.first

    def _pairs(self, info):
        pairs, at, timestamp = b'', 0, bytes(8)
        while True:
            kind, size = struct.unpack_from('<HH', info, at)
            if kind == 0:
                break
            if kind == 7:
                timestamp = info[at + 4:at + 12]
            pairs += info[at:at + 4 + size]
            at += 4 + size
        if self.mic:
            pairs += struct.pack('<HHI', 6, 4, 2)
        if self.channel_binding:
            pairs += struct.pack('<HH', 10, 16) + self.channel_binding
        return pairs + bytes(4), timestamp

    def authenticate(self, challenge):
        flags, = struct.unpack_from('<I', challenge, 20)
        size, _, at = struct.unpack_from('<HHI', challenge, 40)
        pairs, timestamp = self._pairs(challenge[at:at + size])
        wide_user, wide_domain = self.account.encode('utf-16-le'), self.domain.encode('utf-16-le')
        key = hmac_md5(nt_hash(self.password), self.account.upper().encode('utf-16-le'), wide_domain)
        blob = b'\1\1' + bytes(6) + timestamp + b'\xAA' * 8 + bytes(4) + pairs + bytes(4)
        proof = hmac_md5(key, challenge[24:32], blob)
        base_key, exported = hmac_md5(key, proof), b'\x55' * 16
        response = b'\x11' * 24 if self.version_1 else proof + blob
        values = [bytes(24), response, wide_domain, wide_user, 'TEST'.encode('utf-16-le'), rc4(base_key, exported)]
        offset, fields = 88, b''
        for value in values:
            fields += struct.pack('<HHI', len(value), len(value), offset)
            offset += len(value)
        head = b'NTLMSSP\0' + struct.pack('<I', 3) + fields + struct.pack('<I', flags) + bytes(8)
        tail = b''.join(values)
        mic = hmac_md5(exported, self.first, challenge, head, bytes(16), tail) if self.mic and not self.strip_mic else bytes(16)
        return head + mic + tail


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def all(self, name):
        return [value for given, value in self.headers if given.lower() == name.lower()]

    def challenge(self, scheme='NTLM'):
        """The message behind 'WWW-Authenticate: NTLM', or None."""
        for value in self.all('WWW-Authenticate'):
            if value.startswith(scheme + ' '):
                return base64.b64decode(value[len(scheme) + 1:])
        return None


class Connection:
    def __init__(self, server, plain=False, timeout=20):
        self.socket = socket.create_connection(('127.0.0.1', server.plain_port if plain else server.tls_port), timeout)
        if not plain:
            context = ssl.create_default_context(cafile=server.certificate)
            self.socket = context.wrap_socket(self.socket, server_hostname='localhost')
        self.kept = b''

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def certificate(self):
        return self.socket.getpeercert(True)

    def send(self, path, authorization=None, body=b'', headers=PING, method='POST'):
        lines = [f'{method} {path} HTTP/1.1', 'Host: localhost', f'Content-Length: {len(body)}']
        lines += [f'{name}: {value}' for name, value in headers]
        if authorization:
            lines.append(f'Authorization: {authorization}')
        self.socket.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n' + body)

    def _fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError('the server has closed the connection')
        self.kept += data

    def _take(self, size):
        while len(self.kept) < size:
            self._fill()
        part, self.kept = self.kept[:size], self.kept[size:]
        return part

    def _line(self):
        while b'\r\n' not in self.kept:
            self._fill()
        line, self.kept = self.kept.split(b'\r\n', 1)
        return line

    def receive(self):
        while b'\r\n\r\n' not in self.kept:
            self._fill()
        head, self.kept = self.kept.split(b'\r\n\r\n', 1)
        lines = head.decode().split('\r\n')
        headers = [tuple(part.strip() for part in line.split(':', 1)) for line in lines[1:]]
        answer = Answer(int(lines[0].split()[1]), headers, b'')
        if answer.all('Transfer-Encoding'):
            while size := int(self._line(), 16):
                answer.body += self._take(size)
                self._line()
            self._line()
        else:
            answer.body = self._take(int(answer.all('Content-Length')[0]))
        return answer

    def ask(self, *words, **options):
        self.send(*words, **options)
        return self.receive()

    def begin(self, client, path, scheme='NTLM', **options):
        """The first leg; gives the response that belongs to its challenge, as a header's value."""
        first = self.ask(path, f'{scheme} {base64.b64encode(client.negotiate()).decode()}', **options)
        challenge = first.challenge(scheme)
        if first.status != 401 or challenge is None or len(first.all('WWW-Authenticate')) != 1:
            raise AssertionError(f'no challenge: {first.status} {first.headers}')
        return f'{scheme} {base64.b64encode(client.authenticate(challenge)).decode()}'

    def log_on(self, client, path, scheme='NTLM', body=b'', headers=PING):
        response = self.begin(client, path, scheme, headers=headers)
        return self.ask(path, response, body=body, headers=headers)
