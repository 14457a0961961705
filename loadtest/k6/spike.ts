/**
 * k6: a quiet service that is hit within a second.
 * What it does, its variables and its exit codes are those of script.ts.
 */
import { makeScript } from './script.ts';

const script = makeScript('spike');
export const options = script.options;
export const setup = script.setup;
export const visit = script.visit;
export const handleSummary = script.handleSummary;
