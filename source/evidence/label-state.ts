/** The life of one label: what is known of its connection, and what may change that. It is checked, then settled unless it failed; a settled one may fail yet, and an end is final. */
import type {Connection} from '../cluster/connection.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {ConnectionPurpose} from '../streams/connection-observer.ts';
import {noConnectionObservations, type ConnectionObservations} from './connection-observations.ts';
import type {MetricFacts, ProbeResult, Path} from './evidence.ts';
import {noClusterObservations, type ClusterObservations} from './cluster-observations.ts';

export type LabelState = {
	/** `null` when none could be made. */
	connection: Pick<Connection, 'id' | 'facts'> | null;
	purpose: ConnectionPurpose;
	about: Path['about'];
	phase: Path['phase'];
	opened: boolean;
	answered: boolean;
	/** @see Grounds.passedOn */
	passedOn: boolean;
	/** `readings` came of it, not of the refusal that another connection got. */
	asked: boolean;
	readings: ConnectionObservations;
	/** Read on another connection, where this one's own answer did not come in time. */
	late: ConnectionObservations | null;
	/** Read beside it after it was opened; nothing before. */
	shared: ClusterObservations;
	/** Read beside it where nothing else told its route. */
	counters: ProbeResult<MetricFacts> | null;
	rttMs: Path['rttMs'];
	error: ErrorObject | null;
	failedAt: string | null;
};

export type LabelEvent =
	/** On the connection itself, before its use. */
	| {type: 'read'; readings: ConnectionObservations; asked: boolean}
	/** `byFarEnd`: only the far end of leg 2 can have opened it. @see isOpenedByFarEnd */
	| {type: 'opened'; byFarEnd: boolean}
	| {type: 'answered'}
	| {type: 'measured'; websocket?: number | undefined; runtime?: number | undefined}
	| {type: 'read-beside'; shared: ClusterObservations}
	| {type: 'read-elsewhere'; late: ConnectionObservations | null}
	| {type: 'counted'; counters: ProbeResult<MetricFacts>}
	| {type: 'passed-on'}
	/** Nothing more is waited for. */
	| {type: 'settled'}
	/** `time`: RFC 3339. */
	| {type: 'failed'; error: ErrorObject; time: string}
	| {type: 'closed'};

/** `readings`: what stands in for those of a connection that nothing was read on. */
export function initialLabelState(
	connection: LabelState['connection'],
	purpose: ConnectionPurpose,
	readings = noConnectionObservations,
): LabelState {
	return {
		connection: connection && {id: connection.id, facts: connection.facts},
		purpose,
		about: 'open-connection',
		phase: 'checking',
		opened: false,
		answered: false,
		passedOn: false,
		asked: false,
		readings,
		late: null,
		shared: noClusterObservations,
		counters: null,
		rttMs: {websocket: null, runtime: null},
		error: null,
		failedAt: null,
	};
}

/** What it is after this. What is over stays as it was: the same object comes back. */
export function reduceLabelState(life: LabelState, event: LabelEvent): LabelState {
	if (life.about === 'ended-connection') {
		return life;
	}

	switch (event.type) {
		case 'read': {
			return {...life, readings: event.readings, asked: event.asked};
		}

		case 'opened': {
			return {...life, opened: true, answered: life.answered || event.byFarEnd};
		}

		case 'answered': {
			return {...life, answered: true};
		}

		case 'measured': {
			const {websocket = life.rttMs.websocket, runtime = life.rttMs.runtime} = event;
			// The container runtime answered: so did the kubelet before it.
			return {...life, answered: life.answered || event.runtime !== undefined, rttMs: {websocket, runtime}};
		}

		case 'read-beside': {
			return {...life, shared: event.shared};
		}

		case 'read-elsewhere': {
			return {...life, late: event.late};
		}

		case 'counted': {
			return {...life, counters: event.counters};
		}

		case 'passed-on': {
			return {...life, passedOn: true};
		}

		case 'settled': {
			return {...life, phase: 'settled'};
		}

		case 'failed': {
			return {...life, phase: 'failed', about: 'ended-connection', error: event.error, failedAt: event.time};
		}

		case 'closed': {
			// One that was given up before it carried anything settles nothing.
			return {...life, phase: life.opened ? 'settled' : life.phase, about: 'ended-connection'};
		}
	}
}

/** A translated exec gets its 101 before the apiserver dials the kubelet, and some answers are anybody's; every other opening is the far end's own. */
export function isOpenedByFarEnd(
	{feature}: Pick<ConnectionPurpose, 'feature'>,
	{
		carrier,
		mayBeApiservers = false,
	}: {
		carrier: 'http' | 'websocket' | 'spdy';
		mayBeApiservers?: boolean;
	},
): boolean {
	return !mayBeApiservers && !(carrier === 'websocket' && isRemoteCommand({feature}));
}

/** Its far end has words of its own, which may come long after its opening. */
export function isRemoteCommand({feature}: Pick<ConnectionPurpose, 'feature'>): boolean {
	return feature === 'exec' || feature === 'attach';
}
