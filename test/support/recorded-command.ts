/** Remote commands that are recorded, and what their recordings say. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {type FarSide, startCommandServer} from './command-server.ts';
import {temporaryDirectory} from './temporary-directory.ts';

export async function serveRecorded(t: ExecutionContext, script: (far: FarSide) => void | Promise<void>) {
	const server = await startCommandServer(t, script);
	const home = await temporaryDirectory(t);
	await server.cluster();
	const config = ['--kubeconfig', join(server.folder, 'config-1')];
	return {home, file: join(home, 'a.cast'), config, env: {HOME: home}};
}

type CastHeader = {version: number; width: number; height: number; timestamp: number; title: string; command: string};

/** The header, and the text of each kind of event: output, input, sizes and markers. */
export async function readCast(file: string) {
	const [header, ...events] = (await readFile(file, 'utf8'))
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as unknown);
	const textsOf = (code: string) => (events as Array<[number, string, string]>).filter(event => event[1] === code).map(event => event[2]);
	return {
		header: header as CastHeader,
		output: textsOf('o').join(''),
		input: textsOf('i').join(''),
		sizes: textsOf('r'),
		markers: textsOf('m'),
		times: (events as Array<[number, string, string]>).map(([time]) => time),
	};
}
