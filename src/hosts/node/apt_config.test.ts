import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAptConfig, readAptProxy } from './apt_config.ts';

function root(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'holm-apt-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

describe('apt configuration', () => {
  it('finds the archive in one-line sources', async () => {
    const directory = root({
      'etc/apt/sources.list': `# deb http://old.test/debian stable main
deb-src http://a.test/debian trixie main
deb http://security.test/debian-security trixie-security main
deb [signed-by=/keys/a.gpg arch=arm64] http://a.test/debian/ trixie main contrib # comment
`,
      'etc/apt/sources.list.d/other.list': 'deb http://b.test/repo bookworm stable\n',
      'keys/a.gpg': 'key',
      'usr/share/keyrings/debian-archive-keyring.gpg': 'ring',
    });
    expect(await readAptConfig(directory)).toEqual({
      mirror: 'http://a.test/debian',
      keyrings: [
        { name: '/keys/a.gpg', data: Buffer.from('key') },
        { name: '/usr/share/keyrings/debian-archive-keyring.gpg', data: Buffer.from('ring') },
      ],
      checkValidUntil: true,
    });
  });

  it('finds the archive in stanzas', async () => {
    const directory = root({
      'etc/apt/sources.list.d/debian.sources': `Types: deb deb-src
# a comment
URIs: http://m.test/debian
Suites: bookworm bookworm-updates
Components: main
Enabled: yes
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://off.test/debian
Suites: trixie
Components: main
Enabled: no
`,
      'etc/apt/sources.list.d/a.sources': 'Types: deb\nURIs: http://third.test/party\nSuites: bookworm\nComponents: main\n',
      'etc/apt/apt.conf.d/9x':
        '// Acquire::http::Proxy "http://commented";\nAcquire::Check-Valid-Until "false";\nAcquire::http::Proxy "http://proxy.test:3128/";\n',
    });
    const source = (await readAptConfig(directory))!;
    expect([source.mirror, source.checkValidUntil]).toEqual(['http://m.test/debian', false]);
    expect(Buffer.from(source.keyrings[0]!.data).toString()).toContain('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n');
    expect(await readAptProxy(directory)).toBe('http://proxy.test:3128/');
  });

  it('finds nothing where there is no apt or no Debian', async () => {
    expect(await readAptConfig(root({}))).toBe(null);
    expect(await readAptConfig(root({ 'etc/apt/sources.list': 'deb http://u.test/ubuntu noble main\ndeb cdrom:[x]/ trixie main\n' }))).toBe(
      null,
    );
  });
});
