import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The ciphertext in one answer of the service, counted while it arrives. */
export class FetchedPart {
  /** As the service reported it, such as `bytes 0-4194331/8388664`; `null` for a complete answer. */
  contentRange: string | null = null;
  private length = 0;
  private socket: Socket | null = null;
  private readBefore = 0;
  private arrived: number | null = null;

  constructor(request: ClientRequest) {
    const begin = (socket: Socket): void => {
      this.socket = socket;
      this.readBefore = socket.bytesRead;
    };
    if (request.socket === null) request.once('socket', begin);
    else begin(request.socket);
  }

  answered(response: IncomingMessage): void {
    this.contentRange = response.headers['content-range'] ?? null;
    this.length = Number(response.headers['content-length'] ?? 0);
    response.once('close', () => {
      this.arrived = this.bytes;
      this.socket = null;
    });
  }

  /** The bytes received so far; until the end they include the headers. */
  get bytes(): number {
    return this.arrived ?? Math.min(this.length, (this.socket?.bytesRead ?? 0) - this.readBefore);
  }

  toJSON(): { contentRange: string | null; bytes: number } {
    return { contentRange: this.contentRange, bytes: this.bytes };
  }
}
