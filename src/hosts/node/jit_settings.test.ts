import { expect, test } from 'vitest';
import { parseJitSettings } from './jit_settings.ts';

test.each([
  ['', {}],
  ['off', { threshold: Number.POSITIVE_INFINITY }],
  ['maxRegions=100,share=0.5', { maxRegions: 100, share: 0.5 }],
  ['eager,quantum=0', { eager: true, quantum: 0 }],
])('"%s"', (text, settings) => {
  expect(parseJitSettings(text)).toEqual(settings);
});

test.each(['on', 'maxRegions', 'maxRegions=', 'maxRegions=many', 'eager=1', 'speed=9'])('"%s" is not a setting', (text) => {
  expect(() => parseJitSettings(text)).toThrow(`HOLM_JIT: not a setting of the JIT: "${text}"`);
});
