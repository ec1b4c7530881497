/** A file that is downloaded repeatedly: it is old or new, and the next download removes leftovers of a killed one. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blockBlob } from '../operations/stored-blob.js';
import { lost, same, wrong } from '../outcome.js';
import { contentOf } from './blobs.js';
import { ONE_LIFE, type Work } from './work.js';

export const downloadToFile: Work = {
  name: 'downloadToFile',
  lives: ONE_LIFE,
  prepare: async (ground) => {
    await mkdir(join(ground.folder, ground.name));
    for (const round of [0, 1]) {
      const named = { ...ground, name: `${ground.name}-${round}` };
      await blockBlob(named, ground.direct).uploadData(contentOf(ground, round));
    }
  },
  round: async (ground, round) => {
    const named = { ...ground, name: `${ground.name}-${round % 2}` };
    await blockBlob(named, ground.direct).downloadToFile(join(ground.folder, ground.name, 'target'));
  },
  judge: async (ground, { done }) => {
    const folder = join(ground.folder, ground.name);
    const found = await readFile(join(folder, 'target')).catch(() => undefined);
    if (found === undefined && done > 0) return lost('the file is gone');
    const isWhole = [0, 1].some((round) => found === undefined || same(found, contentOf(ground, round)));
    if (!isWhole) return wrong('the file is neither the old one nor the new one');
    // the next download removes what the last one has left behind
    await downloadToFile.round(ground, 2);
    const left = await readdir(folder);
    return left.join() === 'target' ? undefined : wrong(`left behind: ${left.join(', ')}`);
  },
};
