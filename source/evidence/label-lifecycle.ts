/** One label while its connection is watched, and the reads for it. */
import {clockDelay, type Clock} from '../async/clock.ts';
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {processIdOf} from './build-observations.ts';
import {type BackgroundMetrics, metricsNotReached, type SharedProbe} from './shared-probe.ts';
import type {ClusterObservations, Path, UnavailableSource} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {isRemoteCommand, type LabelEvent, type LabelState, reduceLabelState} from './label-state.ts';
import {labelTimings} from './label-timings.ts';
import type {PreUseProbe} from './pre-use-probe.ts';
import {flagValue} from './rules/replicas.ts';
import {readNode} from './probes/node-to-apiserver.ts';

export type LabelContext = {
	cluster: ClusterClient;
	clock: Clock;
	preUseProbe: PreUseProbe;
	sharedProbe: SharedProbe;
	backgroundMetrics: BackgroundMetrics;
	/** @see LabelerOptions.waitsForMetrics */
	waitsForMetrics: boolean;
};

const feature = 'ExtendWebSocketsToKubelet';

export async function observeBeforeUse(label: LiveLabel, connection: Connection, sources: LabelContext): Promise<void> {
	const {preUseProbe, clock} = sources;
	label.emitAgain();
	const observations = await preUseProbe.observe(connection, label.state.purpose.target.namespace);
	label.emit({type: 'observed', observations, hasOwnObservations: preUseProbe.hasObserved(connection)});
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
	await awaitFarEnd(label, leftOf, sources);
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
		label.apply({type: 'observed-elsewhere', lateObservations});
		recordShared(label, shared, sources);
	}
}

function recordShared(label: LiveLabel, shared: ClusterObservations, {cluster}: LabelContext): void {
	label.apply({type: 'cluster-observed', cluster: shared});
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
		label.emit({type: 'metrics-read', metrics: await backgroundMetrics.read(processIdOf(label.state), openedAt)});
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
			label.apply({type: 'metrics-read', metrics: metricsNotReached});
		}
	}
}

/**
Until the far end of a command answers or refuses, its node settles the same question, or the time is up. Only if that affects the label.
*/
async function awaitFarEnd(label: LiveLabel, leftOf: (ms: number) => number, {cluster}: LabelContext): Promise<void> {
	const isSilent = () => label.isChecking && !label.state.farEndAnswered;
	const tellsTls = () => label.pathAfter({type: 'far-end-answered'}).legs[1]!.tls.state !== label.path.legs[1]!.tls.state;
	if (!isSilent() || !isRemoteCommand(label.state.purpose) || !tellsTls()) {
		return;
	}

	label.emitAgain();
	await label.waitWhile(isSilent, leftOf(labelTimings.silentForMs));
	if (isSilent()) {
		void detectPassThrough(label, cluster);
		await label.waitWhile(() => isSilent() && !label.state.upgradePassedThrough, leftOf(labelTimings.settleTimeoutMs));
	}
}

async function detectPassThrough(label: LiveLabel, cluster: ClusterClient): Promise<void> {
	const isPassedThrough = await isUpgradePassedThrough(cluster, label.state);
	if (!isPassedThrough || label.state.farEndAnswered) {
		return;
	}

	if (label.isChecking) {
		label.apply({type: 'upgrade-passed-through'});
	} else {
		// On a slow cluster, the label has settled without this read.
		label.emit({type: 'upgrade-passed-through'});
	}
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
			label.emit({type: 'observed-elsewhere', lateObservations});
		} else if (lateObservations && isRefused(lateObservations.unavailable)) {
			return;
		}
	}
}

function isRefused(unavailable: readonly UnavailableSource[]): boolean {
	return unavailable.some(({reason}) => reason !== 'no-response');
}

export type LabelHost = {
	clock: Clock;
	pathOf(state: LabelState): Path;
	emit(id: string, state: LabelState): void;
};

/** An ended or unwatched label does not change and is not reported again. */
export class LiveLabel {
	readonly id: string;
	readonly #host: LabelHost;
	readonly #waiters = new Set<() => void>();
	#state: LabelState;
	#isWatched = true;

	constructor(id: string, state: LabelState, host: LabelHost) {
		this.id = id;
		this.#state = state;
		this.#host = host;
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
		return this.#host.pathOf(this.#state);
	}

	pathAfter(event: LabelEvent): Path {
		return this.#host.pathOf(reduceLabelState(this.#state, event));
	}

	/** Reported with the next event. */
	apply(event: LabelEvent): void {
		if (this.#isWatched) {
			this.#state = reduceLabelState(this.#state, event);
			this.#notifyWaiters();
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
			this.#host.emit(this.id, this.#state);
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
		const callOff = this.#host.clock.after(ms, resolve);
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

	#notifyWaiters(): void {
		for (const measure of this.#waiters) {
			measure();
		}
	}
}

/**
Then the apiserver reaches the kubelet before its 101. True since 1.36 without an emulated older version, if the node declares the feature
and the gate is not off. Otherwise the apiserver answers 101 itself, dials, and translates. False if that cannot be read.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/rest/subresources.go
*/
export async function isUpgradePassedThrough(
	cluster: ClusterClient,
	{own: {flags, process}, purpose: {target}}: Pick<LabelState, 'own' | 'purpose'>,
): Promise<boolean> {
	const gates = flags && flagValue(flags, 'feature-gates');
	const emulated = (flags && flagValue(flags, 'emulated-version')) ?? '';
	const [, minor] = /\b1\.(\d+)/.exec(emulated) ?? /^v?1\.(\d+)/.exec(process?.facts.version ?? '') ?? [];
	if (
		gates === null ||
		gates === undefined ||
		new RegExp(String.raw`\b(?:${feature}|AllBeta)=false\b`).test(gates) ||
		Number(minor ?? 0) < 36 ||
		target.node === null
	) {
		return false;
	}

	const node = await readNode(cluster, target.node);
	return node?.status?.declaredFeatures?.includes(feature) === true;
}
