/**
`npm run test:faults -- table [ROW…]` measures every fault and bad input on spoke and kubectl, and prints a Markdown table. Rows that only
the test suite covers are marked. SPOKE_LAB names a running lab for rows that need a real cluster; SPOKE_FAULTS_LONG=1 idles for six minutes
instead of 75 s.
*/
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {useCluster} from '../../real-cluster/support/cluster.ts';
import {kubeconfigText} from '../../support/kubeconfig-text.ts';
import {startScriptedPeer} from '../../support/scripted-peer.ts';
import {startTcpCutter} from '../../support/tcp-cutter.ts';
import {faultRows} from '../rows.ts';
import {commandRows} from './command-rows.ts';
import {forwardRows} from './forward-rows.ts';
import {inputRows} from './input-rows.ts';
import {logRows} from './log-rows.ts';
import {Program, type ProgramName} from './programs.ts';
import type {Fixture, Measured, MeasuredRow} from './row.ts';

/** Why a row is not measured on kubectl: it has no such feature, or the row needs more than a program and a server. */
const notBeside: Readonly<Record<string, string>> = {
	F6: 'kubectl follows one pod and ends with it; the cluster suite measures the first line of the new pod',
	F11: 'session only: kubectl has no live list',
	F17: 'the messages of the runtime are scripted; kubectl prints them and ends',
	B5: 'session only: kubectl has no screen',
	B9: 'session only: kubectl has no search',
	B11: 'the frames are scripted; spdystream’s own tests cover kubectl',
};

const rows: readonly MeasuredRow[] = [...logRows, ...commandRows, ...forwardRows, ...inputRows];
const chosen = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'spoke-table-'));
const peer = await startScriptedPeer({quiet: true});
let files = 0;
const fixture: Fixture = {
	peer,
	folder,
	lab: process.env['SPOKE_LAB'] === undefined ? null : await useCluster(),
	async throughCutter() {
		const cutter = await startTcpCutter(peer.address);
		const file = join(folder, `cut-${files++}`);
		const config = JSON.parse(await readFile(peer.kubeconfig, 'utf8')) as {clusters: Array<{cluster: object}>};
		config.clusters[0]!.cluster = {...config.clusters[0]!.cluster, server: `https://${cutter.address}`};
		await writeFile(file, JSON.stringify(config));
		return {kubeconfig: file, cutter};
	},
	async kubeconfigFor(url) {
		const file = join(folder, `to-${files++}`);
		await writeFile(file, kubeconfigText({server: url, user: {token: 'secret-token'}, namespace: 'demo'}));
		return file;
	},
};

try {
	const chosenRows = faultRows.filter(({row}) => chosen.length === 0 || chosen.includes(row));
	const lines = new Map<string, string>();
	const measure = async ({row, title}: (typeof chosenRows)[number]) => {
		lines.set(row, await lineOf(row, title));
		process.stderr.write(`${lines.get(row)}\n`);
	};

	const waiting = Promise.all(chosenRows.filter(({row}) => rows.some(candidate => candidate.row === row && candidate.waits)).map(measure));
	for (const next of chosenRows) {
		if (rows.every(candidate => candidate.row !== next.row || !candidate.waits)) {
			await measure(next);
		}
	}

	await waiting;
	process.stdout.write(
		[
			'| row | fault or input | expected | against | spoke | kubectl |',
			'| --- | --- | --- | --- | --- | --- |',
			...chosenRows.map(({row}) => lines.get(row)!),
			'',
			`Load at the end ${loadavg()[0]!.toFixed(1)}. ✓ as expected, ✗ not.`,
			'',
		].join('\n'),
	);
} finally {
	await peer.stop();
	await rm(folder, {recursive: true, force: true});
}

async function lineOf(row: string, title: string): Promise<string> {
	const measuredRow = rows.find(candidate => candidate.row === row);
	if (!measuredRow || (measuredRow.needsLab && !fixture.lab)) {
		const {tests, open} = faultRows.find(candidate => candidate.row === row)!;
		return cells([
			row,
			title,
			'see the tests',
			tests.map(([file]) => file).join(', ') || '–',
			tests.length > 0 ? '✓ suite' : `not run: ${open}`,
			notBeside[row] ?? 'needs a lab (SPOKE_LAB)',
		]);
	}

	const both: Measured[] = [];
	const measure = async (name: ProgramName) =>
		measuredRow
			.measure(new Program(name), fixture)
			.catch((error: unknown) => ({asExpected: false, text: `not measured: ${String(error).slice(0, 200)}`}));
	if (measuredRow.waits) {
		both.push(...(await Promise.all([measure('spoke'), measure('kubectl')])));
	} else {
		both.push(await measure('spoke'), await measure('kubectl'));
	}

	return cells([
		row,
		title,
		measuredRow.expected,
		measuredRow.against,
		...both.map(({asExpected, text}) => `${asExpected ? '✓' : '✗'} ${text}`),
	]);
}

function cells(texts: readonly string[]): string {
	return `| ${texts.map(text => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
}
