"""An identity provider of our own for tests: keys made and tokens signed by the openssl command, its key set in a file and on
a small web server (http and https) that counts who asked. Standard library and openssl only."""
import base64
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import time


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def number(data):
    return base64url(data.lstrip(b'\0'))


def openssl(*words, data=None):
    return subprocess.run(['openssl', *words], input=data, capture_output=True, check=True).stdout


class Key:
    """kind: RSA, or a curve's OpenSSL name (prime256v1, secp384r1, secp521r1)."""
    CURVES = {'prime256v1': ('P-256', 32), 'secp384r1': ('P-384', 48), 'secp521r1': ('P-521', 66)}

    def __init__(self, folder, key_id, kind='RSA', bits=2048):
        self.id, self.kind = key_id, kind
        self.path = os.path.join(folder, key_id + '.pem')
        options = ['-algorithm', 'RSA', '-pkeyopt', f'rsa_keygen_bits:{bits}'] if kind == 'RSA' else \
                  ['-algorithm', 'EC', '-pkeyopt', f'ec_paramgen_curve:{kind}']
        openssl('genpkey', *options, '-out', self.path)
        self.public_pem = openssl('pkey', '-in', self.path, '-pubout')

    def jwk(self, **more):
        if self.kind == 'RSA':
            modulus = openssl('rsa', '-in', self.path, '-noout', '-modulus').decode().strip().split('=')[1]
            members = {'kty': 'RSA', 'n': number(bytes.fromhex(modulus)), 'e': 'AQAB'}
        else:
            name, size = self.CURVES[self.kind]
            point = openssl('pkey', '-in', self.path, '-pubout', '-outform', 'DER')[-2 * size:]
            members = {'kty': 'EC', 'crv': name, 'x': base64url(point[:size]), 'y': base64url(point[size:])}
        return {'kid': self.id, 'use': 'sig', **members, **more}

    def signature(self, algorithm, data):
        digest = '-sha' + algorithm[2:]
        if algorithm.startswith('PS'):
            return openssl('dgst', digest, '-sign', self.path, '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest',
                           data=data)
        signature = openssl('dgst', digest, '-sign', self.path, data=data)
        return signature if self.kind == 'RSA' else self._raw(signature)

    def _raw(self, der):
        """From ASN.1's two integers to RFC 7518's two numbers of fixed size."""
        size = self.CURVES[self.kind][1]
        at = 3 if der[1] & 0x80 else 2
        numbers = []
        for _ in range(2):
            length = der[at + 1]
            numbers.append(der[at + 2:at + 2 + length].lstrip(b'\0').rjust(size, b'\0'))
            at += 2 + length
        return b''.join(numbers)


class Provider:
    def __init__(self, issuer='https://login.example.org/', audience='mapihttp'):
        self.folder = tempfile.mkdtemp(prefix='identity-provider-')
        self.issuer, self.audience = issuer, audience
        self.keys = []
        self.requests = 0
        self.answer = None      # what the web server answers instead: (status, headers, body)
        self.delay_s = 0
        self.servers = []
        self.jwks_path = os.path.join(self.folder, 'jwks.json')

    def add_key(self, key_id, kind='RSA', **more):
        key = Key(self.folder, key_id, kind)
        self.keys.append((key, more))
        self.write()
        return key

    def remove_key(self, key_id):
        self.keys = [(key, more) for key, more in self.keys if key.id != key_id]
        self.write()

    def jwks(self):
        return json.dumps({'keys': [key.jwk(**more) for key, more in self.keys]}).encode()

    def write(self):
        with open(self.jwks_path + '.new', 'wb') as file:
            file.write(self.jwks())
        os.replace(self.jwks_path + '.new', self.jwks_path)
        self.document = self.jwks()

    def claims(self, user='alice@example.org', lifetime_s=600, **changes):
        now = int(time.time())
        claims = {'iss': self.issuer, 'aud': self.audience, 'iat': now, 'nbf': now, 'exp': now + lifetime_s, 'upn': user, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key, user='alice@example.org', algorithm=None, header=None, signature=None, **changes):
        """Claims are changed, or left out with None; so are members of the header."""
        algorithm = algorithm or {'RSA': 'RS256', 'prime256v1': 'ES256', 'secp384r1': 'ES384', 'secp521r1': 'ES512'}[key.kind]
        members = {'alg': algorithm, 'typ': 'JWT', 'kid': key.id, **(header or {})}
        members = {name: value for name, value in members.items() if value is not None}
        signed = base64url(json.dumps(members).encode()) + '.' + base64url(json.dumps(self.claims(user, **changes)).encode())
        made = signature(signed.encode()) if signature else key.signature(algorithm, signed.encode())
        return signed + '.' + base64url(made)

    def serve(self, certificate=None):
        """Serves the key set, over https with a certificate (PEM paths of certificate and key); returns its address."""
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                provider.requests += 1
                time.sleep(provider.delay_s)
                status, headers, body = provider.answer or (200, {'Content-Type': 'application/json'}, provider.document)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if 'Transfer-Encoding' not in headers:
                    self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        return f'{"https" if certificate else "http"}://localhost:{server.server_port}/keys'

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        subprocess.run(['rm', '-rf', self.folder], check=True)
