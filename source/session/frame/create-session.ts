/** Creates and connects the parts of a session, and records its connections. */
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import type {Path} from '../../evidence/evidence.ts';
import {requireOnStreams, requirementsOn} from '../../evidence/require-connection.ts';
import type {PathRequirement} from '../../evidence/require-path.ts';
import {policyRequirements} from '../../evidence/policies/load-policy.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {readAuditOnce, renewAudit} from '../audit/audit-handlers.ts';
import {clusterState, OpenClusters, trackResponses} from '../clusters/open-clusters.ts';
import {reopenContext, switchNamespace, switchContexts} from './navigation-handlers.ts';
import {ReachabilityCheck} from '../clusters/reachability-check.ts';
import {Dialogs} from '../dialogs/dialogs.ts';
import {TypeAhead} from '../dialogs/type-ahead.ts';
import {KeyDispatcher, MouseDispatcher} from '../keys/key-dispatcher.ts';
import {performAction, type ActionContext} from '../keys/perform-action.ts';
import {ViewFeeds} from '../lists/view-feeds.ts';
import {pluginTerminal, TerminalQueue, type LentTerminal} from '../shell/terminal-queue.ts';
import {copyToClipboard, SessionTerminal} from './session-terminal.ts';
import {isReducedMotion, SessionDisplay, showFailure, showMessage} from './session-display.ts';
import type {OverduePings} from './connection-list.ts';
import {handlerOf} from './handlers.ts';
import {RunningWork, type DialogAccess, type OpenCluster, type Session, type SessionOptions} from './session.ts';
import {SavedStateFile} from './saved-state.ts';
import {emptySession, shownClusters} from './session-state.ts';
import {Store} from './store.ts';

export type SessionParts = {
	session: Session;
	screen: SessionDisplay;
	clusters: OpenClusters;
	feeds: ViewFeeds;
	keys: KeyDispatcher;
	terminalQueue: TerminalQueue;
	end: SessionEnd;
	lent: LentTerminal;
};

export function createSession(options: SessionOptions): SessionParts {
	const {keymap, flags, env, readOnly, allNamespaces, clock} = options;
	const end = new SessionEnd();
	const terminal = new SessionTerminal(options);
	const work = new RunningWork();
	const initialState = emptySession(clusterState(null), terminal.size, Date.now(), {
		readOnly,
		isReducedMotion: isReducedMotion(options),
		hasScreenReader: env['INK_SCREEN_READER'] === 'true',
	});
	const store = new Store(
		initialState,
		() => {
			screen.draw();
		},
		() => screen.frameIntervalMs(),
	);
	const screen: SessionDisplay = new SessionDisplay({store, keymap, work}, terminal, options);
	const terminalQueue = new TerminalQueue({store, terminal, screen});

	const clusters = new OpenClusters((connection, {path}) => {
		if (dispatchLabel(store, connection, path)) {
			feeds.paths.forget();
		}
	});
	const feeds: ViewFeeds = new ViewFeeds(store, clusters, (cluster, process) => {
		void renewAudit(session, cluster, process);
	});
	const reachability = new ReachabilityCheck({
		store,
		paths: feeds.paths,
		clusters: () => shownIn(store, clusters),
		open: async context => reopenContext({session, clusters}, context),
		onRecovered() {
			feeds.retryFailed();
			// After a login that failed at the start, no list was read.
			feeds.read();
			if (store.state.view === 'audit') {
				void readAuditOnce(session);
			}
		},
		onContextChanged(context) {
			feeds.readContext(context);
		},
	});

	const typeAhead = new TypeAhead(store, keymap, inputs => {
		keys.pass(inputs);
	});
	const dialogs = new Dialogs(store, typeAhead);
	let ids = 0;
	/** By `:require`, of every cluster. */
	const required: PathRequirement[] = [];
	const session: Session = {
		store,
		terminal,
		keymap,
		flags,
		env,
		readOnly,
		savedState: new SavedStateFile({env, shouldRememberNamespaces: flags.namespace === undefined && !allNamespaces}),
		typeAhead,
		work,
		clusters,
		reachability,
		paths: feeds.paths,
		closing: end.closing,
		...dialogsOf(dialogs),
		get cluster() {
			return clusters.get(store.state.cluster.context)!;
		},
		get shown() {
			return shownIn(store, clusters);
		},
		get glyphs() {
			return screen.theme.glyphs;
		},
		perform(id) {
			performAction(actionContext, id);
		},
		showMessage(...message) {
			showMessage(session, ...message);
		},
		showFailure(...failure) {
			showFailure(session, ...failure);
		},
		copy(...copied) {
			copyToClipboard(session, ...copied);
		},
		withTerminal: async work => terminalQueue.handOff(work),
		withShell: async (take, work) => terminalQueue.lend(take, work),
		refreshFeeds() {
			feeds.read();
		},
		redraw() {
			screen.repaint();
		},
		quit(status) {
			end.end(status);
		},
		observerFor: (id, {labeler} = session.cluster) => connectionListObserver(store, labeler, id),
		async open(to) {
			const access = await createClusterClient(to, env, {terminal: lent, isInteractive: true});
			requireOnStreams(access, [...(await policyRequirements(env, access.facts)), ...required]);
			return trackResponses(access, clock);
		},
		require(requirement) {
			required.push(requirement);
			for (const {access} of clusters.values()) {
				requireOnStreams(access, [requirement]);
			}

			for (const {access, context} of session.shown) {
				store.dispatchNow({type: 'cluster', context, to: {required: requirementsOn(access)}});
			}
		},
		switchContexts: async contexts => switchContexts({session, clusters, feeds}, contexts),
		retryContext(context) {
			reachability.tryNow(context);
			feeds.readContext(context);
		},
		openNamespace(namespace) {
			switchNamespace({session, feeds}, namespace);
		},
		nextId: kind => `${kind}-${++ids}`,
	};
	const lent = pluginTerminal(session);
	const actionContext: ActionContext = {session, dialogs, handlerOf};
	const mouse = new MouseDispatcher(session, cell => screen.mouseHit(cell));
	const keys = new KeyDispatcher(actionContext, {
		onReport(report) {
			screen.takeReport(report);
		},
		onMouse(report) {
			mouse.take(report);
		},
		onKeys() {
			feeds.matchView();
		},
	});
	return {session, screen, clusters, feeds, keys, terminalQueue, end, lent};
}

