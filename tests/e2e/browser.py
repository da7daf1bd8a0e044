"""Runs a test written for a browser (tests/browser/*.mjs) by Node with playwright-core in the system's own Chromium; skips, saying so,
where one of them is missing. What npm installs goes to <build>/browser/, by the lock file beside the tests."""
import filecmp
import os
import shutil
import subprocess

import harness

FOLDER = os.path.join(harness.ROOT, 'tests', 'browser')
INSTALLED = os.path.join(harness.BUILD, 'browser')


def chromium():
    return shutil.which('chromium') or shutil.which('chromium-browser')


def prepare():
    for name in ('node', 'npm'):
        if not shutil.which(name):
            harness.skip(f'{name} is not installed')
    if not chromium():
        harness.skip('chromium is not installed')
    lock, installed = os.path.join(FOLDER, 'package-lock.json'), os.path.join(INSTALLED, 'package-lock.json')
    if os.path.exists(installed) and filecmp.cmp(lock, installed, shallow=False) and \
            os.path.isdir(os.path.join(INSTALLED, 'node_modules', 'playwright-core')):
        return
    os.makedirs(INSTALLED, exist_ok=True)
    shutil.copy(os.path.join(FOLDER, 'package.json'), INSTALLED)
    result = None
    shutil.copy(lock, installed)
    try:
        result = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1'], cwd=INSTALLED,
                                capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pass
    if not result or result.returncode:
        os.unlink(installed)
        harness.skip('npm cannot install playwright-core: ' + (result.stderr.strip().split('\n')[-1] if result else 'no answer'))


def run(script, environment, timeout=200):
    """Output and exit status go through to whoever called."""
    prepare()
    return subprocess.run(['node', os.path.join(FOLDER, script)], timeout=timeout, env=dict(
        os.environ, BROWSER_MODULES=os.path.join(INSTALLED, 'node_modules'), CHROMIUM=chromium(),
        PICTURES=os.path.join(INSTALLED, 'pictures'), **environment)).returncode
