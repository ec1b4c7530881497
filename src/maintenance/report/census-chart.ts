/** A census as a bar chart: one bar for each key, one colour for each protocol. Self-contained SVG. */
import type { CensusEntry } from '../census.js';
import { grouped, keyLabel } from './census-table.js';
import { html } from './html.js';

/** Pixels. */
const [WIDTH, LABELS, BAR, GAP] = [860, 280, 26, 12];
/** Maximum number of bars; the remaining keys share one more. */
const MOST_BARS = 20;
const COLOURS = ['#1f5fa8', '#2a9d8f', '#c9772b', '#7d55a0', '#8a8f98'];
const NO_PROTOCOL = '#b3372f';

interface Bar {
  readonly label: string;
  readonly parts: ReadonlyMap<string, number>;
  readonly total: number;
}

export function censusChart(entries: readonly CensusEntry[]): string {
  const bars = barsOf(entries);
  const protocols = [...new Set(entries.map(({ protocol }) => protocol ?? ''))].sort();
  const most = Math.max(1, ...bars.map(({ total }) => total));
  const height = bars.length * (BAR + GAP) + 40;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Objects by key and protocol">`,
    ...bars.map((bar, index) => drawnBar(bar, { index, most, protocols })),
    ...protocols.map((protocol, index) => legend(protocol, { index, protocols, y: height - 14 })),
    '</svg>',
  ].join('\n');
}

function barsOf(entries: readonly CensusEntry[]): readonly Bar[] {
  const byKey = new Map<string, Map<string, number>>();
  for (const entry of entries) {
    const parts = byKey.get(keyLabel(entry)) ?? new Map<string, number>();
    const protocol = entry.protocol ?? '';
    byKey.set(keyLabel(entry), parts.set(protocol, (parts.get(protocol) ?? 0) + entry.count));
  }
  const bars = [...byKey].map(([label, parts]) => ({ label, parts, total: sum([...parts.values()]) }));
  const sorted = bars.sort((one, other) => other.total - one.total);
  const rest = sorted.slice(MOST_BARS);
  if (rest.length === 0) return sorted;
  const total = sum(rest.map((bar) => bar.total));
  return [...sorted.slice(0, MOST_BARS), { label: `${rest.length} other keys`, parts: new Map([['', total]]), total }];
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

interface Scale {
  readonly index: number;
  readonly most: number;
  readonly protocols: readonly string[];
}

function drawnBar({ label, parts, total }: Bar, { index, most, protocols }: Scale): string {
  const y = index * (BAR + GAP) + 4;
  const middle = y + BAR / 2 + 5;
  let x = LABELS;
  const drawn = [...parts].map(([protocol, count]) => {
    const width = Math.max(2, (count / most) * (WIDTH - LABELS - 110));
    const title = `${label}, ${protocol === '' ? 'no protocol' : `protocol ${protocol}`}: ${grouped(count)}`;
    const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colourOf(protocol, protocols)}"><title>${html(title)}</title></rect>`;
    x += width;
    return rect;
  });
  return [
    `<text x="${LABELS - 10}" y="${middle}" text-anchor="end">${html(label)}</text>`,
    ...drawn,
    `<text x="${(x + 8).toFixed(1)}" y="${middle}">${grouped(total)}</text>`,
  ].join('');
}

function legend(protocol: string, { index, protocols, y }: Omit<Scale, 'most'> & { readonly y: number }): string {
  const x = LABELS + index * 130;
  const words = protocol === '' ? 'not encrypted' : `protocol ${protocol}`;
  const square = `<rect x="${x}" y="${y - 11}" width="12" height="12" fill="${colourOf(protocol, protocols)}"/>`;
  return `${square}<text x="${x + 18}" y="${y}">${html(words)}</text>`;
}

function colourOf(protocol: string, protocols: readonly string[]): string {
  const named = protocols.filter((one) => one !== '');
  return protocol === '' ? NO_PROTOCOL : (COLOURS[named.indexOf(protocol) % COLOURS.length] as string);
}
