/** Worlds in which random programs are compared, by the way in which translated code is used. */

import type { JitOptions } from '../../../src/machine/jit/jit.ts';
import { buildInterpreter } from '../../../src/machine/machine.ts';
import { type Result, type TrialOptions, tryProgram } from './trial.ts';
import { MachineWorld, ReferenceWorld } from './world.ts';

const EAGER = { eager: true, maxRegions: 512 } as const;

export const MODES = {
  /** Every region at first sight, with what it calls. */
  eager: { ...EAGER, threshold: 0 },
  /** … alone. */
  single: EAGER,
  /** … which ends at every transfer that takes fuel. */
  exits: { ...EAGER, threshold: 0, quantum: 0 },
  /** … and is soon forgotten. */
  small: { ...EAGER, threshold: 0, maxRegions: 9 },
  /** What is sampled once is translated. */
  sampled: { threshold: 1, portion: 4, share: 1e9, maxRegions: 512 },
} satisfies Record<string, Partial<JitOptions>>;

export type ModeName = keyof typeof MODES;

const image = buildInterpreter();

export class Stand {
  private readonly interpreter = new MachineWorld('interpreter', { interpreter: image, jit: { threshold: Infinity } });
  private readonly reference = new ReferenceWorld();
  private readonly modes = new Map<ModeName, MachineWorld>();

  /** All of the worlds anew. */
  fresh(): Stand {
    return new Stand();
  }

  renew(): void {
    this.modes.clear();
  }

  try(seed: number, mode: ModeName, { reference = false, ...options }: TrialOptions & { reference?: boolean } = {}): Result {
    let world = this.modes.get(mode);
    if (!world) {
      world = new MachineWorld(mode, { interpreter: image, jit: MODES[mode], codeBlocks: mode === 'small' ? 2 : 16, firstBlocks: 1 });
      this.modes.set(mode, world);
    }
    if (!reference) return tryProgram([this.interpreter, world], seed, options);
    // It is slow.
    return tryProgram([this.interpreter, this.reference, world], seed, { fuel: 5, ...options });
  }
}
