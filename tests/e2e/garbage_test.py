#!/usr/bin/env python3
"""Malformed requests against a real server: each class has its documented answer, memory does not grow, a bystander keeps its
pace. 20,000 requests, or as many as the first argument says (a million for the full run)."""
import subprocess
import sys

import harness


def main():
    count = sys.argv[1] if len(sys.argv) > 1 else '20000'
    seed = sys.argv[2] if len(sys.argv) > 2 else '1'
    settings = {'authentication': {'failures_per_account': '0', 'failures_per_address': '0', 'failure_delay': '0'}, 'server': {'log_level': 'error'}}
    with harness.Server(settings) as server:
        result = subprocess.run([harness.program('garbage'), str(server.plain_port), str(server.process.pid), server.address(),
                                 harness.PASSWORD, server.user_dn(), count, seed])
        if result.returncode:
            print(server.log_text())
        sys.exit(result.returncode)


if __name__ == '__main__':
    main()
