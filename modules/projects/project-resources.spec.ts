import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Command } from '#kernel/command';
import { DomainError, InvalidInput } from '#kernel/errors';
import { specification } from '#kernel/specification';
import { project } from './project.js';
import {
  AddResource,
  AllocateResource,
  ChangeResource,
  DeallocateResource,
  RemoveResource,
} from './project.commands.js';
import {
  AllocationExists,
  AllocationNotFound,
  CapacityBelowAllocated,
  OverAllocated,
  ProjectLimitReached,
  ResourceExists,
  ResourceInUse,
  ResourceNotFound,
} from './project.errors.js';
import type { ProjectEvent } from './project.events.js';
import { MAX_ALLOCATIONS, MAX_CAPACITIES, MAX_RESOURCES } from './project-resources.js';
import type { KnownProject } from './project-state.js';
import { stepsOf } from './utilisation.js';

const day = (number: number) => `2026-03-${String(number).padStart(2, '0')}T00:00:00.000Z`;
/** Things are decided on the 10th, and happen then unless said otherwise. */
const on = (occurred = 10) =>
  specification(project, {
    now: new Date(day(10)),
    occurredAt: new Date(day(occurred)),
    object: { type: 'project', id: 'p' },
  });
const given = on();

const target = { projectId: 'p', resourceId: 'desks' };
const created: ProjectEvent = {
  type: 'project.created',
  data: { name: 'Engine', tags: [], metadata: {}, owner: 'ada' },
};
const desks = { name: 'Desks', unit: 'desks', capacity: 10 };
const added: ProjectEvent = { type: 'project.resourceAdded', data: { resourceId: 'desks', ...desks } };
const begun = [created, added];

const allocated = (allocationId: string, amount: number, from: number, until?: number): ProjectEvent => ({
  type: 'project.resourceAllocated',
  data: {
    ...{ resourceId: 'desks', allocationId, assignee: 'ada', amount, from: day(from) },
    ...(until !== undefined && { until: day(until) }),
  },
});
const allocate = (allocationId: string, amount: number, from?: number, until?: number) =>
  AllocateResource.of({
    ...{ ...target, allocationId, assignee: 'ada', amount },
    ...(from !== undefined && { from: day(from) }),
    ...(until !== undefined && { until: day(until) }),
  });
const capacity = (amount: number, from?: number) =>
  ChangeResource.of({ ...target, capacity: amount, ...(from !== undefined && { from: day(from) }) });
const changed = (amount: number, from: number): ProjectEvent => ({
  type: 'project.capacityChanged',
  data: { resourceId: 'desks', capacity: amount, from: day(from) },
});
const deallocate = (allocationId: string) => DeallocateResource.of({ ...target, allocationId });
const deallocated = (allocationId: string, at: number): ProjectEvent => ({
  type: 'project.resourceDeallocated',
  data: { resourceId: 'desks', allocationId, at: day(at) },
});

