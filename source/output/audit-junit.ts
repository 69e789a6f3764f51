/** An audit as JUnit: rows that miss the requirements (without `--require`, failing rows) are failures. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {auditRowState, describeAuditRow} from '../descriptions/describe-audit.ts';
import {isFailedRow, type Audit, type AuditRow} from '../evidence/audit/audit-object.ts';
import type {AuditedContext} from './audit-table.ts';
import {describeError} from '../descriptions/describe-error.ts';
import type {DetailPart} from '../descriptions/describe-verdict.ts';

const labeled: ReadonlySet<DetailPart['role']> = new Set(['fix', 'needs', 'or', 'and']);

export function auditJunit(audit: Audit): string {
	return junitDocument([suiteOf(audit)]);
}

export function failedAuditJunit(error: SpokeError, time: string): string {
	return junitDocument([failedSuite('audit', error, time)]);
}

/** One suite per context. */
export function auditsJunit(audited: readonly AuditedContext[], time: string): string {
	return junitDocument(audited.map(({context, value, error}) => (error === null ? suiteOf(value) : failedSuite(context, error, time))));
}

type Suite = {name: string; time: string; tests: number; failures: number; errors: number; skipped: number; cases: readonly string[]};

function suiteOf({rows, cluster, require, time}: Audit): Suite {
	const cases = rows.map(row => testCase(row, require));
	const count = (kind: TestCase['kind']) => cases.filter(one => one.kind === kind).length;
	return {
		name: cluster.context ?? cluster.server,
		time,
		tests: rows.length,
		failures: count('failure'),
		errors: 0,
		skipped: count('skipped'),
		cases: cases.map(({xml}) => xml),
	};
}

function failedSuite(name: string, error: SpokeError, time: string): Suite {
	const {code, message} = error;
	const details = escape(errorLines(error));
	const xml = `${openingTag('audit')}\n      <error type="${code}" message="${attribute(message)}">${details}</error>\n    </testcase>`;
	return {name, time, tests: 1, failures: 0, errors: 1, skipped: 0, cases: [xml]};
}

const sums = ['tests', 'failures', 'errors'] as const;

/**
Jenkins' schema has no number of skipped tests in `testsuites`.
@see https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
*/
function junitDocument(suites: readonly Suite[]): string {
	const numbers = (of: readonly Suite[]) => sums.map(name => `${name}="${of.reduce((sum, suite) => sum + suite[name], 0)}"`).join(' ');
	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<testsuites name="spoke audit" ${numbers(suites)}>`,
		...suites.flatMap(suite => [
			`  <testsuite name="${attribute(suite.name)}" ${numbers([suite])} skipped="${suite.skipped}" timestamp="${suite.time}">`,
			...suite.cases,
			'  </testsuite>',
		]),
		'</testsuites>',
		'',
	].join('\n');
}

type TestCase = {kind: 'passed' | 'failure' | 'skipped'; xml: string};

function testCase(row: AuditRow, require: Audit['require']): TestCase {
	const text = escape(auditRowLines(row));
	const close = '\n    </testcase>';
	const open = openingTag(`${row.id} ${row.title}`);
	const skippedAs = (why: string): TestCase => ({kind: 'skipped', xml: `${open}\n      <skipped message="${attribute(why)}"/>${close}`});
	// The message of a stream names its state itself.
	const state = row.message.includes(`${row.state}:`) ? row.basis : `${auditRowState(row)}, ${row.basis}`;
	const message = `${state}: ${row.message}`;
	if (isFailedRow(row, require)) {
		return row.accepted === null
			? {kind: 'failure', xml: `${open}\n      <failure type="${row.verdict}" message="${attribute(message)}">${text}</failure>${close}`}
			: skippedAs(`accepted: ${row.accepted} (${row.verdict}, ${message})`);
	}

	if (row.verdict === 'fail') {
		return skippedAs(`fail, not required: ${message}`);
	}

	if (row.verdict === 'unknown' || row.verdict === 'not-applicable') {
		return skippedAs(`${row.verdict}: ${row.message}`);
	}

	return {
		kind: 'passed',
		xml: `${open}\n      <system-out>${escape(`${row.verdict}, ${state}: `)}${text}</system-out>${close}`,
	};
}

function openingTag(name: string): string {
	return `    <testcase classname="spoke.audit" name="${attribute(name)}">`;
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
export function auditRowLines(row: AuditRow): string {
	return describeAuditRow(row, {evidence: []})
		.details.filter(({role}) => role !== 'accepted' && role !== 'docs')
		.map(({role, text}) => (labeled.has(role) ? `${role}: ${text}` : text))
		.join('\n');
}

export function errorLines(error: SpokeError): string {
	return describeError(error.toJSON())
		.filter(({role}) => role !== 'where' && role !== 'code')
		.map(({role, text}) => (role === 'fix' ? `fix: ${text}` : text))
		.join('\n');
}
