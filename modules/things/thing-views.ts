import { Inject, Injectable } from '@nestjs/common';
import type { JsonObject } from '#kernel/json';
import { Id, Identifier, Integer, Optional } from '#platform/commands/fields';
import { Objects } from '#platform/dispatch/objects';
import { revised, type Revised } from '#platform/http/answers';
import type { PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { listThings } from '#read-models/things';
import { RevisionNotFound, ThingNotFound } from './thing.errors.js';
import type { Thing } from './thing.js';
import { categoryOf, toQuery, type ThingListParameters } from './thing-parameters.js';
import { represent, representDocument } from './thing-representation.js';

/** Which thing, and as of when. */
export class ThingParameters {
  @Identifier() noun: string;
  @Id() id: string;

  /** The thing as it was when this was its last revision. */
  @Optional(Integer({ min: 0 })) revision?: number;
}

/** Things as clients see them: a single one from its own stream, lists from the read model. */
@Injectable()
export class ThingViews {
  constructor(
    private readonly objects: Objects,
    @Inject(READ_STORE) private readonly store: ReadStore,
  ) {}

  /** Rejects with ThingNotFound where there is, or was, no such thing, and with RevisionNotFound where it has fewer events. */
  async get(tenant: string, { noun, id, revision }: ThingParameters): Promise<Revised> {
    const ref = { type: noun, id };
    const view = await (revision === undefined
      ? this.objects.load(tenant, ref)
      : this.objects.loadAt(tenant, ref, revision));
    const thing = view.state as Thing;
    if (revision !== undefined && view.revision < revision)
      throw new RevisionNotFound({ noun, id }, revision, view.revision);
    if (thing.status === 'absent') throw new ThingNotFound({ noun, id });
    return revised(represent({ noun, id }, thing, view.revision), view.revision);
  }

  /** Rejects with InvalidInput, InvalidWhereClause, InvalidCursor. */
  async list(tenant: string, parameters: ThingListParameters): Promise<PageOf<JsonObject>> {
    const { items, next } = await listThings(this.store, categoryOf(tenant, parameters), toQuery(parameters));
    return { items: items.map(({ document }) => representDocument(document)), next };
  }
}
