/** Forwards: adding with the ports offered, stopping, restarting, copying, opening; their state is made of their events. */
import {spawn} from 'node:child_process';
import process from 'node:process';
import {asSpokeError} from '../../errors/spoke-error.ts';
import type {ForwardEvent, LiveConnection} from '../../sessions/forward/forward-event.ts';
import {parseListenAddresses, isLoopback} from '../../sessions/forward/listen-address.ts';
import {parsePortSpec} from '../../sessions/forward/port-spec.ts';
import {startForward} from '../../sessions/forward/start-forward.ts';
import type {RunningForward} from '../../sessions/forward/forward-request.ts';
import type {ForwardState} from '../../state/session-state.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {podsBehind} from '../../targets/pods-behind.ts';
import {listPods} from '../../targets/resolve-pod.ts';
import {sanitiseLine} from '../../text/sanitise-line.ts';
import {showBytes} from '../../ui/dock-pane.ts';
import type {Session} from '../session.ts';
import {targetHere} from './cursor.ts';
import {forwardNames} from './offered-names.ts';
import {freePort} from './free-port.ts';
import type {Handlers} from './handler.ts';
import {stopListener} from './listener-handlers.ts';

type Wish = {target: string; namespace: string; port: string; address: string};
type Run = {wish: Wish; abort: AbortController; running: RunningForward | null; done: Promise<void>};

/** Kept beside the state: what cannot be a plain value. */
const runs = new WeakMap<Session, Map<string, Run>>();

function runsOf(session: Session): Map<string, Run> {
	const known = runs.get(session) ?? new Map<string, Run>();
	runs.set(session, known);
	return known;
}

export const forwardHandlers: Handlers = {
	'pods.forward': async session => addHere(session),
	'workloads.forward': async session => addHere(session),
	'services.forward': async session => addHere(session),
	'forwards.add': async session => {
		void forwardNames(session).then(names => {
			session.offer('forward', names);
		});
		const answer = await session.type({lead: 'forward ', purpose: 'forward', accept: 'start', waits: 'reading names …', text: 'svc/'});
		const [target = '', port = ''] = answer?.text.trim().split(/\s+/) ?? [];
		if (answer && target !== '') {
			await (port === '' ? addDialog(session, target, placeOf(session)) : startWish(session, {target, namespace: placeOf(session), port, address: 'localhost'}));
		}
	},
	'forwards.stop': async session => stop(session, here(session)?.id),
	'forwards.restart': async session => restart(session, here(session)?.id),
	'forwards.edit': async session => {
		const run = runsOf(session).get(here(session)?.id ?? '');
		if (run) {
			await addDialog(session, run.wish.target, run.wish.namespace, here(session)!.id);
		}
	},
	'forwards.copy-address': session => {
		const forward = here(session);
		if (forward?.local) {
			session.copy(`http://localhost:${forward.local}`, `http://localhost:${forward.local}`);
		}
	},
	'forwards.browse': session => {
		const forward = here(session);
		if (forward?.local) {
			browse(session, `http${forward.remote === '443' || forward.remote === 'https' ? 's' : ''}://localhost:${forward.local}`);
		}
	},
	'connections.stop': async session => {
		const entry = session.store.state.dock[session.store.state.dockAt];
		if (entry?.kind === 'forward') {
			await stop(session, entry.id);
		} else if (entry?.kind === 'proxy') {
			await stopListener(session, entry.id);
		} else if (entry?.kind === 'logs') {
			session.tails.get(entry.id)?.stop();
			session.tails.delete(entry.id);
			session.store.now({type: 'dock', event: {type: 'close', id: entry.id}});
		}
	},
	'connections.restart': async session => {
		const entry = session.store.state.dock[session.store.state.dockAt];
		if (entry?.kind === 'forward') {
			await restart(session, entry.id);
		} else if (entry?.kind === 'logs') {
			const run = session.tails.get(entry.id);
			run?.start(run.view.since);
		}
	},
	'connections.copy-address': session => {
		const entry = session.store.state.dock[session.store.state.dockAt];
		const forward = session.store.state.forwards.find(({id}) => id === entry?.id);
		if (forward?.local) {
			session.copy(`http://localhost:${forward.local}`, `http://localhost:${forward.local}`);
		} else if (entry?.kind === 'proxy') {
			const address = `http://${session.store.state.proxy.listeners.find(({id}) => id === entry.id)?.address ?? ''}`;
			session.copy(address, address);
		} else if (entry) {
			session.copy(entry.what, entry.what);
		}
	},
	'connections.open': session => {
		const entry = session.store.state.dock[session.store.state.dockAt];
		if (entry?.kind === 'logs') {
			session.store.now({type: 'push', layer: {kind: 'tail', id: entry.id, line: null}});
		} else if (entry?.kind === 'forward') {
			session.store.now({type: 'view', view: 'forwards'});
			session.store.now({type: 'forward-move', by: session.store.state.forwards.findIndex(({id}) => id === entry.id) - session.store.state.forwardAt});
		} else if (entry?.kind === 'proxy') {
			session.store.now({type: 'view', view: 'proxy'});
			session.store.now({type: 'proxy', event: {type: 'move-to', index: session.store.state.proxy.listeners.findIndex(({id}) => id === entry.id)}});
		}
	},
};

