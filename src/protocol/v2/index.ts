/** Protocols 2.0 and 2.1: AES-256-GCM in regions. They differ in the wrapped label, and in who chooses DataLength. */
import { isSharedArrayBuffer } from 'node:util/types';
import { NONCE_LENGTH } from '../../crypto/aes-gcm.js';
import { type ByteTransform, chain } from '../../crypto/byte-transform.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { trim } from '../../crypto/trim.js';
import { InvalidEncryptionDataError } from '../../errors/content.js';
import { once } from '../once.js';
import {
  type CipherWindow,
  type ContentForm,
  type ContentLayout,
  type ContentOpener,
  type ContentSealer,
  MAX_REGION_LENGTH,
  type OpenerChoice,
  type Protocol,
  type ReadField,
} from '../protocol.js';
import { storedParameter } from '../stored-parameter.js';
import { RegionOpener, type RegionOpening, RegionSealer } from './content.js';
import { REGION_OVERHEAD, regionLayout } from './layout.js';
import { anyNonce, littleEndianFromOne, loneRegionCheck, type NonceCheck, nonceOrder } from './nonce.js';
import { PACKED_LENGTH, packing } from './packed-key.js';
import { RegionPlan } from './plan.js';

/** Bytes of plaintext in a region, in every writer of 2.0. */
const DEFAULT_REGION_LENGTH = 4 * 1024 * 1024;

/** A longer region would block the event loop for too long if it were opened in one go. */
const MOST_IN_PLACE = DEFAULT_REGION_LENGTH;

/** Number of bytes in the largest blob: 50,000 blocks of 4,000 MiB. */
const MOST_STORED = 50_000 * 4000 * 1024 * 1024;

/**
 * Number of plaintext bytes in a region from which a thread pays off. For smaller regions, planning takes longer than sealing.
 */
const MIN_PLANNED_LENGTH = 64 * 1024;

export const protocolV20 = protocolV2({ version: '2.0', regionLength: 'fixed', forms: ['stream', 'message'] });
export const protocolV21 = protocolV2({ version: '2.1', regionLength: 'chosen', forms: ['stream'] });

/** What distinguishes one version of the family. */
interface VersionFacts<Version extends string> extends Pick<Protocol, 'regionLength' | 'forms'> {
  readonly version: Version;
}

function protocolV2<Version extends string>(facts: VersionFacts<Version>): Protocol & { readonly version: Version } {
  const { version, regionLength } = facts;
  // other lengths exist, but accepting longer regions would let a writer make the reader hold a gigabyte to read one byte
  const mostStored = regionLength === 'fixed' ? DEFAULT_REGION_LENGTH : MAX_REGION_LENGTH;
  const storedDataLength = storedParameter((field) => dataLengthIn(field, mostStored));
  const dataLengthOf = (chosen: number | undefined): number =>
    regionLength === 'fixed' ? DEFAULT_REGION_LENGTH : (chosen ?? DEFAULT_REGION_LENGTH);
  return {
    ...facts,
    algorithm: 'AES_GCM_256',
    packedLength: PACKED_LENGTH,
    authenticates: true,
    notes: ['whole regions cut off at the end leave no trace'],
    ...packing(version),
    newLayout: (choice) => layoutOf(dataLengthOf(choice.regionLength), choice.form),
    storedLayout: (field, form) => layoutOf(storedDataLength(field), form),
    boundParameters: (field) => boundParameters(storedDataLength(field)),
    sealer: (key, choice) => sealerOf(key, dataLengthOf(choice.regionLength), choice.form),
    opener: (key, field, choice) => openerOf(key, storedDataLength(field), choice),
  };
}

/** Nearly all content has these layouts, and each step of a read or write needs one. */
const USUAL_LAYOUTS: Readonly<Record<ContentForm, ContentLayout>> = {
  stream: regionLayout(DEFAULT_REGION_LENGTH, 'stream'),
  pages: regionLayout(DEFAULT_REGION_LENGTH, 'pages'),
  message: regionLayout(DEFAULT_REGION_LENGTH, 'message'),
  entity: regionLayout(DEFAULT_REGION_LENGTH, 'entity'),
};

