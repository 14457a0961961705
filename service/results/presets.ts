/**
 * The four exams' definitions that staff start from (domain.md).
 */
import { readFileSync } from 'node:fs';

export const PRESET_NAMES = ['gaokao', 'xuekao', 'cet', 'ntce-interview'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** The preset's YAML, to print, edit and add. */
export function readPreset(name: PresetName): string {
  return readFileSync(new URL(`./presets/${name}.yaml`, import.meta.url), 'utf8');
}
