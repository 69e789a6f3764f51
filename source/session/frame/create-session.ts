/** Creates and connects the parts of a session. */
import {readAuditOnce, renewAudit} from '../audit/audit-handlers.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {requireOnStreams, requirementsOn} from '../../evidence/require-connection.ts';
import type {PathRequirement} from '../../evidence/require-path.ts';
import {policyRequirements} from '../../policies/load-policy.ts';
import {emptySession, shownClusters} from './session-state.ts';
import {SessionTerminal} from './session-terminal.ts';
import {connectionListObserver, dispatchLabel} from './connection-list-observer.ts';
import {reopenContext, switchNamespace, switchContexts} from '../clusters/navigation.ts';
import {ReachabilityCheck} from '../clusters/reachability-check.ts';
import {clusterState} from '../clusters/cluster-state.ts';
import {copyToClipboard} from './copy-to-clipboard.ts';
import {isReducedMotion} from './frame-interval.ts';
import {handlerOf} from './handlers.ts';
import {trackResponses} from '../clusters/last-response.ts';
import {showMessage, showFailure} from './show-message.ts';
import {OpenClusters} from '../clusters/open-clusters.ts';
import {Dialogs} from '../dialogs/dialogs.ts';
import {SessionDisplay} from './session-display.ts';
import {performAction, type ActionContext} from '../keys/perform-action.ts';
import {pluginTerminal, type LentTerminal} from '../shell/plugin-terminal.ts';
import {KeyDispatcher} from '../keys/key-dispatcher.ts';
import {MouseDispatcher} from '../keys/mouse-dispatcher.ts';
import {ViewFeeds} from '../lists/view-feeds.ts';
import {SavedStateFile} from './saved-state.ts';
import type {OpenCluster, DialogAccess, Session} from './session.ts';
import {SessionEnd} from './session-end.ts';
import type {SessionOptions} from './session-options.ts';
import {RunningWork} from './running-work.ts';
import {Store} from './store.ts';
import {TerminalQueue} from '../shell/terminal-queue.ts';
import {createTypeAhead} from '../dialogs/type-ahead.ts';

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
	const {keymap, readOnly} = options;
	const end = new SessionEnd();
	const terminal = new SessionTerminal(options);
	const work = new RunningWork();
	const initialState = emptySession(clusterState(null), terminal.size, Date.now(), {
		readOnly,
		isReducedMotion: isReducedMotion(options),
		hasScreenReader: options.env['INK_SCREEN_READER'] === 'true',
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
			if (store.state.view === 'audit') {
				void readAuditOnce(session);
			}
		},
		onContextChanged(context) {
			feeds.readContext(context);
		},
	});

	const typeAhead = createTypeAhead(store, keymap, inputs => {
		keys.pass(inputs);
	});
	const dialogs = new Dialogs(store, typeAhead);
	const {session, actionContext, lent} = sessionOf(options, {
		store,
		terminal,
		work,
		screen,
		terminalQueue,
		clusters,
		feeds,
		reachability,
		typeAhead,
		dialogs,
		end,
	});
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

type SessionWiring = Omit<SessionParts, 'session' | 'keys' | 'lent'> &
	Pick<Session, 'store' | 'terminal' | 'work' | 'reachability' | 'typeAhead'> & {dialogs: Dialogs};

function sessionOf(
	{keymap, flags, env, readOnly, allNamespaces, clock}: SessionOptions,
	parts: SessionWiring,
): {session: Session; actionContext: ActionContext; lent: LentTerminal} {
	const {store, terminal, work, screen, clusters, feeds, reachability, typeAhead, dialogs, end} = parts;
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
		...screenOf(parts),
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
	return {session, actionContext, lent};
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

function screenOf({
	screen,
	terminalQueue,
	feeds,
	end,
}: Pick<SessionWiring, 'screen' | 'terminalQueue' | 'feeds' | 'end'>): Pick<
	Session,
	'withTerminal' | 'withShell' | 'refreshFeeds' | 'redraw' | 'quit'
> {
	return {
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
	};
}
