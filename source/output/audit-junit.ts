/** An audit as JUnit: fail is a failure, unknown is skipped, and under `--require` what is not met or undecided is a failure. */
import type {Audit, AuditRow} from '../posture/audit/audit-object.ts';

export function auditJunit({rows, cluster, require, time}: Audit): string {
	const cases = rows.map(row => testCase(row, require.asked.length > 0 && require.result !== 'met' && require.rows.includes(row.id)));
	const failures = cases.filter(({kind}) => kind === 'failure').length;
	const skipped = cases.filter(({kind}) => kind === 'skipped').length;
	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<testsuites name="spoke audit" tests="${rows.length}" failures="${failures}" skipped="${skipped}">`,
		`  <testsuite name="${escape(cluster.context ?? cluster.server)}" tests="${rows.length}" failures="${failures}" errors="0" skipped="${skipped}" timestamp="${time}">`,
		...cases.map(({xml}) => xml),
		'  </testsuite>',
		'</testsuites>',
		'',
	].join('\n');
}

function testCase(row: AuditRow, required: boolean): {kind: 'passed' | 'failure' | 'skipped'; xml: string} {
	const open = `    <testcase classname="spoke.audit" name="${escape(`${row.id} ${row.title}`)}">`;
	const text = escape([
		row.message,
		...row.exceptions,
		...row.remedy === null ? [] : [`fix: ${row.remedy}`],
		...row.need.map(({permission, or}) => `would tell: ${[permission, or].filter(Boolean).join(', or ')}`),
	].join('\n'));
	if (row.verdict === 'fail' || (required && row.verdict !== 'pass')) {
		return {
			kind: 'failure',
			xml: `${open}\n      <failure type="${row.verdict}" message="${escape(`${row.state}, ${row.basis}: ${row.message}`)}">${text}</failure>\n    </testcase>`,
		};
	}

	if (row.verdict === 'unknown' || row.verdict === 'not-applicable') {
		return {kind: 'skipped', xml: `${open}\n      <skipped message="${escape(`${row.verdict}: ${row.message}`)}"/>\n    </testcase>`};
	}

	return {kind: 'passed', xml: `${open}\n      <system-out>${escape(`${row.verdict}, ${row.state}, ${row.basis}: `)}${text}</system-out>\n    </testcase>`};
}

/** XML 1.0 allows no control characters, not even escaped, and no lone surrogates. */
function escape(text: string): string {
	return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '')
		.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
