/** Containers of one engine: with everything private none sees anything of another; what is shared is seen. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Container, type ContainerOptions, createEngine, type Engine } from '../../src/hosts/node/index.ts';
import { dataDirectory, debianImage } from '../support/debian_image.ts';

/** Everything that can be made of each kind, left by a process that lives on. */
const MAKE = `
hostname a-name
ipcmk -Q >/dev/null; ipcmk -M 8192 >/dev/null; ipcmk -S 3 >/dev/null
echo posix >/dev/shm/of-a
mount -t tmpfs of-a /mnt
exec perl -e '
  use Socket;
  socket(my $abstract, AF_UNIX, SOCK_STREAM, 0); bind($abstract, pack_sockaddr_un("\\0of-a")) or die; listen($abstract, 5) or die;
  socket(my $named, AF_UNIX, SOCK_STREAM, 0); bind($named, pack_sockaddr_un("/run/of-a")) or die; listen($named, 5) or die;
  socket(my $tcp, AF_INET, SOCK_STREAM, 0); bind($tcp, pack_sockaddr_in(4242, INADDR_LOOPBACK)) or die; listen($tcp, 5) or die;
  $0 = "of-a"; $| = 1; print "ready\\n"; sleep'
`;

/** One line for each thing that can be seen from here. */
const LOOK = `
echo name $(uname -n) $(cat /proc/sys/kernel/hostname)
echo processes $(cat /proc/[0-9]*/comm | grep -c of-a)
echo queues $(ipcs -q | grep -c ^0x) $(grep -vc key /proc/sysvipc/msg)
echo segments $(ipcs -m | grep -c ^0x) $(grep -vc key /proc/sysvipc/shm)
echo semaphores $(ipcs -s | grep -c ^0x) $(grep -vc key /proc/sysvipc/sem)
echo shm $(ls /dev/shm)
echo mounts $(grep -c of-a /proc/self/mountinfo)
echo sockets $(grep -c of-a /proc/net/unix) $(grep -c ':1092 .* 0A ' /proc/net/tcp)
echo cgroup $(cat /proc/self/cgroup)
perl -e '
  use Socket;
  my %to = (abstract => pack_sockaddr_un("\\0of-a"), named => pack_sockaddr_un("/run/of-a"), tcp => pack_sockaddr_in(4242, INADDR_LOOPBACK));
  for (sort keys %to) { socket(my $s, $_ eq "tcp" ? AF_INET : AF_UNIX, SOCK_STREAM, 0); print "connect $_ ", connect($s, $to{$_}) ? "yes" : $!, "\\n"; }'
`;

const KINDS = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'];

let available = false;
let engine: Engine;
let a: Container;

const base: ContainerOptions = { image: 'debian', command: ['sleep', 'infinity'] };

async function started(options: Partial<ContainerOptions>): Promise<Container> {
  const container = await engine.containers.create({ ...base, ...options });
  await container.start();
  return container;
}

/** What LOOK says, by subject. */
async function look(container: Container): Promise<Record<string, string>> {
  const { stdout, stderr } = await container.exec(['sh', '-c', LOOK]);
  expect(stderr).toBe('');
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => [line.replace(/^((?:connect )?\S+).*$/, '$1'), line.replace(/^(?:connect )?\S+ ?/, '')]),
  );
}

async function namespacesOf(container: Container): Promise<string[]> {
  const { stdout } = await container.exec(['sh', '-c', `cd /proc/self/ns; for kind in ${KINDS.join(' ')}; do readlink $kind; done`]);
  return stdout.trim().split('\n');
}

beforeAll(async () => {
  available = await debianImage();
  if (!available) return;
  engine = await createEngine({ dataDirectory });
  a = await started({ name: 'aa', ipc: 'shareable', privileged: true, command: ['sh', '-c', MAKE] });
  const reader = a.process.stdout.getReader();
  await reader.read();
  reader.releaseLock();
}, 900_000);

afterAll(async () => {
  await engine?.close();
});

const NOTHING = {
  processes: '0',
  queues: '0 0',
  segments: '0 0',
  semaphores: '0 0',
  shm: '',
  mounts: '0',
  sockets: '0 0',
  cgroup: '0::/',
  'connect abstract': 'Connection refused',
  'connect named': 'No such file or directory',
  'connect tcp': 'Connection refused',
};

describe('containers of one engine (need a Debian mirror)', () => {
  it('see their own', async (context) => {
    context.skip(!available, 'no debian image');
    expect(await look(a)).toEqual({
      name: 'a-name a-name',
      ...{ processes: '1', queues: '1 1', segments: '1 1', semaphores: '1 1', shm: 'of-a', mounts: '1', sockets: '2 1', cgroup: '0::/' },
      ...{ 'connect abstract': 'yes', 'connect named': 'yes', 'connect tcp': 'yes' },
    });
  });

  it('see nothing of each other', async (context) => {
    context.skip(!available, 'no debian image');
    await using b = await started({ hostname: 'b-name', userns: 'private' });
    expect(await look(b)).toEqual({ ...NOTHING, name: 'b-name b-name' });
    const [theirs, own] = [await namespacesOf(a), await namespacesOf(b)];
    for (const [i, kind] of KINDS.entries()) expect([kind, own[i]]).not.toEqual([kind, theirs[i]]);
    // Not even their cgroup, device numbers of mounts or network devices have a name here.
    const { stdout } = await b.exec(['sh', '-c', 'ls /sys/class/net; ls /dev/pts; cat /proc/net/dev | tail -n +3 | cut -d: -f1']);
    expect(stdout.split(/\s+/).filter((word) => word !== '')).toEqual(['lo', 'ptmx', 'lo']);
    const alive = await b.exec(['sh', '-c', 'for pid in $(seq 2 99); do kill -0 $pid 2>/dev/null && [ $pid != $$ ] && echo $pid; done']);
    expect(alive.stdout).toBe('');
  });

  it('see what they share: PID namespace', async (context) => {
    context.skip(!available, 'no debian image');
    await using b = await started({ hostname: 'b-name', pid: 'container:aa' });
    expect(await look(b)).toEqual({ ...NOTHING, name: 'b-name b-name', processes: '1' });
    expect((await b.exec(['cat', '/proc/1/comm'])).stdout).toBe('of-a\n');
  });

  it('see what they share: IPC namespace', async (context) => {
    context.skip(!available, 'no debian image');
    await using b = await started({ hostname: 'b-name', ipc: 'container:aa' });
    expect(await look(b)).toEqual({
      ...NOTHING,
      ...{ name: 'b-name b-name', queues: '1 1', segments: '1 1', semaphores: '1 1', shm: 'of-a' },
    });
  });

  it('see what they share: network namespace', async (context) => {
    context.skip(!available, 'no debian image');
    await using b = await started({ hostname: 'b-name', network: 'container:aa' });
    expect(await look(b)).toEqual({
      ...NOTHING,
      ...{ name: 'b-name b-name', sockets: '2 1', 'connect abstract': 'yes', 'connect tcp': 'yes' },
    });
  });

  it('have the namespaces of the engine where they ask for them', async (context) => {
    context.skip(!available, 'no debian image');
    const host = { ipc: 'host', pid: 'host', uts: 'host', network: 'host', cgroupns: 'host' } as const;
    await using b = await started(host);
    await using c = await started(host);
    const [one, two] = [await namespacesOf(b), await namespacesOf(c)];
    expect(KINDS.filter((_, i) => one[i] !== two[i])).toEqual(['mnt']);
    expect((await look(b))['processes']).toBe('1');
  });
});
