/** Handlers of the node check screen. */
import {checkNodes} from '../../evidence/node-checks/check-nodes.ts';
import {defaultNodeConcurrency, defaultNodeTimeoutMs, type NodeCheckSummary, type NodeGroup} from '../../evidence/doctor/doctor-object.ts';
import {countReadable, planNodeChecks} from '../../evidence/node-checks/plan-node-checks.ts';
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {
	describeNodeCheckProgress,
	describeNodeCheckRequest,
	describeNodeCheckSummary,
	describeNodeGroup,
	describeNodeGroupDetails,
	nodeResultMarks,
} from '../../report/descriptions/describe-doctor.ts';
import {formatDuration} from '../../base/text/formats.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {TextLine} from '../frame/session-state.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {currentText, openBusyText} from '../text/text-handlers.ts';
import {detailLines} from './doctor-handlers.ts';

export const nodeCheckHandlers = {
	'nodes/test': async session => openNodeCheck(session),
	async 'node-check/refresh'(session) {
		const cluster = session.clusters.get(currentText(session)?.context ?? '');
		session.store.dispatchNow({type: 'pop'});
		await openNodeCheck(session, cluster);
	},
	'node-check/stop'(session) {
		const layer = currentText(session);
		if (layer?.busy && layer.id !== undefined) {
			session.store.dispatchNow({type: 'fill-text', id: layer.id, to: {status: stopping}});
			void session.work.end(layer.id);
		} else {
			session.showMessage('the check has ended');
		}
	},
} satisfies Handlers;

const stopping = 'stopping …';
/** What follows `stopped`. */
const stopReasons = {key: 'by you', closed: 'because its screen was closed', replaced: 'by a newer check'} as const;
const progressIntervalMs = 200;

/** Lists nodes and pods, asks once with their number, and shows progress until the check ends, is stopped or its screen is closed. */
export async function openNodeCheck(session: Session, cluster = session.cluster): Promise<void> {
	const plan = await session.typeAhead.during({description: 'listing nodes and pods'}, async () =>
		planNodeChecks(withAbortSignal(cluster.access, session.closing)),
	);
	const count = countReadable(plan);
	if (
		count > 0 &&
		!(await session.ask(session.shown.length > 1 ? `Check the kubelets of ${cluster.context}?` : 'Check the kubelets?', [
			describeNodeCheckRequest(count, defaultNodeConcurrency),
		]))
	) {
		return;
	}

	for (const {run} of session.work.list('node-check')) {
		run.stop(stopReasons.replaced);
	}

	const abort = new AbortController();
	const {signal} = abort;
	const id = session.nextId('text');
	const onEnded = session.work.start('node-check', id, {
		stop(reason = stopReasons.key) {
			abort.abort(reason);
		},
	});
	const fill = openBusyText(
		session,
		{
			title: 'Node check',
			subject: cluster.context,
			keyContext: 'node-check',
			context: cluster.context,
			status: 'checking …',
			lines: [{text: 'The results appear when the check ends.', role: 'text.dim'}],
		},
		id,
	);
	const isShown = () => session.store.state.layers.some(layer => layer.kind === 'text' && layer.id === id);
	let counts: NodeCheckSummary['nodes'] | null = null;
	const progress = setInterval(() => {
		if (!isShown()) {
			abort.abort(stopReasons.closed);
		} else if (counts !== null && !signal.aborted) {
			fill({status: describeNodeCheckProgress(counts), busy: true});
		}
	}, progressIntervalMs);
	const summary = await checkNodes(withAbortSignal(cluster.access, signal), plan, {
		concurrency: defaultNodeConcurrency,
		timeoutMs: defaultNodeTimeoutMs,
		signal,
		onChecked(_, known) {
			counts = known;
		},
	})
		.catch((thrown: unknown) => {
			session.showFailure('node check', thrown);
			return null;
		})
		.finally(() => {
			clearInterval(progress);
			onEnded();
		});
	fill(
		summary
			? {lines: summaryLines(summary), status: formatDuration(summary.tookMs)}
			: {lines: [{text: 'The check could not start.', role: 'state.failed'}], status: ''},
	);
	session.paths.showAgain();
}

const resultRoles: Readonly<Record<NodeGroup['result'], string>> = {
	responded: 'state.open',
	failed: 'state.failed',
	'no-response': 'level.warn',
	'not-tried': 'text.dim',
};

/** Enough for every node of most clusters; `-o json` lists all. */
const maxNodes = 500;

function summaryLines(summary: NodeCheckSummary): TextLine[] {
	const {groups, stopped, error, timeoutMs} = summary;
	return [
		{text: sanitizeLine(describeNodeCheckSummary(summary)), role: groups.some(isProblem) || error ? 'state.failed' : 'state.open'},
		...(stopped === null ? [] : [{text: sanitizeLine(`stopped${error ? `: ${error.message}` : ` ${stopped}`}`), role: 'level.warn'}]),
		...groups.flatMap(group => [
			{text: ''},
			{
				text: `${nodeResultMarks[group.result]} ${sanitizeLine(describeNodeGroup(group, timeoutMs))}`,
				role: resultRoles[group.result],
			},
			...detailLines(describeNodeGroupDetails(group, maxNodes)),
		]),
	];
}

function isProblem({result}: NodeGroup): boolean {
	return result === 'failed' || result === 'no-response';
}
