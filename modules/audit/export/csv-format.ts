import { csvCells, csvRow } from './csv.js';
import type { EventLetters, ExportEntry, ExportHeader, RecordEntry } from './export-entry.js';
import type { ExportFormat } from './export-format.js';

const COLUMNS = [
  ...['kind', 'record', 'leaf', 'recordedAt', 'type', 'stream', 'revision', 'actor', 'reason', 'id'],
  ...['data', 'metadata', 'proof'],
];

const BYTES = 'base64:';

/**
 * One row an entry, for spreadsheets. `actor` and `reason` are those of the metadata, for reading; `data` and `metadata` are to the
 * letter. Of a header, a checkpoint and the end, `data` is the header or the marks, `metadata` the root and `proof` the note.
 */
export const csvFormat: ExportFormat = {
  mediaType: 'text/csv',
  extension: 'csv',
  heading: csvRow(COLUMNS),
  quoted: true,
  encode(entry) {
    switch (entry.kind) {
      case 'header':
        return sparse({ kind: 'header', data: JSON.stringify(entry.header), proof: entry.note });
      case 'record':
        return recordRow(entry);
      case 'checkpoint': {
        const { records, root, marks, note } = entry;
        return sparse({ kind: 'checkpoint', record: records, data: marks, metadata: root, proof: note });
      }
      case 'end':
        return sparse({ kind: 'end', record: entry.records, metadata: entry.root, proof: entry.note });
    }
  },
  decode(text) {
    const cells = text.endsWith('\r\n') ? csvCells(text.slice(0, -2)) : undefined;
    if (cells?.length !== COLUMNS.length) return undefined;
    const row = Object.fromEntries(COLUMNS.map((name, i) => [name, cells[i]!]));
    const { kind, record, data, metadata: root, proof: note } = row as Record<string, string>;
    switch (kind) {
      case 'header':
        return { kind, header: JSON.parse(data!) as ExportHeader, note: note! };
      case 'checkpoint':
        return { kind, records: Number(record), root: root!, marks: data!, note: note! };
      case 'end':
        return { kind, records: Number(record), root: root!, note: note! };
      default:
        return recordIn(row);
    }
  },
};

function sparse(cells: Readonly<Record<string, string | number>>): string {
  return csvRow(COLUMNS.map((name) => cells[name] ?? ''));
}

function recordRow({ record, leaf, content, proof }: RecordEntry): string {
  const place = { record, leaf, proof: proof?.join(' ') ?? '' };
  if ('gone' in content) return sparse({ kind: 'gone', ...place, data: content.gone });
  const { recordedAt, type, stream, revision, id, data, metadata } = content.event;
  const kind = proof ? 'event' : 'leaf';
  const letters = { data: spelled(data), metadata: spelled(metadata) };
  return sparse({ kind, ...place, recordedAt, type, stream, revision, ...readable(metadata), id, ...letters });
}

function spelled(content: string | Uint8Array): string {
  return typeof content === 'string' ? content : BYTES + Buffer.from(content).toString('base64');
}

function readable(metadata: string | Uint8Array): { actor?: string; reason?: string } {
  if (typeof metadata !== 'string') return {};
  const value = JSON.parse(metadata) as { actor?: { type?: unknown; id?: unknown }; reason?: unknown } | null;
  const { type, id } = value?.actor ?? {};
  return {
    ...(typeof type === 'string' && typeof id === 'string' && { actor: `${type}:${id}` }),
    ...(typeof value?.reason === 'string' && { reason: value.reason }),
  };
}

function recordIn(row: Readonly<Record<string, string>>): ExportEntry {
  const { kind, recordedAt, type, stream, id, data, metadata, proof } = row as Record<string, string>;
  const place = { kind: 'record' as const, record: Number(row['record']), leaf: Number(row['leaf']) };
  const proven = kind === 'leaf' || (kind === 'gone' && proof === '') ? {} : { proof: proof ? proof.split(' ') : [] };
  if (kind === 'gone') return { ...place, content: { gone: data! }, ...proven };
  const event = {
    ...{ id, type, stream, revision: Number(row['revision']), recordedAt },
    ...{ data: lettersIn(data!), metadata: lettersIn(metadata!) },
  } as EventLetters;
  return { ...place, content: { event }, ...proven };
}

function lettersIn(cell: string): string | Uint8Array {
  return cell.startsWith(BYTES) ? Buffer.from(cell.slice(BYTES.length), 'base64') : cell;
}
