/**
 * The clinic has no sign-in; it is protected by being reachable only from this computer. A page of another site that is
 * open in a browser on this computer can reach it too, so its writes are rejected, as is every request under a foreign
 * host name, which is how such a page could read (DNS rebinding).
 */
import type { NextFunction, Request, Response } from 'express';
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from './problem.js';

const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]'];
const READS = ['GET', 'HEAD', 'OPTIONS'];

/** Middleware: answers 421 for a foreign host, 403 for a write of another site. */
export function refuseOtherSites({ method, headers }: Request, response: Response, next: NextFunction): void {
  if (!isOwnHost(headers.host)) {
    answer(response, new Problem({ status: 421, detail: 'The clinic only answers at 127.0.0.1 and localhost' }));
  } else if (!READS.includes(method) && !isOwnSite(headers)) {
    answer(response, new Problem({ status: 403, detail: 'A page of another site may not write to the clinic' }));
  } else {
    next();
  }
}

const isOwnHost = (host = ''): boolean => OWN_NAMES.includes(host.toLowerCase().replace(/:\d+$/, ''));

/** Browsers send at least one of the two headers with a write; programs, such as curl, send neither. */
function isOwnSite({ 'sec-fetch-site': site, origin, host = '' }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

const answer = (response: Response, problem: Problem): void =>
  void response
    .status(problem.status)
    .set({ 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json', Connection: 'close' })
    .end(JSON.stringify(problem));