function shownIn(store: Store, clusters: OpenClusters): readonly OpenCluster[] {
	return shownClusters(store.state).flatMap(({context}) => clusters.get(context) ?? []);
}

function dialogsOf(dialogs: Dialogs): DialogAccess {
	return {
		ask: async (...asked) => dialogs.ask(...asked),
		showCard: async (...shown) => dialogs.showCard(...shown),
		promptForText: async asked => dialogs.promptForText(asked),
		pick: async asked => dialogs.pick(asked),
		fill: async asked => dialogs.fill(asked),
		offer(...offered) {
			dialogs.offer(...offered);
		},
	};
}

export function connectionListObserver(store: Store, {observer}: Pick<Labeler, 'observer'>, id: string): ConnectionObserver {
	const dispatchConnection = (event: 'connected' | 'disconnected', connection: string) => {
		store.dispatch({type: 'connections', event: {type: event, id, connection}});
	};
	const setOverdue = (connection: string, to: Partial<OverduePings>) => {
		store.dispatch({type: 'connections', event: {type: 'overdue-pings', connection, to}});
	};

	return {
		...observer,
		async beforeUse(connection, purpose) {
			dispatchConnection('connected', connection.id);
			await observer.beforeUse?.(connection, purpose);
		},
		onOpened(connection, purpose, about) {
			dispatchConnection('connected', connection.id);
			store.dispatch({type: 'connections', event: {type: 'change', id, to: {phase: 'open', note: ''}}});
			observer.onOpened?.(connection, purpose, about);
		},
		onRoundTrip(connection, times) {
			setOverdue(connection.id, {
				...(times.websocket !== undefined && {websocket: null}),
				...(times.runtime !== undefined && {runtime: null}),
			});
			observer.onRoundTrip?.(connection, times);
		},
		onPingOverdue(connection, {websocket, runtime}) {
			const now = Date.now();
			setOverdue(connection.id, {
				...(websocket !== undefined && {websocket: now - websocket}),
				...(runtime !== undefined && {runtime: now - runtime}),
			});
		},
		onFailed(connection, purpose, error) {
			if (connection) {
				dispatchConnection('connected', connection.id);
			}

			observer.onFailed?.(connection, purpose, error);
		},
		onClosed(connection, purpose) {
			observer.onClosed?.(connection, purpose);
			dispatchConnection('disconnected', connection.id);
		},
	};
}

/** Returns whether the label names a new apiserver process. */
export function dispatchLabel(store: Store, connection: string, path: Path): boolean {
	const {id} = path.process;
	const known = id === null ? [] : store.state.processes.filter(({context}) => context === path.cluster.context);
	store.dispatch({type: 'connections', event: {type: 'label', connection, path}});
	return known.length > 0 && known.every(one => one.id !== id);
}

/** End and exit status of the session. */
export class SessionEnd {
	readonly #status = Promise.withResolvers<number>();
	readonly #closing = new AbortController();

	get status(): Promise<number> {
		return this.#status.promise;
	}

	get closing(): AbortSignal {
		return this.#closing.signal;
	}

	end(status: number): void {
		this.#status.resolve(status);
	}

	watch({stdin, stdout, interrupted}: {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; interrupted: AbortSignal}): void {
		// A closed terminal accepts no output.
		const onGone = () => {
			this.end(exitStatus.hangup);
		};

		stdout.on('error', onGone);
		stdin.on('error', onGone);
		interrupted.addEventListener('abort', () => {
			this.end(exitStatusForSignal(interrupted.reason));
		});
	}

	close(): void {
		this.#closing.abort();
	}
}
