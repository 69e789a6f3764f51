/** Describes the path pane: its title, what is pending, and why a path would fail. */
import type {Path} from '../../evidence/evidence.ts';
import {describeExpectedFailure, describeReplicas} from '../../descriptions/describe-path.ts';
import {isListName} from '../lists/list-kinds.ts';
import {currentList, type ClusterState, type SessionState} from './session-state.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {formatAge} from '../../text/format-time.ts';

export function describeBrokenPath(path: Path, now: number): {word: string; message: string; explained: string} | null {
	const failure = describeExpectedFailure(path);
	if (failure === null) {
		return null;
	}

	const {time, otherEnd, message, explained} = failure;
	const end = otherEnd === null ? '' : ` to ${sanitizeLine(otherEnd)}`;
	return {word: time === null ? 'would fail' : `failed ${formatAge(now - Date.parse(time))} ago${end}`, message, explained};
}

/** Title of the path pane. For a service, the path is that of the service proxy. */
export function pathTitle(path: Path | null, subject: string): string {
	return `Path${subject === '' ? '' : ` to ${subject}`}${path?.legs[1]?.to === 'service' ? ' through the apiserver proxy' : ''}`;
}

export const nothingSelected = 'Select a pod, workload, service, node or forward to see its path.';

export function isNothingSelected({
	view,
	lists,
	forwards,
	cluster,
}: Pick<SessionState, 'view' | 'lists' | 'forwards' | 'cluster'>): boolean {
	if (cluster.reachable === 'no') {
		return false;
	}

	if (view === 'forwards') {
		return forwards.length === 0;
	}

	if (view === 'events') {
		return true;
	}

	const list = currentList({view, lists});
	return (
		list !== null && ['live', 'polling', 'failed'].includes(list.phase.kind) && list.visible.length === 0 && !isUnauthorized({view, lists})
	);
}

function isUnauthorized({view, lists}: Pick<SessionState, 'view' | 'lists'>): boolean {
	const phase = currentList({view, lists})?.phase;
	return phase?.kind === 'failed' && phase.error.code === 'ERR_CREDENTIALS';
}

/** When leg 2 will be determined, or why it will not be. */
export function describePendingLeg({
	view,
	lists,
	cluster: {reachable},
}: Pick<SessionState, 'view' | 'lists'> & {cluster: Pick<ClusterState, 'reachable'>}): string {
	if (reachable !== 'yes') {
		return reachable === 'no' ? 'leg 2 is determined after leg 1 connects' : 'leg 2 is determined after the apiserver responds';
	}

	if (isUnauthorized({view, lists})) {
		return 'leg 2 is not determined: the apiserver does not accept your credentials';
	}

	// The path of a list row is read separately. A forward has its own connections.
	return isListName(view) ? 'leg 2 is being determined' : 'leg 2 is determined within 2 s of the first connection';
}

export function pendingLegName(state: Pick<SessionState, 'view' | 'lists'>): string {
	return isUnauthorized(state) ? 'not determined' : 'not determined yet';
}

/** `up 3d, 1 of 3 examined`. */
export function describeUptime({process}: Path, now: number): string {
	const replicas = process.known === null ? '' : `, ${describeReplicas(process).short}`;
	return process.startTime === null ? '' : `up ${formatAge(now - Date.parse(process.startTime))}${replicas}`;
}

/** The title says that the path is that of the proxy. */
export const proxyPathNote = 'Logs and forwards go through the kubelet of a pod: see the path of a pod.';
