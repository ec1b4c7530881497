/**
 * The matrix of SDKs: created from the results of the tests, whose `describe` titles name the cells (cells.ts), and
 * stored in docs/compatibility.md between two comments.
 *
 *     messages > Python azure-storage-queue 12.18.1 > reads 2.0 > known: what it gets wrong
 */
const BEGIN = '<!-- matrix: made by `npm run test:interop -- --write` -->';
const END = '<!-- end of matrix -->';
const FAULT = 'known: ';
const SERVICES = ['blobs', 'messages', 'entities'];
const COLUMNS = {
  blobs: ['1.0', '1.0 pages', '2.0', '2.1'],
  messages: ['1.0', '2.0'],
  entities: ['1.0'],
};
const DIRECTIONS = { writes: 'it writes', reads: 'it reads' };

/** @typedef {{ ancestorTitles: string[], title: string, status: string }} Result of one test, as Jest reports it */

/**
 * @param {readonly Result[]} results
 * @returns {string} Markdown
 */
export function matrixOf(results) {
  const faults = [];
  const sections = SERVICES.map((service) => {
    const ofService = results.filter(
      ({ ancestorTitles }) => ancestorTitles[0] === service && ancestorTitles.length === 3,
    );
    return section(service, ofService, faults);
  });
  const notes = faults.map((fault, index) => `${index + 1}. ${fault}`);
  return [...sections, notes.join('\n')].join('\n\n');
}

/** Whether every cell was tried. Without the peers, a matrix means nothing. */
export const isWhole = (results) => results.length > 0 && results.every(({ status }) => status === 'passed');

/** The matrix in a document. */
export function matrixIn(text) {
  const [begin, end] = borders(text);
  return text.slice(begin, end).trim();
}

/** The document with its matrix replaced by this one. */
export function withMatrix(text, matrix) {
  const [begin, end] = borders(text);
  return `${text.slice(0, begin)}\n\n${matrix}\n\n${text.slice(end)}`;
}

function section(service, results, faults) {
  const columns = Object.keys(DIRECTIONS).flatMap((direction) =>
    COLUMNS[service].map((version) => `${direction} ${version}`),
  );
  const heads = columns.map((column) => column.replace(/^\w+/, (direction) => DIRECTIONS[direction]));
  const peers = [...new Set(results.map(({ ancestorTitles }) => ancestorTitles[1]))].sort(byNewest);
  const rows = peers.map((peer) => {
    const cells = columns.map((column) => {
      const isOf = ({ ancestorTitles }) => ancestorTitles[1] === peer && ancestorTitles[2] === column;
      return cell(results.filter(isOf), faults);
    });
    return [peer, ...cells];
  });
  return [[`**${service}**`, ...heads], [service, ...columns].map(() => '---'), ...rows].map(line).join('\n');
}

const line = (cells) => `| ${cells.join(' | ')} |`;

function cell(results, faults) {
  if (results.length === 0) return '–';
  if (results.some(({ status }) => status === 'failed')) return '**failed**';
  if (results.some(({ status }) => status !== 'passed')) return 'not tried';
  const known = [...new Set(results.filter(isFault).map(({ title }) => title.slice(FAULT.length)))].sort();
  const verdict = results.every(isFault) ? 'no' : 'yes';
  const numbers = known.map((fault) => (faults.includes(fault) ? faults.indexOf(fault) : faults.push(fault) - 1) + 1);
  numbers.sort((one, other) => one - other);
  return known.length === 0 ? verdict : `${verdict} (${numbers.join(', ')})`;
}

const isFault = ({ title }) => title.startsWith(FAULT);

/** By language and package, with the newest version first. */
const byNewest = (one, other) => {
  const [name, version] = apart(one);
  const [otherName, otherVersion] = apart(other);
  if (name !== otherName) return otherName.localeCompare(name, 'en');
  return otherVersion.localeCompare(version, 'en', { numeric: true });
};

const apart = (peer) => [peer.slice(0, peer.lastIndexOf(' ')), peer.slice(peer.lastIndexOf(' ') + 1)];

function borders(text) {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`there are no lines "${BEGIN}" and "${END}"`);
  return [begin + BEGIN.length, end];
}
