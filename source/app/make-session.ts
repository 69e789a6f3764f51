/** Puts the parts of a session together: which of them hears of which. */
import {createClusterClient} from '../cluster/create-cluster-client.ts';
import {emptySession} from '../state/session-state.ts';
import {SessionTerminal} from '../terminal/session-terminal.ts';
import {bookingWitness, bookLabel} from './booking-witness.ts';
import {openNamespace, switchContext} from './clusters/change-place.ts';
import {ClusterMeeting} from './clusters/cluster-meeting.ts';
import {clusterState} from './clusters/cluster-state.ts';
import {copyToClipboard} from './copy-to-clipboard.ts';
import {isStill} from './screen/frame-pace.ts';
import {handlers} from './handlers/handlers.ts';
import {noted} from './clusters/last-answer.ts';
import {tell, tellFailure} from './messages.ts';
import {OpenClusters} from './clusters/open-clusters.ts';
import {Overlays} from './keys/overlays.ts';
import {OwnScreen} from './screen/own-screen.ts';
import {performAction, type Doers} from './keys/perform-action.ts';
import {pluginTerminal, type LentTerminal} from './hand-over/plugin-terminal.ts';
import {KeyPress} from './keys/press-key.ts';
import {ScreenFeeds} from './feeds/screen-feeds.ts';
import type {Session} from './session.ts';
import {SessionEnd} from './session-end.ts';
import type {SessionOptions} from './session-options.ts';
import {Store} from './store.ts';
import type {TailRun} from './tail/tail-run.ts';
import {TerminalTurns} from './hand-over/terminal-turns.ts';
import {typedAheadOf} from './keys/typed-ahead.ts';

export type SessionParts = {
	/** What the handlers of actions see of it all. */
	session: Session;
	screen: OwnScreen;
	clusters: OpenClusters;
	feeds: ScreenFeeds;
	keys: KeyPress;
	turns: TerminalTurns;
	tails: ReadonlyMap<string, TailRun>;
	end: SessionEnd;
	lent: LentTerminal;
};

/** Nothing runs yet: no cluster is open, and no terminal taken. */
export function makeSession(options: SessionOptions): SessionParts {
	const {keymap, readOnly} = options;
	const end = new SessionEnd();
	const terminal = new SessionTerminal(options);
	const tails = new Map<string, TailRun>();
	const nothing = emptySession(clusterState(null), terminal.size, Date.now(), {readOnly, isStill: isStill(options)});
	const store = new Store(nothing, () => {
		screen.draw();
	}, () => screen.pace());
	const screen: OwnScreen = new OwnScreen({store, keymap, tails}, terminal, options);
	const turns = new TerminalTurns({store, terminal, screen});

	const clusters = new OpenClusters((connection, path) => {
		if (bookLabel(store, connection, path)) {
			feeds.paths.forget();
		}
	});
	const feeds = new ScreenFeeds(store, () => clusters.here);
	const meeting = new ClusterMeeting(store, feeds.paths, () => clusters.here, () => {
		feeds.readAgain();
	});

	const typedAhead = typedAheadOf(store, keymap, inputs => {
		keys.pass(inputs);
	});
	const overlays = new Overlays(store, typedAhead);
	const {session, doers, lent} = sessionOf(options, {store, terminal, tails, screen, turns, clusters, feeds, meeting, typedAhead, overlays, end});
	const keys = new KeyPress(doers, {
		onReport(report) {
			screen.takeReport(report);
		},
		onKeys() {
			feeds.follow();
		},
	});
	return {session, screen, clusters, feeds, keys, turns, tails, end, lent};
}

type Wired = Omit<SessionParts, 'session' | 'keys' | 'lent' | 'tails'>
	& Pick<Session, 'store' | 'terminal' | 'tails' | 'meeting' | 'typedAhead'>
	& {overlays: Overlays};

/** What handlers see, and who does what they ask for. */
function sessionOf({keymap, flags, env, readOnly, clock}: SessionOptions, parts: Wired): {session: Session; doers: Doers; lent: LentTerminal} {
	const {store, terminal, tails, screen, clusters, feeds, meeting, typedAhead, overlays, end} = parts;
	let ids = 0;
	const session: Session = {
		store, terminal, keymap, flags, env, readOnly, typedAhead, tails, clusters, meeting, paths: feeds.paths, closing: end.closing,
		...dialogsOf(overlays),
		...screenOf(parts),
		get cluster() {
			return clusters.here;
		},
		get glyphs() {
			return screen.theme.glyphs;
		},
		perform(id) {
			performAction(doers, id);
		},
		tell(...told) {
			tell(session, ...told);
		},
		fail(...told) {
			tellFailure(session, ...told);
		},
		copy(...given) {
			copyToClipboard(session, ...given);
		},
		witnessFor: (id, {labeller} = clusters.here) => bookingWitness(store, labeller, id),
		open: async to => noted(await createClusterClient(to, env, {terminal: lent, isInteractive: true}), clock),
		switchContext: async context => switchContext({session, clusters, feeds}, context),
		openNamespace(namespace) {
			openNamespace({session, feeds}, namespace);
		},
		nextId: kind => `${kind}-${++ids}`,
	};
	const lent = pluginTerminal(session);
	const doers: Doers = {session, overlays, handlers};
	return {session, doers, lent};
}

function dialogsOf(overlays: Overlays): Pick<Session, 'ask' | 'type' | 'pick' | 'fill' | 'offer'> {
	return {
		ask: async (...asked) => overlays.ask(...asked),
		type: async asked => overlays.type(asked),
		pick: async asked => overlays.pick(asked),
		fill: async asked => overlays.fill(asked),
		offer(...offered) {
			overlays.offer(...offered);
		},
	};
}

/** Who has the terminal, what is read for it, and how it is left. */
function screenOf(
	{screen, turns, feeds, end}: Pick<Wired, 'screen' | 'turns' | 'feeds' | 'end'>,
): Pick<Session, 'withTerminal' | 'withShell' | 'readHere' | 'redraw' | 'quit'> {
	return {
		withTerminal: async work => turns.handOver(work),
		withShell: async (take, work) => turns.lend(take, work),
		readHere() {
			feeds.read();
		},
		redraw() {
			screen.repaint();
		},
		quit(status) {
			end.leave(status);
		},
	};
}
