/** The key sequences of each action, by context. */
import type {SourceLocation} from './parse-keymap.ts';

export type Binding = {
	/** Empty means unbound on purpose. */
	sequences: ReadonlyArray<readonly string[]>;
	location: SourceLocation;
	/** 0 default, 1 preset, 2 the user's file. */
	layer: number;
};

export type Keymap = ReadonlyMap<string, ReadonlyMap<string, Binding>>;

export const presetNames: readonly string[] = ['vim', 'k9s'];
