import type { CataloguedEvent, EventCatalogue, StoredShape } from './catalogue.js';
import type { EventField } from './event-types.js';

const HEAD = `# Events

What can have happened, by the type of the event. Made from the sources by \`npm run generate\`: do not edit. The same for programs:
[events.json](events.json). \`*\` stands for what users name: a noun, a verb. Beside their data all events have metadata: tenant, actor,
command, correlation, cause, time and version of the shape.
`;

/** The catalogue for people to read. */
export function markdownOf({ events, retired }: EventCatalogue): string {
  const list = events.map(({ type }) => `- ${anchored(type)}`).join('\n');
  return [HEAD, list, ...events.map(sectionOf), ...retiredOf(retired)].join('\n\n') + '\n';
}

/** A link to the section, whose anchor the renderers of Markdown make from its heading, where that has letters. */
function anchored(type: string): string {
  const anchor = type.toLowerCase().replace(/[^\w-]/g, '');
  return anchor === '' ? `\`${type}\`` : `[\`${type}\`](#${anchor})`;
}

function sectionOf(event: CataloguedEvent): string {
  const { type, description, version, olderShapes, fields, projections, subscribers, file } = event;
  const facts = [
    `- Version ${version}, declared in [${file}](../${file})`,
    ...olderShapes.map((older) => `- ${readAs(older)}`),
    ...emittersOf(event),
    `- Projected by: ${projections.map((name) => `\`${name}\``).join(', ') || 'none'}`,
    ...(subscribers.length > 0 ? [`- Followed by: ${subscribers.map(link).join(', ')}`] : []),
  ];
  const parts = [`## \`${type}\``, description, facts.join('\n'), tableOf(fields)];
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}

function emittersOf({ emittedBy }: CataloguedEvent): string[] {
  return emittedBy.map(({ object, commands, file }) => {
    const by = commands.map((command) => `\`${command}\``).join(', ');
    if (object === undefined) return `- Emitted by: ${link(file)}`;
    return `- Emitted by: object type \`${object}\`${by && `, on ${by}`} (${link(file)})`;
  });
}

function link(file: string): string {
  return `[${file}](../${file})`;
}

function tableOf(fields: readonly EventField[]): string {
  if (fields.length === 0) return 'No data.';
  const rows = fields.map(({ name, type, optional, description = '' }) => {
    return `| \`${name}\`${optional ? '?' : ''} | \`${type.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')} |`;
  });
  return ['| field | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function retiredOf(shapes: readonly StoredShape[]): string[] {
  if (shapes.length === 0) return [];
  return ['## No longer written', shapes.map((shape) => `- ${readAs(shape)}`).join('\n')];
}

function readAs({ shape, readAs: shapes }: StoredShape): string {
  const now = shapes.map((each) => `\`${each}\``).join(' and ');
  return shapes.length === 0
    ? `Stored as \`${shape}\`: is no longer read`
    : `Stored as \`${shape}\`: is read as ${now}`;
}
