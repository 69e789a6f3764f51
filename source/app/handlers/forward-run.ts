/** Forwards as they run: started, followed, changed, stopped; what the screen shows of them is made of their events. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {asSpokeError} from '../../errors/spoke-error.ts';
import {wholeFailure} from '../../failures/whole-failure.ts';
import type {ConnectionEnd, ForwardEvent, LiveConnection, MoveReason} from '../../sessions/forward/forward-event.ts';
import {parseListenAddresses} from '../../sessions/forward/listen-address.ts';
import {localPortOf, parsePortSpec} from '../../sessions/forward/port-spec.ts';
import {startForward} from '../../sessions/forward/start-forward.ts';
import type {RunningForward, WhenPodGoes} from '../../sessions/forward/forward-request.ts';
import type {DockEntry} from '../../state/connections.ts';
import {namespaceHere, type ForwardState} from '../../state/session-state.ts';
import {shortPodName} from '../../state/short-pod-name.ts';
import {showAge} from '../../text/show-age.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {clockTime} from '../../text/clock-time.ts';
import {counted} from '../../text/grouped.ts';
import {sanitiseLine} from '../../text/sanitise-line.ts';
import {showBytes} from '../../text/show-bytes.ts';
import {shortFailure} from '../short-failure.ts';
import type {OpenCluster, Session} from '../session.ts';

/** What is asked for; `cluster` is the one that was open then, whichever is on the screen now. */
export type ForwardWish = {target: string; namespace: string; port: string; address: string; whenPodGoes: WhenPodGoes; cluster: OpenCluster};
type Run = {wish: ForwardWish; abort: AbortController; running: RunningForward | null; done: Promise<void>};

/** Kept beside the state: what cannot be a plain value. */
const runs = new WeakMap<Session, Map<string, Run>>();

function runsOf(session: Session): Map<string, Run> {
	const known = runs.get(session) ?? new Map<string, Run>();
	runs.set(session, known);
	return known;
}

/** The wish of a forward, to start it again or change it. */
export function wishOf(session: Session, id: string | undefined): ForwardWish | null {
	return runsOf(session).get(id ?? '')?.wish ?? null;
}

/** The row of a forward. */
export function forwardOf({store}: Pick<Session, 'store'>, id: string | undefined): ForwardState | undefined {
	return store.state.forwards.find(one => one.id === id);
}

/** As a port-forward goes where no flag is given: of a target in the namespace at hand. */
export function startHere(session: Session, target: string, port: string): void {
	startWish(session, {target, namespace: namespaceHere(session.store.state.cluster), port, address: 'localhost', whenPodGoes: 'move', cluster: session.cluster});
}

/** With the `id` of one that ended it takes that one's row, and its log goes on. */
export function startWish(session: Session, wish: ForwardWish, id = session.nextId('f')): void {
	const spec = parsePortSpec(wish.port);
	const local = localPortOf(spec);
	const before = forwardOf(session, id);
	const state: ForwardState = {
		id, context: wish.cluster.context, namespace: wish.namespace, target: wish.target, remote: spec.remote, local: null, asked: local === null ? 'any' : `:${local}`, address: wish.address,
		phase: 'working', note: 'connecting', open: 0, closed: 0, failed: 0, up: 0, down: 0, live: [], log: before?.log ?? [], on: '', portName: null,
	};
	session.store.now({type: 'forward', forward: state});
	session.store.now({type: 'dock', event: {type: 'open', entry: {id, kind: 'forward', what: `${state.asked} → ${wish.target}:${spec.remote}`, context: wish.cluster.context, namespace: wish.namespace, since: Date.now()}}});
	const run: Run = {wish, abort: new AbortController(), running: null, done: Promise.resolve()};
	runsOf(session).set(id, run);
	run.done = follow(session, id, run);
}

async function follow(session: Session, id: string, run: Run): Promise<void> {
	const {wish, abort} = run;
	const change = (to: (state: ForwardState) => Partial<ForwardState>, line?: string) => {
		const state = forwardOf(session, id);
		if (state) {
			const next = {...state, ...to(state)};
			const log = line === undefined ? next.log : withLine(next.log, line);
			session.store.data({type: 'forward', forward: {...next, log}});
			session.store.data({type: 'dock', event: {type: 'change', id, to: forwardInDock(next)}});
		}
	};

	let carried = 0;
	const clock = setInterval(() => {
		const totals = run.running?.totals(id);
		if (totals) {
			const live = run.running!.connections(id);
			change(state => ({up: totals.up, down: totals.down, failed: totals.failed, ...liveNow(live), closed: Math.max(state.closed, totals.connections - live.length - totals.failed)}));
			const {up, down} = forwardOf(session, id)!;
			const {samples} = session.store.state.dock.find(one => one.id === id)!;
			session.store.data({type: 'dock', event: {type: 'change', id, to: {samples: [...samples.slice(-23), Math.max(0, up + down - carried)]}}});
			carried = up + down;
		}
	}, 1000);
	try {
		run.running = startForward(wish.cluster.access, {
			target: parseTarget(wish.target), namespace: wish.namespace, ports: [{id, spec: parsePortSpec(wish.port)}], addresses: parseListenAddresses(wish.address.split(',')), whenPodGoes: wish.whenPodGoes, podRunningTimeoutMs: 60_000,
		}, {signal: abort.signal, witness: session.witnessFor(id, wish.cluster), environment: session.env});
		for await (const event of run.running.events) {
			take(session, id, event, change, run.running.connections(id));
		}
	} catch (thrown) {
		const error = asSpokeError(thrown);
		change(() => ({phase: 'failed', note: error.message, open: 0, live: []}), `failed: ${sanitiseLine(wholeFailure(error))}`);
		session.store.data({type: 'dock', event: {type: 'change', id, to: {error: error.toJSON()}}});
		session.fail(`forward ${wish.target} ${wish.port}`, error);
	} finally {
		clearInterval(clock);
	}
}