describe('a resource', () => {
  it('is added once, renamed and removed', () => {
    given(created)
      .when(AddResource.of({ ...target, ...desks }))
      .then(added);
    given(...begun)
      .when(AddResource.of({ ...target, ...desks }))
      .thenNothing();
    given(...begun)
      .when(AddResource.of({ ...target, ...desks, capacity: 11 }))
      .thenFails(ResourceExists);
    given(...begun)
      .when(ChangeResource.of({ ...target, name: 'Tables' }))
      .then({ type: 'project.resourceRenamed', data: { resourceId: 'desks', name: 'Tables' } });
    given(...begun)
      .when(ChangeResource.of({ ...target, name: 'Desks', capacity: 10 }))
      .thenNothing();
    given(...begun)
      .when(RemoveResource.of(target))
      .then({ type: 'project.resourceRemoved', data: { resourceId: 'desks' } });
    given(created).when(RemoveResource.of(target)).thenFails(ResourceNotFound);
  });

  it('is not removed while any of it is allocated, now or later', () => {
    given(...begun, allocated('a', 1, 1))
      .when(RemoveResource.of(target))
      .thenFails(ResourceInUse);
    given(...begun, allocated('a', 1, 20, 21))
      .when(RemoveResource.of(target))
      .thenFails(ResourceInUse);
    given(...begun, allocated('a', 1, 1, 10))
      .when(RemoveResource.of(target))
      .then({ type: 'project.resourceRemoved', data: { resourceId: 'desks' } });
  });

  it('has a capacity that covers what is allocated from then on', () => {
    given(...begun, allocated('a', 8, 12, 20))
      .when(capacity(8))
      .then(changed(8, 10));
    given(...begun, allocated('a', 8, 12, 20))
      .when(capacity(7))
      .thenFails(CapacityBelowAllocated);
    given(...begun, allocated('a', 8, 12, 20))
      .when(capacity(0, 20))
      .then(changed(0, 20));
    given(...begun, allocated('a', 8, 1, 5))
      .when(capacity(0))
      .then(changed(0, 10));
    given(...begun, allocated('a', 8, 1, 5))
      .when(capacity(0, 4))
      .thenFails(CapacityBelowAllocated);
    given(...begun)
      .when(ChangeResource.of({ ...target, from: day(10) }))
      .thenFails(InvalidInput);
  });

  it('has a limited number of neighbours and of changes', () => {
    const many = Array.from({ length: MAX_RESOURCES }, (_, i): ProjectEvent => ({
      type: 'project.resourceAdded',
      data: { ...desks, resourceId: `r${i}` },
    }));
    given(created, ...many)
      .when(AddResource.of({ ...target, ...desks }))
      .thenFails(ProjectLimitReached);
    const changes = Array.from({ length: MAX_CAPACITIES - 1 }, (_, i): ProjectEvent => ({
      type: 'project.capacityChanged',
      data: { resourceId: 'desks', capacity: 20 + i, from: new Date(Date.parse(day(1)) + i).toISOString() },
    }));
    given(...begun, ...changes)
      .when(capacity(5))
      .thenFails(ProjectLimitReached);
    given(...begun, ...changes.slice(1))
      .when(capacity(5))
      .then(changed(5, 10));
  });
});

describe('an allocation', () => {
  it('begins when it happens, unless it says otherwise', () => {
    given(...begun)
      .when(allocate('a', 10))
      .then(allocated('a', 10, 10));
    on(3)(...begun)
      .when(allocate('a', 10))
      .then(allocated('a', 10, 3));
    given(...begun)
      .when(allocate('a', 10, 1, 2))
      .then(allocated('a', 10, 1, 2));
    const abroad = { from: '2026-03-01T02:00:00+02:00', until: '2026-03-02T02:00:00+02:00' };
    given(...begun)
      .when(AllocateResource.of({ ...target, allocationId: 'a', assignee: 'ada', amount: 1, ...abroad }))
      .then(allocated('a', 1, 1, 2));
  });

  it.each<[string, number | undefined, number]>([
    ['ends before it begins', 3, 2],
    ['ends where it begins', 3, 3],
    ['ends before now, where it begins now', undefined, 10],
  ])('is refused where it %s', (_case, from, until) => {
    given(...begun)
      .when(allocate('a', 1, from, until))
      .thenFails(InvalidInput);
  });

  it('asked for twice is one, and its id is no other’s', () => {
    given(...begun, allocated('a', 10, 10))
      .when(allocate('a', 10))
      .thenNothing();
    given(...begun, allocated('a', 10, 4))
      .when(allocate('a', 10))
      .thenNothing();
    given(...begun, allocated('a', 10, 4))
      .when(allocate('a', 10, 5))
      .thenFails(AllocationExists);
    given(...begun, allocated('a', 10, 4))
      .when(allocate('a', 9))
      .thenFails(AllocationExists);
  });

  it('follows another without a gap', () => {
    given(...begun, allocated('a', 10, 1, 5))
      .when(allocate('b', 10, 5, 9))
      .then(allocated('b', 10, 5, 9));
    given(...begun, allocated('a', 10, 5))
      .when(allocate('b', 10, 1, 5))
      .then(allocated('b', 10, 1, 5));
  });

  it('is refused where too little is free at any moment of its time, and told how much, and when', () => {
    const history = [...begun, allocated('a', 4, 2, 6), allocated('b', 5, 4, 8), allocated('c', 1, 5, 7)];
    given(...history)
      .when(allocate('d', 1, 1, 5))
      .then(allocated('d', 1, 1, 5));
    given(...history)
      .when(allocate('d', 1, 1, 6))
      .thenFails(OverAllocated);
    const error = refusal(() =>
      given(...history)
        .when(allocate('d', 1, 1, 9))
        .thenNothing(),
    );
    expect(error.message).toContain(`Of 10 desks only 0 are free from ${day(5)} until ${day(6)}`);
    expect(error.members).toEqual({ capacity: 10, allocated: 10, free: 0, from: day(5), until: day(6) });
    const open = refusal(() =>
      given(...begun, allocated('a', 7, 2))
        .when(allocate('d', 4))
        .thenNothing(),
    );
    expect(open.message).toContain(`Of 10 desks only 3 are free from ${day(10)} on`);
  });

  it('counts against the capacity of its time', () => {
    given(...begun, changed(2, 5))
      .when(allocate('a', 3, 1, 5))
      .then(allocated('a', 3, 1, 5));
    given(...begun, changed(2, 5))
      .when(allocate('a', 3, 1, 6))
      .thenFails(OverAllocated);
    given(...begun, changed(20, 5))
      .when(allocate('a', 20, 4, 6))
      .thenFails(OverAllocated);
    given(...begun, changed(20, 5))
      .when(allocate('a', 20, 5))
      .then(allocated('a', 20, 5));
  });

  it('ends when it is taken back, and never was where it had not begun', () => {
    given(...begun, allocated('a', 10, 1))
      .when(deallocate('a'))
      .then(deallocated('a', 10));
    given(...begun, allocated('a', 10, 1), deallocated('a', 10))
      .when(allocate('b', 10))
      .then(allocated('b', 10, 10));
    given(...begun, allocated('a', 10, 1), deallocated('a', 10))
      .when(allocate('b', 1, 9, 11))
      .thenFails(OverAllocated);
    given(...begun, allocated('a', 10, 12), deallocated('a', 10))
      .when(allocate('b', 9, 12))
      .then(allocated('b', 9, 12));
    on(1)(...begun, allocated('a', 10, 1))
      .when(deallocate('a'))
      .then(deallocated('a', 1));
    given(...begun, allocated('a', 10, 1), deallocated('a', 1))
      .when(deallocate('a'))
      .thenFails(AllocationNotFound);
  });

  it('that is over stays what it was', () => {
    given(...begun, allocated('a', 10, 1, 5))
      .when(deallocate('a'))
      .thenNothing();
    given(...begun, allocated('a', 10, 1, 10))
      .when(deallocate('a'))
      .thenNothing();
    given(...begun)
      .when(deallocate('a'))
      .thenFails(AllocationNotFound);
  });

  it('is one of a limited number', () => {
    const many = Array.from({ length: MAX_ALLOCATIONS }, (_, i) => allocated(`a${i}`, 1, 1, 2));
    given(...begun, ...many)
      .when(allocate('b', 1))
      .thenFails(ProjectLimitReached);
    given(...begun, ...many.slice(1))
      .when(allocate('b', 1))
      .then(allocated('b', 1, 10));
  });
});

