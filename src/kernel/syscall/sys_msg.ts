/** msgget, msgsnd, msgrcv, msgctl. See the manual page of each. */

import { CAP_SYS_RESOURCE } from '../../abi/capability.ts';
import { EAGAIN, EIDRM, EINVAL, ENOMEM, ENOMSG, EPERM, ERESTARTNOHAND, isErrno } from '../../abi/errno.ts';
import * as ipc from '../../abi/ipc.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { fits, type Message, MessageQueue, MessageReceiver, PendingMessage, PRICE_MESSAGE } from '../ipc/msg.ts';
import { charge } from '../mm/price.ts';
import type { IpcNamespace } from '../namespace/ipc_namespace.ts';
import type { Task } from '../task/task.ts';
import { flags, int, long, ptr, size } from './args.ts';
import { high, low } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

const LONG = 8;
const PRICE_QUEUE = 640;
/** MSGMNI * MSGMNB / 1024, MSGMNB: the historical limits of struct msginfo. */
const MSGPOOL = 512000;
const MSGMNB = 16384;

const msgget = defineSyscall('msgget', [int('key'), flags('msgflg')], (task, key, flag) => {
  const ns = task.nsproxy.ipc;
  return ns.messageQueues.getOrCreate(task, {
    key,
    flags: flag,
    limit: ns.limits.msgmni,
    price: PRICE_QUEUE,
    check: () => 0,
    create: () => new MessageQueue(task, key, flag),
  });
});

/** What the call began with: kept across sleeps, copied in and checked otherwise. */
function beginSend(task: Task, id: number, address: number, length: number): PendingMessage | number {
  const kept = task.progress?.data;
  if (kept instanceof PendingMessage) return kept.queue.removed ? -EIDRM : kept;
  const mm = task.mm!;
  const failed = mm.readU64(address);
  if (failed < 0) return failed;
  const type = (mm.high | 0) * 4294967296 + mm.low;
  if (length > task.nsproxy.ipc.limits.msgmax || id < 0 || type < 1) return -EINVAL;
  const text = mm.copyIn(address + LONG, length);
  if (isErrno(text)) return text;
  const queue = task.nsproxy.ipc.messageQueues.get(id);
  return isErrno(queue) ? queue : new PendingMessage(queue, type, text);
}

const msgsnd = defineSyscall('msgsnd', [int('msqid'), ptr('msgp'), size('msgsz'), flags('msgflg')], (task, id, address, length, flag) => {
  const pending = beginSend(task, id, address, length);
  if (isErrno(pending)) return pending;
  const { queue, type, text } = pending;
  const refused = queue.permission(task, 0o222);
  if (refused < 0) return refused;
  if (!queue.hasRoom(text.length)) {
    if ((flag & ipc.IPC_NOWAIT) !== 0) return -EAGAIN;
    task.ensureProgress().data = pending;
    return task.block([queue.senders], { restart: ERESTARTNOHAND });
  }
  const payer = task.group.cgroup.memory;
  if (!charge(task.kernel, payer, PRICE_MESSAGE + text.length)) return -ENOMEM;
  queue.send(task, { type, text, payer });
  return 0;
});

/** The bytes given to the program, or a negative errno. */
function storeMessage(task: Task, { type, text }: Message, address: number, length: number): number {
  const mm = task.mm!;
  const failed = mm.writeU64(address, low(type), high(type));
  if (failed < 0) return failed;
  const part = length < text.length ? text.subarray(0, length) : text;
  return mm.copyOut(address + LONG, part) || part.length;
}

const msgrcv = defineSyscall(
  'msgrcv',
  [int('msqid'), ptr('msgp'), long('msgsz'), long('msgtyp'), flags('msgflg')],
  (task, id, address, length, type, flag) => {
    const kept = task.progress?.data;
    const receiver = kept instanceof MessageReceiver ? kept : null;
    if (receiver !== null && receiver.message !== null) return storeMessage(task, receiver.message, address, length);
    if (receiver?.waits === true) return receiver.queue.wait(receiver);
    if (id < 0 || length < 0) return -EINVAL;
    const copies = (flag & ipc.MSG_COPY) !== 0;
    if (copies && ((flag & ipc.MSG_EXCEPT) !== 0 || (flag & ipc.IPC_NOWAIT) === 0)) return -EINVAL;
    if (receiver?.queue.removed === true) return -EIDRM;
    const queue = receiver?.queue ?? task.nsproxy.ipc.messageQueues.get(id);
    if (isErrno(queue)) return queue;
    const refused = queue.permission(task, 0o444);
    if (refused < 0) return refused;
    const position = queue.find(type, flag);
    if (position < 0) {
      return (flag & ipc.IPC_NOWAIT) !== 0 ? -ENOMSG : queue.wait(new MessageReceiver(task, queue, type, flag, length));
    }
    const message = queue.messages[position]!;
    const tooBig = fits(message, length, flag);
    if (tooBig < 0) return tooBig;
    const stored = storeMessage(task, message, address, length);
    // A message that the program has no memory for is lost.
    if (!copies && stored !== NOT_RESIDENT) queue.take(task, position);
    return stored;
  },
);

