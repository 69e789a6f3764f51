/** One label: its state and events, and the reads for it while its connection is watched. */
import {clockDelay, type Clock} from '../base/async/clock.ts';
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {processIdOf, type Examination, examinationOf, noActiveObservations} from './build-observations.ts';
import {type BackgroundMetrics, metricsNotReached, type SharedProbe, type PreUseProbe} from './label-probes.ts';
import type {ClusterObservations, Path, UnavailableSource, ConnectionObservations, PathScope} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {labelTimings} from './label-timings.ts';
import type {ErrorObject} from '../base/errors/spoke-error.ts';
import type {ConnectionPurpose} from '../streams/connection-observer.ts';
import {failureObservation} from './second-leg-record.ts';

export type LabelContext = {
	cluster: ClusterClient;
	clock: Clock;
	preUseProbe: PreUseProbe;
	sharedProbe: SharedProbe;
	backgroundMetrics: BackgroundMetrics;
	/** @see LabelerOptions.waitsForMetrics */
	waitsForMetrics: boolean;
	pathOf(state: LabelState): Path;
	emit(id: string, state: LabelState): void;
};

/** `others`: the flags of another connection, because this one did not respond in time. */
export type LabelState = Examination & {
	purpose: ConnectionPurpose;
	scope: PathScope;
	phase: Path['phase'];
	hasOpened: boolean;
	farEndAnswered: boolean;
	/** @see Observations.answeredByApiserver */
	answeredByApiserver: string | null;
	/** False if `own` repeats the refusal that another connection got. */
	hasOwnObservations: boolean;
	rttMs: Path['rttMs'];
	error: ErrorObject | null;
};

export type LabelEvent =
	| {type: 'learned'; facts: Partial<Pick<LabelState, 'own' | 'hasOwnObservations' | 'others' | 'shared' | 'metrics'>>}
	/** `byFarEnd`: only the far end of leg 2 can have opened it. @see isOpenedByFarEnd */
	| {type: 'opened'; byFarEnd: boolean}
	| {type: 'far-end-answered'}
	| {type: 'apiserver-answered'; why: string}
	| {type: 'measured'; websocket?: number | undefined; runtime?: number | undefined}
	| {type: 'settled'}
	/** `time`: RFC 3339. */
	| {type: 'failed'; error: ErrorObject; time: string}
	| {type: 'closed'};

export async function observeBeforeUse(label: LiveLabel, connection: Connection, sources: LabelContext): Promise<void> {
	const {preUseProbe, clock} = sources;
	label.emitAgain();
	const own = await preUseProbe.observe(connection, label.state.purpose.target.namespace);
	label.emit({type: 'learned', facts: {own, hasOwnObservations: preUseProbe.hasObserved(connection)}});
	clock.after(labelTimings.lastingAfterMs, () => {
		void readWhileUnanswered(label, sources);
	});
}

/** The apiserver does not respond for a log before its first line, so observe the cluster meanwhile. */
async function readWhileUnanswered(label: LiveLabel, sources: LabelContext): Promise<void> {
	const isUnanswered = () => label.isChecking && !label.state.hasOpened;
	if (!isUnanswered()) {
		return;
	}

	const shared = await sources.sharedProbe.observeCluster();
	if (isUnanswered()) {
		recordShared(label, shared, sources);
		label.emitAgain();
	}
}

export async function settleLabel(label: LiveLabel, sources: LabelContext): Promise<void> {
	const {clock} = sources;
	const openedAt = clock.now();
	const opened = clock.elapsed();
	const leftOf = (ms: number) => opened + ms - clock.elapsed();
	await probeCluster(label, sources);
	if (!label.isChecking) {
		return;
	}

	await readMetrics(label, {openedAt, leftOf}, sources);
	await awaitFarEnd(label, leftOf);
	if (label.isChecking) {
		label.emit({type: 'settled'});
		await observeFlagsLater(label, sources);
	}
}

