/** Referrals: sent, shown in the queue, and received manually or by the handler. */
import { callJson, posted } from './api.js';
import { attempt, byId, code, element, onSubmit, pairs, say, show } from './dom.js';

/** The number of queued messages shown. */
const SHOWN = 2;
const received = [];
let handled = [];
let turn = 0;

export async function startReferrals() {
  onSubmit(byId('referral-form'), 'referral-status', async (referral) => {
    await callJson('referrals', posted(referral));
    say('referral-status', isRunning ? 'Sent. The handler takes it.' : 'Sent. It waits in the queue, sealed.');
    await showQueue();
  });
  byId('receive').addEventListener('click', () => attempt('referral-status', receive));
  byId('handler-switch').addEventListener('click', () => attempt('referral-status', switchHandler));
  follow();
  await attempt('referral-status', showQueue);
}

/** Whether the handler is running; `null` until the clinic has answered. */
let isRunning = null;

async function switchHandler() {
  byId('handler-switch').disabled = true;
  try {
    await callJson(`referrals/handler/${isRunning ? 'stop' : 'start'}`, { method: 'POST' });
  } finally {
    byId('handler-switch').disabled = false;
  }
}

/** The browser reopens a broken connection. */
function follow() {
  const events = new EventSource('referrals/handler');
  events.onmessage = ({ data }) => {
    const state = JSON.parse(data);
    isRunning = state.isRunning;
    byId('handler-switch').textContent = isRunning ? 'Stop the handler' : 'Start the handler';
    byId('handler-state').textContent = isRunning
      ? 'The handler runs: it takes each referral as it comes.'
      : 'The handler is stopped: referrals wait in the queue.';
    handled = state.handled;
    showReceived();
    void attempt('referral-status', showQueue);
  };
}

async function receive() {
  const referral = await callJson('referrals/next', { method: 'POST' });
  if (referral !== null) received.unshift(referral);
  say('referral-status', referral === null ? 'No referral waits.' : 'Received and decrypted. It has left the queue.');
  showReceived();
  await showQueue();
}

function showReceived() {
  const all = [
    ...handled.map((referral) => plainReferral(referral, 'the handler')),
    ...received.map((referral) => plainReferral(referral, 'hand')),
  ];
  if (all.length > 0) show(byId('referral-plain'), ...all);
}

/** If two calls overlap, the later one is shown. */
async function showQueue() {
  turn += 1;
  const own = turn;
  const messages = await callJson('storage/referrals', { cache: 'no-store' });
  if (own !== turn) return;
  const note = (text) => element('p', { className: 'empty' }, text);
  const more = messages.length > SHOWN ? [note(`And ${messages.length - SHOWN} more.`)] : [];
  const shown = [...messages.slice(0, SHOWN).map(storedMessage), ...more];
  show(byId('referral-stored'), ...(messages.length === 0 ? [note('The queue is empty.')] : shown));
}

const plainReferral = ({ patient, to, reason, messageId }, by) =>
  element(
    'div',
    { className: 'message' },
    pairs([
      ['Patient', patient],
      ['To', to],
      ['Reason', reason],
      ['Message', messageId],
      ['Received by', by],
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
