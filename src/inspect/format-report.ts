/** Formats a report as text for people. Stored text is escaped so that it cannot control a terminal. */
import { escaped, printable } from '../encoding/printable.js';
import type { Facts, FactValue, Finding, Report, Verification } from './report.js';

const LABEL_WIDTH = 26;

export function toText({ inspected, findings }: Report): string {
  const named = Object.values(inspected).filter((value) => value !== undefined);
  const head = named.map(String).join(' ');
  const parts = findings.length === 0 ? ['nothing was found'] : findings.map(findingText);
  return `${escaped(head)}\n\n${parts.join('\n\n')}\n`;
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
  const { plaintextBytes, integrity, sealedProperties, signedProperties } = verification;
  return [
    line('verification', `decrypts to ${plaintextBytes} bytes`),
    line(
      'integrity',
      integrity === 'verified' ? 'the entries are valid' : 'there are no entries: changes may go unnoticed',
    ),
    ...(sealedProperties === undefined ? [] : [line('sealed properties', sealedProperties.join(', ') || 'none')]),
    ...(signedProperties === undefined ? [] : [line('signed properties', signedProperties.join(', ') || 'none')]),
  ];
}

const factLines = (facts: Facts): string[] =>
  Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => line(words(name), plain(value as FactValue)));

const line = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${escaped(text)}`;

/** Converts `wrappedKeyBytes` to `wrapped key bytes`. */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function plain(value: FactValue): string {
  if (typeof value !== 'object' || value === null) return printable(String(value));
  const entries = Object.entries(value).map(([name, inner]) => `${name} ${plain(inner as FactValue)}`);
  return entries.length === 0 ? 'none' : entries.join(', ');
}
