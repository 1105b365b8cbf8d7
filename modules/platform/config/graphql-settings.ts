import { choice, wholeNumber } from './setting.js';

/** What GraphQL clients may ask for. */
export const graphqlSettings = {
  graphqlMaxDepth: wholeNumber(
    { name: 'PERDURE_GRAPHQL_MAX_DEPTH', meaning: 'Levels of fields that a GraphQL operation may nest.' },
    15,
    1,
    1_000,
  ),
  graphqlMaxAliases: wholeNumber(
    { name: 'PERDURE_GRAPHQL_MAX_ALIASES', meaning: 'Aliases that a GraphQL operation may have.' },
    50,
    0,
    100_000,
  ),
  graphqlMaxCost: wholeNumber(
    {
      name: 'PERDURE_GRAPHQL_MAX_COST',
      meaning: 'What a GraphQL operation may cost: 1 for each field, times the size of the pages that it is in.',
    },
    50_000,
    1,
    100_000_000,
  ),
  graphqlMaxTokens: wholeNumber(
    { name: 'PERDURE_GRAPHQL_MAX_TOKENS', meaning: 'Words and signs that a GraphQL document may have.' },
    5_000,
    10,
    1_000_000,
  ),
  graphqlIntrospection: choice(
    { name: 'PERDURE_GRAPHQL_INTROSPECTION', meaning: 'Whether clients may ask for the GraphQL schema.' },
    ['on', 'off'],
  ),
  graphqlMaxSockets: wholeNumber(
    { name: 'PERDURE_GRAPHQL_MAX_SOCKETS', meaning: 'WebSockets with GraphQL subscriptions that may be open.' },
    1_000,
    0,
    1_000_000,
  ),
  graphqlMaxSubscriptions: wholeNumber(
    { name: 'PERDURE_GRAPHQL_MAX_SUBSCRIPTIONS', meaning: 'Subscriptions that one WebSocket may have at a time.' },
    100,
    1,
    100_000,
  ),
  graphqlSlowSeconds: wholeNumber(
    {
      name: 'PERDURE_GRAPHQL_SLOW_SECONDS',
      meaning: 'Time that a message to a subscriber may wait to be read; then its WebSocket is closed with 4413.',
    },
    30,
    1,
    3_600,
  ),
};
