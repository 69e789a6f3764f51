/** Interface that the parts of the session share. */
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

/** An open cluster; it stays open for its streams after a switch. */
export type OpenCluster = {
	access: ClusterClient;
	labeller: Labeler;
	context: string;
};

export type Session = {
	readonly store: Store;
	readonly terminal: SessionTerminal;
	readonly keymap: Keymap;
	/** Waits before a dialog run inside it, so that the next keys reach that dialog. */
	readonly typedAhead: TypeAhead;
	readonly flags: ConnectionFlags;
	readonly env: NodeJS.ProcessEnv;
	readonly readOnly: boolean;
	readonly cluster: OpenCluster;
	/** By context name; the first is the cluster of the flags. */
	readonly clusters: Pick<ReadonlyMap<string, OpenCluster>, 'get' | 'values'>;
	readonly tails: Map<string, TailRun>;
	readonly paths: PathFeed;
	readonly meeting: ReachabilityCheck;
	/** Aborted when the session ends, to return the terminal. */
	readonly closing: AbortSignal;
	/** Glyphs that this terminal can show. */
	readonly glyphs: Glyphs;
	perform(id: string): void;
	/** Shows a line in the last row and keeps it in the messages. */
	tell(text: string, role?: Message['role']): void;
	/** Shows a failure and keeps it for why, with the path of its connection. */
	fail(about: string, thrown: unknown, path?: Path | null): void;
	ask(question: string, details?: readonly string[], options?: {leaves?: boolean}): Promise<boolean>;
	type(options: TypeOptions): Promise<{text: string; regex: boolean} | null>;
	/** Adds completion names to the open prompt of `purpose`. */
	offer(purpose: string, names: readonly string[], instead?: {from: string; to: string}): void;
	pick(options: PickOptions): Promise<string | null>;
	fill(options: FillOptions): Promise<Readonly<Record<string, string>> | null>;
	copy(text: string, what: string): void;
	/** Observer that records connections under a row of the connection list. */
	observerFor(id: string, cluster?: OpenCluster): ConnectionObserver;
	withTerminal<Result>(work: () => Promise<Result>): Promise<Result>;
	/** For a remote shell; keys keep passing through the session. */
	withShell<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result>;
	/** Opens a client whose credential plugins can use this terminal. */
	open(flags: ConnectionFlags): Promise<ClusterClient>;
	switchContext(context: string): Promise<void>;
	openNamespace(namespace: string | null): void;
	readHere(): void;
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
	/** Shown until names arrive. */
	waits?: string;
	/** Key hint label of accept. */
	accept?: string;
	note?(text: string): string;
	onChange?(text: string, regex: boolean): void;
	/** A problem keeps the prompt open. */
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
	/** Prefix shown with a text that no item matches. */
	none?: string;
	keys?: string;
	text?: string;
	at?: number;
	/** Completion of an argument and its offset; `null` while the command itself is typed. */
	argumentAt?(text: string): {from: number; items: readonly PickerItem[]} | null;
	/** Registers a function to call when more names are known. */
	onNames?(again: () => void): void;
};

export type FillOptions = {
	title: string;
	fields: readonly FormField[];
	submit: string;
	notes?(values: Readonly<Record<string, string>>): readonly string[];
	/** Adjusts other fields after a change. */
	adjust?(fields: readonly FormField[]): readonly FormField[];
	check?(values: Readonly<Record<string, string>>): Promise<string | null> | string | null;
};
