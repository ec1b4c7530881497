/** Patients: added, listed, read, changed and discharged, and their stored row. */
import { callJson, posted, Refusal } from './api.js';
import { attempt, byId, code, element, onSubmit, pairs, say, show } from './dom.js';
import { refused } from './refusal.js';

/** The properties that the service and its SDK add to a row. */
const ADDED = ['etag', 'timestamp', 'odata.metadata'];
const SHOWN_CHARACTERS = 120;

/** The patient shown: its path, and whether reading it fails. */
let chosen = null;
let turn = 0;

export function startPatients(about) {
  const form = byId('patient-form');
  onSubmit(form, 'patient-status', async (fields) => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
    await add({ ...given, discretion: form.elements.discretion.checked });
    await choose(pathOf(fields.partitionKey, fields.rowKey), about);
    byId('ward-form').elements.ward.value = fields.partitionKey;
    await listWard({ ward: fields.partitionKey }, about);
    say('patient-status', 'Added. Change the number to add another.');
  });
  onSubmit(byId('ward-form'), 'ward-status', (fields) => listWard(fields, about));
  for (const id of ['find-ssn-form', 'find-name-form']) {
    onSubmit(byId(id), 'find-status', (fields) => find(fields, about));
  }
  onSubmit(byId('patient-change-form'), 'patient-change-status', (fields) => change(fields, about));
  byId('patient-delete').addEventListener('click', () => attempt('patient-change-status', () => discharge(about)));
  onSubmit(byId('patient-tamper-form'), 'patient-tamper-status', ({ property }) => tamper(property, about));
  byId('patient-replace').addEventListener('click', () =>
    attempt('patient-tamper-status', async () => {
      await callJson(`demonstration/patients/${chosen.path}/replace-as-older-program`, { method: 'POST' });
      await showPatient(chosen.path, about);
      say('patient-tamper-status', 'Stored again, without integrity entries.');
    }),
  );
}

const pathOf = (...keys) => keys.map(encodeURIComponent).join('/');

async function add(patient) {
  try {
    await callJson('patients', posted(patient));
  } catch (error) {
    if (!(error instanceof Refusal) || error.problem.status !== 409) throw error;
    throw new Error(`Ward ${patient.partitionKey} has a patient ${patient.rowKey} already. Choose another number.`);
  }
}

async function choose(path, about) {
  for (const id of ['patient-change-status', 'patient-tamper-status']) say(id, '');
  // before awaiting anything, so that later input of the user is kept
  byId('patient-change-form').reset();
  await showPatient(path, about);
  byId('patient-change-form').hidden = false;
  byId('patient-tamper-card').hidden = !about.demonstration;
}

async function listWard({ ward, since }, about) {
  const filter = since ? `?since=${encodeURIComponent(new Date(since).toISOString())}` : '';
  const patients = await callJson(`patients/${encodeURIComponent(ward)}${filter}`);
  const count = patients.length === 1 ? '1 patient' : `${patients.length} patients`;
  say('ward-status', `${count} in ward ${ward}.`);
  show(byId('ward-list'), ...patients.map((patient) => patientItem(patient, about)));
}

/** The patients found, and the filters sent to the service. */
async function find(fields, about) {
  const { patients, asked } = await callJson('patients/search', posted(fields));
  say('find-status', patients.length === 1 ? '1 patient found.' : `${patients.length} patients found.`);
  byId('find-sides').hidden = false;
  const nobody = element('p', { className: 'empty' }, 'Nobody. A search finds whole values, not parts of them.');
  const found = patients.map((patient) => patientItem(patient, about));
  show(byId('find-plain'), found.length === 0 ? nobody : element('ul', { className: 'tabs' }, ...found));
  show(byId('find-asked'), ...asked.map(code));
}

