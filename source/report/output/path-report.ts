/** What `spoke path` and `spoke doctor` print as text. */
import type {WriteStream} from 'node:tty';
import {describeLeg, describeProcess, pathSentences} from '../descriptions/describe-path.ts';
import {withLocation} from '../descriptions/describe-verdict.ts';
import type {Leg, Path, ClusterIdentity} from '../../evidence/evidence.ts';
import {hubName} from '../../evidence/path-line.ts';
import {needsInOneLine, needsOfEach} from '../../evidence/rules/needs.ts';
import {wrapAfter} from '../../base/text/cell-width.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {
	describeDoctorResult,
	describeStepDetails,
	doctorStepMarks,
	doctorStepNames,
	describeNodeCheckSummary,
	describeNodeGroup,
	describeNodeGroupDetails,
	nodeResultMarks,
} from '../descriptions/describe-doctor.ts';
import type {Part} from '../descriptions/parts.ts';
import type {Doctor, DoctorStep, NodeCheckSummary, NodeGroup} from '../../evidence/doctor/doctor-object.ts';

/** `width`: in cells, `Infinity` for lines that are not wrapped. `withEvidence`: of each verdict or row. */
export type ReportLayout = {width: number; withEvidence: boolean};

/** Only a terminal has a width. `v`: the verbosity. */
export function reportLayout({isTTY, columns}: Pick<WriteStream, 'isTTY' | 'columns'>, {v}: {v: number}): ReportLayout {
	return {width: isTTY ? columns : Infinity, withEvidence: v > 0};
}

/**
States, their bases, what would settle them, and what to do; with evidence, where each state was read. What is about leg 1 stands once,
above the features, which are shown once for each path. `paths`: at least one.
*/
export function pathReport(paths: readonly Path[], {width, withEvidence}: ReportLayout): string {
	const layOut = (indent: string, texts: readonly string[]) => texts.flatMap(text => wrapAfter(indent, text, width));
	const merge = (group: readonly Path[], n: Leg['n']) =>
		mergeTexts(group, n, [sentencesOf, ...(withEvidence ? [evidenceOf] : []), exposureOf, needsLine, findingsOf]);
	return [
		...layOut('', [headLine(paths[0]!, withEvidence ? ['process', 'replicas'] : ['replicas']), ...merge(paths, 1)]),
		...[...Map.groupBy(paths, ({line}) => line)].flatMap(([line, group]) => [
			'',
			...layOut('', [featuresOf(group)]),
			...layOut('  ', [sanitizeLine(line), ...merge(group, 2)]),
		]),
		...(withEvidence ? [] : ['', 'evidence of each verdict: spoke path TARGET -v 1']),
		'',
	].join('\n');
}

/** Lines that belong together, for each that can be said of a leg. */
type TextsOf = (path: Path, n: Leg['n']) => string[][];

/** What is said of a leg, kind by kind. What is not said of every path names its features. */
function mergeTexts(paths: readonly Path[], n: Leg['n'], kinds: readonly TextsOf[]): string[] {
	return kinds.flatMap(textsOf => {
		const said = paths.flatMap(path => textsOf(path, n).map(texts => ({path, texts})));
		return [...Map.groupBy(said, ({texts}) => texts.join('\n')).values()].flatMap(alike => {
			const sayers = [...new Set(alike.map(({path}) => path))];
			const [first, ...rest] = alike[0]!.texts.map(text => sanitizeLine(text));
			return [`${sayers.length === paths.length ? '' : `${featuresOf(sayers)}: `}${first}`, ...rest];
		});
	});
}

function featuresOf(paths: readonly Path[]): string {
	return paths.map(({feature}) => feature).join(', ');
}

/** With the reasons of its states. A failure is said below the path that it ends. */
function sentencesOf(path: Path, n: Leg['n']): string[][] {
	const sentences = pathSentences(path);
	const reasons = path.legs
		.filter(leg => leg.n === n)
		.flatMap(({tls, route}) => Object.entries({TLS: tls.why, route: route.why}))
		.flatMap(([subject, why]) => (why === undefined ? [] : `leg ${n} ${subject}: ${why}`));
	return [...(n === 1 ? sentences.slice(0, 1) : sentences.slice(1)), ...reasons].map(text => [text]);
}

