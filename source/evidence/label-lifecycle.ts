/** What is done for one label from its connection's use on: what is read before, what beside the open stream, until it settles and after. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import type {BackgroundMetrics} from './background-metrics.ts';
import {clockDelay, type Clock} from './clock.ts';
import type {UnavailableSource} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {isRemoteCommand} from './label-state.ts';
import {labelTimings} from './label-timings.ts';
import type {LiveLabel} from './live-label.ts';
import {isUpgradePassedThrough} from './upgrade-passthrough.ts';
import type {PreUseProbe} from './pre-use-probe.ts';
import type {SharedProbeResult, SharedProbe} from './shared-probe.ts';

/** Where the labels of one cluster get what they need. */
export type LabelContext = {
	cluster: ClusterClient;
	clock: Clock;
	beforeUse: PreUseProbe;
	beside: SharedProbe;
	counters: BackgroundMetrics;
	/** @see LabelerOptions.isAwaited */
	isAwaited: boolean;
};

/** As long as the connection's stream is kept waiting. */
export async function observeBeforeUse(label: LiveLabel, connection: Connection, sources: LabelContext): Promise<void> {
	const {beforeUse, clock} = sources;
	label.tellAgain();
	const readings = await beforeUse.read(connection, label.life.purpose.target.namespace);
	label.tell({type: 'read', readings, asked: beforeUse.asked(connection)});
	clock.after(labelTimings.lastsMs, () => {
		void readWhileUnanswered(label, sources);
	});
}

/** A log that has no line yet is not answered before it has one: what is read beside streams is read beside it, too. */
async function readWhileUnanswered(label: LiveLabel, sources: LabelContext): Promise<void> {
	const isUnanswered = () => label.isChecking && !label.life.opened;
	if (!isUnanswered()) {
		return;
	}

	const read = await sources.beside.shared();
	if (isUnanswered()) {
		takeShared(label, read, sources);
		label.tellAgain();
	}
}

/** From the stream's opening on. */
export async function settleLabel(label: LiveLabel, sources: LabelContext): Promise<void> {
	const {clock} = sources;
	const openedAt = clock.now();
	const opened = clock.elapsed();
	const leftOf = (ms: number) => opened + ms - clock.elapsed();
	await readBeside(label, sources);
	if (!label.isChecking) {
		return;
	}

	await count(label, {openedAt, leftOf}, sources);
	await hear(label, leftOf, sources);
	if (label.isChecking) {
		label.tell({type: 'settled'});
		await lookAgain(label, sources);
	}
}

async function readBeside(label: LiveLabel, sources: LabelContext): Promise<void> {
	const {beside, beforeUse} = sources;
	const isLate = !label.life.readings.flags && beforeUse.isSilent;
	const [read, late] = await Promise.all([beside.shared(), isLate ? beside.elsewhere() : null]);
	if (label.isChecking) {
		label.note({type: 'read-elsewhere', late});
		takeShared(label, read, sources);
	}
}

function takeShared(label: LiveLabel, {shared, askedAt}: SharedProbeResult, {cluster}: LabelContext): void {
	label.note({type: 'read-beside', shared});
	const known = processCacheFor(cluster);
	known.keepShared(processOf(label), shared, askedAt);
	known.sawGateway(shared.gatewaySeen);
}

/** The route where nothing else told it, as an egress file alone does not: waited for where somebody waits for the label, and else only for a stream that lasts. */
async function count(
	label: LiveLabel,
	{openedAt, leftOf}: {openedAt: number; leftOf: (ms: number) => number},
	{clock, counters, isAwaited}: LabelContext,
): Promise<void> {
	const read = async () => {
		if (label.isWatched && label.path.legs[1]!.route.state === 'unknown') {
			label.tell({type: 'counted', counters: await counters.read(processOf(label), openedAt)});
		}
	};

	if (isAwaited) {
		await Promise.race([read(), clockDelay(clock, leftOf(labelTimings.settleWithinMs))]);
	} else {
		clock.after(labelTimings.lastsMs, () => {
			void read();
		});
	}
}

/** Until the far end of a command was heard or refused, where that tells anything, or its node tells as much, or the time is over. What is known by now is told meanwhile. */
async function hear(label: LiveLabel, leftOf: (ms: number) => number, {cluster}: LabelContext): Promise<void> {
	const isSilent = () => label.isChecking && !label.life.answered;
	const tellsTls = () => label.pathAfter({type: 'answered'}).legs[1]!.tls.state !== label.path.legs[1]!.tls.state;
	if (!isSilent() || !isRemoteCommand(label.life.purpose) || !tellsTls()) {
		return;
	}

	label.tellAgain();
	await label.whileIt(isSilent, leftOf(labelTimings.silentMs));
	if (isSilent()) {
		void noteIfPassedOn(label, cluster);
		await label.whileIt(() => isSilent() && !label.life.passedOn, leftOf(labelTimings.settleWithinMs));
	}
}

async function noteIfPassedOn(label: LiveLabel, cluster: ClusterClient): Promise<void> {
	if (await isUpgradePassedThrough(cluster, label.life)) {
		label.note({type: 'passed-on'});
	}
}

/** A stream may stay open for days: what no apiserver answered when it was opened is asked for again until one does, or refuses. */
async function lookAgain(label: LiveLabel, {beside, clock}: LabelContext): Promise<void> {
	const isUnread = () => label.isWatched && !label.life.readings.flags && !label.life.late?.flags;
	if (label.life.asked && isRefused(label.life.readings.closed)) {
		return;
	}

	while (isUnread()) {
		await clockDelay(clock, labelTimings.closedForMs);
		if (!isUnread()) {
			return;
		}

		const late = await beside.elsewhere();
		if (late?.flags) {
			label.tell({type: 'read-elsewhere', late});
		} else if (late && isRefused(late.closed)) {
			return;
		}
	}
}

function isRefused(closed: readonly UnavailableSource[]): boolean {
	return closed.some(({because}) => because !== 'no-answer');
}

function processOf({life: {readings}}: LiveLabel): string | null {
	return readings.process?.facts.id ?? null;
}
