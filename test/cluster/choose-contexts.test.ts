/** The contexts of a command that takes several. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {chooseContexts} from '../../source/cluster/kubeconfig/choose-contexts.ts';
import {multiContextFlags} from '../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

async function kubeconfigWith(t: ExecutionContext, names: readonly string[]): Promise<string> {
	const folder = await temporaryDirectory(t);
	const file = join(folder, 'config');
	await writeFile(file, JSON.stringify({contexts: names.map(name => ({name, context: {cluster: name, user: name}}))}));
	return file;
}

async function choose(argv: readonly string[], kubeconfig: string): Promise<ReadonlyArray<string | undefined>> {
	const {flags} = parseCommandLine(multiContextFlags, argv);
	return (await chooseContexts(flags, {KUBECONFIG: kubeconfig})).map(({context}) => context);
}

test('one context is chosen without reading the kubeconfig', async t => {
	const unreadable = '/nonexistent/\0';
	t.deepEqual(await choose([], unreadable), [undefined]);
	t.deepEqual(await choose(['--context', 'eu', '--token', 't'], unreadable), ['eu']);
});

for (const [argv, chosen] of [
	[
		['--context', 'us,eu'],
		['us', 'eu'],
	],
	[
		['--context', 'us', '--context', 'eu'],
		['us', 'eu'],
	],
	[
		['--context', 'eu,us', '--context=eu'],
		['eu', 'us'],
	],
	[['--context', 'a,b'], ['a,b']],
	[
		['--context', 'a,b', '--context', 'eu'],
		['a,b', 'eu'],
	],
	[['--all-contexts'], ['eu', 'us', 'a,b']],
	[['--context', 'eu,eu', '--token', 't'], ['eu']],
] as const) {
	test(`${argv.join(' ')} chooses ${chosen.join(' and ')}`, async t => {
		t.deepEqual(await choose(argv, await kubeconfigWith(t, ['eu', 'us', 'a,b'])), [...chosen]);
	});
}

for (const [argv, code, message] of [
	[['--context', 'eu,nowhere'], 'ERR_CONTEXT_UNKNOWN', 'context "nowhere" does not exist'],
	[['--context', 'eu,,us'], 'ERR_USAGE', '--context=eu,,us: the name of a context is empty'],
	[['--context', 'eu,us', '--token', 't'], 'ERR_USAGE', '--token is for one cluster, but 2 contexts are chosen'],
	[['--all-contexts', '--server', 'https://x'], 'ERR_USAGE', '--server is for one cluster, but 2 contexts are chosen'],
	[['--all-contexts', '--context', 'eu'], 'ERR_USAGE', '--all-contexts and --context are mutually exclusive'],
] as const) {
	test(`${argv.join(' ')} is rejected`, async t => {
		const kubeconfig = await kubeconfigWith(t, ['eu', 'us']);
		await t.throwsAsync(async () => choose(argv, kubeconfig), {code, message});
	});
}

test('--all-contexts without a kubeconfig is rejected', async t => {
	await t.throwsAsync(async () => choose(['--all-contexts'], '/nonexistent/config'), {code: 'ERR_NO_KUBECONFIG'});
});
