// k6 has a console; its types do not say so. Written so that it also agrees with Node's own declaration.
interface Console {
  error(...data: unknown[]): void;
}
// oxlint-disable-next-line no-var
declare var console: Console;
