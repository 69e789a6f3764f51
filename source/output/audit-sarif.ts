/**
An audit as SARIF 2.1.0: each row is a rule and has one result.
@see https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
*/
import type {Invocation, Log, Notification, ReportingDescriptor, Result, Run} from 'sarif';
import {auditRowState} from '../descriptions/describe-audit.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import {isFailedRow, type Audit, type AuditRow} from '../evidence/audit/audit-object.ts';
import {version} from '../version.ts';
import {auditRowLines, errorLines} from './audit-junit.ts';
import type {AuditedContext} from './audit-table.ts';

export function auditSarif(audit: Audit): string {
	return sarifLog([runOf(audit)]);
}

/** A log without results, so that a pipeline does not take the failure for a pass. */
export function failedAuditSarif(error: SpokeError, time: string): string {
	return sarifLog([failedRun(error, time)]);
}

/** One run per context. Code scanning accepts several runs only if their categories differ. */
export function auditsSarif(audited: readonly AuditedContext[], time: string): string {
	return sarifLog(
		audited.map(({context, value, error}) => ({
			...(error === null ? runOf(value) : failedRun(error, time)),
			automationDetails: {id: `spoke audit/${context}/`},
		})),
	);
}

function runOf(audit: Audit): Run {
	return sarifRun({
		rules: audit.rows.map(({id, title, docs}) => ({id, shortDescription: {text: title}, ...(docs !== null && {helpUri: docs})})),
		results: audit.rows.map((row, index) => ({ruleId: row.id, ruleIndex: index, ...resultOf(row, audit)})),
		invocation: {executionSuccessful: true, exitCode: audit.exitStatus, endTimeUtc: audit.time},
	});
}

function failedRun(error: SpokeError, time: string): Run {
	const notification: Notification = {
		level: 'error',
		descriptor: {id: error.code},
		message: {text: `${error.message}\n${errorLines(error)}`},
	};
	return sarifRun({
		rules: [],
		results: [],
		invocation: {executionSuccessful: false, exitCode: error.exitStatus, endTimeUtc: time, toolExecutionNotifications: [notification]},
	});
}

type RunParts = {rules: ReportingDescriptor[]; results: Result[]; invocation: Invocation};

function sarifRun({rules, results, invocation}: RunParts): Run {
	return {tool: {driver: {name: 'spoke audit', semanticVersion: version, rules}}, invocations: [invocation], results};
}

function sarifLog(runs: Run[]): string {
	const log: Log = {
		version: '2.1.0',
		$schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
		runs,
	};
	return `${JSON.stringify(log, null, 2)}\n`;
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
	if (isFailedRow(row, require)) {
		return {kind: 'fail', level: 'error'};
	}

	return severities[row.verdict];
}

const severities: Readonly<Record<AuditRow['verdict'], Severity>> = {
	pass: {kind: 'pass', level: 'none'},
	warn: {kind: 'fail', level: 'warning'},
	fail: {kind: 'fail', level: 'note'},
	unknown: {kind: 'open', level: 'none'},
	'not-applicable': {kind: 'notApplicable', level: 'none'},
};
