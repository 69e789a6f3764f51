/** The pod of remote command tests, and how its connection fails. */
import type {Socket} from 'node:net';
import {Readable} from 'node:stream';
import type {ExecutionContext} from 'ava';
import type {ConnectionObserver} from '../../source/streams/connection-observer.ts';
import type {ResolvedTarget} from '../../source/cluster/targets/parse-target.ts';
import {openRemoteCommand, type RemoteCommand} from '../../source/streams/remote-command/open-remote-command.ts';
import type {ScriptedServer} from './api-server.ts';
import {type CommandOptions, type CommandScript, startCommandServer} from './command-server.ts';
import {receivedBytes} from './read-stream.ts';

export const reachedWeb: ResolvedTarget = {
	asked: 'web',
	kind: 'Pod',
	namespace: 'default',
	name: 'web',
	uid: 'u1',
	node: 'n1',
	container: 'app',
	chosenFrom: 1,
};

export function reset(socket: Socket): void {
	(socket as unknown as {_parent: Socket})._parent.resetAndDestroy();
}

export type Carrier = 'websocket' | 'spdy';

export const carriers = ['websocket', 'spdy'] as const satisfies readonly Carrier[];

export function onlyCarrier(carrier: Carrier): NodeJS.ProcessEnv {
	return carrier === 'spdy' ? {KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false'} : {};
}

type Opening = Partial<Parameters<typeof openRemoteCommand>[1]> &
	Parameters<typeof openRemoteCommand>[2] & {
		carrier?: Carrier;
		/** Reads the outputs to their end. */
		drains?: boolean;
	};

/** `exec x` in the pod of a scripted server. */
export async function openCommand(
	t: Pick<ExecutionContext, 'teardown'>,
	script?: CommandScript,
	{server = {}, ...opening}: Opening & {server?: CommandOptions} = {},
): Promise<RemoteCommand> {
	return openCommandAt(await startCommandServer(t, script, server), opening);
}

export async function openCommandAt(
	server: ScriptedServer,
	{carrier = 'websocket', drains = true, feature = 'exec', command, stdin = false, tty = false, ...more}: Opening = {},
): Promise<RemoteCommand> {
	const opened = await openRemoteCommand(
		await server.cluster(),
		{feature, target: reachedWeb, command: command ?? (feature === 'exec' ? ['x'] : []), stdin, tty},
		{environment: onlyCarrier(carrier), ...more},
	);
	for (const output of drains ? [opened.stdout, opened.stderr] : []) {
		void receivedBytes(output ?? Readable.from([]));
	}

	return opened;
}

/** An observer that only notes which of its callbacks are called, by the words given for them. */
export function noting<Name extends keyof ConnectionObserver>(
	words: Readonly<Record<Name, string>>,
): {observer: Pick<ConnectionObserver, Name>; seen: string[]} {
	const seen: string[] = [];
	const observer = Object.fromEntries(Object.entries(words).map(([name, word]) => [name, () => void seen.push(word as string)]));
	return {observer: observer as unknown as Pick<ConnectionObserver, Name>, seen};
}
