/** NETLINK_SOCK_DIAG: programs ask which sockets a namespace has; a listing of those of a family, or one. Linux: net/core/sock_diag.c. See sock_diag(7). */

import { EINVAL, ENOENT, EOPNOTSUPP } from '../../../abi/errno.ts';
import { NLM_F_DUMP, NLM_F_MULTI } from '../../../abi/netlink.ts';
import { DCCPDIAG_GETSOCK, SOCK_DESTROY, SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK } from '../../../abi/sock_diag.ts';
import { AF_INET, AF_INET6, AF_UNIX } from '../../../abi/socket.ts';
import type { NetlinkRequest } from '../netlink/request.ts';
import { askInet } from './inet_diag.ts';
import { askUnix } from './unix_diag.ts';

const AF_MAX = 46;
/** struct sock_diag_req. */
const REQUEST_SIZE = 2;

/** How a family answers: 0 with `answers` filled in, or a negative errno. `all`: a listing. */
type Family = (request: NetlinkRequest, all: boolean) => number;

const families: ReadonlyMap<number, Family> = new Map<number, Family>([
  [AF_UNIX, askUnix],
  [AF_INET, askInet],
  [AF_INET6, askInet],
]);

export const isListing = ({ requested }: NetlinkRequest): boolean => (requested & NLM_F_DUMP) !== 0;

export function askSockDiag(request: NetlinkRequest): number {
  const { type, body } = request;
  if (type === TCPDIAG_GETSOCK || type === DCCPDIAG_GETSOCK) return -EOPNOTSUPP;
  if (type !== SOCK_DIAG_BY_FAMILY && type !== SOCK_DESTROY) return -EINVAL;
  if (body.length < REQUEST_SIZE || body[0]! >= AF_MAX) return -EINVAL;
  const family = families.get(body[0]!);
  if (family === undefined) return -ENOENT;
  if (type === SOCK_DESTROY) return -EOPNOTSUPP;
  const all = isListing(request);
  if (all) request.flags = NLM_F_MULTI;
  return family(request, all);
}
