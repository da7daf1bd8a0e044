// The administration's pages in a real browser: what a person sees and does there. SITE_URL, SITE_USER, SITE_PASSWORD: an administrator;
// OTHER_USER: somebody who is none, with the same password.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { open, enter, picture, url, PHONE } from './browsing.mjs';

let browser, page;
before(async () => { browser = await open(); page = await enter(browser); });
after(async () => { await browser.close(); });

const heading = async () => (await page.textContent('h1')).trim();
const visit = async (path, on = page) => {
  const answer = await on.goto(url + path);
  assert.equal(answer.status(), 200, path);
  return answer;
};

test('every page of the navigation opens, says its name once, and nothing goes wrong in it', async () => {
  await visit('/admin/');
  const links = await page.$$eval('nav.menu a', all => all.map(link => [link.getAttribute('href'), link.textContent]));
  assert.ok(links.length >= 12);
  for (const [path, name] of links) {
    await visit(path);
    assert.equal(await heading(), name);
    assert.equal(await page.locator('h1').count(), 1);
    assert.equal(await page.locator('nav.menu a[aria-current=page]').textContent(), name);
    assert.equal(await page.locator('.notice.bad').count(), 0, `${path}: ${await page.locator('.notice.bad').allTextContents()}`);
  }
  assert.deepEqual(page.mistakes, []);
});

test('landmarks, captions, labels: what a screen reader goes by', async () => {
  for (const path of ['/admin/', '/admin/connections', '/admin/clients', '/admin/switches?mailbox=bob@example.org', '/admin/audit', '/admin/operations?name=Set-Mailbox']) {
    await visit(path);
    const findings = await page.evaluate(() => {
      const wrong = [];
      for (const name of ['header', 'nav[aria-label]', 'main', 'footer']) if (!document.querySelector(name)) wrong.push(`no ${name}`);
      if (!document.documentElement.lang || !document.title) wrong.push('no language or title');
      for (const table of document.querySelectorAll('table')) {
        if (!table.caption || !table.caption.textContent.trim()) wrong.push('a table without a caption');
        for (const head of table.querySelectorAll('th')) if (!head.scope) wrong.push(`a heading without a scope: ${head.textContent}`);
      }
      for (const control of document.querySelectorAll('input:not([type=hidden]), select'))
        if (!control.labels.length && !control.getAttribute('aria-label')) wrong.push(`a control without a label: ${control.name}`);
      for (const control of document.querySelectorAll('[aria-describedby]'))
        if (!document.getElementById(control.getAttribute('aria-describedby'))) wrong.push(`described by nothing: ${control.name}`);
      const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
      for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`the id ${id} twice`);
      const levels = [...document.querySelectorAll('main :is(h1, h2, h3)')].map(element => Number(element.tagName[1]));
      levels.forEach((level, index) => { if (index && level > levels[index - 1] + 1) wrong.push('a level of headings left out'); });
      return wrong;
    });
    assert.deepEqual(findings, [], path);
  }
});

// WCAG: 4.5 for text. Of what is painted: the nearest background that is not transparent.
const contrasts = () => {
  const parse = text => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) wrong.push(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
  }
  return wrong;
};

test('text can be read, light and dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const backgrounds = [];
    for (const path of ['/admin/', '/admin/readiness', '/admin/switches', '/admin/connections', '/mapi/emsmdb']) {
      await visit(path);
      assert.deepEqual(await page.evaluate(contrasts), [], `${path} ${colorScheme}`);
      backgrounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor));
    }
    if (colorScheme === 'dark') assert.ok(backgrounds[0].includes('rgb(16, 21, 28)'), backgrounds[0]);
  }
  await page.emulateMedia({ colorScheme: 'light' });
});

test('at the width of a phone nothing stands over the edge, and the menu opens', async () => {
  await page.setViewportSize(PHONE);
  await visit('/admin/');
  const paths = await page.$$eval('nav.menu a', links => links.map(link => link.getAttribute('href')));
  for (const path of [...paths, '/admin/switches?mailbox=bob@example.org', '/mapi/emsmdb?showdebug=yes']) {
    await visit(path);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= PHONE.width, path);
  }
  await visit('/admin/');
  assert.equal(await page.locator('nav.menu').isVisible(), false);
  await page.click('text=Menu');
  assert.equal(await page.locator('nav.menu').isVisible(), true);
  await picture(page, 'test-menu-phone');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('nav.menu').isVisible(), false);
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.equal(await page.locator('nav.menu').isVisible(), true);
});

