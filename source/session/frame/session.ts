/** What the parts of the session share, the work that continues after its action, and the options with which a session starts. */
import type {ActionId} from '../actions/action-table.ts';
import type {Context} from '../actions/contexts.ts';
import type {Clock} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ConnectionFlags} from '../../base/command-line/connection-flags.ts';
import type {SettingsProblem} from '../../base/errors/spoke-error.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {PathRequirement} from '../../evidence/require-path.ts';
import type {Keymap} from '../keymap/keymap.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import type {LoadedThemes} from '../themes/load-themes.ts';
import type {ReachabilityCheck} from '../clusters/reachability-check.ts';
import type {FormField} from '../dialogs/dialog.ts';
import type {Dialogs} from '../dialogs/dialogs.ts';
import type {TypeAhead} from '../dialogs/type-ahead.ts';
import type {Glyphs} from '../kit/theme.ts';
import type {TailStart} from '../tail/open-tail.ts';
import type {TailOptions, TailRun} from '../tail/tail-run.ts';
import type {PathFeed} from './path-feed.ts';
import type {SavedStateFile} from './saved-state.ts';
import type {Message, RecordingSettings} from './session-state.ts';
import type {SessionTerminal} from './session-terminal.ts';
import type {Store} from './store.ts';
import type {SandboxRun} from '../sandbox/sandbox-handlers.ts';

/** Stays open for its streams after a switch. */
export type OpenCluster = {
	access: ClusterClient;
	labeler: Labeler;
	context: string;
};

/** An object of one cluster: what an action acts on, whatever is selected or shown when it does. */
export type ClusterTarget = {
	cluster: OpenCluster;
	namespace: string;
	/** `pod/x`, `deploy/x`, `svc/x` or `node/x`. */
	target: string;
};

/** The state, and the work that changes it later. */
export type StateAccess = {
	readonly store: Store;
	readonly work: RunningWork;
	observerFor(id: string, cluster?: {labeler: Pick<Labeler, 'observer'>}): ConnectionObserver;
	nextId(kind: string): string;
};

export type SessionClusters = {
	/** That of the selected row, if the lists show several. */
	readonly cluster: OpenCluster;
	/** Whose rows the lists show. */
	readonly shown: readonly OpenCluster[];
	/** Open clusters by context name; the first is the one of the flags. */
	readonly clusters: Pick<ReadonlyMap<string, OpenCluster>, 'get' | 'values'>;
	readonly paths: PathFeed;
	readonly reachability: ReachabilityCheck;
	open(flags: ConnectionFlags): Promise<ClusterClient>;
	switchContexts(contexts: readonly string[]): Promise<void>;
	/** Retries a context that cannot be opened or read now, without its delay. */
	retryContext(context: string): void;
	openNamespace(namespace: string | null): void;
	/** Of every later stream, on every cluster. */
	require(requirement: PathRequirement): void;
	refreshFeeds(): void;
};

export type Notices = {
	/** Shows a message. */
	showMessage(text: string, role?: Message['role']): void;
	/** Shows an error; `about` names what failed. */
	showFailure(about: string, thrown: unknown, path?: Path | null): void;
	/** Copies to the clipboard; `what` names the text in the message. */
	copy(text: string, what: string): void;
};

export type DialogAccess = Pick<Dialogs, 'ask' | 'showCard' | 'promptForText' | 'offer' | 'pick' | 'fill'>;

type TerminalAccess = {
	readonly terminal: SessionTerminal;
	readonly glyphs: Glyphs;
	/** Lends the whole terminal to `work`. */
	withTerminal<Result>(work: () => Promise<Result>): Promise<Result>;
	/** Unlike `withTerminal`: keys keep passing through the session. */
	withShell<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result>;
	redraw(): void;
};

type SessionSettings = {
	readonly keymap: Keymap;
	readonly flags: ConnectionFlags;
	readonly env: NodeJS.ProcessEnv;
	readonly readOnly: boolean;
	readonly savedState: SavedStateFile;
};

export type Session = StateAccess &
	SessionClusters &
	Notices &
	DialogAccess &
	TerminalAccess &
	SessionSettings & {
		/** Preparations of a dialog run inside it, so that the next keys reach the dialog. */
		readonly typeAhead: TypeAhead;
		/** Aborted when the session ends. */
		readonly closing: AbortSignal;
		perform(id: ActionId): void;
		quit(status: number): void;
	};

