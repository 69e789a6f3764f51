/** State files of detached forwards. They contain no credentials and no server. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {rm, rmdir, stat} from 'node:fs/promises';
import {hostname} from 'node:os';
import {dirname, join} from 'node:path';
import {replaceFile} from '../command-line/private-files.ts';
import {SpokeError, type ErrorObject} from '../errors/spoke-error.ts';
import {isProcessRunning, type ProcessIdentity} from './process-identity.ts';

/**
The private directory of their files. Each machine and container has its own: with a shared home directory, one cannot see the processes of
the other, and would take their forwards for ended.
*/
export const forwardsDirectory = {name: `forwards-${hostname().replaceAll(/[^\w.-]/g, '_')}`, contains: 'detached forwards'};

const version = 1;

/** A local port, with the name of --host; `null`: of a forward without one. */
export type DetachedListener = {host: string | null; port: number};

export type DetachedForwardState = {
	/** Unique for each start, and in the names of all its files. */
	id: string;
	/** Of the first target and its local port: `db-5432`. */
	name: string;
	process: ProcessIdentity;
	/** The forward ends with this process; `null` with --linger. */
	sessionLeader: ProcessIdentity | null;
	startedAt: string;
	/** On which it listens, or is about to. */
	listeners: readonly DetachedListener[];
	log: string;
	socket: string;
	/** Why the forward ended by itself, else `null`. */
	ended: {time: string; error: ErrorObject} | null;
};

/** `isRunning`: its process is there, by id and start time. */
export type FoundForward = {state: DetachedForwardState; isRunning: boolean};

export function statePath(directory: string, id: string): string {
	return join(directory, `${id}.json`);
}

export function logPath(directory: string, id: string): string {
	return join(directory, `${id}.log`);
}

/** Unless it would be too long. @see chooseSocketPath */
export function socketPath(directory: string, id: string): string {
	return join(directory, `${id}.sock`);
}

export function hasStateFile(directory: string, id: string): boolean {
	return existsSync(statePath(directory, id));
}

/** @throws the system error */
export async function writeState(directory: string, state: DetachedForwardState): Promise<void> {
	await replaceFile(statePath(directory, state.id), `${JSON.stringify({version, ...state}, null, '\t')}\n`);
}

/** Oldest first. Leaves out files that spoke has not written. */
export async function findForwards(directory: string | null): Promise<readonly FoundForward[]> {
	const states = directory === null ? [] : readStates(directory);
	return Promise.all(states.map(async state => ({state, isRunning: await isProcessRunning(state.process)})));
}

/** The forwards that `named`, a name or a local port, means. */
export function matchingForwards(forwards: readonly FoundForward[], named: string): readonly FoundForward[] {
	return forwards.filter(({state}) => state.name === named || localPorts(state).some(port => String(port) === named));
}

export function unknownForward(name: string): SpokeError {
	return new SpokeError('ERR_FORWARD_UNKNOWN', `no detached forward has the name or local port ${JSON.stringify(name)}`);
}

export function localPorts({listeners}: Pick<DetachedForwardState, 'listeners'>): readonly number[] {
	return [...new Set(listeners.map(({port}) => port))];
}

/** Keeps the state and the log of a forward that has ended by itself. @throws the system error */
export async function saveEnd(directory: string, id: string, error: ErrorObject): Promise<void> {
	const state = readState(statePath(directory, id));
	if (state !== null) {
		await writeState(directory, {...state, ended: {time: new Date().toISOString(), error}});
		await removeSocket(directory, state.socket);
	}
}

/** Removes the state, the log and the socket of a forward that has ended. */
export async function removeForwardFiles(directory: string, id: string): Promise<void> {
	const path = statePath(directory, id);
	await removeSocket(directory, readState(path)?.socket ?? socketPath(directory, id));
	await Promise.all([path, logPath(directory, id)].map(async path => rm(path, {force: true})));
}

/** An hour is longer than any start. */
const abandonedAfterMs = 60 * 60_000;

/** Removes the logs and sockets of starts that were killed before they had a state file. */
export async function removeAbandonedFiles(directory: string): Promise<void> {
	const names = readdirSync(directory);
	const abandoned = names.filter(name => /^\w+\.(?:log|sock)$/.test(name) && !names.includes(name.replace(/\w+$/, 'json')));
	for (const path of abandoned.map(name => join(directory, name))) {
		const stats = await stat(path).catch(() => null);
		if (stats !== null && Date.now() - stats.mtimeMs > abandonedAfterMs) {
			await rm(path, {force: true});
		}
	}
}

async function removeSocket(directory: string, socket: string): Promise<void> {
	await rm(socket, {force: true});
	if (dirname(socket) !== directory) {
		// A directory of the socket's own. It stays if it contains anything else.
		await rmdir(dirname(socket)).catch(() => undefined);
	}
}

function readStates(directory: string): readonly DetachedForwardState[] {
	return readdirSync(directory)
		.filter(name => /^\w+\.json$/.test(name))
		.flatMap(name => {
			const state = readState(join(directory, name));
			return state === null ? [] : [state];
		})
		.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

/** `null` if the forward removes its state just now. The directory is private, so the content is spoke's. */
function readState(path: string): DetachedForwardState | null {
	try {
		const file = JSON.parse(readFileSync(path, 'utf8')) as DetachedForwardState & {version: number};
		const {version: written, ...state} = file;
		return written === version ? state : null;
	} catch {
		return null;
	}
}
