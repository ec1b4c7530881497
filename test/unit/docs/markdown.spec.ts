/** What the document checks find in a page. A check that finds nothing would pass everything. */
interface Markdown {
  blocksOf(text: string): { readonly language: string; readonly info: string; readonly code: string }[];
  linksOf(text: string): { readonly target: string; readonly line: number }[];
  anchorsOf(text: string): Set<string>;
  tableRowsOf(text: string): string[][];
  inlineCodeOf(text: string): string[];
}
const TOOL = '../../../tools/markdown.mjs';
const { blocksOf, linksOf, anchorsOf, tableRowsOf, inlineCodeOf } = (await import(TOOL)) as Markdown;

const page = [
  '# A page, of `code`: [link](a.md)',
  '## Twice',
  '## Twice',
  'Text with [a link](docs/a.md#twice "title"), ![a picture](b.png), `[no](link.md)` and `npm',
  'start`. <a href="c.md">c</a>',
  '[reference]: d.md',
  '- item',
  '  ~~~ts ignore',
  '  const a = 1;',
  '  ~~~',
  '```',
  '# no heading, [no](link.md), `no code`',
  '| no | row |',
  '```',
  '| a | `b \\| c` |',
].join('\n');

it('finds blocks, however they are fenced and indented', () => {
  expect(blocksOf(page)).toMatchObject([
    { language: 'ts', info: 'ignore', code: 'const a = 1;\n' },
    { language: '', info: '' },
  ]);
});

it('finds links of every form, with their lines, but none in code', () => {
  expect(linksOf(page)).toEqual([
    { target: 'a.md', line: 1 },
    { target: 'docs/a.md#twice', line: 4 },
    { target: 'b.png', line: 4 },
    { target: 'c.md', line: 5 },
    { target: 'd.md', line: 6 },
  ]);
});

it('finds anchors of headings, and numbers repeated ones', () => {
  expect([...anchorsOf(page)]).toEqual(['a-page-of-code-link', 'twice', 'twice-1']);
});

it('finds cells of tables, and inline code that spans lines', () => {
  expect(tableRowsOf(page)).toEqual([['a', '`b \\| c`']]);
  expect(inlineCodeOf(page)).toContain('npm start');
});
