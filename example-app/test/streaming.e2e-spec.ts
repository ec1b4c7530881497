/** Large bodies are streamed without being buffered: the slower side sets the pace, and a disconnect ends the work. */
import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { type Emulator, startEmulator } from 'nestjs-azure-encrypted-storage/testing';
import { bytesOf, form, scanOf, type TestClinic, testClinic } from './support/clinic.js';
import { SlowStorage } from './support/slow-storage.js';

const MIB = 1024 * 1024;
const LARGE = 64 * MIB;
/** The maximum that regions, blocks, streams and socket buffers may hold between both ends; far less than the scan. */
const UNDER_WAY = 32 * MIB;

const storage = new SlowStorage();
const content = scanOf(LARGE);
/** A separate emulator, because uploads stay in its memory until it ends. */
let emulator: Emulator;
let clinic: TestClinic;

beforeAll(async () => {
  emulator = await startEmulator();
  const { connectionString } = emulator;
  clinic = await testClinic({ connectionString }, (direct) => storage.before(direct));
  await clinic.call('/scans', form('large', content));
});
afterAll(async () => {
  storage.resume();
  await clinic.close();
  storage.close();
  await emulator.stop();
});

/** The value once it has not changed for a while. */
async function settled(value: () => number | Promise<number>): Promise<number> {
  let last = await value();
  for (let still = 0; still < 10;) {
    await pause(50);
    const now = await value();
    still = now === last ? still + 1 : 0;
    last = now;
  }
  return last;
}

/** The ciphertext that the application fetched for the last request for a scan. */
async function fetchedBytes(): Promise<number> {
  const reads = (await (await clinic.call('/demonstration/reads')).json()) as { fetched: { bytes: number }[] }[];
  return (reads.at(-1)?.fetched ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
}

const BOUNDARY = 'between-the-parts';
const END = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

/** The start of a form with a file. */
const beginning = (name: string): Buffer =>
  Buffer.from(
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="scan"; filename="${name}"\r\n` +
      'content-type: application/octet-stream\r\n\r\n',
  );

function uploadOf(name: string): ClientRequest {
  const headers = {
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
    'content-length': beginning(name).length + LARGE + END.length,
  };
  return request(`${clinic.url}/scans`, { method: 'POST', headers });
}

function* piecesOf(bytes: Buffer, onGiven: (bytes: number) => void): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) {
    const piece = bytes.subarray(at, at + 64 * 1024);
    onGiven(piece.length);
    yield piece;
  }
}

async function download(): Promise<IncomingMessage> {
  const [answer] = (await once(get(`${clinic.url}/scans/large`), 'response')) as [IncomingMessage];
  return answer;
}

describe('a download', () => {
  it('is read from storage no faster than the client reads it', async () => {
    const answer = await download();
    expect(await settled(fetchedBytes)).toBeLessThan(UNDER_WAY);

    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
  });

  it('stops reading from storage when the client disconnects', async () => {
    const answer = await download();
    answer.on('error', () => undefined).destroy();

    expect(await settled(fetchedBytes)).toBeLessThan(UNDER_WAY);
  });
});

describe('an upload', () => {
  it('is read from the client no faster than storage accepts it', async () => {
    storage.stall();
    let given = 0;
    const source = Readable.from(
      piecesOf(Buffer.concat([beginning('slow'), content, END]), (bytes) => (given += bytes)),
      { objectMode: false },
    );
    const upload = uploadOf('slow');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    source.pipe(upload);

    expect(await settled(() => given)).toBeLessThan(UNDER_WAY);

    storage.resume();
    const [answer] = await answered;
    expect(answer.resume().statusCode).toBe(201);
    expect((await bytesOf(await clinic.call('/scans/slow'))).equals(content)).toBe(true);
  });

  it('leaves nothing if the client disconnects', async () => {
    const before = storage.taken;
    const upload = uploadOf('broken');
    upload.on('error', () => undefined).write(beginning('broken'));
    upload.write(content.subarray(0, LARGE / 2));
    // the service has received some blocks by now
    while (storage.taken - before < 8 * MIB) await pause(20);
    upload.destroy();
    await settled(() => storage.taken);

    expect((await clinic.call('/scans/broken')).status).toBe(404);
  });
});

describe('the shutdown of the application', () => {
  it('does not wait for a client that has stopped reading', async () => {
    const own = await testClinic({ connectionString: emulator.connectionString, prefix: 'own' });
    await own.call('/scans', form('large', content));
    const [answer] = (await once(get(`${own.url}/scans/large`), 'response')) as [IncomingMessage];

    await own.close();

    await expect(once(answer.resume(), 'end')).rejects.toThrow();
  });
});
