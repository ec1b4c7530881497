/**
 * Reads XML as the services write it, chunk by chunk, in time and memory that do not depend on its length:
 *
 *     <?xml version="1.0"?><Blobs><Blob><Name Encoded="true">a%00</Name><Snapshot/></Blob></Blobs>
 *
 * Elements have either elements in them or text. Comments, CDATA and declarations, which services do not write, are refused.
 */
import { InvalidServiceResponseError } from '../../errors/transfer.js';

/** Called at the end of each element. `path` is valid during the call: names from the root to this element. */
export type ElementListener = (path: readonly string[], text: string, attributes: string) => void;

const NAMED = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }));

export class XmlReader {
  #rest = '';
  #isOver = false;
  readonly #path: string[] = [];
  readonly #attributes: string[] = [];

  constructor(private readonly onElement: ElementListener) {}

  /** Throws {@link InvalidServiceResponseError} for what is not XML, or is not written by a service. */
  write(chunk: string): void {
    const text = this.#rest + chunk;
    let at = 0;
    for (let end = tagEnd(text, at); end >= 0; end = tagEnd(text, at)) {
      const start = text.indexOf('<', at);
      this.#tag(text.slice(start + 1, end), text.slice(at, start));
      at = end + 1;
    }
    this.#rest = text.slice(at);
  }

  /** Throws {@link InvalidServiceResponseError} if the root element has not ended. */
  end(): void {
    if (!this.#isOver) throw invalid();
  }

  #tag(tag: string, text: string): void {
    if (tag.startsWith('?') && this.#path.length === 0) return;
    if (this.#isOver || /^[!?]/.test(tag)) throw invalid();
    if (!tag.startsWith('/')) this.#open(tag, text);
    else if (tag.slice(1).trimEnd() === this.#path.at(-1)) this.#close(text);
    else throw invalid();
  }

  /** @param before - the text that it follows: there may be none but blanks */
  #open(tag: string, before: string): void {
    const [, name = '', attributes = '', slash] = /^([^\s/]+)(.*?)(\/?)$/s.exec(tag) ?? [];
    if (name === '' || before.trim() !== '') throw invalid();
    this.#path.push(name);
    this.#attributes.push(attributes);
    if (slash !== '') this.#close('');
  }

  #close(text: string): void {
    this.onElement(this.#path, withoutEntities(text), this.#attributes.pop() ?? '');
    this.#path.pop();
    this.#isOver = this.#path.length === 0;
  }
}

/** Where the next tag ends; -1 if more is needed. An attribute may contain `>`. */
function tagEnd(text: string, from: number): number {
  const start = text.indexOf('<', from);
  let end = start < 0 ? -1 : text.indexOf('>', start);
  while (end >= 0 && isInQuotes(text.slice(start, end))) end = text.indexOf('>', end + 1);
  return end;
}

const isInQuotes = (tag: string): boolean => tag.includes('=') && /["']/.test(tag.replace(/"[^"]*"|'[^']*'/g, ''));

const withoutEntities = (text: string): string =>
  text.includes('&') ? text.replace(/&([^;&]*);?/g, (_, name: string) => characterOf(name)) : text;

function characterOf(name: string): string {
  const [, hexadecimal, decimal] = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name) ?? [];
  const code = hexadecimal === undefined ? Number(decimal) : parseInt(hexadecimal, 16);
  const character = code <= 0x10ffff ? String.fromCodePoint(code) : NAMED.get(name);
  if (character === undefined) throw invalid();
  return character;
}

const invalid = (): InvalidServiceResponseError => new InvalidServiceResponseError('is not the XML of a listing');
