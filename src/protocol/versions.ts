/** The list of versions, oldest first. Only this file names their folders. To add a version, add a folder and an entry here. */
import { protocolV1 } from './v1/index.js';
import { protocolV20, protocolV21 } from './v2/index.js';

export const PROTOCOLS = [protocolV1, protocolV20, protocolV21] as const;
