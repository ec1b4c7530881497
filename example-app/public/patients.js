/** Patients: added, read, and their stored row. */
import { callJson, posted } from './api.js';
import { byId, element, onSubmit, pairs, say, show } from './dom.js';

/** What the service and its SDK add to a row. */
const ADDED = ['etag', 'timestamp', 'odata.metadata'];
const SHOWN_CHARACTERS = 120;

export function startPatients() {
  const form = byId('patient-form');
  onSubmit(form, 'patient-status', async (fields) => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
    await callJson('patients', posted({ ...given, discretion: form.elements.discretion.checked }));
    await showPatient([fields.partitionKey, fields.rowKey].map(encodeURIComponent).join('/'));
    say('patient-status', 'Added. Change the number to add another.');
  });
}

async function showPatient(path) {
  const [patient, row] = await Promise.all([callJson(`patients/${path}`), callJson(`storage/patients/${path}`)]);
  show(byId('patient-plain'), pairs(Object.entries(patient).map(([name, value]) => [name, String(value)])));
  show(byId('patient-stored'), rowTable(row));
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
