/** The families of protocols that socket(2) knows. */

import { AF_UNIX } from '../../abi/socket.ts';
import type { SocketFamily } from './socket.ts';
import { UnixFamily } from './unix/family.ts';

export const families: ReadonlyMap<number, SocketFamily> = new Map([[AF_UNIX, new UnixFamily()]]);
