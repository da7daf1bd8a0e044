#!/usr/bin/env python3
"""Our HTTP layer alone (build/bench/http_floor) beside nginx, both answering the same 20 bytes, in one run: CPU and wall time
a request, plain and TLS, and the memory of parked exchanges.   usage: bench/http_floor.py [BUILD_FOLDER] [PARKED]"""
import os
import subprocess
import sys
import tempfile

import peer_nginx
from processes import Server, free_port


def ours(build, base):
    plain, tls = free_port(), free_port()
    command = [f'{build}/bench/http_floor', 'serve', str(plain), str(tls), f'{base}/certificate.pem', f'{base}/key.pem']
    with Server('http_floor', command, plain) as server:
        return {'plain': peer_nginx.wrk(server, f'http://127.0.0.1:{plain}/ping'),
                'tls': peer_nginx.wrk(server, f'https://127.0.0.1:{tls}/ping')}


def parked(build, base, count):
    plain, tls = free_port(), free_port()
    command = [f'{build}/bench/http_floor', 'serve', str(plain), str(tls), f'{base}/certificate.pem', f'{base}/key.pem']
    with Server('http_floor', command, plain) as server:
        return subprocess.run([f'{build}/bench/http_floor', 'park', str(tls), str(count), str(server.process.pid)],
                              capture_output=True, text=True, check=True).stdout.strip()


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else 'build'
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    with tempfile.TemporaryDirectory() as base:
        nginx = peer_nginx.rows(os.path.join(base, 'nginx'), {}) if peer_nginx.available() else {}
        peer_nginx.make_certificate(base)
        mine = ours(build, base)
        for row in ('plain', 'tls'):
            line = f'{row:6} ours {mine[row][0] * 1000:6.1f} us CPU {mine[row][1] * 1000:6.1f} us wall'
            if nginx:
                line += (f'   nginx {nginx[row][0] * 1000:6.1f} us CPU {nginx[row][1] * 1000:6.1f} us wall'
                         f'   CPU ratio {mine[row][0] / nginx[row][0]:.2f}')
            print(line)
        print(parked(build, base, count))


if __name__ == '__main__':
    main()