export type TextPromptOptions = {
	lead: string;
	purpose: string;
	text?: string;
	canUseRegex?: boolean;
	regex?: boolean;
	/** Shown until the next key. */
	problem?: string;
	/** Note shown until `offer` adds completions. */
	waits?: string;
	/** Label of the accept key. */
	accept?: string;
	note?(text: string): string;
	onChange?(text: string, regex: boolean): void;
	check?(text: string, regex: boolean): string | null;
};

export type FillOptions = {
	title: string;
	fields: readonly FormField[];
	submit: string;
	notes?(values: Readonly<Record<string, string>>): readonly string[];
	adjust?(fields: readonly FormField[]): readonly FormField[];
	check?(values: Readonly<Record<string, string>>): Promise<string | null> | string | null;
};

/** Performs an action. */
export type Handler = (session: Session, dialogs: Dialogs) => void | Promise<void>;
/** An action wherever it is bound, or in a context and its child contexts. */
export type Handlers = Readonly<Partial<Record<ActionId | `${Context}/${ActionId}`, Handler>>>;

export type SessionOptions = {
	flags: ConnectionFlags;
	/** Several, whose rows the lists show together. */
	contexts?: ReadonlyArray<ConnectionFlags & {context: string}>;
	env: NodeJS.ProcessEnv;
	stdin: NodeJS.ReadStream;
	stdout: NodeJS.WriteStream;
	interrupted: AbortSignal;
	keymap: Keymap;
	keymapProblems: readonly SettingsProblem[];
	/** `default` or the preset that the keymap extends. */
	keymapBase: string;
	readOnly: boolean;
	allNamespaces: boolean;
	/** `auto` or the name of a shipped theme; without one, SPOKE_THEME. */
	theme?: string | undefined;
	themes: LoadedThemes;
	/** `on` or `off`; the environment decides when absent. */
	motion?: string | undefined;
	/** `on` (default) or `off`. */
	mouse?: string | undefined;
	/** Name of a saved set of forwards that starts with the session. */
	forwards?: string | undefined;
	/** Records the shells from the start. */
	recording?: RecordingSettings | null;
	/** With several `contexts`, each has its own namespace, unless the options name one. */
	tail?: {options: TailOptions; start: TailStart; contexts?: ReadonlyArray<ConnectionFlags & {context: string}>};
	sandbox?: Sandbox;
	clock?: Clock;
	/** The sandbox replaces a kubeconfig that was not found. */
	isFallback?: boolean;
};

/** `stop` may return a promise. */
type Stoppable = {stop(): unknown};
type WorkKinds = {
	tail: TailRun;
	forward: Stoppable;
	listener: Stoppable;
	request: Stoppable;
	copy: Stoppable;
	/** Ready, but not on the screen. */
	shell: Stoppable & {enter(): void};
	/** `reason`: what follows `stopped`. */
	'node-check': {stop(reason?: string): unknown};
	sandbox: SandboxRun;
};
type Work = {readonly kind: keyof WorkKinds; readonly run: Stoppable};

/** Work that continues after the action that started it, by id. */
export class RunningWork {
	readonly #running = new Map<string, Work>();

	/** Returns a function to call when the work has ended by itself. */
	start<Kind extends keyof WorkKinds>(kind: Kind, id: string, run: WorkKinds[Kind]): () => void {
		const work = {kind, run};
		this.#running.set(id, work);
		return () => {
			this.#forget(id, work);
		};
	}

	get<Kind extends keyof WorkKinds>(kind: Kind, id: string | undefined): WorkKinds[Kind] | undefined {
		const work = id === undefined ? undefined : this.#running.get(id);
		return work?.kind === kind ? (work.run as WorkKinds[Kind]) : undefined;
	}

	list<Kind extends keyof WorkKinds>(kind: Kind): ReadonlyArray<{id: string; run: WorkKinds[Kind]}> {
		return [...this.#running].filter(([, work]) => work.kind === kind).map(([id, work]) => ({id, run: work.run as WorkKinds[Kind]}));
	}

	/**
	Ends the work, and what replaced it meanwhile; at once if `stop` returns no promise. `then` runs before other callers continue, so that
	two keys pressed in quick succession act in order.
	*/
	async end(id: string, then: () => void = () => {}): Promise<void> {
		for (let work = this.#running.get(id); work; work = this.#running.get(id)) {
			const stopping = work.run.stop();
			if (stopping instanceof Promise) {
				await stopping;
			}

			this.#forget(id, work);
		}

		then();
	}

	async endAll(): Promise<void> {
		await Promise.all([...this.#running.keys()].map(async id => this.end(id)));
	}

	#forget(id: string, work: Work): void {
		if (this.#running.get(id) === work) {
			this.#running.delete(id);
		}
	}
}
