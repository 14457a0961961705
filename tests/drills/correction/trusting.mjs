// Sabotage: an instance that trusts its last poll, however old it is. Loaded before the service.
const { Publications } = await import('../../../service/lookup/publications.ts');

Object.defineProperty(Publications.prototype, 'pollAgeMs', { get: () => 0 });
