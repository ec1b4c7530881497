/** Scans: uploaded, listed, and both sides of the selected one. */
import { call, callJson, posted, Refusal, upload } from './api.js';
import { attempt, byId, bytes, code, element, onSubmit, pairs, say, show, size } from './dom.js';
import { fromHex, hexDump } from './hex.js';
import { showReads } from './reads.js';
import { heartbeat } from './recording.js';
import { refused } from './refusal.js';

const SHOWN_BYTES = 192;
const SHOWN_OF_PART = 64;
const CHANGED_AT = 40;

let about;
/** The scan shown: its name, its stored form, and whether reading it fails. */
let chosen = null;
let turn = 0;
/** The last changed byte, by scan. */
const flipped = new Map();

export async function startScans(settings) {
  about = settings;
  byId('tamper-card').hidden = !about.demonstration;
  const input = byId('scan-file');
  input.addEventListener('change', async () => {
    if (input.files.length > 0) await attempt('upload-status', () => send(input.files[0]));
    input.value = '';
  });
  byId('make-recording').addEventListener('click', () => attempt('upload-status', () => send(heartbeat())));
  byId('tamper').addEventListener('click', () => attempt('tamper-status', tamper));
  onSubmit(byId('range-form'), 'range-status', readPart);
  byId('scan-delete').addEventListener('click', () => attempt('scan-status', remove));
  await attempt('upload-status', listScans);
}

const pathOf = (name) => `scans/${encodeURIComponent(name)}`;

async function send(file) {
  if (file.size > about.scanLimitBytes) throw new Error(`A scan can have at most ${size(about.scanLimitBytes)}.`);
  const { name } = file;
  const abort = new AbortController();
  const cancel = () => abort.abort();
  const onProgress = (sent, total) => {
    byId('upload-bar').value = sent / total;
    say('upload-status', `${size(sent)} of ${size(total)} sent`);
  };
  byId('upload-bar').value = 0;
  byId('upload-progress').hidden = false;
  byId('upload-cancel').addEventListener('click', cancel);
  try {
    await upload('scans', formOf(file), { onProgress, signal: abort.signal });
  } catch (error) {
    if (error instanceof Refusal && error.problem.status === 409) throw new Error(taken(name));
    throw error;
  } finally {
    byId('upload-progress').hidden = true;
    byId('upload-cancel').removeEventListener('click', cancel);
  }
  flipped.delete(name);
  await choose(name);
  await listScans();
  say('upload-status', `${name} is stored, encrypted: ${bytes(file.size)}.`);
}

function formOf(file) {
  const form = new FormData();
  form.append('scan', file);
  return form;
}

const taken = (name) => `A scan ${name} is stored already. Delete it first, or give the file another name.`;

async function listScans() {
  const { scans } = await callJson('scans?limit=50');
  byId('no-scans').hidden = scans.length > 0;
  byId('scan-list-block').hidden = scans.length === 0;
  show(byId('scan-list'), ...scans.map(scanItem));
}

function scanItem({ name, contentType, storedBytes }) {
  const detail = element('small', {}, `${contentType}, ${size(storedBytes)} stored`);
  const button = element('button', { type: 'button', ariaPressed: String(name === chosen?.name) }, name, detail);
  button.addEventListener('click', () =>
    attempt('upload-status', async () => {
      await choose(name);
      await listScans();
    }),
  );
  return element('li', {}, button);
}

async function choose(name) {
  for (const id of ['tamper-status', 'range-status', 'scan-status']) say(id, '');
  await refresh(name);
  byId('scan').hidden = false;
}

/** Refreshes both sides. If two calls overlap, the later one is shown. */
async function refresh(name) {
  turn += 1;
  const own = turn;
  const stored = await callJson(`storage/blobs/${pathOf(name)}?count=${SHOWN_BYTES}`);
  const { content, isRefused } = await readStart(name);
  if (own !== turn) return;
  chosen = { name, stored, isRefused };
  byId('scan-download').href = pathOf(name);
  byId('scan-download').download = name;
  byId('tamper').textContent = isRefused ? 'Change it back' : 'Change a byte in storage';
  byId('tamper').disabled = stored.contentLength === 0;
  show(byId('scan-plain'), ...content);
  show(byId('scan-stored'), ...storedSide(stored, flipped.get(name)));
  if (about.demonstration) await showReads(chosen);
}

