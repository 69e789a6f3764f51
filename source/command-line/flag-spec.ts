/** What a flag is: one row of data from which the parser, help, completion and the tables of docs/commands.md are made. */

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
	/** Shown in help in place of the value: `FILE`, `NAMESPACE`. */
	value?: string;
	/** The value when the flag is not given. Left out: `undefined` (`[]` for lists, `false` for booleans). */
	default?: boolean | string | number;
	/** What `--x` without a value means for a flag that otherwise takes one (pflag's NoOptDefVal); a next word that is in `oneOf` is its value. */
	bare?: string;
	/** The only values allowed. */
	oneOf?: readonly string[];
	/** A duration that must be more than zero. */
	positive?: boolean;
	/** Values that completion offers, where others are allowed too. */
	suggests?: readonly string[];
	/** What completion offers for the value. */
	completes?: 'namespace' | 'context' | 'cluster' | 'user' | 'container' | 'file' | 'target';
	/** One sentence without a final full stop. */
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
	/** The flags that were given, by name: a default and a given value can differ in meaning. */
	given: ReadonlySet<string>;
	/** The arguments before `--`. */
	positionals: readonly string[];
	/** The arguments behind `--`; `undefined` when there is none. */
	afterDash: readonly string[] | undefined;
};
