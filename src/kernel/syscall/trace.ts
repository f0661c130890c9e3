/** System calls as text. See strace(1). */

import { errnoNames } from '../../abi/errno.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import { syscallTable } from './table.ts';

/** `openat(-100, "/etc/passwd", 0x0, 00) = 3`: from the descriptor that decodes the call. */
export function traceLine(task: Task, number: number, registers: Int32Array, result: number): string {
  const call = syscallTable[number];
  const text =
    call === undefined
      ? `syscall_${number}()`
      : `${call.name}(${call.args.map((arg, i) => arg.format(arg.decode(registers, i), task)).join(', ')})`;
  return `${text} = ${formatResult(result)}`;
}

/** The last calls in the container of `task`, oldest first. Strings are read from its memory as it is now. */
export function recentCalls(task: Task): string[] {
  const lines: string[] = [];
  task.kernel.recentCalls.forEach(task.pid.namespace, (tid, name, number, registers, result) => {
    lines.push(`${tid} ${name} ${traceLine(task, number, registers, result)}`);
  });
  return lines;
}

function formatResult(result: number): string {
  if (result === BLOCKED) return '?';
  if (result >= 0) return result > 0xffffff ? `0x${result.toString(16)}` : String(result);
  const name = errnoNames[-result];
  return name === undefined ? `? (${-result})` : `-1 ${name}`;
}

/** Hand the finished call of a traced container to the platform. */
export function emitTrace(task: Task, number: number, result: number): void {
  const { words } = task;
  const registers = words.slice(0, 12);
  registers[0] = task.originalX0Low;
  registers[1] = task.originalX0High;
  const { numbers } = task.pid;
  task.kernel.platform.trace(
    task.cgroup.tracedAs!,
    `${numbers[numbers.length - 1]} ${task.comm} ${traceLine(task, number, registers, result)}`,
  );
}
