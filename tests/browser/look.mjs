// Pictures of every page, in both colour schemes and at the width of a phone: for looking at. SITE_URL, SITE_USER and SITE_PASSWORD say where.
import { open, enter, picture, url, PHONE, DESKTOP } from './browsing.mjs';

const wanted = process.argv.slice(2);
const browser = await open();
const page = await enter(browser);
await page.goto(`${url}/admin/`);
const paths = wanted.length ? wanted : await page.$$eval('nav.menu a', links => links.map(link => link.getAttribute('href')));
for (const [width, size] of [['desktop', DESKTOP], ['phone', PHONE]])
  for (const scheme of ['light', 'dark']) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme });
    for (const path of paths) {
      await page.goto(url + path);
      await picture(page, `${path.replace(/^\/admin\/?/, '').replace(/\W+/g, '-') || 'overview'}-${width}-${scheme}`);
      if (page.mistakes.length) console.log(path, page.mistakes.splice(0));
    }
  }
await browser.close();
