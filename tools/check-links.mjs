/** Checks every link in the documents to a file of the project, and to a heading in it. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { anchorsOf, filesBelow, linksOf, ROOT, textOf } from './markdown.mjs';

const EXTERNAL = /^[a-z][a-z+.-]*:/i;

const documents = filesBelow('', '.md');
const links = documents.flatMap((document) => linksOf(textOf(document)).map((link) => ({ document, ...link })));
const internal = links.filter(({ target }) => !EXTERNAL.test(target));
const faults = internal.flatMap((link) => {
  const fault = faultOf(link);
  return fault === null ? [] : [`${link.document}:${link.line} ${fault}`];
});

for (const fault of faults) console.error(fault);
console.log(`${internal.length} links in ${documents.length} documents checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

function faultOf({ document, target }) {
  const [path, anchor] = decodeURI(target).split('#');
  const file = path === '' ? document : normalize(join(dirname(document), path));
  if (file.startsWith('..') || path.startsWith('/')) return `${target} leaves the project`;
  if (!existsSync(join(ROOT, file))) return `there is no ${file}`;
  if (anchor === undefined) return null;
  if (!file.endsWith('.md')) return `${target} names a place in a file that is not a document`;
  return anchorsOf(textOf(file)).has(anchor) ? null : `${file} has no heading #${anchor}`;
}
