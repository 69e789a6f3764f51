/** Spec of `spoke forwards`. */
import {helpFlag, outputFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec, Invocation} from '../command.ts';

const flags = [
	{name: 'all', kind: 'boolean', help: 'with stop: all detached forwards'},
	{name: 'follow', short: 'f', kind: 'boolean', help: 'with logs: continue until the forward ends'},
	outputFlag('with list: text, or json: one DetachedForward object per forward'),
	helpFlag,
] as const;

export type ForwardsInvocation = Invocation<typeof flags>;

/** The first argument. */
export const forwardsVerbs = ['list', 'stop', 'logs', 'check'] as const;

export const forwardsSpec = {
	name: 'forwards',
	summary: 'list and stop detached forwards, show their logs, and check sets of forwards',
	usage: [
		'forwards [list] [-o json]',
		'forwards stop NAME|PORT…',
		'forwards stop --all',
		'forwards logs NAME|PORT [-f]',
		'forwards check SET|FILE',
	],
	about:
		'A detached forward runs in the background; `spoke port-forward --detach` starts it. It outlives its terminal, and ends when you stop it or when it cannot continue.\n' +
		'list shows the ports of each forward, its pod and the path of its open tunnels. It reports forwards that have ended by themselves once, and removes their state and their log.\n' +
		'stop ends the forwards with these names or local ports, and returns when they have ended. It exits 8 if a name or port has no forward.\n' +
		'check prints each problem of a set of forwards (a file in ~/.config/spoke/forwards) with file and line, or else the first local port that two of its forwards use, and exits 2 if it finds one. `spoke --forwards SET` starts a set with the session.',
	examples: [
		['spoke port-forward svc/db 5432 --detach', 'start one'],
		['spoke forwards list', 'all of them, with the path of each'],
		['spoke forwards logs db-5432 -f', 'follow the log of a forward'],
		['spoke forwards stop 5432', 'end the one with that local port'],
		['spoke forwards check shop', 'check the set shop'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
