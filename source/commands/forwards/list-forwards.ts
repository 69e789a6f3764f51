/** `spoke forwards list`. */
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {clockTime} from '../../text/formats.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {localPorts, logPath, removeForwardFiles, type ForwardStatus, type FoundForward} from './detached-forward-state.ts';
import type {ForwardsInvocation} from './spec.ts';

/** Reports forwards that have ended, and removes their files. */
export async function listForwards(
	{flags, stdout, stderr}: ForwardsInvocation,
	forwards: readonly FoundForward[],
	directory: string | null,
): Promise<void> {
	if (forwards.length === 0) {
		stderr.write(noticeLine('no detached forwards', stderr));
	}

	for (const forward of forwards) {
		const {id} = forward.state;
		if (flags.output === 'json') {
			writeJsonLine(stdout, listedObject(forward, logPath(directory!, id)));
		} else {
			stdout.write(
				describe(forward)
					.map(line => `${sanitizeLine(line)}\n`)
					.join(''),
			);
		}

		if (!forward.isRunning) {
			await removeForwardFiles(directory!, id);
		}
	}
}

/** The DetachedForward of the contract (schemas/detached-forward.json). */
function listedObject({state, isRunning, isCurrent}: FoundForward, log: string): object {
	const {name, process, startedAt, context, forwards, ended} = state;
	const responds = isRunning && isCurrent;
	return jsonObject('DetachedForward', {
		name,
		pid: process.pid,
		startedAt,
		state: isRunning ? (isCurrent ? 'running' : 'unresponsive') : 'ended',
		ports: localPorts(state),
		log: isRunning ? log : null,
		context: responds ? context : null,
		forwards: responds ? forwards : [],
		ended,
	});
}

function describe({state: {name, process, context, forwards, ended}, isRunning, isCurrent}: FoundForward): string[] {
	if (!isRunning) {
		const reason = ended === null ? `process ${process.pid} is gone` : `${ended.error.message} [${ended.error.code}]`;
		return [`${name}: ended${ended === null ? '' : ` at ${clockTime(ended.time)}`}: ${reason}`];
	}

	const place = `${context === null ? '' : `context ${context}, `}process ${process.pid}`;
	return isCurrent
		? forwards.flatMap(forward => describeForward(name, forward, place))
		: [`${name}: does not respond (process ${process.pid})`];
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
