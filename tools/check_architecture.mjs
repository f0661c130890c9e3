/** Fails when a source file breaks the rules in architecture.json, or when there is nothing to check. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { root } from './run.mjs';

const { layers, maxLines } = JSON.parse(readFileSync(join(root, 'architecture.json'), 'utf8'));
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|(?:^|\n)\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
const problems = [];
const files = readdirSync(join(root, 'src'), { recursive: true })
  .map((file) => normalize(join('src', String(file))))
  .filter((file) => file.endsWith('.ts'));

/** Whether `layer` may import the file or folder `target` (a path below src). */
const allowed = (rule, layer, target) => {
  const parts = target.split(sep);
  return (
    parts[0] === layer ||
    rule.mayImport.some((edge) => target === edge || target.startsWith(`${edge}${sep}`) || target.startsWith(`${edge}.`))
  );
};

for (const file of files) {
  const layer = file.split(sep)[1];
  const rule = layers[layer];
  if (rule === undefined) {
    problems.push(`${file}: unknown layer "${layer}"; add it to architecture.json`);
    continue;
  }
  const text = readFileSync(join(root, file), 'utf8');
  const lines = text.split('\n').length - 1;
  const limit = maxLines.exceptions[file] ?? maxLines.default;
  if (lines > limit) problems.push(`${file}: ${lines} lines, limit ${limit}; split it by subject or verb`);
  if (file.endsWith('.test.ts')) continue;
  if (!file.endsWith('.d.ts') && !/^(#!.*\n)?\s*\/[*]{2}/.test(text))
    problems.push(`${file}: begins without the sentence that says what it is`);
  const code = text.replace(/\/[*][\s\S]*?[*]\/|(?<!:)\/\/.*/g, '');
  for (const [, from, bare, dynamic] of code.matchAll(IMPORT)) {
    const specifier = from ?? bare ?? dynamic;
    if (specifier.endsWith('/package.json')) continue;
    if (specifier.startsWith('.')) {
      const target = normalize(join(dirname(file), specifier))
        .split(sep)
        .slice(1)
        .join(sep);
      if (!allowed(rule, layer, target)) problems.push(`${file}: ${layer} may not import ${target}`);
    } else if (specifier.startsWith('node:')) {
      if (!rule.node) problems.push(`${file}: only hosts and cli may import "${specifier}"`);
    } else if (!rule.node && !rule.packages?.includes(specifier)) {
      problems.push(`${file}: ${layer} may not import the package "${specifier}"`);
    }
  }
  if (layer === 'kernel') {
    if (/\bthrow\b(?! new Panic)/.test(code))
      problems.push(`${file}: the kernel returns a negative errno; throw means a bug: throw new Panic(…)`);
    if (/(?<!')\basync\b|\bawait\b|\bPromise\b/.test(code)) problems.push(`${file}: the kernel is synchronous`);
    if (/^\s+(?:readonly\s+|static\s+|private\s+)*#\w/m.test(code))
      problems.push(`${file}: kernel state must be walkable: use private, not #`);
  }
}
if (files.length === 0) problems.push('no source files found');
for (const path of Object.keys(maxLines.exceptions))
  if (!files.includes(normalize(path))) problems.push(`architecture.json: exception for a missing file ${path}`);
console.log(problems.length ? problems.join('\n') : `architecture: ${files.length} files, no violations`);
process.exitCode = problems.length ? 1 : 0;
