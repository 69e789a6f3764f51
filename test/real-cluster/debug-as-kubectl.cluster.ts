/** kubectl's `debug`, as recorded for the other suite. RECORD_DEBUG=1 records it anew. */
import {writeFile} from 'node:fs/promises';
import process from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {debugRows, readRecordedDebug, recordedDebug, tryDebug, type DebugOutcome} from '../support/debug-rows.ts';
import {kubernetesPath, toolPath} from './lab/programs.ts';

const kubectl = kubernetesPath('kubectl');

/** kubectl sends protobuf. */
async function decode(body: Buffer): Promise<string> {
	return (await execa(toolPath('objects'), {input: body})).stdout;
}

test.serial('kubectl debug behaves as recorded', async t => {
	const outcomes: Record<string, DebugOutcome> = {};
	for (const {line, words} of debugRows) {
		outcomes[line] = await tryDebug(
			words,
			async argv => {
				const {exitCode, stderr} = await execa(kubectl, argv, {reject: false, stdin: 'ignore', env: {HOME: '/nonexistent'}});
				return {ok: exitCode === 0, stderr};
			},
			decode,
		);
	}

	const {stdout} = await execa(kubectl, ['version', '--client', '-o', 'json']);
	const {clientVersion} = JSON.parse(stdout) as {clientVersion: {gitVersion: string}};
	const now = {kubectl: clientVersion.gitVersion, outcomes};
	if (process.env['RECORD_DEBUG'] === '1') {
		await writeFile(recordedDebug, `${JSON.stringify(now, null, '\t')}\n`);
	}

	t.deepEqual(await readRecordedDebug(), now);
});
