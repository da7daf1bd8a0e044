"""OpenLDAP over the same number of entries: what an address book costs where it is looked up in LDAP instead (the first 50
whose name begins so, one by the whole name). It keeps no order of names: a sorted page makes it sort all of them, near a second."""
import os
import random
import shutil
import subprocess

from processes import Server, free_port

CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {base}/slapd.pid
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
directory {base}/db
maxsize 4294967296
dbnosync
sizelimit unlimited
index objectClass eq
index cn,mail eq,sub
"""
COLUMNS = ['cn', 'telephoneNumber', 'title', 'o', 'uid', 'mail']


def available():
    return os.path.exists('/usr/sbin/slapd') and shutil.which('ldapsearch') is not None


def write_entries(path, count):
    given = ['Ada', 'Bo', 'Carl', 'Dana', 'Eva', 'Finn', 'Gus', 'Hedy', 'Ida', 'Jon', 'Kay', 'Lou', 'Mia', 'Noa', 'Ola', 'Pia']
    syllables = ['ber', 'ton', 'mar', 'lin', 'dor', 'sen', 'kow', 'ski', 'hof', 'ler', 'ran', 'vel']
    choose = random.Random(1)
    names = []
    with open(path, 'w', encoding='utf-8') as file:
        file.write('dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n')
        for number in range(count):
            first, last = choose.choice(given), ''.join(choose.choice(syllables) for _ in range(3)).capitalize()
            names.append(f'{first} {last} {number}')
            file.write(f'dn: uid=u{number},dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: u{number}\ncn: {names[-1]}\nsn: {last}\n'
                       f'givenName: {first}\nmail: u{number}@example.org\ntitle: Analyst\no: Example\n'
                       f'telephoneNumber: +44 20 {number}\n\n')
    return names


def search(port, base, texts, pattern):
    with open(f'{base}/texts', 'w', encoding='utf-8') as file:
        file.write(''.join(text + '\n' for text in texts))
    subprocess.run(['ldapsearch', '-x', '-c', '-LLL', '-H', f'ldap://127.0.0.1:{port}', '-b', 'dc=example,dc=org', '-z', '50', '-f', f'{base}/texts', pattern,
                    *COLUMNS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def rows(base, entries, results):
    os.makedirs(f'{base}/db', exist_ok=True)
    port = free_port()
    with open(f'{base}/slapd.conf', 'w', encoding='utf-8') as file:
        file.write(CONFIGURATION.format(base=base))
    names = write_entries(f'{base}/entries.ldif', entries)
    subprocess.run(['/usr/sbin/slapadd', '-q', '-f', f'{base}/slapd.conf', '-l', f'{base}/entries.ldif'], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    command = ['/usr/sbin/slapd', '-d', '0', '-f', f'{base}/slapd.conf', '-h', f'ldap://127.0.0.1:{port}']
    with Server('slapd', command, port, stderr=subprocess.DEVNULL) as server:
        search(port, base, names[:200], '(cn=%s)')
        results['prefix'] = server.measure(500, lambda: search(port, base, [name[:6] for name in names[:500]], '(cn=%s*)'))
        results['name'] = server.measure(2000, lambda: search(port, base, names[:2000], '(cn=%s)'))
    return results


if __name__ == '__main__':
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        print(rows(folder, 100000, {}))
