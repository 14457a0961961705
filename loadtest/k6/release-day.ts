/**
 * k6: the crowd before T, the step at T, the beginning of the long tail.
 * What it does, its variables and its exit codes are those of script.ts.
 */
import { makeScript } from './script.ts';

const script = makeScript('release-day');
export const options = script.options;
export const setup = script.setup;
export const visit = script.visit;
export const handleSummary = script.handleSummary;
