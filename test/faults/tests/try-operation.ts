/** One try of an operation, and the line of the table that counts it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import type { Lab, Lane } from '../lab.js';
import type { Operation } from '../operations/operation.js';
import { attempt, describe, type End, type Finding, isTyped, wrong } from '../outcome.js';
import type { Random } from '../random.js';

export interface Try {
  readonly test: string;
  /** What a failure quotes. */
  readonly where: string;
  readonly operation: Operation;
  readonly protocol: ProtocolVersion;
  /** Milliseconds until the call's signal is aborted. */
  readonly limit: number;
  /** Activates the fault once everything is prepared. */
  readonly begin: () => void;
}

let names = 0;

export async function tryOperation(lab: Lab, lane: Lane, random: Random, given: Try): Promise<void> {
  const { test, where, operation, protocol } = given;
  const prepared = await operation.prepare({
    ...{ through: lane.through, direct: lab.direct, folder: lab.folder, protocol, random },
    name: `try-${process.pid}-${(names += 1)}`,
  });
  given.begin();
  const end = await attempt((signal) => prepared.run(signal), given.limit);
  await lane.proxy.heal();
  // the service may still be processing an abandoned request
  if (end.kind === 'failed') await pause(30);
  const finding = findingOf(end) ?? (await prepared.judge(judged(end)));
  if (finding === undefined) lab.table.count(test, end.kind === 'done' ? 'right' : 'error');
  else lab.table.fail({ test, where: `${where}${ended(end)}`, finding });
}

function findingOf(end: End): Finding | undefined {
  if (end.kind === 'hang') return { verdict: 'hang', what: 'the call does not end' };
  if (end.kind === 'failed' && !isTyped(end.error)) return wrong(`an untyped error: ${describe(end.error)}`);
  return undefined;
}

const judged = (end: End): { succeeded: boolean; value?: unknown } =>
  end.kind === 'done' ? { succeeded: true, value: end.value } : { succeeded: false };

const ended = (end: End): string => (end.kind === 'failed' ? ` (${describe(end.error)})` : '');
