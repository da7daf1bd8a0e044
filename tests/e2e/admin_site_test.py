"""The pages at /admin/ and the health check, asked by a plain client: who is let in, what is refused, headers, files, CSV; and what the
health check says while a part fails. What a person sees in a browser: browser_test.py."""
import base64
import csv
import http.client
import io
import json
import os
import re
import shutil
import ssl
import time
import unittest
import urllib.parse

import harness

FORM = 'application/x-www-form-urlencoded'


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.text = self.body.decode('utf-8', 'replace')


class SiteTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server({'authentication': {'failure_delay': '0ms'}}, users=('alice', 'bob'), start=False)
        cls.server._admin('user', 'set', 'alice', '--administrator', 'yes')
        cls.server._admin('user', 'add', 'mallory', '--display-name', '=cmd|"x"!<b>', input=harness.PASSWORD + '\n')
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.folder)

    def ask(self, path, method='GET', user='alice', body=None, **headers):
        """Header names with _ for -."""
        connection = http.client.HTTPSConnection('localhost', self.server.tls_port, timeout=30,
                                                 context=ssl.create_default_context(cafile=self.server.certificate))
        given = {name.replace('_', '-'): value for name, value in headers.items()}
        if user:
            given['Authorization'] = 'Basic ' + base64.b64encode(f'{user}:{harness.PASSWORD}'.encode()).decode()
        connection.request(method, path, body=body, headers=given)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def token(self, user='alice'):
        return re.search(r'name="token" value="([^"]+)"', self.ask('/admin/switches', user=user).text).group(1)

    def send(self, path, fields, user='alice', **headers):
        headers = {'Content_Type': FORM, **headers}
        return self.ask(path, 'POST', user, urllib.parse.urlencode(fields, doseq=True), **headers)

    def enabled(self):
        return 'id="organization"' in (text := self.ask('/admin/switches').text) and \
            re.search(r'value="true"[^>]* checked', text[text.index('id="organization"'):]) is not None

    # --- who, and from where ---

    def test_strangers(self):
        self.assertEqual(self.ask('/admin/', user=None).status, 401)
        for path in ('/admin/', '/admin/switches', '/admin/users.csv?table=users', '/admin/nothing'):
            answer = self.ask(path, user='bob')
            self.assertEqual(answer.status, 403, path)
            self.assertNotIn('mailbox', answer.text.lower())
        self.assertEqual(self.send('/admin/switches', {'operation': 'Set-OrganizationConfig', 'MapiHttpEnabled': 'false'}, user='bob').status, 403)
        self.assertTrue(self.enabled())

    def test_forms_from_elsewhere(self):
        fields = {'operation': 'Set-OrganizationConfig', 'MapiHttpEnabled': 'false'}
        host = f'localhost:{self.server.tls_port}'
        refused = [
            self.send('/admin/switches', fields),
            self.send('/admin/switches', {**fields, 'token': ''}),
            self.send('/admin/switches', {**fields, 'token': 'x' * 96}),
            self.send('/admin/switches', {**fields, 'token': self.token()[:-1] + 'x'}),
            self.send('/admin/switches', {**fields, 'token': self.token()}, Origin='https://evil.test'),
            self.send('/admin/switches', {**fields, 'token': self.token()}, Origin='null'),
            self.send('/admin/switches', {**fields, 'token': self.token()}, Origin='https://' + host, Sec_Fetch_Site='cross-site'),
            self.send('/admin/switches', {**fields, 'token': self.token()}, Sec_Fetch_Site='same-site'),
            self.send('/admin/switches', {**fields, 'token': self.token()}, Content_Type='text/plain'),
        ]
        self.assertEqual([answer.status for answer in refused], [403] * len(refused))
        self.assertTrue(self.enabled())
        done = self.send('/admin/switches', {**fields, 'token': self.token()}, Origin='https://' + host, Sec_Fetch_Site='same-origin')
        self.assertEqual((done.status, done.headers['Location']), (303, '/admin/switches?done=1'))
        self.assertFalse(self.enabled())
        self.assertEqual(self.send('/admin/switches', {**fields, 'MapiHttpEnabled': 'true', 'token': self.token()}).status, 303)
        self.assertTrue(self.enabled())

    def test_somebody_elses_token(self):
        self.server._admin('user', 'set', 'bob', '--administrator', 'yes')
        try:
            for _ in range(100):  # what log-on remembers of bob
                if self.ask('/admin/switches', user='bob').status == 200:
                    break
                time.sleep(0.1)
            answer = self.send('/admin/switches', {'operation': 'Set-OrganizationConfig', 'MapiHttpEnabled': 'false', 'token': self.token('bob')})
            self.assertEqual(answer.status, 403)
        finally:
            self.server._admin('user', 'set', 'bob', '--administrator', 'no')
        self.assertTrue(self.enabled())

    # --- bad requests ---

    def test_malformed(self):
        token = self.token()
        self.assertEqual(self.ask('/admin/nothing').status, 404)
        self.assertEqual(self.ask('/admin/static/../admin_site.c').status, 404)
        self.assertEqual(self.ask('/admin/static/nothing.js', user=None).status, 404)
        self.assertEqual(self.ask('/admin/connections?cid=%zz').status, 400)
        self.assertEqual(self.ask('/admin/connections?cid=%00').status, 400)
        self.assertEqual(self.ask('/admin/connections?' + '&'.join(['a=b'] * 600)).status, 400)
        self.assertEqual(self.ask('/admin/', 'PUT', body='x').status, 405)
        self.assertEqual(self.ask('/admin/switches', 'POST', body='token=%', Content_Type=FORM).status, 400)
        self.assertEqual(self.ask('/admin/switches', 'POST', body='a' * 100000, Content_Type=FORM).status, 413)
        for fields in ({}, {'operation': 'Set-Nothing'}, {'operation': 'Get-Mailbox'}, {'operation': 'Where-Object'}):
            answer = self.send('/admin/switches', {**fields, 'token': token})
            self.assertEqual(answer.status, 400, fields)
            self.assertIn('Nothing was done', answer.text)
        missing = self.send('/admin/switches', {'operation': 'Set-CasMailbox', 'Identity': 'nobody@example.org', 'MapiHttpEnabled': 'false', 'token': token})
        self.assertEqual(missing.status, 404)
        wrong = self.send('/admin/operations?name=Set-CasMailbox', {'operation': 'Set-CasMailbox', 'Identity': 'bob', 'MapiHttpEnabled': 'perhaps',
                                                                    'token': token})
        self.assertEqual(wrong.status, 400)
        self.assertIn('MapiHttpEnabled', wrong.text)
        self.assertEqual(self.ask('/admin/switches.csv?table=nothing').status, 404)
        self.assertEqual(self.ask('/admin/switches.csv').status, 404)

    def test_nothing_is_markup(self):
        for path in ('/admin/connections?cid=<script>x', '/admin/operations?name=<script>x', '/admin/users?user=<script>x',
                     '/admin/switches?mailbox=<script>x', '/admin/switches?Anr="><script>x', '/admin/protocols?period="><script>x',
                     '/admin/audit?search=1&Identity=<script>x&StartDate="><script>x'):
            answer = self.ask(urllib.parse.quote(path, safe='/?=&'))
            self.assertEqual(answer.status, 200, path)
            self.assertNotIn('<script>x', answer.text, path)
        self.assertIn('&lt;b&gt;', self.ask('/admin/switches').text)

    # --- headers and files ---

    def test_headers(self):
        for path in ('/admin/', '/admin/switches', '/admin/switches.csv?table=mailboxes', '/admin/static/site.css'):
            headers = self.ask(path).headers
            self.assertIn("default-src 'none'", headers['Content-Security-Policy'], path)
            self.assertNotIn('unsafe', headers['Content-Security-Policy'])
            self.assertIn("frame-ancestors 'none'", headers['Content-Security-Policy'])
            self.assertEqual((headers['X-Content-Type-Options'], headers['X-Frame-Options']), ('nosniff', 'DENY'), path)
        self.assertEqual(self.ask('/admin/').headers['Cache-Control'], 'no-store')
        page = self.ask('/admin/').text
        for inline in (r'<style', r'<script(?![^>]* src=)', r'\son\w+=', r'\sstyle=', r'javascript:', r'(?:src|href|action)="(?:https?:)?//'):
            self.assertIsNone(re.search(inline, page), inline)

    def test_files(self):
        page = self.ask('/admin/').text
        files = re.findall(r'(?:href|src)="(/admin/static/[^"]+)"', page)
        self.assertEqual({urllib.parse.urlparse(file).path.rsplit('/', 1)[1] for file in files}, {'icon.svg', 'site.css', 'site.js', 'chart.min.js'})
        for file in files:
            answer = self.ask(file, user=None)
            self.assertEqual(answer.status, 200)
            self.assertIn('immutable', answer.headers['Cache-Control'])
            self.assertEqual(self.ask(file, user=None, If_None_Match=answer.headers['ETag']).status, 304)
        self.assertIn(b'Chart.js', self.ask('/admin/static/chart.min.js', user=None).body[:100])  # its licence goes with it
        with open(os.path.join(harness.ROOT, 'src/server/admin_site/site.js'), 'rb') as file:
            self.assertEqual(self.ask('/admin/static/site.js', user=None).body, file.read())

    def test_csv(self):
        answer = self.ask('/admin/switches.csv?table=mailboxes')
        self.assertIn('attachment; filename="mailboxes.csv"', answer.headers['Content-Disposition'])
        rows = list(csv.DictReader(io.StringIO(answer.body.decode('utf-8-sig'))))
        self.assertEqual([row['Name'] for row in rows], ['alice', 'bob', 'mallory'])
        self.assertEqual(rows[2]['DisplayName'], '\'=cmd|"x"!<b>')  # no formula
        self.assertEqual(rows[0]['MAPIEnabled'], 'True')
        self.assertEqual(self.ask('/admin/', 'HEAD').body, b'')

    def test_switched_off(self):
        self.server.configure({'administration': {'https': 'no'}})
        try:
            self.reload()
            for path in ('/admin/', '/admin/switches', '/admin/static/site.css'):
                self.assertEqual(self.ask(path).status, 404, path)
        finally:
            self.server.configure({})
            self.reload()
        self.assertEqual(self.ask('/admin/').status, 200)

    def reload(self):
        before = self.server.log_text(1 << 22).count('reloaded')
        self.server.reload()
        for _ in range(500):
            if self.server.log_text(1 << 22).count('reloaded') > before:
                return
            time.sleep(0.02)
        self.fail('not reloaded')

    # --- health ---

    def health(self, user=None):
        return self.ask('/mapi/healthcheck.htm', user=user)

    def wait_for_health(self, status):
        """What was found is used for some seconds."""
        for _ in range(200):
            answer = self.health()
            if answer.status == status:
                return answer
            time.sleep(0.1)
        self.fail(f'the health check says {answer.status}, not {status}')

    def check_failure(self, part, text):
        answer = self.wait_for_health(503)
        self.assertNotIn(part, answer.text)  # strangers are told no parts
        answer = self.health('bob')
        self.assertEqual(answer.status, 503)
        self.assertRegex(answer.text, f'<br/>{part}: .*{text}')
        self.assertEqual(self.ask('/autodiscover/healthcheck.htm', user=None).status, 503)
        self.assertIn('not well', self.ask('/admin/').text)

    def test_health(self):
        answer = self.wait_for_health(200)
        self.assertRegex(answer.text, r'^200 OK<br/>[^<]+$')
        self.assertEqual(self.health('bob').text.count(': ok'), 4)
        self.assertEqual(self.ask('/mapi/healthcheck.htm', user='nobody').status, 401)
        mailboxes = os.path.join(self.server.data, 'mailboxes')
        os.rename(mailboxes, mailboxes + '.away')
        try:
            self.check_failure('mailbox store', 'cannot be written')
        finally:
            os.rename(mailboxes + '.away', mailboxes)
        self.wait_for_health(200)
        self.assertEqual(os.listdir(mailboxes), [name for name in os.listdir(mailboxes) if not name.startswith('.')])

    def test_health_of_the_certificate(self):
        shutil.copy(self.server.certificate, self.server.certificate + '.good')
        with open(self.server.certificate, 'w', encoding='ascii') as file:
            file.write('not a certificate\n')
        try:
            # Our own client reads the file too: over plain HTTP.
            self.assertEqual(self.wait_plain(503).status, 503)
        finally:
            os.replace(self.server.certificate + '.good', self.server.certificate)
        self.assertEqual(self.wait_plain(200).status, 200)

    def wait_plain(self, status):
        for _ in range(200):
            connection = http.client.HTTPConnection('localhost', self.server.plain_port, timeout=30)
            connection.request('GET', '/mapi/healthcheck.htm')
            answer = Answer(connection.getresponse())
            connection.close()
            if answer.status == status:
                break
            time.sleep(0.1)
        return answer

    def test_changes_are_recorded(self):
        token = self.token()
        answer = self.send('/admin/switches?mailbox=bob%40example.org', {'operation': 'Set-CasMailbox', 'Identity': 'bob@example.org', 'MapiHttpEnabled': 'false',
                                                                         'shown.MapiHttpEnabled': '$null', 'MAPIEnabled': 'true', 'shown.MAPIEnabled': 'true',
                                                                         'token': token})
        self.assertEqual((answer.status, answer.headers['Location']), (303, '/admin/switches?done=1&mailbox=bob@example.org'))
        rows = list(csv.DictReader(io.StringIO(self.ask('/admin/changes.csv?table=changes').body.decode('utf-8-sig'))))
        self.assertEqual((rows[0]['CmdletName'], rows[0]['Caller'], rows[0]['Way']), ('Set-CasMailbox', 'alice@example.org', 'page'))
        self.assertEqual(json.loads(rows[0]['After'].lstrip("'"))['MapiHttpEnabled'], False)
        self.assertNotIn('MAPIEnabled', json.loads(rows[0]['CmdletParameters'].lstrip("'")))  # only what was changed in the form is sent on
        self.assertNotIn(token, self.server.log_text(1 << 22))


if __name__ == '__main__':
    unittest.main()
