/** Tests that start programs, and so many at once that each still gets its time. */
import test, {type ExecutionContext} from 'ava';
import {Semaphore} from '../../source/base/async/queues.ts';

/** Declares tests as ava does, of which `count` run at once. */
export function limitConcurrency(count = 4): (title: string, body: (t: ExecutionContext) => void | Promise<void>) => void {
	const slots = new Semaphore(count);
	return (title, body) => {
		test(title, async t => slots.run(async () => body(t)));
	};
}
