/** Test levels by suffix; `npm test -- spec` runs one of them. */
export default {
  testMatch: ['**/*.{spec,contract,e2e,simulation}.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/data/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  collectCoverageFrom: ['{apps,modules,read-models,projections,migrations}/**/*.ts', '!**/*.spec.ts'],
  testTimeout: 60_000,
};
