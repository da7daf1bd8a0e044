// A browser for tests of the administration's pages: a new, empty Chromium that talks to nobody but the server under test.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.env.BROWSER_MODULES, 'none.js'))('playwright-core');

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 900 };
export const url = process.env.SITE_URL;
const pictures = process.env.PICTURES;
mkdirSync(pictures, { recursive: true });

export async function open() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--disable-default-apps', '--no-first-run', '--no-default-browser-check', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost'],
  });
}

// A window of somebody: options of Browser.newContext. Whatever goes wrong inside of it is put into window.mistakes.
export async function enter(browser, { user = process.env.SITE_USER, password = process.env.SITE_PASSWORD, ...options } = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, viewport: DESKTOP, httpCredentials: user ? { username: user, password, send: 'always' } : undefined,
    timezoneId: 'Europe/Berlin', locale: 'en-GB', ...options,
  });
  const page = await context.newPage();
  page.mistakes = [];
  page.on('pageerror', error => page.mistakes.push(`script: ${error.message}`));
  page.on('console', message => { if (message.type() === 'error') page.mistakes.push(`console: ${message.text()}`); });
  page.on('request', request => { if (!request.url().startsWith(url) && !/^(data|blob|about):/.test(request.url())) page.mistakes.push(`elsewhere: ${request.url()}`); });
  return page;
}

export async function picture(page, name) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
