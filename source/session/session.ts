/** Interface that the parts of the session share. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ConnectionFlags} from '../command-line/connection-flags.ts';
import type {Path} from '../evidence/evidence.ts';
import type {Labeler} from '../evidence/connection-labeler.ts';
import type {Keymap} from '../keymap/keymap.ts';
import type {FormField, PickerItem} from '../state/dialog.ts';
import type {Message} from '../state/session-state.ts';
import type {ConnectionObserver} from '../streams/connection-observer.ts';
import type {SessionTerminal} from '../terminal/session-terminal.ts';
import type {Glyphs} from '../ui/glyphs.ts';
import type {ReachabilityCheck} from './clusters/reachability-check.ts';
import type {PathFeed} from './feeds/path-feed.ts';
import type {TypeAhead} from './keys/type-ahead.ts';
import type {Store} from './store.ts';
import type {TailRun} from './tail/tail-run.ts';

/** Stays open for its streams after a switch. */
export type OpenCluster = {
	access: ClusterClient;
	labeller: Labeler;
	context: string;
};

export type Session = {
	readonly store: Store;
	readonly terminal: SessionTerminal;
	readonly keymap: Keymap;
	/** Preparations of a dialog run inside it, so that the next keys reach the dialog. */
	readonly typeAhead: TypeAhead;
	readonly flags: ConnectionFlags;
	readonly env: NodeJS.ProcessEnv;
	readonly readOnly: boolean;
	readonly cluster: OpenCluster;
	/** Open clusters by context name; the first is the one of the flags. */
	readonly clusters: Pick<ReadonlyMap<string, OpenCluster>, 'get' | 'values'>;
	readonly tails: Map<string, TailRun>;
	readonly paths: PathFeed;
	readonly reachability: ReachabilityCheck;
	/** Aborted when the session ends. */
	readonly closing: AbortSignal;
	readonly glyphs: Glyphs;
	perform(id: string): void;
	tell(text: string, role?: Message['role']): void;
	fail(about: string, thrown: unknown, path?: Path | null): void;
	ask(question: string, details?: readonly string[], options?: {leaves?: boolean}): Promise<boolean>;
	promptForText(options: TypeOptions): Promise<{text: string; regex: boolean} | null>;
	offer(purpose: string, names: readonly string[], instead?: {from: string; to: string}): void;
	pick(options: PickOptions): Promise<string | null>;
	fill(options: FillOptions): Promise<Readonly<Record<string, string>> | null>;
	copy(text: string, what: string): void;
	observerFor(id: string, cluster?: OpenCluster): ConnectionObserver;
	withTerminal<Result>(work: () => Promise<Result>): Promise<Result>;
	/** Unlike `withTerminal`: keys keep passing through the session. */
	withShell<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result>;
	open(flags: ConnectionFlags): Promise<ClusterClient>;
	switchContext(context: string): Promise<void>;
	openNamespace(namespace: string | null): void;
	refreshFeeds(): void;
	redraw(): void;
	quit(status: number): void;
	nextId(kind: string): string;
};

export type TypeOptions = {
	lead: string;
	purpose: string;
	text?: string;
	canUseRegex?: boolean;
	regex?: boolean;
	waits?: string;
	accept?: string;
	note?(text: string): string;
	onChange?(text: string, regex: boolean): void;
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
	/** Prefix shown with a text that matches no item. */
	none?: string;
	keys?: string;
	text?: string;
	at?: number;
	/** Completion of an argument and its offset; `null` while the command itself is typed. */
	argumentAt?(text: string): {from: number; items: readonly PickerItem[]} | null;
	onNames?(again: () => void): void;
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
type Handler = (session: Session) => void | Promise<void>;
export type Handlers = Readonly<Record<string, Handler>>;
