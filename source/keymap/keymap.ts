/** The key sequences of each action, by context. */
import type {ActionId} from '../actions/action-table.ts';
import type {SourceLocation} from '../command-line/settings-problem.ts';

export type Binding = {
	/** Empty means unbound on purpose. */
	sequences: ReadonlyArray<readonly string[]>;
	location: SourceLocation;
	/** A higher layer replaces lower ones; the default is 0. */
	layer: number;
};

export type Keymap = ReadonlyMap<string, ReadonlyMap<ActionId, Binding>>;

export const presetNames: readonly string[] = ['vim', 'k9s'];
