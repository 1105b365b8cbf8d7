import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projection } from '#kernel/projection';
import { upcaster } from '#kernel/upcaster';
import { eventCatalogue, type EventCatalogue } from './catalogue.js';
import { checkCatalogue, StaleCatalogue, writeCatalogue } from './catalogue-files.js';

const PROGRAM = {
  'tsconfig.json': '{ "compilerOptions": { "target": "ES2024", "module": "NodeNext", "strict": true } }',
  'modules/kernel/object-type.ts': `
    export interface EventOf<Type extends string, Data extends object> { readonly type: Type; readonly data: Data }
    export class ObjectType { on(command: unknown, decide: unknown): this { return this } }
    export function objectType<State, Event>(name: string): ObjectType { return new ObjectType() }`,
  'modules/tasks/task.events.ts': `
    import type { EventOf } from '../kernel/object-type.js';
    export interface Person {
      readonly id: string;
      /** As she likes it. */
      readonly name?: string;
    }
    export type TaskEvent =
      /** Somebody has something to do. */
      | EventOf<'task.created', {
          /** In a few words. */
          readonly title: string; readonly by: Person; readonly due?: string }>
      | EventOf<'task.failed', { readonly why: 'lost' | 'late' }>
      | EventOf<'task.completed', object>;`,
  'modules/tasks/task.ts': `
    import { objectType } from '../kernel/object-type.js';
    import type { TaskEvent } from './task.events.js';
    class CreateTask {} class CompleteTask {} class FinishTask {}
    const completed = () => [{ type: 'task.completed', data: {} }];
    function create() { return [{ type: 'task.created', data: {} }] }
    function complete(task: { status: string }) {
      if (task.status === 'task.created') return [];
      return task.status ? completed() : [{ type: task.status ? 'task.failed' : 'task.completed', data: {} }];
    }
    export const task = objectType<object, TaskEvent>('task').on(CreateTask, create).on(CompleteTask, complete)
      .on(FinishTask, () => completed());`,
  'modules/tasks/reminders.ts': `export const filter = { types: ['task.completed'] };`,
  'modules/users/notes.events.ts': `
    import type { EventOf } from '../kernel/object-type.js';
    interface NoteFacts {
      /** Was written. */
      written: { readonly text: string };
    }
    export type NoteEvent = { [Fact in keyof NoteFacts]: EventOf<\`\${string}.\${Fact}\`, NoteFacts[Fact]> }[keyof NoteFacts];`,
};

const titles = projection({
  name: 'titles',
  version: 1,
  readModel: { name: 'titles', indexes: [] },
  filter: { types: ['task.created'] },
  key: ({ stream }) => stream,
  evolve: () => null,
});

const upcasters = [
  upcaster('task.created@1', ['task.created@2'], ({ data }) => [{ type: 'task.created', data }]),
  upcaster('task.opened@1', ['task.created@1'], ({ data }) => [{ type: 'task.created', data }]),
  upcaster('task.looked-at@1', [], () => []),
];

describe('the event catalogue', () => {
  let folder: string;
  let catalogue: EventCatalogue;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    for (const [path, text] of Object.entries(PROGRAM)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    catalogue = eventCatalogue(folder, [titles], upcasters);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const event = (type: string) => catalogue.events.find((each) => each.type === type)!;

  it('has every type, with its fields as they are declared and what is said of them', () => {
    expect(catalogue.events.map(({ type }) => type)).toEqual([
      '*.written',
      'task.completed',
      'task.created',
      'task.failed',
    ]);
    expect(event('task.created')).toMatchObject({
      description: 'Somebody has something to do.',
      file: 'modules/tasks/task.events.ts',
      fields: [
        { name: 'title', type: 'string', optional: false, description: 'In a few words.' },
        { name: 'by', type: 'Person', optional: false },
        { name: 'by.id', type: 'string', optional: false },
        { name: 'by.name', type: 'string', optional: true, description: 'As she likes it.' },
        { name: 'due', type: 'string', optional: true },
      ],
    });
    expect(event('*.written')).toMatchObject({ description: 'Was written.', fields: [{ name: 'text' }] });
    expect(event('task.completed').fields).toEqual([]);
    expect(event('task.failed').fields).toEqual([{ name: 'why', type: "'late' | 'lost'", optional: false }]);
  });

  it('says who emits and who consumes it', () => {
    expect(event('task.created')).toMatchObject({
      emittedBy: [{ object: 'task', commands: ['CreateTask'], file: 'modules/tasks/task.ts' }],
      projections: ['titles'],
      subscribers: [],
    });
    expect(event('task.failed')).toMatchObject({ emittedBy: [{ object: 'task', commands: ['CompleteTask'] }] });
    expect(event('task.completed')).toMatchObject({
      emittedBy: [{ object: 'task', commands: ['CompleteTask', 'FinishTask'] }],
      projections: [],
      subscribers: ['modules/tasks/reminders.ts'],
    });
  });

  it('says in which shapes it may still be stored, and what became of others', () => {
    expect(event('task.created')).toMatchObject({
      version: 2,
      olderShapes: [{ shape: 'task.created@1', readAs: ['task.created@2'] }],
    });
    expect(event('task.completed')).toMatchObject({ version: 1, olderShapes: [] });
    expect(catalogue.retired).toEqual([
      { shape: 'task.looked-at@1', readAs: [] },
      { shape: 'task.opened@1', readAs: ['task.created@1'] },
    ]);
  });

  it('is the same whenever it is made', async () => {
    await writeCatalogue(catalogue, folder);
    const read = () => Promise.all(['events.md', 'events.json'].map((name) => readFile(join(folder, name), 'utf8')));
    const before = await read();
    await writeCatalogue(eventCatalogue(folder, [titles], upcasters), folder);
    expect(await read()).toEqual(before);
    expect(before[0]).toContain('| `by.name`? | `string` | As she likes it. |');
  });

  it('is found stale when the code, or the file, has been changed', async () => {
    await writeCatalogue(catalogue, folder);
    await checkCatalogue(catalogue, folder);
    await expect(checkCatalogue(eventCatalogue(folder, [], upcasters), folder)).rejects.toThrow(StaleCatalogue);

    await appendFile(join(folder, 'events.md'), 'By hand.\n');
    await expect(checkCatalogue(catalogue, folder)).rejects.toThrow(
      /^\S+events\.md are not what the code says any more\. Write them anew with: npm run generate$/,
    );
  });
});
