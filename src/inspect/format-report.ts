/** A report as text for people, or as JSON. What was stored is quoted so that it cannot steer a terminal. */
import type { Facts, FactValue, Finding, Report, Verification } from './report.js';

// eslint-disable-next-line no-control-regex -- control characters and those that turn the direction of text
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const LABEL_WIDTH = 26;

export const toJson = (report: Report): string => `${quoted(JSON.stringify(report, null, 2), '\n')}\n`;

export function toText({ inspected, findings }: Report): string {
  const head = Object.values(inspected).map(String).join(' ');
  const parts = findings.length === 0 ? ['nothing is there'] : findings.map(findingText);
  return `${quoted(head)}\n\n${parts.join('\n\n')}\n`;
}

function findingText({ facts, anomalies, notes, verification }: Finding): string {
  return [
    ...factLines(facts),
    ...(anomalies.length === 0 ? [line('anomalies', 'none')] : []),
    ...anomalies.map(({ code, text }) => line('ANOMALY', `${code}: ${text}`)),
    ...notes.map((note) => line('note', note)),
    ...(verification === undefined ? [] : verificationLines(verification)),
  ].join('\n');
}

function verificationLines(verification: Verification): string[] {
  if (!verification.verified) return [line('verification', `FAILED: ${verification.code}: ${verification.text}`)];
  const { plaintextBytes, sealedProperties } = verification;
  return [
    line('verification', `decrypts to ${plaintextBytes} bytes`),
    ...(sealedProperties === undefined ? [] : [line('sealed properties', sealedProperties.join(', ') || 'none')]),
  ];
}

const factLines = (facts: Facts): string[] =>
  Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => line(words(name), plain(value as FactValue)));

const line = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${quoted(text)}`;

/** `wrappedKeyBytes` to `wrapped key bytes`. */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function plain(value: FactValue): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([name, inner]) => `${name} ${plain(inner as FactValue)}`);
  return entries.length === 0 ? 'none' : entries.join(', ');
}

const quoted = (text: string, spared = ''): string =>
  text.replace(STEERING, (character) =>
    spared.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
