"""nginx answering a small fixed body: the ceiling of what HTTP itself costs on this machine."""
import os
import re
import shutil
import subprocess

from processes import Server, free_port

CONFIGURATION = """
daemon off;
worker_processes 2;
pid {base}/nginx.pid;
error_log {base}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {base}/body; proxy_temp_path {base}/proxy; fastcgi_temp_path {base}/fastcgi;
  uwsgi_temp_path {base}/uwsgi; scgi_temp_path {base}/scgi;
  keepalive_requests 100000000;
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl;
    ssl_certificate {base}/certificate.pem;
    ssl_certificate_key {base}/key.pem;
    location / {{ default_type application/mapi-http; return 200 "PROCESSING\\r\\nDONE\\r\\n\\r\\n"; }}
  }}
}}
"""


def available():
    return shutil.which('nginx') is not None and shutil.which('wrk') is not None


def make_certificate(base):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', f'{base}/key.pem',
                    '-out', f'{base}/certificate.pem'], check=True, capture_output=True)


def wrk(server, url, seconds=3):
    """CPU ms and wall ms for each request of a short wrk run against a server."""
    from processes import cpu_seconds
    before = cpu_seconds(server.process.pid)
    output = subprocess.run(['wrk', '-t1', '-c4', f'-d{seconds}s', url], capture_output=True, text=True, check=True).stdout
    count = int(re.search(r'(\d+) requests in', output).group(1))
    cpu = cpu_seconds(server.process.pid) - before
    return cpu * 1000 / count, seconds * 1000 / count


def rows(base, results):
    os.makedirs(base, exist_ok=True)
    make_certificate(base)
    plain, tls = free_port(), free_port()
    with open(f'{base}/nginx.conf', 'w') as file:
        file.write(CONFIGURATION.format(base=base, plain=plain, tls=tls))
    with Server('nginx', ['nginx', '-p', base, '-c', f'{base}/nginx.conf'], plain, stderr=subprocess.DEVNULL) as server:
        results['plain'] = wrk(server, f'http://127.0.0.1:{plain}/')
        results['tls'] = wrk(server, f'https://127.0.0.1:{tls}/')
    return results


if __name__ == '__main__':
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        print(rows(folder, {}))
