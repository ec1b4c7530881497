/** How a command checks what it writes, and what it may leave behind: `--verify`, `--accept-versions` and `--to-block`. Also where it deletes. */
import type { ReencryptVerification, RewrapVerification } from '../../envelope/maintenance/task.js';

/** The options of the command line that this is about. */
interface Checks {
  readonly verify?: string | undefined;
  readonly 'accept-versions'?: boolean | undefined;
  readonly 'to-block'?: boolean | undefined;
  readonly table?: readonly string[] | undefined;
  readonly 'all-tables'?: boolean | undefined;
  readonly queue?: readonly string[] | undefined;
}

const OF_REWRAP: ReadonlyMap<string, RewrapVerification> = new Map([
  ['wrap', 'wrap'],
  ['content', 'content'],
]);
const OF_REENCRYPT: ReadonlyMap<string, ReencryptVerification> = new Map([
  ['seal', 'seal'],
  ['read-back', 'readBack'],
  ['snapshot', 'snapshot'],
]);

export function rewrapVerification({ verify = '' }: Checks): { readonly verify?: RewrapVerification } {
  const found = OF_REWRAP.get(verify);
  return found === undefined ? {} : { verify: found };
}

export function reencryptVerification({ verify = '' }: Checks): { readonly verify?: ReencryptVerification } {
  const found = OF_REENCRYPT.get(verify);
  return found === undefined ? {} : { verify: found };
}

export function checkFaults(verb: string, values: Checks): string[] {
  const isWriting = verb === 'rewrap' || verb === 're-encrypt';
  return [
    ...(values.verify === undefined ? [] : verifyFaults(verb, values.verify)),
    ...(values['accept-versions'] === true && !isWriting ? ['--accept-versions is for rewrap and re-encrypt'] : []),
    ...(values['to-block'] === true && verb !== 're-encrypt' ? ['--to-block is for re-encrypt'] : []),
    ...supersededFaults(verb, values),
  ];
}

function verifyFaults(verb: string, given: string): string[] {
  const known = verb === 'rewrap' ? OF_REWRAP : verb === 're-encrypt' ? OF_REENCRYPT : null;
  if (known === null) return ['--verify is for rewrap and re-encrypt'];
  return known.has(given) ? [] : [`--verify of ${verb} is one of ${[...known.keys()].join(', ')}`];
}

function supersededFaults(verb: string, { table, queue, 'all-tables': allTables }: Checks): string[] {
  if (verb !== 'delete-superseded' || (table ?? allTables ?? queue) === undefined) return [];
  return ['delete-superseded is for containers: only blobs have snapshots and versions'];
}
