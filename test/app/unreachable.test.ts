/** An apiserver that is not there: said where its pods would be, and on the line, which breaks at leg 1. */
import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {newHome} from '../support/sandbox-session.ts';
import {openTerminal} from '../support/terminal.ts';

for (const [columns, drawn] of [[80, /^ you ━━━✗ apiserver$[\s\S]+leg 2 is read once leg 1 is there/m], [120, /│ you +u\s*\n.*✗ broke here\s*\n.*│ apiserver/]] as const) {
	test(`at ${columns} columns the line breaks at leg 1, and nothing is said to be checked`, async t => {
		const closed = createServer().listen(0, '127.0.0.1');
		await once(closed, 'listening');
		const {port} = closed.address() as AddressInfo;
		closed.close();
		const home = await newHome(t);
		const file = join(home, 'config.json');
		await writeFile(file, JSON.stringify({
			apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{name: 'c', context: {cluster: 'c', user: 'u'}}],
			clusters: [{name: 'c', cluster: {server: `https://127.0.0.1:${port}`}}], users: [{name: 'u', user: {token: 'x'}}],
		}));
		const terminal = await openTerminal(t, ['--kubeconfig', file], {home, columns, rows: 40});
		await terminal.sees(/cannot be reached: .*connection refused/s);
		await terminal.sees(drawn);
		t.notRegex(terminal.text(), /checking|not read yet/);
	});
}
