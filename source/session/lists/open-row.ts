/** Enter in a list: the pods of a workload, service or node, and the containers of a pod. */
import {listAll} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import {actionIn} from '../actions/action-table.ts';
import {allContainers, attachableContainers, chooseContainer, containerStatus} from '../../cluster/targets/choose-container.ts';
import {listPath, objectPath, findResource, podResource, type TargetResource} from '../../cluster/targets/resource-names.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {resolveTargetPods} from '../../cluster/targets/target-pods.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import type {PickerItem} from '../dialogs/dialog.ts';
import {currentList} from '../frame/session-state.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import {disabledReason} from '../keys/perform-action.ts';
import {openShell} from '../shell/shell-handlers.ts';
import {openTail} from '../tail/open-tail.ts';
import {openDetails} from '../text/details-handlers.ts';
import {agoAt, containerStateText, type FormatAgo} from '../text/object-details.ts';
import {showView} from './list-handlers.ts';
import type {ListName} from './list-kinds.ts';
import {selectedRow, type ListScope} from './list-state.ts';
import {selectedTarget} from './selection.ts';

type Selected = NonNullable<ReturnType<typeof selectedTarget>>;

/** @throws SpokeError when the object cannot be read or selects no pods */
export async function openRow(session: Session): Promise<void> {
	const list = currentList(session.store.state);
	const selected = selectedTarget(session);
	if (!list || !selected) {
		return;
	}

	if (list.name === 'pods') {
		await openContainers(session, selected);
		return;
	}

	if (list.name === 'events') {
		await openObject(session, selected);
		return;
	}

	const scope = await session.typeAhead.during({description: `looking up the pods of ${selected.target}`}, async () =>
		podListScope(list.name, selected, contextOf(session, selected.cluster)),
	);
	if (session.shown.includes(selected.cluster) && session.store.state.view === list.name) {
		session.store.dispatchNow({type: 'list', list: 'pods', event: {type: 'narrow', scope}});
		session.store.dispatchNow({type: 'view', view: 'pods'});
		session.refreshFeeds();
	}
}

/** The object of an event, alone in its list. */
async function openObject(session: Session, {cluster, target, namespace}: Selected): Promise<void> {
	const [kind = '', name = ''] = target.split('/');
	const resource = findResource(kind);
	if (resource === undefined) {
		session.showMessage(`no view of ${target}: use kubectl`, 'warn');
		return;
	}

	const view = listOf[resource.plural];
	if (view === undefined) {
		await openDetails(session);
		return;
	}

	showView(session, view);
	const scope: ListScope = {
		...contextOf(session, cluster),
		from: 'events',
		of: target,
		namespace,
		fieldSelector: `metadata.name=${name}`,
		resource: resource.plural,
	};
	session.store.dispatchNow({type: 'list', list: view, event: {type: 'narrow', scope}});
	session.refreshFeeds();
}

const listOf: Readonly<Partial<Record<TargetResource['plural'], ListName>>> = {
	pods: 'pods',
	services: 'services',
	nodes: 'nodes',
	deployments: 'workloads',
	statefulsets: 'workloads',
	daemonsets: 'workloads',
	jobs: 'workloads',
	cronjobs: 'workloads',
};

/** Back from the pods of an object, or from the object of an event. */
export function leaveScope(
	{store, refreshFeeds}: Pick<Session, 'store' | 'refreshFeeds'>,
	{name, scope: {from}}: {name: ListName; scope: ListScope},
): void {
	store.dispatchNow({type: 'list', list: name, event: {type: 'narrow', scope: null}});
	store.dispatchNow({type: 'view', view: from});
	refreshFeeds();
}

/** Only with several clusters does a list show those of one. */
function contextOf({store}: Session, {context}: OpenCluster): Pick<ListScope, 'context'> {
	return store.state.others.length > 0 ? {context} : {};
}

