/**
 * k6: a rate that rises until the objective is missed.
 * What it does, its variables and its exit codes are those of script.ts.
 */
import { makeScript } from './script.ts';

const script = makeScript('breakpoint');
export const options = script.options;
export const setup = script.setup;
export const visit = script.visit;
export const handleSummary = script.handleSummary;
