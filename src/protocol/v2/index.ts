/** Protocols 2.0 and 2.1: AES-256-GCM in regions. They differ in the label that is wrapped, and in who chooses DataLength. */
import { NONCE_LENGTH } from '../../crypto/aes-gcm.js';
import { chain } from '../../crypto/byte-transform.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { trim } from '../../crypto/trim.js';
import { InvalidEncryptionDataError } from '../../errors/content.js';
import { UnsupportedOperationError } from '../../errors/input.js';
import { once } from '../once.js';
import type {
  CipherWindow,
  ContentForm,
  ContentSealer,
  JsonFields,
  OpenerChoice,
  Protocol,
  SealerChoice,
} from '../protocol.js';
import { RegionOpener, RegionSealer } from './content.js';
import { REGION_OVERHEAD, regionLayout } from './layout.js';
import { anyNonce, littleEndianFromOne, loneRegionCheck, type NonceCheck, nonceOrderCheck } from './nonce.js';
import { packKey, unpackKey } from './packed-key.js';
import { RegionScript } from './script.js';

/** Bytes of plaintext in a region, in every writer of 2.0. */
export const DEFAULT_REGION_LENGTH = 4 * 1024 * 1024;
/** Least and most that the writer of 2.1 (the Java SDK, and this package) lets its user choose. */
export const MIN_REGION_LENGTH = 16;
export const MAX_REGION_LENGTH = 1024 * 1024 * 1024;

/** Bytes of plaintext in a region for which a thread pays: with smaller ones telling takes longer than sealing. */
const MIN_SCRIPTED_LENGTH = 64 * 1024;

export const protocolV20 = protocolV2('2.0', () => DEFAULT_REGION_LENGTH);
export const protocolV21 = protocolV2('2.1', ({ regionLength }) => regionLength ?? DEFAULT_REGION_LENGTH);

function protocolV2(version: string, dataLengthOf: (choice: SealerChoice) => number): Protocol {
  return {
    version,
    algorithm: 'AES_GCM_256',
    assertWrites,
    packKey: (contentKey) => packKey(version, contentKey),
    unpackKey: (packed) => unpackKey(version, packed),
    newLayout: (choice) => regionLayout(dataLengthOf(choice), choice.form),
    storedLayout: (fields, form) => regionLayout(storedDataLength(fields), form),
    sealer: (key, choice) => sealerOf(key, dataLengthOf(choice), choice.form),
    opener: (key, fields, choice) => {
      const dataLength = storedDataLength(fields);
      const inOrder = choice.regionOrder === 'checked' ? nonceOrderCheck() : anyNonce;
      return {
        layout: regionLayout(dataLength, choice.form),
        open: (window) => {
          const opener = new RegionOpener({
            key,
            dataLength,
            checkNonce: isLoneRegion(window, dataLength) ? loneCheck(choice) : inOrder,
            firstRegion: window.offset / (dataLength + REGION_OVERHEAD),
            ciphertextLength: window.count,
          });
          return chain(opener, trim(window.skip, window.take));
        },
      };
    },
  };
}

function sealerOf(key: ContentKey, dataLength: number, form: ContentForm): ContentSealer {
  const content = { key, dataLength, leastRegions: form === 'message' ? 1 : 0, nonces: littleEndianFromOne };
  const spend = once();
  const script = (): RegionScript => {
    spend();
    return new RegionScript(content);
  };
  return {
    fields: { EncryptedRegionInfo: { DataLength: dataLength, NonceLength: NONCE_LENGTH } },
    layout: regionLayout(dataLength, form),
    seal: () => {
      spend();
      return new RegionSealer(content);
    },
    ...(dataLength < MIN_SCRIPTED_LENGTH ? {} : { script }),
  };
}

function assertWrites(form: ContentForm): void {
  if (form === 'pages') {
    throw new UnsupportedOperationError(
      'Page blobs are defined in protocol 1.0 only: choose protocol "1.0" for the module that writes them',
    );
  }
}

const isLoneRegion = (window: CipherWindow, dataLength: number): boolean =>
  window.offset === 0 && window.reachesEnd && window.count <= dataLength + REGION_OVERHEAD;

/** A message is never cut from anything longer: its nonce may be what it likes. */
const loneCheck = ({ form, regionOrder }: OpenerChoice): NonceCheck =>
  form === 'message' || regionOrder === 'ignored' ? anyNonce : loneRegionCheck;

function storedDataLength(fields: JsonFields): number {
  const info = fields['EncryptedRegionInfo'];
  if (typeof info !== 'object' || info === null) throw new InvalidEncryptionDataError('EncryptedRegionInfo is missing');
  const { DataLength, NonceLength } = info as Record<string, unknown>;
  if (NonceLength !== NONCE_LENGTH) throw new InvalidEncryptionDataError(`NonceLength is not ${NONCE_LENGTH}`);
  if (!isRegionLength(DataLength)) {
    throw new InvalidEncryptionDataError(`DataLength is not a whole number from 1 to ${MAX_REGION_LENGTH}`);
  }
  return DataLength;
}

const isRegionLength = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_REGION_LENGTH;
