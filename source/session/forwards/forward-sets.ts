/** Saved sets of forwards. */
import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {isLoopback} from '../../cluster/transport/server-url.ts';
import {localPortOf, parsePortSpec, validateForward} from '../../streams/port-forward/forward-request.ts';
import {
	type ForwardFileEntry,
	forwardSetsDirectory,
	isForwardSetName,
	formatForwardEntry,
	parseForwardFile,
	forwardSetNames,
} from '../../base/command-line/forward-file.ts';
import {isRunning} from '../frame/connection-list.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {toSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {onlyCluster} from '../lists/selection.ts';
import {type ForwardConfig, localEndOf, describeResets, startForwardFrom, stopImmediately} from './run-forward.ts';
import {replaceFile} from '../../base/command-line/private-files.ts';

export const forwardSetHandlers = {
	'forwards/save': saveSet,
	'forwards.open-set': async session => openForwardSet(session),
} satisfies Handlers;

export type ForwardSet = {
	name: string;
	lines: readonly ForwardFileEntry[];
	/** Why the set is invalid. Its lines are empty then. */
	problem: string | null;
};

const fileHead =
	'# Forwards of spoke, one per line: the arguments of `spoke port-forward`. A line without --context\n# applies to every context. `spoke --forwards SET` starts the lines that apply to its context.\n';

export function loadForwardSets(session: Session): void {
	noteSets(session, readForwardSets(session.env));
}

function noteSets(session: Session, sets: readonly ForwardSet[]): void {
	session.store.dispatch({
		type: 'forward-sets',
		sets: sets.map(set => ({name: set.name, count: currentEntries(session, set).length})).filter(({count}) => count > 0),
	});
}

/** Starts the missing forwards, or stops the set when all are open. */
export async function openForwardSet(session: Session, name?: string): Promise<void> {
	const sets = readForwardSets(session.env);
	noteSets(session, sets);
	if (sets.length === 0) {
		session.showMessage('no saved sets of forwards');
		return;
	}

	const chosen = name ?? (await pickSet(session, sets));
	if (chosen === null) {
		return;
	}

	const set = sets.find(one => one.name === chosen);
	if (set === undefined) {
		session.showMessage(`no saved set named ${chosen}`, 'warn');
	} else if (set.problem !== null) {
		session.showMessage(set.problem, 'error');
	} else {
		await startOrStop(session, set);
	}
}

async function pickSet(session: Session, sets: readonly ForwardSet[]): Promise<string | null> {
	const items = sets.map(set => {
		const entries = currentEntries(session, set);
		const planned = plannedForwards(session, entries);
		const runs = planned.filter(one => isOpen(one)).length;
		const count = `${entries.length === set.lines.length ? '' : `${entries.length} of `}${set.lines.length}${runs === 0 ? '' : `, ${runs} open`}`;
		const off =
			set.problem ??
			(entries.length === 0
				? `for ${[...new Set(set.lines.map(({context}) => context))].join(', ') || 'no context: the set is empty'}`
				: null);
		return {id: set.name, cells: [set.name, count, planned.map(({shown}) => shown).join(', ')], ...(off !== null && {off})};
	});
	return session.pick({
		title: 'Saved forwards',
		purpose: 'forward-set',
		heads: ['SET', 'FORWARDS', ''],
		items,
		keys: 'preview',
		notes: [
			`Files in ${underHome(session, forwardSetsDirectory(session.env) ?? '')}; edit or delete them there. \`spoke --forwards SET\` starts one with the session.`,
		],
	});
}

/** `existing`: forwards with this configuration, open or ended. */
type PlannedForward = {config: ForwardConfig; shown: string; existing: readonly ForwardState[]};

function isOpen(planned: PlannedForward): boolean {
	return openForward(planned) !== undefined;
}

function openForward({existing}: PlannedForward): ForwardState | undefined {
	return existing.find(one => isRunning(one));
}

async function startOrStop(session: Session, set: ForwardSet): Promise<void> {
	onlyCluster(session);
	const entries = currentEntries(session, set);
	const planned = plannedForwards(session, entries);
	const elsewhere = describeOthers(set, entries);
	const isOn = planned.length > 0 && planned.every(one => isOpen(one));
	if (planned.length === 0) {
		session.showMessage(`${set.name} has no forwards for ${session.cluster.context}`, 'warn');
	} else if (isOn) {
		const details = planned.map(one => {
			const open = openForward(one)?.open ?? 0;
			return `${one.shown}${open === 0 ? '' : `: ${describeResets({open})}`}`;
		});
		const running = planned.flatMap(one => openForward(one) ?? []);
		if (await session.ask(`Stop ${formatQuantity(running.length, 'forward')} of ${set.name}?`, [...atMost(details), ...elsewhere])) {
			await Promise.all(running.map(async ({id}) => stopImmediately(session, id)));
			session.showMessage(`stopped ${formatQuantity(running.length, 'forward')} of ${set.name}`);
		}
	} else {
		const starting = planned.filter(one => !isOpen(one));
		const details = planned.map(one => `${one.shown}${noteOf(one)}`);
		if (
			await session.ask(`Start ${formatQuantity(starting.length, 'forward')} of ${set.name} in ${session.cluster.context}?`, [
				...atMost(details),
				...elsewhere,
				...describeExposed(starting),
			])
		) {
			startAll(session, starting);
		}
	}
}

