/**
 * What the book claims about itself: its contents list every page once, and the tables of errors, in README.md and in
 * docs/errors.md, have every code of src/errors.ts and no other, the book's with every field that the error carries.
 */
import { filesBelow, linksOf, tableRowsOf, textOf } from './markdown.mjs';

const CONTENTS = 'docs/README.md';
const CODE = /^`([A-Z][A-Z0-9_]+)`$/;

const errors = errorsIn(textOf('src/errors.ts'));
const faults = [...contentsFaults(), ...tableFaults('README.md'), ...tableFaults('docs/errors.md'), ...fieldFaults()];

for (const fault of faults) console.error(fault);
console.log(`${errors.length} error codes and the contents of the book checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Code and fields of each error class. */
function errorsIn(source) {
  const classes = source.split(/^export (?:abstract )?class /m).slice(1);
  return classes.flatMap((text) => {
    const code = /readonly code = '([A-Z0-9_]+)'/.exec(text)?.[1];
    const fields = [...text.matchAll(/readonly (\w+)[?!]?:/g)].map(([, name]) => name);
    return code === undefined ? [] : [{ code, fields: fields.filter((name) => name !== 'code') }];
  });
}

function contentsFaults() {
  const pages = filesBelow('docs', '.md').filter((path) => path.split('/').length === 2 && path !== CONTENTS);
  const listed = linksOf(textOf(CONTENTS))
    .map(({ target }) => `docs/${target}`)
    .filter((path) => pages.includes(path));
  return pages.flatMap((page) => {
    const times = listed.filter((path) => path === page).length;
    return times === 1 ? [] : [`${CONTENTS} lists ${page} ${times} times`];
  });
}

function tableFaults(document) {
  const listed = rowsIn(document).map(({ code }) => code);
  return [
    ...errors.filter(({ code }) => !listed.includes(code)).map(({ code }) => `${document} does not tell of ${code}`),
    ...listed.filter((code) => !errors.some((error) => error.code === code)).map((code) => `${document}: no ${code}`),
    ...listed.filter((code, index) => listed.indexOf(code) !== index).map((code) => `${document} has ${code} twice`),
  ];
}

function fieldFaults() {
  const rows = rowsIn('docs/errors.md');
  return errors.flatMap(({ code, fields }) => {
    const text = rows.find((row) => row.code === code)?.text ?? '';
    return fields
      .filter((field) => !text.includes(`\`${field}\``))
      .map((field) => `docs/errors.md does not tell that ${code} carries ${field}`);
  });
}

function rowsIn(document) {
  return tableRowsOf(textOf(document)).flatMap((cells) => {
    const code = CODE.exec(cells[0] ?? '')?.[1];
    return code === undefined ? [] : [{ code, text: cells.join(' ') }];
  });
}