function storedSide({ contentLength, bytes: hex, encryptionData }, changed) {
  const shown = fromHex(hex);
  const info = encryptionData?.EncryptedRegionInfo;
  const marks = [
    ...(changed ? [{ from: changed.offset, to: changed.offset + 1, className: 'changed' }] : []),
    ...(info ? [{ from: 0, to: info.NonceLength, className: 'nonce' }] : []),
  ];
  return [
    pairs([
      ['Stored', bytes(contentLength)],
      ['Protocol', encryptionData?.EncryptionAgent?.Protocol ?? 'none'],
      ['Key', encryptionData?.WrappedContentKey?.KeyId ?? 'none'],
      ['Wrapped by', encryptionData?.WrappedContentKey?.Algorithm ?? 'none'],
    ]),
    element('h4', {}, `First ${bytes(shown.length)}: ciphertext, the nonce marked`),
    hexDump({ bytes: shown, marks }),
    element('h4', {}, 'Encryption data, in the metadata'),
    code(JSON.stringify(encryptionData, null, 2)),
  ];
}

/** The answer of the application, and whether it is a refusal. */
async function readStart(name) {
  try {
    const answer = await call(pathOf(name), { headers: { range: `bytes=0-${SHOWN_BYTES - 1}` }, cache: 'no-store' });
    return { content: plainSide(name, answer, new Uint8Array(await answer.arrayBuffer())), isRefused: false };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const isEmpty = error.problem.status === 416;
    return { content: isEmpty ? [pairs([['Content', 'empty']])] : refused(error), isRefused: !isEmpty };
  }
}

function plainSide(name, { headers }, shown) {
  const type = headers.get('content-type');
  const [, total] = (headers.get('content-range') ?? '').split('/');
  return [
    pairs([
      ['Content', bytes(Number(total ?? shown.length))],
      ['Type', type],
      ['ETag', headers.get('etag')],
    ]),
    ...media(name, type),
    element('h4', {}, `First ${bytes(shown.length)}: as uploaded`),
    hexDump({ bytes: shown }),
  ];
}

function media(name, type) {
  const src = pathOf(name);
  if (/^image\//.test(type)) return [element('img', { src, alt: `The scan ${name}` })];
  if (!/^audio\//.test(type)) return [];
  const audio = element('audio', { src, controls: true, preload: 'metadata', ariaLabel: `The recording ${name}` });
  for (const event of ['loadeddata', 'seeked', 'progress', 'pause']) {
    audio.addEventListener(event, () => {
      if (about.demonstration && chosen?.name === name) showReads(chosen).catch(() => undefined);
    });
  }
  return [audio];
}

async function remove() {
  const { name } = chosen;
  await callJson(pathOf(name), { method: 'DELETE' });
  chosen = null;
  flipped.delete(name);
  byId('scan').hidden = true;
  await listScans();
  say('upload-status', `${name} is deleted.`);
}

async function tamper() {
  const { name, stored, isRefused: wasRefused } = chosen;
  const offset = Math.min(CHANGED_AT, stored.contentLength - 1);
  const { before, after } = await callJson(`demonstration/${pathOf(name)}/flip-byte`, posted({ offset }));
  if (wasRefused) flipped.delete(name);
  else flipped.set(name, { offset });
  await refresh(name);
  const outcome = chosen.isRefused ? 'Reading the scan is refused.' : 'The scan can be read again.';
  say('tamper-status', `Byte ${offset} was ${before}, now it is ${after}. ${outcome}`);
}

async function readPart(fields) {
  const [first, count] = [Number(fields.offset), Number(fields.count)];
  const { name } = chosen;
  const init = { headers: { range: `bytes=${first}-${first + count - 1}` }, cache: 'no-store' };
  const answer = await call(pathOf(name), init);
  const part = new Uint8Array(await answer.arrayBuffer());
  say(
    'range-status',
    `Asked for ${bytes(count)}, received ${bytes(part.length)}: ${answer.headers.get('content-range')}.`,
  );
  byId('range-status').append(hexDump({ bytes: part.subarray(0, SHOWN_OF_PART), offset: first }));
  if (about.demonstration) await showReads(chosen);
}
