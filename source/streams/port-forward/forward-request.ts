/** Request and options of a forward, and the validation of its arguments. */
import {type ParsedTarget, parseTarget} from '../../targets/parse-target.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import type {ConnectionSnapshot, ForwardEvent, ForwardTotals} from './forward-event.ts';
import {type ListenAddress, parseListenAddresses} from './listen-address.ts';
import {parsePortSpec, type PortSpec} from './port-spec.ts';

export type ForwardPort = {
	/** `f1`: unique within the run. */
	id: string;
	spec: PortSpec;
};

export type OnPodLoss = 'move' | 'exit';

export type ForwardRequest = {
	target: ParsedTarget;
	/** Default: the cluster access's own. */
	namespace?: string;
	ports: readonly ForwardPort[];
	addresses: readonly ListenAddress[];
	/** Default: on to the next Ready pod, where the target has others. A named pod has no next one. */
	onPodLoss?: OnPodLoss;
	/** For a target with several pods: how long to wait until one runs, milliseconds. */
	podRunningTimeoutMs: number;
};

export type ForwardOptions = {
	/** Ends the forward: ports are closed, connections are cut. */
	signal: AbortSignal;
	observer?: ConnectionObserver;
	environment?: NodeJS.ProcessEnv;
};

/** A target's forwards while they run. */
export type RunningForward = {
	/** Ends after an abort; throws a SpokeError for everything that the forward cannot go on after. */
	readonly events: AsyncIterable<ForwardEvent>;
	/** Open connections of one forward of the target. */
	connections(id: string): readonly ConnectionSnapshot[];
	/** Of one forward, with the bytes of connections still open. */
	totals(id: string): ForwardTotals;
};

/** Needs no cluster. Without addresses it is localhost. @throws SpokeError ERR_USAGE for the first word that can mean nothing */
export function validateForward({
	target,
	ports,
	addresses,
}: {
	target: string;
	ports: readonly string[];
	addresses: readonly string[];
}): void {
	parseTarget(target);
	for (const port of ports) {
		parsePortSpec(port);
	}

	parseListenAddresses(addresses.length === 0 ? ['localhost'] : addresses);
}
