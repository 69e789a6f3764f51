/** Flag definition for the parser, help, completion and docs/commands.md. */

/**
- `boolean`: `--x`, `--x=false`
- `string`: one value, the last one wins
- `strings`: repeatable, and split at commas (pflag's StringSlice)
- `texts`: repeatable, never split (pflag's StringArray)
- `integer`: a whole number
- `duration`: Go's syntax (`1h2m3s`, `300ms`; a bare `0`), read as milliseconds
*/
export type FlagKind = 'boolean' | 'string' | 'strings' | 'texts' | 'integer' | 'duration';

export type FlagSpec = {
	name: string;
	short?: string;
	kind: FlagKind;
	/** Placeholder in help: `FILE`, `NAMESPACE`. */
	value?: string;
	/** Defaults to `undefined`, `[]` for lists and `false` for booleans. */
	default?: boolean | string | number;
	/** Value of `--x` without a value (pflag's NoOptDefVal); a next argument that is in `oneOf` is the value. */
	bare?: string;
	/** The only values allowed. */
	oneOf?: readonly string[];
	/** Requires a duration above zero. */
	positive?: boolean;
	/** Values that completion offers in addition to free text. */
	suggests?: readonly string[];
	/** What completion offers for the value. */
	completes?: 'namespace' | 'context' | 'cluster' | 'user' | 'container' | 'file' | 'target';
	/** A fragment without a final period. */
	help: string;
	hidden?: boolean;
};

type GivenValue<Row extends FlagSpec> = Row['kind'] extends 'boolean'
	? boolean
	: Row['kind'] extends 'strings' | 'texts'
		? readonly string[]
		: Row['kind'] extends 'integer' | 'duration'
			? number
			: Row extends {oneOf: ReadonlyArray<infer Word extends string>}
				? Word
				: string;

type Value<Row extends FlagSpec> = Row['kind'] extends 'boolean' | 'strings' | 'texts'
	? GivenValue<Row>
	: Row extends {default: boolean | string | number}
		? GivenValue<Row>
		: GivenValue<Row> | undefined;

/** The parsed values of a command's flags, by flag name. */
export type FlagValues<Rows extends readonly FlagSpec[]> = {
	readonly [Row in Rows[number] as Row['name']]: Value<Row>;
};

export type ParsedCommandLine<Rows extends readonly FlagSpec[]> = {
	flags: FlagValues<Rows>;
	/** Names of the given flags, because a given default value can differ in meaning. */
	given: ReadonlySet<string>;
	/** The arguments before `--`. */
	positionals: readonly string[];
	/** The arguments after `--`; `undefined` without `--`. */
	afterDash: readonly string[] | undefined;
};
