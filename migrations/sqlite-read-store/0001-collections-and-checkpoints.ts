/** What is known of the collections, whose own tables `define` makes, and how far projections have come. */
export const collectionsAndCheckpoints = `
  CREATE TABLE read_collections (
    name TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL -- JSON: table, key columns, indexes
  ) WITHOUT ROWID;

  CREATE TABLE projection_checkpoints (
    projection TEXT NOT NULL PRIMARY KEY,
    position TEXT NOT NULL,
    version INTEGER NOT NULL
  ) WITHOUT ROWID;
`;