/** The exposure follows from the states of the leg, so it has no evidence of its own. */
function evidenceOf(path: Path, n: Leg['n']): string[][] {
	return path.legs
		.filter(leg => leg.n === n)
		.flatMap(leg => {
			const {tls, route, details} = describeLeg(path, leg);
			const evidence = Object.entries({TLS: tls, route}).flatMap(([subject, verdict]) =>
				verdict.details.filter(({role}) => role === 'evidence').map(one => `evidence of leg ${n} ${subject}: ${withLocation(one)}`),
			);
			return [...evidence, ...details.filter(({role}) => role === 'agent').map(({text}) => `agent: ${text}`)];
		})
		.map(text => [text]);
}

function exposureOf({exposure: {state, basis, why}}: Path, n: Leg['n']): string[][] {
	const word = state === 'unknown' ? 'exposure unknown' : `${state}, ${basis}`;
	return n === 1 ? [] : [[why === undefined ? word : `${word}: ${why}`]];
}

function needsLine({legs, exposure}: Path, n: Leg['n']): string[][] {
	const verdicts = [...legs.filter(leg => leg.n === n).flatMap(({tls, route}) => [tls, route]), ...(n === 1 ? [] : [exposure])];
	const needs = needsOfEach(...verdicts.filter(({state, basis}) => state === 'unknown' || basis === 'inferred').map(({need}) => need));
	return needs.length === 0 ? [] : [[`needs: ${needsInOneLine(needs)}`]];
}

function findingsOf({findings}: Path, n: Leg['n']): string[][] {
	return findings
		.filter(({leg}) => leg <= 1 === (n === 1))
		.map(({severity, message, remedy}) =>
			severity === 'info' ? [`note: ${message}`] : [`! ${message}`, ...(remedy === null ? [] : [`fix: ${remedy}`])],
		);
}

function headLine(path: Path, roles: readonly string[]): string {
	const {cluster, target, legs} = path;
	const reached = target.name === target.asked ? '' : ` (${target.kind.toLowerCase()} ${target.name})`;
	const process = describeProcess(path).flatMap(({role, text}) => (roles.includes(role) ? [`, ${text}`] : []));
	return sanitizeLine(
		`${target.asked}${reached} on ${clusterName(cluster)}: ${hubName(legs[0]?.to)} ${cluster.version ?? 'of unknown version'}${process.join('')}`,
	);
}

/** The name of a cluster in a report. */
export function clusterName({context, server, sandbox}: ClusterIdentity): string {
	return `${context ?? server}${sandbox ? ' (sandbox)' : ''}`;
}

export function doctorReport(doctor: Doctor): string {
	const {path, steps} = doctor;
	return [
		...(path ? [sanitizeLine(path.line), ''] : []),
		...steps.flatMap(step => stepLines(step)),
		'',
		sanitizeLine(describeDoctorResult(doctor)),
		'',
	].join('\n');
}

function stepLines(step: DoctorStep): string[] {
	return [
		`${doctorStepMarks[step.status]} ${doctorStepNames[step.name].padEnd(12)} ${sanitizeLine(step.observed)}`,
		...detailLines(describeStepDetails(step)),
	];
}

/** Below a step, or a group of nodes. */
function detailLines(details: ReadonlyArray<Part<string>>): string[] {
	return details.map(({role, text}) => `      ${role.padEnd(8)} ${sanitizeLine(text)}`);
}

const maxNodes = 20;

/** A check of all kubelets as text. */
export function nodeCheckReport(summary: NodeCheckSummary): string {
	const {cluster, groups, stopped, error, timeoutMs} = summary;
	return [
		sanitizeLine(`${clusterName(cluster)}  ${cluster.version ?? 'version unknown'}`),
		'',
		...groups.flatMap(group => groupLines(group, timeoutMs)),
		'',
		...(stopped === null ? [] : [sanitizeLine(`stopped: ${error ? `${error.message} [${error.code}]` : stopped}`)]),
		sanitizeLine(describeNodeCheckSummary(summary)),
		'',
	].join('\n');
}

function groupLines(group: NodeGroup, timeoutMs: number): string[] {
	return [
		`${nodeResultMarks[group.result]} ${sanitizeLine(describeNodeGroup(group, timeoutMs))}`,
		...detailLines(describeNodeGroupDetails(group, maxNodes)),
	];
}
