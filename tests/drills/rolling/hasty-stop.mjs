// Sabotage: an instance that ends as soon as it is told to stop, instead of draining. Loaded before the service.
// No listener of our own: what is said before the service listens would go to it and be lost.
const on = process.on;

process.on = function onMessage(name, listener) {
  if (name !== 'message') return on.call(this, name, listener);
  return on.call(this, name, (message) => {
    if (message?.kind === 'stop') process.exit(0);
    listener(message);
  });
};
