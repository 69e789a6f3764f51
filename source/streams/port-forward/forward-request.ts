/** Request and options of a forward, and the validation of its arguments. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {type ParsedTarget, parseTarget} from '../../targets/parse-target.ts';
import type {ServiceObject} from '../../targets/pod-object.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import type {ConnectionSnapshot, ForwardEvent, ForwardTotals} from './forward-event.ts';
import type {ListenAddress} from './listen-address.ts';
import {parseLocalEnd} from './listen-host.ts';
import {parsePortSpec, type PortSpec} from './port-spec.ts';

export type ForwardPort = {
	/** `f1`. */
	id: string;
	spec: PortSpec;
	/** Added to a local port that is not any free one. */
	localOffset?: number;
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
	/** Each new connection goes to the next Ready pod. Not for a named pod. */
	spread?: boolean;
	/** The target is a pod whose name lasts: its successor has the same. Ports are those of the service, if one selected it. */
	followed?: {service: ServiceObject | null};
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
	each,
	spread,
}: {
	target: string;
	ports: readonly string[];
	addresses: readonly string[];
	host: string | null;
	onPodLoss: OnPodLoss | null;
	each: boolean;
	spread: boolean;
}): void {
	const parsed = parseTarget(target);
	for (const port of ports) {
		parsePortSpec(port);
	}

	parseLocalEnd({addresses: addresses.length === 0 ? null : addresses, host});
	assertPodChoice({target: parsed, onPodLoss, each, spread});
}

/** @throws SpokeError ERR_USAGE if --on-pod-loss, --each and --spread contradict each other or the target */
export function assertPodChoice({
	target,
	onPodLoss = null,
	each = false,
	spread = false,
}: {
	target: ParsedTarget;
	onPodLoss?: OnPodLoss | null;
	each?: boolean;
	spread?: boolean;
}): void {
	const isPod = target.resource.kind === 'Pod';
	if (isPod && onPodLoss === 'move') {
		throw new SpokeError('ERR_USAGE', `--on-pod-loss=move: ${target.input} is a pod, so there is no other pod to move to`, {
			remedy: 'forward to its service or workload',
		});
	}

	if (spread && (each || onPodLoss === 'exit' || isPod)) {
		const other = each ? '--each' : '--on-pod-loss=exit';
		throw new SpokeError('ERR_USAGE', isPod ? `--spread: ${target.input} is a pod` : `--spread cannot be used with ${other}`, {
			remedy: 'pass --spread with a service or workload only',
		});
	}

	if (each && isPod) {
		throw eachOfPod(target);
	}
}

export function eachOfPod({input}: ParsedTarget): SpokeError {
	return new SpokeError('ERR_USAGE', `--each: ${input} is a pod`, {remedy: 'pass a StatefulSet, or the service of one'});
}
