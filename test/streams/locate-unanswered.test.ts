/** The leg of an upgrade that had no response, only where it is known. */
import test from 'ava';
import {SpokeError, type LegNumber} from '../../source/base/errors/spoke-error.ts';
import {locateUnansweredUpgrade} from '../../source/streams/locate-loss.ts';
import {serve} from '../support/api-server.ts';
import {reachedWeb} from '../support/remote-command.ts';

const unanswered = new SpokeError('ERR_APISERVER_TIMEOUT', 'the apiserver did not respond within 35 s');
const status = (code: number, message: string) => ({code, body: JSON.stringify({kind: 'Status', code, message})});
const logOf = (error: string) => status(500, `Get "https://10.0.0.1:10250/containerLogs/default/web/app": ${error}`);

const rows: ReadonlyArray<
	[title: string, log: {code: number; body: string}, code: SpokeError['code'], leg: LegNumber | null, message: RegExp]
> = [
	[
		'a kubelet that completes no handshake is leg 2',
		logOf('net/http: TLS handshake timeout'),
		'ERR_SECOND_LEG',
		2,
		/cannot reach the kubelet$/,
	],
	['a log that is read leaves both legs', {code: 200, body: 'x'}, 'ERR_APISERVER_TIMEOUT', null, /it is unknown whether .* has stalled$/],
	['a user without permission for logs learns no leg', status(403, 'forbidden'), 'ERR_APISERVER_TIMEOUT', null, /it is unknown whether/],
	[
		'a refused certificate is no silence',
		logOf('tls: failed to verify certificate: x509: unknown'),
		'ERR_APISERVER_TIMEOUT',
		null,
		/unknown/,
	],
];
for (const [title, log, code, leg, message] of rows) {
	test(title, async t => {
		const server = await serve(t, (_request, response) => {
			response.writeHead(log.code, {'Content-Type': 'application/json'}).end(log.body);
		});
		const error = await locateUnansweredUpgrade(await server.cluster(), reachedWeb, unanswered, undefined);
		t.is(error.code, code);
		t.is(error.legKnown ? error.leg : null, leg);
		t.regex(error.message, message);
	});
}

test('an apiserver that accepts no connection is leg 1', async t => {
	const server = await serve(t, () => {});
	const cluster = await server.cluster();
	await server.close();
	const error = await locateUnansweredUpgrade(cluster, reachedWeb, unanswered, undefined);
	t.is(error.leg, 1);
	t.regex(error.message, /: the apiserver \(leg 1\) does not respond to a new connection$/);
});
