/** Whether dist/ is older than the sources; apart and without dependencies, because the command asks at every start in a clone. */
const { existsSync, readdirSync, readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');

/** Names the command's bundle; as old as the build. */
const stamp = join(root, 'dist', '.built');

function isStale() {
  if (!existsSync(stamp) || !existsSync(join(root, 'dist', readFileSync(stamp, 'utf8')))) return true;
  const built = statSync(stamp).mtimeMs;
  const newer = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (newer(path)) return true;
      } else if (!path.endsWith('.test.ts') && statSync(path).mtimeMs > built) return true;
    }
    return false;
  };
  return newer(join(root, 'src')) || statSync(join(root, 'package-lock.json')).mtimeMs > built;
}

module.exports = { isStale, stamp };
