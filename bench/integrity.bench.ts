/** What integrity entries cost: blobs, messages and entities compared with `integrity: 'off'`, in turn. */
import { createSecretKey } from 'node:crypto';
import { Encrypt, EncryptedBlobService, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
import { cipherRates } from './support/cipher-rates.js';
import { entityEnvelope, messageEnvelope, span } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import { openByHand, sealByHand } from './support/message-by-hand.js';
import { perOperation } from './support/operations.js';
import type { Row } from './support/report.js';
import { medianOf, type Samples } from './support/rounds.js';
import { rowByHand } from './support/row-by-hand.js';
import { type Sample, takeSample } from './support/sample.js';
import { storedLength } from './support/stored-content.js';
import { INTEGRITY_LOOP_ADDED, INTEGRITY_RATIO, INTEGRITY_YARDSTICKS, inYardsticks } from './support/targets.js';
import { benchKey, MIB, plainService, prepared } from './support/transfer.js';
import { yardstick } from './support/yardstick.js';

type Mode = 'off' | 'verify';
const PROTOCOLS = ['1.0', '2.0'] as const;
type Protocol = (typeof PROTOCOLS)[number];
type Direction = 'upload' | 'download';

const LENGTH = 256 * MIB;
const QUICK_LENGTH = 8 * MIB;
const MICRO_ROUNDS = 15;
const MICRO_COUNT = 1000;
const QUICK_COUNT = 20;
const TEXT = 'message '.repeat(128);
const BYTES_OF_GIB = 1024 * MIB;

const SUBJECT = "integrity: plain is integrity 'off', encrypted is 'verify'";

@EncryptedEntity({ table: 'integrity', clear: '*' })
class Entity {
  partitionKey = 'bench';
  rowKey = '1';
}
const names = Array.from({ length: 10 }, (_, index) => `sealed${index}`);
for (const name of names) (Encrypt() as PropertyDecorator)(Entity.prototype, name);
const entity = {
  partitionKey: 'bench',
  rowKey: '1',
  ...Object.fromEntries(names.map((name) => [name, `value of ${name}, `.repeat(3)])),
};

export const integrity: Subject = {
  name: 'integrity',
  run: async (lab) => {
    const rows: Row[] = [];
    for (const protocol of PROTOCOLS) {
      rows.push(await transferred(lab, protocol, 'upload'), await transferred(lab, protocol, 'download'));
    }
    for (const protocol of PROTOCOLS) rows.push(...(await messagesOf(lab, protocol)));
    rows.push(...(await entitiesOf(lab)));
    return rows;
  },
};

const policyOf = (protocol: Protocol, mode: Mode) =>
  ({
    protocol,
    keyEncryptionKey: benchKey(),
    requireEncryption: true,
    integrity: mode,
    unwrapCache: false,
  }) as const;

async function transferred(lab: Lab, protocol: Protocol, direction: Direction): Promise<Row> {
  await lab.server.pace(0);
  const length = lab.isQuick ? QUICK_LENGTH : LENGTH;
  const one = { direction, medium: 'buffer', length, concurrency: 4 } as const;
  const service = plainService(lab.server.url);
  const sampleOf = async (mode: Mode): Promise<Sample> => {
    const blobs = new EncryptedBlobService(() => service, policyOf(protocol, mode));
    const client = blobs.getContainerClient('bench').getBlockBlobClient(`${protocol}-${length}-entries`);
    if (direction === 'download') await client.getProperties();
    const work = await prepared(client, one, lab.materials);
    await lab.server.counts();
    const sample = await takeSample(work);
    const { bytesIn, bytesOut } = await lab.server.counts();
    const isWhole = (direction === 'upload' ? bytesIn : bytesOut) >= storedLength(protocol, length);
    if (!isWhole) throw new Error(`Not all of a ${direction} was moved`);
    return sample;
  };
  const found = await lab.compare(`integrity: ${direction}, ${protocol}`, {
    off: () => sampleOf('off'),
    verify: () => sampleOf('verify'),
  });
  const macRate = protocol === '1.0' ? (await cipherRates(lab)).mac.rate : Infinity;
  return transferRow(lab, { protocol, direction, length, macRate }, found);
}

interface Transferred {
  readonly protocol: Protocol;
  readonly direction: Direction;
  readonly length: number;
  /** MB/s of the MAC over the entire ciphertext, or `Infinity` if there is none. */
  readonly macRate: number;
}

function transferRow(
  lab: Lab,
  { protocol, direction, length, macRate }: Transferred,
  found: Readonly<Record<Mode, Samples<Sample>>>,
): Row {
  const rate = (mode: Mode): number => length / 1e6 / medianOf(found[mode], ({ seconds }) => seconds);
  const loop = (mode: Mode): number => medianOf(found[mode], ({ loopSeconds }) => loopSeconds);
  const cpu = (mode: Mode): number => medianOf(found[mode], ({ cpuSeconds }) => cpuSeconds);
  const ratio = rate('verify') / rate('off');
  // everything that 'off' does, and then the MAC over the same bytes on the same core
  const best = 1 / (1 + rate('off') / macRate);
  const loopAdded = ((loop('verify') - loop('off')) * BYTES_OF_GIB) / length;
  const loopTarget = { what: 'loop s/GiB', value: loopAdded, atMost: INTEGRITY_LOOP_ADDED };
  return {
    subject: SUBJECT,
    case: `${direction} buffer ${length / MIB} MiB, 4 at once, unpaced${macRate === Infinity ? '' : withMac(best)}`,
    protocol,
    unit: 'MB/s',
    plain: rate('off'),
    encrypted: rate('verify'),
    ratio,
    ...(macRate === Infinity ? {} : { ceilingShare: ratio / best }),
    cpuRatio: cpu('verify') / cpu('off'),
    loopAdded,
    quiet: found.verify.quiet,
    ...(lab.isQuick
      ? {}
      : {
          targets: [
            { what: 'ratio', value: ratio, atLeast: INTEGRITY_RATIO[protocol][direction] },
            ...(protocol === '2.0' ? [loopTarget] : []),
          ],
        }),
  };
}

const withMac = (best: number): string => ` (the MAC in sequence allows ${best.toFixed(2)})`;

async function messagesOf(lab: Lab, protocol: Protocol): Promise<Row[]> {
  const target = { kind: 'queue', account: 'bench', queue: 'bench' } as const;
  // as in a client: nobody records the span of its call
  const operation = span.startSpan('EncryptedQueueClient.bench', {}).options;
  const contextOf = (mode: Mode) =>
    ({ policy: policyOf(protocol, mode), target, form: 'message', encoding: 'text', operation }) as const;
  const stored = {
    off: await messageEnvelope.sealMessage(TEXT, contextOf('off')),
    verify: await messageEnvelope.sealMessage(TEXT, contextOf('verify')),
  };
  const one = { what: 'a message of 1 KiB', protocol, atMost: INTEGRITY_YARDSTICKS.message };
  const byHand = await floorsOf(lab, one, (mode) => {
    const sealed = sealByHand(protocol, TEXT, mode);
    return { seal: () => sealByHand(protocol, TEXT, mode), open: () => openByHand(protocol, sealed) };
  });
  const ours = await bothWays(lab, one, (mode) => {
    const context = contextOf(mode);
    return {
      seal: () => messageEnvelope.sealMessage(TEXT, context),
      open: () => messageEnvelope.openMessage(stored[mode], context),
    };
  });
  return [...byHand, ...ours];
}

async function entitiesOf(lab: Lab): Promise<Row[]> {
  const contextOf = (mode: Mode) => ({
    policy: policyOf('2.0', mode),
    account: 'bench',
    table: 'bench',
    entityClass: Entity,
  });
  const stored = {
    off: await entityEnvelope.sealEntity(entity, contextOf('off')),
    verify: await entityEnvelope.sealEntity(entity, contextOf('verify')),
  };
  const one = {
    what: 'an entity with 10 sealed properties',
    protocol: '1.0',
    atMost: INTEGRITY_YARDSTICKS.entity,
  } as const;
  const byHand = await floorsOf(lab, one, (mode) => {
    const hand = rowByHand({ kek, keyId: benchKey().keyId, names, integrity: mode });
    return { seal: () => hand.seal(entity), open: () => hand.open(stored[mode]) };
  });
  const ours = await bothWays(lab, one, (mode) => {
    const context = contextOf(mode);
    return {
      seal: () => entityEnvelope.sealEntity(entity, context),
      open: () => entityEnvelope.openEntity(stored[mode], context),
    };
  });
  return [...byHand, ...ours];
}

const kek = createSecretKey(Buffer.alloc(32, 'bench'));

interface Micro {
  readonly what: string;
  readonly protocol: Protocol;
  /** Yardsticks that entries may add. */
  readonly atMost: number;
}

const WAYS = ['seal', 'open'] as const;
type Works = Readonly<Record<(typeof WAYS)[number], () => unknown>>;
type Timed = Readonly<Record<Mode | 'yard', Samples<number>>>;

async function timed(lab: Lab, what: string, works: Readonly<Record<Mode, () => unknown>>): Promise<Timed> {
  const count = lab.isQuick ? QUICK_COUNT : MICRO_COUNT;
  const variants = {
    off: perOperation(count, works.off),
    verify: perOperation(count, works.verify),
    yard: yardstick(count),
  };
  return lab.measure(`integrity: ${what}`, variants, lab.isQuick ? 1 : MICRO_ROUNDS);
}

const usOf = (samples: Samples<number>): number => medianOf(samples, (value) => value);

async function bothWays(lab: Lab, { what, protocol, atMost }: Micro, worksOf: (mode: Mode) => Works): Promise<Row[]> {
  const works = { off: worksOf('off'), verify: worksOf('verify') };
  const rows: Row[] = [];
  for (const way of WAYS) {
    const found = await timed(lab, `${way} ${what}, ${protocol}`, { off: works.off[way], verify: works.verify[way] });
    const added = usOf(found.verify) - usOf(found.off);
    rows.push({
      ...lineOf(`${way} ${what}, in memory`, protocol, found),
      quiet: found.verify.quiet,
      ...(lab.isQuick ? {} : { targets: [inYardsticks(added, usOf(found.yard), atMost)] }),
    });
  }
  return rows;
}

function lineOf(what: string, protocol: Protocol, { off, verify }: Timed): Row {
  const [plain, encrypted] = [usOf(off), usOf(verify)];
  return { subject: SUBJECT, case: what, protocol, unit: 'us', plain, encrypted, ratio: plain / encrypted };
}

/** What entries add to hand-written code for the same: no package can add less. */
async function floorsOf(
  lab: Lab,
  { what, protocol }: Pick<Micro, 'what' | 'protocol'>,
  worksOf: (mode: Mode) => Works,
): Promise<Row[]> {
  const works = { off: worksOf('off'), verify: worksOf('verify') };
  const rows: Row[] = [];
  for (const way of WAYS) {
    const byHand = `${way} ${what} by hand`;
    const found = await timed(lab, `${byHand}, ${protocol}`, { off: works.off[way], verify: works.verify[way] });
    const added = (usOf(found.verify) - usOf(found.off)) / usOf(found.yard);
    rows.push(lineOf(`${byHand}: entries add ${added.toFixed(1)} yardsticks, of the bar below`, protocol, found));
  }
  return rows;
}
