import { Inject, Injectable } from '@nestjs/common';
import type { JsonObject } from '#kernel/json';
import { Id, Identifier, Integer, Optional } from '#platform/commands/fields';
import { Objects } from '#platform/dispatch/objects';
import { revised, type Revised } from '#platform/http/answers';
import type { PageOf } from '#platform/http/paging';
import { Unsealing } from '#platform/erasure/unsealing';
import type { Window } from '#platform/read-store/edges';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { findNoun } from '#read-models/nouns';
import { countThings, listThings, thingEdges } from '#read-models/things';
import { isPersonalPath, type PersonalFields, personalFields, wholePersonalPath } from './personal-schema.js';
import { NothingMatches, PersonalFieldSealed, RevisionNotFound, ThingNotFound } from './thing.errors.js';
import type { LivingThing, Thing } from './thing.js';
import {
  categoryOf,
  type FirstThingParameters,
  pathsOf,
  type ThingFilterParameters,
  type ThingListParameters,
  toQuery,
} from './thing-parameters.js';
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
    private readonly unsealing: Unsealing,
  ) {}

  /** Rejects as `find` does. */
  async get(tenant: string, { noun, id, revision: asked }: ThingParameters): Promise<Revised> {
    const { thing, revision } = await this.find(tenant, { noun, id, revision: asked });
    return revised(represent({ noun, id }, thing, revision), revision);
  }

  /** Rejects with ThingNotFound where there is, or was, no such thing, and with RevisionNotFound where it has fewer events. */
  async find(
    tenant: string,
    { noun, id, revision }: ThingParameters,
  ): Promise<{ readonly thing: LivingThing; readonly revision: number }> {
    const ref = { type: noun, id };
    const view = await (revision === undefined
      ? this.objects.load(tenant, ref)
      : this.objects.loadAt(tenant, ref, revision));
    const thing = view.state as Thing;
    if (revision !== undefined && view.revision < revision)
      throw new RevisionNotFound({ noun, id }, revision, view.revision);
    if (thing.status === 'absent') throw new ThingNotFound({ noun, id });
    const data = (await this.unsealing.answer(tenant, thing.data)) as JsonObject;
    return { thing: { ...thing, data }, revision: view.revision };
  }

  /** Rejects with InvalidInput, InvalidWhereClause, PersonalFieldSealed, InvalidCursor. */
  async list(tenant: string, parameters: ThingListParameters): Promise<PageOf<JsonObject>> {
    await this.#refusePersonal(tenant, parameters);
    const fields = await this.#readableFields(tenant, parameters);
    const query = toQuery({ ...parameters, fields });
    const { items, next } = await listThings(this.store, categoryOf(tenant, parameters), query);
    const shown = items.map(({ document }) => representDocument(document));
    return { items: await this.unsealing.answers(tenant, shown), next };
  }

  /** A part of the list, each thing with its cursor. Rejects like `list`. */
  async edges(tenant: string, parameters: ThingFilterParameters & { sort?: string }, window: Window) {
    await this.#refusePersonal(tenant, parameters);
    const category = categoryOf(tenant, parameters);
    const edges = await thingEdges(this.store, category, toQuery(parameters), window);
    const documents = edges.items.map(({ item }) => item.document);
    const data = (await this.unsealing.answers(
      tenant,
      documents.map((document) => document.data),
    )) as JsonObject[];
    const items = edges.items.map(({ cursor }, index) => ({
      cursor,
      item: { ...documents[index]!, data: data[index]! },
    }));
    return { ...edges, items };
  }

  /** Rejects like `list`, and with NothingMatches. */
  async first(tenant: string, parameters: FirstThingParameters): Promise<JsonObject> {
    const { items } = await this.list(tenant, { ...parameters, limit: 1 });
    const [first] = items;
    if (!first) throw new NothingMatches(parameters.noun);
    return first;
  }

  /** Rejects with InvalidWhereClause, PersonalFieldSealed. */
  async count(tenant: string, parameters: ThingFilterParameters): Promise<number> {
    await this.#refusePersonal(tenant, parameters);
    return countThings(this.store, categoryOf(tenant, parameters), parameters);
  }

  /** What is sealed equals nothing and comes nowhere in an order: a query by it would answer wrongly. */
  async #refusePersonal(tenant: string, { noun, where, sort }: Partial<ThingListParameters>): Promise<void> {
    if (!where && sort === undefined) return;
    const personal = await this.#personalOf(tenant, noun!);
    if (personal.fields.length === 0) return;
    for (const [path, pointer] of pathsOf({ where, sort })) {
      if (isPersonalPath(personal, path)) throw new PersonalFieldSealed(noun!, path, pointer);
    }
  }

  /** Of what is sealed no part can be had: the whole is shown in its place. */
  async #readableFields(tenant: string, { noun, fields }: ThingListParameters): Promise<string | undefined> {
    if (!fields?.includes('.')) return fields;
    const personal = await this.#personalOf(tenant, noun);
    const whole = fields.split(',').map((path) => wholePersonalPath(personal, path));
    return [...new Set(whole)].join(',');
  }

  /** Which of the noun's fields are personal, as of moments ago. */
  async #personalOf(tenant: string, noun: string): Promise<PersonalFields> {
    const definition = await findNoun(this.store, tenant, noun);
    return personalFields(definition?.schema ?? undefined);
  }
}
