/** What a page of another site can do that is open in a browser of the same computer: nothing. */
import { request } from 'node:http';
import { type TestClinic, testClinic } from './support/clinic.js';

let clinic: TestClinic;

beforeAll(async () => {
  clinic = await testClinic();
});
afterAll(() => clinic.close());

/** `fetch` sets the headers in question itself. */
const statusOf = (method: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(`${clinic.url}/patients/north`, { method, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
const own = (): string => new URL(clinic.url).host;
const ownUnder = (name: string): string => `${name}:${new URL(clinic.url).port}`;

describe('the clinic', () => {
  it.each(['127.0.0.1', 'localhost', 'LOCALHOST'])('answers under %s', async (name) => {
    expect(await statusOf('GET', { host: ownUnder(name) })).toBe(200);
  });

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1', ''])(
    'answers nothing under the host "%s"',
    async (name) => {
      expect(await statusOf('GET', { host: ownUnder(name) })).toBe(421);
    },
  );

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('refuses a %s that another site sends', async (method) => {
    const foreign: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `https://${own()}` },
      { origin: `http://${own()}1` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: `http://${own()}` },
    ];
    for (const headers of foreign) {
      expect(await statusOf(method, { host: own(), ...headers })).toBe(403);
    }
  });

  it('takes writes of its own page and of programs', async () => {
    const accepted: Record<string, string>[] = [{}, { origin: `http://${own()}`, 'sec-fetch-site': 'same-origin' }];
    for (const headers of accepted) {
      expect(await statusOf('POST', { host: own(), ...headers })).not.toBe(403);
    }
  });
});
