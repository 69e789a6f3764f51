/** Start options of a session. */
import type {Clock} from '../../async/clock.ts';
import type {ConnectionFlags} from '../../command-line/connection-flags.ts';
import type {Keymap} from '../../keymap/keymap.ts';
import type {SettingsProblem} from '../../command-line/settings-problem.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';
import type {LoadedThemes} from '../../themes/load-themes.ts';
import type {RecordingSettings} from './session-state.ts';
import type {TailStart} from '../tail/open-tail.ts';
import type {TailOptions} from '../tail/tail-targets.ts';

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
