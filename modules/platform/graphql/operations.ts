import {
  type DocumentNode,
  type ExecutionArgs,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  type OperationTypeNode,
  NoSchemaIntrospectionCustomRule,
  parse,
  Source,
  specifiedRules,
  validate,
} from 'graphql';
import { fieldExtensionsEstimator, getComplexity, simpleEstimator } from 'graphql-query-complexity';
import { LRUCache } from 'lru-cache';
import { DomainError } from '#kernel/errors';
import type { Config } from '#platform/config/config';
import { sizeOf } from './document-size.js';
import { DocumentRefused } from './graphql.errors.js';
import { asGraphqlError } from './graphql-errors-shown.js';

type Limits = Pick<
  Config,
  'graphqlMaxDepth' | 'graphqlMaxAliases' | 'graphqlMaxCost' | 'graphqlMaxTokens' | 'graphqlIntrospection'
>;

/** What a client asks for. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
}

/** An operation that may be executed. */
export type Operation = Omit<ExecutionArgs, 'contextValue'> & { readonly kind: `${OperationTypeNode}` };

/** Documents that are remembered with what became of them, and the longest text that is. */
const REMEMBERED = { documents: 1_000, characters: 10_000 };

const ESTIMATORS = [fieldExtensionsEstimator(), simpleEstimator({ defaultComplexity: 1 })];

/** Reads and checks documents, and refuses what would cost too much before any of it is carried out. */
export class Operations {
  readonly #documents = new LRUCache<string, DocumentNode | readonly GraphQLError[]>({ max: REMEMBERED.documents });

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly limits: Limits,
  ) {}

  /** The operation, or what is wrong with it. */
  prepare({ query, operationName, variables }: OperationRequest): Operation | readonly GraphQLError[] {
    const document = this.#documentOf(query);
    if (!('kind' in document)) return document;
    const operation = getOperationAST(document, operationName);
    if (!operation) return [new GraphQLError('Name one of the operations of the document in operationName.')];
    const refusal = this.#refusalOfCost(document, operationName, variables);
    if (refusal) return [refusal];
    const { schema } = this;
    return { schema, document, operationName, variableValues: variables, kind: operation.operation };
  }

  #documentOf(text: string): DocumentNode | readonly GraphQLError[] {
    let known = this.#documents.get(text);
    if (!known) {
      known = this.#read(text);
      if (text.length <= REMEMBERED.characters) this.#documents.set(text, known);
    }
    return known;
  }

  #read(text: string): DocumentNode | readonly GraphQLError[] {
    try {
      const document = parse(new Source(text), { maxTokens: this.limits.graphqlMaxTokens });
      this.#refuseLarge(document);
      const rules =
        this.limits.graphqlIntrospection === 'on'
          ? specifiedRules
          : [...specifiedRules, NoSchemaIntrospectionCustomRule];
      const errors = validate(this.schema, document, rules, { maxErrors: 20 });
      return errors.length > 0 ? errors.map((error) => this.#named(error)) : document;
    } catch (error) {
      return [this.#named(asGraphqlError(error))];
    }
  }

  #refuseLarge(document: DocumentNode): void {
    const { depth, aliases, fields } = sizeOf(document);
    const { graphqlMaxDepth, graphqlMaxAliases, graphqlMaxCost } = this.limits;
    if (depth > graphqlMaxDepth) {
      throw over('graphql-too-deep', `nests ${depth} levels deep`, graphqlMaxDepth, 'PERDURE_GRAPHQL_MAX_DEPTH');
    }
    if (aliases > graphqlMaxAliases) {
      throw over(
        'graphql-too-many-aliases',
        `has ${aliases} aliases`,
        graphqlMaxAliases,
        'PERDURE_GRAPHQL_MAX_ALIASES',
      );
    }
    // Each field costs something: what is over already need not be weighed, which takes a step for each of them.
    if (fields > graphqlMaxCost) {
      throw over('graphql-too-costly', `has ${fields} fields`, graphqlMaxCost, 'PERDURE_GRAPHQL_MAX_COST');
    }
  }

  #refusalOfCost(
    query: DocumentNode,
    operationName: string | null | undefined,
    given: OperationRequest['variables'],
  ): GraphQLError | undefined {
    const limit = this.limits.graphqlMaxCost;
    try {
      const named = { operationName: operationName ?? undefined, variables: given ?? {} };
      const cost = getComplexity({ schema: this.schema, query, estimators: ESTIMATORS, ...named });
      if (cost <= limit) return undefined;
      return asGraphqlError(over('graphql-too-costly', `costs ${cost}`, limit, 'PERDURE_GRAPHQL_MAX_COST'));
    } catch (error) {
      return asGraphqlError(error instanceof DomainError ? error : new GraphQLError((error as Error).message));
    }
  }

  /** graphql-js tells by its message alone what it refuses for other reasons than the schema. */
  #named(error: GraphQLError): GraphQLError {
    if (error.originalError) return error;
    if (error.message.includes('tokens. Parsing aborted')) {
      const limit = this.limits.graphqlMaxTokens;
      return asGraphqlError(over('graphql-too-long', 'has more tokens', limit, 'PERDURE_GRAPHQL_MAX_TOKENS'));
    }
    if (error.message === 'Validation aborted.') {
      const message = 'The document asks for the same fields too often to compare them all. Ask for each of them once.';
      return asGraphqlError(new DocumentRefused('graphql-too-costly', message));
    }
    if (!error.message.startsWith('GraphQL introspection has been disabled')) return error;
    const message = 'Introspection is off (PERDURE_GRAPHQL_INTROSPECTION). Read docs/schema.graphql instead.';
    const { nodes } = error;
    return new GraphQLError(message, {
      nodes,
      originalError: new DocumentRefused('graphql-no-introspection', message),
    });
  }
}

function over(code: string, what: string, limit: number, setting: string): DocumentRefused {
  return new DocumentRefused(code, `The document ${what}; the limit is ${limit} (${setting}). Ask for less at once.`);
}
