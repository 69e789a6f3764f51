/** What `spoke path` and `spoke doctor` print as text. */
import type {WriteStream} from 'node:tty';
import {describeLeg, describeProcess, pathSentences} from '../descriptions/describe-path.ts';
import {
	describeExposure,
	describeFinding,
	type DetailPart,
	needsLegend,
	type VerdictDescription,
	withLocation,
} from '../descriptions/describe-verdict.ts';
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

/** Features with the same path are shown once. With evidence, lines are not wrapped. `paths`: at least one. */
export function pathReport(paths: readonly Path[], {width, withEvidence}: ReportLayout): string {
	return withEvidence ? longReport(paths) : shortReport(paths, width);
}

/** States, their bases, what would settle them, and what to do. What is about leg 1 stands once, above the features. */
function shortReport(paths: readonly Path[], width: number): string {
	const layOut = (indent: string, texts: readonly string[]) => texts.flatMap(text => wrapAfter(indent, text, width));
	return [
		...layOut('', [headLine(paths[0]!, ['replicas']), ...mergeTexts(paths, 1)]),
		...[...Map.groupBy(paths, ({line}) => line)].flatMap(([line, group]) => [
			'',
			...layOut('', [featuresOf(group)]),
			...layOut('  ', [sanitizeLine(line), ...mergeTexts(group, 2)]),
		]),
		'',
		'evidence of each verdict: spoke path TARGET -v 1',
		'',
	].join('\n');
}

/** What is said of a leg, kind by kind. What is not said of every path names its features. */
function mergeTexts(paths: readonly Path[], n: Leg['n']): string[] {
	return [sentencesOf, exposureOf, needsLine, findingsOf].flatMap(textsOf => {
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

/** Features whose states and bases are the same are shown once. */
function longReport(paths: readonly Path[]): string {
	const groups = Map.groupBy(paths, ({line, legs, exposure}) =>
		JSON.stringify([line, legs.map(({tls, route}) => [tls.state, tls.basis, route.state, route.basis]), exposure.state, exposure.basis]),
	);
	return `${headLine(paths[0]!, ['process', 'replicas'])}\n\n${[...groups.values()].map(group => section(group)).join('\n\n')}${legendOf(paths)}\n`;
}

function headLine(path: Path, roles: readonly string[]): string {
	const {cluster, target, legs} = path;
	const reached = target.name === target.asked ? '' : ` (${target.kind.toLowerCase()} ${target.name})`;
	const process = describeProcess(path).flatMap(({role, text}) => (roles.includes(role) ? [`, ${text}`] : []));
	return sanitizeLine(
		`${target.asked}${reached} on ${clusterName(cluster)}: ${hubName(legs[0]?.to)} ${cluster.version ?? 'of unknown version'}${process.join('')}`,
	);
}

function section(group: readonly Path[]): string {
	const path = group[0]!;
	return [
		featuresOf(group),
		`  ${sanitizeLine(path.line)}`,
		...path.legs.flatMap(leg => legLines(path, leg)),
		...verdictLines('exposure', describeExposure(path)),
		...path.findings
			.filter(({severity}) => severity !== 'info')
			.flatMap(finding => describeFinding(finding))
			.map(({role, text}) => (role === 'message' ? `  ! ${sanitizeLine(text)}` : `    ${role.padEnd(5)} ${sanitizeLine(text)}`)),
		...path.findings.filter(({severity}) => severity === 'info').map(({message}) => `  note    ${sanitizeLine(message)}`),
	].join('\n');
}

function legLines(path: Path, leg: Leg): string[] {
	const {n, from, to, tls, route, details} = describeLeg(path, leg);
	const address = leg.address === null ? '' : ` (${leg.address})`;
	return [
		`  leg ${n}   ${from} to ${to}${sanitizeLine(address)}`,
		...verdictLines('  TLS', tls),
		...verdictLines('  route', route),
		...details.filter(({role}) => role === 'agent').map(({text}) => `            agent ${sanitizeLine(text)}`),
	];
}

function verdictLines(title: string, {state, basis, details}: VerdictDescription): string[] {
	const texts = (role: DetailPart['role']) => details.filter(one => one.role === role).map(one => sanitizeLine(withLocation(one)));
	return [
		[`  ${title.padEnd(9)} ${state}${basis === null ? '' : `, ${basis}`}`, ...texts('reason')].join(': '),
		...texts('evidence').map(text => `            ${text}`),
		...needsOf(details).map(({role, text}) => `            ${`${role}:`.padStart(6)} ${sanitizeLine(text)}`),
	];
}

function needsOf(details: readonly DetailPart[]): DetailPart[] {
	return details.filter(({role}) => role === 'needs' || role === 'or' || role === 'and');
}

function legendOf(paths: readonly Path[]): string {
	const all = paths.flatMap(path => [
		...path.legs.map(leg => describeLeg(path, leg)).flatMap(({tls, route}) => [...tls.details, ...route.details]),
		...describeExposure(path).details,
	]);
	const legend = needsLegend(needsOf(all));
	return legend === null ? '' : `\n\n${legend}`;
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