function here({store}: Session): ForwardState | undefined {
	return store.state.forwards[store.state.forwardAt];
}

function placeOf({store}: Session): string {
	return store.state.cluster.namespace ?? store.state.cluster.lastNamespace;
}

async function addHere(session: Session): Promise<void> {
	const at = targetHere(session);
	if (at) {
		await addDialog(session, at.target, at.namespace);
	}
}

type Port = {value: string; shown: string; suggested: number};

async function portsOf(session: Session, target: string, namespace: string): Promise<Port[]> {
	const behind = await podsBehind(session.cluster.access, parseTarget(target), namespace);
	if (behind.kind === 'selected' && behind.service) {
		return (behind.service.spec?.ports ?? []).filter(({protocol}) => protocol === undefined || protocol === 'TCP')
			.map(({name, port, targetPort}) => ({value: String(port), shown: `${name ?? ''} ${port} → ${targetPort ?? port}`.trim(), suggested: port < 1024 ? 8000 + port : port}));
	}

	const pods = behind.kind === 'pod' ? [behind.pod] : await listPods(session.cluster.access, behind.scope);
	const ports = pods[0]?.spec.containers.flatMap(container => (container.ports ?? []).map(port => ({...port, container: container.name}))) ?? [];
	return ports.filter(({protocol}) => protocol === undefined || protocol === 'TCP')
		.map(({name, containerPort, container}) => ({value: String(containerPort), shown: `${name ?? ''} ${containerPort}  ${container}`.trim(), suggested: containerPort < 1024 ? 8000 + containerPort : containerPort}));
}

async function addDialog(session: Session, target: string, namespace: string, replaces?: string): Promise<void> {
	const ports = await portsOf(session, target, namespace);
	const first = ports[0];
	const suggested = first === undefined ? '' : String(await freePort(first.suggested));
	const before = replaces === undefined ? undefined : runsOf(session).get(replaces)?.wish;
	const values = await session.fill({
		title: `Forward from ${target}`, submit: 'start',
		fields: [
			first === undefined ? {name: 'port', label: 'Port', value: '', choices: null, note: 'no port is declared: a number or a name'}
				: {name: 'port', label: 'Port', value: first.value, choices: [...ports, {value: 'other', shown: 'other …', suggested: 0}], note: ''},
			...first === undefined ? [] : [{name: 'other', label: 'Other port', value: '', choices: null, note: 'only for "other"'}],
			{name: 'local', label: 'Local port', value: before?.port.split(':')[0] ?? suggested, choices: null, note: 'empty: any free one'},
			{name: 'address', label: 'Listen on', value: before?.address ?? 'localhost', choices: null, note: ''},
		],
		notes: values => ['The same in a script:', `  spoke port-forward -n ${namespace} ${target} ${specOf(values)}${values['address'] === 'localhost' ? '' : ` --address ${values['address']}`}`],
		async check(values) {
			try {
				const {local} = parsePortSpec(specOf(values));
				parseListenAddresses((values['address'] ?? '').split(','));
				return local !== null && local > 0 && replaces === undefined && await freePort(local) !== local ? `port ${local} is in use` : null;
			} catch (error) {
				return (error as Error).message;
			}
		},
	});
	if (values === null) {
		return;
	}

	const address = values['address'] ?? 'localhost';
	if (parseListenAddresses(address.split(',')).some(one => !isLoopback(one)) && !await session.ask(`Listen on ${address}?`, ['Everyone who reaches this machine can use it.'])) {
		return;
	}

	if (replaces !== undefined) {
		await end(session, replaces);
	}

	await startWish(session, {target, namespace, port: specOf(values), address});
}