const someDay = fc.integer({ min: 1, max: 28 });
const someAmount = fc.integer({ min: 0, max: 15 });
const anyCommand = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 9 }), someAmount, someDay, fc.option(someDay, { nil: undefined }))
    .map(([id, amount, from, until]) => allocate(`${id}`, amount + 1, from, until)),
  fc.integer({ min: 0, max: 9 }).map((id) => deallocate(`${id}`)),
  fc.tuple(someAmount, someDay).map(([amount, from]) => capacity(amount, from)),
);

it('no order of commands gives away more than there is, at any moment', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyCommand, someDay), { maxLength: 40 }), (asked) => {
      const history: ProjectEvent[] = [...begun];
      for (const [command, occurred] of asked) history.push(...decided(history, command, occurred));
      const { desks } = (on()(...history).state as KnownProject).resources;
      const occupancy = { capacities: desks!.capacities, allocations: Object.values(desks!.allocations) };
      const steps = stepsOf(occupancy, { from: Date.parse(day(1)), until: Infinity });
      expect(steps.filter(({ allocated, capacity }) => allocated > capacity)).toEqual([]);
    }),
  );
});

/** The command's events; none where it is refused. */
function decided(history: readonly ProjectEvent[], command: Command, occurred: number): readonly ProjectEvent[] {
  const { state } = on()(...history);
  const occurredAt = new Date(day(occurred));
  const object = { type: 'project', id: 'p' };
  const actor = { type: 'user', id: 'ada' };
  const context = { now: new Date(day(10)), occurredAt, tenant: 'main', actor, object, needs: {}, newId: () => 'new' };
  try {
    return project.decide(state, command, context);
  } catch (error) {
    if (error instanceof DomainError) return [];
    throw error;
  }
}

function refusal(work: () => void): DomainError {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}
