/** What peers cannot do or get wrong with entities. entity-faults.peer-spec.ts checks each. */
import { isPython, type Peer } from './peers.js';

/** Python truncates a DateTime to seconds when it writes. */
export const keepsMilliseconds = (peer: Peer): boolean => !isPython(peer);

/** Whether quotes in keys are doubled in an address, as OData requires. */
export const doublesQuotes = (peer: Peer): boolean => peer.version !== '0.37.1';

/** Whether a row without a partition key or row key can be decrypted. */
export const readsEmptyKeys = (peer: Peer): boolean => !isPython(peer);

/** Whether the keys, from which the IV of a property is derived, are added to a projection. */
export const selectsKeysItself = (peer: Peer): boolean => !isPython(peer);
