/** Checks that the contents of the book, docs/README.md, list every page exactly once. */
import { filesBelow, linksOf, textOf } from './markdown.mjs';

const CONTENTS = 'docs/README.md';

const pages = filesBelow('docs', '.md').filter((path) => path.split('/').length === 2 && path !== CONTENTS);
const listed = linksOf(textOf(CONTENTS)).map(({ target }) => `docs/${target}`);
const faults = pages.flatMap((page) => {
  const times = listed.filter((path) => path === page).length;
  return times === 1 ? [] : [`${CONTENTS} lists ${page} ${times} times`];
});

for (const fault of faults) console.error(fault);
console.log(`${pages.length} pages of the book checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
