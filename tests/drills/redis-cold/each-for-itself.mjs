// Sabotage: every lookup that Redis cannot answer asks Postgres for itself. Loaded before the service.
const { PostgresFallback } = await import('../../../service/lookup/postgres-fallback.ts');
const { find } = PostgresFallback.prototype;
let asked = 0;

PostgresFallback.prototype.find = function findForItself(batch, digest) {
  const own = Buffer.from(digest);
  // Lookups share a query by what this says; Postgres is sent the bytes.
  own.toString = () => String((asked += 1));
  return find.call(this, batch, own);
};
