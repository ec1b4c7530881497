/** The part of HTTP/1.1 that the SDKs send: a head, then a body of declared length, which is counted and dropped. */

export interface RequestHead {
  readonly method: string;
  /** Path and query, decoded as far as the bench uses them. */
  readonly target: URL;
  readonly headers: ReadonlyMap<string, string>;
}

export interface RequestEvents {
  readonly onBody: (bytes: number) => void;
  /** The request is complete. */
  readonly onRequest: (head: RequestHead, bodyLength: number) => void;
}

const END_OF_HEAD = '\r\n\r\n';

export class RequestReader {
  private text = '';
  private head: RequestHead | null = null;
  private bodyLength = 0;
  private bodyLeft = 0;

  constructor(private readonly events: RequestEvents) {}

  read(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) at += this.head === null ? this.readHead(chunk, at) : this.readBody(chunk, at);
  }

  private readHead(chunk: Buffer, at: number): number {
    const before = this.text.length;
    const text = this.text + chunk.toString('latin1', at);
    const end = text.indexOf(END_OF_HEAD);
    if (end < 0) {
      this.text = text;
      return chunk.length - at;
    }
    this.head = parseHead(text.slice(0, end));
    this.text = '';
    this.bodyLength = Number(this.head.headers.get('content-length') ?? 0);
    this.bodyLeft = this.bodyLength;
    if (this.bodyLeft === 0) this.finish(this.head);
    return end + END_OF_HEAD.length - before;
  }

  private readBody(chunk: Buffer, at: number): number {
    const taken = Math.min(this.bodyLeft, chunk.length - at);
    this.bodyLeft -= taken;
    this.events.onBody(taken);
    if (this.bodyLeft === 0 && this.head !== null) this.finish(this.head);
    return taken;
  }

  private finish(head: RequestHead): void {
    this.head = null;
    this.events.onRequest(head, this.bodyLength);
  }
}

function parseHead(text: string): RequestHead {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const [method = '', target = '/'] = requestLine.split(' ');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { method, target: new URL(target, 'http://bench'), headers: new Map(headers) };
}
