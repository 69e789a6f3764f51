/** Replaces `ava` in a trial: declares tests with the runner of the file that is being loaded. */
const current = (): object => (globalThis as {avaChain?: object}).avaChain!;

export default new Proxy(() => {}, {
	apply: (_target, _receiver, given: unknown[]) => Reflect.apply(current() as () => unknown, undefined, given),
	get: (_target, key) => Reflect.get(current(), key) as unknown,
});

/** The end of a file is none of the process. */
export function registerCompletionHandler(): void {}
