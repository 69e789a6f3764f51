/** Help texts. */
import {isConnectionFlag, multiContextFlags} from './connection-flags.ts';
import type {FlagSpec} from './flag-spec.ts';
import {wrapAfter, wrapCommand, wrapText} from '../text/cell-width.ts';

type CommandHelp = {
	name: string;
	summary: string;
	usage: readonly string[];
	about: string;
	examples: ReadonlyArray<readonly [string, string]>;
	flags: readonly FlagSpec[];
};

export type HelpLayout = {
	/** In cells. */
	width: number;
	/** Replaces glyphs that the terminal lacks. */
	toCharset: (text: string) => string;
};

const firstSteps: CommandHelp['examples'] = [
	['spoke demo', 'the session, on a small cluster inside spoke'],
	['spoke path deploy/web', 'how you reach a workload, and how spoke knows'],
	['spoke logs -f deploy/web', 'the logs of all its pods'],
];

export function renderProgramHelp(
	groups: ReadonlyArray<readonly [title: string, rows: readonly CommandHelp[]]>,
	{width, toCharset: spell}: HelpLayout,
): string {
	return [
		'spoke: see and use the path from you to a pod.',
		'',
		'Usage: spoke [flags]            the session',
		'       spoke COMMAND [flags]    one-shot commands, also as `kubectl spoke`',
		...renderColumns(
			'Start here:',
			firstSteps.map(([command, does]) => [[command], spell(does)]),
			width,
		),
		...groups.flatMap(([title, rows]) =>
			renderColumns(
				`${title}:`,
				rows.map(row => [[row.name], spell(row.summary)]),
				width,
			),
		),
		'',
		...wrapText(
			spell(
				'`spoke COMMAND --help` shows a command’s flags, `spoke help session` the session’s, `spoke help connection-flags` those of the cluster.',
			),
			width,
		),
		'',
	].join('\n');
}

/** One page of at most 60 lines at 80 columns, as `--help` prints it, or all but the connection flags, as `spoke help COMMAND` does. */
export function renderCommandHelp(row: CommandHelp, isWhole: boolean, layout: HelpLayout): string {
	const {width, toCharset: spell} = layout;
	const own = row.flags.filter(flag => !isConnectionFlag(flag));
	const clauses = own.map(flag => ({...flag, help: flag.help.split('; ')[0]!}));
	const more = [
		...(isWhole ? [] : [`\`spoke help ${row.name}\``]),
		...(own.length < row.flags.length ? ['`spoke help connection-flags` (--context, -n)'] : []),
	];
	return [
		...wrapText(spell(`spoke ${row.name}: ${row.summary}`), width),
		'',
		...row.usage.flatMap((usage, index) => wrapAfter(index === 0 ? 'Usage: ' : '       ', spell(`spoke ${usage}`), width)),
		...renderColumns(
			'Examples:',
			row.examples.slice(0, isWhole ? undefined : 3).map(([command, does]) => [wrapCommand(spell(command), width - 2), spell(does)]),
			width,
		),
		...(isWhole ? ['', ...splitParagraphs(row.about).flatMap(paragraph => wrapText(spell(paragraph), width))] : []),
		...renderFlags('Flags', isWhole ? own : clauses, layout),
		...(more.length > 0 ? ['', ...wrapText(`More: ${more.join(', ')}`, width)] : []),
		'',
	].join('\n');
}

/** The page of the flags that all commands that connect to a cluster have. */
export function renderConnectionHelp(layout: HelpLayout): string {
	return [
		...wrapText('As in kubectl. Several contexts are for commands whose help names --all-contexts.', layout.width),
		...renderFlags('Connection flags', multiContextFlags, layout),
		'',
	].join('\n');
}

/** One list per condition (`when`), that without one first. */
function renderFlags(title: string, flags: readonly FlagSpec[], {width, toCharset: spell}: HelpLayout): string[] {
	const shown = flags.filter(flag => !flag.hidden);
	return [...new Set([undefined, ...shown.map(({when}) => when)])].flatMap(when =>
		renderColumns(
			`${title}${when === undefined ? '' : ` ${when}`}:`,
			shown.filter(flag => flag.when === when).map(flag => [[spell(formatFlag(flag))], spell(flag.help)]),
			width,
		),
	);
}

/** Joins a line that does not end a sentence with the next one. */
export function splitParagraphs(about: string): string[] {
	return about.split(/(?<=[.:?!)])\n/).map(paragraph => paragraph.replaceAll('\n', ' '));
}

/** `-f, --follow` or `    --tail N (-1)`. */
export function formatFlag(flag: FlagSpec): string {
	const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
	const value = flag.kind === 'boolean' ? '' : ` ${flag.oneOf?.join('|') ?? flag.value ?? 'VALUE'}`;
	const standard =
		flag.default === undefined || flag.default === '' || flag.default === false
			? ''
			: ` (${flag.kind === 'duration' ? formatDurationFlag(Number(flag.default)) : String(flag.default)})`;
	return `${short}--${flag.name}${value}${standard}`;
}

function formatDurationFlag(ms: number): string {
	return ms === 0 ? '0' : ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}

/** A left side that is too long gets its own lines. */
function renderColumns(title: string, rows: ReadonlyArray<readonly [left: readonly string[], right: string]>, width: number): string[] {
	if (rows.length === 0) {
		return [];
	}

	const longest = Math.max(...rows.flatMap(([left]) => left.map(line => line.length)));
	const column = Math.min(30, Math.floor(width * 0.45), longest);
	const indent = ' '.repeat(column + 4);
	return [
		'',
		title,
		...rows.flatMap(([left, right]) => {
			const [first = '', ...rest] = wrapText(right, width - column - 4);
			const below = rest.map(line => `${indent}${line}`);
			return left.length === 1 && left[0]!.length <= column
				? [`  ${left[0]!.padEnd(column)}  ${first}`, ...below]
				: [...left.map(line => `  ${line}`), `${indent}${first}`, ...below];
		}),
	];
}
