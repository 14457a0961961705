// Sabotage: an instance that ends as soon as it is told to stop, instead of draining. Loaded before the service.
process.on('message', (message) => {
  if (message?.kind === 'stop') process.exit(0);
});
