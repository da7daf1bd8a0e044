"""The offline address book, from the directory to the client: curl asks as BITS does (HEAD, ranges, conditions), our own client
downloads, goes on from generation to generation by patches, and refuses what is damaged. MS-OXWOAB, MS-OXOAB."""
import base64
import hashlib
import http.client
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
import unittest
import xml.etree.ElementTree as tree

import harness

CREDENTIALS = 'alice:' + harness.PASSWORD


class OfflineAddressBook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which('curl'):
            harness.skip('curl is not installed')
        cls.server = harness.Server({'oab': {'interval': '1s'}})
        cls.book = cls.wait_for_book()
        cls.base = f'https://localhost:{cls.server.tls_port}/oab/{cls.book}/'

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    @classmethod
    def wait_for_book(cls):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            folder = os.path.join(cls.server.data, 'oab')
            for book in os.listdir(folder) if os.path.isdir(folder) else []:
                if os.path.exists(os.path.join(folder, book, 'oab.xml')):
                    return book
            time.sleep(0.1)
        raise SystemExit('there is no offline address book after a minute:\n' + cls.server.log_text())

    # --- asking ---

    def curl(self, path, *words, credentials=CREDENTIALS, base=None):
        """Status, headers in lower case, body."""
        result = subprocess.run(['curl', '-sS', '--path-as-is', '--cacert', self.server.certificate, '-D', '/dev/stderr',
                                 *(['-u', credentials] if credentials else []), *words, (base or self.base) + path],
                                capture_output=True, check=False)
        lines = result.stderr.decode().replace('\r', '').strip().split('\n\n')[-1].split('\n')
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(':') for line in lines[1:])}
        return int(lines[0].split()[1]), headers, result.stdout

    def manifest(self):
        status, _, xml = self.curl('oab.xml')
        self.assertEqual(status, 200)
        return tree.fromstring(xml)

    def newest(self):
        return max(self.manifest().iter('Full'), key=lambda file: int(file.get('seq')))

    def wait_for_sequence(self, sequence):
        end = time.monotonic() + 60
        while int(self.newest().get('seq')) < sequence:
            self.assertLess(time.monotonic(), end, 'no new generation: ' + self.server.log_text())
            time.sleep(0.1)

    def admin(self, *words, **options):
        return self.server._admin(*words, **options)

    def oab(self, *words, status=0, **options):
        environment = dict(os.environ, MAPIHTTP_PASSWORD=harness.PASSWORD)
        result = subprocess.run([harness.program('mapihttp'), 'oab', *words], capture_output=True, text=True, env=environment,
                                check=False, **options)
        self.assertEqual(result.returncode, status, (words, result.stdout, result.stderr))
        return result.stdout + result.stderr

    def where(self):
        return ['--address', self.server.address(), '--server', f'localhost:{self.server.tls_port}',
                '--ca-file', self.server.certificate]

    def get(self, folder, *words, **options):
        return self.oab('get', *self.where(), *words, folder, **options)

    def entries(self, path):
        return {entry['PidTagSmtpAddress']: entry for entry in map(json.loads, self.oab('print', '--json', path).splitlines())}

    def folder(self, name):
        path = os.path.join(self.server.folder, name)
        shutil.rmtree(path, ignore_errors=True)
        return path

    def book_in(self, folder):
        names = [name for name in os.listdir(folder) if name.endswith('.oab') and 'lng' not in name]
        self.assertEqual(len(names), 1)
        return os.path.join(folder, names[0])

    # --- what the manifest promises ---

    def test_manifest_and_its_files(self):
        status, headers, xml = self.curl('oab.xml')
        self.assertEqual((status, headers['content-type']), (200, 'text/xml'))
        lists = list(tree.fromstring(xml))
        self.assertEqual([(item.tag, item.get('dn'), item.get('name')) for item in lists],
                         [('OAL', '/', '\\Global Address List')])
        kinds = set()
        for file in lists[0]:
            kinds.add((file.tag, file.get('ver')))
            status, headers, content = self.curl(file.text.strip())
            self.assertEqual((status, headers['content-type']), (200, 'application/octet-stream'))
            self.assertEqual((len(content), hashlib.sha1(content).hexdigest()), (int(file.get('size')), file.get('SHA')))
        self.assertLessEqual({('Full', '32'), ('Template', '7')}, kinds)
        english = [file for file in lists[0].iter('Template') if file.get('langid') == '0409']
        self.assertEqual({file.get('type') for file in english}, {'windows', 'mac'})

    def test_autodiscover_names_it(self):
        rows = json.loads(self.oab('list', '--json', *self.where()))
        self.assertIn(('full', self.newest().text), {(row['kind'], row['name']) for row in rows})

    # --- as BITS asks ---

    def test_head(self):
        name = self.newest().text
        whole = self.curl(name)[1]
        status, headers, body = self.curl(name, '-I')
        self.assertEqual((status, headers['content-length'], headers['accept-ranges']), (200, whole['content-length'], 'bytes'))
        self.assertEqual((headers['etag'], headers['last-modified']), (whole['etag'], whole['last-modified']))
        self.assertNotIn(b'\x03\x00\x00\x00', body)

    def test_ranges(self):
        name = self.newest().text
        content = self.curl(name)[2]
        size = len(content)
        for asked, begin, end in (('0-0', 0, 1), ('0-15', 0, 16), ('10-', 10, size), ('-7', size - 7, size),
                                  (f'{size - 1}-{size + 100}', size - 1, size)):
            status, headers, part = self.curl(name, '-r', asked)
            self.assertEqual((status, part), (206, content[begin:end]), asked)
            self.assertEqual(headers['content-range'], f'bytes {begin}-{end - 1}/{size}')
        status, headers, _ = self.curl(name, '-r', f'{size}-')
        self.assertEqual((status, headers['content-range']), (416, f'bytes */{size}'))
        status, _, whole = self.curl(name, '-r', '0-1,4-5')
        self.assertEqual((status, whole), (200, content))

    def test_conditions(self):
        name = self.newest().text
        headers = self.curl(name)[1]
        tag, date = headers['etag'], headers['last-modified']
        for line, status in ((f'If-None-Match: {tag}', 304), ('If-None-Match: "other"', 200), (f'If-Modified-Since: {date}', 304),
                             ('If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT', 200), (f'If-Match: {tag}', 200),
                             ('If-Match: "other"', 412), ('If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT', 412)):
            self.assertEqual(self.curl(name, '-H', line)[0], status, line)
        for line, status in ((f'If-Range: {tag}', 206), ('If-Range: "other"', 200), (f'If-Range: {date}', 206)):
            self.assertEqual(self.curl(name, '-r', '1-2', '-H', line)[0], status, line)

    def test_several_requests_on_one_connection(self):
        """A file in pieces, as BITS does, without a new connection."""
        context = ssl.create_default_context(cafile=self.server.certificate)
        connection = http.client.HTTPSConnection('localhost', self.server.tls_port, context=context, timeout=30)
        authorization = 'Basic ' + base64.b64encode(CREDENTIALS.encode()).decode()
        name, gathered = self.newest().text, b''
        size = int(self.newest().get('size'))
        while len(gathered) < size:
            connection.request('GET', f'/oab/{self.book}/{name}', headers={
                'Authorization': authorization, 'Range': f'bytes={len(gathered)}-{len(gathered) + 99}'})
            answer = connection.getresponse()
            self.assertEqual(answer.status, 206)
            gathered += answer.read()
        connection.close()
        self.assertEqual(hashlib.sha1(gathered).hexdigest(), self.newest().get('SHA'))

    def test_who_may(self):
        for credentials, status in ((None, 401), ('alice:wrong', 401), ('nobody:x', 401), ('bob:' + harness.PASSWORD, 200)):
            self.assertEqual(self.curl('oab.xml', credentials=credentials)[0], status, credentials)

    def test_nothing_else_is_served(self):
        name = self.newest().text
        secret = os.path.join(self.server.data, 'oab', self.book, 'sequence')
        self.assertTrue(os.path.exists(secret))
        for path in ('', 'sequence', 'lock', '../', '../../directory.sqlite', '..%2f..%2fdirectory.sqlite', '%2e%2e/%2e%2e/directory.sqlite',
                     '/etc/passwd', './oab.xml', 'oab.xml/', 'oab.xml/x', f'{name}.new', f'../{self.book}/oab.xml', f'{name}%20',
                     'oab.xml.new', '..\\oab.xml', f'x/{name}', name.replace('data', 'data-0'), 'oab.xml?x=../'):
            status, _, body = self.curl(path)
            self.assertIn(status, (200,) if path.startswith('oab.xml?') else (400, 404), path)
            self.assertNotIn(b'SQLite', body)
        for path in ('oab.xml%00', '%00', f'{name}%00.xml'):
            self.assertEqual(self.curl(path)[0], 400, path)
        self.assertEqual(self.curl('oab.xml', base=self.base.replace(self.book, '00000000-0000-0000-0000-000000000000'))[0], 404)
        self.assertEqual(self.curl('oab.xml', base=self.base.replace(self.book, '.'))[0], 404)
        self.assertEqual(self.curl('OAB.XML', base=self.base.upper().replace('HTTPS', 'https').replace('LOCALHOST', 'localhost'))[0], 200)

    def test_methods(self):
        for method in ('POST', 'PUT', 'DELETE', 'PROPFIND'):
            status, headers, _ = self.curl('oab.xml', '-X', method)
            self.assertIn(status, (405, 501), method)
            if status == 405:
                self.assertEqual(headers['allow'], 'GET, HEAD')

    # --- our client ---

    def test_generations(self):
        """A change of the directory is a new generation, and the client comes to it by a patch."""
        folder = self.folder('generations')
        self.assertIn('(whole)', self.get(folder))
        self.assertIn('(was here already)', self.get(folder))
        before = int(self.newest().get('seq'))
        self.admin('user', 'add', 'grace', '--display-name', 'Grace Hopper', input=harness.PASSWORD + '\n')
        self.wait_for_sequence(before + 1)
        self.assertIn('(by patches)', self.get(folder))
        book = self.book_in(folder)
        self.assertEqual(self.entries(book)['grace@example.org']['PidTagDisplayName'], 'Grace Hopper')
        other = self.folder('whole')
        self.assertIn('(whole)', self.get(other, '--full', '--language', '0407'))
        with open(book, 'rb') as one, open(self.book_in(other), 'rb') as two:
            self.assertEqual(one.read(), two.read())
        self.assertIn('good: display templates', self.oab('verify', other))
        self.admin('user', 'set', 'grace', '--hidden', 'yes')
        self.wait_for_sequence(before + 2)
        self.get(folder)
        self.assertNotIn('grace@example.org', self.entries(book))

    def test_damaged_copy_is_made_anew(self):
        folder = self.folder('damaged')
        self.get(folder)
        book = self.book_in(folder)
        with open(book, 'r+b') as file: # an older generation that is not what it says
            content = bytearray(file.read())
            content[-1] ^= 1
            file.seek(0)
            file.write(content)
        self.assertIn('CRC', self.oab('verify', book, status=1))
        sequence = int(self.newest().get('seq'))
        self.oab('make', '--config', self.server.configuration, '--force')
        self.wait_for_sequence(sequence + 1)
        self.assertIn('(whole)', self.get(folder))
        self.assertIn('good', self.oab('verify', book))

    def test_download_goes_on_where_it_ended(self):
        folder = self.folder('part')
        os.makedirs(folder)
        file = self.newest()
        content = self.curl(file.text)[2]
        part = os.path.join(folder, file.text + '.part')
        with open(part, 'wb') as half:
            half.write(content[:len(content) // 2])
        self.assertIn('(whole)', self.get(folder))
        self.assertFalse(os.path.exists(part))
        with open(part, 'wb') as wrong: # the beginning of something else: found out by the hash, and begun again
            wrong.write(b'x' * (len(content) // 2))
        self.get(folder, '--full')
        self.assertIn('good', self.oab('verify', self.book_in(folder)))

    def test_url_instead_of_autodiscover(self):
        self.oab('get', '--address', self.server.address(), '--ca-file', self.server.certificate, '--url', self.base.rstrip('/'),
                 self.folder('url'))
        self.assertIn('401', self.oab('list', '--address', 'nobody@example.org', '--ca-file', self.server.certificate, '--url',
                                      self.base, status=1))

    def test_hostile_server(self):
        """A manifest that lies: wrong hash, wrong size, names that lead elsewhere. Nothing of it stays in the folder."""
        good = self.newest()
        content = self.curl(good.text)[2]

        def serve(manifest, body):
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    data = manifest if self.path.endswith('oab.xml') else body
                    self.send_response(200)
                    self.send_header('Content-Length', str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

                def log_message(self, *unused):
                    pass
            return http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)

        def manifest_of(name=good.text, size=len(content), sha=good.get('SHA')):
            return (f'<OAB><OAL id="11111111-2222-3333-4444-555555555555" dn="/" name="\\x"><Full seq="1" ver="32" size="{size}" '
                    f'uncompressedsize="1" SHA="{sha}">{name}</Full></OAL></OAB>').encode()

        cases = ((manifest_of(sha='0' * 40), content, 'hash'), (manifest_of(size=len(content) - 1), content, ''),
                 (manifest_of(size=len(content) + 1), content, 'as large'), (manifest_of(name='../../x'), content, 'manifest'),
                 (manifest_of(), content[:-1] + b'x', 'hash'), (b'<OAB', content, 'manifest'),
                 (manifest_of(sha=hashlib.sha1(b'no container').hexdigest(), size=12), b'no container', 'damaged'))
        for manifest, body, saying in cases:
            server = serve(manifest, body)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            folder = self.folder('hostile')
            output = self.oab('get', '--address', 'a@example.org', '--url', f'http://127.0.0.1:{server.server_port}/',
                              folder, status=1)
            self.assertIn(saying, output)
            self.assertEqual([name for name in os.listdir(folder) if name.endswith('.oab')] if os.path.isdir(folder) else [], [])
            server.shutdown()
            server.server_close()
            thread.join()

    # --- the server's life ---

    def test_kill_and_start_again(self):
        """A server that was killed goes on with its sequence."""
        before = int(self.newest().get('seq'))
        identity = next(self.manifest().iter('OAL')).get('id')
        self.server.kill()
        self.server.start()
        self.admin('user', 'set', 'bob', '--title', f'Title {before}')
        self.wait_for_sequence(before + 1)
        self.assertEqual(next(self.manifest().iter('OAL')).get('id'), identity)
        self.assertIn('as the manifest says', self.oab('verify', os.path.join(self.server.data, 'oab', self.book)))

    def test_switched_off(self):
        with harness.Server({'oab': {'enabled': 'no'}}) as server:
            status = subprocess.run(['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', '-u', CREDENTIALS,
                                     f'http://127.0.0.1:{server.plain_port}/oab/{self.book}/oab.xml'], capture_output=True, check=True)
            self.assertEqual(status.stdout, b'404')
            self.assertFalse(os.path.exists(os.path.join(server.data, 'oab')))


if __name__ == '__main__':
    unittest.main(verbosity=2)
