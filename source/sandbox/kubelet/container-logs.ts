/** `/containerLogs/NAMESPACE/POD/CONTAINER`. */
import {once} from 'node:events';
import type {ServerResponse} from 'node:http';
import type {Container} from '../containers/container.ts';
import type {LogFile, OutputStream, ReadOptions} from '../containers/log-file.ts';
import {noop} from '../network/noop.ts';

export async function sendContainerLog(
	container: Container,
	podName: string,
	query: URLSearchParams,
	response: ServerResponse,
): Promise<void> {
	const log = selectLog(container, podName, query.get('previous') === 'true');
	if (typeof log === 'string') {
		response.writeHead(400, {'content-type': 'text/plain; charset=utf-8'}).end(log);
		return;
	}

	const gone = new AbortController();
	response.on('close', () => {
		gone.abort();
	});
	response.writeHead(200, {'content-type': 'text/plain'});
	response.flushHeaders();
	for await (const chunk of log.read({...readOptions(query), signal: gone.signal})) {
		if (!response.write(chunk)) {
			await once(response, 'drain', {signal: gone.signal}).catch(noop);
		}
	}

	response.end();
}

function selectLog(container: Container, podName: string, previous: boolean): LogFile | string {
	if (previous) {
		return container.previousLog ?? `previous terminated container "${container.name}" in pod "${podName}" not found`;
	}

	const waiting = container.state['waiting'] as {reason: string} | undefined;
	return container.id === '' && waiting
		? `container "${container.name}" in pod "${podName}" is waiting to start: ${waiting.reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : waiting.reason}`
		: container.log;
}

function readOptions(query: URLSearchParams): Omit<ReadOptions, 'signal'> {
	const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined);
	const seconds = number('sinceSeconds');
	const time = query.get('sinceTime');
	const tail = number('tailLines');
	return {
		follow: query.get('follow') === 'true',
		timestamps: query.get('timestamps') === 'true',
		tail: tail !== undefined && tail < 0 ? undefined : tail,
		since: seconds === undefined ? (time === null ? undefined : Date.parse(time)) : Date.now() - seconds * 1000,
		limitBytes: number('limitBytes'),
		stream: ({Stdout: 'stdout', Stderr: 'stderr'} as Record<string, OutputStream>)[query.get('stream') ?? ''],
	};
}
