/** The cost of requests for a scan: the regions and bytes that were fetched. */
import { callJson } from './api.js';
import { byId, bytes, element, show, size } from './dom.js';

const SHOWN = 6;
const AGAIN = 5;
const AGAIN_AFTER_MS = 400;
/** The maximum number of boxes; beyond it, each represents several regions. */
const MOST_BOXES = 64;

/** The regions of a scan: the stored bytes of each, and their number. */
function regionsOf({ contentLength, encryptionData }) {
  const info = encryptionData?.EncryptedRegionInfo;
  if (!info) return null;
  const TAG_LENGTH = 16;
  const length = info.NonceLength + info.DataLength + TAG_LENGTH;
  return { length, count: Math.ceil(contentLength / length) };
}

let shown = null;

/** Polls a few times while a read is in progress. */
export async function showReads({ name, stored }, again = AGAIN) {
  shown = name;
  const regions = regionsOf(stored);
  byId('reads-card').hidden = regions === null || regions.count === 0;
  if (byId('reads-card').hidden) return;

  const all = await callJson('demonstration/reads');
  if (shown !== name) return;
  const reads = all.filter(({ path, fetched }) => path === `/scans/${encodeURIComponent(name)}` && fetched.length > 0);
  const touched = reads.map((read) => touchedBy(read, stored, regions));
  showStrip(regions, touched);
  const newest = reads.map((read, index) => readLine(read, touched[index])).reverse();
  show(byId('reads'), ...newest.slice(0, SHOWN));
  if (again === 0 || reads.every(({ status }) => status !== 0)) return;
  setTimeout(() => {
    if (shown === name) void showReads({ name, stored }, again - 1).catch(() => undefined);
  }, AGAIN_AFTER_MS);
}

/** The first and last region received so far. */
function touchedBy({ fetched }, { contentLength }, { length }) {
  const parts = fetched.map(({ contentRange, bytes: arrived }) => {
    const first = Number(/bytes (\d+)-/.exec(contentRange ?? 'bytes 0-')[1]);
    return { first, last: Math.min(contentLength, first + Math.max(1, arrived)) - 1 };
  });
  return {
    first: Math.floor(Math.min(...parts.map(({ first }) => first)) / length),
    last: Math.floor(Math.max(...parts.map(({ last }) => last)) / length),
  };
}

function showStrip({ count }, touched) {
  const perBox = Math.ceil(count / MOST_BOXES);
  const boxes = Array.from({ length: Math.ceil(count / perBox) }, (_, index) => {
    const isIn = ({ first, last }) => first < (index + 1) * perBox && last >= index * perBox;
    const now = touched.length > 0 && isIn(touched.at(-1));
    return element('span', { className: now ? 'now' : touched.some(isIn) ? 'earlier' : '' });
  });
  const fetched = boxes.filter(({ className }) => className !== '').length;
  const strip = byId('regions');
  strip.ariaLabel = `${fetched} of ${boxes.length} boxes filled, for ${count} regions`;
  show(strip, ...boxes);
}

function readLine({ range, status, sentBytes, fetched }, { first, last }) {
  const total = fetched.reduce((sum, part) => sum + part.bytes, 0);
  const regions = first === last ? String(first + 1) : `${first + 1} to ${last + 1}`;
  return element(
    'tr',
    {},
    element('td', {}, element('code', {}, range ?? 'all of it')),
    element('td', {}, status === 0 ? 'under way' : String(status)),
    element('td', { className: 'number' }, status === 0 ? '…' : size(sentBytes)),
    element('td', { className: 'number' }, bytes(total)),
    element('td', {}, regions),
  );
}
