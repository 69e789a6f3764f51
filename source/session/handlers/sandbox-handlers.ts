/** The sandbox screen: postures and faults are switched here, and the labels follow. */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {PodName, Sandbox} from '../../sandbox/sandbox.ts';
import type {SwitchSpec} from '../../sandbox/switches.ts';
import {clockTime} from '../../text/clock-time.ts';
import type {Session} from '../session.ts';
import {currentKeyHints} from '../screen/create-render-input.ts';
import type {Handlers} from './handler.ts';

type Knob = Session['store']['state']['sandboxKnobs'][number];

const running = new WeakMap<Session, {sandbox: Sandbox; rows: readonly SwitchSpec[]}>();

/** What happens once, applied like a switch. */
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
		says: 'cut now',
		effect: 'every stream breaks and comes back',
		run(sandbox) {
			sandbox.faults.cut();
		},
	},
	{
		id: 'cut-second',
		label: 'connections to kubelets',
		says: 'cut now',
		effect: 'leg 2 breaks',
		run(sandbox) {
			sandbox.faults.cutSecondLeg();
		},
	},
	{
		id: 'restart',
		label: 'apiserver',
		says: 'restart now',
		effect: 'a new process: verdicts are read again',
		run: async sandbox => sandbox.faults.restartApiserver({downMs: 800}),
	},
	{
		id: 'rotate',
		label: 'log files',
		says: 'rotate now',
		effect: 'tails go on or say what may be missing',
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
		says: 'end now',
		effect: 'a restart; p shows the log before',
		async run(sandbox, session) {
			sandbox.faults.restartContainers(await podOf(session, 'api'));
		},
	},
	{
		id: 'compact',
		label: 'watch history',
		says: 'forget now',
		effect: 'lists are read anew',
		run(sandbox) {
			sandbox.faults.compact();
		},
	},
];

type NamedPods = {items: Array<{metadata: {name: string; deletionTimestamp?: string}}>};

/** A pod that runs, of a workload of the sandbox's own. */
async function podOf({cluster}: Session, app: string): Promise<PodName> {
	const {items} = await cluster.access.json<NamedPods>({path: `/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`});
	const pod = items.find(({metadata}) => metadata.deletionTimestamp === undefined);
	if (!pod) {
		throw new SpokeError('ERR_NOT_FOUND', `no pod of ${app} runs now`);
	}

	return {name: pod.metadata.name};
}

/** Says that it is one, and tells its screen what happens in it. `isForWant`: it stands in for a kubeconfig that was not found. */
export function attachSandbox(session: Session, sandbox: Sandbox, isForWant: boolean): void {
	const key = currentKeyHints(session).find(({action}) => action.id === 'view.sandbox')?.keys[0];
	session.tell(
		`${isForWant ? 'No kubeconfig found: this' : 'This'} cluster lives inside spoke${key === undefined ? '' : `; ${key} changes its ways`}`,
	);
	void (async () => {
		const {switches: switchRows} = await import('../../sandbox/switches.ts');
		running.set(session, {sandbox, rows: switchRows});
		show(session);
		sandbox.onEvent(({time, description}) => {
			session.paths.forget();
			session.store.data({type: 'sandbox', log: [...session.store.state.sandboxLog.slice(-99), `${clockTime(time)}  ${description}`]});
		});
	})();
}

function show(session: Session, change?: {id: string; at: number}): void {
	const run = running.get(session)!;
	const now = run.sandbox.switches.get();
	const knobs: Knob[] = [
		...run.rows.map(row => {
			const at = row.values.findIndex(({value}) => value === now[row.name]);
			return switchKnob(row, at, change?.id === row.name ? change.at : at);
		}),
		...happenings.map(({id, label, says, effect}): Knob => ({id, label, values: [says], at: 0, effect, fault: true})),
	];
	session.store.now({type: 'sandbox', knobs});
}

/** A switch that stands at `at`, and is shown at another value where that is not applied yet. */
function switchKnob({name, title, values, restarts}: SwitchSpec, at: number, shown: number): Knob {
	const says = values[shown]?.description ?? '';
	return {
		id: name,
		label: title,
		values: values.map(({value, label}) => label ?? String(value)),
		at: Math.max(0, shown),
		effect: shown === at ? says : `not applied yet: ${says}${restarts ? '; apiserver restarts' : ''}`,
		fault: name !== 'verification' && name !== 'route',
	};
}

function turn(session: Session, by: 1 | -1): void {
	const {sandboxKnobs, sandboxAt} = session.store.state;
	const knob = sandboxKnobs[sandboxAt];
	if (knob) {
		show(session, {id: knob.id, at: (knob.at + by + knob.values.length) % knob.values.length});
	}
}

export const sandboxHandlers: Handlers = {
	'sandbox.previous'(session) {
		turn(session, -1);
	},
	'sandbox.next'(session) {
		turn(session, 1);
	},
	async 'sandbox.apply'(session) {
		const run = running.get(session);
		const {sandboxKnobs, sandboxAt} = session.store.state;
		const knob = sandboxKnobs[sandboxAt];
		if (!run || !knob) {
			return;
		}

		const happening = happenings.find(({id}) => id === knob.id);
		const row = run.rows.find(({name}) => name === knob.id);
		if (happening) {
			await happening.run(run.sandbox, session);
		} else if (row) {
			await run.sandbox.switches.set({[row.name]: row.values[knob.at]!.value});
		}

		show(session);
	},
	async 'sandbox.reset'(session) {
		const run = running.get(session);
		if (run) {
			await run.sandbox.switches.set(Object.fromEntries(run.rows.map(({name, values}) => [name, values[0]!.value])));
			show(session);
		}
	},
};
