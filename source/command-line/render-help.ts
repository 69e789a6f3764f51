/** Help texts. */
import {connectionFlagNames} from './connection-flags.ts';
import type {FlagSpec} from './flag-spec.ts';
import {wrapCommand, wrapText} from '../text/wrap-text.ts';

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

export function renderProgramHelp(rows: readonly CommandHelp[], {width, toCharset: spell}: HelpLayout): string {
	return [
		'spoke: see and use the path from you to a pod.',
		'',
		'Usage: spoke [flags]            the session',
		'       spoke COMMAND [flags]    one-shot commands, also as `kubectl spoke`',
		...renderColumns(
			'Commands:',
			rows.filter(row => row.name !== 'session').map(row => [[row.name], spell(row.summary)]),
			width,
		),
		'',
		...wrapText(
			spell(
				'`spoke COMMAND --help` shows a command’s flags, `spoke help session` the session’s. Connection flags mean what they mean in kubectl.',
			),
			width,
		),
		'',
	].join('\n');
}

export function renderCommandHelp(row: CommandHelp, {width, toCharset: spell}: HelpLayout): string {
	const own = row.flags.filter(flag => !connectionFlagNames.has(flag.name) && !flag.hidden);
	const shared = row.flags.filter(flag => connectionFlagNames.has(flag.name) && !flag.hidden);
	const described = (flags: readonly FlagSpec[]) => flags.map(flag => [[spell(formatFlag(flag))], spell(flag.help)] as const);
	return [
		...wrapText(spell(`spoke ${row.name}: ${row.summary}`), width),
		'',
		...row.usage.flatMap((usage, index) =>
			indentAfterFirst(index === 0 ? 'Usage: ' : '       ', wrapText(spell(`spoke ${usage}`), width - 9)),
		),
		'',
		...splitParagraphs(row.about).flatMap(paragraph => wrapText(spell(paragraph), width)),
		...renderColumns(
			'Examples:',
			row.examples.map(([command, does]) => [wrapCommand(spell(command), width - 2), spell(does)]),
			width,
		),
		...renderColumns('Flags:', described(own), width),
		...renderColumns('Connection flags:', described(shared), width),
		'',
	].join('\n');
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

function indentAfterFirst(head: string, lines: readonly string[]): string[] {
	return lines.map((line, index) => (index === 0 ? `${head}${line}` : `${' '.repeat(head.length + 2)}${line}`));
}

/** A left side that is too long gets its own lines. */
function renderColumns(title: string, rows: ReadonlyArray<readonly [left: readonly string[], right: string]>, width: number): string[] {
	if (rows.length === 0) {
		return [];
	}

	const longest = Math.max(...rows.flatMap(([left]) => left.map(line => line.length)));
	const column = Math.min(44, Math.floor(width * 0.45), longest);
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
