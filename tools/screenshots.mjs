/**
 * Takes the README's pictures of the example application, which must run on its embedded emulator: `node
 * tools/screenshots.mjs http://127.0.0.1:3000 [folder]`. Needs Chromium, at CHROMIUM_PATH or at its path on Debian.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const DOCUMENTED = fileURLToPath(new URL('../docs/images', import.meta.url));
const CHROMIUM = process.env.CHROMIUM_PATH || '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];
const DESKTOP = { width: 1240, height: 600 };
const PHONE = { width: 360, height: 760 };

const [base = 'http://127.0.0.1:3000', folder = DOCUMENTED] = process.argv.slice(2);
if (!existsSync(CHROMIUM)) {
  console.error(`No Chromium at ${CHROMIUM}: no pictures. Set CHROMIUM_PATH to one.`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [...ARGUMENTS, '--disable-component-update', '--disable-sync'],
});
mkdirSync(folder, { recursive: true });
// from an earlier run, because a scan cannot be replaced
await fetch(new URL('scans/heartbeat.wav', base), { method: 'DELETE' });
try {
  await picture('page-light', { viewport: DESKTOP, colorScheme: 'light' }, async (page) => {
    await page.getByRole('button', { name: 'Make a recording' }).click();
    await page.getByText('is stored, encrypted').waitFor();
    await page.locator('audio').evaluate(async (audio) => {
      const fired = (event) => new Promise((resolve) => audio.addEventListener(event, resolve, { once: true }));
      if (audio.readyState === 0) await fired('loadedmetadata');
      const seeked = fired('seeked');
      audio.currentTime = 200;
      await seeked;
    });
    await page
      .getByRole('cell', { name: /^\d( to \d)?$/ })
      .first()
      .waitFor();
    await page.locator('#reads-card').screenshot({ path: pathOf('page-range') });
    await page.locator('#scan-list-label').evaluate((label) => label.scrollIntoView());
  });
  await picture('page-dark', { viewport: DESKTOP, colorScheme: 'dark' }, async (page) => {
    await page.getByRole('button', { name: 'heartbeat.wav' }).click();
    await page.getByRole('button', { name: 'Change a byte' }).click();
    await page.getByText('DECRYPTION_FAILED').first().waitFor();
    await page.locator('#scan-list-label').evaluate((label) => label.scrollIntoView());
  });
  await picture('page-search', { viewport: DESKTOP, colorScheme: 'light' }, async (page) => {
    await page.getByLabel('Number', { exact: true }).fill(String(Date.now()));
    await page.getByRole('button', { name: 'Add the patient' }).click();
    await page.getByText('binary, sealed').first().waitFor();
    await page.getByRole('button', { name: 'Find by number' }).click();
    await page.getByText(/azcse_t_ssn eq/).waitFor();
    await page.locator('#find-card').evaluate((card) => card.scrollIntoView());
  });
  await picture('page-phone', { viewport: PHONE, colorScheme: 'light' }, async (page) => {
    await page.getByLabel('Number', { exact: true }).fill(String(Date.now()));
    await page.getByRole('button', { name: 'Add the patient' }).click();
    await page.getByText('binary, sealed').first().waitFor();
    await page.locator('#patient-sides').evaluate((sides) => sides.scrollIntoView());
  });
} finally {
  await browser.close();
}

async function picture(name, context, act) {
  const page = await browser.newPage({ ...context, reducedMotion: 'reduce' });
  await page.goto(base);
  await act(page);
  await page.screenshot({ path: pathOf(name) });
  await page.close();
}

function pathOf(name) {
  return join(folder, `${name}.png`);
}
