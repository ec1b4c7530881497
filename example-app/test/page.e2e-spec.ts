/** The page as a user sees it, in a real browser. */
import { readFile } from 'node:fs/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import { browserPath, launch } from './support/browser.js';
import { type TestClinic, testClinic } from './support/clinic.js';

const executablePath = browserPath();
const isInCi = process.env['CI'] === 'true';
if (executablePath === null && !isInCi) {
  console.warn('There is no Chromium here, so the page is not tested. Set CHROMIUM_PATH to one.');
}

const REGION = 4 * 1024 * 1024;
let clinic: TestClinic | undefined;
let browser: Browser | undefined;
let page: Page;
const faults: string[] = [];

const side = (name: string, index: number): Locator => page.getByRole('article', { name }).nth(index);
const button = (name: string): Locator => page.getByRole('button', { name });
const statusWith = (text: string | RegExp): Promise<void> =>
  page.getByRole('status').filter({ hasText: text }).waitFor();
const [READS, STORES] = ['The application reads', 'The service stores'];

async function openPage(viewport = { width: 1240, height: 900 }): Promise<void> {
  if (clinic === undefined || browser === undefined) throw new Error('They have not been started');
  const { url } = clinic;
  page = await browser.newPage({ viewport });
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(`The page requested ${request.url()}`);
  });
  await page.goto(url);
}

async function uploadFile(name: string, mimeType: string, buffer: Buffer): Promise<void> {
  await page.getByLabel('Upload a file').setInputFiles({ name, mimeType, buffer });
  await statusWith(`${name} is stored, encrypted`);
}

