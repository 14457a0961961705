export type Runtime = 'node' | 'bun' | 'fastest';
export const RUNTIME_FAULT: string;
export function chosenRuntime(env: NodeJS.ProcessEnv): Runtime | undefined;
export function runtimePath(runtime: Runtime): string;
export function runtimeFlags(path: string): string[];
export function ensureDependencies(options?: { dev?: boolean }): void;
export function handOver(
  runtime: Runtime,
  scriptUrl: URL | string,
  args: string[],
  options?: { dev?: boolean },
): void;
export function handOverToChosen(scriptUrl: URL, args: string[]): void;
