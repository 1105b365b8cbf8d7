import type { Projection } from '#kernel/projection';
import { operations, operationWishes } from '../operations/operation.js';
import { asOfCopies } from './building/as-of.js';
import { projectionBuilds } from './building/build-record.js';
import { eventOrigins } from './event-origin.js';
import { parkedEvents } from './parked-events.js';
import { pausedProjections } from './paused-projections.js';
import { UnusableProjections } from './projecting.errors.js';

/** What the platform fills itself. */
const OWN: ReadonlySet<string> = new Set(
  [parkedEvents, projectionBuilds, pausedProjections, eventOrigins, asOfCopies, operations, operationWishes].map(
    ({ name }) => name,
  ),
);

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Throws UnusableProjections where a projection is incomplete or two are in each other's way. */
export function checkProjections(projections: readonly Projection<object>[]): void {
  const problems = projections.flatMap((projection, index) => [
    ...incomplete(projection, index),
    ...clashes(projection, projections.slice(0, index)),
  ]);
  if (problems.length > 0) throw new UnusableProjections(problems);
}

function* incomplete(projection: Projection<object>, index: number): Generator<string> {
  const { name, version } = projection;
  const readModel = (projection as Partial<Projection<object>>).readModel;
  const which = name ? `Projection '${name}'` : `Projection number ${index + 1}`;
  if (!NAME.test(name ?? '')) {
    yield `${which} has no usable name: add "name: '<letters, digits, - or _>'" to its projection({…}).`;
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    yield `${which} has no version: add "version: 1" to its projection({…}), and let it grow by one when its meaning changes.`;
  }
  if (!readModel?.name) {
    yield `${which} has no read model: add "readModel: { name: '<collection>', indexes: [] }" to its projection({…}).`;
  }
  if (readModel?.name && OWN.has(readModel.name)) {
    yield `${which} fills '${readModel.name}', which the platform keeps itself: give its readModel another name.`;
  }
}

function* clashes(projection: Projection<object>, earlier: readonly Projection<object>[]): Generator<string> {
  if (earlier.some(({ name }) => name === projection.name)) {
    yield `Two projections are called '${projection.name}': change the line "name: '${projection.name}'" of one of them.`;
  }
  const rival = earlier.find(({ readModel }) => readModel?.name && readModel.name === projection.readModel?.name);
  if (rival && rival.name !== projection.name) {
    const model = projection.readModel.name;
    yield `Projections '${rival.name}' and '${projection.name}' both fill '${model}': give one of them another readModel name, for a rebuild of either empties it.`;
  }
}
