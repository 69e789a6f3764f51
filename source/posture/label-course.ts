/** What is done for one label from its connection's use on: what is read before, what beside the open stream, until it settles and after. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import type {BackgroundCounters} from './background-counters.ts';
import {pause, type Clock} from './clock.ts';
import type {Closed} from './evidence.ts';
import {knownProcesses} from './known-processes.ts';
import {isCommand} from './label-life.ts';
import {limits} from './label-limits.ts';
import type {LiveLabel} from './live-label.ts';
import {isPassedOn} from './passed-on.ts';
import type {ReadingsBeforeUse} from './readings-before-use.ts';
import type {Beside, ReadingsBeside} from './readings-beside.ts';

/** Where the labels of one cluster get what they need. */
export type LabelSources = {
	cluster: ClusterClient;
	clock: Clock;
	beforeUse: ReadingsBeforeUse;
	beside: ReadingsBeside;
	counters: BackgroundCounters;
	/** @see LabellerOptions.isAwaited */
	isAwaited: boolean;
};

/** As long as the connection's stream is kept waiting. */
export async function readFirst(label: LiveLabel, connection: Connection, sources: LabelSources): Promise<void> {
	const {beforeUse, clock} = sources;
	label.tellAgain();
	const readings = await beforeUse.read(connection, label.life.purpose.target.namespace);
	label.tell({type: 'read', readings, asked: beforeUse.asked(connection)});
	clock.after(limits.lastsMs, () => {
		void readWhileUnanswered(label, sources);
	});
}

/** A log that has no line yet is not answered before it has one: what is read beside streams is read beside it, too. */
async function readWhileUnanswered(label: LiveLabel, sources: LabelSources): Promise<void> {
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
export async function settle(label: LiveLabel, sources: LabelSources): Promise<void> {
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

async function readBeside(label: LiveLabel, sources: LabelSources): Promise<void> {
	const {beside, beforeUse} = sources;
	const isLate = !label.life.readings.flags && beforeUse.isSilent;
	const [read, late] = await Promise.all([beside.shared(), isLate ? beside.elsewhere() : null]);
	if (label.isChecking) {
		label.note({type: 'read-elsewhere', late});
		takeShared(label, read, sources);
	}
}

function takeShared(label: LiveLabel, {shared, askedAt}: Beside, {cluster}: LabelSources): void {
	label.note({type: 'read-beside', shared});
	const known = knownProcesses(cluster);
	known.keepShared(processOf(label), shared, askedAt);
	known.sawGateway(shared.gatewaySeen);
}

/** The route where nothing else told it, as an egress file alone does not: waited for where somebody waits for the label, and else only for a stream that lasts. */
async function count(
	label: LiveLabel,
	{openedAt, leftOf}: {openedAt: number; leftOf: (ms: number) => number},
	{clock, counters, isAwaited}: LabelSources,
): Promise<void> {
	const read = async () => {
		if (label.isWatched && label.path.legs[1]!.route.state === 'unknown') {
			label.tell({type: 'counted', counters: await counters.read(processOf(label), openedAt)});
		}
	};

	if (isAwaited) {
		await Promise.race([read(), pause(clock, leftOf(limits.settleWithinMs))]);
	} else {
		clock.after(limits.lastsMs, () => {
			void read();
		});
	}
}

/** Until the far end of a command was heard or refused, where that tells anything, or its node tells as much, or the time is over. What is known by now is told meanwhile. */
async function hear(label: LiveLabel, leftOf: (ms: number) => number, {cluster}: LabelSources): Promise<void> {
	const isSilent = () => label.isChecking && !label.life.answered;
	const tellsTls = () => label.pathAfter({type: 'answered'}).legs[1]!.tls.state !== label.path.legs[1]!.tls.state;
	if (!isSilent() || !isCommand(label.life.purpose) || !tellsTls()) {
		return;
	}

	label.tellAgain();
	await label.whileIt(isSilent, leftOf(limits.silentMs));
	if (isSilent()) {
		void noteIfPassedOn(label, cluster);
		await label.whileIt(() => isSilent() && !label.life.passedOn, leftOf(limits.settleWithinMs));
	}
}

async function noteIfPassedOn(label: LiveLabel, cluster: ClusterClient): Promise<void> {
	if (await isPassedOn(cluster, label.life)) {
		label.note({type: 'passed-on'});
	}
}

/** A stream may stay open for days: what no apiserver answered when it was opened is asked for again until one does, or refuses. */
async function lookAgain(label: LiveLabel, {beside, clock}: LabelSources): Promise<void> {
	const isUnread = () => label.isWatched && !label.life.readings.flags && !label.life.late?.flags;
	if (label.life.asked && isRefused(label.life.readings.closed)) {
		return;
	}

	while (isUnread()) {
		await pause(clock, limits.closedForMs);
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

function isRefused(closed: readonly Closed[]): boolean {
	return closed.some(({because}) => because !== 'no-answer');
}

function processOf({life: {readings}}: LiveLabel): string | null {
	return readings.process?.facts.id ?? null;
}
