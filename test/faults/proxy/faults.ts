/** What can happen to a request and its answer between a client and the service. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, type Exchange, pairsOf } from './exchange.js';

export interface Fault {
  readonly name: string;
  /** Whether a call under this fault ends only by the signal of its caller. */
  readonly stalls?: boolean;
  readonly act: (exchange: Exchange) => Promise<void>;
}

const DELAY_MS = 60;
/** A repeated request arrives this much later than the answered one. */
const LATE_MS = 25;

/** A fault of only the answer: the service has done what was requested. */
const ofAnswer = (name: string, change: (answer: Answer) => Answer): Fault => ({
  name,
  act: async (exchange) => {
    exchange.reply(change(await exchange.ask()));
  },
});

const withHeader =
  (name: string, change: (value: string) => string | undefined) =>
  (answer: Answer): Answer => ({
    ...answer,
    headers: pairsOf(answer.headers).flatMap(([found, value]) => {
      const changed = found.toLowerCase() === name ? change(value) : value;
      return changed === undefined ? [] : [found, changed];
    }),
  });

const inOtherCase = (answer: Answer): Answer => ({
  ...answer,
  headers: pairsOf(answer.headers).flatMap(([name, value]) => [name.toUpperCase(), value]),
});

/** An answer that did not come from the service, in the format of the service. */
const refusal = (status: number, code: string): Answer => ({
  status,
  headers: ['Content-Type', 'application/xml', 'x-ms-error-code', code],
  body: Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`),
});

const refused = (status: number, code: string): Fault => ({
  name: `${status} ${code}`,
  act: async (exchange) => {
    exchange.request.resume();
    exchange.reply(refusal(status, code));
  },
});

const refusedAfterCommit = (status: number, code: string): Fault => ({
  name: `${status} ${code} after the commit`,
  act: async (exchange) => {
    await exchange.ask();
    exchange.reply(refusal(status, code));
  },
});

export const CUT_AFTER_COMMIT: Fault = {
  name: 'cut after the commit',
  act: async (exchange) => {
    await exchange.ask();
    exchange.cut();
  },
};

export const STALL_BEFORE: Fault = { name: 'stall before the request', stalls: true, act: async () => {} };

const CONNECTIONS: readonly Fault[] = [
  {
    name: 'cut before the request',
    act: async (exchange) => {
      exchange.cut();
    },
  },
  CUT_AFTER_COMMIT,
  {
    name: 'cut within the answer',
    act: async (exchange) => {
      exchange.replyHalf(await exchange.ask());
      await pause(5);
      exchange.cut();
    },
  },
  STALL_BEFORE,
  {
    name: 'stall after the commit',
    stalls: true,
    act: async (exchange) => {
      await exchange.ask();
    },
  },
  {
    name: 'stall within the answer',
    stalls: true,
    act: async (exchange) => {
      exchange.replyHalf(await exchange.ask());
    },
  },
];

const ORDER: readonly Fault[] = [
  {
    name: 'delay the request',
    act: async (exchange) => {
      await pause(DELAY_MS);
      exchange.reply(await exchange.ask());
    },
  },
  {
    name: 'delay the answer',
    act: async (exchange) => {
      const answer = await exchange.ask();
      await pause(DELAY_MS);
      exchange.reply(answer);
    },
  },
  {
    name: 'duplicate the request',
    act: async (exchange) => {
      await exchange.ask();
      exchange.reply(await exchange.ask());
    },
  },
  {
    name: 'duplicate the request, late',
    act: async (exchange) => {
      exchange.reply(await exchange.ask());
      await pause(LATE_MS);
      await exchange.ask();
    },
  },
];

const STATUSES: readonly Fault[] = [
  refused(500, 'InternalError'),
  refused(503, 'ServerBusy'),
  refused(429, 'TooManyRequests'),
  refused(403, 'AuthorizationFailure'),
  refused(404, 'ResourceNotFound'),
  refused(409, 'SnapshotOperationRateExceeded'),
  refused(412, 'ConditionNotMet'),
  refusedAfterCommit(500, 'OperationTimedOut'),
  refusedAfterCommit(503, 'ServerBusy'),
];

const ANSWERS: readonly Fault[] = [
  ofAnswer('truncate the answer', (answer) => ({ ...answer, body: answer.body.subarray(0, answer.body.length >> 1) })),
  ofAnswer('empty the answer', (answer) => ({ ...answer, body: Buffer.alloc(0) })),
  ofAnswer(
    'no ETag',
    withHeader('etag', () => undefined),
  ),
  ofAnswer(
    'another ETag',
    withHeader('etag', () => '"0x1234567890ABCDE"'),
  ),
  ofAnswer(
    'no Content-Range',
    withHeader('content-range', () => undefined),
  ),
  ofAnswer(
    'another range in Content-Range',
    withHeader('content-range', (value) => value.replace(/\d+-/, (first) => `${parseInt(first, 10) + 16}-`)),
  ),
  ofAnswer(
    'another length in Content-Range',
    withHeader('content-range', (value) => value.replace(/\/(\d+)$/, (_, total) => `/${Number(total) + 16}`)),
  ),
  ofAnswer('header names in capitals', inOtherCase),
];

export const FAULTS: readonly Fault[] = [...CONNECTIONS, ...ORDER, ...STATUSES, ...ANSWERS];

/** Faults of an unreliable but honest network. */
export const OUTAGES: readonly Fault[] = [
  ...CONNECTIONS,
  ...ORDER,
  ...STATUSES.filter(({ name }) => name.startsWith('5')),
];
