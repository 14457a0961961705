// Sabotage: a service that takes 100 µs more when the candidate number is somebody's, as a look into a table of
// numbers would. Loaded before the service; every number of the drill's candidates begins like this.
const parse = JSON.parse;
const EXTRA_MS = 0.1;

JSON.parse = function parseSlowly(...args) {
  const value = parse.apply(this, args);
  if (typeof value?.candidateNumber === 'string' && value.candidateNumber.startsWith('26330101')) {
    const until = performance.now() + EXTRA_MS;
    while (performance.now() < until);
  }
  return value;
};
