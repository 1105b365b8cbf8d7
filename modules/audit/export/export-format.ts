import { areLetters, type ExportEntry } from './export-entry.js';
import { isBase64 } from './export-seal.js';
import { csvFormat } from './csv-format.js';
import { ndjsonFormat } from './ndjson-format.js';

/** How entries become text and text entries. Each entry has one spelling only, so that no letter can be changed unseen. */
export interface ExportFormat {
  readonly mediaType: string;
  readonly extension: string;
  /** What stands before the first entry. */
  readonly heading: string;
  /** Whether a line feed within quotes does not end the entry. */
  readonly quoted: boolean;
  encode(entry: ExportEntry): string;
  /** The entry of a text that ends where it ends; undefined, or an error, where it is none. */
  decode(text: string): ExportEntry | undefined;
}

export const EXPORT_FORMATS: Readonly<Record<'ndjson' | 'csv', ExportFormat>> = {
  ndjson: ndjsonFormat,
  csv: csvFormat,
};

function isWellFormed(entry: ExportEntry): boolean {
  if (entry.kind === 'header') return typeof entry.header === 'object' && entry.header !== null;
  if (entry.kind !== 'record') return Number.isSafeInteger(entry.records) && isBase64(entry.root);
  const { record, leaf, content, proof = [] } = entry;
  const isContent = 'gone' in content ? isBase64(content.gone) : areLetters(content.event);
  return [record, leaf].every(Number.isSafeInteger) && isContent && proof.every(isBase64);
}

/** The entry that the text is the one spelling of; undefined where it is of none. */
export function entryIn(text: string, format: ExportFormat): ExportEntry | undefined {
  try {
    const entry = format.decode(text);
    return entry && isWellFormed(entry) && format.encode(entry) === text ? entry : undefined;
  } catch {
    return undefined;
  }
}
