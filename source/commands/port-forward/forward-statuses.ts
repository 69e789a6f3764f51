/** What a detached forward reports about itself: its events so far, and the paths of its open tunnels. */
import type {ForwardStatus} from '../../detached-forwards/control-socket.ts';
import type {DetachedListener} from '../../detached-forwards/detached-forward-state.ts';
import type {Label} from '../../evidence/connection-labeler.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {ForwardEvent} from '../../streams/port-forward/forward-event.ts';
import type {TargetWithPorts} from './forward-arguments.ts';
import {basesOf, identityOf} from './path-events.ts';

type PortStatus = Omit<ForwardStatus, 'paths'>;

export class ForwardStatuses {
	readonly #ports: Map<string, PortStatus>;

	constructor(targets: readonly TargetWithPorts[]) {
		this.#ports = new Map(targets.flatMap(({ports}) => ports.map(({id}) => [id, startingPort(id)] as const)));
	}

	get listeners(): readonly DetachedListener[] {
		return [...this.#ports.values()].flatMap(({host, listen}) => [...new Set(listen.map(({port}) => port))].map(port => ({host, port})));
	}

	update(event: ForwardEvent): void {
		const before = this.#ports.get(event.forward)!;
		this.#ports.set(event.forward, {...before, ...changeOf(event, before)});
	}

	/** `labels`: of the connections that are open now; `null` if none is read. */
	list(labels: Iterable<Pick<Label, 'path'>> | null): readonly ForwardStatus[] {
		const open =
			labels &&
			Array.from(labels, ({path}) => path).filter(({feature, about}) => feature === 'port-forward' && about === 'open-connection');
		return [...this.#ports.values()].map(port => ({...port, paths: open && pathsTo(port.target, open)}));
	}
}

function startingPort(forward: string): PortStatus {
	return {
		forward,
		state: 'starting',
		target: null,
		remotePort: null,
		listen: [],
		host: null,
		connections: {open: 0, total: 0, failed: 0},
		error: null,
	};
}

function changeOf(event: ForwardEvent, {connections, target}: PortStatus): Partial<PortStatus> {
	const {open, total, failed} = connections;
	switch (event.event) {
		case 'ready': {
			return {state: 'ready', target: event.target, remotePort: event.remotePort, listen: event.listen, host: event.host};
		}

		case 'connection-opened': {
			return {connections: {open: open + 1, total: total + 1, failed}};
		}

		case 'connection-closed': {
			return {connections: {open: open - 1, total, failed}};
		}

		case 'connection-failed': {
			return {connections: {open: open - 1, total, failed: failed + 1}};
		}

		case 'moved': {
			return {state: 'ready', error: null, target: target && {...target, ...event.to, node: null}};
		}

		case 'interrupted': {
			return {state: 'interrupted', error: event.error.toJSON()};
		}

		case 'restored': {
			return {state: 'ready', error: null};
		}

		default: {
			return {};
		}
	}
}

/** One of equal paths, because a forward opens more tunnels when it has many connections. A new one is first shown when it has settled. */
function pathsTo(target: ForwardStatus['target'], open: readonly Path[]): readonly Path[] {
	const own = open.filter(path => path.target.asked === target?.asked && path.target.namespace === target.namespace);
	const settled = own.filter(({phase}) => phase !== 'checking');
	const shown = settled.length === 0 ? own : settled;
	// A line shows neither bases nor the apiserver process.
	return [...new Map(shown.map(path => [`${identityOf(path)} ${basesOf(path)}`, path])).values()];
}
