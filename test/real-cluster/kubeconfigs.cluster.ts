/**
kubectl and spoke side by side on every kubeconfig and certificate row. RECORD_VERDICTS=1 records kubectl's behavior for the other suite.
*/
import process from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {certificateRows, readDifferences} from '../support/certificate-rows.ts';
import {kubeconfigRows} from '../support/kubeconfig-rows.ts';
import {readVerdicts, writeVerdicts, type KubectlVerdicts} from '../support/kubectl-verdicts.ts';
import {tryCertificate} from '../support/try-certificate.ts';
import {tryRow, withKubectl, withServers, withSpoke} from '../support/try-kubeconfig.ts';
import {requestWith} from '../support/request-with.ts';
import {kubernetesPath} from './lab/programs.ts';

const kubectl = kubernetesPath('kubectl');
const verdicts: KubectlVerdicts = {kubectl: '', kubeconfigs: {}, certificates: {}};

test.serial('spoke reads every kubeconfig as kubectl does', async t => {
	await inFourParts(kubeconfigRows, async rows =>
		withServers(async servers => {
			for (const row of rows) {
				const kubectlResult = await tryRow(servers, row, withKubectl(kubectl));
				const spokeResult = await tryRow(servers, row, withSpoke);
				verdicts.kubeconfigs[row.name] = kubectlResult;
				t.is(kubectlResult.ok, row.says === undefined && !row.refused, `${row.name}: ${kubectlResult.text}`);
				t.deepEqual(
					{ok: spokeResult.ok, seen: spokeResult.seen, execInfo: spokeResult.execInfo},
					{ok: kubectlResult.ok, seen: kubectlResult.seen, execInfo: kubectlResult.execInfo},
					`${row.name}: ${spokeResult.text}`,
				);
				if (!row.refused) {
					t.regex(kubectlResult.text, row.says ?? /^$/, row.name);
					t.regex(spokeResult.text, row.says ?? /^$/, row.name);
				}
			}
		}),
	);
});

test.serial('spoke accepts and refuses the same certificates as kubectl, except the listed ones', async t => {
	const differences = await readDifferences();
	await inFourParts(certificateRows, async rows => {
		for (const row of rows) {
			const kubectlResult = await tryCertificate(row, async file => {
				const {exitCode, stderr} = await execa(kubectl, ['get', '--raw', '/api', '--kubeconfig', file], {
					reject: false,
					stdin: 'ignore',
					env: {HOME: '/nonexistent'},
				});
				return exitCode === 0 ? null : stderr;
			});
			const spokeResult = await tryCertificate(row, requestWith);
			verdicts.certificates[row.name] = kubectlResult;
			t.is(kubectlResult.ok, row.refused === undefined, `${row.name}: ${kubectlResult.text}`);
			const difference = differences.find(({name}) => name === row.name);
			t.is(spokeResult.ok, difference ? difference.spoke === 'accepts' : kubectlResult.ok, `${row.name}: ${spokeResult.text}`);
			t.regex(kubectlResult.text, row.refused ?? /^$/, row.name);
		}
	});
});

test.serial('kubectl behaves as recorded', async t => {
	const {stdout} = await execa(kubectl, ['version', '--client', '-o', 'json']);
	verdicts.kubectl = (JSON.parse(stdout) as {clientVersion: {gitVersion: string}}).clientVersion.gitVersion;
	if (process.env['RECORD_VERDICTS']) {
		await writeVerdicts(verdicts);
	}

	const recorded = await readVerdicts();
	t.is(recorded.kubectl, verdicts.kubectl);
	t.deepEqual(sums(recorded), sums(verdicts));
});

/** At the same time, because most rows wait. */
async function inFourParts<Row>(rows: readonly Row[], tryPart: (part: readonly Row[]) => Promise<void>): Promise<void> {
	await Promise.all([0, 1, 2, 3].map(async number => tryPart(rows.filter((_, index) => index % 4 === number))));
}

/** Without the text, which has process ids and addresses. */
function sums({kubeconfigs, certificates}: KubectlVerdicts) {
	return {
		kubeconfigs: Object.fromEntries(Object.entries(kubeconfigs).map(([name, {ok, seen, execInfo}]) => [name, {ok, seen, execInfo}])),
		certificates: Object.fromEntries(Object.entries(certificates).map(([name, {ok}]) => [name, ok])),
	};
}
