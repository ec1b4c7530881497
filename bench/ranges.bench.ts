/** Small reads: one byte at the end of 1 GiB, and small blobs, whose cost is only what precedes the first byte. */
import { getByHand, putByHand } from './support/blob-by-hand.js';
import type { Lab, Subject } from './support/lab.js';
import { perOperation } from './support/operations.js';
import type { Row } from './support/report.js';
import { medianOf } from './support/rounds.js';
import { SMALL_BLOB_MS, TAIL_MS } from './support/targets.js';
import { type ContentKind, storedLength } from './support/stored-content.js';
import type { Protocol } from './support/content-by-hand.js';
import { MIB, plainService } from './support/transfer.js';

const GIB = 1024 * MIB;
const KIB = 1024;
const SLOW = 125e6;

export const ranges: Subject = {
  name: 'ranges',
  run: async (lab) => {
    const rows: Row[] = [];
    for (const rate of [SLOW, 0]) rows.push(...(await lastByte(lab, rate)));
    rows.push(...(await smallBlobs(lab)));
    return rows;
  },
};

async function lastByte(lab: Lab, rate: number): Promise<Row[]> {
  await lab.server.pace(rate);
  const take = (kind: ContentKind) => async () => {
    const client = lab.blobs.client(kind, `${kind}-${GIB}`);
    const buffer = Buffer.alloc(1);
    await lab.server.counts();
    const us = await perOperation(1, () => client.downloadToBuffer(buffer, GIB - 1, 1))();
    const { requests, bytesOut } = await lab.server.counts();
    return { us, requests, bytes: bytesOut };
  };
  const pace = rate === 0 ? 'unpaced' : `at ${rate / 1e6} MB/s`;
  const found = await lab.compare(`the last byte of 1 GiB, ${pace}`, {
    plain: take('plain'),
    '1.0': take('1.0'),
    '2.0': take('2.0'),
  });
  return (['1.0', '2.0'] as const).map((protocol) => {
    const of = (kind: ContentKind, figure: 'us' | 'requests' | 'bytes') => medianOf(found[kind], (one) => one[figure]);
    const sealed = of(protocol, 'us') / 1000;
    const plain = of('plain', 'us') / 1000;
    const requests = `${of(protocol, 'requests')} requests, ${of(protocol, 'bytes')} bytes`;
    return {
      subject: 'ranges',
      case: `the last byte of 1 GiB, ${pace}: ${requests} (plain ${of('plain', 'requests')})`,
      protocol,
      unit: 'ms',
      plain,
      encrypted: sealed,
      ratio: plain / sealed,
      quiet: found[protocol].quiet,
      ...(lab.isQuick ? {} : { targets: tailTargets(protocol, rate, { sealed, requests: of(protocol, 'requests') }) }),
    };
  });
}

function tailTargets(
  protocol: '1.0' | '2.0',
  rate: number,
  found: { readonly sealed: number; readonly requests: number },
) {
  return [
    { what: 'requests', value: found.requests, atMost: 1 },
    { what: 'ms', value: found.sealed, atMost: TAIL_MS[rate === 0 ? 'unpaced' : 'paced'][protocol] },
  ];
}

async function smallBlobs(lab: Lab): Promise<Row[]> {
  await lab.server.pace(0);
  const count = lab.isQuick ? 20 : 200;
  const content = Buffer.alloc(KIB, 'bench');
  const put = (kind: ContentKind) =>
    perOperation(count, () => lab.blobs.client(kind, `${kind}-${KIB}`).upload(content, content.length));
  // with integrity entries, which a reader checks
  const nameOf = (kind: ContentKind): string => `${kind}-${KIB}-entries`;
  const get = (kind: ContentKind) =>
    perOperation(count, () => lab.blobs.client(kind, nameOf(kind)).downloadToBuffer(Buffer.alloc(KIB), 0, KIB));
  const service = plainService(lab.server.url);
  const byHand = (protocol: Protocol) => {
    const blob = { service, name: nameOf(protocol), protocol };
    return {
      put: perOperation(count, () => putByHand(blob, content)),
      get: perOperation(count, () => getByHand(blob, storedLength(protocol, KIB))),
    };
  };
  const of = (work: typeof put, way: 'put' | 'get') => ({
    ...{ plain: work('plain'), '1.0': work('1.0'), '2.0': work('2.0') },
    ...{ '1.0 by hand': byHand('1.0')[way], '2.0 by hand': byHand('2.0')[way] },
  });
  return [
    ...smallRows(lab, 'put a blob of 1 KiB', await lab.compare('put 1 KiB', of(put, 'put'))),
    ...smallRows(lab, 'get a blob of 1 KiB', await lab.compare('get 1 KiB', of(get, 'get'))),
  ];
}

function smallRows(lab: Lab, what: string, found: Awaited<ReturnType<Lab['compare']>>): Row[] {
  const ms = (variant: string): number => medianOf(found[variant]!, (us) => us as number) / 1000;
  const floor = (protocol: Protocol): string => (ms(`${protocol} by hand`) - ms('plain')).toFixed(2);
  return (['1.0', '2.0'] as const).map((protocol) => ({
    subject: 'small blobs',
    case: `${what} (the SDK, the content and the metadata by hand: ${floor(protocol)} ms added)`,
    protocol,
    unit: 'ms',
    plain: ms('plain'),
    encrypted: ms(protocol),
    ratio: ms('plain') / ms(protocol),
    quiet: found[protocol]!.quiet,
    ...(lab.isQuick
      ? {}
      : { targets: [{ what: 'ms added', value: ms(protocol) - ms('plain'), atMost: SMALL_BLOB_MS }] }),
  }));
}
