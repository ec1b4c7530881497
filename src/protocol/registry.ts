/** The list of versions: the one place that names their folders. A new version is a folder and an entry here. */
import { UnsupportedProtocolError } from '../errors/content.js';
import type { Protocol } from './protocol.js';
import { protocolV1 } from './v1/index.js';
import { protocolV20, protocolV21 } from './v2/index.js';

const protocols = [protocolV1, protocolV20, protocolV21] as const;

/** Versions that can be written, oldest first. */
export const PROTOCOL_VERSIONS = ['1.0', '2.0', '2.1'] as const;
/** A version that can be written. */
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number];

/** The version to write. */
export function protocolFor(version: ProtocolVersion): Protocol {
  return protocols.find((protocol) => protocol.version === version) ?? unsupported(version, '');
}

/** The version that stored content names; version and algorithm are accepted only in their pairs. */
export function storedProtocol(version: string, algorithm: string): Protocol {
  const found = protocols.find((protocol) => protocol.version === version && protocol.algorithm === algorithm);
  return found ?? unsupported(version, algorithm);
}

function unsupported(version: string, algorithm: string): never {
  throw new UnsupportedProtocolError(version, algorithm);
}