const layoutOf = (dataLength: number, form: ContentForm): ContentLayout =>
  dataLength === DEFAULT_REGION_LENGTH ? USUAL_LAYOUTS[form] : regionLayout(dataLength, form);

function openerOf(key: ContentKey, dataLength: number, choice: OpenerChoice): ContentOpener {
  const regionLength = dataLength + REGION_OVERHEAD;
  const layout = layoutOf(dataLength, choice.form);
  const order = nonceOrder(choice.counting, MOST_STORED / regionLength);
  const isChecked = choice.regionOrder === 'checked';
  const inOrder = isChecked ? order.check : anyNonce;
  const open = (window: CipherWindow, roomFor?: RegionOpening['roomFor']): ByteTransform => {
    const opener = new RegionOpener({
      key,
      dataLength,
      checkNonce: isLoneRegion(window, dataLength) ? loneCheck(choice, inOrder) : inOrder,
      firstRegion: window.offset / regionLength,
      ciphertextLength: window.count,
      roomFor,
    });
    return chain(opener, trim(window.skip, window.take));
  };
  return {
    layout,
    orderProof: ({ offset }, nonce) =>
      isChecked && order.isAmbiguous(offset / regionLength, nonce)
        ? layout.window({ offset: 0, count: 1 }, Infinity)
        : null,
    open: (window) => open(window),
    openInto: (window, memory) => open(window, roomIn(memory, window, dataLength)),
  };
}

/** The places of complete regions in the memory for a window's plaintext; none if another thread can see the memory. */
function roomIn(memory: Buffer, { offset, skip, take }: CipherWindow, dataLength: number): RegionOpening['roomFor'] {
  if (isSharedArrayBuffer(memory.buffer)) return () => null;
  const firstRegion = offset / (dataLength + REGION_OVERHEAD);
  const end = Math.min(take, memory.length);
  return (region, length) => {
    const at = (region - firstRegion) * dataLength - skip;
    return length <= MOST_IN_PLACE && at >= 0 && at + length <= end ? memory.subarray(at, at + length) : null;
  };
}

function boundParameters(dataLength: number): Buffer {
  const parameters = Buffer.alloc(5);
  parameters.writeUInt32BE(dataLength);
  parameters.writeUInt8(NONCE_LENGTH, 4);
  return parameters;
}

function sealerOf(key: ContentKey, dataLength: number, form: ContentForm): ContentSealer {
  const content = { key, dataLength, leastRegions: form === 'message' ? 1 : 0, nonces: littleEndianFromOne };
  const spend = once();
  const plan = (): RegionPlan => {
    spend();
    return new RegionPlan(content);
  };
  return {
    fields: { EncryptedRegionInfo: { DataLength: dataLength, NonceLength: NONCE_LENGTH } },
    layout: layoutOf(dataLength, form),
    seal: () => {
      spend();
      return new RegionSealer(content);
    },
    plan: dataLength < MIN_PLANNED_LENGTH ? undefined : plan,
  };
}

const isLoneRegion = (window: CipherWindow, dataLength: number): boolean =>
  window.offset === 0 && window.reachesEnd && window.count <= dataLength + REGION_OVERHEAD;

/** A message is never a part of longer content, so its nonce may be any. */
function loneCheck({ form, regionOrder, counting }: OpenerChoice, inOrder: NonceCheck): NonceCheck {
  if (form === 'message' || regionOrder === 'ignored') return anyNonce;
  return counting === 'ours' ? inOrder : loneRegionCheck;
}

function dataLengthIn(field: ReadField, most: number): number {
  const info = field('EncryptedRegionInfo');
  if (typeof info !== 'object' || info === null) throw new InvalidEncryptionDataError('EncryptedRegionInfo is missing');
  const nonceLength = field('EncryptedRegionInfo', 'NonceLength');
  const dataLength = field('EncryptedRegionInfo', 'DataLength');
  if (nonceLength !== NONCE_LENGTH) throw new InvalidEncryptionDataError(`NonceLength is not ${NONCE_LENGTH}`);
  if (!isLengthUpTo(most, dataLength)) {
    throw new InvalidEncryptionDataError(`DataLength is not a whole number from 1 to ${most}`);
  }
  return dataLength;
}

const isLengthUpTo = (most: number, value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
