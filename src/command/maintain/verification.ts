/** How a command checks what it writes: `--verify`. */
import type { ReencryptVerification, RewrapVerification } from '../../envelope/maintenance/task.js';

interface Checks {
  readonly verify?: string | undefined;
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

export const rewrapVerification = ({ verify = '' }: Checks) => OF_REWRAP.get(verify);

export const reencryptVerification = ({ verify = '' }: Checks) => OF_REENCRYPT.get(verify);

export function verifyFaults(verb: string, { verify }: Checks): string[] {
  const known = verb === 'rewrap' ? OF_REWRAP : verb === 're-encrypt' ? OF_REENCRYPT : null;
  if (verify === undefined || known === null || known.has(verify)) return [];
  return [`--verify of ${verb} is one of ${[...known.keys()].join(', ')}`];
}
