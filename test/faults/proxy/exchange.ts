/** A request of a client and its handling: a fault decides whether it is forwarded, what is answered, and when. */
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  /** Alternating names and values, in the letter case in which they are sent. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
/** The proxy sends complete bodies, so it frames them itself. */
const FRAMING = ['transfer-encoding', 'connection', 'keep-alive'];

export class Exchange {
  #body: Promise<Buffer> | undefined;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    private readonly target: Target,
  ) {}

  /** Sends the request to the service, once for each call. */
  async ask(): Promise<Answer> {
    const body = await (this.#body ??= bytesOf(this.request));
    return send(this.request, body, this.target);
  }

  reply({ status, headers, body }: Answer): void {
    if (this.response.destroyed) return;
    const isHead = this.request.method === 'HEAD';
    this.response.writeHead(status, [...(isHead ? headers : withLength(headers, body.length))]);
    this.response.end(isHead ? undefined : body);
  }

  /** Sends the head with the full length and only the first half of the body. */
  replyHalf({ status, headers, body }: Answer): void {
    if (this.response.destroyed) return;
    this.response.writeHead(status, [...withLength(headers, body.length)]);
    this.response.flushHeaders();
    this.response.write(body.subarray(0, body.length >> 1));
  }

  /** Resets the connection. */
  cut(): void {
    this.request.socket.resetAndDestroy();
  }
}

const withLength = (headers: readonly string[], length: number): readonly string[] => [
  ...pairsOf(headers)
    .filter(([name]) => name.toLowerCase() !== 'content-length')
    .flat(),
  'Content-Length',
  String(length),
];

export function pairsOf(headers: readonly string[]): [name: string, value: string][] {
  return Array.from({ length: headers.length / 2 }, (_, at) => [headers[2 * at]!, headers[2 * at + 1]!]);
}

function send(from: IncomingMessage, body: Buffer, target: Target): Promise<Answer> {
  const headers = pairsOf(from.rawHeaders).filter(([name]) => !FRAMING.includes(name.toLowerCase()));
  return new Promise((resolve, reject) => {
    const sent = request({
      ...target,
      agent,
      method: from.method,
      path: from.url,
      headers: Object.fromEntries(headers),
    });
    sent.once('error', reject);
    sent.once('response', (answer) => {
      const kept = pairsOf(answer.rawHeaders).filter(([name]) => !FRAMING.includes(name.toLowerCase()));
      bytesOf(answer).then((bytes) => {
        resolve({ status: answer.statusCode!, headers: kept.flat(), body: bytes });
      }, reject);
    });
    sent.end(body);
  });
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
