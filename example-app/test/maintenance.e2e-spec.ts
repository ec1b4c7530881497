/** The inventory of keys and their rotation: the HTTP API, and the page as a user sees it. */
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Browser, Page } from 'playwright-core';
import { AnswersProxy } from '../../test/support/answers-proxy.js';
import { uniqueTableName } from '../../test/support/azurite.js';
import { browserPath, launch } from './support/browser.js';
import { form, json, type TestClinic, testClinic } from './support/clinic.js';

interface Inventory {
  readonly writes: string;
  readonly entries: readonly { readonly key: string; readonly isFormer: boolean; readonly count: number }[];
}

const executablePath = browserPath();
const canDrive = executablePath !== null || process.env['CI'] === 'true';
let clinic: TestClinic;
beforeAll(async () => {
  clinic = await testClinic();
  await clinic.call('/scans', form('hand.png', 'a hand', 'image/png'));
  await clinic.call('/letters/jane', json('PUT', { text: 'Dear Jane' }));
  const patient = { name: 'Jane Doe', diagnosis: 'influenza', discretion: false };
  for (const partitionKey of ['north', 'south']) {
    await clinic.call('/patients', json('POST', { ...patient, partitionKey, rowKey: '17' }));
  }
});
afterAll(() => clinic.close());

const inventory = async () => (await (await clinic.call('/maintenance/inventory')).json()) as Inventory;
const keysOf = ({ entries }: Inventory) => entries.map(({ key, count }) => `${count} ${key}`).sort();

/** The states that the events report, up to the last one. */
async function rotationStates({ call }: TestClinic = clinic): Promise<
  readonly { readonly state: string; readonly total: number; readonly done: number }[]
> {
  const { body } = await call('/maintenance/rotation');
  const states = [];
  let text = '';
  for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(piece).toString();
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const state = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '{}') as {
        state: string;
        total: number;
        done: number;
      };
      states.push(state);
      if (state.state !== 'running') return states;
    }
  }
  return states;
}

describe('the API', () => {
  it('counts by key, including ward keys', async () => {
    const found = await inventory();

    expect(found).toMatchObject({ writes: 'clinic:test', canRotate: true });
    expect(keysOf(found)).toEqual(['1 clinic:test', '1 clinic:test', '1 clinic:test/north', '1 clinic:test/south']);
    expect(found.entries.some(({ isFormer }) => isFormer)).toBe(false);
  });

  it('rotates, reports progress, leaves nothing under former keys, and everything stays readable', async () => {
    const begun = await clinic.call('/maintenance/rotation', { method: 'POST' });
    const states = await rotationStates();

    expect([begun.status, states.at(-1)]).toEqual([202, { state: 'done', total: 4, done: 4, failed: 0 }]);
    expect(keysOf(await inventory())).toEqual([
      ...['1 clinic:test:2', '1 clinic:test:2', '1 clinic:test:2/north', '1 clinic:test:2/south'],
    ]);
    expect(await (await clinic.call('/scans/hand.png')).text()).toBe('a hand');
    expect(await (await clinic.call('/patients/north/17')).json()).toMatchObject({ name: 'Jane Doe' });
    expect(await (await clinic.call('/about')).json()).toMatchObject({ keyId: 'clinic:test:2' });
  });
});

(canDrive ? describe : describe.skip)('the page', () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  beforeAll(async () => {
    if (executablePath === null) throw new Error('CI has to have Chromium: install it, or set CHROMIUM_PATH');
    browser = await launch(executablePath);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(clinic.url);
  });
  afterAll(() => browser.close());

  it('draws a bar for each key, rotates with progress, and counts again', async () => {
    const bars = page.locator('#inventory li');
    await bars.first().waitFor();
    const { writes } = await inventory();
    expect(await bars.count()).toBe(4);
    expect(await page.locator('#inventory').innerText()).toContain(`${writes}/north`);

    await page.evaluate(`{
      const bar = document.querySelector('#rotation-bar');
      globalThis.progress = [];
      new MutationObserver(() => progress.push([bar.value, bar.max])).observe(bar, { attributes: true });
    }`);
    await page.getByRole('button', { name: "Rotate the clinic's key" }).click();
    await page.getByRole('status').filter({ hasText: 'Done: 4 objects' }).waitFor();
    await page.getByRole('button', { name: "Rotate the clinic's key", disabled: false }).waitFor();

    const after = await inventory();
    expect(after.writes).not.toBe(writes);
    expect(await page.locator('#inventory-writes').innerText()).toBe(after.writes);
    expect(await page.locator('#inventory').innerText()).toContain(`${after.writes}/north`);
    expect(await page.locator('#inventory .former').count()).toBe(0);
    expect((await page.evaluate<number[][]>('progress')).at(-1)).toEqual([4, 4]);
  });

  it.each(
    [390, 768, 1280].flatMap((width) =>
      (['light', 'dark'] as const).map((colorScheme) => [width, colorScheme] as const),
    ),
  )('fits %d pixels in %s colours', async (width, colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });

    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const [bar, ground] = await page.evaluate<string[]>(`[
      getComputedStyle(document.querySelector('#inventory svg')).fill,
      getComputedStyle(document.querySelector('#keys .card')).backgroundColor,
    ]`);
    expect(bar).not.toBe(ground);
  });

  it('causes no errors', () => {
    expect(faults).toEqual([]);
  });
});

it('a rotation that would leave old versions is rejected, with the reason in the answer and the log', async () => {
  const answers = await AnswersProxy.start();
  const { connectionString } = answers;
  const versioned = await testClinic({ connectionString, prefix: uniqueTableName('v') });
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  try {
    await versioned.call('/scans', form('hand.png', 'a hand'));
    answers.spoil = withVersions;
    await versioned.call('/maintenance/rotation', { method: 'POST' });

    expect((await rotationStates(versioned)).at(-1)).toMatchObject({
      state: 'stopped',
      problem: { code: 'INVALID_OPTIONS', detail: expect.stringMatching(/keeps old versions/) },
    });
    expect(log).toHaveBeenCalledWith(expect.stringMatching(/^INVALID_OPTIONS urn:uuid:/), undefined);
  } finally {
    log.mockRestore();
    await versioned.close();
    await answers.close();
  }
});

/** Lists each blob like an account with versioning. */
const withVersions: AnswersProxy['spoil'] = ({ request, answer, response }) => {
  if (request.url?.includes('comp=list') !== true) return false;
  let body = '';
  answer.setEncoding('utf8').on('data', (text: string) => (body += text));
  answer.on('end', () => {
    const { 'transfer-encoding': _framing, 'content-length': _length, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 500, headers);
    response.end(body.replaceAll('</Name>', '</Name><VersionId>2026-02-01T00:00:00.0000000Z</VersionId>'));
  });
  return true;
};
