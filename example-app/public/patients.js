/** Patients: added, read, and their stored row. */
import { callJson, posted, Refusal } from './api.js';
import { attempt, byId, element, onSubmit, pairs, say, show } from './dom.js';
import { refused } from './refusal.js';

/** What the service and its SDK add to a row. */
const ADDED = ['etag', 'timestamp', 'odata.metadata'];
const SHOWN_CHARACTERS = 120;

/** The patient that is shown: its path, and whether reading it is refused. */
let chosen = null;

export function startPatients(about) {
  const form = byId('patient-form');
  onSubmit(form, 'patient-status', async (fields) => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
    await callJson('patients', posted({ ...given, discretion: form.elements.discretion.checked }));
    byId('patient-tamper-card').hidden = !about.demonstration;
    await showPatient([fields.partitionKey, fields.rowKey].map(encodeURIComponent).join('/'), about);
    say('patient-status', 'Added. Change the number to add another.');
  });
  onSubmit(byId('patient-tamper-form'), 'patient-tamper-status', ({ property }) => tamper(property, about));
  byId('patient-replace').addEventListener('click', () =>
    attempt('patient-tamper-status', async () => {
      await callJson(`demonstration/patients/${chosen.path}/replace-as-older-program`, { method: 'POST' });
      await showPatient(chosen.path, about);
      say('patient-tamper-status', 'Stored again, without integrity entries.');
    }),
  );
}

async function showPatient(path, { demonstration }) {
  const [patient, row] = await Promise.all([read(`patients/${path}`), callJson(`storage/patients/${path}`)]);
  chosen = { path, isRefused: patient instanceof Refusal };
  show(byId('patient-plain'), ...(chosen.isRefused ? refused(patient) : [pairs(textsOf(patient))]));
  show(byId('patient-stored'), rowTable(row));
  if (!demonstration) return;
  const required = await read(`demonstration/patients/${path}/required`);
  byId('patient-required').textContent = required instanceof Refusal ? required.problem.code : 'read';
}

const textsOf = (patient) => Object.entries(patient).map(([name, value]) => [name, String(value)]);

/** What the application answers, or its refusal. */
async function read(path) {
  try {
    return await callJson(path, { cache: 'no-store' });
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

async function tamper(property, about) {
  const { before, after } = await callJson(`demonstration/patients/${chosen.path}/flip-byte`, posted({ property }));
  await showPatient(chosen.path, about);
  const outcome = chosen.isRefused ? 'Reading the patient is refused.' : 'The patient can be read again.';
  say('patient-tamper-status', `${property} was ${before}, now it is ${after}. ${outcome}`);
}

function rowTable(row) {
  const titles = ['Property', 'Stored as', 'Value'].map((title) => element('th', { scope: 'col' }, title));
  const lines = Object.entries(row)
    .filter(([name]) => !ADDED.includes(name))
    .map(([name, value]) => rowLine(name, value));
  const table = element(
    'table',
    { className: 'stored-row' },
    element('thead', {}, element('tr', {}, ...titles)),
    element('tbody', {}, ...lines),
  );
  return element('div', { className: 'scroll' }, table);
}

function rowLine(name, value) {
  const isBinary = typeof value === 'object' && value !== null && 'binary' in value;
  const text = String(isBinary ? value.binary : value);
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return element(
    'tr',
    {},
    element('td', { className: 'name' }, name),
    element('td', {}, isBinary ? 'binary, sealed' : `${typeof value}, in clear`),
    element('td', { className: isBinary ? 'code sealed-value' : 'code', title: text }, cut),
  );
}