type Change = (to: (state: ForwardState) => Partial<ForwardState>, line?: string) => void;

function take(session: Session, id: string, event: ForwardEvent, change: Change, live: readonly LiveConnection[]): void {
	switch (event.event) {
		case 'ready': {
			const [first] = event.listen;
			const forOthers = event.listen.find(({address}) => !isLoopback(address));
			session.store.data({type: 'dock', event: {type: 'change', id, to: {usable: forOthers ? `everyone who reaches this machine can use :${forOthers.port}` : null}}});
			const {name, chosenFrom} = event.target;
			const pod = `${shortPodName(name)}${chosenFrom > 1 ? `, one of ${chosenFrom}` : ''}`;
			const places = event.listen.map(({address, port}) => joinHostPort(address, port)).join(' and ');
			change(() => ({phase: 'open', local: first?.port ?? null, ...onPod(pod), portName: event.remotePortName}), `listening on ${places}, on ${name}`);
			session.tell(`${urlOf(forwardOf(session, id)!) ?? ''} goes to ${name}`);
			break;
		}

		case 'bound-without': {
			change(() => ({}), `not bound: ${event.error.message}`);
			break;
		}

		case 'connection-opened': {
			change(() => liveNow(live));
			break;
		}

		case 'connection-closed': {
			change(state => ({closed: state.closed + 1, ...liveNow(live)}), `${number(event.connection)} closed after ${lasted(event.durationMs)}: ${showBytes(event.up)} sent, ${showBytes(event.down)} received, ${endings[event.end]}`);
			break;
		}

		case 'connection-failed': {
			change(state => ({failed: state.failed + 1, ...liveNow(live)}), `${number(event.connection)} failed: ${sanitiseLine(wholeFailure(event.error))}`);
			break;
		}

		case 'moved': {
			change(() => ({phase: 'open', ...onPod(shortPodName(event.to.name)), ...liveNow(live)}), `moved from ${shortPodName(event.from.name)} to ${shortPodName(event.to.name)} in ${(event.outageMs / 1000).toFixed(1)} s: ${reasons[event.reason]}`);
			session.tell(`${urlOf(forwardOf(session, id)!) ?? 'forward'} moved to ${shortPodName(event.to.name)}: ${reasons[event.reason]}`, 'warn');
			break;
		}

		case 'interrupted': {
			change(({log}) => ({phase: 'working', note: `${shortFailure(event.error)} · try ${event.attempt} in ${Math.ceil(event.retryInMs / 1000)} s`, log: withTry(log, `lost: ${shortFailure(event.error)}`, event.attempt)}));
			break;
		}

		case 'restored': {
			change(({on}) => ({phase: 'open', ...onPod(on)}), `back after ${(event.outageMs / 1000).toFixed(1)} s`);
			break;
		}

		default: {
			change(() => liveNow(live), `${number(event.connection)} ${event.event === 'connection-congested' ? 'waits for its local reader' : 'flows again'}`);
		}
	}
}

/** Tries that fail alike stand in one row: they must not push out what connections did. */
function withTry(log: ForwardState['log'], lost: string, attempt: number): ForwardState['log'] {
	const last = log.at(-1);
	return last?.text === lost || last?.text.startsWith(`${lost} · `)
		? log.with(log.length - 1, {...last, text: `${lost} · ${attempt} tries until ${clockTime(Date.now())}`})
		: withLine(log, lost);
}

function withLine(log: ForwardState['log'], text: string): ForwardState['log'] {
	return [...log.slice(-199), {time: Date.now(), text, connection: null}];
}

/** Asks where connections are open. Of one that is stopped or failed already it takes the row away. */
export async function stopForward(session: Session, id: string | undefined): Promise<void> {
	const state = forwardOf(session, id);
	if (!state) {
		return;
	}

	if (state.phase === 'stopped' || state.phase === 'failed') {
		runsOf(session).delete(state.id);
		session.store.now({type: 'forward-gone', id: state.id});
		session.store.now({type: 'dock', event: {type: 'close', id: state.id}});
		return;
	}

	if (await mayCut(session, 'Stop', state)) {
		await stopNow(session, state.id);
	}
}

/** Asked where connections are open. */
async function mayCut(session: Session, what: 'Stop' | 'Restart' | 'Change', state: ForwardState | undefined): Promise<boolean> {
	return state === undefined || state.open === 0 || session.ask(`${what} :${state.local ?? ''}? ${cutWords(state)}.`);
}

