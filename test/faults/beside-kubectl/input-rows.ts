/** Bad inputs: hostile texts, unusual logs, kubeconfigs, certificates and responses. */
import {createHash} from 'node:crypto';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {isDeepStrictEqual} from 'node:util';
import {gzipSync} from 'node:zlib';
import {spawn} from '@lydell/node-pty';
import {certificateRows} from '../../support/certificate-rows.ts';
import {hostileTexts} from '../../support/hostile-text.ts';
import type {KubeconfigRow} from '../../support/kubeconfig-row.ts';
import {kubeconfigRows} from '../../support/kubeconfig-rows.ts';
import {LogServer} from '../../support/log-server.ts';
import {readVerdicts} from '../../support/kubectl-verdicts.ts';
import {tryCertificate} from '../../support/try-certificate.ts';
import {tryRow, withKubectl, withServers, withSpoke} from '../../support/try-kubeconfig.ts';
import {requestWith} from '../../support/request-with.ts';
import {statusOf, type Program} from './programs.ts';
import {measured, type Fixture, type Measured, type MeasuredRow} from './row.ts';

const peer = 'scripted kubelet peer';
const logs = 'scripted kubelet logs';

export const inputRows: readonly MeasuredRow[] = [
	{
		row: 'B1',
		expected: 'no hostile text reaches a terminal as an escape sequence',
		against: logs,
		async measure(program, fixture) {
			const texts = hostileTexts();
			const written = await onTerminal(
				program,
				fixture,
				texts.map(([, bytes]) => bytes.toString('latin1')),
			);
			// Of all control sequences, only colors are allowed.
			const escapes = [
				...written
					.toString('latin1')
					.replaceAll(/\u001B\[[\d;:]*m/g, '')
					.matchAll(/[\u0000-\u0008\v\f\u000E-\u001F]/g),
			].length;
			return measured(escapes === 0, `${escapes} control characters reach the terminal (of ${texts.length} texts)`);
		},
	},
	{
		row: 'B2',
		expected: 'bidi marks, zero-width marks and BOM are visible',
		against: logs,
		async measure(program, fixture) {
			const marks = '\u202E\u200B\uFEFF\u2066';
			const written = await onTerminal(program, fixture, [Buffer.from(`a${marks}b`).toString('latin1')]);
			const raw = [...marks].filter(mark => written.toString().includes(mark)).length;
			return measured(raw === 0, `${raw} of ${marks.length} marks raw on the terminal`);
		},
	},
	{
		row: 'B3',
		expected: 'every byte is unchanged in a pipe',
		against: logs,
		async measure(program, fixture) {
			return sameAsWritten(
				program,
				fixture,
				hostileTexts().map(([, bytes]) => bytes.toString('latin1').replaceAll('\n', '')),
			);
		},
	},
	{
		row: 'B6',
		expected: 'a line of 100 MB is complete, with ≤ 300 MB resident',
		against: peer,
		async measure(program, fixture) {
			const {stdout, status, mostResidentMiB} = await program.run(['logs', 'web', '-c', 'long-line'], {
				kubeconfig: fixture.peer.kubeconfig,
				limitMs: 120_000,
			});
			return measured(
				status === 0 && stdout.length > 99_000_000 && mostResidentMiB <= 300,
				`${stdout.length} bytes, ${sha(stdout)}, ${mostResidentMiB} MiB, ${statusOf({status})}`,
			);
		},
	},
	...(['B7', 'B8'] as const).map((row): MeasuredRow => ({
		row,
		expected:
			row === 'B7'
				? 'P and F records of stdout and stderr: same bytes as kubectl'
				: 'unusual and decreasing timestamps: same bytes as kubectl',
		against: peer,
		async measure(program, fixture) {
			const {stdout, status} = await program.run(['logs', 'web', '-c', row === 'B7' ? 'partial' : 'odd-times', '--timestamps'], {
				kubeconfig: fixture.peer.kubeconfig,
			});
			return measured(status === 0 && stdout.length > 0, `${stdout.length} bytes, ${sha(stdout)}`);
		},
	})),
	{
		row: 'B10',
		expected: 'boundary values of tail, since and limit-bytes: accepted and refused as by kubectl',
		against: peer,
		async measure(program, fixture) {
			const verdicts: string[] = [];
			for (const words of [
				'--tail=0',
				'--tail=-1',
				'--tail=-2',
				'--since=0s',
				'--limit-bytes=0',
				'--limit-bytes=-1',
				'--since=1s --since-time=2026-01-01T00:00:00Z',
				'--since-time=yesterday',
			]) {
				const {status, stdout} = await program.run(['logs', 'web', '-c', 'plain', ...words.split(' ')], {
					kubeconfig: fixture.peer.kubeconfig,
				});
				verdicts.push(status === 0 ? String(stdout.length) : 'refused');
			}

			return measured(true, verdicts.join(' '));
		},
	},
	{
		row: 'B12',
		expected: 'an upgrade response 200, 302, 403 or a wrong accept header: exit status not 0, with the cause',
		against: 'scripted apiserver',
		async measure(program, fixture) {
			const texts: string[] = [];
			let isExpected = true;
			for (const answer of [
				'200 OK',
				'302 Found\r\nLocation: /',
				'403 Forbidden',
				'101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: d3Jvbmc=',
			]) {
				const ran = await withApi(
					fixture,
					({url}) => (url.includes('/exec') ? answer : null),
					async kubeconfig => program.run(['exec', 'web', '-c', 'x', '--', 'x'], {kubeconfig, limitMs: 20_000}),
				);
				isExpected &&= ran.status !== 0 && ran.status !== null;
				texts.push(`${answer.slice(0, 3)}: ${ran.status ?? 'no end'}`);
			}

			return measured(isExpected, texts.join(', '));
		},
	},
	{
		row: 'B14',
		expected: 'a redirect to another host is not followed with credentials',
		against: 'scripted apiserver',
		async measure(program, fixture) {
			const seen: string[] = [];
			const other = createServer((request, response) => {
				seen.push(request.headers.authorization ?? 'without credentials');
				response.end('{}');
			}).listen(0, '127.0.0.1');
			other.on('upgrade', (request, socket) => {
				seen.push(request.headers.authorization ?? 'without credentials');
				socket.destroy();
			});
			await new Promise(resolve => other.once('listening', resolve));
			const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
			for (const args of [
				['exec', 'web', '-c', 'x', '--', 'x'],
				['logs', 'web', '-c', 'x'],
				['port-forward', 'pod/web', ':80'],
			]) {
				await withApi(
					fixture,
					({url}) => (/\/(?:exec|log|portforward)/.test(url) ? `302 Found\r\nLocation: ${location}` : null),
					async kubeconfig => program.run(args, {kubeconfig, limitMs: 5000}),
				);
			}

			other.close();
			return measured(
				seen.length === 0,
				seen.length === 0 ? 'the other host saw nothing' : `the other host saw ${[...new Set(seen)].join(', ')}`,
			);
		},
	},
	{
		row: 'B15',
		expected: 'a body of 1 GiB in 1 MB of gzip: exit status not 0, ≤ 400 MB resident (the limit of a response is 256 MiB)',
		against: 'scripted apiserver',
		async measure(program, fixture) {
			const bomb = gzipSync(Buffer.alloc(2 ** 30, ' '));
			const ran = await withApi(
				fixture,
				({url}) => (url.includes('/pods/web') ? bomb : null),
				async kubeconfig => program.run(['exec', 'web', '-c', 'x', '--', 'x'], {kubeconfig, limitMs: 60_000}),
			);
			return measured(
				ran.status !== 0 && ran.mostResidentMiB <= 400,
				`${statusOf(ran)}, ${ran.mostResidentMiB} MiB, ${ran.seconds.toFixed(1)} s`,
			);
		},
	},
	{
		row: 'B16',
		expected: 'a kubeconfig that is an alias bomb, a directory or 100 MB: one line within 1 s (the test allows 3 s), ≤ 200 MB',
		against: 'files',
		async measure(program, fixture) {
			const folder = join(fixture.folder, `bad-${program.name}`);
			await mkdir(join(folder, 'folder'), {recursive: true});
			const bomb = [
				'a: &a [x,x,x,x,x,x,x,x,x,x]',
				...Array.from(
					{length: 12},
					(_, index) =>
						`${'bcdefghijklm'[index]}: &${'bcdefghijklm'[index]} [${Array.from({length: 10}, () => `*${'abcdefghijkl'[index]}`).join(',')}]`,
				),
			].join('\n');
			await writeFile(join(folder, 'bomb'), bomb);
			await writeFile(join(folder, 'huge'), Buffer.alloc(100_000_000, '# '));
			const texts: string[] = [];
			let isExpected = true;
			for (const kind of ['bomb', 'folder', 'huge']) {
				const {status, stderr, seconds, mostResidentMiB} = await program.run(['logs', 'web'], {
					kubeconfig: join(folder, kind),
					limitMs: 20_000,
				});
				const lines = stderr.trim().split('\n').length;
				isExpected &&= status !== 0 && status !== null && seconds < 3 && mostResidentMiB <= 200 && lines === 1;
				texts.push(
					`${kind}: ${statusOf({status})}, ${seconds.toFixed(1)} s, ${mostResidentMiB} MiB, ${lines} line${lines === 1 ? '' : 's'}`,
				);
			}

			return measured(isExpected, texts.join('; '));
		},
	},
	{
		row: 'B17',
		expected: 'plugins run without a shell, only when needed and allowed, as in kubectl',
		against: 'recording servers',
		measure: async program =>
			asKubectl(
				program,
				kubeconfigRows.filter(({name}) => /plugin|exec/i.test(name)),
			),
	},
	{
		row: 'B18',
		expected: 'same apiserver, server name, user and headers as kubectl',
		against: 'recording servers',
		measure: async program =>
			asKubectl(
				program,
				kubeconfigRows.filter(({name}) => !/plugin|exec/i.test(name)),
			),
	},
	{
		row: 'B19',
		expected: 'certificates are accepted and refused as by kubectl',
		against: 'TLS servers',
		async measure(program) {
			const recorded = await readVerdicts();
			let same = 0;
			const accepted = new Set<string>();
			for (const row of certificateRows) {
				const verdict = await tryCertificate(row, async file => {
					if (program.name === 'spoke') {
						return requestWith(file);
					}

					const {status, stderr} = await program.run(['get', '--raw', '/api'], {kubeconfig: file});
					return status === 0 ? null : stderr;
				});
				same += verdict.ok === (recorded.certificates[row.name]!.ok && (program.name === 'kubectl' || row.differs === undefined)) ? 1 : 0;
				if (verdict.ok) {
					accepted.add(row.name);
				}
			}

			const stricter = certificateRows.filter(({differs}) => differs !== undefined).length;
			return measured(
				same === certificateRows.length,
				`${accepted.size} of ${certificateRows.length} accepted${program.name === 'spoke' && stricter > 0 ? `; ${stricter} refused that kubectl accepts, on purpose` : ''}`,
			);
		},
	},
];

async function asKubectl(program: Program, rows: readonly KubeconfigRow[]): Promise<Measured> {
	const recorded = await readVerdicts();
	let [same, accepted] = [0, 0];
	const others: string[] = [];
	await withServers(async servers => {
		for (const row of rows) {
			const {ok, seen, execInfo} = await tryRow(servers, row, program.name === 'spoke' ? withSpoke : withKubectl(program.words([])[0]));
			const kubectl = recorded.kubeconfigs[row.name]!;
			const asRecorded = isDeepStrictEqual([ok, seen, execInfo], [kubectl.ok, kubectl.seen, kubectl.execInfo]);
			same += asRecorded ? 1 : 0;
			others.push(...(asRecorded ? [] : [row.name]));
			accepted += ok ? 1 : 0;
		}
	});
	return measured(
		same === rows.length,
		`${rows.length} rows, ${accepted} accepted, ${same} as recorded of kubectl${others.length > 0 ? ` (not: ${others.join(', ')})` : ''}`,
	);
}

/** What `logs` writes to a terminal for these lines. */
async function onTerminal(program: Program, fixture: Fixture, lines: readonly string[]): Promise<Buffer> {
	return withLines(fixture, lines, async kubeconfig => {
		const [file, words] = program.words(['logs', 'web', '-n', 'demo']);
		const pty = spawn(file, words, {
			cols: 200,
			rows: 50,
			encoding: null,
			env: {PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: kubeconfig, TERM: 'xterm-256color', LANG: 'C.UTF-8'},
		});
		const pieces: Buffer[] = [];
		pty.onData(data => {
			pieces.push(Buffer.from(data));
		});
		await new Promise(resolve => {
			pty.onExit(resolve);
		});
		return Buffer.concat(pieces);
	});
}

async function sameAsWritten(program: Program, fixture: Fixture, lines: readonly string[]): Promise<Measured> {
	return withLines(fixture, lines, async kubeconfig => {
		const {stdout} = await program.run(['logs', 'web', '-n', 'demo'], {kubeconfig});
		const equal = stdout.equals(Buffer.from(lines.map(line => `${line}\n`).join(''), 'latin1'));
		return measured(equal, equal ? `${stdout.length} bytes, equal` : 'differ');
	});
}

async function withLines<Result>(
	fixture: Fixture,
	lines: readonly string[],
	use: (kubeconfig: string) => Promise<Result>,
): Promise<Result> {
	const server = await LogServer.start();
	try {
		server
			.addPod('web')
			.get('app')!
			.append(...lines.map(text => ({time: '2026-11-24T00:00:00.000000000Z', text})));
		return await use(await fixture.kubeconfigFor(server.url));
	} finally {
		await server.stop();
	}
}

/** Starts an apiserver with one pod. `fault` can replace a response by a raw head, or by a gzipped body. */
async function withApi<Result>(
	fixture: Fixture,
	fault: (request: {url: string}) => string | Buffer | null,
	use: (kubeconfig: string) => Promise<Result>,
): Promise<Result> {
	const server = await LogServer.start();
	server.addPod('web', {containers: ['x']});
	const front = createServer(async (request, response) => {
		const answer = fault({url: request.url!});
		if (typeof answer === 'string') {
			request.socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
		} else if (answer) {
			response.writeHead(200, {'content-type': 'application/json', 'content-encoding': 'gzip'}).end(answer);
		} else {
			const upstream = await fetch(`${server.url}${request.url}`);
			response.writeHead(upstream.status, {'content-type': 'application/json'}).end(await upstream.text());
		}
	});
	front.on('upgrade', (request, socket) => {
		socket
			.on('error', () => undefined)
			.end(`HTTP/1.1 ${String(fault({url: request.url!}) ?? '404 Not Found')}\r\nContent-Length: 0\r\n\r\n`);
	});
	front.listen(0, '127.0.0.1');
	await new Promise(resolve => front.once('listening', resolve));
	try {
		return await use(await fixture.kubeconfigFor(`http://127.0.0.1:${(front.address() as AddressInfo).port}`));
	} finally {
		front.closeAllConnections();
		front.close();
		await server.stop();
	}
}

const sha = (bytes: Buffer) => `sha256 ${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
