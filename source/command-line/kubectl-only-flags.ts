/** Global kubectl flags that spoke does not have, or that have no effect in spoke. */
import type {FlagSpec} from './flag-spec.ts';

/** Accepted, because kubectl with these values does what spoke does. */
export const noEffectFlags = [
	{
		name: 'cache-dir',
		kind: 'string',
		value: 'DIR',
		completes: 'file',
		hidden: true,
		help: 'no effect, because spoke keeps no discovery cache',
	},
	{
		name: 'log-flush-frequency',
		kind: 'duration',
		value: 'DURATION',
		hidden: true,
		help: 'no effect, because spoke has no log buffer',
	},
	{
		name: 'profile',
		kind: 'string',
		value: 'PROFILE',
		oneOf: ['none'],
		hidden: true,
		help: 'no effect, because none is the only value: the others measure kubectl itself; spoke debug has its own --profile',
	},
	{
		name: 'profile-output',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		hidden: true,
		help: 'no effect, because --profile=none writes no file',
	},
] as const satisfies readonly FlagSpec[];

export function hasNoEffect<Row extends FlagSpec>(flag: Row): flag is Row & (typeof noEffectFlags)[number] {
	return (noEffectFlags as readonly FlagSpec[]).includes(flag);
}

const leaveOut = (why: string) => `${why}; omit this flag`;
const noLog = 'spoke writes no log files; use -v=6 to log each request to stderr';

const hints: Readonly<Record<string, string>> = {
	'match-server-version': leaveOut('spoke adapts to the version that the server reports, which `spoke path TARGET -o json` prints'),
	'warnings-as-errors': leaveOut('spoke does not read the server’s warnings'),
	'log-dir': noLog,
	'log-file': noLog,
	'log-file-max-size': noLog,
	'log-backtrace-at': noLog,
	'logging-format': noLog,
	logtostderr: noLog,
	alsologtostderr: noLog,
	stderrthreshold: noLog,
	vmodule: noLog,
	'skip-headers': noLog,
	'skip-log-headers': noLog,
	'add-dir-header': noLog,
	'one-output': noLog,
};

export function kubectlOnlyFlagHint(name: string): string | null {
	return Object.hasOwn(hints, name) ? hints[name]! : null;
}