function specOf(values: Readonly<Record<string, string>>): string {
	const remote = values['port'] === 'other' ? values['other'] ?? '' : values['port'] ?? '';
	return `${values['local'] ?? ''}:${remote}`;
}

export async function startWish(session: Session, wish: Wish): Promise<void> {
	const id = session.nextId('f');
	const spec = parsePortSpec(wish.port);
	const state: ForwardState = {
		id, namespace: wish.namespace, target: wish.target, remote: spec.remote, local: null, asked: spec.local === null || spec.local === 0 ? 'any' : `:${spec.local}`, address: wish.address,
		phase: 'working', note: 'connecting', open: 0, closed: 0, failed: 0, up: 0, down: 0, log: [],
	};
	session.store.now({type: 'forward', forward: state});
	session.store.now({type: 'dock', event: {type: 'open', entry: {id, kind: 'forward', what: `${state.asked} → ${wish.target}:${spec.remote}`, context: session.cluster.context, since: Date.now()}}});
	const abort = new AbortController();
	const run: Run = {wish, abort, running: null, done: Promise.resolve()};
	runsOf(session).set(id, run);
	run.done = follow(session, id, run);
}

async function follow(session: Session, id: string, run: Run): Promise<void> {
	const {wish, abort} = run;
	const change = (to: (state: ForwardState) => Partial<ForwardState>, line?: string) => {
		const state = session.store.state.forwards.find(one => one.id === id);
		if (state) {
			const next = {...state, ...to(state)};
			const log = line === undefined ? next.log : [...next.log.slice(-199), {time: Date.now(), text: line, connection: null}];
			session.store.data({type: 'forward', forward: {...next, log}});
			session.store.data({type: 'dock', event: {type: 'change', id, to: {phase: next.phase, note: next.phase === 'open' ? '' : next.note, what: `${next.local === null ? next.asked : `:${next.local}`} → ${next.target}:${next.remote}`}}});
		}
	};

	const clock = setInterval(() => {
		const totals = run.running?.totals(id);
		if (totals) {
			change(state => ({up: totals.up, down: totals.down, failed: totals.failed, open: run.running!.connections(id).length, closed: Math.max(state.closed, totals.connections - run.running!.connections(id).length - totals.failed)}));
			const state = session.store.state.forwards.find(one => one.id === id)!;
			session.store.data({type: 'dock', event: {type: 'change', id, to: {figures: state.phase === 'open' ? `${state.open} open · ${showBytes(state.up + state.down)}` : ''}}});
		}
	}, 1000);
	try {
		run.running = startForward(session.cluster.access, {
			target: parseTarget(wish.target), namespace: wish.namespace, ports: [{id, spec: parsePortSpec(wish.port)}], addresses: parseListenAddresses(wish.address.split(',')), podRunningTimeoutMs: 60_000,
		}, {signal: abort.signal, witness: session.witnessFor(id), environment: session.env});
		for await (const event of run.running.events) {
			take(session, id, event, change, run.running.connections(id));
		}
	} catch (thrown) {
		const error = asSpokeError(thrown);
		change(() => ({phase: 'failed', note: error.message, open: 0}), `failed: ${error.message}${error.text === null ? '' : `: ${sanitiseLine(error.text)}`}`);
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
			change(() => ({phase: 'open', local: first?.port ?? null, note: `on ${event.target.name}${event.target.chosenFrom > 1 ? `, one of ${event.target.chosenFrom}` : ''}`, remote: event.remotePortName ?? String(event.remotePort)}), `listening on ${event.listen.map(({address, port}) => address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`).join(' and ')}`);
			session.tell(`http://localhost:${first?.port ?? ''} goes to ${event.target.name}`);
			break;
		}

		case 'bound-without': {
			change(() => ({}), `not bound: ${event.error.message}`);
			break;
		}

		case 'connection-opened': {
			change(() => ({open: live.length}), `${event.client} opened (${event.connection})`);
			break;
		}

		case 'connection-closed': {
			change(state => ({closed: state.closed + 1, open: live.length}), `${event.connection} closed after ${event.durationMs} ms: ${showBytes(event.up)} sent, ${showBytes(event.down)} received, ${event.end}`);
			break;
		}

		case 'connection-failed': {
			change(state => ({failed: state.failed + 1, open: live.length}), `${event.connection} failed: ${event.error.message}${event.error.text === null ? '' : `: ${sanitiseLine(event.error.text)}`}`);
			break;
		}

		case 'moved': {
			change(() => ({phase: 'open', note: `on ${event.to.name}`}), `moved from ${event.from.name} to ${event.to.name} in ${(event.outageMs / 1000).toFixed(1)} s: ${event.reason}`);
			session.tell(`forward moved to ${event.to.name}: ${event.reason}`, 'warn');
			break;
		}

		case 'interrupted': {
			change(() => ({phase: 'working', note: `${event.error.message} · try ${event.attempt} in ${Math.ceil(event.retryInMs / 1000)} s`}), `lost: ${event.error.message}${event.error.text === null ? '' : `: ${sanitiseLine(event.error.text)}`}`);
			break;
		}

		case 'restored': {
			change(state => ({phase: 'open', note: state.note.startsWith('on ') ? state.note : 'back'}), `back after ${(event.outageMs / 1000).toFixed(1)} s`);
			break;
		}

		default: {
			change(() => ({}), `${event.connection} ${event.event === 'connection-congested' ? 'waits for its local reader' : 'flows again'}`);
		}
	}
}

