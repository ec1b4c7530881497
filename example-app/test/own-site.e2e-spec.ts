/** A page of another site that is open in a browser on the same computer cannot do anything. */
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
  it.each(['127.0.0.1', 'localhost', 'LOCALHOST'])('answers at %s', async (name) => {
    expect(await statusOf('GET', { host: ownUnder(name) })).toBe(200);
  });

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1', ''])(
    'rejects requests for the host "%s"',
    async (name) => {
      expect(await statusOf('GET', { host: ownUnder(name) })).toBe(421);
    },
  );

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('rejects a %s from another site', async (method) => {
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

  it('accepts writes from its own page and from programs', async () => {
    const accepted: Record<string, string>[] = [{}, { origin: `http://${own()}`, 'sec-fetch-site': 'same-origin' }];
    for (const headers of accepted) {
      expect(await statusOf('POST', { host: own(), ...headers })).not.toBe(403);
    }
  });
});
