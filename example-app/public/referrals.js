/** Referrals: sent, seen in the queue, received. */
import { callJson, posted } from './api.js';
import { attempt, byId, code, element, onSubmit, pairs, say, show } from './dom.js';

/** Messages of the queue that are shown. */
const SHOWN = 2;
const received = [];

export async function startReferrals() {
  onSubmit(byId('referral-form'), 'referral-status', async (referral) => {
    await callJson('referrals', posted(referral));
    say('referral-status', 'Sent. It waits in the queue, sealed.');
    await showQueue();
  });
  byId('receive').addEventListener('click', () => attempt('referral-status', receive));
  await attempt('referral-status', showQueue);
}

async function receive() {
  const referral = await callJson('referrals/next', { method: 'POST' });
  if (referral !== null) received.unshift(referral);
  say('referral-status', referral === null ? 'No referral waits.' : 'Received and decrypted. It has left the queue.');
  if (received.length > 0) show(byId('referral-plain'), ...received.map(plainReferral));
  await showQueue();
}

async function showQueue() {
  const messages = await callJson('storage/referrals');
  const note = (text) => element('p', { className: 'empty' }, text);
  const more = messages.length > SHOWN ? [note(`And ${messages.length - SHOWN} more.`)] : [];
  const shown = [...messages.slice(0, SHOWN).map(storedMessage), ...more];
  show(byId('referral-stored'), ...(messages.length === 0 ? [note('The queue is empty.')] : shown));
}

const plainReferral = ({ patient, to, reason, messageId }) =>
  element(
    'div',
    { className: 'message' },
    pairs([
      ['Patient', patient],
      ['To', to],
      ['Reason', reason],
      ['Message', messageId],
    ]),
  );

function storedMessage({ messageId, text }) {
  const message = JSON.parse(text);
  const { WrappedContentKey, EncryptionAgent } = message.EncryptionData;
  return element(
    'div',
    { className: 'message' },
    pairs([
      ['Message', messageId],
      ['Protocol', EncryptionAgent.Protocol],
      ['Key', WrappedContentKey.KeyId],
    ]),
    element('h4', {}, 'Text of the message, as stored'),
    code(JSON.stringify(message, null, 2)),
  );
}
