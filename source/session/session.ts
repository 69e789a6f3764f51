/** What the parts of the running session share. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ConnectionFlags} from '../command-line/connection-flags.ts';
import type {Keymap} from '../keymap/keymap.ts';
import type {Path} from '../evidence/evidence.ts';
import type {Labeler} from '../evidence/labeler.ts';
import type {ConnectionObserver} from '../streams/connection-observer.ts';
import type {SessionTerminal} from '../terminal/session-terminal.ts';
import type {FormField, PickerItem} from '../state/dialog.ts';
import type {Message} from '../state/session-state.ts';
import type {Glyphs} from '../ui/glyphs.ts';
import type {ReachabilityCheck} from './clusters/reachability-check.ts';
import type {PathFeed} from './feeds/path-feed.ts';
import type {TailRun} from './tail/tail-run.ts';
import type {Store} from './store.ts';
import type {TypeAhead} from './keys/type-ahead.ts';

/** A cluster that the session has open; the one that is left stays open for what still runs on it. */
export type OpenCluster = {
	access: ClusterClient;
	labeller: Labeler;
	context: string;
};

export type Session = {
	readonly store: Store;
	readonly terminal: SessionTerminal;
	readonly keymap: Keymap;
	/** Whoever waits before a dialog opens does so within it: the next keys are for that dialog. */
	readonly typedAhead: TypeAhead;
	readonly flags: ConnectionFlags;
	readonly env: NodeJS.ProcessEnv;
	readonly readOnly: boolean;
	/** The one on the screen. */
	readonly cluster: OpenCluster;
	/** All that are open, by their contexts; the first is the one of the flags. */
	readonly clusters: Pick<ReadonlyMap<string, OpenCluster>, 'get' | 'values'>;
	readonly tails: Map<string, TailRun>;
	/** Reads the path to what is under the cursor. */
	readonly paths: PathFeed;
	/** Finds out whether the apiserver answers, and tries again where it does not. */
	readonly meeting: ReachabilityCheck;
	/** Aborted when the session ends: whoever has the terminal gives it back. */
	readonly closing: AbortSignal;
	/** The signs that this terminal can show. */
	readonly glyphs: Glyphs;
	/** Does an action by its name, as its key would. */
	perform(id: string): void;
	/** A line for the last row, kept in the messages. */
	tell(text: string, role?: Message['role']): void;
	/** Tells of a failure and keeps it for `why`, with the path of the connection that met it where there was one. */
	fail(about: string, thrown: unknown, path?: Path | null): void;
	/** `leaves`: yes ends the session. */
	ask(question: string, details?: readonly string[], options?: {leaves?: boolean}): Promise<boolean>;
	type(options: TypeOptions): Promise<{text: string; regex: boolean} | null>;
	/** Adds names to complete with to the line that is typed for `purpose`, as they become known. */
	offer(purpose: string, names: readonly string[], instead?: {from: string; to: string}): void;
	pick(options: PickOptions): Promise<string | null>;
	fill(options: FillOptions): Promise<Readonly<Record<string, string>> | null>;
	copy(text: string, what: string): void;
	/** An observer that books connections under a row of the dock. */
	observerFor(id: string, cluster?: OpenCluster): ConnectionObserver;
	/** Leaves the screen to `work` and draws it again when it is done. */
	withTerminal<Result>(work: () => Promise<Result>): Promise<Result>;
	/** The same for a remote shell, whose keys go on passing through here. */
	withShell<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result>;
	/** A way to a cluster whose credential plugin gets this terminal, and gives it back. */
	open(flags: ConnectionFlags): Promise<ClusterClient>;
	switchContext(context: string): Promise<void>;
	openNamespace(namespace: string | null): void;
	/** Feeds what is on the screen, and anew where what is asked for changed. */
	readHere(): void;
	/** Draws all of the screen, whatever somebody else wrote over it. */
	redraw(): void;
	quit(status: number): void;
	nextId(kind: string): string;
};

export type TypeOptions = {
	lead: string;
	purpose: string;
	text?: string;
	mayRegex?: boolean;
	regex?: boolean;
	/** Said until names are offered. */
	waits?: string;
	/** What taking it is called in the last row. */
	accept?: string;
	note?(text: string): string;
	/** Called with each change of the text. */
	onChange?(text: string, regex: boolean): void;
	/** A problem keeps the line open. */
	check?(text: string, regex: boolean): string | null;
};

export type PickOptions = {
	title: string;
	purpose: string;
	lead?: string;
	heads?: readonly string[];
	items: readonly PickerItem[];
	notes?: readonly string[];
	free?: boolean;
	/** What is said of a text that no item fits, before it. */
	none?: string;
	keys?: string;
	text?: string;
	at?: number;
	/** What may stand behind a word that is typed whole, and where that begins; `null` while the word itself is typed. */
	argumentAt?(text: string): {from: number; items: readonly PickerItem[]} | null;
	/** Takes a function to call when more names are known. */
	onNames?(again: () => void): void;
};

export type FillOptions = {
	title: string;
	fields: readonly FormField[];
	submit: string;
	notes?(values: Readonly<Record<string, string>>): readonly string[];
	/** What a change of one field makes of the others. */
	adjust?(fields: readonly FormField[]): readonly FormField[];
	check?(values: Readonly<Record<string, string>>): Promise<string | null> | string | null;
};