(executablePath === null && !isInCi ? describe.skip : describe)('the page', () => {
  beforeAll(async () => {
    if (executablePath === null) throw new Error('CI has to have Chromium: install it, or set CHROMIUM_PATH');
    clinic = await testClinic();
    browser = await launch(executablePath);
    await openPage();
  });
  afterAll(async () => {
    await browser?.close();
    await clinic?.close();
  });

  it('shows what the clinic encrypts with', async () => {
    await page.getByText('clinic:test').first().waitFor();

    expect(await page.locator('#about').innerText()).toMatch(
      /Protocol\s+2\.0; rows and letters 1\.0\s+Key\s+clinic:test/,
    );
  });

  it('shows the progress of an upload', async () => {
    await page.evaluate(`{
      const bar = document.querySelector('progress');
      globalThis.seen = [];
      new MutationObserver(() => seen.push(bar.value)).observe(bar, { attributes: true });
    }`);
    await button('Make a recording').click();
    await statusWith('heartbeat.wav is stored, encrypted');

    const seen = await page.evaluate<number[]>('seen');
    expect(seen.at(-1)).toBe(1);
    expect(await page.getByRole('progressbar').isVisible()).toBe(false);
  });

  it('plays a recording by ranges, and shows what a seek cost', async () => {
    await page.evaluate(`(async () => {
      const audio = document.querySelector('audio');
      const emitted = (event) => new Promise((resolve) => audio.addEventListener(event, resolve, { once: true }));
      if (audio.readyState === 0) await emitted('loadedmetadata');
      const seeked = emitted('seeked');
      audio.currentTime = 290;
      await seeked;
    })()`);
    // only the last region of seven
    const seek = page
      .locator('#reads tr')
      .filter({ hasText: /bytes=2[56]\d{6}-/ })
      .first();
    await seek.waitFor();

    expect(await seek.innerText()).toMatch(/\s7$/);
    expect(await page.locator('#regions span').count()).toBe(7);
    expect(await page.locator('#regions span').nth(6).getAttribute('class')).not.toBe('');
  });

  it('reads a part by fetching only its region', async () => {
    await page.getByLabel('From byte').fill(String(2 * REGION + 5));
    await page.getByLabel('Count').fill('10');
    await button('Read the part').click();
    await statusWith(`Asked for 10 bytes, received 10 bytes: bytes ${2 * REGION + 5}-${2 * REGION + 14}/`);

    const line = page.locator('#reads tr').filter({ hasText: `bytes=${2 * REGION + 5}-` });
    await line.filter({ hasText: '4,194,332 bytes' }).waitFor();
    expect(await line.innerText()).toMatch(/\s3$/);
  });

  it('shows a scan in plaintext next to its ciphertext, encryption data, protocol and key', async () => {
    await uploadFile('note.txt', 'text/plain', Buffer.from('A plain sentence that must not be stored.'));
    const [reads, stores] = [await side(READS, 0).innerText(), await side(STORES, 0).innerText()];

    expect(reads).toContain('A plain sentenc');
    expect(reads).toContain('41 bytes');
    expect(stores).not.toContain('A plain sentenc');
    expect(stores).not.toContain('41 20 70 6c 61 69 6e');
    expect(stores).toMatch(/Protocol\s+2\.0\s+Key\s+clinic:test\s+Wrapped by\s+A256KW/);
    expect(stores).toContain('"EncryptionAlgorithm": "AES_GCM_256"');
  });

  it('shows that a changed byte is detected, and that restoring it restores the scan', async () => {
    await button('Change a byte in storage').click();
    await statusWith(/Byte 40 was [\da-f]{2}, now it is [\da-f]{2}\. Reading the scan is refused\./);

    const refusal = page.getByRole('alert');
    expect(await refusal.innerText()).toContain('DECRYPTION_FAILED');
    expect(await side(READS, 0).innerText()).not.toContain('A plain sentenc');
    expect(await page.locator('.hex .changed').count()).toBe(1);

    await button('Change it back').click();
    await statusWith('The scan can be read again.');
    expect(await side(READS, 0).innerText()).toContain('A plain sentenc');
  });

  it('shows why an upload is rejected', async () => {
    await page.route('**/scans', (route) =>
      route.fulfill({ status: 503, json: { status: 503, code: 'KEY_UNAVAILABLE', detail: 'try again' } }),
    );
    await page
      .getByLabel('Upload a file')
      .setInputFiles({ name: 'late.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });

    await statusWith('KEY_UNAVAILABLE: try again');
    await page.unroute('**/scans');
  });

  it('reports that a scan of that name already exists', async () => {
    await page
      .getByLabel('Upload a file')
      .setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('another') });

    await statusWith('A scan note.txt is stored already. Delete it first, or give the file another name.');
  });

  it('sends a referral, shows it sealed in the queue, and receives it', async () => {
    await page.getByLabel('Reason').fill('a murmur to listen to');
    await button('Send the referral').click();
    await side(STORES, 1).getByText('EncryptedMessageContents').waitFor();

    expect(await side(STORES, 1).innerText()).not.toContain('murmur');
    expect(await side(READS, 1).innerText()).not.toContain('murmur');

    await button('Receive the next').click();
    await side(READS, 1).getByText('a murmur to listen to').waitFor();
    await side(STORES, 1).getByText('The queue is empty.').waitFor();
  });

  it('lets the handler of the queue process a referral', async () => {
    await button('Start the handler').click();
    await page.getByText('The handler runs').waitFor();
    await page.getByLabel('Reason').fill('a cough to listen to');
    await button('Send the referral').click();
    const handled = side(READS, 1).locator('.message').filter({ hasText: 'a cough to listen to' });
    await handled.getByText('the handler').waitFor();

    await button('Stop the handler').click();
    await page.getByText('The handler is stopped').waitFor();
  });

  it('adds a patient and shows the stored row', async () => {
    await page.locator('#patient-form').getByLabel('Name').fill('Ada Example');
    await page.getByLabel('Diagnosis', { exact: true }).fill('nothing serious');
    await page.getByLabel('Born').fill('1980-05-17');
    await button('Add the patient').click();
    await side(STORES, 2).getByText('_ClientEncryptionMetadata1').waitFor();

    expect(await side(READS, 2).innerText()).toMatch(/name\s+Ada Example/);
    expect(await side(READS, 2).innerText()).toMatch(/diagnosis\s+nothing serious/);
    expect(await side(READS, 2).innerText()).toMatch(/born\s+1980-05-17T/);
    const row = (name: string): Promise<string> => side(STORES, 2).getByRole('row', { name }).first().innerText();
    expect(await row('diagnosis')).toContain('binary, sealed');
    expect(await row('born')).toContain('binary, sealed');
    expect(await row('room')).toMatch(/string, in plaintext\s+5/);
    expect(await side(STORES, 2).innerText()).not.toMatch(/Ada Example|nothing serious|1980/);
  });

  it.each(['diagnosis', 'admitted'])('shows that a changed byte of "%s" in a row is detected', async (property) => {
    await page.getByLabel('What to change').selectOption(property);
    await button('Change a byte of the row').click();
    await statusWith(new RegExp(`${property} was .*Reading the patient is refused`));
    expect(await side(READS, 2).innerText()).toContain('DECRYPTION_FAILED');

    await button('Change a byte of the row').click();
    await statusWith(/The patient can be read again/);
    expect(await side(READS, 2).innerText()).toMatch(/name\s+Ada Example/);
  });

  it('shows what is rejected if integrity entries are required', async () => {
    expect(await page.locator('#patient-required').innerText()).toBe('read');

    await button('Store it as an older program would').click();
    await statusWith('Stored again, without integrity entries.');

    expect(await page.locator('#patient-required').innerText()).toBe('INTEGRITY_MISSING');
    expect(await side(READS, 2).innerText()).toMatch(/name\s+Ada Example/);
  });

  it('shows that a changed byte of a letter in protocol 1.0 is detected', async () => {
    await page.getByLabel('Text').fill('Dear Ada, all is well.');
    await button('Write the letter').click();
    await side(READS, 3).getByText('Dear Ada').waitFor();
    expect(await side(STORES, 3).innerText()).toMatch(/Protocol\s+1\.0/);

    await button('Change a byte of the letter').click();
    await statusWith(/Reading the letter is refused/);
    expect(await side(READS, 3).innerText()).toContain('DECRYPTION_FAILED');

    await button('Change it back').last().click();
    await statusWith('The letter can be read again.');
    expect(await side(READS, 3).innerText()).toContain('Dear Ada');
  });

  it('reports that a patient already exists', async () => {
    await button('Add the patient').click();

    await statusWith('Ward north has a patient 17 already. Choose another number.');
  });

  it('finds a patient by sealed properties, and shows that the service was asked for a tag', async () => {
    const asked = page.getByRole('article', { name: 'The service is asked' });
    await button('Find by number').click();
    await asked.getByText(/azcse_t_ssn eq '[\da-f]{6}\.[\da-f]{32}'/).waitFor();
    const found = page.getByRole('article', { name: 'The application finds' });
    await found.getByRole('button', { name: /^Ada Example/ }).waitFor();

    await page.locator('#find-name-form').getByLabel('Name').fill(' ada  EXAMPLE');
    await button('Find by name').click();
    await asked.getByText(/azcse_t_name eq/).waitFor();
    expect(await asked.innerText()).toMatch(/PartitionKey eq 'north'/);
    expect(await asked.innerText()).not.toMatch(/078|ada/i);
    await found.getByRole('button', { name: /^Ada Example/ }).waitFor();

    await page.locator('#find-name-form').getByLabel('Name').fill('Nobody');
    await button('Find by name').click();
    await found.getByText('Nobody. A search finds whole values').waitFor();
    await button('Find by number').click();
    await found.getByRole('button', { name: /^Ada Example/ }).waitFor();
  });

  it('lists the patients of a ward, and those admitted since a given day', async () => {
    await page.getByLabel('Number', { exact: true }).fill('18');
    await page.locator('#patient-form').getByLabel('Name').fill('Bea Example');
    await page.locator('#patient-form').getByLabel('Social security number').fill('219-09-9999');
    await button('Add the patient').click();
    await statusWith('2 patients in ward north.');

    await page.getByLabel('Admitted on or after').fill('2999-01-01');
    await button('List the patients').click();
    await statusWith('0 patients in ward north.');
    await page.getByLabel('Admitted on or after').fill('2020-01-01');
    await button('List the patients').click();
    await statusWith('2 patients in ward north.');

    await page
      .locator('#ward-list')
      .getByRole('button', { name: /^Ada Example/ })
      .click();
    await side(READS, 2).getByText('Ada Example').waitFor();
  });

  it('changes and discharges a patient', async () => {
    await page.getByLabel('New diagnosis').fill('a broken toe');
    await button('Change the patient').click();
    await statusWith('Changed, and stored under a new content key.');
    expect(await side(READS, 2).innerText()).toMatch(/diagnosis\s+a broken toe[^]*name\s+Ada Example/);
    expect(await page.locator('#find-plain').innerText()).toContain('a broken toe');

    await button('Discharge the patient').click();
    await statusWith('1 patient in ward north.');
    expect(await side(READS, 2).innerText()).not.toContain('Ada Example');
  });

  it('keeps the name of a file, returns the file and deletes it', async () => {
    const name = 'R\u00f6ntgen 100% (knie) #2.txt';
    await uploadFile(name, 'text/plain', Buffer.from('what the knee looks like'));
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download the scan' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe(name);
    expect(await readFile(await download.path(), 'utf8')).toBe('what the knee looks like');

    await button('Delete the scan').click();
    await statusWith(`${name} is deleted.`);
    expect(await page.locator('#scan-list').innerText()).not.toContain('knie');
  });

  it('shows what requests did as spans, without content', async () => {
    const traces = page.locator('#traces');
    await traces.locator('summary', { hasText: 'ScansController.remove' }).waitFor();
    await page.locator('#find-name-form').getByLabel('Name').fill('Bea Example');
    await button('Find by name').click();
    const trace = traces.locator('details', { hasText: 'PatientsController.find' }).first();
    // it may be closed
    await trace.getByText('EncryptedTableClient.listEntities', { exact: true }).waitFor({ state: 'attached' });

    expect(await traces.textContent()).not.toMatch(/Bea|219-09/);
  });

  it('lists the scans again when it is reopened', async () => {
    await page.close();
    await openPage();
    await page.getByRole('button', { name: /^note\.txt/ }).click();

    await side(READS, 0).getByText('A plain sentenc').waitFor();
  });

  it.each([[360], [390], [768], [1280]])('fits a width of %d pixels', async (width) => {
    await page.setViewportSize({ width, height: 800 });

    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it('has a name for every control, and shows the keyboard focus', async () => {
    const nameless = await page.evaluate(`[...document.querySelectorAll('button, input, select, summary, a, audio')]
      .filter((control) => !control.labels?.length && !control.textContent.trim() && !control.ariaLabel)
      .map((control) => control.outerHTML)`);
    await page.keyboard.press('Tab');
    const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');

    expect(nameless).toEqual([]);
    expect(outline).not.toBe('none');
  });

  it('sent requests only to the clinic, without errors', () => {
    expect(faults).toEqual([]);
  });
});
