/** Help as text, made from the rows. */
import {connectionFlags} from './connection-flags.ts';
import type {FlagRow} from './flag-row.ts';

type HelpRow = {
	name: string;
	summary: string;
	usage: readonly string[];
	about: string;
	examples: ReadonlyArray<readonly [string, string]>;
	flags: readonly FlagRow[];
};

/** `spoke help`: what there is to run. */
export function renderProgramHelp(rows: readonly HelpRow[]): string {
	const width = Math.max(...rows.map(row => row.name.length));
	return [
		'spoke: see and use the way from you to a pod.',
		'',
		'Usage: spoke [flags]            the session',
		'       spoke COMMAND [flags]    one-shot commands, also as `kubectl spoke`',
		'',
		'Commands:',
		...rows.filter(row => row.name !== 'session').map(row => `  ${row.name.padEnd(width)}  ${row.summary}`),
		'',
		'`spoke COMMAND --help` shows a command’s flags, `spoke help session` the session’s. Connection flags are kubectl’s.',
		'',
	].join('\n');
}

/** `spoke COMMAND --help`: its own flags, then those that it shares with every command. */
export function renderCommandHelp(row: HelpRow): string {
	const connection = new Set<string>(connectionFlags.map(flag => flag.name));
	const own = row.flags.filter(flag => !connection.has(flag.name) && !flag.hidden);
	const shared = row.flags.filter(flag => connection.has(flag.name) && !flag.hidden);
	return [
		`spoke ${row.name}: ${row.summary}`,
		'',
		...row.usage.map((usage, index) => `${index === 0 ? 'Usage: ' : '       '}spoke ${usage}`),
		'',
		row.about,
		...section('Examples:', row.examples.map(([command, does]) => [command, does])),
		...section('Flags:', own.map(flag => [spelled(flag), flag.help])),
		...section('Connection flags:', shared.map(flag => [spelled(flag), flag.help])),
		'',
	].join('\n');
}

/** `-f, --follow` or `    --tail N (-1)`: the default stands in brackets, as it would be given. */
export function spelled(flag: FlagRow): string {
	const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
	const value = flag.kind === 'boolean' ? '' : ` ${flag.oneOf?.join('|') ?? flag.value ?? 'VALUE'}`;
	const standard = flag.default === undefined || flag.default === '' || flag.default === false
		? ''
		: ` (${flag.kind === 'duration' ? spelledDuration(Number(flag.default)) : String(flag.default)})`;
	return `${short}--${flag.name}${value}${standard}`;
}

function spelledDuration(ms: number): string {
	return ms === 0 ? '0' : ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}

function section(title: string, rows: ReadonlyArray<readonly [string, string]>): string[] {
	if (rows.length === 0) {
		return [];
	}

	const width = Math.min(44, Math.max(...rows.map(([left]) => left.length)));
	return ['', title, ...rows.map(([left, right]) => left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`)];
}
