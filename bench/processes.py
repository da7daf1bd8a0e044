"""Starts and stops the servers of the benchmark, and reads what CPU time and memory they took."""
import os
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f'nothing listens on port {port} after {seconds} s')


def _children():
    parents = {}
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                with open(f'/proc/{entry}/stat') as file:
                    parents.setdefault(int(file.read().rsplit(')', 1)[1].split()[1]), []).append(int(entry))
            except OSError:
                pass
    return parents


def tree(pid):
    """The process and all below it."""
    parents, todo, found = _children(), [pid], []
    while todo:
        current = todo.pop()
        found.append(current)
        todo += parents.get(current, [])
    return found


def cpu_seconds(pid):
    """CPU seconds of a process tree: of the living to the nanosecond (schedstat), of the ended as their parents count them."""
    total = 0.0
    ticks = os.sysconf('SC_CLK_TCK')
    for member in tree(pid):
        try:
            for task in os.listdir(f'/proc/{member}/task'):
                with open(f'/proc/{member}/task/{task}/schedstat') as file:
                    total += int(file.read().split()[0]) / 1e9
            with open(f'/proc/{member}/stat') as file:
                fields = file.read().rsplit(')', 1)[1].split()
                total += (int(fields[13]) + int(fields[14])) / ticks
        except (OSError, IndexError):
            pass
    return total


def memory_kib(pid):
    """Proportional set size of a process tree."""
    total = 0
    for member in tree(pid):
        try:
            with open(f'/proc/{member}/smaps_rollup') as file:
                for line in file:
                    if line.startswith('Pss:'):
                        total += int(line.split()[1])
        except OSError:
            pass
    return total


class Server:
    """A server process of the benchmark; ends with the 'with' block."""

    def __init__(self, name, command, port, **options):
        self.name, self.port = name, port
        self.process = subprocess.Popen(command, start_new_session=True, **options)

    def __enter__(self):
        wait_for_port(self.port)
        return self

    def __exit__(self, *unused):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def measure(self, count, work):
        """Runs work() and returns (CPU ms, wall ms) for each of 'count' requests."""
        cpu, wall = cpu_seconds(self.process.pid), time.monotonic()
        work()
        wall = time.monotonic() - wall
        time.sleep(0.05)
        cpu = cpu_seconds(self.process.pid) - cpu
        return cpu * 1000 / count, wall * 1000 / count
