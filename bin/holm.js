#!/usr/bin/env node
// The holm command. In a clone it first builds what is missing or out of date. A CommonJS script run with V8's code cache: that
// saves half of the time to start.
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

const root = join(__dirname, '..');
const dist = join(root, 'dist');

/** Modules of Node that few commands need are loaded when they are used. */
const RARE = new Set(['node:child_process', 'node:crypto', 'node:http', 'node:https', 'node:net', 'node:tls', 'node:zlib']);
const load = (name) => (RARE.has(name) ? new Proxy({}, { get: (_, member) => require(name)[member] }) : require(name));

function readCache(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Keep the compiled functions for the next start, if the folder can be written. */
function keepCache(path, script) {
  try {
    writeFileSync(`${path}.${process.pid}`, script.createCachedData());
    renameSync(`${path}.${process.pid}`, path);
  } catch {}
}

async function start() {
  const tools = join(root, 'tools');
  if (existsSync(join(root, 'src')) && require(join(tools, 'stale.cjs')).isStale()) {
    (await import(pathToFileURL(join(tools, 'ensure_installed.mjs')))).ensureInstalled();
    await (await import(pathToFileURL(join(tools, 'build.mjs')))).build();
  }
  const filename = join(dist, readFileSync(join(dist, '.built'), 'utf8'));
  const cache = `${filename}.${process.version}-${process.arch}`;
  const cachedData = readCache(cache);
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, load, module, pathToFileURL(filename).href);
  await module.exports.main(process.argv.slice(2));
  // A run has used most of what others use, too.
  if (process.argv[2] === 'run' && (cachedData === undefined || script.cachedDataRejected)) keepCache(cache, script);
  // Not waiting for V8, which may still be optimising what is not needed any more.
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
}

start();
