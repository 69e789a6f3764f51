/** Request and options of a forward, and the validation of its arguments. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {type ParsedTarget, parseTarget} from '../../targets/parse-target.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import type {ConnectionSnapshot, ForwardEvent, ForwardTotals} from './forward-event.ts';
import type {ListenAddress} from './listen-address.ts';
import {parseLocalEnd} from './listen-host.ts';
import {parsePortSpec, type PortSpec} from './port-spec.ts';

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