const msgctl = defineSyscall('msgctl', [int('msqid'), int('cmd'), ptr('buf')], (task, id, command, address) => {
  if (id < 0) return -EINVAL;
  const ns = task.nsproxy.ipc;
  switch (command) {
    case ipc.IPC_INFO:
    case ipc.MSG_INFO:
      return msgInfo(task, ns, command, address);
    case ipc.IPC_STAT:
    case ipc.MSG_STAT:
    case ipc.MSG_STAT_ANY: {
      const queue = command === ipc.IPC_STAT ? ns.messageQueues.get(id) : ns.messageQueues.at(id);
      if (isErrno(queue)) return queue;
      const refused = command === ipc.MSG_STAT_ANY ? 0 : queue.permission(task, 0o444);
      if (refused < 0) return refused;
      return task.mm!.copyOut(address, msqidDs(task, queue)) || (command === ipc.IPC_STAT ? 0 : queue.id);
    }
    case ipc.IPC_SET: {
      const bytes = task.mm!.copyIn(address, ipc.MSQID_DS_SIZE);
      if (isErrno(bytes)) return bytes;
      const queue = ns.messageQueues.get(id);
      return isErrno(queue) ? queue : setQueue(task, queue, new DataView(bytes.buffer, bytes.byteOffset));
    }
    case ipc.IPC_RMID: {
      const queue = ns.messageQueues.get(id);
      if (isErrno(queue)) return queue;
      const refused = queue.mayControl(task);
      if (refused === 0) queue.destroy();
      return refused;
    }
    default:
      return -EINVAL;
  }
});

function setQueue(task: Task, queue: MessageQueue, view: DataView): number {
  const refused = queue.mayControl(task);
  if (refused < 0) return refused;
  const maxBytes = Number(view.getBigUint64(88, true));
  if (maxBytes > queue.namespace.limits.msgmnb && !task.cred.capable(CAP_SYS_RESOURCE, task.kernel.initialUserNs)) return -EPERM;
  const failed = queue.setPerm(task, view);
  if (failed < 0) return failed;
  queue.maxBytes = maxBytes;
  queue.ctime = task.kernel.now().seconds;
  queue.changed();
  return 0;
}

/** struct msginfo. */
function msgInfo(task: Task, ns: IpcNamespace, command: number, address: number): number {
  const { msgmax, msgmnb, msgmni } = ns.limits;
  const info = new Int32Array([MSGPOOL, MSGMNB, msgmax, msgmnb, msgmni, 16, MSGMNB, 0xffff]);
  if (command === ipc.MSG_INFO) {
    info[0] = ns.messageQueues.count;
    info[1] = ns.messageCount;
    info[6] = ns.messageBytes;
  }
  return task.mm!.copyOut(address, new Uint8Array(info.buffer)) || ns.messageQueues.maxIndex;
}

/** struct msqid64_ds. */
function msqidDs(task: Task, queue: MessageQueue): Uint8Array {
  const view = new DataView(new ArrayBuffer(ipc.MSQID_DS_SIZE));
  const { namespace } = task.pid;
  queue.writePerm(task, view);
  const longs = [queue.stime, queue.rtime, queue.ctime, queue.bytes, queue.messages.length, queue.maxBytes];
  for (const [i, value] of longs.entries()) view.setBigInt64(48 + 8 * i, BigInt(value), true);
  view.setInt32(96, queue.lastSender?.in(namespace) ?? 0, true);
  view.setInt32(100, queue.lastReceiver?.in(namespace) ?? 0, true);
  return new Uint8Array(view.buffer);
}

export const msgCalls: readonly Syscall[] = [msgget, msgsnd, msgrcv, msgctl];
