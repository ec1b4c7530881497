/** The list of versions, oldest first: the one place that names their folders. A new version is a folder and an entry here. */
import { protocolV1 } from './v1/index.js';
import { protocolV20, protocolV21 } from './v2/index.js';

export const PROTOCOLS = [protocolV1, protocolV20, protocolV21] as const;
