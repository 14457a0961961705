/**
 * k6: the first look at an installed system: half a minute that any machine carries.
 * What it does, its variables and its exit codes are those of script.ts.
 */
import { makeScript } from './script.ts';

const script = makeScript('smoke');
export const options = script.options;
export const setup = script.setup;
export const visit = script.visit;
export const handleSummary = script.handleSummary;
