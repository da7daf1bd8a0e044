"""Every HTTP endpoint that asks who is there, asked by curl: what to send, and what shows that the server knows the caller.

    answer = endpoints.ask(server, 'autodiscover', '--negotiate', '-u', ':')
    answer.status, answer.who                            # 200, 'alice@example.org'
"""
import re
import subprocess

AUTODISCOVER_REQUEST = '''<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>
<EMailAddress>{address}</EMailAddress>
<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
</Request></Autodiscover>'''

MAPI_HEADERS = ['-H', 'Content-Type: application/mapi-http', '-H', 'X-RequestType: PING', '-H', 'X-ClientInfo: {test}:1',
                '-H', 'X-RequestId: {00000000-0000-0000-0000-000000000001}:1', '-H', 'X-ClientApplication: Outlook/16.0.1.1']

# name -> (path, further words for curl). The offline address book answers 404 for an unknown folder, but only to those it knows.
ENDPOINTS = {
    'mailbox': ('/mapi/emsmdb/', [*MAPI_HEADERS, '--data-binary', '']),
    'address book': ('/mapi/nspi/', [*MAPI_HEADERS, '--data-binary', '']),
    'autodiscover': ('/autodiscover/autodiscover.xml', ['-H', 'Content-Type: text/xml', '-H', 'X-MapiHttpCapability: 1']),
    'offline address book': ('/oab/00000000-0000-0000-0000-000000000000/oab.xml', []),
}


class Answer:
    def __init__(self, output):
        """The last of the answers that curl got in one exchange of messages, and all of them."""
        self.statuses = [int(status) for status in re.findall(rb'^HTTP/1\.1 (\d{3}) ', output, re.M)]
        if not self.statuses:
            self.status, self.headers, self.body = 0, [], b''
            return
        last = output[output.rindex(b'HTTP/1.1 %d ' % self.statuses[-1]):]
        head, _, self.body = last.partition(b'\r\n\r\n')
        self.status = self.statuses[-1]
        self.headers = [tuple(part.strip() for part in line.decode().split(':', 1)) for line in head.split(b'\r\n')[1:]]
        found = re.search(rb'<AutoDiscoverSMTPAddress>([^<]*)<', self.body)
        self.who = found.group(1).decode() if found else None

    def header(self, name):
        return [value for given, value in self.headers if given.lower() == name.lower()]

    @property
    def known(self):
        """Whether the server took the caller for somebody: an answer of the endpoint itself, also that of an offline address book
        that is still being made."""
        return self.status in (200, 404) or (self.status == 503 and b'being made' in self.body)


def ask(server, endpoint, *words, address='alice@example.org', plain=False, path=None, host='localhost', environment=None, input=None):
    route, more = ENDPOINTS[endpoint]
    scheme, port = ('http', server.plain_port) if plain else ('https', server.tls_port)
    if endpoint == 'autodiscover':
        more = [*more, '--data-binary', AUTODISCOVER_REQUEST.format(address=address)]
    result = subprocess.run(['curl', '--silent', '--show-error', '--include', '--noproxy', '*', '--max-time', '30', '--cacert',
                             server.certificate, *more, *words, f'{scheme}://{host}:{port}{path or route}'],
                            capture_output=True, env=environment, input=input)
    answer = Answer(result.stdout)
    answer.error = result.stderr.decode()
    return answer


def bearer(server, endpoint, token, **options):
    """The header on curl's standard input: a token of 16 KB is no command line, and nobody else's to read."""
    return ask(server, endpoint, '-H', '@-', input=f'Authorization: Bearer {token}\n'.encode(), **options)


def present(server):
    """The endpoints that this server has (one that is unknown to it answers 404 to anybody)."""
    return [name for name in ENDPOINTS if ask(server, name).status == 401]