async function podListScope(
	from: ListName,
	{cluster: {access}, target, namespace, name}: Selected,
	context: Pick<ListScope, 'context'>,
): Promise<ListScope> {
	if (from === 'nodes') {
		return {...context, from, of: target, namespace: null, fieldSelector: `spec.nodeName=${name}`};
	}

	const parsed = parseTarget(target);
	if (parsed.resource.kind === 'CronJob') {
		const {items} = await listAll<CheckedObject<'jobs'>>(access, {path: listPath(findResource('jobs')!, namespace)});
		const jobs = items.filter(({metadata}) =>
			metadata.ownerReferences?.some(owner => owner.kind === 'CronJob' && owner.name === parsed.name),
		);
		const of = `${target} (${formatQuantity(jobs.length, 'job')})`;
		// Without jobs, no pod has this empty name.
		return {...context, from, of, namespace, labelSelector: `job-name in (${jobs.map(({metadata}) => metadata.name).join(',')})`};
	}

	const pods = await resolveTargetPods(access, parsed, namespace);
	return {...context, from, of: target, namespace, ...(pods.kind === 'selected' && {labelSelector: pods.scope.labelSelector})};
}

const actions = {logs: 'logs', 'previous log': 'logs', shell: 'shell'} as const;
type Choice = {action: keyof typeof actions; container: string};

async function openContainers(session: Session, {cluster, target, namespace, name}: Selected): Promise<void> {
	const selectedId = () => selectedRow(session.store.state.lists.pods)?.id;
	const id = selectedId();
	const pod = await session.typeAhead.during({description: `reading the containers of ${name}`}, async () =>
		cluster.access.json<PodObject>({path: objectPath(podResource, namespace, name)}),
	);
	const choices = containerChoices(pod);
	const chosen = await session.pick({
		title: `Containers of ${name}`,
		purpose: 'containers',
		keys: 'open',
		items: choices.map((choice, index) => pickerItem(session, pod, choice, index)),
	});
	const choice = choices[Number(chosen ?? -1)];
	if (choice === undefined) {
		return;
	}

	const {action, container} = choice;
	if (disabledReason(session.store.state, actionIn('pods', actions[action])!) !== null) {
		// Says why, or checks the permission for this pod alone.
		if (selectedId() === id) {
			session.perform(actions[action]);
		} else {
			session.showMessage(`${name} is no longer selected`, 'warn');
		}
	} else if (action === 'shell') {
		await openShell(session, {cluster, namespace, target, named: container});
	} else {
		const containers = {kind: 'named', name: container} as const;
		openTail(session, {cluster, namespace, targets: [target], selector: null, containers}, {previous: action === 'previous log'});
	}
}

/** The default container first. */
export function containerChoices(pod: PodObject): readonly Choice[] {
	const first = chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'}).name;
	const inOrder = (names: readonly string[]) => names.toSorted((one, other) => Number(other === first) - Number(one === first));
	const names = inOrder([...allContainers(pod)].toSorted((one, other) => rank(one.role) - rank(other.role)).map(({name}) => name));
	const previous = names.filter(name => containerStatus(pod, name)?.lastState?.terminated !== undefined);
	const running = new Set(attachableContainers(pod).map(({name}) => name));
	return [
		...names.map(container => ({action: 'logs' as const, container})),
		...previous.map(container => ({action: 'previous log' as const, container})),
		...names.filter(name => running.has(name)).map(container => ({action: 'shell' as const, container})),
	];
}

function rank(role: string): number {
	return ['regular', 'init', 'ephemeral'].indexOf(role);
}

function pickerItem({store: {state}}: Session, pod: PodObject, choice: Choice, index: number): PickerItem {
	const off = disabledReason(state, actionIn('pods', actions[choice.action])!);
	return {
		id: String(index),
		cells: [choice.action, choice.container, describeChoice(pod, choice, agoAt(state.now))],
		...(off !== null && {off: `disabled, ${off}`}),
	};
}

function describeChoice(pod: PodObject, {action, container}: Choice, ago: FormatAgo): string {
	const {state, lastState, restartCount = 0} = containerStatus(pod, container) ?? {};
	if (action === 'shell') {
		return '';
	}

	if (action === 'previous log') {
		return containerStateText({state: lastState}, ago);
	}

	const role = allContainers(pod).find(({name}) => name === container)?.role;
	const parts = [role === 'regular' ? '' : role, containerStateText({state}, ago), restartCount && formatQuantity(restartCount, 'restart')];
	return parts.filter(Boolean).join(', ');
}
