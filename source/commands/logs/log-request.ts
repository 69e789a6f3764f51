/** Request of `spoke logs`. */
import type {FlagValues} from '../../base/command-line/flag-spec.ts';
import type {ContainerSelection} from '../../streams/logs/follow-logs.ts';
import type {PodLogOptions} from '../../streams/logs/open-log.ts';
import {parseTarget, type ParsedTarget} from '../../cluster/targets/parse-target.ts';
import {formatRfc3339Seconds} from '../../base/text/formats.ts';
import {assertUsage} from '../usage.ts';
import type {logsSpec} from './spec.ts';

export type LogRequest = {
	targets: readonly ParsedTarget[];
	selector: string | null;
	containers: ContainerSelection;
	allPods: boolean;
	prefix: boolean;
	/** `null` if every line is printed as it is. */
	lines: LineChoice | null;
	/** The directory of the exported files; `null` prints. */
	exportTo: string | null;
	/** The server applies `limitBytes` only if the log is not resumed. */
	read: PodLogOptions;
};

export type LineChoice = {
	level: LogFlags['level'];
	include: readonly string[];
	exclude: readonly string[];
	fields: readonly string[];
};

type LogFlags = FlagValues<typeof logsSpec.flags>;
export type LogsInvocation = {
	flags: LogFlags;
	given: ReadonlySet<string>;
	positionals: readonly string[];
	afterDash: readonly string[] | undefined;
};

/** kubectl's default with a selector. */
const selectorTail = 10;

/**
@throws SpokeError ERR_USAGE with kubectl's messages
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go
*/
export function logRequest({flags, given, positionals, afterDash}: LogsInvocation): LogRequest {
	const {inputs, inlineContainer} = readArguments([...positionals, ...(afterDash ?? [])], flags);
	const container = inlineContainer ?? flags.container ?? '';
	assertUsage(inlineContainer === undefined || !given.has('container'), 'only one of -c or an inline [CONTAINER] arg is allowed');
	assertUsage(
		!flags['all-containers'] || container === '',
		`--all-containers=true should not be specified with container name ${container}`,
	);
	assertUsage(flags['since-time'] === '' || flags.since === 0, 'at most one of `sinceTime` or `sinceSeconds` may be specified');
	assertUsage(flags['limit-bytes'] >= 0, '--limit-bytes must be greater than 0');
	assertUsage(flags.since >= 0, '--since must be greater than 0');
	assertUsage(flags.tail >= -1, '--tail must be greater than or equal to -1');
	const exports = given.has('export');
	assertUsage(!exports || flags.export !== '', '--export requires a directory');
	assertUsage(!exports || !flags.follow, '--export cannot be used with -f');
	assertUsage(!exports || !flags.previous, '--export cannot be used with -p: it exports previous logs too');
	for (const name of ['until', 'resume']) {
		assertUsage(flags.follow || !given.has(name), `--${name} requires -f`);
	}

	return {
		targets: inputs.map(text => parseTarget(text)),
		selector: flags.selector || null,
		containers:
			container !== '' ? {kind: 'named', name: container} : flags['all-containers'] || exports ? {kind: 'all'} : {kind: 'default'},
		allPods: flags['all-pods'] || exports,
		prefix: flags.prefix || flags['all-pods'],
		lines: linesOf(flags),
		exportTo: flags.export ?? null,
		read: readOf(flags, given),
	};
}

function linesOf({level, include, exclude, field: fields}: LogFlags): LineChoice | null {
	const isPlain = level === undefined && include.length + exclude.length + fields.length === 0;
	return isPlain ? null : {level, include, exclude, fields};
}

/** A second argument without a slash is the container, as in kubectl. */
function readArguments(positionals: readonly string[], flags: LogFlags): {inputs: readonly string[]; inlineContainer: string | undefined} {
	if (flags.selector) {
		assertUsage(positionals.length === 0, 'only a selector (-l) or a POD name is allowed');
		return {inputs: [], inlineContainer: undefined};
	}

	const [first, second, ...rest] = positionals;
	assertUsage(first !== undefined, 'POD or TYPE/NAME is a required argument for the logs command');
	if (second === undefined || second.includes('/')) {
		const stranger = rest.find(text => !text.includes('/'));
		assertUsage(stranger === undefined, `argument ${JSON.stringify(stranger)}: targets after the first must be KIND/NAME`);
		return {inputs: positionals, inlineContainer: undefined};
	}

	assertUsage(
		rest.length === 0,
		`argument ${JSON.stringify(rest[0])} is one too many after TARGET and CONTAINER: further targets must be KIND/NAME`,
	);
	return {inputs: [first], inlineContainer: second};
}

function readOf(flags: LogFlags, given: ReadonlySet<string>): PodLogOptions {
	const tail = flags.selector && !given.has('tail') && !given.has('export') ? selectorTail : flags.tail;
	return {
		...(flags.previous && {previous: true}),
		...(flags.timestamps && {timestamps: true}),
		...(tail !== -1 && {tailLines: tail}),
		...(flags.since !== 0 && {sinceSeconds: Math.round(flags.since / 1000)}),
		...(flags['since-time'] !== '' && {sinceTime: rfc3339(flags['since-time'])}),
		...(flags['limit-bytes'] !== 0 && {limitBytes: flags['limit-bytes']}),
		...(flags['insecure-skip-tls-verify-backend'] && {insecureSkipTLSVerifyBackend: true}),
	};
}

/** Formats the time in UTC and whole seconds, as kubectl does. */
export function rfc3339(text: string): string {
	const [, date = '', day] = /^(\d{4}-\d\d-(\d\d))T(?:[01]\d|2[0-3]):\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
	const milliseconds = Date.parse(text.replace(',', '.'));
	// Date.parse takes 30 February for 2 March.
	assertUsage(
		!Number.isNaN(milliseconds) && new Date(date).getUTCDate() === Number(day),
		`invalid argument ${JSON.stringify(text)} for --since-time: it must be a time in RFC 3339 such as 2026-11-24T14:00:00Z`,
	);
	return formatRfc3339Seconds(new Date(milliseconds));
}
