/** /proc/[pid]/net/protocols: the protocols and how many sockets of the namespace use each. Linux: proto_seq_show in net/core/sock.c. */

import { AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from '../../../abi/socket.ts';
import type { Socket } from '../../net/socket.ts';
import { file, type ProcContext, type ProcEntry } from './entry.ts';

/** What Linux says of one: the size of its structure, memory in use, pressure, the longest header, a cache of its own, its operations. */
interface Protocol {
  readonly name: string;
  readonly size: number;
  readonly memory: number;
  readonly pressure: string;
  readonly maxHeader: number;
  readonly slab: string;
  readonly operations: string;
  readonly uses: (socket: Socket) => boolean;
}

const protocol = (text: string, uses: Protocol['uses']): Protocol => {
  const [name, size, memory, pressure, maxHeader, slab, operations] = text.split(' ') as [string, ...string[]];
  return {
    name,
    size: Number(size),
    memory: Number(memory),
    pressure: pressure!,
    maxHeader: Number(maxHeader),
    slab: slab!,
    operations: operations!,
    uses,
  };
};

const of =
  (family: number, type: number) =>
  (socket: Socket): boolean =>
    socket.family === family && socket.type === type;
const IPPROTO_UDP = 17;
const udp = (family: number) => (socket: Socket) => of(family, SOCK_DGRAM)(socket) && socket.protocol === IPPROTO_UDP;
const ping = (family: number) => (socket: Socket) => of(family, SOCK_DGRAM)(socket) && socket.protocol !== IPPROTO_UDP;

/** In Linux's order, the last registered first. */
const PROTOCOLS: readonly Protocol[] = [
  protocol('PINGv6 1192 -1 NI 0 yes yyynnynnyyyyyyyyyn', ping(AF_INET6)),
  protocol('RAWv6 1192 -1 NI 0 yes yyynyyynyyyyyyyynn', of(AF_INET6, SOCK_RAW)),
  protocol('UDPv6 1344 0 NI 0 yes yyynyyynyyyynnyyyn', udp(AF_INET6)),
  protocol('TCPv6 2560 0 no 320 yes yyyyyyyyyyyynyyyyy', of(AF_INET6, SOCK_STREAM)),
  protocol('UNIX-STREAM 1024 -1 NI 0 yes ynnnnnnnnnnnnnnynn', of(AF_UNIX, SOCK_STREAM)),
  protocol('UNIX 1024 -1 NI 0 yes ynnnnnnnnnnnnnnnnn', (socket) => socket.family === AF_UNIX && socket.type !== SOCK_STREAM),
  protocol('PING 1000 -1 NI 0 yes yyynnynnyyyyyyyyyn', ping(AF_INET)),
  protocol('RAW 1008 -1 NI 0 yes yyynyyynyyyyyyyynn', of(AF_INET, SOCK_RAW)),
  protocol('UDP 1152 0 NI 0 yes yyynyyynyyyynnyyyn', udp(AF_INET)),
  protocol('TCP 2368 0 no 320 yes yyyyyyyyyyyynyyyyy', of(AF_INET, SOCK_STREAM)),
  protocol('NETLINK 1088 -1 NI 0 no nnnnnnnnnnnnnnnnnn', (socket) => socket.family === AF_NETLINK),
];

const HEADER = 'protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp em\n';

function protocols({ target }: ProcContext): string {
  const sockets = [...target.nsproxy.net.sockets];
  let text = HEADER;
  for (const { name, size, memory, pressure, maxHeader, slab, operations, uses } of PROTOCOLS) {
    const number = (value: number, width: number): string => String(value).padStart(width);
    const count = sockets.filter(uses).length;
    const columns = `${name.padEnd(9)} ${number(size, 4)} ${number(count, 6)}  ${number(memory, 6)}   ${pressure.padEnd(3)} ${number(maxHeader, 6)}   ${slab.padEnd(3)}  ${'kernel'.padEnd(10)}`;
    text += `${columns} ${[...operations].join('  ')}\n`;
  }
  return text;
}

export const protocolsFile: ProcEntry = file(0o444, protocols);
