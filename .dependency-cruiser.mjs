/** The arrows of the architecture, a named rule each. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    rule(
      'kernel-imports-nothing',
      'The vocabulary is pure: no Node, no Nest, no library.',
      { path: '^modules/kernel', pathNot: '\\.spec\\.ts$' },
      { pathNot: '^modules/kernel' },
    ),
    rule(
      'platform-knows-no-context',
      'The platform serves contexts, never the other way round.',
      { path: '^modules/platform', pathNot: '\\.spec\\.ts$' },
      { path: '^(modules/(?!kernel|platform)|read-models|projections|apps)' },
    ),
    rule(
      'contexts-meet-outside',
      'Contexts meet through events, commands and read models.',
      { path: '^modules/((?!kernel|platform)[^/]+)/' },
      { path: '^modules/(?!kernel|platform)[^/]+/', pathNot: '^modules/$1/' },
    ),
    rule(
      'modules-do-not-import-apps',
      'Apps put modules together.',
      { path: '^(modules|read-models|projections|migrations)' },
      { path: '^apps' },
    ),
    rule(
      'projections-are-pure',
      'Projections know the kernel, event types and read-model types.',
      { path: '^projections', pathNot: '\\.spec\\.ts$' },
      { pathNot: '^(projections|read-models|modules/kernel|modules/[^/]+/[^/]+\\.events\\.ts$)' },
    ),
    rule(
      'read-models-know-the-kernel',
      'A read model is a document type, its indexes and its queries.',
      { path: '^read-models', pathNot: '\\.spec\\.ts$' },
      { pathNot: '^(read-models|modules/kernel|modules/platform/(read-store|http)/)' },
    ),
    rule(
      'adapters-know-their-port',
      'An adapter reaches no other part of the platform than its own port and the SQLite file.',
      {
        path: '^modules/platform/(event-store|read-store|jobs)/',
        pathNot: 'jobs/jobs\\.(module|controller|resolver)\\.ts$|\\.spec\\.ts$',
      },
      { path: '^modules/platform/', pathNot: '^modules/platform/(($1|sqlite)/|in-time)' },
    ),
    rule(
      'production-does-not-import-tests',
      'Tests stay out of what is shipped.',
      { path: '^(apps|modules|read-models|projections|migrations)', pathNot: '\\.spec\\.ts$' },
      { path: '^test/' },
    ),
    rule(
      'graphql-is-loaded-when-asked-for',
      'It takes as long to load as the rest: what is there at the start reaches it by import() only.',
      {
        path: '^(apps|modules)',
        pathNot: '(\\.resolver|-graphql\\.module|thing-type|\\.spec)\\.ts$|^modules/platform/graphql/',
      },
      {
        path: '^modules/platform/graphql/(?!graphql\\.module|graphql-endpoint|socket-request)|(\\.resolver|-graphql\\.module)\\.ts$|node_modules/(graphql|@nestjs/graphql|graphql-ws|ws)/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'graphql-endpoint-is-light',
      'The routes of GraphQL are there from the start, GraphQL itself is not.',
      {
        path: '^modules/platform/graphql/(graphql\\.module|graphql-endpoint|socket-request|browser-page|graphql\\.errors)\\.ts$',
      },
      {
        path: '^modules/platform/graphql/(?!graphql-endpoint|socket-request|browser-page|graphql\\.errors)|node_modules/(graphql|@nestjs/graphql|graphql-ws|ws)/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'no-circles',
      'Read top to bottom once.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'no-development-packages',
      'What is shipped runs on what is shipped. The event catalogue is made by developers, with the compiler.',
      { path: '^(apps|modules|read-models|projections|migrations)', pathNot: '\\.spec\\.ts$|^apps/catalogue/' },
      { dependencyTypes: ['npm-dev'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
