/**
 * What the application fetched from storage for each request for a scan: shows that a range costs the regions it
 * touches, and that storage is read as slowly as the client reads. Node itself reports the reads through its
 * diagnostics channels.
 */
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { FetchedPart } from './fetched-part.js';

/** A request for a scan, and what the application fetched for it. */
export interface StorageRead {
  readonly id: number;
  readonly path: string;
  readonly range: string | null;
  status: number;
  /** Bytes sent to the client, including headers. */
  sentBytes: number;
  readonly fetched: FetchedPart[];
}

const KEPT = 50;
const ASKED = 'http.client.request.start';
const ANSWERED = 'http.client.response.finish';

@Injectable()
export class StorageReads implements OnModuleInit, OnModuleDestroy {
  private readonly current = new AsyncLocalStorage<StorageRead>();
  private readonly asked = new WeakMap<ClientRequest, { readonly read: StorageRead; readonly part: FetchedPart }>();
  private readonly kept: StorageRead[] = [];
  private next = 1;

  /** The newest last. */
  get all(): readonly StorageRead[] {
    return this.kept;
  }

  onModuleInit(): void {
    subscribe(ASKED, this.onAsked);
    subscribe(ANSWERED, this.onAnswered);
  }

  onModuleDestroy(): void {
    unsubscribe(ASKED, this.onAsked);
    unsubscribe(ANSWERED, this.onAnswered);
  }

  /** Middleware for requests for scans. */
  watch(request: Request, response: Response, next: NextFunction): void {
    const { socket, originalUrl: path } = request;
    const sentBefore = socket.bytesWritten;
    const read = { id: this.next++, path, range: request.headers.range ?? null, status: 0, sentBytes: 0, fetched: [] };
    this.kept.push(read);
    if (this.kept.length > KEPT) this.kept.shift();
    response.once('close', () => {
      Object.assign(read, { status: response.statusCode, sentBytes: socket.bytesWritten - sentBefore });
    });
    this.current.run(read, next);
  }

  private readonly onAsked = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const read = this.current.getStore();
    if (read !== undefined && request.method === 'GET')
      this.asked.set(request, { read, part: new FetchedPart(request) });
  };

  private readonly onAnswered = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const asked = this.asked.get(request);
    if (asked === undefined || (response.statusCode ?? 500) >= 300) return;
    asked.part.answered(response);
    asked.read.fetched.push(asked.part);
  };
}
