/**
 * Gets the runtimes of the peers ready, in folders of their own below .cache. Only with `system` are tools installed on the machine
 * itself (as root, by apt-get): JDK, Maven, Python. It reports what cannot be installed, and does not throw.
 */
import { madeRuntime, missingPackages, run, RUNTIMES } from './runtimes.mjs';

/**
 * @param {{ system: boolean }} options
 * @returns {{ programs: Record<string, import('./runtimes.mjs').Program>, missing: string[] }}
 */
export function installPeers({ system }) {
  const programs = {};
  const missing = [];
  if (system) installTools();
  for (const [name, { title }] of Object.entries(RUNTIMES)) {
    try {
      const packages = missingPackages(name);
      if (packages.length > 0) throw new Error(`not on this machine: ${packages.join(', ')}`);
      programs[name] = madeRuntime(name);
    } catch (error) {
      missing.push(`${title} (${error.message.trim()})`);
    }
  }
  return { programs, missing };
}

function installTools() {
  const packages = [...new Set(Object.keys(RUNTIMES).flatMap(missingPackages))];
  try {
    // also for `apt-get download`, which needs the lists
    run('apt-get', ['update', '-qq']);
    if (packages.length === 0) return;
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    // whatever is not there is missed, and named, by the runtime that needs it
    console.error(error.message);
  }
}