async function probeCluster(label: LiveLabel, sources: LabelContext): Promise<void> {
	const {sharedProbe, preUseProbe} = sources;
	const isLate = !label.state.own.flags && preUseProbe.isSilent;
	const [shared, lateObservations] = await Promise.all([sharedProbe.observeCluster(), isLate ? sharedProbe.observeElsewhere() : null]);
	if (label.isChecking) {
		label.apply({type: 'learned', facts: {others: lateObservations ? [lateObservations] : []}});
		recordShared(label, shared, sources);
	}
}

function recordShared(label: LiveLabel, shared: ClusterObservations, {cluster}: LabelContext): void {
	label.apply({type: 'learned', facts: {shared}});
	const known = processCacheFor(cluster);
	known.rememberShared(processIdOf(label.state), shared);
	known.recordGateway(shared.gatewaySeen);
}

/**
Only if nothing cheaper gave the route; an egress file alone does not. Unless something waits for the label, only for a stream that lasts.
*/
async function readMetrics(
	label: LiveLabel,
	{openedAt, leftOf}: {openedAt: number; leftOf: (ms: number) => number},
	{clock, backgroundMetrics, waitsForMetrics}: LabelContext,
): Promise<void> {
	const isRouteUnknown = () => label.path.legs[1]!.route.state === 'unknown';
	const needsMetrics = () => label.isWatched && isRouteUnknown();
	const read = async () => {
		label.emit({type: 'learned', facts: {metrics: await backgroundMetrics.read(processIdOf(label.state), openedAt)}});
	};

	if (!waitsForMetrics) {
		clock.after(labelTimings.lastingAfterMs, () => {
			if (needsMetrics()) {
				void read();
			}
		});
	} else if (needsMetrics()) {
		await Promise.race([read(), clockDelay(clock, leftOf(labelTimings.settleTimeoutMs))]);
		if (label.isChecking && label.state.metrics === null && isRouteUnknown()) {
			label.apply({type: 'learned', facts: {metrics: metricsNotReached}});
		}
	}
}

/**
Until the far end of a command answers or refuses, or the time is up. Only if that affects the label.
*/
async function awaitFarEnd(label: LiveLabel, leftOf: (ms: number) => number): Promise<void> {
	const isSilent = () => label.isChecking && !label.state.farEndAnswered;
	const tellsTls = () => label.pathAfter({type: 'far-end-answered'}).legs[1]!.tls.state !== label.path.legs[1]!.tls.state;
	if (!isSilent() || !isRemoteCommand(label.state.purpose) || !tellsTls()) {
		return;
	}

	label.emitAgain();
	await label.waitWhile(isSilent, leftOf(labelTimings.settleTimeoutMs));
}

/** A stream can stay open for days, so flags without a response are requested again until an apiserver returns or refuses them. */
async function observeFlagsLater(label: LiveLabel, {sharedProbe, clock}: LabelContext): Promise<void> {
	const isUnread = () => label.isWatched && [label.state.own, ...label.state.others].every(({flags}) => flags === null);
	if (label.state.hasOwnObservations && isRefused(label.state.own.unavailable)) {
		return;
	}

	while (isUnread()) {
		await clockDelay(clock, labelTimings.unavailableForMs);
		if (!isUnread()) {
			return;
		}

		const lateObservations = await sharedProbe.observeElsewhere();
		if (lateObservations?.flags) {
			label.emit({type: 'learned', facts: {others: [lateObservations]}});
		} else if (lateObservations && isRefused(lateObservations.unavailable)) {
			return;
		}
	}
}

function isRefused(unavailable: readonly UnavailableSource[]): boolean {
	return unavailable.some(({reason}) => reason !== 'no-response');
}

type LiveLabelContext = Pick<LabelContext, 'clock' | 'pathOf' | 'emit'>;

/** An ended or unwatched label does not change and is not reported again. */
export class LiveLabel {
	readonly id: string;
	readonly #context: LiveLabelContext;
	readonly #waiters = new Set<() => void>();
	#state: LabelState;
	#isWatched = true;

	constructor(id: string, state: LabelState, context: LiveLabelContext) {
		this.id = id;
		this.#state = state;
		this.#context = context;
	}

	get state(): LabelState {
		return this.#state;
	}

	get isWatched(): boolean {
		return this.#isWatched;
	}

	get isChecking(): boolean {
		return this.#isWatched && this.#state.phase === 'checking';
	}

