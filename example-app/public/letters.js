/** Letters: written in protocol 1.0, read, and their stored form. */
import { callJson, posted, Refusal } from './api.js';
import { attempt, byId, bytes, code, element, onSubmit, pairs, say, show } from './dom.js';
import { fromHex, hexDump } from './hex.js';
import { refused } from './refusal.js';

const SHOWN_BYTES = 192;
const CHANGED_AT = 4;

/** The letter shown, and whether reading it fails. */
let chosen = null;

export function startLetters(about) {
  onSubmit(byId('letter-form'), 'letter-status', async ({ name, text }) => {
    const put = { ...posted({ text }), method: 'PUT' };
    await callJson(`letters/${name}`, put);
    await showLetter(name);
    byId('letter-tamper-card').hidden = !about.demonstration;
    say('letter-status', 'Written, in protocol 1.0.');
  });
  byId('letter-tamper').addEventListener('click', () => attempt('letter-tamper-status', tamper));
}

async function showLetter(name) {
  const stored = await callJson(`storage/blobs/letters/${name}?count=${SHOWN_BYTES}`);
  const { content, isRefused } = await read(name);
  chosen = { name, isRefused };
  byId('letter-tamper').textContent = isRefused ? 'Change it back' : 'Change a byte of the letter';
  show(byId('letter-plain'), ...content);
  const marks = isRefused ? [{ from: CHANGED_AT, to: CHANGED_AT + 1, className: 'changed' }] : [];
  show(
    byId('letter-stored'),
    pairs([
      ['Stored', bytes(stored.contentLength)],
      ['Protocol', stored.encryptionData?.EncryptionAgent?.Protocol ?? 'none'],
    ]),
    hexDump({ bytes: fromHex(stored.bytes), marks }),
    element('h4', {}, 'Encryption data, in the metadata'),
    code(JSON.stringify(stored.encryptionData, null, 2)),
  );
}

async function read(name) {
  try {
    const { text } = await callJson(`letters/${name}`);
    return { content: [pairs([['Letter', text]])], isRefused: false };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { content: refused(error), isRefused: true };
  }
}

async function tamper() {
  const { before, after } = await callJson(
    `demonstration/letters/${chosen.name}/flip-byte`,
    posted({ offset: CHANGED_AT }),
  );
  await showLetter(chosen.name);
  const outcome = chosen.isRefused ? 'Reading the letter is refused.' : 'The letter can be read again.';
  say('letter-tamper-status', `Byte ${CHANGED_AT} was ${before}, now it is ${after}. ${outcome}`);
}
