/** State files of detached forwards. They contain no credentials. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {rm, stat, utimes} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {replaceFile} from '../../command-line/private-files.ts';
import {SpokeError, type ErrorObject} from '../../errors/spoke-error.ts';
import type {ClusterIdentity, Path, ResolvedTarget} from '../../evidence/evidence.ts';
import type {BoundAddress} from '../../streams/port-forward/forward-event.ts';
import {isProcessRunning, type ProcessIdentity} from './process-identity.ts';

/**
The private directory of their files. Each machine and container has its own: with a shared home directory, one cannot see the processes of
the other, and would take their forwards for ended.
*/
export const forwardsDirectory = {name: `forwards-${hostname().replaceAll(/[^\w.-]/g, '_')}`, contains: 'detached forwards'};

/** A local port, with the name of --host; `null`: of a forward without one. */
export type DetachedListener = {host: string | null; port: number};

export type ForwardStatus = {
	/** `f1`. */
	forward: string;
	state: 'starting' | 'ready' | 'interrupted';
	/** The pod of new connections; `null` until the forward is ready. */
	target: ResolvedTarget | null;
	remotePort: number | null;
	listen: readonly BoundAddress[];
	host: string | null;
	connections: {open: number; total: number; failed: number};
	/** Of the open tunnels: one of each pod and path. `null` with --path=never. */
	paths: readonly Path[] | null;
	/** Why it is interrupted. */
	error: ErrorObject | null;
};

export type DetachedForwardState = {
	/** Unique for each start, and in the names of its files. */
	id: string;
	/** Of the first target and its local port: `db-5432`. */
	name: string;
	process: ProcessIdentity;
	startedAt: string;
	/** On which it listens, or is about to. */
	listeners: readonly DetachedListener[];
	context: ClusterIdentity['context'];
	forwards: readonly ForwardStatus[];
	/** Why the forward ended by itself, else `null`. */
	ended: {time: string; error: ErrorObject} | null;
};

export type FoundForward = {
	state: DetachedForwardState;
	/** Its process is there, by id and start time. */
	isRunning: boolean;
	/** It has confirmed its state lately. */
	isCurrent: boolean;
};

/** A forward writes its state when it has changed, and otherwise confirms it, once in this time. */
export const stateIntervalMs = 1000;
const maxStateAgeMs = 5000;

export function logPath(directory: string, id: string): string {
	return join(directory, `${id}.log`);
}

export function hasStateFile(directory: string, id: string): boolean {
	return existsSync(statePath(directory, id));
}

/** @throws the system error */
export async function writeState(directory: string, state: DetachedForwardState): Promise<void> {
	await replaceFile(statePath(directory, state.id), `${JSON.stringify(state)}\n`);
}

/** @throws the system error */
export async function confirmState(directory: string, id: string): Promise<void> {
	await utimes(statePath(directory, id), new Date(), new Date());
}

/** Oldest first. Leaves out forwards that remove their state just now. */
export async function findForwards(directory: string | null): Promise<readonly FoundForward[]> {
	const names = directory === null ? [] : readdirSync(directory).filter(name => /^\w+\.json$/.test(name));
	const found = await Promise.all(names.map(async name => findForward(join(directory!, name))));
	return found.filter(one => one !== null).sort((a, b) => (a.state.startedAt < b.state.startedAt ? -1 : 1));
}

/** The directory is private, so the content is spoke's. */
async function findForward(path: string): Promise<FoundForward | null> {
	const read = () => JSON.parse(readFileSync(path, 'utf8')) as DetachedForwardState;
	try {
		const state = read();
		const {mtimeMs} = await stat(path);
		const isCurrent = Date.now() - mtimeMs < maxStateAgeMs;
		// A process writes why it ends before it ends.
		return (await isProcessRunning(state.process)) ? {state, isRunning: true, isCurrent} : {state: read(), isRunning: false, isCurrent};
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return null;
		}

		throw error;
	}
}

/** The forwards that `named`, a name or a local port, means. */
export function matchingForwards(forwards: readonly FoundForward[], named: string): readonly FoundForward[] {
	return forwards.filter(({state}) => state.name === named || localPorts(state).some(port => String(port) === named));
}

export function localPorts({listeners}: Pick<DetachedForwardState, 'listeners'>): readonly number[] {
	return [...new Set(listeners.map(({port}) => port))];
}

/**
One detached forward per local port and name of --host. `id`: the forward that asks.
@throws SpokeError ERR_PORT_IN_USE that names the forward that runs
*/
export async function assertPortsAreFree(
	directory: string,
	listeners: readonly DetachedListener[],
	id: string | null = null,
): Promise<void> {
	for (const {state, isRunning} of await findForwards(directory)) {
		const others = isRunning && state.id !== id ? state.listeners : [];
		const taken = listeners.find(({host, port}) => others.some(other => other.host === host && other.port === port));
		if (taken !== undefined) {
			const where = taken.host === null ? '' : ` of ${taken.host}`;
			throw new SpokeError(
				'ERR_PORT_IN_USE',
				`local port ${taken.port}${where} belongs to the detached forward ${state.name} (process ${state.process.pid})`,
				{remedy: `stop it with \`spoke forwards stop ${state.name}\`, or choose another local port`},
			);
		}
	}
}

/** Removes the state and the log of a forward that has ended. */
export async function removeForwardFiles(directory: string, id: string): Promise<void> {
	await Promise.all([statePath(directory, id), logPath(directory, id)].map(async path => rm(path, {force: true})));
}

function statePath(directory: string, id: string): string {
	return join(directory, `${id}.json`);
}
