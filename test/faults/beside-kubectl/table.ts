/**
`npm run test:faults -- table [ROW…]`: every fault and bad input on spoke and on kubectl in one run, as a Markdown table on stdout.
Rows that the suite alone holds say so. SPOKE_LAB names a running lab for the rows that want a real cluster; SPOKE_FAULTS_LONG=1 idles
for six minutes instead of 75 s.
*/
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {useCluster} from '../../real-cluster/support/cluster.ts';
import {startScriptedPeer} from '../../support/scripted-peer.ts';
import {startTcpCutter} from '../../support/tcp-cutter.ts';
import {faultRows} from '../rows.ts';
import {commandRows} from './command-rows.ts';
import {forwardRows} from './forward-rows.ts';
import {inputRows} from './input-rows.ts';
import {logRows} from './log-rows.ts';
import {Program, type ProgramName} from './programs.ts';
import type {Ground, Measured, MeasuredRow} from './row.ts';

/** What has no like in kubectl, or needs more than one program and a server. */
const notBeside: Readonly<Record<string, string>> = {
	F6: 'kubectl follows the one pod it chose and ends with it; the cluster suite measures the new pod’s first line',
	F11: 'session only: kubectl has no list that stays',
	F17: 'the runtime’s words are scripted; kubectl prints them and ends',
	B5: 'session only: kubectl draws no screen',
	B9: 'session only: kubectl searches nothing',
	B11: 'frames are scripted below the stream; kubectl takes the same from spdystream’s own tests',
};

const rows: readonly MeasuredRow[] = [...logRows, ...commandRows, ...forwardRows, ...inputRows];
const chosen = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'spoke-table-'));
const peer = await startScriptedPeer({quiet: true});
let files = 0;
const ground: Ground = {
	peer,
	folder,
	lab: process.env['SPOKE_LAB'] === undefined ? null : await useCluster(),
	async behindCutter() {
		const cutter = await startTcpCutter(peer.address);
		const file = join(folder, `cut-${files++}`);
		const config = JSON.parse(await readFile(peer.kubeconfig, 'utf8')) as {clusters: Array<{cluster: object}>};
		config.clusters[0]!.cluster = {...config.clusters[0]!.cluster, server: `https://${cutter.address}`};
		await writeFile(file, JSON.stringify(config));
		return {kubeconfig: file, cutter};
	},
	async kubeconfigFor(url) {
		const file = join(folder, `to-${files++}`);
		await writeFile(
			file,
			JSON.stringify({
				apiVersion: 'v1',
				kind: 'Config',
				'current-context': 'here',
				contexts: [{name: 'here', context: {cluster: 'here', user: 'ada', namespace: 'demo'}}],
				clusters: [{name: 'here', cluster: {server: url}}],
				users: [{name: 'ada', user: {token: 'secret-token'}}],
			}),
		);
		return file;
	},
};

try {
	const told = faultRows.filter(({row}) => chosen.length === 0 || chosen.includes(row));
	const lines = new Map<string, string>();
	const measure = async ({row, says}: (typeof told)[number]) => {
		lines.set(row, await lineOf(row, says));
		process.stderr.write(`${lines.get(row)}\n`);
	};

	const waiting = Promise.all(told.filter(({row}) => rows.some(candidate => candidate.row === row && candidate.waits)).map(measure));
	for (const next of told) {
		if (rows.every(candidate => candidate.row !== next.row || !candidate.waits)) {
			await measure(next);
		}
	}

	await waiting;
	process.stdout.write(
		[
			'| row | fault or input | expected | against | spoke | kubectl |',
			'| --- | --- | --- | --- | --- | --- |',
			...told.map(({row}) => lines.get(row)!),
			'',
			`Load at the end ${loadavg()[0]!.toFixed(1)}. ✓ as expected, ✗ not.`,
			'',
		].join('\n'),
	);
} finally {
	await peer.stop();
	await rm(folder, {recursive: true, force: true});
}

async function lineOf(row: string, says: string): Promise<string> {
	const how = rows.find(candidate => candidate.row === row);
	if (!how || (how.needsLab && !ground.lab)) {
		const {tests, open} = faultRows.find(candidate => candidate.row === row)!;
		return cells([
			row,
			says,
			'as the suite’s tests say',
			tests.map(([file]) => file).join(', ') || '–',
			tests.length > 0 ? '✓ suite' : `not run: ${open}`,
			notBeside[row] ?? 'needs a lab (SPOKE_LAB)',
		]);
	}

	const both: Measured[] = [];
	const measure = async (name: ProgramName) =>
		how
			.measure(new Program(name), ground)
			.catch((error: unknown) => ({asExpected: false, text: `not measured: ${String(error).slice(0, 200)}`}));
	if (how.waits) {
		both.push(...(await Promise.all([measure('spoke'), measure('kubectl')])));
	} else {
		both.push(await measure('spoke'), await measure('kubectl'));
	}

	return cells([row, says, how.expected, how.against, ...both.map(({asExpected, text}) => `${asExpected ? '✓' : '✗'} ${text}`)]);
}

function cells(texts: readonly string[]): string {
	return `| ${texts.map(text => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
}
