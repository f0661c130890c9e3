/** What $HOLM_JIT says of the JIT. */

import { HolmError } from '../../engine/error.ts';
import { JIT_DEFAULTS, type JitOptions } from '../../machine/jit/jit.ts';

/** Nothing is worth translating. */
export const JIT_OFF: Partial<JitOptions> = { threshold: Number.POSITIVE_INFINITY };

/**
 * From a list with commas: `off`, or options of the JIT as `name=number` (`maxRegions=1000`) and, of those that are true or
 * false, the name alone (`eager`).
 */
export function parseJitSettings(text: string): Partial<JitOptions> {
  const settings: Record<string, number | boolean> = {};
  for (const item of text.split(',').filter((one) => one !== '')) {
    if (item === 'off') {
      Object.assign(settings, JIT_OFF);
      continue;
    }
    const [name, value] = item.split('=') as [string, string | undefined];
    const known = JIT_DEFAULTS[name as keyof JitOptions];
    const parsed = typeof known === 'boolean' ? value === undefined : Number(value || 'none');
    if (known === undefined || parsed === false || Number.isNaN(parsed))
      throw new HolmError('EINVAL', `HOLM_JIT: not a setting of the JIT: "${item}"`);
    settings[name] = parsed;
  }
  return settings;
}
