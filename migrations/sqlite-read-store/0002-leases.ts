/** Who does the work that only one process may do at a time. */
export const leases = `
  CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL, -- empty where it was given back
    token INTEGER NOT NULL,
    beat INTEGER NOT NULL
  ) WITHOUT ROWID;
`;
