// Loaded before the service: a machine whose wall clock is wrong, by DRILL_CLOCK milliseconds or, when that is
// `jumps`, by another of three errors every 700 ms. What goes by the monotonic clock (performance.now, timers) stays
// right, as it does under an operating system that was set wrong.
const JUMPS_MS = [0, 60_000, -60_000];
const JUMP_EVERY_MS = 700;

const RealDate = Date;
const realNow = RealDate.now;
const told = process.env['DRILL_CLOCK'] ?? '0';
const errorMs =
  told === 'jumps'
    ? () => JUMPS_MS[Math.floor(performance.now() / JUMP_EVERY_MS) % JUMPS_MS.length]
    : () => Number(told);
const now = () => realNow() + errorMs();

RealDate.now = now;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: (target) => new target(now()).toString(),
});
RealDate.prototype.constructor = globalThis.Date;
// Read from the wall clock once, when the process starts.
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + errorMs() });
