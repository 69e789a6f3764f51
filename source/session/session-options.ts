/** What is a session started with? */
import type {ConnectionFlags} from '../command-line/connection-flags.ts';
import type {Keymap} from '../keymap/keymap.ts';
import type {KeymapProblem} from '../keymap/parse-keymap.ts';
import type {Clock} from '../evidence/clock.ts';
import type {Sandbox} from '../sandbox/sandbox.ts';
import type {SincePreset} from '../state/tail/tail-view.ts';
import type {TailOptions} from './tail/tail-targets.ts';

export type SessionOptions = {
	flags: ConnectionFlags;
	env: NodeJS.ProcessEnv;
	stdin: NodeJS.ReadStream;
	stdout: NodeJS.WriteStream;
	interrupted: AbortSignal;
	keymap: Keymap;
	keymapProblems: readonly KeymapProblem[];
	readOnly: boolean;
	allNamespaces: boolean;
	theme?: string | undefined;
	/** `on` or `off`; what the environment says when left out. */
	motion?: string | undefined;
	/** A tail that is opened at once: `spoke tail`. Leaving it leads to the lists. */
	tail?: {wish: Omit<TailOptions, 'namespace'> & {namespace?: string | null}; since: SincePreset; previous: boolean};
	/** The sandbox that the cluster is, when it is one. */
	sandbox?: Sandbox;
	/** By which an answer of an apiserver is missed; the machine's by default. */
	clock?: Clock;
	/** The sandbox stands in for a kubeconfig that was not found. */
	isForWant?: boolean;
};
