/** The page of the clinic: no framework, no build, no external resources. */
import { callJson } from './api.js';
import { attempt, byId, element, show } from './dom.js';
import { startLetters } from './letters.js';
import { startMaintenance } from './maintenance.js';
import { startPatients } from './patients.js';
import { startReferrals } from './referrals.js';
import { startScans } from './scans.js';
import { startTraces } from './traces.js';

await attempt('upload-status', async () => {
  const about = await callJson('about');
  const facts = [
    ['Protocol', `${about.protocol}; rows and letters 1.0`],
    ['Key', about.keyId],
    ['Storage', about.demonstration ? 'an emulator, in memory' : 'an Azure account'],
  ];
  const fact = ([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value));
  show(byId('about'), ...facts.map(fact));
  startPatients(about);
  startLetters(about);
  await Promise.all([startScans(about), startReferrals(), startMaintenance(), startTraces()]);
});