function patientItem({ partitionKey, rowKey, name, diagnosis }, about) {
  const path = pathOf(partitionKey, rowKey);
  const detail = element('small', {}, `ward ${partitionKey}, number ${rowKey}, ${diagnosis}`);
  const button = element('button', { type: 'button', ariaPressed: String(path === chosen?.path) }, name, detail);
  button.dataset.path = path;
  button.addEventListener('click', () =>
    attempt('ward-status', async () => {
      await choose(path, about);
      byId('patient-sides').scrollIntoView({ block: 'nearest' });
    }),
  );
  return element('li', {}, button);
}

/** Refreshes the ward that the list shows. */
const listAgain = (about) => listWard(Object.fromEntries(new FormData(byId('ward-form'))), about);

async function change(fields, about) {
  const { path } = chosen;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
  const patient = await callJson(`patients/${path}`, { ...posted(given), method: 'PATCH' });
  await choose(path, about);
  for (const button of byId('find-plain').querySelectorAll('button')) {
    if (button.dataset.path === path) button.parentElement.replaceWith(patientItem(patient, about));
  }
  await listAgain(about);
  say('patient-change-status', 'Changed, and stored under a new content key.');
}

async function discharge(about) {
  await callJson(`patients/${chosen.path}`, { method: 'DELETE' });
  chosen = null;
  for (const id of ['patient-change-form', 'patient-tamper-card']) byId(id).hidden = true;
  show(byId('patient-plain'), element('p', { className: 'empty' }, 'The patient is discharged.'));
  show(byId('patient-stored'), element('p', { className: 'empty' }, 'No row.'));
  byId('find-sides').hidden = true;
  say('find-status', '');
  await listAgain(about);
}

/** If two calls overlap, the later one is shown. */
async function showPatient(path, { demonstration }) {
  turn += 1;
  const own = turn;
  const [patient, row] = await Promise.all([read(`patients/${path}`), callJson(`storage/patients/${path}`)]);
  if (own !== turn) return;
  chosen = { path, isRefused: patient instanceof Refusal };
  markChosen();
  show(byId('patient-plain'), ...(chosen.isRefused ? refused(patient) : [pairs(textsOf(patient))]));
  show(byId('patient-stored'), encryptionOf(row), rowTable(row));
  if (!demonstration) return;
  const required = await read(`demonstration/patients/${path}/required`);
  if (own !== turn) return;
  byId('patient-required').textContent = required instanceof Refusal ? required.problem.code : 'read';
}

/** Marks it in both lists: the ward and the search results. */
function markChosen() {
  for (const button of document.querySelectorAll('button[data-path]')) {
    button.ariaPressed = String(button.dataset.path === chosen?.path);
  }
}

const textsOf = (patient) => Object.entries(patient).map(([name, value]) => [name, String(value)]);

/** The answer of the application, or its refusal. */
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

/** The encryption data of a row: tables use 1.0 in every SDK. */
function encryptionOf({ _ClientEncryptionMetadata1: text = '{}' }) {
  const { EncryptionAgent, WrappedContentKey } = JSON.parse(text);
  return pairs([
    ['Protocol', EncryptionAgent?.Protocol ?? 'none'],
    ['Key', WrappedContentKey?.KeyId ?? 'none'],
  ]);
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

const TAG = /^azcse_t_/;
/** The properties that are in plaintext and signed in the class of patients. */
const SIGNED = ['admitted', 'discretion'];

function kindOf(name, value) {
  if (TAG.test(name)) return 'tag, for searches';
  return `${typeof value}, ${SIGNED.includes(name) ? 'signed' : 'in plaintext'}`;
}

function rowLine(name, value) {
  const isBinary = typeof value === 'object' && value !== null && 'binary' in value;
  const text = String(isBinary ? value.binary : value);
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return element(
    'tr',
    {},
    element('td', { className: 'name' }, name),
    element('td', {}, isBinary ? 'binary, sealed' : kindOf(name, value)),
    element('td', { className: isBinary ? 'code sealed-value' : 'code', title: text }, cut),
  );
}
