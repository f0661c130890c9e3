#!/usr/bin/env node
// The holm command. In a clone it first builds what is missing or out of date.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../src', import.meta.url))) {
  const { ensureInstalled } = await import('../tools/ensure_installed.mjs');
  ensureInstalled();
  const { build } = await import('../tools/build.mjs');
  await build();
}
const { main } = await import('../dist/holm.js');
await main(process.argv.slice(2));