/** For `spoke --forwards SET`: needs no confirmation, because the command line names the set. */
export function startForwardSet(session: Session, set: ForwardSet): void {
	const entries = currentEntries(session, set);
	const planned = plannedForwards(session, entries);
	startAll(session, planned);

	const started =
		planned.length === 0
			? `${set.name} has no forwards for ${session.cluster.context}.`
			: `Started ${formatQuantity(planned.length, 'forward')} of ${set.name} in ${session.cluster.context}.`;
	const more = [...describeOthers(set, entries), ...describeExposed(planned)];
	session.showMessage([started, ...more].join(' '), planned.length === 0 || more.length > 0 ? 'warn' : undefined);
}

function startAll(session: Session, starting: readonly PlannedForward[]): void {
	for (const {config, existing} of starting) {
		startForwardFrom(session, config, existing[0]?.id);
	}
}

function describeOthers({lines}: ForwardSet, entries: readonly ForwardFileEntry[]): string[] {
	const others = lines.filter(one => !entries.includes(one));
	const contexts = [...new Set(others.map(({context}) => context))];
	return others.length === 0
		? []
		: [
				`${others.length} for ${contexts.length === 1 ? 'context' : 'contexts'} ${contexts.join(', ')} ${others.length === 1 ? 'is' : 'are'} left out.`,
			];
}

function describeExposed(starting: readonly PlannedForward[]): string[] {
	const isExposed = starting.some(({config}) => localEndOf(config).addresses.some(({address}) => !isLoopback(address)));
	return isExposed ? ['Anyone who can reach this machine can use forwards not on loopback.'] : [];
}

function noteOf(planned: PlannedForward): string {
	const where = planned.config.host ?? planned.config.address;
	return isOpen(planned) ? ': already open' : where === 'localhost' ? '' : `, on ${where}`;
}

function atMost(details: readonly string[]): string[] {
	return details.length <= 8 ? [...details] : [...details.slice(0, 7), `and ${details.length - 7} more`];
}

function currentEntries({cluster}: Session, {lines}: ForwardSet): readonly ForwardFileEntry[] {
	return lines.filter(({context}) => context === null || context === cluster.context);
}

function plannedForwards(session: Session, lines: readonly ForwardFileEntry[]): PlannedForward[] {
	const {cluster} = session;
	return lines.flatMap(({target, ports, namespace, addresses, host, onPodLoss}) =>
		ports.map((port): PlannedForward => {
			const config = {
				target,
				namespace: namespace ?? cluster.access.facts.namespace,
				port,
				address: addresses.join(',') || 'localhost',
				onPodLoss: onPodLoss ?? 'move',
				host,
				cluster,
			};
			const local = localPortOf(parsePortSpec(port));
			const from = local === null ? 'a free port' : `:${local}`;
			const {remote} = parsePortSpec(port);
			return {
				config,
				shown: `${from} → ${target}:${remote} in ${config.namespace}`,
				existing: session.store.state.forwards.filter(one => hasConfig(one, config)),
			};
		}),
	);
}

/** Whether the forward has this configuration. Without a fixed local port, any local port matches. */
function hasConfig(own: ForwardState, config: ForwardConfig): boolean {
	const local = localPortOf(parsePortSpec(config.port));
	return (
		own.context === config.cluster.context &&
		own.namespace === config.namespace &&
		own.target === config.target &&
		own.host === config.host &&
		parsePortSpec(own.port).remote === parsePortSpec(config.port).remote &&
		(local === null || local === (own.local ?? localPortOf(parsePortSpec(own.port))))
	);
}

async function saveSet(session: Session): Promise<void> {
	const lines = ofOneContext(session.store.state.forwards.filter(one => isRunning(one)).map(one => savedLine(one)));
	if (lines.length === 0) {
		session.showMessage('no open forwards to save', 'warn');
		return;
	}

	const sets = readForwardSets(session.env);
	const namespaces = [...new Set(lines.map(({namespace}) => namespace))];
	const typed = session.promptForText({
		lead: 'save set as ',
		purpose: 'forward-set',
		accept: 'save',
		text: namespaces.length === 1 ? namespaces[0]! : 'forwards',
		note: () => formatQuantity(lines.length, 'forward'),
		check: text => (isForwardSetName(text) ? null : 'use letters, digits, . _ and -'),
	});
	if (sets.length > 0) {
		session.offer(
			'forward-set',
			sets.map(({name}) => name),
		);
	}

	const answer = await typed;
	const before = answer && sets.find(({name}) => name === answer.text);
	const confirmReplace = async (set: ForwardSet) =>
		session.ask(`Replace ${set.name}?`, [
			set.problem ?? `It has ${formatQuantity(set.lines.length, 'forward')}.`,
			`It will contain what is open now: ${formatQuantity(lines.length, 'forward')}.`,
		]);
	if (answer === null || (before && !(await confirmReplace(before)))) {
		return;
	}

	try {
		const path = await writeForwardSet(session.env, answer.text, lines);
		session.showMessage(`saved ${formatQuantity(lines.length, 'forward')}: ${underHome(session, path)}`);
		loadForwardSets(session);
	} catch (error) {
		session.showMessage(`not saved: ${toSpokeError(error).message}`, 'error');
	}
}

