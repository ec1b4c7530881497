/** The .NET table of docs/compatibility.md matches the recordings in test/vectors. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../support/source-tree.js';
import { casesOf, readByDotnet } from '../../support/vectors.js';

const page = readFileSync(join(PROJECT_ROOT, 'docs/compatibility.md'), 'utf8');
const section = /<!-- dotnet: [^\n]* -->([\s\S]*?)<!-- end of dotnet -->/.exec(page)?.[1] ?? '';
const services = { blobs: 'blob', messages: 'queue', entities: 'table' } as const;

/** Verdict by service, release, direction and version, for every cell that is not a dash. */
function cellsOfPage(): Record<string, string> {
  const tables = section.trim().split('\n\n');
  return Object.assign({}, ...tables.map(cellsOfTable)) as Record<string, string>;
}

function cellsOfTable(table: string): Record<string, string> {
  const [heads = [], , ...rows] = table.split('\n').map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  const service = services[(heads[0] ?? '').replaceAll('*', '') as keyof typeof services];
  return Object.fromEntries(
    rows.flatMap(([release, ...cells]) =>
      cells.flatMap((cell, at) => (cell === '–' ? [] : [[`${service} > ${release} > ${heads[at + 1]}`, cell]])),
    ),
  );
}

const kindOf = ({ protocol, blobType }: { readonly protocol: string; readonly blobType?: string }): string =>
  protocol + ({ page: ' pages', append: ' append' }[blobType ?? ''] ?? '');

function cellsOfVectors(): Record<string, string> {
  const cells: Record<string, string> = {};
  for (const service of Object.values(services)) {
    for (const vector of casesOf(service)) {
      const { package: name = '', version } = vector.peer ?? {};
      if (name.includes('Azure.')) cells[`${service} > ${name} ${version} > it writes ${kindOf(vector)}`] = 'yes';
    }
    for (const vector of readByDotnet(service)) {
      for (const [release, { error }] of Object.entries(vector.readBy)) {
        const cell = `${service} > ${release} > it reads ${kindOf(vector)}`;
        cells[cell] = error === undefined && cells[cell] !== 'no' ? 'yes' : 'no';
      }
    }
  }
  return cells;
}

it('the .NET table of compatibility.md has a verdict for every recording, and only for those', () => {
  expect(cellsOfPage()).toEqual(cellsOfVectors());
});