	get path(): Path {
		return this.#context.pathOf(this.#state);
	}

	pathAfter(event: LabelEvent): Path {
		return this.#context.pathOf(reduceLabelState(this.#state, event));
	}

	/** Reported with the next event. */
	apply(event: LabelEvent): void {
		if (this.#isWatched) {
			this.#state = reduceLabelState(this.#state, event);
			for (const measure of this.#waiters) {
				measure();
			}
		}
	}

	emit(event: LabelEvent): void {
		const before = this.#state;
		this.apply(event);
		if (this.#state !== before) {
			this.emitAgain();
		}
	}

	emitAgain(): void {
		if (this.#isWatched) {
			this.#context.emit(this.id, this.#state);
		}
	}

	stop(): void {
		this.#isWatched = false;
	}

	async waitWhile(holds: () => boolean, ms: number): Promise<void> {
		if (ms <= 0 || !holds()) {
			return;
		}

		const {promise, resolve} = Promise.withResolvers<void>();
		const callOff = this.#context.clock.after(ms, resolve);
		const measure = () => {
			if (!holds()) {
				resolve();
			}
		};

		this.#waiters.add(measure);
		await promise;
		this.#waiters.delete(measure);
		callOff();
	}
}

export function initialLabelState(purpose: ConnectionPurpose, own: ConnectionObservations): LabelState {
	return {
		...examinationOf(own),
		purpose,
		scope: 'this-connection',
		phase: 'checking',
		hasOpened: false,
		farEndAnswered: false,
		answeredByApiserver: null,
		hasOwnObservations: false,
		rttMs: {websocket: null, runtime: null},
		error: null,
	};
}

/** Checking, then settled or failed. A settled label can still fail; an end is final and returns the same object. */
export function reduceLabelState(state: LabelState, event: LabelEvent): LabelState {
	const change = changes[event.type] as (state: LabelState, event: LabelEvent) => Partial<LabelState>;
	return state.scope === 'ended' ? state : {...state, ...change(state, event)};
}

const changes: {[Type in LabelEvent['type']]: (state: LabelState, event: LabelEvent & {type: Type}) => Partial<LabelState>} = {
	learned: (_, {facts}) => facts,
	opened: ({farEndAnswered}, {byFarEnd}) => ({hasOpened: true, farEndAnswered: farEndAnswered || byFarEnd}),
	'far-end-answered': () => ({farEndAnswered: true}),
	'apiserver-answered': (_, {why}) => ({phase: 'settled', answeredByApiserver: why}),
	measured({rttMs, farEndAnswered}, {websocket = rttMs.websocket, runtime}) {
		// The container runtime answered, so the kubelet did, too.
		return {farEndAnswered: farEndAnswered || runtime !== undefined, rttMs: {websocket, runtime: runtime ?? rttMs.runtime}};
	},
	settled: () => ({phase: 'settled'}),
	failed(state, {error, time}) {
		const {own, purpose} = state;
		const failure = failureObservation({error, purpose, connection: own.socket?.connection ?? null, process: processIdOf(state), time});
		const active = {...noActiveObservations, failures: failure ? [failure] : []};
		// A kubelet that reported the failure was reached.
		const farEndAnswered = state.farEndAnswered || failure?.facts.answered === true;
		return {phase: 'failed', scope: 'ended', farEndAnswered, error, active};
	},
	// A connection that closed before it carried anything does not settle the label.
	closed: ({phase, hasOpened}) => ({phase: hasOpened ? 'settled' : phase, scope: 'ended'}),
};

/**
A translated exec gets its 101 before the apiserver dials the kubelet, and some responses may be from either. Every other opening is from
the far end.
*/
export function isOpenedByFarEnd(
	{feature}: Pick<ConnectionPurpose, 'feature'>,
	{carrier, mayBeFromApiserver = false}: {carrier: 'http' | 'websocket' | 'spdy'; mayBeFromApiserver?: boolean},
): boolean {
	return !mayBeFromApiserver && !(carrier === 'websocket' && isRemoteCommand({feature}));
}

function isRemoteCommand({feature}: Pick<ConnectionPurpose, 'feature'>): boolean {
	return feature === 'exec' || feature === 'attach';
}
