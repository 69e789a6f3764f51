/** The session on real apiservers. */
import {spawn} from 'node:child_process';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {stripVTControlCharacters} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {openTerminal, type TestTerminal} from '../support/terminal.ts';
import {until} from '../support/until.ts';
import {image} from './lab/image.ts';
import type {UserName} from './lab/kubeconfig.ts';
import type {PostureName} from './lab/postures.ts';
import {hasKonnectivity, kubernetesPath} from './lab/programs.ts';
import type {Truth} from './lab/truth.ts';
import {barePod} from './lab/workloads.ts';
import {useCluster, type Cluster} from './support/cluster.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

async function session(
	t: ExecutionContext,
	cluster: Cluster,
	posture: PostureName,
	{
		user = 'admin',
		argv = [],
		columns = 80,
		rows = 24,
		kubeconfig,
		home,
	}: {user?: UserName; argv?: readonly string[]; columns?: number; rows?: number; kubeconfig?: string; home?: string} = {},
): Promise<TestTerminal> {
	home ??= await temporaryDirectory(t);
	return openTerminal(t, [...argv, '--kubeconfig', kubeconfig ?? cluster.kubeconfig(posture, user)], {home, columns, rows});
}

/** A connection row with the true TLS state and a true route; `egress` is a partial claim, and an unknown route is none. */
function labelled({tls, routes}: Truth): string {
	const words = [...routes, ...(routes.includes('direct') ? [] : ['egress'])].map(
		route => `[━╍]${route === 'egress-http-connect' ? 'http-conn' : route}`,
	);
	return `(?:${words.join('|')}|┈route\\?) [━╍]${tls}`;
}

/** In the path pane, the connections pane, or a tail's own line. */
const secondLegIsVerified = /(?:direct|konnectivity|route\?|unknown) [━╍] ?verified(?! [━╍]+► apiserver)|direct,verified/;

async function moveTo(terminal: TestTerminal, name: string): Promise<void> {
	await terminal.sees(/writer +1\/1 +Running/, 60_000);
	terminal.type(`/${name}\r`);
	await terminal.sees(new RegExp(`▸ ${name}`));
}

for (const posture of ['off-direct', 'good-direct', 'bad-direct'] as const) {
	test.serial(`${posture}: the first screen lists the pods, and an open tail shows the true TLS state`, async t => {
		const cluster = await useCluster({postures: [posture]});
		const truth = cluster.truth(posture, {feature: 'logs', serving: 'signed'});
		const terminal = await session(t, cluster, posture);
		await moveTo(terminal, 'tcp-0');
		const configured = truth.tls === 'verified' || truth.tls === 'refused' ? 'enforced' : truth.tls;
		await terminal.sees(new RegExp(`apiserver \\w? ?[━╍] direct [━╍] ${configured} `));
		terminal.press('view.nodes');
		await terminal.sees(/n1 +Ready/);
		terminal.press('view.pods', 'logs');
		if (truth.tls === 'refused') {
			await terminal.sees(/certificate|signed by unknown authority/);
			t.notRegex(stripVTControlCharacters(terminal.raw()), secondLegIsVerified, 'no frame shows a verified leg 2');
			return;
		}

		await terminal.sees(/Tail pod\/tcp-0/);
		terminal.press('tail.background');
		await terminal.sees(new RegExp(`[●◐] logs +pod/tcp-0 +${labelled(truth)}`));
		t.is(secondLegIsVerified.test(stripVTControlCharacters(terminal.raw())), truth.tls === 'verified');
	});
}

