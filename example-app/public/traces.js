/** Traces: the last requests as spans. */
import { callJson } from './api.js';
import { attempt, byId, element, show } from './dom.js';

/** Answers arrive in groups, whose traces are requested once. */
const AFTER_MS = 300;
let waiting = null;

export async function startTraces() {
  document.addEventListener('answered', () => {
    clearTimeout(waiting);
    waiting = setTimeout(showTraces, AFTER_MS);
  });
  await showTraces();
}

/** The traces that the user opened or closed; of the others, the newest is open. */
const chosen = new Map();

const showTraces = () =>
  attempt('traces-status', async () => {
    const traces = await callJson('traces', { cache: 'no-store' });
    const focused = document.activeElement?.closest('#traces details')?.dataset.id;
    const nothing = element('p', { className: 'empty' }, 'No request yet: add a patient, or send a referral.');
    show(byId('traces'), ...(traces.length === 0 ? [nothing] : traces.map((trace, at) => traceOf(trace, at === 0))));
    byId('traces').querySelector(`details[data-id="${focused}"] summary`)?.focus();
  });

function traceOf({ id, name, spans }, isNewest) {
  const summary = element('summary', {}, name, element('small', {}, ` ${spans.length} spans`));
  const details = element('details', { open: chosen.get(id) ?? isNewest }, summary);
  details.dataset.id = id;
  summary.addEventListener('click', () => chosen.set(id, !details.open));
  details.append(element('ul', { className: 'spans' }, ...spans.map(spanLine)));
  return details;
}

function spanLine({ name, depth, milliseconds, isFailed, attributes }) {
  const facts = Object.entries(attributes).map(([key, value]) => `${key.replace('encryption.', '')} ${value}`);
  const line = element(
    'li',
    { className: isFailed ? 'failed' : '' },
    element('span', { className: 'span-name' }, isFailed ? `${name} failed` : name),
    element('span', { className: 'facts-of' }, facts.join(', ')),
    element('span', { className: 'number' }, `${milliseconds} ms`),
  );
  line.style.setProperty('--depth', depth);
  return line;
}
