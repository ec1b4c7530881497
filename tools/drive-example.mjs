/**
 * Runs the commands in the README's section on the example application, unchanged, against a running application:
 * `node tools/drive-example.mjs http://127.0.0.1:3000`. Each must do what its comment says:
 *
 *     # {"name":"readme","etag":"..."}    the answer is JSON with these members; "..." matches any text
 *     # status 204                        the answer has that status; otherwise it has one from 200 to 299
 *
 * Anything else in a comment is for readers.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SECTION = /^## The example application\n([\s\S]*?)^## /m;
const BLOCK = /^```sh\n([\s\S]*?)^```/gm;
const DOCUMENTED = 'http://127.0.0.1:3000';
/** Read by every curl: no progress, and the status on a separate last line. */
const CURLRC = 'silent\nshow-error\nmax-time = 60\nwrite-out = "\\n%{http_code}"\n';

const [base = DOCUMENTED] = process.argv.slice(2);
const commands = commandsOf(readFileSync(join(ROOT, 'README.md'), 'utf8'));
if (commands.length === 0) throw new Error('The README has no commands for the example application');

const home = mkdtempSync(join(tmpdir(), 'drive-example-'));
let failed = 0;
try {
  writeFileSync(join(home, '.curlrc'), CURLRC);
  for (const { command, comment } of commands) {
    const fault = faultOf(run(command), comment);
    console.log(`${fault ? 'NOT OK' : 'ok    '} ${command.replaceAll(/\s*\\\n\s*/g, ' ')}`);
    if (fault) console.error(`       ${fault}`);
    failed += fault ? 1 : 0;
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
console.log(`${commands.length} commands of the README run, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Every command of the section with its comment. A line that ends in a backslash continues on the next one. */
function commandsOf(readme) {
  const [, section = ''] = SECTION.exec(readme) ?? [];
  return [...section.matchAll(BLOCK)]
    .flatMap(([, block]) => block.split(/(?<!\\)\n/))
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const at = line.search(/\s+#\s/);
      return at < 0
        ? { command: line, comment: '' }
        : { command: line.slice(0, at), comment: line.slice(at).replace(/^\s+#\s+/, '') };
    });
}

function run(command) {
  const output = execFileSync('sh', ['-c', command.replaceAll(DOCUMENTED, base)], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, CURL_HOME: home },
  });
  const end = output.lastIndexOf('\n');
  return { body: output.slice(0, end), status: output.slice(end + 1) };
}

/** What differs from the comment, as a sentence. */
function faultOf({ body, status }, comment) {
  const [, wanted] = /\bstatus (\d{3})\b/.exec(comment) ?? [];
  const isRight = wanted === undefined ? /^2\d\d$/.test(status) : status === wanted;
  if (!isRight) return `has status ${status} in place of ${wanted ?? '2xx'}: ${body}`;
  const [json] = /^[{[].*[}\]]/.exec(comment) ?? [];
  if (json === undefined) return null;
  return holds(JSON.parse(json), JSON.parse(body)) ? null : `answers ${body}`;
}

function holds(wanted, found) {
  if (wanted === '...') return typeof found === 'string' && found !== '';
  if (typeof wanted !== 'object' || wanted === null) return wanted === found;
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(wanted).every(([name, value]) => holds(value, found[name]));
}
