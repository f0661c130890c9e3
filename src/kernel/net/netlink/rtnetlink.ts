/** What rtnetlink does with each type of message. Linux: rtnl_register in net/core/rtnetlink.c and its callers. See rtnetlink(7). */

import * as n from '../../../abi/netlink.ts';
import type { NetlinkRequest } from './request.ts';
import { deleteAddress, listAddresses, newAddress } from './rtnetlink_address.ts';
import { deleteLink, getLink, listLinks, newLink, setLink } from './rtnetlink_link.ts';
import { getNsid, listNothing, listRules, newNsid } from './rtnetlink_misc.ts';
import { deleteRoute, getRoute, listRoutes, newRoute } from './rtnetlink_route.ts';

/** 0 or a negative errno; answers go into the request. */
type Action = (request: NetlinkRequest) => number;

interface Handler {
  readonly act: Action | null;
  /** With NLM_F_DUMP. */
  readonly list: Action | null;
}

const act = (action: Action): Handler => ({ act: action, list: null });

export const handlers: ReadonlyMap<number, Handler> = new Map([
  [n.RTM_NEWLINK, act(newLink)],
  [n.RTM_SETLINK, act(setLink)],
  [n.RTM_DELLINK, act(deleteLink)],
  [n.RTM_GETLINK, { act: getLink, list: listLinks }],
  [n.RTM_NEWADDR, act(newAddress)],
  [n.RTM_DELADDR, act(deleteAddress)],
  [n.RTM_GETADDR, { act: null, list: listAddresses }],
  [n.RTM_NEWROUTE, act(newRoute)],
  [n.RTM_DELROUTE, act(deleteRoute)],
  [n.RTM_GETROUTE, { act: getRoute, list: listRoutes }],
  [n.RTM_GETRULE, { act: null, list: listRules }],
  [n.RTM_GETNEIGH, { act: null, list: listNothing }],
  [n.RTM_NEWNSID, act(newNsid)],
  [n.RTM_GETNSID, { act: getNsid, list: null }],
]);
