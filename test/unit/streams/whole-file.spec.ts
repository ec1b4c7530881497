import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWholeFile } from '../../../src/streams/whole-file.js';

const UNIQUE = '0f8fad5b-d9cb-469f-a165-70867728950e';
let folder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whole-'));
  target = join(folder, 'scan.dcm');
});
afterEach(() => rm(folder, { recursive: true }));

const write = (path: string, text: string) => writeWholeFile(path, (file) => file.writeFile(text));
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
const partials = async () => (await readdir(folder)).filter((name) => name.endsWith('.partial'));

/** The name that this process gives to a file while it writes it. */
async function nameUnderWay(): Promise<string> {
  let name = '';
  await writeWholeFile(target, async () => {
    [name = ''] = await partials();
  });
  await rm(target);
  return name;
}

it('restricts content to its owner until it is complete, and then sets the permissions of any new file', async () => {
  let during = 0;
  await writeWholeFile(target, async (file) => {
    await file.writeFile('plaintext');
    const [partial = ''] = await partials();
    during = await modeOf(join(folder, partial));
  });
  await writeFile(join(folder, 'other'), '');

  expect(during).toBe(0o600);
  expect(await modeOf(target)).toBe(await modeOf(join(folder, 'other')));
  expect(await readdir(folder)).toEqual(['other', 'scan.dcm']);
});

it.each([0o600, 0o640, 0o666])('keeps the permissions %i of a file that it replaces', async (mode) => {
  await writeFile(target, 'old');
  await chmod(target, mode);

  await write(target, 'new');

  expect(await modeOf(target)).toBe(mode);
  expect(await readFile(target, 'utf8')).toBe('new');
});

it('leaves the old file and nothing else when writing fails', async () => {
  await writeFile(target, 'old');

  await expect(
    writeWholeFile(target, async (file) => {
      await file.writeFile('half');
      throw new Error('broken');
    }),
  ).rejects.toThrow('broken');

  expect(await readFile(target, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['scan.dcm']);
});

describe('a partial file from a process that died', () => {
  it('is removed by the next process that writes the same target', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const [, host, , thread] = /\.([0-9a-f]+)-(\d+)-(\d+)-/.exec(await nameUnderWay()) ?? [];
    const left = [
      `scan.dcm.${host}-${child.pid}-${thread}-${UNIQUE}.partial`,
      `scan.dcm.${host}-${process.pid}-${thread}-${UNIQUE}.partial`,
      `scan.dcm.${UNIQUE}.partial`,
    ];
    for (const name of left) await writeFile(join(folder, name), 'plaintext');

    await write(target, 'new');

    expect(await readdir(folder)).toEqual(['scan.dcm']);
  });

  it('is removed after a day if it came from another host or thread', async () => {
    const [, host, pid] = /\.([0-9a-f]+)-(\d+)-/.exec(await nameUnderWay()) ?? [];
    const others = [`scan.dcm.00000000-1-0-${UNIQUE}.partial`, `scan.dcm.${host}-${pid}-77-${UNIQUE}.partial`].sort();
    for (const name of others) await writeFile(join(folder, name), 'plaintext');

    await write(target, 'new');
    expect(await partials()).toEqual(others);

    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const name of others) await utimes(join(folder, name), yesterday, yesterday);
    await write(target, 'newer');
    expect(await partials()).toEqual([]);
  });
});

it('leaves other files alone: those of other targets, of users, and of writes in progress', async () => {
  const others = [
    'scan.dcm.partial',
    'scan.dcm.backup.partial',
    `scan.dcm.${UNIQUE}.partial.txt`,
    `scan.${UNIQUE}.partial`,
    `scan.dcm.2.${UNIQUE}.partial`,
  ].sort();
  for (const name of others) await writeFile(join(folder, name), 'kept');

  await writeWholeFile(target, async (file) => {
    await file.writeFile('slow');
    await write(target, 'fast');
  });

  expect(await readFile(target, 'utf8')).toBe('slow');
  expect(await partials()).toEqual(others.filter((name) => name.endsWith('.partial')));
});

it('writes directly to a device', async () => {
  await write('/dev/null', 'content');

  expect((await stat('/dev/null')).isFile()).toBe(false);
});
