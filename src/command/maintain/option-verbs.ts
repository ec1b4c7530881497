/** Options that only some verbs have a use for. One that has no effect is refused, because somebody relies on it. */

const LEAVING = ['census', 'rewrap', 're-encrypt', 'delete-superseded'];
const CHOOSING = ['re-encrypt', 'delete-superseded'];
const WRITING = ['rewrap', 're-encrypt'];

const VERBS_OF: Readonly<Record<string, readonly string[]>> = {
  retire: LEAVING,
  'retire-all-but': LEAVING,
  plaintext: CHOOSING,
  foreign: ['re-encrypt'],
  'from-protocol': CHOOSING,
  'without-integrity': CHOOSING,
  tags: ['census'],
  inventory: ['census'],
  'inventory-container': ['census'],
  'inventory-max-age': ['census'],
  encrypt: ['re-encrypt'],
  verify: WRITING,
  'accept-versions': WRITING,
  'to-block': ['re-encrypt'],
  'page-blobs': ['re-encrypt'],
  protocol: ['re-encrypt'],
};

export const optionFaults = (verb: string, values: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(VERBS_OF)
    .filter(([name, verbs]) => values[name] !== undefined && !verbs.includes(verb))
    .map(([name, verbs]) => `--${name} is for ${inWords(verbs)}`);

const inWords = (verbs: readonly string[]): string =>
  verbs.length < 2 ? verbs.join() : `${verbs.slice(0, -1).join(', ')} and ${verbs.at(-1)}`;
