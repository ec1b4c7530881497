/** What peers cannot do or get wrong with messages. message-faults.peer-spec.ts checks each. */
import { isPython, type Peer } from './peers.js';

/** The current Python SDK leaves an empty message in plaintext. */
export const encryptsEmptyText = (peer: Peer): boolean => !isPython(peer) || peer.generation === 'legacy';

/** The legacy Java SDK cannot read plaintext once it has a key. */
export const readsPlaintext = isPython;

/** The legacy Java SDK returns `null` for an empty text. */
export const readsEmptyText = isPython;

/** Python up to 12.6. */
export const parsesPlainJson = (peer: Peer): boolean => isPython(peer) && peer.version !== '12.18.1';
