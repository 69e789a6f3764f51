/** Request and options of a forward. */
import type {ParsedTarget} from '../../targets/parse-target.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import type {ForwardEvent, ForwardTotals, ConnectionSnapshot} from './forward-event.ts';
import type {ListenAddress} from './listen-address.ts';
import type {PortSpec} from './port-spec.ts';

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
