/** `spoke forwards list`. */
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {sendControlRequest, type ControlResponse, type ForwardStatus} from '../../detached-forwards/control-socket.ts';
import {
	localPorts,
	removeAbandonedFiles,
	removeForwardFiles,
	type DetachedForwardState,
	type FoundForward,
} from '../../detached-forwards/detached-forward-state.ts';
import {isProcessRunning} from '../../detached-forwards/process-identity.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {clockTime} from '../../text/formats.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {ForwardsInvocation} from './spec.ts';

type ListedForward = {
	state: DetachedForwardState;
	/** `null` if it has ended, or does not respond. */
	status: ControlResponse['status'] | null;
	isRunning: boolean;
};

/** Reports forwards that have ended, and removes their files. */
export async function listForwards(
	{flags, stdout, stderr}: ForwardsInvocation,
	forwards: readonly FoundForward[],
	directory: string | null,
): Promise<void> {
	if (forwards.length === 0) {
		stderr.write(noticeLine('no detached forwards', stderr));
	}

	for (const listed of await Promise.all(forwards.map(async forward => askStatus(forward)))) {
		if (flags.output === 'json') {
			writeJsonLine(stdout, listedObject(listed));
		} else {
			stdout.write(
				describe(listed)
					.map(line => `${sanitizeLine(line)}\n`)
					.join(''),
			);
		}

		if (!listed.isRunning && directory !== null) {
			await removeForwardFiles(directory, listed.state.id);
		}
	}

	if (directory !== null) {
		await removeAbandonedFiles(directory);
	}
}

async function askStatus({state, isRunning}: FoundForward): Promise<ListedForward> {
	const status = isRunning ? await sendControlRequest(state.socket, 'status').catch(() => null) : null;
	// It can have ended since it was found.
	return {state, status, isRunning: status !== null || (await isProcessRunning(state.process))};
}

/** The DetachedForward of the contract (schemas/detached-forward.json). */
function listedObject({state, status, isRunning}: ListedForward): object {
	const {name, process, sessionLeader, startedAt, log, ended} = state;
	return jsonObject('DetachedForward', {
		name,
		pid: process.pid,
		startedAt,
		state: stateOf({status, isRunning}),
		sessionLeader: sessionLeader?.pid ?? null,
		ports: localPorts(state),
		log: isRunning ? log : null,
		context: status?.context ?? null,
		forwards: status?.forwards ?? [],
		ended,
	});
}

function stateOf({status, isRunning}: Pick<ListedForward, 'status' | 'isRunning'>): 'running' | 'unresponsive' | 'ended' {
	if (!isRunning) {
		return 'ended';
	}

	return status === null ? 'unresponsive' : 'running';
}

function describe({state, status, isRunning}: ListedForward): string[] {
	const {name, process, ended} = state;
	if (!isRunning) {
		const reason = ended === null ? `process ${process.pid} is gone` : `${ended.error.message} [${ended.error.code}]`;
		return [`${name}: ended${ended === null ? '' : ` at ${clockTime(ended.time)}`}: ${reason}`];
	}

	return status === null
		? [`${name}: does not respond (process ${process.pid})`]
		: status.forwards.flatMap(forward =>
				describeForward(name, forward, `${status.context === null ? '' : `context ${status.context}, `}process ${process.pid}`),
			);
}

function describeForward(name: string, {state, target, remotePort, listen, host, paths, error}: ForwardStatus, place: string): string[] {
	if (target === null || remotePort === null) {
		return [`${name}: starting (${place})`];
	}

	const addresses = listen.map(({address, port}) => joinHostPort(address, port)).join(', ');
	const named = host === null ? '' : ` (${host})`;
	// A tunnel that is still open then does not serve the forward.
	const isInterrupted = state === 'interrupted' && error !== null;
	const lines = isInterrupted ? [`interrupted: ${error.message} [${error.code}]`] : pathLines(paths);
	return [
		`${name}: ${addresses}${named} -> ${remotePort}, ${target.asked} in ${target.namespace}, on ${target.name} (${place})`,
		...lines.map(line => `  ${line}`),
	];
}

function pathLines(paths: ForwardStatus['paths']): readonly string[] {
	if (paths === null) {
		return ['path: not read, because of --path=never'];
	}

	return paths.length === 0 ? ['path: no tunnel is open'] : [...new Set(paths.map(({line}) => line))];
}
