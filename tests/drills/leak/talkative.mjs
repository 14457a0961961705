// Sabotage: a service that logs what it receives, as an access log with bodies would. Loaded before the service.
const { Connection } = await import('../../../service/http1/connection.ts');
const { received } = Connection.prototype;
Connection.prototype.received = function talkative(bytes) {
  process.stdout.write(`${JSON.stringify({ level: 'debug', msg: 'received', text: bytes.toString() })}\n`);
  received.call(this, bytes);
};