/** A set whose forwards are all of one context names none, so that it can start in another one. */
function ofOneContext(lines: readonly ForwardFileEntry[]): readonly ForwardFileEntry[] {
	return new Set(lines.map(({context}) => context)).size === 1 ? lines.map(line => ({...line, context: null})) : lines;
}

export async function addForwardToSet(session: Session, name: string, config: ForwardConfig): Promise<void> {
	const set = readForwardSets(session.env).find(one => one.name === name);
	const isOfAnyContext = set?.lines.every(({context}) => context === null) ?? false;
	const line = savedLine({...config, context: config.cluster.context, local: null});
	try {
		await addToForwardSet(session.env, name, isOfAnyContext ? {...line, context: null} : line);
		loadForwardSets(session);
	} catch (error) {
		session.showMessage(`not added to ${name}: ${toSpokeError(error).message}`, 'error');
	}
}

type Saved = Pick<ForwardState, 'target' | 'namespace' | 'context' | 'port' | 'local' | 'address' | 'host' | 'onPodLoss'>;

function savedLine({target, namespace, context, port, local, address, host, onPodLoss}: Saved): ForwardFileEntry {
	return {
		target,
		namespace,
		context,
		ports: [local === null ? port : `${local}:${parsePortSpec(port).remote}`],
		addresses: address === 'localhost' ? [] : address.split(','),
		onPodLoss: onPodLoss === 'move' ? null : onPodLoss,
		host,
	};
}

function underHome({env}: Session, path: string): string {
	const home = env['HOME'] ?? '';
	return home !== '' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** Synchronous, because the next key of a burst applies to the result. */
export function readForwardSets(env: NodeJS.ProcessEnv): ForwardSet[] {
	const directory = forwardSetsDirectory(env);
	return directory === null ? [] : forwardSetNames(env).map(name => readSet(join(directory, name), name));
}

/** The set for `spoke --forwards NAME`. @throws SpokeError ERR_USAGE if there is none, or its file is invalid */
export function requireForwardSet(env: NodeJS.ProcessEnv, name: string): ForwardSet {
	const sets = readForwardSets(env);
	const set = sets.find(one => one.name === name);
	if (set === undefined) {
		throw new SpokeError('ERR_USAGE', `no saved set of forwards named ${JSON.stringify(name)}`, {
			remedy:
				sets.length === 0
					? 'save open forwards in the session, or write ~/.config/spoke/forwards/NAME'
					: `choose one of ${sets.map(one => one.name).join(', ')}`,
		});
	}

	if (set.problem !== null) {
		throw new SpokeError('ERR_USAGE', set.problem, {remedy: `correct ${pathOfSet(env, name)}`});
	}

	return set;
}

function readSet(path: string, name: string): ForwardSet {
	try {
		return {name, lines: parseForwardFile(readFileSync(path, 'utf8'), name, validateForward), problem: null};
	} catch (error) {
		return {name, lines: [], problem: (error as Error).message};
	}
}

/** Replaces the file atomically. @throws the system error, or SpokeError */
export async function writeForwardSet(env: NodeJS.ProcessEnv, name: string, lines: readonly ForwardFileEntry[]): Promise<string> {
	const text = fileHead + lines.map(line => `${formatForwardEntry(line)}\n`).join('');
	return write(env, name, text);
}

/** Keeps comments and other text. */
export async function addToForwardSet(env: NodeJS.ProcessEnv, name: string, line: ForwardFileEntry): Promise<string> {
	const before = await readFile(pathOfSet(env, name), 'utf8');
	return write(env, name, `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${formatForwardEntry(line)}\n`);
}

async function write(env: NodeJS.ProcessEnv, name: string, text: string): Promise<string> {
	const path = pathOfSet(env, name);
	await replaceFile(path, text);
	return path;
}

function pathOfSet(env: NodeJS.ProcessEnv, name: string): string {
	const directory = forwardSetsDirectory(env);
	if (!isForwardSetName(name)) {
		throw new SpokeError('ERR_LOCAL_FILE', `invalid set name ${JSON.stringify(name)}: use letters, digits, . _ and -`);
	}

	if (directory === null) {
		throw new SpokeError('ERR_LOCAL_FILE', 'no directory for saved sets: HOME and XDG_CONFIG_HOME are not set');
	}

	return join(directory, name);
}