test('by keyboard: the first stop skips the navigation, and a table is sorted', async () => {
  await visit('/admin/users?period=D90');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  const column = page.locator('#users thead th', { hasText: 'User' }).first();
  await column.locator('button').focus();
  await page.keyboard.press('Enter');
  assert.equal(await column.getAttribute('aria-sort'), 'ascending');
  const names = () => page.$$eval('#users tbody th', cells => cells.map(cell => cell.textContent));
  assert.deepEqual(await names(), [...await names()].sort());
  await page.keyboard.press('Enter');
  assert.equal(await column.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await names(), [...await names()].sort().reverse());
});

test('a table is narrowed down by words', async () => {
  await visit('/admin/users?period=D90');
  const all = await page.locator('#users tbody tr').count();
  await page.getByLabel('Narrow down: Users').fill('user0 outlook');
  const shown = await page.locator('#users tbody tr:visible').count();
  assert.ok(shown > 0 && shown < all, `${shown} of ${all}`);
  await page.getByText(`${shown} of ${all} rows`).waitFor();
});

test('the list of sessions renews itself when told to', async () => {
  const other = await enter(browser);
  await other.clock.install();
  await visit('/admin/connections', other);
  await other.getByLabel('renew every 10 seconds').check();
  await other.evaluate(() => document.activeElement.blur());
  await other.evaluate(() => document.getElementById('sessions').remove());
  const answer = other.waitForResponse(one => one.url().endsWith('/admin/connections'));
  await other.clock.fastForward(10000);
  assert.equal((await answer).status(), 200);
  await other.locator('#sessions tbody tr').first().waitFor();
  assert.deepEqual(other.mistakes, []);
  await other.context().close();
});

test('charts are drawn from the tables, and again when the colours change', async () => {
  await visit('/admin/protocols?period=D30');
  const figure = page.locator('figure[data-chart]');
  assert.equal(await figure.isVisible(), true);
  const painted = () => page.$eval('figure canvas', canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size);
  assert.ok(await painted() > 5);
  const before = await page.$eval('figure canvas', canvas => canvas.toDataURL());
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForFunction(old => document.querySelector('figure canvas').toDataURL() !== old, before);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(page.mistakes, []);
});