tunnelTest('off-grpc: a tail, a shell and a forward run at once with true path lines', async t => {
	const cluster = await useCluster({postures: ['off-grpc']});
	const truth = cluster.truth('off-grpc', {feature: 'logs', serving: 'signed'});
	const terminal = await session(t, cluster, 'off-grpc', {columns: 120, rows: 40});
	await terminal.sees(/writer +1\/1 +Running/, 60_000);
	terminal.type('/writer\r');
	await terminal.sees(/▸ finished-writer/);
	terminal.press('move.end', 'logs');
	await terminal.sees(/Tail pod\/writer├[\s\S]*following/);
	terminal.press('tail.background');
	await terminal.sees(new RegExp(`● logs +pod/writer +${labelled(truth)}`));
	terminal.press('list/filter', 'clear');
	terminal.type('tcp-0\r');
	await terminal.sees(/▸ tcp-0/);
	terminal.press('forward');
	await terminal.sees(/spoke port-forward -n demo pod\/tcp-0 \d+:7000/);
	terminal.press('move.down', 'clear', 'accept');
	await terminal.sees(new RegExp(`● forward +:\\d+ → pod/tcp-0:\\w+ +${labelled(truth)}`));
	terminal.press('list/filter', 'clear');
	terminal.type('shell\r');
	await terminal.sees(/▸ shell/);
	terminal.press('shell');
	await terminal.sees(/1 tail and 1 forward keep running/);
	await terminal.sees(/[#$] $/m);
	t.is(terminal.buffer(), 'normal');
	terminal.type('stty size; exit 3\r');
	await terminal.sees(/shell terminated with exit code 3/);
	await terminal.sees(/Meanwhile: .*lines in the tail/);
	terminal.type(' ');
	await terminal.sees(/Connections 2/);
	t.is(terminal.buffer(), 'alternate');
});

test.serial('a pod without a shell gets a debug container that sees the other processes', async t => {
	const cluster = await useCluster();
	await cluster.apply(barePod('bare'));
	t.teardown(async () => cluster.kubectl('off-direct', 'delete pod bare --wait=false'));
	const terminal = await session(t, cluster, 'off-direct');
	await moveTo(terminal, 'bare');
	terminal.press('shell');
	await terminal.sees(/app has no shell\. You can add a debug container that has one\./);
	t.is(terminal.buffer(), 'alternate');
	terminal.press('clear');
	terminal.type(image);
	await terminal.sees(/spoke debug -n demo bare -it --image=spoke\.test\/lab:1 \\\s[\s\S]*--target=app --kubeconfig \\\s[\s\S]*-- sh/);
	terminal.press('accept');
	await terminal.sees(/Add a debug container to bare\?[\s\S]*It cannot be removed from the pod/);
	terminal.press('confirm.yes');
	await terminal.sees(/attach in off-direct-admin demo\/bare, container debugger-/, 60_000);
	terminal.type('\r');
	await terminal.sees(/# $/m);
	terminal.type('ls /proc/1/root/bin; exit 3\r');
	await terminal.sees(/workload/);
	await terminal.sees(/the container terminated with exit code 3/);
	terminal.type(' ');
	await terminal.sees(/▸ bare/);
});

test.serial('a shell and an attach are recorded', async t => {
	const cluster = await useCluster();
	const home = await temporaryDirectory(t);
	const directory = join(home, 'recordings');
	const terminal = await session(t, cluster, 'off-direct', {argv: ['--record', directory, '--record-input'], columns: 200, home});
	await moveTo(terminal, 'shell');
	terminal.press('shell');
	await terminal.sees(/Output and input are recorded in \S+-demo-shell-\w+\.cast[^]*[#$] $/m);
	terminal.type('echo recorded; exit 3\r');
	await terminal.sees(/shell terminated with exit code 3/);
	terminal.type(' ');
	await terminal.sees(/▸ shell/);
	terminal.press('list/filter', 'clear');
	terminal.type('attachable\r');
	await terminal.sees(/▸ attachable/);
	terminal.press('attach');
	await terminal.sees(/Output and input are recorded in \S+-demo-attachable-cat\.cast/);
	terminal.type('hello\r');
	await terminal.sees(/^got hello$/m);
	terminal.type('\u0003');
	await terminal.sees(/left the attach/);
	const texts = await Promise.all((await readdir(directory)).toSorted().map(async name => readFile(join(directory, name), 'utf8')));
	t.is(texts.length, 2);
	// By time, which their names begin with.
	t.regex(texts[0]!, /"o","recorded/);
	t.regex(texts[1]!, /"o","got hello/);
	for (const text of texts) {
		t.regex(text, /path: you -verified-> apiserver -direct,unverified-> kubelet n1/);
	}
});

test.serial('streams of one cluster stay open and listed while another is shown', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'good-direct']});
	const folder = await temporaryDirectory(t);
	const kubeconfig = join(folder, 'two');
	const {stdout} = await cluster.kubectl('off-direct', 'config view --raw --flatten -o json');
	const other = JSON.parse((await cluster.kubectl('good-direct', 'config view --raw --flatten -o json')).stdout) as Config;
	const both = JSON.parse(stdout) as Config;
	for (const part of ['clusters', 'contexts', 'users'] as const) {
		both[part].push(...other[part]);
	}

	await writeFile(kubeconfig, JSON.stringify(both));
	const terminal = await session(t, cluster, 'off-direct', {kubeconfig, columns: 120, rows: 30});
	await moveTo(terminal, 'tcp-0');
	terminal.press('forward');
	await terminal.sees(/Forward from pod\/tcp-0/);
	terminal.press('move.down', 'clear', 'accept');
	await terminal.sees(/● forward .*━direct ━unverified/);
	terminal.press('logs');
	await terminal.sees(/Tail pod\/tcp-0/);
	terminal.press('tail.background');
	await terminal.sees(/[●◐] logs +pod\/tcp-0/);
	terminal.press('palette.open');
	await terminal.sees(/Commands ─/);
	terminal.type('ctx good-direct-admin\r');
	await terminal.sees(/spoke +good-direct-admin › demo/);
	await terminal.sees(/▸ tcp-0 +1\/1 +Running/, 60_000);
	await terminal.sees(/● forward +off-direct-admin: :\d+ .*━direct ━unverified/);
	terminal.press('view.forwards', 'restart');
	await terminal.sees(/restarted by you/);
	// It restarts on its own cluster, not on the current one.
	await terminal.sees(/● forward +off-direct-admin: :\d+ .*━direct ━unverified/);
	terminal.press('pane.next', 'move.up', 'open');
	await terminal.sees(/Tail pod\/tcp-0/);
	terminal.press('shell');
	await terminal.sees(/spoke {2}shell in off-direct-admin demo\/tcp-0, container tcp/);
});

test.serial('the YAML of pods, nodes, services, workloads and namespaces matches kubectl', async t => {
	const cluster = await useCluster();
	const home = await temporaryDirectory(t);
	const terminal = await openTerminal(t, ['--kubeconfig', cluster.kubeconfig('off-direct')], {home});
	await moveTo(terminal, 'tcp-0');
	for (const target of ['pod/tcp-0', 'pod/crashing', 'node/n1', 'svc/web', 'deploy/web', 'sts/tcp', 'ns/demo']) {
		// The object may change meanwhile; kubectl prints each of its versions.
		const versions = spawn(kubernetesPath('kubectl'), ['get', '-n', 'demo', target, '-o', 'yaml', '--watch'], {
			env: {PATH: process.env['PATH'], HOME: home, KUBECONFIG: cluster.kubeconfig('off-direct')},
		});
		let theirs = '';
		versions.stdout.setEncoding('utf8').on('data', (text: string) => {
			theirs += text;
		});
		t.teardown(() => versions.kill());
		await until(() => theirs);
		if (target === 'pod/tcp-0') {
			terminal.press('list.yaml');
		} else {
			terminal.type(`:yaml ${target}\r`);
		}

		await terminal.sees(new RegExp(`YAML├ ${target} ─.*\\n apiVersion: `));
		terminal.press('refresh');
		await terminal.sees(/^ refreshed(?:: no changes)?$/m);
		const file = `${target.replace('/', '-')}.yaml`;
		terminal.press('save', 'clear');
		terminal.type(`~/${file}\r`);
		await terminal.sees(new RegExp(`saved ~/${file}`));
		const saved = await readFile(join(home, file), 'utf8');
		const versionOf = (text: string) => /^ {2}resourceVersion: .*/m.exec(text)?.[0];
		const same = await until(
			() => theirs.split(/^---\n/m).find(text => versionOf(text) === versionOf(saved) && text.endsWith('\n')),
			() => theirs,
		);
		versions.kill();
		t.deepEqual(parse(saved), parse(same), target);
		t.deepEqual(fieldsOf(saved), fieldsOf(same), target);
		terminal.press('view.back');
		await terminal.loses(/YAML├/);
	}
});

function fieldsOf(yaml: string): string[] {
	return yaml.split('\n').flatMap(row => /^ *(?:- )*[\w./-]+:/.exec(row)?.[0] ?? []);
}

test.serial('a user with few permissions sees unknown states as unknown, and permitted actions work', async t => {
	const cluster = await useCluster();
	const terminal = await session(t, cluster, 'off-direct', {user: 'plain'});
	await terminal.sees(/writer +1\/1 +Running/, 60_000);
	await terminal.sees(/apiserver ┈ unknown ┈► kubelet n1/);
	t.notRegex(terminal.text(), /[━╍] (?:un)?verified [━╍]► kubelet/);
	terminal.press('view.nodes');
	await terminal.sees(/You are not allowed to list nodes in this cluster \(403\)/);
	t.notRegex(terminal.text(), /another namespace/);
	terminal.press('view.pods', 'namespace.all');
	await terminal.sees(/You are not allowed to list pods in any namespace \(403\)[\s\S]*back to demo/);
	terminal.press('namespace.pick');
	await terminal.sees(/You have no permission to list namespaces. Type a name/);
	terminal.type('demo\r');
	await terminal.sees(/writer +1\/1 +Running/, 60_000);
	terminal.press('help.open');
	await terminal.sees(/: no permission to/);
	terminal.press('view.back');
	await terminal.sees(/\n you ━/);
	terminal.press('debug');
	await terminal.sees(/disabled, no permission to patch pods\/eph/);
});

test.serial('a list without watch permission is polled, and an object can be allowed by name', async t => {
	const cluster = await useCluster();
	const role = (name: string, rules: object[]) => [
		{apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: {name, namespace: 'demo'}, rules},
		{
			apiVersion: 'rbac.authorization.k8s.io/v1',
			kind: 'RoleBinding',
			metadata: {name, namespace: 'demo'},
			roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name},
			subjects: [{apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name}],
		},
	];
	const items = role('narrow', [
		{apiGroups: [''], resources: ['pods'], verbs: ['get', 'list']},
		{apiGroups: [''], resources: ['pods/exec'], resourceNames: ['shell'], verbs: ['get', 'create']},
	]);
	await cluster.apply(...items);
	const terminal = await session(t, cluster, 'off-direct', {argv: ['--as', 'narrow'], columns: 120, rows: 30});
	await terminal.sees(/watch refused, refreshed every \d+ s/, 60_000);
	await moveTo(terminal, 'shell');
	terminal.press('shell');
	await terminal.sees(/Detach:/);
	await terminal.sees(/[#$] $/m);
	terminal.type('exit\r');
	await terminal.sees(/▸ shell[^]*shell terminated with exit code 0/);
	terminal.press('list/filter', 'clear');
	terminal.type('tcp-0\r');
	await terminal.sees(/▸ tcp-0/);
	terminal.press('shell');
	await terminal.sees(/shell: disabled, no permission to create pods\/exec/);
});

type Config = Record<'clusters' | 'contexts' | 'users', object[]>;