async function stop(session: Session, id: string | undefined): Promise<void> {
	const state = session.store.state.forwards.find(one => one.id === id);
	if (!state) {
		return;
	}

	if (state.phase === 'stopped' || state.phase === 'failed') {
		runsOf(session).delete(state.id);
		session.store.now({type: 'forward-gone', id: state.id});
		session.store.now({type: 'dock', event: {type: 'close', id: state.id}});
		return;
	}

	if (state.open > 0 && !await session.ask(`Stop :${state.local ?? ''}? ${state.open} open ${state.open === 1 ? 'connection' : 'connections'} will be reset.`)) {
		return;
	}

	await end(session, state.id);
	const now = session.store.state.forwards.find(one => one.id === id) ?? state;
	session.store.now({type: 'forward', forward: {...now, phase: 'stopped', open: 0, note: `stopped by you ${new Date().toTimeString().slice(0, 5)}`}});
	session.store.now({type: 'dock', event: {type: 'change', id: state.id, to: {phase: 'stopped', note: 'stopped by you', figures: ''}}});
}

async function end(session: Session, id: string): Promise<void> {
	const run = runsOf(session).get(id);
	run?.abort.abort();
	await run?.done;
}

async function restart(session: Session, id: string | undefined): Promise<void> {
	const run = runsOf(session).get(id ?? '');
	if (!run || id === undefined) {
		return;
	}

	const state = session.store.state.forwards.find(one => one.id === id);
	if ((state?.open ?? 0) > 0 && !await session.ask(`Restart :${state?.local ?? ''}? ${state!.open} open connections will be reset.`)) {
		return;
	}

	await end(session, id);
	runsOf(session).delete(id);
	session.store.now({type: 'forward-gone', id});
	session.store.now({type: 'dock', event: {type: 'close', id}});
	const local = state?.local ?? null;
	await startWish(session, local === null ? run.wish : {...run.wish, port: `${local}:${parsePortSpec(run.wish.port).remote}`});
}

/** Ends all of them: the session is left. */
export async function closeForwards(session: Session): Promise<void> {
	await Promise.all([...runsOf(session).keys()].map(async id => end(session, id)));
}

function browse(session: Session, url: string): void {
	const program = session.env['BROWSER'] ?? (process.platform === 'darwin' ? 'open' : 'xdg-open');
	const child = spawn(program, [url], {stdio: 'ignore', detached: true});
	child.once('error', () => {
		session.copy(url, url);
		session.tell(`no browser could be started: ${url} copied`, 'warn');
	});
	child.once('spawn', () => {
		session.tell(`opened ${url}`);
	});
	child.unref();
}
