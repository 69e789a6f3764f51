/** The state of one label and its events. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {ConnectionPurpose} from '../streams/connection-observer.ts';
import {type Examination, noActiveObservations, processIdOf} from './build-observations.ts';
import {noClusterObservations} from './cluster-observations.ts';
import type {ClusterObservations, ConnectionObservations, MetricFacts, Path, PathScope, ProbeResult} from './evidence.ts';
import {failureObservation} from './second-leg-record.ts';

/** `others`: the flags of another connection, because this one did not respond in time. */
export type LabelState = Examination & {
	purpose: ConnectionPurpose;
	scope: PathScope;
	phase: Path['phase'];
	hasOpened: boolean;
	farEndAnswered: boolean;
	/** @see Observations.answeredByApiserver */
	answeredByApiserver: string | null;
	/** @see Observations.upgradePassedThrough */
	upgradePassedThrough: boolean;
	/** False if `own` repeats the refusal that another connection got. */
	hasOwnObservations: boolean;
	rttMs: Path['rttMs'];
	error: ErrorObject | null;
};

export type LabelEvent =
	| {type: 'observed'; observations: ConnectionObservations; hasOwnObservations: boolean}
	/** `byFarEnd`: only the far end of leg 2 can have opened it. @see isOpenedByFarEnd */
	| {type: 'opened'; byFarEnd: boolean}
	| {type: 'far-end-answered'}
	| {type: 'apiserver-answered'; why: string}
	| {type: 'measured'; websocket?: number | undefined; runtime?: number | undefined}
	| {type: 'cluster-observed'; cluster: ClusterObservations}
	| {type: 'observed-elsewhere'; lateObservations: ConnectionObservations | null}
	| {type: 'metrics-read'; metrics: ProbeResult<MetricFacts>}
	| {type: 'upgrade-passed-through'}
	| {type: 'settled'}
	/** `time`: RFC 3339. */
	| {type: 'failed'; error: ErrorObject; time: string}
	| {type: 'closed'};

export function initialLabelState(purpose: ConnectionPurpose, own: ConnectionObservations): LabelState {
	return {
		own,
		others: [],
		unreachedAddresses: [],
		shared: noClusterObservations,
		metrics: null,
		active: noActiveObservations,
		purpose,
		scope: 'this-connection',
		phase: 'checking',
		hasOpened: false,
		farEndAnswered: false,
		answeredByApiserver: null,
		upgradePassedThrough: false,
		hasOwnObservations: false,
		rttMs: {websocket: null, runtime: null},
		error: null,
	};
}

/** Checking, then settled or failed. A settled label can still fail; an end is final and returns the same object. */
export function reduceLabelState(state: LabelState, event: LabelEvent): LabelState {
	if (state.scope === 'ended') {
		return state;
	}

	switch (event.type) {
		case 'observed': {
			return {...state, own: event.observations, hasOwnObservations: event.hasOwnObservations};
		}

		case 'opened': {
			return {...state, hasOpened: true, farEndAnswered: state.farEndAnswered || event.byFarEnd};
		}

		case 'far-end-answered': {
			return {...state, farEndAnswered: true};
		}

		case 'apiserver-answered': {
			return {...state, phase: 'settled', answeredByApiserver: event.why};
		}

		case 'measured': {
			const {websocket = state.rttMs.websocket, runtime = state.rttMs.runtime} = event;
			// The container runtime answered, so the kubelet did, too.
			return {...state, farEndAnswered: state.farEndAnswered || event.runtime !== undefined, rttMs: {websocket, runtime}};
		}

		case 'cluster-observed': {
			return {...state, shared: event.cluster};
		}

		case 'observed-elsewhere': {
			return {...state, others: event.lateObservations ? [event.lateObservations] : []};
		}

		case 'metrics-read': {
			return {...state, metrics: event.metrics};
		}

		case 'upgrade-passed-through': {
			return {...state, upgradePassedThrough: true};
		}

		case 'settled': {
			return {...state, phase: 'settled'};
		}

		case 'failed': {
			const {own, purpose} = state;
			const {error, time} = event;
			const failure = failureObservation({error, purpose, connection: own.socket?.connection ?? null, process: processIdOf(state), time});
			const active = {...noActiveObservations, failures: failure ? [failure] : []};
			// A kubelet that reported the failure was reached.
			const farEndAnswered = state.farEndAnswered || failure?.facts.answered === true;
			return {...state, phase: 'failed', scope: 'ended', farEndAnswered, error, active};
		}

		case 'closed': {
			// A connection that closed before it carried anything does not settle the label.
			return {...state, phase: state.hasOpened ? 'settled' : state.phase, scope: 'ended'};
		}
	}
}

/**
A translated exec gets its 101 before the apiserver dials the kubelet, and some responses may be from either. Every other opening is from
the far end.
*/
export function isOpenedByFarEnd(
	{feature}: Pick<ConnectionPurpose, 'feature'>,
	{
		carrier,
		mayBeFromApiserver = false,
	}: {
		carrier: 'http' | 'websocket' | 'spdy';
		mayBeFromApiserver?: boolean;
	},
): boolean {
	return !mayBeFromApiserver && !(carrier === 'websocket' && isRemoteCommand({feature}));
}

export function isRemoteCommand({feature}: Pick<ConnectionPurpose, 'feature'>): boolean {
	return feature === 'exec' || feature === 'attach';
}
