/** Progress of long work: a bar that is redrawn on a terminal, a line for each phase and now and then one between otherwise. */

import type { Progress } from '../hosts/node/index.ts';

const BAR = 24;
/** Milliseconds between two drawings of the bar, and between two plain lines. */
const REDRAW = 80;
const REPEAT = 10_000;

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
    const now = Date.now();
    if (progress.phase !== this.phase) {
      this.finishPhase();
      this.phase = progress.phase;
      if (!this.terminal) {
        this.drawn = now;
        process.stderr.write(`${progress.phase} …\n`);
      }
    }
    this.last = progress;
    if (now - this.drawn < (this.terminal ? REDRAW : REPEAT)) return;
    this.drawn = now;
    this.draw(progress);
  };

  /** The work is over, or has failed: leaves the cursor on a line of its own. */
  end(): void {
    this.finishPhase();
    this.phase = '';
  }

  private finishPhase(): void {
    if (this.last === null) return;
    if (this.terminal || this.last.total > 0 || this.last.done > 0) this.draw(this.last);
    if (this.terminal) process.stderr.write('\n');
    this.last = null;
  }

  private draw(progress: Progress): void {
    if (!this.terminal) return void process.stderr.write(`${progress.phase}: ${describe(progress)}\n`);
    const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
    const filled = Math.round(share * BAR);
    const bar = progress.total > 0 ? `[${'='.repeat(filled)}${' '.repeat(BAR - filled)}] ` : '';
    const width = (process.stderr.columns ?? 80) - 1;
    process.stderr.write(`\r${`${progress.phase.padEnd(28)} ${bar}${describe(progress)}`.slice(0, width)}\x1b[K`);
  }
}
