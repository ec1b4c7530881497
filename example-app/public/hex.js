/** A hex dump: offset, hexadecimal, characters. */
import { element } from './dom.js';

const WIDE = 16;
const NARROW = 8;
/** Characters that a row of sixteen bytes needs. */
const WIDE_COLUMNS = 73;

const hexOf = (byte) => byte.toString(16).padStart(2, '0');
const characterOf = (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.');

/**
 * A dump with as many bytes in a row as fit. `marks` assigns a class to ranges of offsets.
 *
 * @param {{ bytes: Uint8Array, offset?: number, marks?: { from: number, to: number, className: string }[] }} dump
 */
export function hexDump({ bytes, offset = 0, marks = [] }) {
  const dump = element('pre', { className: 'hex', tabIndex: 0 });
  const fill = () => {
    const perRow = dump.clientWidth === 0 || dump.clientWidth >= WIDE_COLUMNS * columnWidth(dump) ? WIDE : NARROW;
    if (dump.dataset.perRow === String(perRow)) return;
    dump.dataset.perRow = perRow;
    dump.replaceChildren();
    for (let at = 0; at < bytes.length; at += perRow) {
      dump.append(...row(bytes.subarray(at, at + perRow), { at: offset + at, perRow, marks }));
    }
  };
  new ResizeObserver(fill).observe(dump);
  return dump;
}

function row(bytes, { at, perRow, marks }) {
  const cells = [...bytes].map((byte, index) => {
    const mark = marks.find(({ from, to }) => at + index >= from && at + index < to);
    return mark ? element('span', { className: mark.className }, hexOf(byte)) : hexOf(byte);
  });
  const padding = '   '.repeat(perRow - bytes.length);
  return [
    element('span', { className: 'at' }, at.toString(16).padStart(6, '0')),
    '  ',
    ...cells.flatMap((cell) => [cell, ' ']),
    `${padding} ${[...bytes].map(characterOf).join('')}\n`,
  ];
}

function columnWidth(dump) {
  const probe = element('span', {}, '0'.repeat(10));
  dump.append(probe);
  const width = probe.getBoundingClientRect().width / 10;
  probe.remove();
  return width;
}

export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
