/** Pods in the lab that write lines: made once, and left there. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';
import {setTimeout as pause} from 'node:timers/promises';

const made = new Map<string, Promise<void>>();

/** Resolves when it has written `lines`. */
export async function makeWriter(name: string, args: readonly string[], lines = 1): Promise<void> {
	const making = made.get(name) ?? make(name, args, lines);
	made.set(name, making);
	await making;
}

async function make(name: string, args: readonly string[], lines: number): Promise<void> {
	if ((await kubectl(['get', 'pod', name, '-o', 'name'], '').catch(() => '')) === '') {
		await createWriter(name, args);
	}

	for (;;) {
		const last = await kubectl(['logs', name, '--tail=1'], '').catch(() => '');
		if (Number(last.slice(0, 10)) >= lines) {
			return;
		}

		await pause(1000);
	}
}

/** Whoever makes one for itself deletes it. */
export async function createWriter(
	name: string,
	args: readonly string[],
	labels: Readonly<Record<string, string>> = {app: name},
): Promise<void> {
	const pod = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name, labels},
		spec: {
			nodeName: 'n1',
			automountServiceAccountToken: false,
			terminationGracePeriodSeconds: 1,
			containers: [
				{name: 'lines', image: 'spoke.test/lab:1', imagePullPolicy: 'Never', command: ['/bin/workload'], args: ['write-lines', ...args]},
			],
		},
	};
	await kubectl(['create', '-f', '-'], JSON.stringify(pod));
}

/** What kubectl prints. @throws when it ends with another status than 0 */
export async function kubectl(args: readonly string[], input: string): Promise<string> {
	const child = spawn(process.env['SPOKE_BENCH_KUBECTL'] ?? 'kubectl', args, {stdio: ['pipe', 'pipe', 'ignore']});
	let text = '';
	child.stdout.on('data', (chunk: Buffer) => {
		text += chunk.toString('latin1');
	});
	child.stdin.end(input);
	const [status] = (await once(child, 'close')) as [number];
	if (status !== 0) {
		throw new Error(`kubectl ${args.join(' ')} ended with ${status}`);
	}

	return text;
}
