/** Hints for global kubectl flags that spoke does not have. */

const leaveOut = (why: string) => `${why}; omit this flag`;
const noLog = 'spoke writes no log files; use -v=6 to log each request to stderr';
const profiling = leaveOut('it measures kubectl itself');

const hints: Readonly<Record<string, string>> = {
	'cache-dir': leaveOut('spoke keeps no discovery cache'),
	'match-server-version': leaveOut('spoke adapts to the version that the server reports, which `spoke path TARGET -o json` prints'),
	'warnings-as-errors': leaveOut('spoke does not read the server’s warnings'),
	profile: profiling,
	'profile-output': profiling,
	'log-flush-frequency': noLog,
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
