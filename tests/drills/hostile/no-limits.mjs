// Sabotage: a server that waits for everybody, and takes heads of any size. Loaded before the service.
const { LIMITS } = await import('../../../service/http1/server.ts');
Object.assign(LIMITS, {
  mostHeadBytes: Infinity,
  requestWithinMs: Infinity,
  idleMs: Infinity,
  takeWithinMs: Infinity,
});
