/** Which version writes content, and which one reads it. */
import { UnsupportedProtocolError } from '../errors/content.js';
import { UnsupportedOperationError } from '../errors/input.js';
import type { ContentForm, Protocol } from './protocol.js';
import { PROTOCOLS } from './versions.js';

/** A version that can be written. */
export type ProtocolVersion = (typeof PROTOCOLS)[number]['version'];

const protocols: readonly Protocol[] = PROTOCOLS;

/** Versions that can be written, oldest first. */
export const PROTOCOL_VERSIONS: readonly ProtocolVersion[] = PROTOCOLS.map(({ version }) => version);

export function protocolFor(version: ProtocolVersion): Protocol {
  return protocols.find((protocol) => protocol.version === version) ?? unsupported(version, '');
}

/**
 * The version that writes new content of that form: the chosen one, or else the newest older version that has the form. Only
 * entities fall back to a version that authenticates less, since no other version has them. Throws `UnsupportedOperationError` if
 * no version is left.
 */
export function protocolToWrite(version: ProtocolVersion, form: ContentForm): Protocol {
  const chosen = protocolFor(version);
  const canWrite = ({ forms, authenticates }: Protocol): boolean =>
    forms.includes(form) && (form === 'entity' || authenticates === chosen.authenticates);
  return protocols.findLast((each, at) => at <= protocols.indexOf(chosen) && canWrite(each)) ?? cannotWrite(form);
}

/** The version that stored content names. Version and algorithm are accepted only as a known pair. */
export function storedProtocol(version: string, algorithm: string): Protocol {
  const found = protocols.find((protocol) => protocol.version === version && protocol.algorithm === algorithm);
  return found ?? unsupported(version, algorithm);
}

function cannotWrite(form: ContentForm): never {
  const able = protocols.filter(({ forms }) => forms.includes(form)).map(({ version }) => `"${version}"`);
  const what = form === 'pages' ? 'Page blobs are' : `Content of the form "${form}" is`;
  throw new UnsupportedOperationError(
    `${what} defined in protocol ${able.join(' and ')} only: choose protocol ${able.join(' or ')} for the module that writes them`,
  );
}

function unsupported(version: string, algorithm: string): never {
  throw new UnsupportedProtocolError(version, algorithm);
}