test('times are shown in the reader\'s zone', async () => {
  await visit('/admin/changes');
  const [shown, stated] = await page.$eval('time', element => [element.textContent, element.dateTime]);
  assert.notEqual(shown, stated.slice(0, 19).replace('T', ' '));
  assert.equal(new Date(stated).toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' }), shown);
});

test('a mailbox is switched off and on again by a form, tried first, and the change is recorded', async () => {
  await visit('/admin/switches?mailbox=bob@example.org');
  assert.match(await page.textContent('.notice'), /On:/);
  await page.check('#switches input[name=MapiHttpEnabled][value=false]');
  await page.click('#switches >> text=Try: change nothing');
  assert.match((await page.locator('.notice').allTextContents()).join(' '), /What if.*nothing was changed/is);
  assert.match((await page.locator('.notice').allTextContents()).join(' '), /On: this mailbox/);
  await page.check('#switches input[name=MapiHttpEnabled][value=false]');
  await page.click('#switches >> text=Save');
  assert.match(page.url(), /done=1/);
  assert.match((await page.locator('.notice').allTextContents()).join(' '), /Done.*Off: this mailbox/s);
  assert.equal(await page.isChecked('#switches input[name=MapiHttpEnabled][value=false]'), true);
  await page.check('#switches input[name=MapiHttpEnabled][value="$null"]');
  await page.click('#switches >> text=Save');
  assert.match((await page.locator('.notice').allTextContents()).join(' '), /On: this mailbox/);
  await visit('/admin/changes');
  const rows = await page.locator('#changes tbody tr').allTextContents();
  assert.ok(rows.filter(row => row.includes('Set-CasMailbox') && row.includes('bob@example.org')).length >= 2, rows.join('\n'));
});

test('a mistake in a form is said at its field, with what was typed, and nothing changes', async () => {
  await visit('/admin/switches?mailbox=bob@example.org');
  const field = page.locator('#switches input[name=MAPIBlockOutlookVersions]');
  await field.fill('"><script>alert(1)</script>');
  const [answer] = await Promise.all([page.waitForNavigation(), page.click('#switches >> text=Save')]);
  assert.equal(answer.status(), 400);
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.equal(await field.inputValue(), '"><script>alert(1)</script>');
  const help = page.locator(`#${await field.getAttribute('aria-describedby')}`);
  assert.match(await help.textContent(), /MAPIBlockOutlookVersions/);
  assert.equal(await page.locator('.notice.bad[role=alert]').count(), 1);
  await visit('/admin/switches?mailbox=bob@example.org');
  assert.equal(await field.inputValue(), '');
  page.mistakes.splice(0); // Chromium logs the status 400
});

test('a session is ended by its button', async () => {
  await visit('/admin/connections');
  const row = page.locator('#sessions tbody tr', { hasText: 'bob@example.org' }).first();
  await row.locator('a').click();
  assert.match(await page.textContent('main h2'), /^Session \d+$/);
  assert.ok((await page.locator('#requests tbody tr').count()) > 0);
  await page.click('text=End this session');
  assert.match((await page.locator('.notice').allTextContents()).join(' '), /Done/);
  assert.match(await page.textContent('.list'), /Ended/);
  assert.equal(await page.locator('text=End this session').count(), 0);
});

test('tables are saved as CSV', async () => {
  await visit('/admin/old-clients?period=D180');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Save as CSV')]);
  assert.equal(download.suggestedFilename(), 'old-clients.csv');
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString().replace(/^\uFEFF/, '').trim().split('\r\n');
  assert.match(lines[0], /^User,DisplayName,/);
  assert.ok(lines.length > 1 && lines[1].includes('RPC/HTTP'), lines.join('\n'));
});

test('audit is searched', async () => {
  await visit('/admin/audit');
  await page.check('#search input[name=LogonTypes][value=Owner]');
  await page.click('#search >> text=Search');
  assert.ok((await page.locator('#records tbody tr').count()) > 0);
  assert.match(await page.textContent('#records'), /MailboxLogin/);
  assert.equal(await page.isChecked('#search input[name=LogonTypes][value=Owner]'), true);
  await page.fill('#search input[name=StartDate]', 'whenever');
  await page.click('#search >> text=Search');
  assert.match(await page.textContent('.notice.bad'), /StartDate/);
  await visit('/admin/audit?verify=1');
  assert.equal(await page.locator('.notice.bad').count(), 0);
});

test('without JavaScript: tables, periods, forms', async () => {
  const plain = await enter(browser, { javaScriptEnabled: false });
  await visit('/admin/protocols', plain);
  await plain.click('text=7 days');
  assert.match(plain.url(), /period=D7/);
  assert.equal(await plain.locator('figure').isVisible(), false);
  assert.ok((await plain.locator('#protocols tbody tr').count()) >= 3);
  await plain.click('text=The numbers');
  assert.equal(await plain.locator('#protocol-days').isVisible(), true);
  await visit('/admin/switches', plain);
  await plain.check('#organization input[value=false]');
  await plain.click('#organization >> text=Save');
  assert.match(await plain.textContent('.notice'), /Done/);
  await plain.check('#organization input[value=true]');
  await plain.click('#organization >> text=Save');
  assert.equal(await plain.isChecked('#organization input[value=true]'), true);
  await plain.context().close();
});

test('every operation that reads can be asked for in its page', async () => {
  await visit('/admin/operations');
  const names = await page.$$eval('#operations tbody tr', rows => rows.filter(row => !row.textContent.trim().endsWith('yes')).map(row => row.cells[0].textContent));
  assert.ok(names.length > 10);
  for (const name of names.filter(one => one.startsWith('Get-')))
    await visit(`/admin/operations?name=${name}&run=1`);
  page.mistakes.splice(0);
});

test('the diagnosis page: with its own style and nothing else', async () => {
  await visit('/mapi/emsmdb?showdebug=yes');
  assert.match(await page.textContent('main'), /alice@example.org/);
  assert.match(await page.textContent('main'), /Parked waits/);
  assert.doesNotMatch(await page.content(), /Basic [A-Za-z0-9+/]{8}/);
  assert.equal(await page.$eval('.box', box => getComputedStyle(box).borderTopWidth), '1px');
  assert.deepEqual(page.mistakes, []);
});

test('somebody who is no administrator is refused', async () => {
  const other = await enter(browser, { user: process.env.OTHER_USER });
  const answer = await other.goto(`${url}/admin/`);
  assert.equal(answer.status(), 403);
  assert.doesNotMatch(await other.content(), /Connections/);
  await other.context().close();
});

test('a form on another site changes nothing, though the browser is logged on', async () => {
  await visit('/admin/');
  const evil = await page.context().newPage();
  let status = 0;
  evil.on('response', answer => { if (answer.url().includes('/admin/switches')) status = answer.status(); });
  await evil.setContent(`<form method="post" action="${url}/admin/switches"><input name="operation" value="Set-OrganizationConfig">` +
    '<input name="MapiHttpEnabled" value="false"><button>prize</button></form>');
  await Promise.all([evil.waitForNavigation(), evil.click('text=prize')]);
  assert.equal(status, 403);
  await evil.close();
  await visit('/admin/switches');
  assert.equal(await page.isChecked('#organization input[value=true]'), true);
});
