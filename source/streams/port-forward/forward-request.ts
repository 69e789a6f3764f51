/** Request and options of a forward, and the validation of its arguments. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {type ParsedTarget, parseTarget} from '../../cluster/targets/parse-target.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import type {ConnectionSnapshot, ForwardEvent, ForwardTotals} from './forward-event.ts';
import {type ListenAddress, parseLocalEnd} from './local-listener.ts';

export type ForwardPort = {
	/** `f1`. */
	id: string;
	spec: PortSpec;
};

export type OnPodLoss = 'move' | 'exit';

export type ForwardRequest = {
	target: ParsedTarget;
	/** Default: the cluster client's namespace. */
	namespace?: string;
	ports: readonly ForwardPort[];
	addresses: readonly ListenAddress[];
	/** Name of --host that clients use for `addresses`. */
	host?: string;
	/** Default: `move`. A named pod has no successor. */
	onPodLoss?: OnPodLoss;
	podRunningTimeoutMs: number;
};

export type ForwardOptions = {
	signal: AbortSignal;
	observer?: ConnectionObserver;
	environment?: NodeJS.ProcessEnv;
};

export type RunningForward = {
	/** Ends after an abort. @throws SpokeError if the forward cannot continue */
	readonly events: AsyncIterable<ForwardEvent>;
	connections(id: string): readonly ConnectionSnapshot[];
	/** Includes open connections. */
	totals(id: string): ForwardTotals;
};

type PortSpec = {
	input: string;
	/** `null`: the remote (or service) port; 0: any free port. */
	local: number | null;
	remote: string;
};

/** Needs no cluster. The default address is localhost. @throws SpokeError ERR_USAGE for the first invalid argument */
export function validateForward({
	target,
	ports,
	addresses,
	host,
	onPodLoss,
}: {
	target: string;
	ports: readonly string[];
	addresses: readonly string[];
	host: string | null;
	onPodLoss: OnPodLoss | null;
}): void {
	const parsed = parseTarget(target);
	for (const port of ports) {
		parsePortSpec(port);
	}

	parseLocalEnd({addresses: addresses.length === 0 ? null : addresses, host});
	assertPodCanMove({target: parsed, onPodLoss});
}

/** @throws SpokeError ERR_USAGE for --on-pod-loss=move of a named pod */
export function assertPodCanMove({target, onPodLoss = null}: {target: ParsedTarget; onPodLoss?: OnPodLoss | null}): void {
	if (target.resource.kind === 'Pod' && onPodLoss === 'move') {
		throw new SpokeError('ERR_USAGE', `--on-pod-loss=move: ${target.input} is a pod, so there is no other pod to move to`, {
			remedy: 'forward to its service or workload',
		});
	}
}

/**
@throws SpokeError ERR_USAGE where client-go fails
@see https://github.com/kubernetes/client-go/blob/v0.36.3/tools/portforward/portforward.go parsePorts
*/
export function parsePortSpec(input: string): PortSpec {
	if (namesProtocol(input)) {
		throw new SpokeError('ERR_USAGE', `port-forward supports only TCP and accepts no protocol: ${JSON.stringify(input)}`, {
			remedy: `for TCP, use ${input.slice(0, input.lastIndexOf('/'))}; UDP and SCTP cannot be forwarded`,
		});
	}

	const parts = input.split(':');
	if (parts.length > 2) {
		throw usage(`invalid port format ${JSON.stringify(input)}`);
	}

	const [first = '', second] = parts;
	const remote = second ?? first;
	if (/^[+-]?\d+$/.test(remote)) {
		const number = portNumber('remote', remote);
		if (number === 0) {
			throw usage(`remote port must be > 0: ${JSON.stringify(input)}`);
		}
	} else if (!isPortName(remote)) {
		throw usage(`error parsing remote port ${JSON.stringify(remote)}: it is neither a number nor a port name`);
	}

	if (second === undefined) {
		return {input, local: null, remote};
	}

	return {input, local: first === '' ? 0 : portNumber('local', first), remote};
}

/** `null` for any free port, or if only the cluster can resolve the name. */
export function localPortOf({local, remote}: Pick<PortSpec, 'local' | 'remote'>): number | null {
	const port = local ?? Number(remote);
	return port > 0 ? port : null;
}

/** True for `53/udp`, which is not a target. */
export function namesProtocol(argument: string): boolean {
	return /^[\w:-]+\/(tcp|udp|sctp)$/i.test(argument);
}

function portNumber(side: 'local' | 'remote', text: string): number {
	const number = Number(text);
	if (!/^\d+$/.test(text) || number > 65_535) {
		throw usage(`error parsing ${side} port ${JSON.stringify(text)}: it must be a number from ${side === 'local' ? 0 : 1} to 65535`);
	}

	return number;
}

/** The apiserver checks its length. */
function isPortName(text: string): boolean {
	return /^[a-z\d]+(-[a-z\d]+)*$/i.test(text) && /[a-z]/i.test(text);
}

function usage(message: string): SpokeError {
	return new SpokeError('ERR_USAGE', message, {remedy: 'specify ports as [LOCAL:]REMOTE, where REMOTE is a number or a name'});
}
