/** Audits as JUnit and SARIF. A log of a failed audit has no results, so that a pipeline does not take the failure for a pass. */
import type {Log, Result, Run} from 'sarif';
import {auditRowState, describeAuditRow} from '../descriptions/describe-audit.ts';
import {describeError} from '../descriptions/describe-error.ts';
import type {DetailPart} from '../descriptions/describe-verdict.ts';
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import {version} from '../../base/version.ts';
import {isFailedRow, type Audit, type AuditRow} from '../../evidence/audit/audit-object.ts';

/** `context`: `null` if it is the only one. */
export type Audited = {context: string | null} & ({value: Audit; error: null} | {value: null; error: SpokeError});

/**
One suite per context, as of `time` if its audit failed. Rows that miss the requirements (without `--require`, failing rows) are failures.
Jenkins' schema has no number of skipped tests in `testsuites`.
@see https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
*/
export function auditJunit(audited: readonly Audited[], time: string): string {
	const suites = audited.map(one => suiteOf(one, time));
	const numbers = (cases: readonly TestCase[]) => {
		const count = (kind: TestCase['kind']) => cases.filter(one => one.kind === kind).length;
		return {counts: `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}"`, skipped: count('skipped')};
	};

	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<testsuites name="spoke audit" ${numbers(suites.flatMap(({cases}) => cases)).counts}>`,
		...suites.flatMap(suite => {
			const {counts, skipped} = numbers(suite.cases);
			return [
				`  <testsuite name="${attribute(suite.name)}" ${counts} skipped="${skipped}" timestamp="${suite.time}">`,
				...suite.cases.map(({xml}) => xml),
				'  </testsuite>',
			];
		}),
		'</testsuites>',
		'',
	].join('\n');
}

type TestCase = {kind: 'passed' | 'failure' | 'error' | 'skipped'; xml: string};

function suiteOf({context, value: audit, error}: Audited, time: string): {name: string; time: string; cases: TestCase[]} {
	if (audit) {
		const {rows, cluster, require} = audit;
		return {name: cluster.context ?? cluster.server, time: audit.time, cases: rows.map(row => rowCase(row, require))};
	}

	const element = `<error type="${error.code}" message="${attribute(error.message)}">${escape(errorLines(error))}</error>`;
	return {name: context ?? 'audit', time, cases: [testCase('audit', 'error', element)]};
}

function testCase(name: string, kind: TestCase['kind'], element: string): TestCase {
	return {kind, xml: `    <testcase classname="spoke.audit" name="${attribute(name)}">\n      ${element}\n    </testcase>`};
}

function rowCase(row: AuditRow, require: Audit['require']): TestCase {
	const {verdict, accepted} = row;
	const name = `${row.id} ${row.title}`;
	const text = escape(auditRowLines(row));
	const skippedAs = (why: string) => testCase(name, 'skipped', `<skipped message="${attribute(why)}"/>`);
	// The message of a stream names its state itself.
	const state = row.message.includes(`${row.state}:`) ? row.basis : `${auditRowState(row)}, ${row.basis}`;
	const message = `${state}: ${row.message}`;
	if (isFailedRow(row, require)) {
		return accepted === null
			? testCase(name, 'failure', `<failure type="${verdict}" message="${attribute(message)}">${text}</failure>`)
			: skippedAs(`accepted: ${accepted} (${verdict}, ${message})`);
	}

	if (verdict === 'fail') {
		return skippedAs(`fail, not required: ${message}`);
	}

	return verdict === 'unknown' || verdict === 'not-applicable'
		? skippedAs(`${verdict}: ${row.message}`)
		: testCase(name, 'passed', `<system-out>${escape(`${verdict}, ${state}: `)}${text}</system-out>`);
}

/** Parsers turn a line break inside an attribute into a blank. */
function attribute(text: string): string {
	return escape(text).replaceAll(/[\n\t]/g, ' ');
}

/** XML 1.0 allows no control characters, not even escaped, and no lone surrogates. */
function escape(text: string): string {
	return text
		.replaceAll(/(?![\n\t])[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '')
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;');
}

/** The message comes first. */
function auditRowLines(row: AuditRow): string {
	const labeled: ReadonlyArray<DetailPart['role']> = ['fix', 'needs', 'or', 'and'];
	return describeAuditRow(row, {evidence: []})
		.details.filter(({role}) => role !== 'accepted' && role !== 'docs')
		.map(({role, text}) => (labeled.includes(role) ? `${role}: ${text}` : text))
		.join('\n');
}

function errorLines(error: SpokeError): string {
	return describeError(error.toJSON())
		.filter(({role}) => role !== 'where')
		.map(({role, text}) => (role === 'fix' ? `fix: ${text}` : text))
		.join('\n');
}

/**
SARIF 2.1.0 with one run per context: each row is a rule and has one result. Code scanning accepts several runs only if their categories
differ.
@see https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
*/
export function auditSarif(audited: readonly Audited[], time: string): string {
	const log: Log = {
		version: '2.1.0',
		$schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
		runs: audited.map(one => ({
			...runOf(one, time),
			...(one.context !== null && {automationDetails: {id: `spoke audit/${one.context}/`}}),
		})),
	};
	return `${JSON.stringify(log, null, 2)}\n`;
}

function runOf({value: audit, error}: Audited, time: string): Run {
	const rules = (audit?.rows ?? []).map(({id, title, docs}) => ({
		id,
		shortDescription: {text: title},
		...(docs !== null && {helpUri: docs}),
	}));
	return {
		tool: {driver: {name: 'spoke audit', semanticVersion: version, rules}},
		invocations: [
			audit
				? {executionSuccessful: true, exitCode: audit.exitStatus, endTimeUtc: audit.time}
				: {
						executionSuccessful: false,
						exitCode: error.exitStatus,
						endTimeUtc: time,
						toolExecutionNotifications: [
							{level: 'error', descriptor: {id: error.code}, message: {text: `${error.message}\n${errorLines(error)}`}},
						],
					},
		],
		results: (audit?.rows ?? []).map((row, index) => ({ruleId: row.id, ruleIndex: index, ...resultOf(row, audit!)})),
	};
}

function resultOf(row: AuditRow, audit: Audit): Omit<Result, 'ruleId'> {
	const {context, server} = audit.cluster;
	return {
		...severityOf(row, audit),
		message: {text: `${auditRowState(row)}, ${row.basis}: ${auditRowLines(row)}`},
		locations: [
			{
				// A cluster has no file, but code scanning drops results without one.
				physicalLocation: {artifactLocation: {uri: encodeURIComponent(context ?? server)}, region: {startLine: 1}},
				logicalLocations: [{fullyQualifiedName: server, kind: 'resource'}],
			},
		],
		partialFingerprints: {'clusterAndRow/v1': `${server} ${row.id}`},
		...(row.accepted !== null && {suppressions: [{kind: 'external', status: 'accepted', justification: row.accepted}]}),
		properties: {verdict: row.verdict, basis: row.basis},
	};
}

type Severity = {kind: Result.kind; level: Result.level};

/** `kind` and `level`; only a result of kind `fail` has a level. A `fail` that is not required is a note. */
function severityOf(row: AuditRow, {require}: Audit): Severity {
	return isFailedRow(row, require) ? {kind: 'fail', level: 'error'} : severities[row.verdict];
}

const severities: Readonly<Record<AuditRow['verdict'], Severity>> = {
	pass: {kind: 'pass', level: 'none'},
	warn: {kind: 'fail', level: 'warning'},
	fail: {kind: 'fail', level: 'note'},
	unknown: {kind: 'open', level: 'none'},
	'not-applicable': {kind: 'notApplicable', level: 'none'},
};
