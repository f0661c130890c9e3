/** Progress of long work: a bar that is redrawn on a terminal, a line for each phase otherwise. */

import type { Progress } from '../hosts/node/index.ts';

const BAR = 24;
const REDRAW = 80; // milliseconds

function amount(value: number, unit: Progress['unit']): string {
  if (unit !== 'bytes') return String(value);
  if (value < 1e6) return `${(value / 1e3).toFixed(0)} kB`;
  return `${(value / 1e6).toFixed(1)} MB`;
}

function describe({ done, total, unit }: Progress): string {
  const of = total > 0 ? ` / ${amount(total, unit)}` : '';
  return `${amount(done, unit)}${of}${unit === 'bytes' ? '' : ` ${unit}`}`;
}

export class ProgressDisplay {
  private readonly terminal: boolean = process.stderr.isTTY === true;
  private phase = '';
  private last: Progress | null = null;
  private drawn = 0;

  /** To be given to calls that report progress. */
  readonly show = (progress: Progress): void => {
    if (progress.phase !== this.phase) {
      this.finishPhase();
      this.phase = progress.phase;
      if (!this.terminal) process.stderr.write(`${progress.phase} …\n`);
    }
    this.last = progress;
    const now = Date.now();
    if (this.terminal && now - this.drawn >= REDRAW) {
      this.drawn = now;
      this.draw(progress);
    }
  };

  /** The work is over, or has failed: leaves the cursor on a line of its own. */
  end(): void {
    this.finishPhase();
    this.phase = '';
  }

  private finishPhase(): void {
    if (this.last === null) return;
    if (this.terminal) {
      this.draw(this.last);
      process.stderr.write('\n');
    } else if (this.last.total > 0 || this.last.done > 0) process.stderr.write(`${this.phase}: ${describe(this.last)}\n`);
    this.last = null;
  }

  private draw(progress: Progress): void {
    const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
    const filled = Math.round(share * BAR);
    const bar = progress.total > 0 ? `[${'='.repeat(filled)}${' '.repeat(BAR - filled)}] ` : '';
    const width = (process.stderr.columns ?? 80) - 1;
    process.stderr.write(`\r${`${progress.phase.padEnd(28)} ${bar}${describe(progress)}`.slice(0, width)}\x1b[K`);
  }
}
