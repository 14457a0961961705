/** @module The double of `k6/execution`, as far as our scripts use it. */
import { requirePhase, runtime, strict } from '../runtime.ts';

function running(): typeof runtime.iteration {
  requirePhase(['iteration'], 'getting scenario information outside of the VU context is not supported');
  return runtime.iteration;
}

export const scenario = strict('execution.scenario', {
  get name(): string {
    return running().scenario;
  },
  get iterationInTest(): number {
    return running().inTest;
  },
  get iterationInInstance(): number {
    return running().inTest;
  },
});

export const vu = strict('execution.vu', {
  get idInTest(): number {
    return running().vu;
  },
});

export default strict('execution', { scenario, vu });
