/** One command in several contexts: apiservers with different flags, one of which can be down. */
import test from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {openTerminal} from '../support/terminal.ts';
import {until} from '../support/until.ts';
import {freezeApiserver, thawApiserver} from './lab/faults.ts';
import {objectsIn, useCluster} from './support/cluster.ts';

const servers = ['off-direct', 'good-direct'] as const;
const contexts = servers.map(server => `${server}-admin`);
const cluster = await useCluster({postures: servers});

test.serial('audit and path decide a requirement for each context', async t => {
	// Two apiservers of one cluster: the flags of one prove nothing about the other.
	const required = ['--all-contexts', '--require', 'verified', '--min-basis', 'inferred', '-o', 'json'];
	const audit = await cluster.spoke(servers, ['audit', ...required]);
	t.is(audit.status, 3, audit.stderr);
	t.deepEqual(
		objectsIn<Audit>(audit.stdout).map(one => [one.cluster.context, one.require.result]),
		[
			[contexts[0], 'not-met'],
			[contexts[1], 'met'],
		],
	);
	const path = await cluster.spoke(servers, ['path', 'writer', '--feature', 'logs', ...required]);
	t.is(path.status, 3, path.stderr);
	t.deepEqual(
		objectsIn<Path>(path.stdout)
			.filter(({kind}) => kind === 'Path')
			.map(one => [one.cluster.context, one.legs[1]!.tls.state]),
		[
			[contexts[0], 'unverified'],
			[contexts[1], 'enforced'],
		],
	);
});

test.serial('logs of several contexts are those of kubectl with the context before each line', async t => {
	const {stdout: lines} = await cluster.kubectl('off-direct', 'logs finished-writer --prefix');
	const {status, stdout} = await cluster.spoke(servers, 'logs finished-writer --all-contexts');
	t.is(status, 0);
	t.is(stdout, contexts.map(context => lines.replaceAll(/^\[/gm, `[${context} `)).join(''));
});

test.serial('logs -f follows an apiserver that hangs when it responds, and the others meanwhile', async t => {
	await freezeApiserver(cluster.lab, 'good-direct');
	const {stdout, stderr, stop} = cluster.startSpoke(servers, 'logs -f writer --tail=1 --all-contexts');
	try {
		await until(() => stderr().includes(`${contexts[1]!}: spoke: `) && stdout().includes(`[${contexts[0]!} pod/writer/`), stderr);
		t.false(stdout().includes(contexts[1]!));
	} finally {
		await thawApiserver(cluster.lab, 'good-direct');
	}

	await until(() => stdout().includes(`[${contexts[1]!} pod/writer/`), stderr);
	t.is(await stop(), 130);
	t.regex(
		stderr(),
		new RegExp(`^${contexts[1]!}: spoke: .*retrying until it responds\\n${contexts[1]!}: spoke: the apiserver responded after .*\\n$`),
	);
});

test.serial('in the session, the row decides whose path is shown and whose shell is opened', async t => {
	const home = await temporaryDirectory(t);
	const env = {KUBECONFIG: servers.map(server => cluster.kubeconfig(server)).join(':')};
	const terminal = await openTerminal(t, ['--all-contexts'], {home, env, columns: 140, rows: 40});
	terminal.type('/shell\r');
	await terminal.sees(new RegExp(`${contexts[1]} +shell .*Running[^]*${contexts[0]} +shell .*Running`), 60_000);
	for (const [context, key, tls, opened] of [
		[contexts[1]!, 'move.start', 'enforced', 'verified'],
		[contexts[0]!, 'move.end', 'unverified', 'unverified'],
	] as const) {
		terminal.press(key);
		await terminal.sees(new RegExp(`▸ ${context} +shell[^]*\\n you ━[^\\n]*[━╍] ${tls} `));
		terminal.press('shell');
		await terminal.sees(new RegExp(`shell in ${context} demo/shell, [^]*/ # $`, 'm'));
		terminal.type('exit 3\r');
		// While the shell began, the flags may not have been read.
		await terminal.sees(
			new RegExp(`shell in ${context} [^]*terminated[^\\n]*\\n.*[━╍] ${opened} ━+► kubelet[^]*any other key: back to the pods`),
		);
		terminal.type(' ');
		await terminal.sees(new RegExp(`▸ ${context} +shell`));
	}
});
