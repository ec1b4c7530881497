/** Changes of a blob that leave its content, which has to stay readable. */
import { lost, wrong } from '../outcome.js';
import { CONTAINER, NEXT_KEY, policyOf } from '../storage.js';
import type { Operation } from './operation.js';
import { blockBlob, judgeBlock, someContent } from './stored-blob.js';

const setMetadata: Operation = {
  name: 'setMetadata',
  protocols: ['1.0', '2.0', '2.1'],
  prepare: async (ground) => {
    const content = someContent(ground);
    const direct = blockBlob(ground, ground.direct);
    await direct.uploadData(content, { metadata: { state: 'before' } });
    return {
      run: (signal) => blockBlob(ground, ground.through).setMetadata({ state: 'after' }, { abortSignal: signal }),
      judge: async ({ succeeded }) => {
        const finding = await judgeBlock(ground, { before: content, after: content, succeeded });
        if (finding !== undefined) return finding;
        const { metadata } = await direct.getProperties();
        const state = metadata?.['state'];
        if (state === 'after' || (state === 'before' && !succeeded)) return undefined;
        return wrong(`the metadata is ${JSON.stringify(state)}`);
      },
    };
  },
};

const rewrapKey: Operation = {
  name: 'rewrapKey',
  protocols: ['1.0', '2.0', '2.1'],
  prepare: async (ground) => {
    const content = someContent(ground);
    const direct = blockBlob(ground, ground.direct);
    await direct.uploadData(content, { metadata: { state: 'kept' } });
    const policy = { ...policyOf(ground.protocol), keyEncryptionKey: NEXT_KEY };
    const client = ground.through.blobs(policy).getContainerClient(CONTAINER).getBlockBlobClient(ground.name);
    return {
      run: (signal) => client.rewrapKey({ abortSignal: signal }),
      judge: async ({ succeeded }) => {
        const finding = await judgeBlock(ground, { before: content, after: content, succeeded });
        if (finding !== undefined) return finding;
        const { metadata = {} } = await direct.getProperties();
        if (metadata['state'] !== 'kept') return lost('the metadata of the user');
        const isNew = Object.values(metadata).some((value) => value.includes(NEXT_KEY.keyId));
        return isNew || !succeeded ? undefined : wrong('success, but the old key');
      },
    };
  },
};

const createSnapshot: Operation = {
  name: 'createSnapshot',
  protocols: ['1.0', '2.0', '2.1'],
  prepare: async (ground) => {
    const content = someContent(ground);
    await blockBlob(ground, ground.direct).uploadData(content);
    return {
      run: (signal) => blockBlob(ground, ground.through).createSnapshot({ abortSignal: signal }),
      judge: ({ succeeded }) => judgeBlock(ground, { before: content, after: content, succeeded }),
    };
  },
};

export const METADATA_CHANGES: readonly Operation[] = [setMetadata, rewrapKey, createSnapshot];
