/** What a keymap is once it is read: for each context, actions and their key sequences. A plain value. */
import type {SourceLocation} from './parse-keymap.ts';

export type Binding = {
	/** Sequences of canonical key names; none means unbound on purpose. */
	sequences: ReadonlyArray<readonly string[]>;
	place: SourceLocation;
	/** 0 default, 1 a shipped overlay, 2 the user's. */
	layer: number;
};

export type Keymap = ReadonlyMap<string, ReadonlyMap<string, Binding>>;
