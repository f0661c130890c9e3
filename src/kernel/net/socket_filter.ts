/** Programs that decide what a socket receives, and how much of it. Linux: net/core/filter.c, sk_attach_filter, sk_filter_trim_cap. See socket(7). */

import { BPF_MAXINSNS, SOCK_FILTER_SIZE, SOCK_FPROG_SIZE } from '../../abi/bpf_classic.ts';
import { EINVAL, ENOENT, ENOMEM, EPERM, isErrno } from '../../abi/errno.ts';
import { isWellFormed, PACKET_INSTRUCTIONS } from '../bpf/check_classic.ts';
import { ClassicProgram, runClassic } from '../bpf/classic_program.ts';
import { charge, uncharge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import type { Socket } from './socket.ts';

const PRICE = 256;
const NO_WORDS: Uint32Array = new Uint32Array(0);

const priceOf = (program: ClassicProgram): number => PRICE + program.length * SOCK_FILTER_SIZE;

/** `bytes` are a struct sock_fprog. */
export function attachFilter(task: Task, socket: Socket, bytes: Uint8Array): number {
  if (bytes.length !== SOCK_FPROG_SIZE) return -EINVAL;
  if (socket.filterLocked) return -EPERM;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(0, true);
  if (count === 0 || count > BPF_MAXINSNS) return -EINVAL;
  const instructions = task.mm!.copyIn(view.getUint32(8, true) + view.getUint32(12, true) * 4294967296, count * SOCK_FILTER_SIZE);
  if (isErrno(instructions)) return instructions;
  const program = new ClassicProgram(instructions);
  if (!isWellFormed(program, PACKET_INSTRUCTIONS)) return -EINVAL;
  if (!charge(socket.kernel, socket.payer, priceOf(program))) return -ENOMEM;
  dropFilter(socket);
  socket.filter = program;
  return 0;
}

export function detachFilter(socket: Socket): number {
  if (socket.filterLocked) return -EPERM;
  if (socket.filter === null) return -ENOENT;
  dropFilter(socket);
  return 0;
}

export function dropFilter(socket: Socket): void {
  if (socket.filter !== null) uncharge(socket.payer, priceOf(socket.filter));
  socket.filter = null;
}

/** How much of a packet the socket takes: at least `least` bytes, or -1 if it takes nothing of it. */
export function accepted({ filter }: Socket, packet: Uint8Array, least = 0): number {
  if (filter === null) return packet.length;
  const wanted = runClassic(filter, NO_WORDS, packet);
  return wanted === 0 ? -1 : Math.min(packet.length, Math.max(least, wanted));
}
