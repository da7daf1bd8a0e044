#!/usr/bin/env python3
"""Our HTTP layer alone (build/bench/http_floor) beside nginx, both answering the same 20 bytes, in one run: CPU and wall time
a request, plain and TLS, and the memory of parked exchanges.   usage: bench/http_floor.py [BUILD_FOLDER] [PARKED]"""
import contextlib
import statistics
import subprocess
import sys
import tempfile

import peer_nginx
from processes import Server, free_port


ROUNDS = 7


def serve_ours(build, base):
    plain, tls = free_port(), free_port()
    command = [f'{build}/bench/http_floor', 'serve', str(plain), str(tls), f'{base}/certificate.pem', f'{base}/key.pem']
    return Server('http_floor', command, plain), {'plain': f'http://127.0.0.1:{plain}/ping', 'tls': f'https://127.0.0.1:{tls}/ping'}


def serve_nginx(base):
    plain, tls = free_port(), free_port()
    with open(f'{base}/nginx.conf', 'w') as file:
        file.write(peer_nginx.CONFIGURATION.format(base=base, plain=plain, tls=tls))
    server = Server('nginx', ['nginx', '-p', base, '-c', f'{base}/nginx.conf'], plain, stderr=subprocess.DEVNULL)
    return server, {'plain': f'http://127.0.0.1:{plain}/', 'tls': f'https://127.0.0.1:{tls}/'}


def compare(build, base):
    """Turn by turn, so that whatever else the machine does hits both; the median of the rounds."""
    contenders = {'ours': serve_ours(build, base)}
    if peer_nginx.available():
        contenders['nginx'] = serve_nginx(base)
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(server) for name, (server, _) in contenders.items()}
        for row in ('plain', 'tls'):
            figures = {name: [] for name in contenders}
            for _ in range(ROUNDS):
                for name, (_, addresses) in contenders.items():
                    figures[name].append(peer_nginx.wrk(servers[name], addresses[row], 1))
            cpu = {name: statistics.median(figure[0] * 1000 for figure in taken) for name, taken in figures.items()}
            wall = {name: statistics.median(figure[1] * 1000 for figure in taken) for name, taken in figures.items()}
            line = '   '.join(f'{name} {cpu[name]:5.1f} us CPU {wall[name]:5.1f} us wall' for name in contenders)
            print(f'{row:6} {line}' + (f'   CPU ratio {cpu["ours"] / cpu["nginx"]:.2f}' if 'nginx' in cpu else ''), flush=True)


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
        peer_nginx.make_certificate(base)
        compare(build, base)
        print(parked(build, base, count))


if __name__ == '__main__':
    main()
