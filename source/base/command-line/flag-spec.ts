/** Flag definition for parser, help, completion and docs/commands.md. */

/**
- `strings`: repeatable, and split at commas (pflag's StringSlice)
- `texts`: repeatable, never split (pflag's StringArray)
- `duration`: Go's syntax (`1h2m3s`, `300ms`; a bare `0`), in milliseconds
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
	/** Value of `--x` alone (pflag's NoOptDefVal). Unlike in pflag, a following argument that is in `oneOf` is the value. */
	bare?: string;
	oneOf?: readonly string[];
	positive?: boolean;
	/** Fixed words that completion offers; other text is accepted too. */
	suggests?: readonly string[];
	/** Kind of names that completion looks up. */
	completes?: 'namespace' | 'context' | 'cluster' | 'user' | 'container' | 'file' | 'target' | 'theme' | 'forward-set';
	/** Where alone it has a meaning: `with --copy-to`, `for one request`. */
	when?: string;
	/** Without a final period. Its first clause, up to a semicolon, stands alone in `--help`. */
	help: string;
	hidden?: boolean;
	/** Remedy of the usage error that this flag of kubectl is, because the command does not have it. */
	refused?: string;
};

/** What it does, and where. */
export function describeFlag({when, help}: FlagSpec): string {
	return when === undefined ? help : `${when}: ${help}`;
}

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

export type FlagValues<Rows extends readonly FlagSpec[]> = {
	readonly [Row in Rows[number] as Row['name']]: Value<Row>;
};

export type ParsedCommandLine<Rows extends readonly FlagSpec[]> = {
	flags: FlagValues<Rows>;
	/** Names of flags that were typed: a typed default can mean something else than an omitted flag. */
	given: ReadonlySet<string>;
	/** Arguments before `--`. */
	positionals: readonly string[];
	/** `undefined` without `--`. */
	afterDash: readonly string[] | undefined;
};
