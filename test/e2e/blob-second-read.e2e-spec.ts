/** A long blob of 1.0 is read twice under "require". The second answer of storage has to match the verified one. */
import { BlobServiceClient } from '@azure/storage-blob';
import { EncryptedBlobService } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { containersFor, content, policyOf } from '../support/blobs.js';

const MIB = 1024 * 1024;
const plaintext = content(9 * MIB + 5);
const policy = policyOf('1.0', { integrity: 'require' });
let proxy: AnswersProxy;

beforeAll(async () => {
  proxy = await AnswersProxy.start();
});
afterAll(() => proxy.close());

/** Flips a bit of one answer to a read: ETag, length and everything else stay the same. */
function flipping(read: number, at: number): AnswersProxy['spoil'] {
  let reads = 0;
  return ({ request, answer, response }) => {
    if (request.method !== 'GET' || ++reads !== read) return false;
    let passed = 0;
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.on('data', (chunk: Buffer) => {
      const place = at - passed;
      if (place >= 0 && place < chunk.length) chunk.writeUInt8(chunk.readUInt8(place) ^ 1, place);
      passed += chunk.length;
      response.write(chunk);
    });
    answer.on('end', () => response.end());
    return true;
  };
}

async function readThrough(spoil: AnswersProxy['spoil']) {
  const [direct] = await containersFor(policy);
  await direct.getBlockBlobClient('long').uploadData(plaintext);
  const service = BlobServiceClient.fromConnectionString(proxy.connectionString);
  const container = new EncryptedBlobService(() => service, policy).getContainerClient(direct.containerName);
  proxy.clear();
  proxy.spoil = spoil;
  const { readableStreamBody } = await container.getBlockBlobClient('long').download();
  const pieces: Buffer[] = [];
  try {
    for await (const piece of readableStreamBody!) pieces.push(piece as Buffer);
    return { code: 'none', released: Buffer.concat(pieces) };
  } catch (error) {
    return { code: (error as { code: string }).code, released: Buffer.concat(pieces) };
  }
}

it('is returned completely after two requests if both answers match', async () => {
  const { code, released } = await readThrough(() => false);

  expect([code, released.equals(plaintext), proxy.ranges.length]).toEqual(['none', true, 2]);
});

it.each([
  ['the first answer', 1, 17, 0],
  ['the first answer at its end', 1, 9 * MIB, 0],
  ['the second answer', 2, 17, 0],
  ['the second answer in its middle', 2, 5 * MIB, 4 * MIB],
])('releases only verified bytes if somebody changes %s', async (_which, read, at, most) => {
  const { code, released } = await readThrough(flipping(read, at));

  expect([code, released.length <= most]).toEqual(['DECRYPTION_FAILED', true]);
  expect(released.equals(plaintext.subarray(0, released.length))).toBe(true);
});
