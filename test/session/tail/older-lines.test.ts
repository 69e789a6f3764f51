/** Older lines by key, search and scrolling. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {kubeconfigText} from '../../support/kubeconfig-text.ts';
import {LogServer} from '../../support/log-server.ts';
import {openSession} from '../../support/open-session.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

const count = 20_000;

async function tailOf(t: ExecutionContext, lines = count) {
	const home = await temporaryDirectory(t);
	const server = await LogServer.start(t);
	const log = server.addPod('web').get('app')!;
	const write = (from: number, to: number) => {
		log.append(
			...Array.from({length: to - from}, (_, at) => ({
				time: new Date(Date.UTC(2026, 10, 24, 14) + from + at).toISOString(),
				text: `request ${from + at}${from + at === 7 ? ' needle' : ''}`,
			})),
		);
	};

	write(0, lines);
	const kubeconfig = join(home, 'kubeconfig.json');
	await writeFile(kubeconfig, kubeconfigText({server: server.url, user: {}, namespace: 'demo'}));
	const session = await openSession(t, ['tail', 'web', '--kubeconfig', kubeconfig], {home, columns: 120});
	await session.sees(new RegExp(`request ${lines - 1}$|request ${lines - 1} `, 'm'));
	await session.sees(new RegExp(` ${Math.min(lines, 500)} lines`));
	return {session, server, log, write};
}

test('the top is the first line of the log, every line appears once, new ones too', async t => {
	const {session, write} = await tailOf(t);
	session.press('move.start');
	write(count, count + 100);
	await session.sees(/start of log: the server has no older lines/);
	await session.sees(/^▸14:00:00\.000 request 0 /m);
	session.press('move.end');
	await session.sees(new RegExp(`request ${count + 99} `));
	await session.sees(/ 20,100 lines/);
});

test('a log shorter than requested is complete: no older lines are offered', async t => {
	const {session, server} = await tailOf(t, 10);
	session.press('move.up');
	await session.sees(/start of log: the server has no older lines/);
	t.is(server.seen.filter(({query}) => query['tailLines'] !== undefined).length, 1);
});

test('a search without a loaded match continues in older lines', async t => {
	const {session} = await tailOf(t);
	session.press('search');
	session.type('needle\r');
	await session.sees(/^▸14:00:00\.007 request 7 needle/m);
	await session.sees(/match 1 of 1 · line 8 of 20,000/);
});

test('scrolling up loads older lines in parts', async t => {
	const {session, server} = await tailOf(t);
	session.press('tail.pause');
	for (let page = 0; page < 30; page++) {
		session.press('move.page-up');
	}

	await session.sees(/ of [5-9],\d{3} |line \d+ of [5-9],\d{3}|[5-9],\d{3} lines/);
	t.true(server.seen.some(({query}) => Number(query['tailLines']) > 5000));
	t.false(server.seen.some(({query}) => query['follow'] !== 'true' && query['tailLines'] === undefined));
});

test('a rotated log reports that older lines cannot be joined', async t => {
	const {session, log, write} = await tailOf(t);
	log.rotate();
	write(count, count + 10);
	session.press('move.start');
	await session.sees(/the node no longer has any line shown here/);
	await session.sees(/^▸14:00:19\.500 request 19500 /m);
});
