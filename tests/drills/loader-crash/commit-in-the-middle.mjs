// Loaded before the CLI by `drill:loader-crash -- --sabotage commit-in-the-middle`: a loader that commits its batch
// when the rows are there, and seals it afterwards. (The database's own trigger against it is dropped by the drill.)
import pg from 'pg';

const query = pg.Client.prototype.query;
pg.Client.prototype.query = function sabotaged(...args) {
  if (typeof args[0] === 'string' && args[0].includes('add_filter_chunk')) {
    query.call(this, 'commit').catch(() => {});
  }
  return query.apply(this, args);
};
