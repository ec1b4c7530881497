/** Shared by the document checks: the list of documents, and the blocks, links, anchors and tables in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const FOREIGN = new Set(['node_modules', 'dist', 'coverage']);
/** A fenced block, in a document or in a comment: margin, fence, language, the rest of the line, body. */
const BLOCK =
  /^([ \t]*(?:\*[ \t])?[ \t]*)(```|~~~)[ \t]*([\w-]*)[ \t]*([^\n]*)\n([\s\S]*?)^[ \t]*(?:\*[ \t])?[ \t]*\2[ \t]*$/gm;
const INLINE_CODE = /`+[^`]+`+/g;
const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s+(\S+)|(?:src|href)="([^"]+)"/gm;
const HEADING = /^#{1,6}\s+(.+?)\s*#*$/gm;
const ID = /<a (?:id|name)="([^"]+)"/g;

export const textOf = (path) => readFileSync(join(ROOT, path), 'utf8');

/** The paths of the project's own files with an extension, below a folder. */
export function filesBelow(folder, extension) {
  return readdirSync(resolve(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOREIGN.has(entry.name) || entry.name[0] === '.' ? [] : filesBelow(path, extension);
    return entry.name.endsWith(extension) ? [path] : [];
  });
}

/** The documents that people write. Pages that are generated from docstrings belong to the docstrings. */
export const written = () => filesBelow('', '.md').filter((path) => !path.startsWith('docs/api/'));

/** The fenced blocks of a text, with their bodies unindented. */
export function blocksOf(text) {
  return [...text.matchAll(BLOCK)].map(({ index, 1: margin, 3: language, 4: info, 5: body }) => ({
    index,
    language: language.toLowerCase(),
    info: info.trim(),
    code: body
      .split('\n')
      .map((row) => (row.startsWith(margin) ? row.slice(margin.length) : row.replace(/^\s*\*\s?/, '')))
      .join('\n'),
  }));
}

/** Every target that a document links to, with its line. */
export function linksOf(text) {
  const prose = blank(blank(text, BLOCK), INLINE_CODE);
  return [...prose.matchAll(LINK)].map(({ index, ...groups }) => ({
    target: groups[1] ?? groups[2] ?? groups[3],
    line: lineAt(text, index),
  }));
}

/** What can follow the `#` of a link to a document. */
export function anchorsOf(text) {
  const seen = new Map();
  const headings = [...blank(text, BLOCK).matchAll(HEADING)].map(([, title]) => {
    const slug = slugOf(title);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  return new Set([...headings, ...[...text.matchAll(ID)].map(([, id]) => id)]);
}

/** The rows of all tables, each a list of cells. */
export function tableRowsOf(text) {
  const rows = blank(text, BLOCK)
    .split('\n')
    .filter((row) => row.startsWith('|'));
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Inline code in the prose. */
export const inlineCodeOf = (text) =>
  [...blank(text, BLOCK).matchAll(INLINE_CODE)].map(([code]) => code.replace(/^`+|`+$/g, '').replace(/\s+/g, ' '));

export const lineAt = (text, index) => text.slice(0, index).split('\n').length;

/** The anchor of a heading, as code hosts generate it. */
function slugOf(title) {
  const words = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
  return words
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** Keeps line numbers. */
const blank = (text, pattern) => text.replace(pattern, (found) => found.replace(/[^\n]/g, ' '));
