/* global rs, db, quit */
// Run by mongosh inside the container of MongoDB, again and again: sets the replica set up once, and fails until it has a primary.
try {
  rs.status();
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error;
  rs.initiate({ _id: 'perdure', members: [{ _id: 0, host: 'mongodb:27017' }] });
}
if (!db.hello().isWritablePrimary) quit(1);
