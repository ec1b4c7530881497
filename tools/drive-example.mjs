/** Drives the example application over HTTP as a person would: node tools/drive-example.mjs http://127.0.0.1:3000 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const base = process.argv[2];
const unique = randomBytes(4).toString('hex');

const call = (path, init) => fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(30_000) });
const json = (method, body) => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

function check(what, holds) {
  console.log(`${holds ? 'ok ' : 'NOT OK'}  ${what}`);
  if (!holds) process.exit(1);
}

async function scans() {
  const size = 5 * 1024 * 1024 + 7;
  const content = randomBytes(size);
  const path = `/scans/scan-${unique}`;
  const uploaded = await call(path, { method: 'PUT', body: content });
  check('a scan is uploaded', uploaded.status === 201);

  const whole = await call(path);
  const read = Buffer.from(await whole.arrayBuffer());
  check('the scan is read whole', whole.status === 200 && read.equals(content));

  const ranges = [
    ['bytes=0-99', 0, 100],
    [`bytes=${size - 1}-`, size - 1, size],
    ['bytes=4194300-4194310', 4194300, 4194311],
    ['bytes=-5', size - 5, size],
  ];
  for (const [range, from, to] of ranges) {
    const part = await call(path, { headers: { range } });
    const bytes = Buffer.from(await part.arrayBuffer());
    const describes = part.headers.get('content-range') === `bytes ${from}-${to - 1}/${size}`;
    check(
      `range ${range} gives just its bytes`,
      part.status === 206 && describes && bytes.equals(content.subarray(from, to)),
    );
  }
  const beyond = await call(path, { headers: { range: `bytes=${size}-` } });
  check('a range behind the end is not satisfiable', beyond.status === 416);

  const stored = await (await call(`/storage/blobs/scans/scan-${unique}`)).json();
  check('the service stores protocol 2.0', stored.encryptionData.EncryptionAgent.Protocol === '2.0');
  check(
    'the service does not store the plaintext',
    !stored.firstBytes.includes(content.subarray(0, 16).toString('hex')),
  );
  check('the scan is removed', (await call(path, { method: 'DELETE' })).status === 204);
  check('a removed scan is not found', (await call(path)).status === 404);
  check('a bad name is refused', (await call('/scans/a%20b', { method: 'PUT', body: 'x' })).status === 400);
}

async function referrals() {
  const referral = { patient: unique, to: 'cardiology', reason: 'murmur' };
  check('a referral is sent', (await call('/referrals', json('POST', referral))).status === 202);
  for (let tries = 0; tries < 60; tries += 1) {
    const taken = await (await call('/referrals')).json();
    if (taken.some(({ patient }) => patient === unique)) return check('the referral is taken from the queue', true);
    await pause(250);
  }
  check('the referral is taken from the queue', false);
}

async function patients() {
  const keys = { partitionKey: `ward-${unique}`, rowKey: '17' };
  const path = `/patients/${keys.partitionKey}/${keys.rowKey}`;
  const admitted = { ...keys, name: 'Jane Doe', diagnosis: 'flu', room: '5', discretion: true };
  check('a patient is admitted', (await call('/patients', json('POST', admitted))).status === 201);
  const read = await (await call(path)).json();
  check('the patient is read', read.name === 'Jane Doe' && read.diagnosis === 'flu' && read.room === '5');

  const stored = JSON.stringify(await (await call(`/storage${path}`)).json());
  check(
    'the service does not store the name',
    !stored.includes('Jane Doe') && !stored.includes(Buffer.from('Jane Doe').toString('base64')),
  );
  check('the stored row is protocol 1.0', stored.includes(String.raw`\"Protocol\":\"1.0\"`));

  check('the patient is replaced', (await call(path, json('PUT', { ...admitted, diagnosis: 'cold' }))).status === 200);
  const [listed] = await (await call(`/patients/${keys.partitionKey}`)).json();
  check('the ward lists the new diagnosis', listed.diagnosis === 'cold');
  check('a patient without a name is refused', (await call('/patients', json('POST', keys))).status === 400);
  check('the patient is discharged', (await call(path, { method: 'DELETE' })).status === 204);
  check('a discharged patient is not found', (await call(path)).status === 404);
}

async function letters() {
  const path = `/letters/letter-${unique}`;
  check('a letter is written', (await call(path, json('PUT', { text: 'Dear colleague' }))).status === 201);
  check('the letter is read', (await (await call(path)).json()).text === 'Dear colleague');
  const stored = await (await call(`/storage/blobs/letters/letter-${unique}`)).json();
  check(
    "the letter is stored in protocol 1.0, its module's own",
    stored.encryptionData.EncryptionAgent.Protocol === '1.0',
  );
}

await scans();
await referrals();
await patients();
await letters();
