/** `spoke logs` selects, formats and exports the lines that kubectl prints, also over disconnects. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {startTcpCutter} from '../support/tcp-cutter.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';
import {apiserverOf, useCluster} from './support/cluster.ts';

const direct = 'off-direct';
const finished = 'finished-writer';
const cluster = await useCluster({postures: [direct]});

const kubectlLines = async () => (await cluster.kubectl(direct, ['logs', finished])).stdout.split(/(?<=\n)/);

test('--include and --exclude print exactly the lines of kubectl that match', async t => {
	const {status, stdout} = await cluster.spoke(direct, ['logs', finished, '--include', '^\\d*[37] ', '--include', 'ff', '--exclude', 'e']);
	const expected = (await kubectlLines()).filter(line => /^\d*[37] |ff/.test(line) && !line.includes('e'));
	t.is(status, 0);
	t.true(expected.length > 0);
	t.is(stdout, expected.join(''));
});

test('--template has the pod, its node and its labels', async t => {
	const template = '{{.Namespace}} {{.PodName}} {{.NodeName}} {{.Labels.app}} {{.Message}}';
	const {stdout} = await cluster.spoke(direct, ['logs', finished, '--template', template]);
	const placed = await cluster.kubectl(direct, ['get', 'pod', finished, '-o', 'jsonpath={.spec.nodeName} {.metadata.labels.app}']);
	t.is(stdout, (await kubectlLines()).map(line => `demo ${finished} ${placed.stdout} ${line}`).join(''));
});

test('a followed selection loses and repeats no line over a connection reset', async t => {
	const cutter = await startTcpCutter(await apiserverOf(cluster, direct));
	const child = cluster.startSpoke(direct, [
		'logs',
		'-f',
		'writer',
		'--tail=1',
		'--include',
		'^\\d+7 ',
		'--server',
		`https://${cutter.address}`,
	]);
	let [stdout, stderr] = ['', ''];
	child.stdout.on('data', chunk => {
		stdout += String(chunk);
	});
	child.stderr.on('data', chunk => {
		stderr += String(chunk);
	});
	const count = () => stdout.split('\n').length - 1;
	await until(count, () => stderr);
	for (let resets = 0; resets < 2; resets++) {
		cutter.reset();
		const before = count();
		await until(
			() => count() > before + 50,
			() => stderr,
		);
	}

	child.kill('SIGINT');
	await cutter.stop();
	t.regex(stderr, /resumed at the last line, no gap/);
	const numbers = stdout.match(/^\d+/gm)!.map(Number);
	t.deepEqual(
		numbers,
		numbers.map((_, index) => numbers[0]! + index * 10),
	);
});

test('--export writes the bytes of kubectl to a file per container', async t => {
	const folder = await temporaryDirectory(t);
	const out = join(folder, 'out');
	const {status, stderr} = await cluster.spoke(direct, ['logs', 'job/once', `pod/${finished}`, '--export', out]);
	t.is(status, 0, stderr);
	const index = (await readFile(join(out, 'index.jsonl'), 'utf8')).trimEnd().split('\n');
	const logs = index.map(line => JSON.parse(line) as {file: string; pod: string; container: string});
	t.deepEqual((await readdir(out)).toSorted(), [...logs.map(({file}) => file), 'index.jsonl'].toSorted());
	for (const {file, pod, container} of logs) {
		const theirs = await cluster.kubectl(direct, ['logs', pod, '-c', container]);
		t.is(await readFile(join(out, file), 'utf8'), theirs.stdout, file);
	}

	t.true(logs.some(({pod}) => pod === finished));
});
