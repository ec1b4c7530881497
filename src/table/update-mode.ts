/** Modes of updates and kinds of actions, checked: a misspelt one would replace a row, and lose what it was to keep. */
import { choice, must, refuse } from '../option-rules.js';

const MODE = choice(['Merge', 'Replace']);
const KIND = choice(['create', 'delete', 'update', 'upsert']);

const ACTIONS = must(
  (actions) => Array.isArray(actions) && actions.every(Array.isArray),
  "a list of actions, each a list too, such as [['create', entity]]",
);

/** Throws {@link InvalidOptionsError} for anything but a list of actions. */
export function assertActions(actions: unknown): void {
  refuse(ACTIONS.faults(actions, 'actions'));
}

/** Throws {@link InvalidOptionsError} for anything but a mode. */
export function assertMode(mode: unknown): void {
  refuse(MODE.faults(mode, 'mode'));
}

/** The same for an action of a transaction. Only updates and upserts have a mode, which may be left out. */
export function assertKind([kind, , mode = 'Replace']: readonly unknown[]): void {
  refuse(KIND.faults(kind, 'action'));
  if (kind === 'update' || kind === 'upsert') assertMode(mode);
}
