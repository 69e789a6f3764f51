/** Request and options of a forward, and the validation of its arguments. */
import type {LocalTls} from '../../local-tls/create-local-tls.ts';
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
	/** Local clients must use TLS. */
	tls?: LocalTls;
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
	tls,
}: {
	target: string;
	ports: readonly string[];
	addresses: readonly string[];
	host: string | null;
	tls: boolean;
}): void {
	parseTarget(target);
	for (const port of ports) {
		parsePortSpec(port);
	}

	parseLocalEnd({addresses: addresses.length === 0 ? null : addresses, host, tls});
}
