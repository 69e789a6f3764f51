/** Handlers of the sandbox view. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ObjectName, Sandbox, SwitchSpec} from '../../sandbox/sandbox.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {clockTime} from '../../base/text/formats.ts';
import {currentKeyHints} from '../frame/session-display.ts';
import type {SandboxSwitch} from '../frame/session-state.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {hintedKey} from '../kit/screen-input.ts';
import {openTailInBackground} from '../tail/open-tail.ts';

const id = 'sandbox';
/** `stop` leaves the sandbox running, without its events. */
export type SandboxRun = {readonly sandbox: Sandbox; readonly rows: readonly SwitchSpec[]; stop(): void};

const happenings: ReadonlyArray<{
	id: string;
	label: string;
	says: string;
	effect: string;
	run(sandbox: Sandbox, session: Session): void | Promise<void>;
}> = [
	{
		id: 'cut',
		label: 'connections to the apiserver',
		says: 'disconnect now',
		effect: 'every stream is interrupted and reconnects',
		run(sandbox) {
			sandbox.faults.cut();
		},
	},
	{
		id: 'cut-second',
		label: 'connections to kubelets',
		says: 'disconnect now',
		effect: 'leg 2 is interrupted',
		run(sandbox) {
			sandbox.faults.cutSecondLeg();
		},
	},
	{
		id: 'restart',
		label: 'apiserver',
		says: 'restart now',
		effect: 'a new process: verdicts are refreshed',
		run: async sandbox => sandbox.faults.restartApiserver({downMs: 800}),
	},
	{
		id: 'rotate',
		label: 'log files',
		says: 'rotate now',
		effect: 'tails resume or report a possible gap',
		run(sandbox) {
			sandbox.faults.rotateLogs();
		},
	},
	{
		id: 'replace',
		label: 'a pod of web',
		says: 'replace now',
		effect: 'forwards move to another pod',
		async run(sandbox, session) {
			sandbox.faults.replacePod(await podOf(session, 'web'));
		},
	},
	{
		id: 'crash',
		label: 'a container of api',
		says: 'exit now',
		effect: 'it restarts; p shows the previous log',
		async run(sandbox, session) {
			sandbox.faults.restartContainers(await podOf(session, 'api'));
		},
	},
	{
		id: 'compact',
		label: 'watch history',
		says: 'compact now',
		effect: 'lists are refreshed',
		run(sandbox) {
			sandbox.faults.compact();
		},
	},
];

async function podOf({cluster}: Session, app: string): Promise<ObjectName> {
	const {items} = await cluster.access.json<{items: readonly PodObject[]}>({
		path: `/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`,
	});
	const pod = items.find(({metadata}) => metadata.deletionTimestamp === undefined);
	if (!pod) {
		throw new SpokeError('ERR_NOT_FOUND', `no running pod of ${app}`);
	}

	return {name: pod.metadata.name};
}

/** `isFallback`: the sandbox replaces a kubeconfig that was not found. */
export function attachSandbox(session: Session, sandbox: Sandbox, isFallback: boolean): void {
	const key = hintedKey({hints: currentKeyHints(session)}, 'view.sandbox');
	session.showMessage(
		`${isFallback ? 'No kubeconfig found: this' : 'This'} cluster runs inside spoke${key === undefined ? '' : `; ${key} opens its switches`}`,
	);
	// A first look shows what an open stream says of its path.
	openTailInBackground(session, {namespace: 'default', targets: ['deploy/api'], selector: null, containers: {kind: 'default'}});
	void (async () => {
		const {switches: switchRows} = await import('../../sandbox/sandbox.ts');
		const stop = sandbox.onEvent(({time, description}) => {
			session.paths.forget();
			session.store.dispatch({type: 'sandbox', log: [...session.store.state.sandboxLog.slice(-99), `${clockTime(time)}  ${description}`]});
		});
		const run = {sandbox, rows: switchRows, stop};
		session.work.start('sandbox', id, run);
		show(session, run);
	})();
}

function show(session: Session, run: SandboxRun, change?: {id: string; at: number}): void {
	const now = run.sandbox.switches.get();
	const switches: SandboxSwitch[] = [
		...run.rows.map(row => {
			const at = row.values.findIndex(({value}) => value === now[row.name]);
			return switchRow(row, at, change?.id === row.name ? change.at : at);
		}),
		...happenings.map(({id, label, says, effect}): SandboxSwitch => ({id, label, values: [says], valueIndex: 0, effect, fault: true})),
	];
	session.store.dispatchNow({type: 'sandbox', switches});
}

function switchRow({name, title, values}: SwitchSpec, at: number, shown: number): SandboxSwitch {
	const restarts = name === 'verification' || name === 'route';
	const says = values[shown]?.description ?? '';
	return {
		id: name,
		label: title,
		values: values.map(({value, label}) => label ?? String(value)),
		valueIndex: Math.max(0, shown),
		effect: shown === at ? says : `not applied yet: ${says}${restarts ? '; restarts the apiserver' : ''}`,
		fault: !restarts,
	};
}

function turn(session: Session, by: 1 | -1): void {
	const run = session.work.get('sandbox', id);
	const {sandboxSwitches, sandboxCursor} = session.store.state;
	const sandboxSwitch = sandboxSwitches[sandboxCursor];
	if (run && sandboxSwitch) {
		show(session, run, {
			id: sandboxSwitch.id,
			at: (sandboxSwitch.valueIndex + by + sandboxSwitch.values.length) % sandboxSwitch.values.length,
		});
	}
}

export const sandboxHandlers = {
	'sandbox/value.previous'(session) {
		turn(session, -1);
	},
	'sandbox/value.next'(session) {
		turn(session, 1);
	},
	async 'sandbox/accept'(session) {
		const run = session.work.get('sandbox', id);
		const {sandboxSwitches, sandboxCursor} = session.store.state;
		const sandboxSwitch = sandboxSwitches[sandboxCursor];
		if (!run || !sandboxSwitch) {
			return;
		}

		const happening = happenings.find(({id}) => id === sandboxSwitch.id);
		const row = run.rows.find(({name}) => name === sandboxSwitch.id);
		if (happening) {
			await happening.run(run.sandbox, session);
		} else if (row) {
			await run.sandbox.switches.set({[row.name]: row.values[sandboxSwitch.valueIndex]!.value});
		}

		show(session, run);
	},
	async 'sandbox.reset'(session) {
		const run = session.work.get('sandbox', id);
		if (run) {
			await run.sandbox.switches.set(Object.fromEntries(run.rows.map(({name, values}) => [name, values[0]!.value])));
			show(session, run);
		}
	},
} satisfies Handlers;