/** `2 open connections will be reset`. */
export function cutWords({open}: Pick<ForwardState, 'open'>): string {
	return `${counted(open, 'open connection')} will be reset`;
}

/** Without a question. */
export async function stopNow(session: Session, id: string): Promise<void> {
	await endForward(session, id, () => {
		const now = forwardOf(session, id);
		if (now) {
			session.store.now({type: 'forward', forward: {...now, phase: 'stopped', open: 0, live: [], note: `stopped by you ${new Date().toTimeString().slice(0, 5)}`}});
			session.store.now({type: 'dock', event: {type: 'change', id, to: {phase: 'stopped', note: 'stopped by you', figures: ''}}});
		}
	});
}

/** Ends what runs behind a row, and what took its place while that ended; `then` comes before anybody else's turn: two keys in a row are one after the other. */
async function endForward(session: Session, id: string, then: () => void = () => {}): Promise<void> {
	const current = () => runsOf(session).get(id);
	let ended: Run | undefined;
	do {
		ended = current();
		ended?.abort.abort();
		await ended?.done;
	} while (current() !== ended);

	then();
}

/** In its row, on the local port that it had; asks where connections are open. */
export async function restartForward(session: Session, id: string | undefined): Promise<void> {
	const run = runsOf(session).get(id ?? '');
	if (!run || id === undefined) {
		return;
	}

	const state = forwardOf(session, id);
	if (!await mayCut(session, 'Restart', state)) {
		return;
	}

	await endForward(session, id, () => {
		const local = state?.local ?? null;
		note(session, id, 'started again by you');
		startWish(session, local === null ? run.wish : {...run.wish, port: `${local}:${parsePortSpec(run.wish.port).remote}`}, id);
	});
}

/** Ends it and goes on in its place with another wish: the row and its log stay. */
export async function changeForward(session: Session, id: string, wish: ForwardWish): Promise<void> {
	const state = forwardOf(session, id);
	if (!await mayCut(session, 'Change', state)) {
		return;
	}

	await endForward(session, id, () => {
		note(session, id, `changed by you: ${wish.target} ${wish.port}`);
		startWish(session, wish, id);
	});
}

/** Ends all of them: the session is left. */
export async function closeForwards(session: Session): Promise<void> {
	await Promise.all([...runsOf(session).keys()].map(async id => endForward(session, id)));
}

function note(session: Session, id: string, text: string): void {
	const state = forwardOf(session, id);
	if (state) {
		session.store.now({type: 'forward', forward: {...state, log: withLine(state.log, text)}});
	}
}

/** Where a browser or a program on this machine reaches it. */
export function urlOf({local, remote, portName, address}: Pick<ForwardState, 'local' | 'remote' | 'portName' | 'address'>): string | null {
	if (local === null) {
		return null;
	}

	const isHttps = ['443', '8443', 'https'].some(one => one === remote || one === portName);
	return `${isHttps ? 'https' : 'http'}://${hostOf(address.split(','))}:${local}`;
}

function hostOf(addresses: readonly string[]): string {
	const [first = 'localhost'] = addresses;
	if (addresses.some(one => answersLocalhost.has(one))) {
		return 'localhost';
	}

	return first.includes(':') ? `[${first}]` : first;
}

/** The last two are every address of this machine. */
const answersLocalhost = new Set(['localhost', '127.0.0.1', '0.0.0.0', '::']);

function onPod(on: string): Pick<ForwardState, 'on' | 'note'> {
	return {on, note: `on ${on}`};
}

function forwardInDock(forward: ForwardState): Partial<DockEntry> {
	const {phase, note, local, asked, target, remote} = forward;
	return {phase, note: phase === 'open' ? '' : note, figures: figuresOf(forward), what: `${local === null ? asked : `:${local}`} → ${target}:${remote}`};
}

function figuresOf({phase, open, up, down}: ForwardState): string {
	return phase === 'open' ? `${open} open · ${showBytes(up + down)}` : '';
}

function liveNow(live: readonly LiveConnection[]): Pick<ForwardState, 'open' | 'live'> {
	const now = Date.now() - performance.now();
	return {open: live.length, live: live.map(({connection, client, since, up, down, congested}) => ({connection: number(connection), client, since: now + since, up, down, congested}))};
}

/** `f-1.7` is the seventh of its forward. */
function number(connection: string): string {
	return `#${connection.slice(connection.lastIndexOf('.') + 1)}`;
}

function lasted(ms: number): string {
	return ms < 10_000 ? `${ms} ms` : showAge(ms);
}

const endings: Readonly<Record<ConnectionEnd, string>> = {'client-fin': 'by the client', 'pod-fin': 'by the pod', 'client-reset': 'reset by the client', 'pod-reset': 'reset by the pod', moved: 'its pod went', shutdown: 'stopped by you'};
const reasons: Readonly<Record<MoveReason, string>> = {deleted: 'pod was deleted', 'not-ready': 'pod is not ready', evicted: 'pod was evicted', completed: 'pod ended', 'sandbox-changed': 'pod was restarted'};
