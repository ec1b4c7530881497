/** Keys: a chart of stored objects by key, and a rotation with its progress. */
import { callJson } from './api.js';
import { attempt, byId, element, say, show } from './dom.js';

const WIDTH = 100;
const SVG = 'http://www.w3.org/2000/svg';
const ENDINGS = {
  done: ({ done }) =>
    `Done: ${done} ${done === 1 ? 'object has' : 'objects have'} a new wrap. Nothing is left under a former key.`,
  left: ({ failed }) => `Something is left under a former key; ${failed} need attention. Rotate again.`,
  stopped: ({ problem: { code, detail } }) =>
    code === 'INVALID_OPTIONS'
      ? `The rotation is refused. ${detail}.`
      : `The rotation has stopped, with ${code}. Nothing is lost: rotate again.`,
};

export async function startMaintenance() {
  byId('inventory-refresh').addEventListener('click', () => attempt('rotation-status', showInventory));
  byId('rotate').addEventListener('click', () => attempt('rotation-status', rotate));
  await attempt('rotation-status', showInventory);
}

async function showInventory() {
  const { writes, canRotate, entries } = await callJson('maintenance/inventory', { cache: 'no-store' });
  const hasFormer = entries.some(({ isFormer }) => isFormer);
  byId('rotate').hidden = !canRotate && !hasFormer;
  byId('rotate').textContent = canRotate ? "Rotate the clinic's key" : 'Leave the former keys';
  byId('inventory-writes').textContent = writes;
  const most = Math.max(1, ...entries.map(({ count }) => count));
  const rows = entries.map((entry) => bar(entry, most));
  const nothing = element('p', { className: 'empty' }, 'Nothing is stored yet: add a scan, a patient or a letter.');
  show(byId('inventory'), rows.length === 0 ? nothing : element('ul', { className: 'bars' }, ...rows));
}

function bar({ key, protocol, isFormer, count }, most) {
  const drawn = document.createElementNS(SVG, 'svg');
  drawn.setAttribute('viewBox', `0 0 ${WIDTH} 8`);
  drawn.setAttribute('preserveAspectRatio', 'none');
  drawn.setAttribute('aria-hidden', 'true');
  const filled = document.createElementNS(SVG, 'rect');
  filled.setAttribute('width', String((count / most) * WIDTH));
  filled.setAttribute('height', '8');
  drawn.append(filled);
  const role = isFormer ? 'former key' : protocol === null ? '' : 'writes';
  return element(
    'li',
    { className: isFormer ? 'former' : '' },
    element('span', { className: 'key' }, key),
    element(
      'span',
      { className: 'about' },
      [protocol === null ? '' : `protocol ${protocol}`, role].filter(Boolean).join(', '),
    ),
    drawn,
    element('span', { className: 'count' }, String(count)),
  );
}

async function rotate() {
  const button = byId('rotate');
  button.disabled = true;
  try {
    await callJson('maintenance/rotation', { method: 'POST' });
    await followed();
  } finally {
    byId('rotation-progress').hidden = true;
    await showInventory();
    button.disabled = false;
  }
}

/** Follows the rotation until it ends. The browser reopens a broken connection. */
function followed() {
  return new Promise((resolve) => {
    const events = new EventSource('maintenance/rotation');
    events.onmessage = ({ data }) => {
      const news = JSON.parse(data);
      const ending = ENDINGS[news.state];
      showProgress(news);
      if (ending === undefined) return;
      events.close();
      say('rotation-status', ending(news), news.state !== 'done');
      resolve();
    };
  });
}

function showProgress({ total, done }) {
  byId('rotation-progress').hidden = false;
  byId('rotation-bar').max = Math.max(1, total);
  byId('rotation-bar').value = done;
  say('rotation-status', total === 0 ? 'Counting.' : `${done} of ${total} objects.`);
}
